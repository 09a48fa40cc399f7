//! Updates of orders and items: takes a merge patch and returns the whole patched order.
//!
//! The merged order is validated by the rules of a create, with the same engine, so an update cannot bring in anything
//! that a create would reject. Pointers start at the patch.

mod difference;
mod members;

use serde_json::value::RawValue;

use self::difference::update_between;
pub use self::members::{FIXED_MEMBERS, ITEM_MEMBERS, ORDER_MEMBERS, SHOWN_MEMBERS};
use super::merge::Members;
use super::problem::{Broken, Violation, in_document_order};
use super::reference_token::escaped;
use super::request::CreateOrder;
use crate::Code;
use crate::order::{ItemUpdate, Update};
use crate::validation::{self, Body, OrderVerdict};

/// Names the merchant; the order's own merchant is accepted.
const MERCHANT: &str = "merchantId";
/// Marks an item as ready; the only member that takes effect once the item has left `Open`.
const READY: &str = "fulfillmentReady";

/// What a patch applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The order's own members.
    Order,
    /// The members of the item at this index.
    Item(usize),
}

/// A patch that is an object, with the findings that do not need the order.
#[derive(Clone, Debug)]
pub struct Patch {
    target: Target,
    /// The members that may be updated.
    members: Members,
    document: Members,
    ready: bool,
    violations: Vec<Violation>,
    warnings: Vec<Violation>,
}

/// A patched order.
#[derive(Clone, Debug)]
pub struct Patched {
    /// The whole order.
    pub order: CreateOrder,
    /// The parts that changed.
    pub update: Update,
    /// Warnings about the patch or the order.
    pub warnings: Vec<Violation>,
}

/// A patched order as text, with the findings about it and the patch, at places of the patch.
struct Judged {
    text: String,
    violations: Vec<Violation>,
    omitted: usize,
    warnings: Vec<Violation>,
}

/// An order with only the required members.
const SMALLEST_ORDER: &str =
    r#"{"shippingAddress":{"line1":"-","city":"-","countryCode":"US"},"items":[{"sku":"-","quantity":1}]}"#;

impl Patch {
    /// Reads a patch; an error if it is not a JSON object.
    pub fn read(target: Target, bytes: &[u8]) -> Result<Self, Broken> {
        // As an order it lacks members, but the same engine checks that it is an object without repeated members.
        let verdict = validation::validate(Body::Order, bytes);
        if verdict.violations().len() > 0 {
            return Err(Broken::first(verdict.violations().map(Into::into).collect(), verdict.omitted()));
        }
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let Some(mut members) = Members::read(text) else {
            let violation = Violation::new(Code::NotJson, String::new(), Code::NotJson.title().to_owned(), None);
            return Err(Broken::first(vec![violation], 0));
        };
        let document = members.clone();
        let (mut violations, mut warnings) = check_unmerged_members(target, text);
        let merchant = format!("/{MERCHANT}");
        warnings.retain(|warning| warning.pointer != merchant);
        if let Some(named) = members.get(MERCHANT).filter(|named| !is_text_or_null(named)) {
            violations.push(Violation::must_be(Code::WrongType, merchant, "a string", named.get()));
        }
        let mut ready = false;
        match target {
            Target::Order => {
                // A repeated member is reported once.
                let sent = |name: &&&str| members.get(name).is_some();
                violations.extend(FIXED_MEMBERS.iter().filter(sent).map(|name| not_updatable(name)));
                members.retain(|name| ORDER_MEMBERS.contains(&name));
            }
            Target::Item(_) => {
                if let Some(value) = members.remove(READY) {
                    ready = value.get() == "true";
                    violations.extend((!ready).then(|| not_true(&value)));
                }
                members.retain(|name| ITEM_MEMBERS.contains(&name));
            }
        }
        Ok(Self { target, members, document, ready, violations, warnings })
    }

    /// The merchant that the patch names; empty if it names none.
    #[must_use]
    pub fn merchant(&self) -> String {
        let named = self.document.get(MERCHANT);
        named.and_then(|named| serde_json::from_str(named.get()).ok()).unwrap_or_default()
    }

    /// The violations of the patch if its order does not exist; `strict` includes the warnings.
    #[must_use]
    pub fn alone(&self, strict: bool) -> Broken {
        let target = if self.target == Target::Order { Target::Order } else { Target::Item(0) };
        let patch = Self { target, ..self.clone() };
        let Ok(Judged { mut violations, omitted, .. }) = patch.judged(SMALLEST_ORDER) else { return Broken::default() };
        // Members that the order has need not be in its patch.
        violations.retain(|violation| violation.error_code != Code::Required);
        if strict {
            violations.extend(self.warnings.iter().cloned());
        }
        self.broken(violations, omitted)
    }

    /// The patched order; `strict` turns warnings into violations.
    ///
    /// # Errors
    /// All rules that the patch or the patched order breaks, in the order of the patch.
    pub fn apply(&self, order: &CreateOrder, strict: bool) -> Result<Patched, Broken> {
        let fault = |_: serde_json::Error| {
            let violation = Violation::new(Code::Internal, String::new(), Code::Internal.title().to_owned(), None);
            Broken::first(vec![violation], 0)
        };
        let text = serde_json::to_string(order).map_err(fault)?;
        let Judged { text, mut violations, omitted, mut warnings } = self.judged(&text).map_err(fault)?;
        if strict {
            violations.append(&mut warnings);
        }
        in_document_order(&self.document, &mut warnings);
        if !violations.is_empty() {
            return Err(self.broken(violations, omitted));
        }
        let patched: CreateOrder = serde_json::from_str(&text).map_err(fault)?;
        let mut update = update_between(order, &patched);
        // If only the notation differs, the order stays as written.
        let patched = if update == Update::default() { order.clone() } else { patched };
        if let (Target::Item(line), true) = (self.target, self.ready) {
            match update.items.iter_mut().find(|item| item.line == line) {
                Some(item) => item.ready = true,
                None => update.items.push(ItemUpdate { line, body: false, amounts: false, ready: true }),
            }
        }
        Ok(Patched { order: patched, update, warnings })
    }

    /// Lists violations in document order; `omitted` others are only counted.
    fn broken(&self, mut violations: Vec<Violation>, omitted: usize) -> Broken {
        in_document_order(&self.document, &mut violations);
        Broken::first(violations, omitted)
    }

    /// The patched order and the verdict on it and the patch.
    fn judged(&self, before: &str) -> Result<Judged, serde_json::Error> {
        let text = self.merged(before)?;
        let verdict = validation::validate(Body::Order, text.as_bytes());
        let (mut violations, mut warnings, mut omitted) = (self.violations.clone(), self.warnings.clone(), 0_usize);
        violations.extend(verdict.violations().map(|violation| self.placed(violation.into())));
        for order in verdict.orders() {
            let is_reported = |code: Code| code == Code::PayloadTooLarge && self.is_too_large();
            let found = order.violations().filter(|violation| !is_reported(violation.code()));
            violations.extend(found.map(|violation| self.placed(violation.into())));
            warnings.extend(odd(order, before.as_bytes()).into_iter().map(|warning| self.placed(warning)));
            omitted = omitted.saturating_add(order.omitted_violations());
        }
        Ok(Judged { text, violations, omitted, warnings })
    }

    fn is_too_large(&self) -> bool {
        self.violations.iter().any(|violation| violation.error_code == Code::PayloadTooLarge)
    }

    fn merged(&self, order: &str) -> Result<String, serde_json::Error> {
        let members = Members::read(order).unwrap_or_default();
        let Target::Item(line) = self.target else { return members.patched(&self.members)?.to_json() };
        let mut items: Vec<Box<RawValue>> = match members.get("items") {
            Some(items) => serde_json::from_str(items.get())?,
            None => Vec::new(),
        };
        if let Some(item) = items.get_mut(line) {
            let merged = Members::read(item.get()).unwrap_or_default().patched(&self.members)?;
            *item = RawValue::from_string(merged.to_json()?)?;
        }
        let items = format!("{{\"items\":{}}}", serde_json::to_string(&items)?);
        members.patched(&Members::read(&items).unwrap_or_default())?.to_json()
    }

    /// Makes the pointer start at the patch.
    fn placed(&self, violation: Violation) -> Violation {
        let Target::Item(line) = self.target else { return violation };
        let item = format!("/items/{line}/");
        match violation.pointer.strip_prefix(&item).map(|rest| format!("/{rest}")) {
            Some(pointer) => violation.at(pointer),
            None => violation,
        }
    }
}

/// Repeated and unknown members: only this check sees members that are not merged.
fn check_unmerged_members(target: Target, text: &str) -> (Vec<Violation>, Vec<Violation>) {
    let (wrapped, start) = match target {
        Target::Order => (None, ""),
        Target::Item(_) => (Some(format!("{{\"items\":[{text}]}}")), "/items/0"),
    };
    let verdict = validation::validate(Body::Order, wrapped.as_deref().unwrap_or(text).as_bytes());
    let at_patch = |violation: validation::Violation<'_>| {
        let violation = Violation::from(violation);
        let pointer = violation.pointer.strip_prefix(start)?.to_owned();
        Some(violation.at(pointer))
    };
    let Some(order) = verdict.orders().next() else { return Default::default() };
    let is_of_patch = |violation: &Violation| match violation.error_code {
        Code::DuplicateMember | Code::PayloadTooLarge => true,
        Code::CardNumber => !brings(target, &violation.pointer),
        _ => false,
    };
    let unknown = order.warnings().filter(|warning| warning.code() == Code::UnknownMember);
    let violations = order.violations().filter_map(at_patch).filter(is_of_patch).collect();
    (violations, unknown.filter_map(at_patch).map(known_to_readers).collect())
}

/// Warnings about the patched order that the order did not have before. Unknown members are already reported.
fn odd(order: OrderVerdict<'_>, before: &[u8]) -> Vec<Violation> {
    let warnings = order.warnings().filter(|warning| warning.code() != Code::UnknownMember);
    let mut odd: Vec<Violation> = warnings.map(Into::into).collect();
    if !odd.is_empty() {
        let verdict = validation::validate(Body::Order, before);
        let was: Vec<Violation> = verdict.orders().flat_map(|order| order.warnings()).map(Into::into).collect();
        odd.retain(|warning| !was.contains(warning));
    }
    odd
}

/// The warning about an unknown member, reworded if it is one that readers see.
fn known_to_readers(unknown: Violation) -> Violation {
    let is_shown = unknown.pointer.strip_prefix('/').is_some_and(|name| SHOWN_MEMBERS.contains(&name));
    if is_shown { Violation { error_message: "is set by the service".to_owned(), ..unknown } } else { unknown }
}

/// Whether the pointer's first member is merged into the order, where the engine checks it.
fn brings(target: Target, pointer: &str) -> bool {
    let name = pointer.split('/').nth(1).unwrap_or_default();
    match target {
        Target::Order => ORDER_MEMBERS.contains(&name),
        Target::Item(_) => ITEM_MEMBERS.contains(&name),
    }
}

fn not_updatable(name: &str) -> Violation {
    let message = "stays as it was created".to_owned();
    Violation::new(Code::NotUpdatable, format!("/{}", escaped(name)), message, None)
}

fn is_text_or_null(value: &RawValue) -> bool {
    value.get().starts_with('"') || value.get() == "null"
}

/// The violation of a value other than true: a ready item cannot become unready.
fn not_true(value: &RawValue) -> Violation {
    if value.get() == "false" {
        let message = "must be true: an item does not become unready again".to_owned();
        return Violation::new(Code::NotUpdatable, format!("/{READY}"), message, Some("false".to_owned()));
    }
    Violation::must_be(Code::WrongType, format!("/{READY}"), "true", value.get())
}

#[cfg(test)]
mod tests;
