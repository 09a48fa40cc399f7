//! Audit events: who changed what of an order or a note, as exact differences between its representations.
//!
//! Each difference has a JSON Pointer into the form that readers see, so the log and the order use the same members.
//! Card digits and payment codes are masked: the log shows that they changed, but not their values.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::reference_token::escaped;
use crate::card;

/// One difference. Values are JSON as it was written, so that no amount passes through a binary float.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Change {
    /// RFC 6901, from the order (in the log of an item: from the item).
    pub pointer: String,
    /// The value before; null where there was none.
    #[cfg_attr(feature = "openapi", schemars(with = "serde_json::Value"))]
    pub from: Box<RawValue>,
    /// The value after; null where there is none.
    #[cfg_attr(feature = "openapi", schemars(with = "serde_json::Value"))]
    pub to: Box<RawValue>,
}

impl PartialEq for Change {
    fn eq(&self, other: &Self) -> bool {
        let parts = |change: &Self| (change.pointer.clone(), change.from.get().to_owned(), change.to.get().to_owned());
        parts(self) == parts(other)
    }
}

const MASKED: [&str; 3] = ["cardFirst4", "cardLast4", "authorizationCode"];
/// Members that follow from the event itself.
const PASSED_OVER: [&str; 3] = ["updatedAt", "processedAt", "cancelledAt"];
/// Replaces masked values.
const MASK: &str = "\"***\"";
const NULL: &str = "null";

type Members<'t> = BTreeMap<Cow<'t, str>, &'t RawValue>;

/// The differences between two JSON texts whose equal values are written equally, members by name.
#[must_use]
pub fn changes(before: &RawValue, after: &RawValue) -> Vec<Change> {
    let mut found = Vec::new();
    compare("", before.get(), after.get(), &mut found);
    found
}

fn compare(pointer: &str, before: &str, after: &str, found: &mut Vec<Change>) {
    if before == after {
        return;
    }
    if let (Some(old), Some(new)) = (members(before), members(after)) {
        let names: std::collections::BTreeSet<&Cow<'_, str>> = old.keys().chain(new.keys()).collect();
        for name in names.into_iter().filter(|name| !PASSED_OVER.contains(&&***name)) {
            let place = format!("{pointer}/{}", escaped(name));
            let value = |members: &Members<'_>| members.get(name).map_or(NULL, |value| value.get()).to_owned();
            let (old, new) = (value(&old), value(&new));
            if MASKED.contains(&&**name) {
                add(&place, &old, &new, masked, found);
            } else {
                compare(&place, &old, &new, found);
            }
        }
    } else if let (Some(old), Some(new)) = (entries(before), entries(after)) {
        for index in 0..old.len().max(new.len()) {
            let value = |entries: &[&RawValue]| entries.get(index).map_or(NULL, |value| value.get()).to_owned();
            compare(&format!("{pointer}/{index}"), &value(&old), &value(&new), found);
        }
    } else {
        add(pointer, before, after, hidden, found);
    }
}

/// Adds a difference in its shown form.
fn add(pointer: &str, before: &str, after: &str, shown: fn(&str) -> String, found: &mut Vec<Change>) {
    let raw = |text: &str| RawValue::from_string(shown(text)).ok();
    if before != after
        && let (Some(from), Some(to)) = (raw(before), raw(after))
    {
        found.push(Change { pointer: pointer.to_owned(), from, to });
    }
}

fn members(text: &str) -> Option<Members<'_>> {
    text.starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()
}

fn entries(text: &str) -> Option<Vec<&RawValue>> {
    text.starts_with('[').then(|| serde_json::from_str(text).ok()).flatten()
}

/// The shown form of a masked value: null or the mask.
fn masked(text: &str) -> String {
    if text == NULL { NULL.to_owned() } else { MASK.to_owned() }
}

/// The shown form of a value that is added or removed whole: the masked members in it are masked.
fn hidden(text: &str) -> String {
    if let Some(members) = members(text) {
        let member = |(name, value): (Cow<'_, str>, &RawValue)| {
            let value = if MASKED.contains(&&*name) { masked(value.get()) } else { hidden(value.get()) };
            format!("{}:{value}", Value::from(&*name))
        };
        return format!("{{{}}}", members.into_iter().map(member).collect::<Vec<_>>().join(","));
    }
    match entries(text) {
        Some(entries) => format!("[{}]", entries.iter().map(|entry| hidden(entry.get())).collect::<Vec<_>>().join(",")),
        None => text.to_owned(),
    }
}

/// Masks possible card numbers in the changes of free texts. Such items have no numeric members, so parsing the values
/// loses nothing.
#[must_use]
pub fn without_card_numbers(changes: Vec<Change>) -> Vec<Change> {
    let masked = |raw: Box<RawValue>| {
        let value = serde_json::from_str(raw.get()).map(without_cards);
        value.ok().and_then(|value| to_raw_value(&value).ok()).unwrap_or(raw)
    };
    let mask = |change: Change| Change { from: masked(change.from), to: masked(change.to), ..change };
    changes.into_iter().map(mask).collect()
}

fn without_cards(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(card::masked(&text)),
        Value::Array(entries) => entries.into_iter().map(without_cards).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, without_cards(value))).collect(),
        other => other,
    }
}

/// The changes of one item, with pointers that start at the item.
#[must_use]
pub fn of_item(changes: &[Change], index: usize) -> Vec<Change> {
    let item = format!("/items/{index}");
    let of_it = |change: &Change| {
        let rest = change.pointer.strip_prefix(&item).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        Some(Change { pointer: rest.to_owned(), ..change.clone() })
    };
    changes.iter().filter_map(of_it).collect()
}

/// An event on the wire.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "AuditLog"))]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// Names the event for ever.
    pub id: String,
    /// RFC 3339.
    pub at: String,
    /// Who did it.
    pub actor: Reference,
    /// What was done.
    pub action: String,
    /// To what.
    pub resource: Reference,
    /// What it changed; nothing for a creation.
    pub changes: Vec<Change>,
    /// How many changes of the order are not listed, the longest; absent where all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub omitted_changes: Option<usize>,
    /// In the words of whoever did it.
    pub reason: Option<String>,
    /// The request that led to it.
    pub request_id: Option<String>,
}

/// Somebody or something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Reference {
    /// `Merchant`, `Vendor`, `System`; `Order`, `OrderItem`, `Note`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its id; of the system, the function.
    pub id: String,
}

impl Reference {
    /// The reference of a stored actor: `merchant`, `vendor:<id>` or `system:<function>`.
    #[must_use]
    pub fn of_actor(actor: &str, merchant: &str) -> Self {
        match actor.split_once(':') {
            Some(("vendor", id)) => Self { kind: "Vendor", id: id.to_owned() },
            Some((_, id)) => Self { kind: "System", id: id.to_owned() },
            None => Self { kind: "Merchant", id: merchant.to_owned() },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Change, changes, of_item};
    use crate::order_network::reference_token::unescaped;

    fn raw(value: &Value) -> Box<serde_json::value::RawValue> {
        serde_json::value::to_raw_value(value).unwrap()
    }

    fn differences(before: &Value, after: &Value) -> Vec<(String, Value, Value)> {
        let value = |raw: &serde_json::value::RawValue| serde_json::from_str(raw.get()).unwrap();
        let all = changes(&raw(before), &raw(after));
        all.into_iter().map(|change| (change.pointer, value(&change.from), value(&change.to))).collect()
    }

    #[test]
    fn differences_are_named_by_their_place() {
        let before = json!({"a": 1, "b/c": {"d": [1, 2]}, "gone": {"x": 1}, "updatedAt": "then"});
        let after = json!({"a": 2, "b/c": {"d": [1, 3, 4]}, "new": [1], "updatedAt": "now"});
        let text = str::to_owned;
        assert_eq!(
            differences(&before, &after),
            [
                (text("/a"), json!(1), json!(2)),
                (text("/b~1c/d/1"), json!(2), json!(3)),
                (text("/b~1c/d/2"), json!(null), json!(4)),
                (text("/gone"), json!({"x": 1}), json!(null)),
                (text("/new"), json!(null), json!([1])),
            ]
        );
    }

    #[test]
    fn card_digits_are_never_shown() {
        let card =
            |last4: &str| json!({"customerPaymentMethods": [{"cardFirst4": "4111", "cardLast4": last4, "x": 1}]});
        let place = "/customerPaymentMethods/0/cardLast4".to_owned();
        assert_eq!(differences(&card("1111"), &card("2222")), [(place, json!("***"), json!("***"))]);
        let all = serde_json::to_string(&changes(&raw(&json!({})), &raw(&card("1111")))).unwrap();
        assert!(!all.contains("1111") && !all.contains("4111") && all.contains("***"), "{all}");
    }

    #[test]
    fn amounts_keep_their_notation() {
        let text = |amount: &str| serde_json::value::RawValue::from_string(format!("{{\"a\":{amount}}}")).unwrap();
        let all = changes(&text("999999999999.9999"), &text("999999999999.9998"));
        assert_eq!((all[0].from.get(), all[0].to.get()), ("999999999999.9999", "999999999999.9998"));
    }

    #[test]
    fn an_items_changes_are_its_own() {
        let change = |pointer: &str| Change { pointer: pointer.to_owned(), from: raw(&json!(1)), to: raw(&json!(2)) };
        let all = [change("/items/1/status"), change("/items/10/status"), change("/status"), change("/items/1")];
        let pointers: Vec<String> = of_item(&all, 1).into_iter().map(|change| change.pointer).collect();
        assert_eq!(pointers, ["/status", ""]);
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(json!(null)), any::<bool>().prop_map(Value::from), (0..4).prop_map(Value::from)];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-c/~]", inner, 0..4)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    /// The value without null members and entries, which the log does not distinguish from absent ones.
    fn bare(value: &Value) -> Value {
        match value {
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), bare(value)))
                .filter(|(_, value)| !value.is_null())
                .collect(),
            Value::Array(entries) => {
                let mut entries: Vec<Value> = entries.iter().map(bare).collect();
                while entries.last().is_some_and(Value::is_null) {
                    entries.pop();
                }
                entries.into()
            }
            _ => value.clone(),
        }
    }

    fn apply(document: &mut Value, pointer: &str, to: Value) {
        if pointer.is_empty() {
            *document = to;
            return;
        }
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let name = unescaped(name).unwrap();
        match document.pointer_mut(parent).unwrap() {
            Value::Object(members) => {
                members.insert(name, to);
            }
            Value::Array(entries) => {
                let index: usize = name.parse().unwrap();
                entries.resize(entries.len().max(index + 1), Value::Null);
                entries[index] = to;
            }
            other => panic!("{other} has no members"),
        }
    }

    proptest! {
        /// Applied to the old value, the changes give the new one.
        #[test]
        fn changes_lead_from_one_to_the_other(before in value(), after in value()) {
            let mut made = before.clone();
            for (pointer, from, to) in differences(&before, &after) {
                prop_assert_ne!(&from, &to);
                apply(&mut made, &pointer, to);
            }
            prop_assert_eq!(bare(&made), bare(&after));
        }
    }
}
