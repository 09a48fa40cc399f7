//! What is seen of a body before its values are read: names that stand twice or are reserved, anywhere in it.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use shared::card;
use shared::limits::{POINTER_NAME_BYTES_MAX, VIOLATIONS_MAX};
use shared::network::reference_token::escaped;

use super::value::Value;

/// The pointer of a member; that of its object, where the name is too long to be shown or holds a card number.
pub(super) fn place_of(parent: &str, name: &str) -> String {
    if is_shown(name) { format!("{parent}/{}", escaped(name)) } else { parent.to_owned() }
}

fn is_shown(name: &str) -> bool {
    name.len() <= POINTER_NAME_BYTES_MAX && !card::is_in(name)
}

/// What names say of a body before its values are read.
#[derive(Debug, Default)]
pub(super) struct FirstLook {
    /// Members that stand once more in their objects, with their pointers: the first of the document.
    pub(super) repeated: Vec<(usize, String)>,
    /// How many others there are.
    pub(super) omitted: usize,
    /// Where a member has the [`RESERVED`] name.
    pub(super) reserved: Option<String>,
}

/// A value behind this name is no text to `serde_json`, but JSON that it reads in its turn, without a limit of depth: it
/// would pass every check that was made of a text.
const RESERVED: &str = "$serde_json::private::RawValue";
/// How deep is looked. Each level is read by itself, so that its values stay as they are written, and with it once more all
/// that is behind it.
const LEVELS_MAX: usize = 128;

impl FirstLook {
    /// Looks at a whole body.
    ///
    /// # Errors
    /// Some text or name of it cannot be read, or it nests too deep.
    pub(super) fn at(body: Value<'_>) -> Result<Self, serde_json::Error> {
        let mut look = Self::default();
        Step { look: &mut look, place: Place { pointer: String::new(), is_whole: true }, levels: LEVELS_MAX }
            .look_at(body)?;
        Ok(look)
    }

    fn add(&mut self, at: usize, pointer: String) {
        if self.repeated.len() < VIOLATIONS_MAX {
            self.repeated.push((at, pointer));
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }
}

/// Where a value stands; below a name that is not shown a pointer ends.
#[derive(Clone)]
struct Place {
    pointer: String,
    is_whole: bool,
}

impl Place {
    fn member(&self, name: &str) -> Self {
        if !self.is_whole {
            return self.clone();
        }
        Self { pointer: place_of(&self.pointer, name), is_whole: is_shown(name) }
    }

    fn entry(&self, index: usize) -> Self {
        if !self.is_whole {
            return self.clone();
        }
        Self { pointer: format!("{}/{index}", self.pointer), is_whole: true }
    }
}

/// One value that is looked at.
struct Step<'l> {
    look: &'l mut FirstLook,
    place: Place,
    /// How many more there may be below it.
    levels: usize,
}

impl Step<'_> {
    fn look_at(self, value: Value<'_>) -> Result<(), serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(value.json());
        match value.json().as_bytes().first() {
            Some(b'{') => deserializer.deserialize_map(self),
            Some(b'[') => deserializer.deserialize_seq(self),
            // Its escapes may be those of no character.
            Some(b'"') => deserializer.deserialize_str(self),
            _ => Ok(()),
        }
    }

    fn within<E: Error>(&mut self, place: Place, value: Value<'_>) -> Result<(), E> {
        let levels = self.levels.checked_sub(1).ok_or_else(|| E::custom("it nests too deep"))?;
        Step { look: self.look, place, levels }.look_at(value).map_err(E::custom)
    }
}

impl<'de> Visitor<'de> for Step<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some((name, value)) = map.next_entry::<String, Value<'de>>()? {
            let place = self.place.member(&name);
            if name == RESERVED && self.look.reserved.is_none() {
                self.look.reserved = Some(place.pointer.clone());
            }
            if names.contains(&name) {
                self.look.add(value.at(), place.pointer.clone());
            }
            names.insert(name);
            self.within(place, value)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        while let Some(value) = entries.next_element::<Value<'de>>()? {
            let place = self.place.entry(index);
            self.within(place, value)?;
            index = index.saturating_add(1);
        }
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}
