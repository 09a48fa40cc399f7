//! JSON Merge Patch (RFC 7396) on JSON text, so that amounts keep every digit.

use std::collections::{BTreeMap, HashMap};

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::reference_token::unescaped;

/// An object's members in the order of the document, each value as it was written.
#[derive(Clone, Debug, Default)]
pub struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    /// Reads an object; `None` for other texts. Repeated members are kept.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        if text.trim_start().starts_with('{') { serde_json::from_str(text).ok() } else { None }
    }

    /// The members.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), &**value))
    }

    /// The member of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Removes every member with that name and returns the last value.
    pub fn remove(&mut self, name: &str) -> Option<Box<RawValue>> {
        let mut removed = None;
        for (_, value) in self.0.extract_if(.., |(known, _)| known == name) {
            removed = Some(value);
        }
        removed
    }

    /// Keeps the members with wanted names.
    pub fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        self.0.retain(|(name, _)| wanted(name));
    }

    /// Applies a patch: null removes a member, an object is merged into the present one, any other value replaces it.
    /// Never fails for what [`Self::read`] has read.
    pub fn patched(self, patch: &Self) -> Result<Self, serde_json::Error> {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut merged: Vec<Option<(String, Box<RawValue>)>> = Vec::new();
        for (name, value) in self.0 {
            places.insert(name.clone(), merged.len());
            merged.push(Some((name, value)));
        }
        for (name, value) in &patch.0 {
            let place = *places.entry(name.clone()).or_insert_with(|| {
                merged.push(None);
                merged.len().saturating_sub(1)
            });
            let Some(slot) = merged.get_mut(place) else { continue };
            let before = slot.take().map(|(_, before)| before);
            if value.get() != "null" {
                *slot = Some((name.clone(), patched_value(before.as_deref(), value)?));
            }
        }
        Ok(Self(merged.into_iter().flatten().collect()))
    }

    /// The position of each pointer's target: the index of its member, of the member or element in that, and so on.
    /// Positions sort like the document; missing members sort last in their object. Each value on the way is parsed
    /// once.
    #[must_use]
    pub fn places(&self, pointers: &[&str]) -> Vec<Vec<usize>> {
        let mut places = vec![Vec::new(); pointers.len()];
        let mut positions: HashMap<&str, usize> = HashMap::new();
        for (position, (name, _)) in self.0.iter().enumerate() {
            // The last of repeated members is the excess one.
            positions.insert(name, position);
        }
        let value = |position: usize| self.0.get(position).map(|(_, value)| &**value);
        let position = |token: &str| positions.get(unescaped(token)?.as_str()).copied();
        lead(&mut places, pointers.iter().copied().enumerate().collect(), &value, &position);
        places
    }

    /// The object as text. Never fails for what [`Self::read`] has read.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

/// Follows pointers, each with its index, by one token, and recurses into the values that they lead to.
fn lead<'v>(
    places: &mut [Vec<usize>],
    pointers: Vec<(usize, &str)>,
    values: &dyn Fn(usize) -> Option<&'v RawValue>,
    position_of: &dyn Fn(&str) -> Option<usize>,
) {
    let mut within: BTreeMap<usize, Vec<(usize, &str)>> = BTreeMap::new();
    for (index, pointer) in pointers {
        let Some(rest) = pointer.strip_prefix('/') else { continue };
        let (token, behind) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let position = position_of(token);
        places.get_mut(index).into_iter().for_each(|place| place.push(position.unwrap_or(usize::MAX)));
        if let Some(position) = position.filter(|_| !behind.is_empty()) {
            within.entry(position).or_default().push((index, behind));
        }
    }
    for (position, pointers) in within {
        let Some(value) = values(position) else { continue };
        if let Some(members) = Members::read(value.get()) {
            let behind: Vec<&str> = pointers.iter().map(|(_, behind)| *behind).collect();
            for ((index, _), place) in pointers.iter().zip(members.places(&behind)) {
                places.get_mut(*index).into_iter().for_each(|whole| whole.extend(&place));
            }
        } else {
            let elements: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
            lead(places, pointers, &|index| elements.get(index).copied(), &|token| token.parse().ok());
        }
    }
}

fn patched_value(before: Option<&RawValue>, patch: &RawValue) -> Result<Box<RawValue>, serde_json::Error> {
    let Some(patch_members) = Members::read(patch.get()) else { return Ok(patch.to_owned()) };
    let before = before.and_then(|before| Members::read(before.get())).unwrap_or_default();
    RawValue::from_string(before.patched(&patch_members)?.to_json()?)
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::Members;
    use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
    use serde_json::{Map, Value, json};

    fn patched(target: &str, patch: &str) -> String {
        Members::read(target).unwrap().patched(&Members::read(patch).unwrap()).unwrap().to_json().unwrap()
    }

    /// The examples of RFC 7396, appendix A, with objects as target and patch.
    #[test]
    fn the_examples_of_the_rfc() {
        for (target, patch, result) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, r#"{}"#),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            (r#"{}"#, r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            assert_eq!(patched(target, patch), result, "{target} {patch}");
        }
    }

    #[test]
    fn digits_are_not_read_as_floats() {
        let exact = r#"{"a":1.0000000000000000001,"b":{"c":900719925474099301}}"#;
        assert_eq!(patched("{}", exact), exact);
        assert_eq!(patched(exact, r#"{"b":{"d":0.10}}"#), exact.replace("301}", r#"301,"d":0.10}"#));
    }

    #[test]
    fn places_are_in_the_order_of_the_document() {
        let members = Members::read(r#"{"b":{"y":1,"x":[{"q":1,"p":2},3]},"a~/":1}"#).unwrap();
        let ordered =
            ["", "/b", "/b/y", "/b/x", "/b/x/0", "/b/x/0/q", "/b/x/0/p", "/b/x/0/r", "/b/x/1", "/b/z", "/a~0~1", "/c"];
        let places = members.places(&ordered);
        assert!(places.is_sorted_by(|one, next| one < next), "{places:?}");
    }

    #[test]
    fn only_objects_have_members() {
        for text in ["[]", "null", "1", "\"{}\"", "{\"a\":1", ""] {
            assert!(Members::read(text).is_none(), "{text}");
        }
        let mut members = Members::read(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(members.remove("a").unwrap().get(), "3");
        assert_eq!(members.to_json().unwrap(), r#"{"b":2}"#);
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), any::<u8>().prop_map(Value::from)];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map("[a-d]", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn object() -> impl Strategy<Value = Value> {
        proptest::collection::btree_map("[a-d]", value(), 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    /// The pseudocode of RFC 7396, section 2.
    fn reference(target: Value, patch: &Value) -> Value {
        let Value::Object(patch) = patch else { return patch.clone() };
        let mut members = if let Value::Object(members) = target { members } else { Map::new() };
        for (name, value) in patch {
            let before = members.remove(name);
            if !value.is_null() {
                members.insert(name.clone(), reference(before.unwrap_or(json!(null)), value));
            }
        }
        Value::Object(members)
    }

    proptest! {
        #[test]
        fn it_does_what_the_rfc_says(target in object(), patch in object()) {
            let result: Value = serde_json::from_str(&patched(&target.to_string(), &patch.to_string())).unwrap();
            prop_assert_eq!(&result, &reference(target, &patch));
            // Applying it again changes nothing.
            let again: Value = serde_json::from_str(&patched(&result.to_string(), &patch.to_string())).unwrap();
            prop_assert_eq!(again, result);
        }
    }
}
