//! What is seen of a body before its values are read: names that stand twice or are reserved, and numbers that none can
//! hold.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use shared::limits::{POINTER_NAME_BYTES_MAX, VIOLATIONS_MAX};
use shared::network::merge::Members;
use shared::network::problem::Violation;
use shared::network::reference_token::escaped;
use shared::{Code, card};

use super::findings::Findings;
use crate::refusal::Refusal;

/// The pointer of a member; that of its object, where the name is too long to be shown or holds a card number.
pub(super) fn place_of(parent: &str, name: &str) -> String {
    if is_shown(name) { format!("{parent}/{}", escaped(name)) } else { parent.to_owned() }
}

fn is_shown(name: &str) -> bool {
    name.len() <= POINTER_NAME_BYTES_MAX && !card::is_in(name)
}

/// What names say of a body before its values are read.
#[derive(Default)]
pub(super) struct FirstLook {
    /// Pointers of members that stand twice in their objects, as far as they are listed.
    pub(super) repeated: Vec<String>,
    /// How many others there are.
    pub(super) omitted: usize,
    /// Where a member has the [`RESERVED`] name.
    pub(super) reserved: Option<String>,
}

/// A value behind this name is no text to `serde_json`, but JSON that it reads in its turn, without a limit of depth: it
/// would pass every check that was made of a text.
const RESERVED: &str = "$serde_json::private::RawValue";

impl FirstLook {
    fn add(&mut self, pointer: String) {
        if self.repeated.len() < VIOLATIONS_MAX {
            self.repeated.push(pointer);
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }

    /// What was seen in a value, by the step to it; below a name that is not shown a pointer ends.
    fn add_within(&mut self, step: Option<&str>, within: Self) {
        let place = |pointer: &str| step.map(|step| format!("{step}{pointer}")).unwrap_or_default();
        if self.reserved.is_none() {
            self.reserved = within.reserved.as_deref().map(place);
        }
        within.repeated.iter().for_each(|pointer| self.add(place(pointer)));
        self.omitted = self.omitted.saturating_add(within.omitted);
    }
}

impl<'de> Deserialize<'de> for FirstLook {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;
        impl<'de> Visitor<'de> for Anything {
            type Value = FirstLook;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FirstLook, A::Error> {
                let (mut names, mut found) = (BTreeSet::new(), FirstLook::default());
                while let Some((name, within)) = map.next_entry::<String, FirstLook>()? {
                    let place = place_of("", &name);
                    found.add_within(is_shown(&name).then_some(place.as_str()), within);
                    if name == RESERVED && found.reserved.is_none() {
                        found.reserved = Some(place.clone());
                    }
                    if !names.insert(name) {
                        found.add(place);
                    }
                }
                Ok(found)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<FirstLook, A::Error> {
                let (mut index, mut found) = (0_usize, FirstLook::default());
                while let Some(within) = entries.next_element()? {
                    found.add_within(Some(&format!("/{index}")), within);
                    index = index.saturating_add(1);
                }
                Ok(found)
            }

            fn visit_unit<E>(self) -> Result<FirstLook, E> {
                Ok(FirstLook::default())
            }

            fn visit_bool<E>(self, _: bool) -> Result<FirstLook, E> {
                Ok(FirstLook::default())
            }

            fn visit_i64<E>(self, _: i64) -> Result<FirstLook, E> {
                Ok(FirstLook::default())
            }

            fn visit_u64<E>(self, _: u64) -> Result<FirstLook, E> {
                Ok(FirstLook::default())
            }

            fn visit_f64<E>(self, _: f64) -> Result<FirstLook, E> {
                Ok(FirstLook::default())
            }

            fn visit_str<E>(self, _: &str) -> Result<FirstLook, E> {
                Ok(FirstLook::default())
            }
        }
        deserializer.deserialize_any(Anything)
    }
}

/// Numbers that are none of a binary float, by their places.
pub(super) fn unreadable_numbers(bytes: &[u8]) -> Refusal {
    let mut found = Findings::default();
    if let Ok(body) = serde_json::from_slice::<&RawValue>(bytes) {
        find_unreadable_numbers("", body, &mut found);
    }
    found.settle(false).err().unwrap_or_else(|| Refusal::rule(Code::NotJson))
}

fn find_unreadable_numbers(place: &str, value: &RawValue, found: &mut Findings) {
    if let Some(members) = Members::read(value.get()) {
        for (name, value) in members.iter() {
            if is_shown(name) {
                find_unreadable_numbers(&place_of(place, name), value, found);
            } else if serde_json::from_str::<Value>(value.get()).is_err() {
                // Below a name that is not shown a pointer ends.
                found.add(unreadable(place, "{}"));
            }
        }
    } else if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(value.get()) {
        for (index, value) in elements.into_iter().enumerate() {
            find_unreadable_numbers(&format!("{place}/{index}"), value, found);
        }
    } else if serde_json::from_str::<Value>(value.get()).is_err() {
        found.add(unreadable(place, value.get()));
    }
}

fn unreadable(place: &str, json: &str) -> Violation {
    Violation::must_be(Code::OutOfRange, place.to_owned(), "a number below 1e308", json)
}
