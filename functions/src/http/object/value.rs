//! A value of a body as it was written: the digits of its numbers, and its members in the order of the document.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::MEMBERS_MAX;

/// A JSON value that is read when it is asked for what it holds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Value<'b>(#[serde(borrow)] &'b RawValue);

impl<'b> Value<'b> {
    /// Its text.
    pub(crate) fn json(self) -> &'b str {
        self.0.get()
    }

    /// Its text as it may be shown to people: a string without escapes that would hide what it says.
    pub(super) fn shown(self) -> Cow<'b, str> {
        let plain = self.text().and_then(|text| serde_json::to_string(&text).ok());
        plain.map_or(Cow::Borrowed(self.json()), Cow::Owned)
    }

    /// Where it stands: of two values of one body the one behind the other has the greater number.
    pub(super) fn at(self) -> usize {
        self.json().as_ptr().addr()
    }

    pub(crate) fn is_null(self) -> bool {
        self.json() == "null"
    }

    pub(crate) fn is_number(self) -> bool {
        self.json().starts_with(|first: char| first == '-' || first.is_ascii_digit())
    }

    /// The characters of a string.
    pub(crate) fn text(self) -> Option<String> {
        serde_json::from_str(self.json()).ok()
    }

    pub(crate) fn flag(self) -> Option<bool> {
        serde_json::from_str(self.json()).ok()
    }

    /// A number that is written as an integer.
    pub(crate) fn integer(self) -> Option<i64> {
        self.json().parse().ok().filter(|_| self.is_number())
    }

    pub(crate) fn entries(self) -> Option<Vec<Self>> {
        serde_json::from_str(self.json()).ok()
    }

    pub(crate) fn members(self) -> Option<Members<'b>> {
        let members: Members<'b> = serde_json::from_str(self.json()).ok()?;
        Some(Members { end: self.at().saturating_add(self.json().len()), ..members })
    }
}

/// The members of an object: so many as any object has whose members the rules know.
#[derive(Debug)]
pub(crate) struct Members<'b> {
    members: Vec<(String, Value<'b>)>,
    /// There are more.
    pub(super) is_cut: bool,
    /// Where the object ends, as [`Value::at`]: a member that is not there would be there.
    end: usize,
}

impl<'b> Members<'b> {
    const fn of(members: Vec<(String, Value<'b>)>, is_cut: bool) -> Self {
        Self { members, is_cut, end: 0 }
    }

    /// Of a body that was left out.
    pub(super) const fn none() -> Self {
        Self::of(Vec::new(), false)
    }

    /// In the order of the document, those that stand twice as often as they stand.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Value<'b>)> {
        self.members.iter().map(|(name, value)| (name.as_str(), *value))
    }

    fn last(&self, name: &str) -> Option<Value<'b>> {
        self.members.iter().rfind(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// The last one of that name, unless it is null.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'b>> {
        self.last(name).filter(|value| !value.is_null())
    }

    /// Where it is told of a member that it is not there, or null.
    pub(super) fn place_of(&self, name: &str) -> usize {
        self.last(name).map_or(self.end, Value::at)
    }

    /// Takes out those of that name.
    pub(super) fn remove(&mut self, name: &str) -> Vec<Value<'b>> {
        self.members.extract_if(.., |(known, _)| known == name).map(|(_, value)| value).collect()
    }
}

impl<'de: 'b, 'b> Deserialize<'de> for Members<'b> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while members.len() < MEMBERS_MAX {
                    let Some(member) = map.next_entry()? else { return Ok(Members::of(members, false)) };
                    members.push(member);
                }
                let mut is_cut = false;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    is_cut = true;
                }
                Ok(Members::of(members, is_cut))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
