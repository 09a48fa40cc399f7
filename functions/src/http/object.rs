//! Reading a small JSON object member by member, so that everything that is wrong with it is said at once and in
//! the order of the document.
//!
//! Orders have a reader of their own ([`shared::validation`]), which also runs at the edge; this one is for the bodies that
//! configure the service.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use shared::Code;
use shared::limits::ATTEMPTED_VALUE_BYTES_MAX;
use shared::network::problem::Violation;

use crate::refusal::Refusal;

/// What is noticed while a body is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    pub(crate) violations: Vec<Violation>,
    pub(crate) warnings: Vec<Violation>,
}

impl Findings {
    /// A rule that the value at `pointer` breaks: "must be …".
    pub(crate) fn broken(&mut self, code: Code, pointer: &str, rule: &str, value: &Value) {
        let shown = attempted(value);
        let not = shown.as_deref().map(|shown| format!(", not `{shown}`")).unwrap_or_default();
        self.violations.push(Violation::new(code, pointer.to_owned(), format!("must be {rule}{not}"), shown));
    }

    /// A member that must be there.
    pub(crate) fn required(&mut self, pointer: &str) {
        self.violations.push(Violation::new(Code::Required, pointer.to_owned(), "is required".to_owned(), None));
    }

    /// A member that no rule knows.
    pub(crate) fn unknown(&mut self, name: &str) {
        self.unknown_at(&format!("/{}", name.replace('~', "~0").replace('/', "~1")));
    }

    /// The same at a pointer.
    pub(crate) fn unknown_at(&mut self, pointer: &str) {
        let message = "is not known and was ignored".to_owned();
        self.warnings.push(Violation::new(Code::UnknownMember, pointer.to_owned(), message, None));
    }

    /// The warnings, unless there is a violation; `strict` makes every warning one.
    pub(crate) fn settle(mut self, strict: bool) -> Result<Vec<Violation>, Refusal> {
        if strict {
            self.violations.append(&mut self.warnings);
        }
        if self.violations.is_empty() { Ok(self.warnings) } else { Err(Refusal::invalid(self.violations)) }
    }

    /// A string; `rule` says what is asked for when it is none.
    pub(crate) fn text<'v>(&mut self, pointer: &str, value: &'v Value) -> Option<&'v str> {
        if value.is_string() {
            return value.as_str();
        }
        self.broken(Code::WrongType, pointer, "a string", value);
        None
    }

    /// A boolean.
    pub(crate) fn flag(&mut self, pointer: &str, value: &Value) -> Option<bool> {
        if value.is_boolean() {
            return value.as_bool();
        }
        self.broken(Code::WrongType, pointer, "a boolean", value);
        None
    }
}

/// The value as JSON, cut; none for what has members of its own.
fn attempted(value: &Value) -> Option<String> {
    if value.is_array() || value.is_object() {
        return None;
    }
    let mut shown = value.to_string();
    shown.truncate(shown.floor_char_boundary(ATTEMPTED_VALUE_BYTES_MAX));
    Some(shown)
}

/// The members of an object, in the order in which they were sent.
#[derive(Debug)]
pub(crate) struct Object(Vec<(String, Value)>);

impl Object {
    /// Reads a body, which must be an object without repeated members.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let refuse = |code: Code, pointer: String, message: String| {
            Err(Refusal::invalid(vec![Violation::new(code, pointer, message, None)]))
        };
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                return refuse(Code::InvalidUtf8, String::new(), format!("not UTF-8 at byte {}", error.valid_up_to()));
            }
        };
        let object: Self = match serde_json::from_str(text) {
            Ok(object) => object,
            Err(error) if error.is_data() => {
                return refuse(Code::WrongType, String::new(), "must be an object".to_owned());
            }
            Err(error) => return refuse(Code::NotJson, String::new(), format!("not JSON: {error}")),
        };
        let repeated = object
            .0
            .iter()
            .enumerate()
            .find(|(index, (name, _))| object.0.iter().take(*index).any(|(earlier, _)| earlier == name));
        if let Some((_, (name, _))) = repeated {
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            return refuse(Code::DuplicateMember, pointer, "must stand at most once in its object".to_owned());
        }
        Ok(object)
    }

    /// No member.
    pub(crate) const fn empty() -> Self {
        Self(Vec::new())
    }

    /// Its members.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                    // Nobody sends more; comparing each with all others must not take long.
                    if members.len() > MEMBERS_MAX {
                        return Err(serde::de::Error::custom("too many members"));
                    }
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Members of a body that is read this way: a handful are known.
const MEMBERS_MAX: usize = shared::limits::UNKNOWN_NAMES_MAX;

#[cfg(test)]
mod tests {
    use super::Object;
    use shared::Code;

    #[test]
    fn members_come_in_the_order_of_the_document() {
        let object = Object::read(br#"{"b": 1, "a": {"x": [2]}}"#).unwrap();
        assert_eq!(object.members().map(|(name, _)| name).collect::<Vec<_>>(), ["b", "a"]);
    }

    #[test]
    fn what_is_no_object_is_refused_by_name() {
        let many = format!("{{{}}}", (0..65).map(|index| format!("\"{index}\":0")).collect::<Vec<_>>().join(","));
        for (body, code, pointer) in [
            (&b"\xff"[..], Code::InvalidUtf8, ""),
            (b"", Code::NotJson, ""),
            (b"{\"a\":1", Code::NotJson, ""),
            (b"{} {}", Code::NotJson, ""),
            (b"[]", Code::WrongType, ""),
            (b"null", Code::WrongType, ""),
            (b"{\"a/b\":1,\"a/b\":2}", Code::DuplicateMember, "/a~1b"),
            (many.as_bytes(), Code::WrongType, ""),
        ] {
            let refusal = Object::read(body).unwrap_err();
            let [violation] = refusal.violations.as_slice() else { panic!("{refusal:?}") };
            assert_eq!((violation.error_code, violation.pointer.as_str()), (code, pointer), "{body:?}");
        }
    }
}
