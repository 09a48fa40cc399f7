//! Reading the optional members of a request.
//!
//! Everything that the validation accepts must be readable here. It treats `null` as absent and, in the bodies of orders,
//! also an empty string (the examples of the API have both). An empty text is kept, because clients get it back as sent.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor};

use super::inbound::TransformationId;
use super::transform::{Convert, Tree};
use crate::money::{Currency, Number};

/// The type of an optional member.
pub trait Member<'de>: Deserialize<'de> {
    /// Reads the member; `None` if it counts as absent; an error if the value has another type.
    fn member<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        deserializer.deserialize_any(OrNothing(PhantomData))
    }
}

/// For `deserialize_with` of every optional member; an error if the value has another type.
pub(crate) fn optional<'de, D: Deserializer<'de>, T: Member<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::member(deserializer)
}

impl<'de> Member<'de> for String {
    fn member<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Option::deserialize(deserializer)
    }
}

/// The default's `deserialize_any` would pass the digits through a float.
impl<'de> Member<'de> for Number {
    fn member<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::deserialize_or_empty(deserializer)
    }
}

/// A null value counts as an absent entry.
impl<'de> Member<'de> for BTreeMap<String, String> {
    fn member<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        struct Entries(BTreeMap<String, Option<String>>);
        impl<'de> Deserialize<'de> for Entries {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                BTreeMap::deserialize(deserializer).map(Self)
            }
        }
        impl<'de> Member<'de> for Entries {}
        let entries = Entries::member(deserializer)?;
        Ok(entries
            .map(|Entries(entries)| entries.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()))
    }
}

impl<'de> Member<'de> for bool {}
impl<'de> Member<'de> for u32 {}
impl<'de> Member<'de> for i64 {}
impl<'de> Member<'de> for Convert {}
impl<'de> Member<'de> for TransformationId {}
impl<'de> Member<'de> for Currency {}
impl<'de, T: Deserialize<'de>> Member<'de> for Vec<T> {}

/// Scalars stay as written; an empty string is a value.
impl<'de> Member<'de> for Tree {
    fn member<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(Some(Self::deserialize(deserializer)?).filter(|tree| !tree.is_null()))
    }
}

/// Reads a value of any type; `None` for null and the empty string.
struct OrNothing<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OrNothing<T> {
    type Value = Option<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value of the member's type")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.is_empty() { Ok(None) } else { T::deserialize(text.into_deserializer()).map(Some) }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(Some)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(Some)
    }

    /// serde_json reads `-0`, a valid integer, as a float.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        if value == 0.0 { self.visit_u64(0) } else { Err(E::invalid_type(Unexpected::Float(value), &self)) }
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        T::deserialize(SeqAccessDeserializer::new(entries)).map(Some)
    }
}
