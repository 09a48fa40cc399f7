//! Updates of an order and of its items: a merge patch in, the whole order that it makes out.
//!
//! The merged order is held against the rules of a create, by the same engine, so nothing can be brought in by an update
//! that a create would have refused. Pointers start at the patch.

use serde_json::value::RawValue;

use super::merge::Members;
use super::problem::{Violation, in_document_order};
use super::reference_token::escaped;
use super::request::{CreateOrder, Item};
use crate::Code;
use crate::order::{ItemUpdate, Update};
use crate::validation::{self, Body};

/// Members of an order that an update may bring.
pub const ORDER_MEMBERS: &[&str] = &[
    "shippingAddress",
    "billingAddress",
    "returnAddress",
    "languageCode",
    "isSample",
    "client",
    "meta",
    "customerShippingMethod",
    "customerTotal",
    "customerItemTotal",
    "customerTotalShipping",
    "customerTotalTaxes",
    "customerTotalDiscountAndPromotions",
    "customerPaymentMethods",
];
/// Members of an order that stay as they were created: they name it, or decided what became of it.
pub const FIXED_MEMBERS: &[&str] = &[
    "safeId",
    "externalId",
    "items",
    "isTest",
    "currencyCode",
    "reprint",
    "automaticProcessing",
    "allowExternalOrderIdDuplication",
];
/// Members of an item that an update may bring.
pub const ITEM_MEMBERS: &[&str] = &[
    "sku",
    "quantity",
    "images",
    "options",
    "customerSubtotal",
    "customerPrice",
    "customerShippingPrice",
    "customerTaxes",
    "customerDiscountsOrPromotions",
    "clientAttributes",
    "meta",
    "isSample",
    "externalId",
    "skipImgManip",
    "skipSkuValidation",
    "skipImageValidation",
];
/// Members of an order, or of an item, that reads show and nobody sends: who sends back what was read changes nothing by them.
pub const SHOWN_MEMBERS: &[&str] = &[
    "id",
    "shortId",
    "status",
    "statusDesc",
    "createdAt",
    "updatedAt",
    "merchantItemTotal",
    // Of an order alone.
    "facilityNames",
    "shipmentCreatedDates",
    "shipmentIds",
    "merchantTaxTotal",
    "merchantShippingTotal",
    "merchantTotal",
    // Of an item alone.
    "originalSKU",
    "cancelledQuantity",
    "processedAt",
    "cancelledAt",
    "attributes",
    "merchantPrice",
    "merchantShippingPrice",
    "merchantTax",
    "merchantSubTotal",
    "refundData",
];
/// The member that names the merchant, whose order it is in any case.
const MERCHANT: &str = "merchantId";
/// The member of an item that says that it can be made; the only one that is heard after the item has left `Open`.
const READY: &str = "fulfillmentReady";

/// What a patch is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The order's own members.
    Order,
    /// Those of the item at this index.
    Item(usize),
}

/// A patch that is an object, with what can be said of it before the order is known.
#[derive(Clone, Debug)]
pub struct Patch {
    target: Target,
    /// Those that may be brought.
    members: Members,
    /// All of them, in the document's order.
    document: Members,
    ready: bool,
    violations: Vec<Violation>,
    warnings: Vec<Violation>,
}

/// The order that a patch makes.
#[derive(Clone, Debug)]
pub struct Patched {
    /// The whole order.
    pub order: CreateOrder,
    /// Which parts of it are new.
    pub update: Update,
    /// What is odd about the patch or the order.
    pub warnings: Vec<Violation>,
}

impl Patch {
    /// Reads a patch.
    ///
    /// # Errors
    /// It is no JSON object.
    pub fn read(target: Target, bytes: &[u8]) -> Result<Self, Vec<Violation>> {
        // As an order it misses members; that it is an object, and that none stands twice, is said by the same engine.
        let verdict = validation::validate(Body::Order, bytes);
        if verdict.violations().len() > 0 {
            return Err(verdict.violations().map(Into::into).collect());
        }
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let Some(mut members) = Members::read(text) else {
            let violation = Violation::new(Code::NotJson, String::new(), Code::NotJson.title().to_owned(), None);
            return Err(vec![violation]);
        };
        let document = members.clone();
        let (mut violations, mut warnings) = first_look(target, text);
        let merchant = format!("/{MERCHANT}");
        warnings.retain(|warning| warning.pointer != merchant);
        if let Some(named) = members.get(MERCHANT).filter(|named| !is_text_or_null(named)) {
            violations.push(Violation::must_be(Code::WrongType, merchant, "a string", named.get()));
        }
        let mut ready = false;
        match target {
            Target::Order => {
                let fixed = members.iter().filter(|(name, _)| FIXED_MEMBERS.contains(name));
                violations.extend(fixed.map(|(name, _)| not_updatable(name)));
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

    /// The merchant that the patch names; empty where it names none.
    #[must_use]
    pub fn merchant(&self) -> String {
        let named = self.document.get(MERCHANT);
        named.and_then(|named| serde_json::from_str(named.get()).ok()).unwrap_or_default()
    }

    /// What can be said of the patch without its order: of a bulk's entry that names none.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let text = self.members.to_json().unwrap_or_default();
        let verdict = validation::validate(Body::Order, text.as_bytes());
        let found = verdict.orders().flat_map(|order| order.violations());
        // What the order has need not be in its patch.
        let of_patch = found.filter(|violation| violation.code() != Code::Required).map(Into::into);
        let mut violations: Vec<Violation> = self.violations.iter().cloned().chain(of_patch).collect();
        in_document_order(&self.document, &mut violations);
        violations
    }

    /// The order with the patch in it; `strict` makes every warning a violation.
    ///
    /// # Errors
    /// The patch, or the order that it makes, breaks rules: all of them, in the order of the patch.
    pub fn apply(&self, order: &CreateOrder, strict: bool) -> Result<Patched, Vec<Violation>> {
        let fault = |_: serde_json::Error| {
            vec![Violation::new(Code::Internal, String::new(), Code::Internal.title().to_owned(), None)]
        };
        let text = self.merged(order).map_err(fault)?;
        let verdict = validation::validate(Body::Order, text.as_bytes());
        let mut violations = self.violations.clone();
        let mut warnings = self.warnings.clone();
        violations.extend(verdict.violations().map(|violation| self.placed(violation.into())));
        for order in verdict.orders() {
            violations.extend(order.violations().map(|violation| self.placed(violation.into())));
            // The patch's own unknown members are noted already; the rest of the order has none.
            let odd = order.warnings().filter(|warning| warning.code() != Code::UnknownMember);
            warnings.extend(odd.map(|warning| self.placed(warning.into())));
        }
        if strict {
            violations.append(&mut warnings);
        }
        in_document_order(&self.document, &mut warnings);
        if !violations.is_empty() {
            in_document_order(&self.document, &mut violations);
            return Err(violations);
        }
        let patched: CreateOrder = serde_json::from_str(&text).map_err(fault)?;
        let mut update = update_between(order, &patched);
        // What reads as before is left as it was written.
        let patched = if update == Update::default() { order.clone() } else { patched };
        if let (Target::Item(line), true) = (self.target, self.ready) {
            match update.items.iter_mut().find(|item| item.line == line) {
                Some(item) => item.ready = true,
                None => update.items.push(ItemUpdate { line, body: false, amounts: false, ready: true }),
            }
        }
        Ok(Patched { order: patched, update, warnings })
    }

    fn merged(&self, order: &CreateOrder) -> Result<String, serde_json::Error> {
        let members = Members::read(&serde_json::to_string(order)?).unwrap_or_default();
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

    /// With a pointer that starts at the patch.
    fn placed(&self, violation: Violation) -> Violation {
        let Target::Item(line) = self.target else { return violation };
        let item = format!("/items/{line}/");
        match violation.pointer.strip_prefix(&item).map(|rest| format!("/{rest}")) {
            Some(pointer) => violation.at(pointer),
            None => violation,
        }
    }
}

/// Members that stand twice, and those that no rule knows: what an update does not bring is looked at here only.
fn first_look(target: Target, text: &str) -> (Vec<Violation>, Vec<Violation>) {
    let (wrapped, start) = match target {
        Target::Order => (None, ""),
        Target::Item(_) => (Some(format!("{{\"items\":[{text}]}}")), "/items/0"),
    };
    let verdict = validation::validate(Body::Order, wrapped.as_deref().unwrap_or(text).as_bytes());
    let at_patch = |violation: validation::Violation<'_>| {
        let pointer = violation.pointer().strip_prefix(start)?.to_owned();
        Some(Violation::new(violation.code(), pointer, violation.message(), violation.value().map(str::to_owned)))
    };
    let (mut violations, mut warnings) = (Vec::new(), Vec::new());
    for order in verdict.orders() {
        let of_patch = |code: Code| matches!(code, Code::DuplicateMember | Code::PayloadTooLarge);
        violations.extend(order.violations().filter(|violation| of_patch(violation.code())).filter_map(at_patch));
        let card_numbers = order.violations().filter(|violation| violation.code() == Code::CardNumber);
        violations.extend(card_numbers.filter_map(at_patch).filter(|violation| !brings(target, &violation.pointer)));
        let unknown = order.warnings().filter(|warning| warning.code() == Code::UnknownMember);
        warnings.extend(unknown.filter_map(at_patch).map(known_to_readers));
    }
    (violations, warnings)
}

/// What is said of a member that no patch brings, in other words where it is one that reads show.
fn known_to_readers(unknown: Violation) -> Violation {
    let is_shown = unknown.pointer.strip_prefix('/').is_some_and(|name| SHOWN_MEMBERS.contains(&name));
    if is_shown { Violation { error_message: "is set by the service".to_owned(), ..unknown } } else { unknown }
}

/// Whether a pointer leads through a member that is merged into the order, where the engine looks at it.
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

/// An item does not become unready: artwork that is there stays there.
fn not_true(value: &RawValue) -> Violation {
    if value.get() == "false" {
        let message = "must be true: an item does not become unready again".to_owned();
        return Violation::new(Code::NotUpdatable, format!("/{READY}"), message, Some("false".to_owned()));
    }
    Violation::must_be(Code::WrongType, format!("/{READY}"), "true", value.get())
}

/// Which parts of an order another order changes.
#[must_use]
pub fn update_between(before: &CreateOrder, after: &CreateOrder) -> Update {
    let (before, after) = (&as_read(before), &as_read(after));
    let addresses = before.shipping_address != after.shipping_address
        || before.billing_address != after.billing_address
        || before.return_address != after.return_address;
    let rest = CreateOrder {
        shipping_address: before.shipping_address.clone(),
        billing_address: before.billing_address.clone(),
        return_address: before.return_address.clone(),
        items: before.items.clone(),
        ..after.clone()
    };
    let pairs = before.items.iter().zip(&after.items).enumerate();
    let changed = pairs.filter(|(_, (before, after))| before != after);
    let items = changed.map(|(line, (before, after))| ItemUpdate {
        line,
        body: true,
        amounts: amounts(before) != amounts(after),
        ready: false,
    });
    Update { addresses, order: rest != *before, items: items.collect() }
}

/// The order without members that say what their absence says: false, and nothing at all. Who sends such a member to an
/// order that lacks it changes nothing that anybody reads.
fn as_read(order: &CreateOrder) -> CreateOrder {
    fn yes(flag: Option<bool>) -> Option<bool> {
        flag.filter(|flag| *flag)
    }
    let item = |item: &Item| {
        let item = item.clone();
        Item {
            meta: item.meta.filter(|meta| !meta.is_empty()),
            client_attributes: item.client_attributes.filter(|attributes| !attributes.is_empty()),
            options: item.options.filter(|options| !options.is_empty()),
            images: item.images.filter(|images| !images.is_empty()),
            is_sample: yes(item.is_sample),
            skip_img_manip: yes(item.skip_img_manip),
            skip_sku_validation: yes(item.skip_sku_validation),
            skip_image_validation: yes(item.skip_image_validation),
            ..item
        }
    };
    let items = order.items.iter().map(item).collect();
    let order = order.clone();
    CreateOrder {
        items,
        meta: order.meta.filter(|meta| !meta.is_empty()),
        customer_payment_methods: order.customer_payment_methods.filter(|methods| !methods.is_empty()),
        is_sample: yes(order.is_sample),
        ..order
    }
}

/// What refunds are taken of.
fn amounts(item: &Item) -> impl PartialEq + use<> {
    let shipping = item.customer_shipping_price;
    (item.quantity, item.customer_price, item.customer_subtotal, item.customer_discounts_or_promotions, shipping)
}
