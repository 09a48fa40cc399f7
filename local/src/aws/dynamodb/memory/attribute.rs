//! Item attributes: parsed from DynamoDB's JSON and serialized to it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::Failure;

/// An item, or its key.
pub(super) type Attributes = BTreeMap<String, Attribute>;

/// An item, shared by the table, its stream and responses.
#[derive(Clone, Debug)]
pub(super) struct Item(Arc<Attributes>);

impl From<Attributes> for Item {
    fn from(attributes: Attributes) -> Self {
        Self(Arc::new(attributes))
    }
}

impl Deref for Item {
    type Target = Attributes;

    fn deref(&self) -> &Attributes {
        &self.0
    }
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// One attribute. Sets are not supported because no function uses them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    /// Text.
    S(String),
    /// A number in the form that DynamoDB returns.
    N(String),
    /// Bytes in Base64.
    B(String),
    Bool(bool),
    Null,
    L(Vec<Attribute>),
    M(Attributes),
}

impl Attribute {
    /// Reads `{"S": "text"}`.
    pub(super) fn read(value: Value) -> Result<Self, Failure> {
        let Value::Object(members) = value else { return Err(Failure::unknown(format!("the attribute {value}"))) };
        let mut members = members.into_iter();
        match (members.next(), members.next()) {
            (Some((kind, value)), None) => Self::of(&kind, value),
            _ => Err(Failure::unknown("an attribute that has not one kind")),
        }
    }

    fn of(kind: &str, value: Value) -> Result<Self, Failure> {
        Ok(match (kind, value) {
            ("S", Value::String(text)) => Self::S(text),
            ("N", Value::String(number)) => Self::N(canonical(number)?),
            ("B", Value::String(base64)) => Self::B(base64),
            ("BOOL", Value::Bool(flag)) => Self::Bool(flag),
            ("NULL", Value::Bool(true)) => Self::Null,
            ("L", Value::Array(list)) => Self::L(list.into_iter().map(Self::read).collect::<Result<_, _>>()?),
            ("M", value @ Value::Object(_)) => Self::M(read_all(value)?),
            (kind, value) => return Err(Failure::unknown(format!("the attribute {kind} {value}"))),
        })
    }

    /// Compares two attributes of the same ordered type.
    pub(super) fn compare(&self, other: &Self) -> Result<Option<Ordering>, Failure> {
        Ok(match (self, other) {
            (Self::S(one), Self::S(other)) => Some(one.cmp(other)),
            (Self::N(one), Self::N(other)) => Some(number(one)?.cmp(&number(other)?)),
            (Self::S(_) | Self::N(_), Self::S(_) | Self::N(_)) => None,
            _ => return Err(Failure::unknown(format!("to compare {self:?} with {other:?}"))),
        })
    }

    /// Adds or subtracts a number.
    pub(super) fn plus(&self, other: &Self, is_subtracted: bool) -> Result<Self, Failure> {
        let (Self::N(one), Self::N(other)) = (self, other) else {
            return Err(Failure::unknown(format!("to add {other:?} to {self:?}")));
        };
        let (one, other) = (number(one)?, number(other)?);
        let sum = if is_subtracted { one.checked_sub(other) } else { one.checked_add(other) };
        let sum = sum.ok_or_else(|| Failure::unknown(format!("a number as large as {one} and {other}")))?;
        Ok(Self::N(sum.normalize().to_string()))
    }

    /// Approximate contribution to an item's 400 KB.
    pub(super) fn size(&self) -> usize {
        const OF_A_MEMBER: usize = 3;
        match self {
            Self::S(text) | Self::N(text) | Self::B(text) => text.len(),
            Self::Bool(_) | Self::Null => 1,
            Self::L(list) => list.iter().fold(OF_A_MEMBER, |size, entry| size + OF_A_MEMBER + entry.size()),
            Self::M(members) => OF_A_MEMBER + size_of(members),
        }
    }
}

/// Approximate size of an item.
pub(super) fn size_of(item: &Attributes) -> usize {
    item.iter().fold(0, |size, (name, attribute)| size + name.len() + 1 + attribute.size())
}

/// Parses an item or a key.
pub(super) fn read_all(value: Value) -> Result<Attributes, Failure> {
    let Value::Object(members) = value else { return Err(Failure::unknown(format!("the item {value}"))) };
    members.into_iter().map(|(name, value)| Ok((name, Attribute::read(value)?))).collect()
}

pub(super) fn number(text: &str) -> Result<Decimal, Failure> {
    Decimal::from_str_exact(text).map_err(|error| Failure::unknown(format!("the number {text} ({error})")))
}

/// A number as DynamoDB returns it: without redundant zeros.
fn canonical(text: String) -> Result<String, Failure> {
    const DIGITS_MAX: usize = 18;
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let is_whole = !digits.is_empty() && digits.len() <= DIGITS_MAX && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_whole && !digits.starts_with('0') {
        return Ok(text);
    }
    number(&text).map(|number| number.normalize().to_string())
}

impl Serialize for Attribute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::S(text) => map.serialize_entry("S", text)?,
            Self::N(number) => map.serialize_entry("N", number)?,
            Self::B(base64) => map.serialize_entry("B", base64)?,
            Self::Bool(flag) => map.serialize_entry("BOOL", flag)?,
            Self::Null => map.serialize_entry("NULL", &true)?,
            Self::L(list) => map.serialize_entry("L", list)?,
            Self::M(members) => map.serialize_entry("M", members)?,
        }
        map.end()
    }
}
