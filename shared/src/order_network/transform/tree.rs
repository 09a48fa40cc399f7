//! JSON as a tree whose scalars stay as written, so that amounts keep every digit.

use std::fmt;

use serde::de::Deserializer;
use serde::ser::{Error, SerializeMap};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::limits::DEPTH_MAX;
use crate::order_network::merge::Members;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// A string, number, boolean or null, as written.
    Scalar(String),
    /// An array.
    Array(Vec<Tree>),
    /// An object, with its members in document order.
    Object(Vec<(String, Tree)>),
}

/// Why a text cannot be read as a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON.
    #[error("not JSON")]
    NotJson,
    /// Arrays and objects nest too deep.
    #[error("arrays and objects nest at most {DEPTH_MAX} deep")]
    TooDeep,
}

const NULL: &str = "null";

impl Tree {
    /// Reads a JSON text; an error if it is not JSON or nests too deep.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|_| Unreadable::NotJson)?;
        Self::of(raw, 0)
    }

    fn of(raw: &RawValue, depth: usize) -> Result<Self, Unreadable> {
        let text = raw.get();
        if !text.starts_with(['{', '[']) {
            return Ok(Self::Scalar(text.to_owned()));
        }
        if depth >= DEPTH_MAX {
            return Err(Unreadable::TooDeep);
        }
        let within = |raw: &RawValue| Self::of(raw, depth.saturating_add(1));
        if text.starts_with('[') {
            let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| Unreadable::NotJson)?;
            return elements.into_iter().map(within).collect::<Result<_, _>>().map(Self::Array);
        }
        let members = Members::read(text).ok_or(Unreadable::NotJson)?;
        let member = |(name, raw): (&str, &RawValue)| Ok((name.to_owned(), within(raw)?));
        members.iter().map(member).collect::<Result<_, _>>().map(Self::Object)
    }

    pub(super) fn null() -> Self {
        Self::Scalar(NULL.to_owned())
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Scalar(text) if text == NULL)
    }

    /// Whether the value counts as absent.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Scalar(text) if text == NULL || text == "\"\"")
    }

    /// The member of that name, or the element at that index.
    pub(super) fn get(&self, token: &str) -> Option<&Self> {
        match self {
            Self::Scalar(_) => None,
            Self::Array(elements) => elements.get(super::pointer::index(token)?),
            Self::Object(members) => members.iter().find(|(name, _)| name == token).map(|(_, value)| value),
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Scalar(text) => serde_json::from_str(text).ok(),
            _ => None,
        }
    }

    /// The text of a string member of the object.
    #[must_use]
    pub fn text_of(&self, name: &str) -> Option<String> {
        match self {
            Self::Object(_) => self.get(name)?.text(),
            _ => None,
        }
    }

    /// Approximate size in bytes, at least 1.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Scalar(text) => text.len(),
            Self::Array(elements) => elements.iter().fold(2, |sum, element| sum.saturating_add(element.bytes())),
            Self::Object(members) => members.iter().fold(2, |sum, (name, value)| {
                sum.saturating_add(name.len()).saturating_add(3).saturating_add(value.bytes())
            }),
        }
    }
}

impl fmt::Display for Tree {
    /// The JSON text, without white space.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Scalar(text) => {
                let raw: &RawValue = serde_json::from_str(text).map_err(S::Error::custom)?;
                raw.serialize(serializer)
            }
            Self::Array(elements) => serializer.collect_seq(elements),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::of(&raw, 0).map_err(serde::de::Error::custom)
    }
}
