//! Reading a small JSON object member by member, so that everything that is wrong with it is said at once, in the order of
//! the document and bounded.
//!
//! Orders have a reader of their own ([`shared::validation`]), which also runs at the edge; this one is for the bodies that
//! change them, report of them and configure the service.

mod findings;
mod first_look;

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use shared::Code;
use shared::ids::MerchantId;
use shared::network::problem::Violation;
use shared::validation::{self, Body};

pub(crate) use self::findings::{Findings, not_known};
use self::first_look::{FirstLook, unreadable_numbers};
use crate::refusal::Refusal;

/// The members of an object, in the order in which they were sent.
#[derive(Debug)]
pub(crate) struct Object(Vec<(String, Value)>);

impl Object {
    /// Reads a body of that merchant, which must be an object. Members that stand twice, in it or in anything that it holds,
    /// are among the findings, which go on with what its members break; a `merchantId`, which every body may have, is read
    /// already.
    pub(crate) fn read(bytes: &[u8], merchant: &MerchantId) -> Result<(Self, Findings), Refusal> {
        // What is no JSON or no object is told in the words in which it is told of an order.
        let verdict = validation::validate(Body::Order, bytes);
        let told = || Err(Refusal::invalid(verdict.violations().map(Into::into).collect()));
        if verdict.violations().any(|violation| violation.code() != Code::TooDeep) {
            return told();
        }
        let first_look = serde_json::from_slice::<FirstLook>(bytes);
        if let Ok(FirstLook { reserved: Some(place), .. }) = &first_look {
            let message = "must have another name".to_owned();
            return Err(Refusal::invalid(vec![Violation::new(Code::InvalidFormat, place.clone(), message, None)]));
        }
        match (first_look, serde_json::from_slice::<Self>(bytes)) {
            (Ok(FirstLook { repeated, omitted, .. }), Ok(object)) => {
                let mut findings = Findings::of(bytes, repeated, omitted);
                Ok((object.without_merchant(merchant, &mut findings), findings))
            }
            (_, Err(error)) if error.is_data() => {
                let message = format!("must have at most {MEMBERS_MAX} members");
                Err(Refusal::invalid(vec![Violation::new(Code::TooMany, String::new(), message, None)]))
            }
            // It nests deeper than orders do, and than can be read.
            _ if verdict.violations().len() > 0 => told(),
            _ => Err(unreadable_numbers(bytes)),
        }
    }

    /// The same of a body that may be left out.
    pub(crate) fn read_optional(bytes: &[u8], merchant: &MerchantId) -> Result<(Self, Findings), Refusal> {
        if bytes.is_empty() { Ok((Self(Vec::new()), Findings::default())) } else { Self::read(bytes, merchant) }
    }

    fn without_merchant(self, merchant: &MerchantId, findings: &mut Findings) -> Self {
        let (named, others) = self.0.into_iter().partition::<Vec<_>, _>(|(name, _)| name == "merchantId");
        for (_, value) in named.iter().filter(|(_, value)| !value.is_null()) {
            findings.merchant(value, merchant);
        }
        Self(others)
    }

    /// Whether a member is there, and not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members().any(|(known, value)| known == name && !value.is_null())
    }

    /// Finds the members missing that must be there.
    pub(crate) fn require(&self, findings: &mut Findings, names: &[&str]) {
        for name in names.iter().filter(|name| !self.has(name)) {
            findings.required(&format!("/{name}"));
        }
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
    use super::{Findings, Object};
    use shared::Code;
    use shared::ids::MerchantId;
    use shared::limits::VIOLATIONS_MAX;

    fn merchant() -> MerchantId {
        MerchantId::parse("b234ee56-7890-4f12-a123-4567890abcde").unwrap()
    }

    #[test]
    fn every_body_may_name_its_merchant_and_no_other() {
        let of = |merchant_id: &str| {
            let body = format!("{{\"merchantId\":{merchant_id},\"a\":1}}");
            let (object, findings) = Object::read(body.as_bytes(), &merchant()).unwrap();
            assert_eq!(object.members().map(|(name, _)| name).collect::<Vec<_>>(), ["a"]);
            findings.settle(true).map(drop).map_err(|refusal| refusal.code)
        };
        for own in ["null", "\"\"", "\"B234EE56-7890-4F12-A123-4567890ABCDE\""] {
            assert_eq!(of(own), Ok(()), "{own}");
        }
        assert_eq!(of("\"c345ff67-8901-4a23-b234-567890abcdef\""), Err(Code::MerchantMismatch));
        assert_eq!(of("7"), Err(Code::ValidationFailed));
    }

    #[test]
    fn members_come_in_the_order_of_the_document() {
        let (object, _) = Object::read(br#"{"b": 1, "a": {"x": [2]}}"#, &merchant()).unwrap();
        assert_eq!(object.members().map(|(name, _)| name).collect::<Vec<_>>(), ["b", "a"]);
    }

    #[test]
    fn findings_are_bounded_and_counted() {
        let mut findings = Findings::default();
        (0..VIOLATIONS_MAX + 5).for_each(|index| findings.required(&format!("/{index}")));
        let refusal = findings.settle(false).unwrap_err();
        assert_eq!(refusal.violations.len(), VIOLATIONS_MAX);
        assert_eq!(refusal.message, "the body breaks 1005 rules, of which 1000 are listed");
        let mut findings = Findings::default();
        (0..VIOLATIONS_MAX + 5).for_each(|index| findings.unknown(&index.to_string(), &[]));
        findings.unknown_in("/a", &"x".repeat(1_000_000), &["b"]);
        assert_eq!(findings.clone().settle(false).unwrap().len(), VIOLATIONS_MAX);
        assert_eq!(findings.settle(true).unwrap_err().violations.len(), VIOLATIONS_MAX);
        let mut findings = Findings::default();
        findings.unknown_in("/a", &"x".repeat(1_000_000), &["b"]);
        findings.unknown_in("/a", "b/c", &["b/d"]);
        let pointers: Vec<String> = findings.settle(false).unwrap().into_iter().map(|found| found.pointer).collect();
        assert_eq!(pointers, ["/a", "/a/b~1c"]);
    }

    #[test]
    fn a_card_number_is_refused_and_never_shown() {
        let mut findings = Findings::default();
        for text in ["4111 1111 1111 1111", "no 4111-1111-1111-1111"] {
            assert!(findings.card_number("/reason", text));
            findings.broken(Code::TooLong, "/reason", "a text of at most 3 characters", &text.into());
            findings.refuse_unknown_in("/a", text, &[]);
        }
        findings.broken(Code::WrongType, "/reason", "a string", &4_111_111_111_111_111_u64.into());
        assert!(!findings.card_number("/reason", "order 4111 1111 1111 1112"));
        let violations = findings.settle(false).unwrap_err().violations;
        assert_eq!(violations.len(), 7);
        for violation in violations {
            assert!(!shared::card::is_in(&violation.error_message), "{violation:?}");
            assert!(violation.attempted_value.is_none() && !violation.pointer.contains("1111"), "{violation:?}");
        }
    }

    #[test]
    fn members_that_stand_twice_are_told_with_all_else() {
        let (object, mut findings) = Object::read(
            br#"{"reason":7,"a/b":1,"x":[{"b":1},{"b":{"c":1,"d":2,"c":3}}],"a/b":2,"a/b":3}"#,
            &merchant(),
        )
        .unwrap();
        findings.required("/orderId");
        for (_, value) in object.members().filter(|(name, _)| *name == "reason") {
            findings.text("/reason", value);
        }
        let violations = findings.settle(false).unwrap_err().violations;
        let found: Vec<_> = violations.iter().map(|found| (found.error_code, found.pointer.as_str())).collect();
        assert_eq!(
            found,
            [
                (Code::WrongType, "/reason"),
                (Code::DuplicateMember, "/a~1b"),
                (Code::DuplicateMember, "/a~1b"),
                (Code::DuplicateMember, "/x/1/b/c"),
                (Code::Required, "/orderId"),
            ]
        );
    }

    #[test]
    fn below_a_name_that_is_not_shown_a_pointer_ends() {
        let long = "n".repeat(600);
        let body = format!("{{\"a\":{{\"{long}\":{{\"b\":1,\"b\":2}},\"b\":5}}}}");
        let (_, findings) = Object::read(body.as_bytes(), &merchant()).unwrap();
        assert_eq!(findings.violations.iter().map(|found| found.pointer.as_str()).collect::<Vec<_>>(), ["/a"]);
        let body = format!("{{\"a\":{{\"{long}\":{{\"b\":1e400}},\"b\":5}}}}");
        let refusal = Object::read(body.as_bytes(), &merchant()).unwrap_err();
        assert_eq!(refusal.violations.iter().map(|found| found.pointer.as_str()).collect::<Vec<_>>(), ["/a"]);
    }

    #[test]
    fn no_text_is_read_as_json() {
        const NAME: &str = "$serde_json::private::RawValue";
        for (body, place) in [
            (format!("{{\"reason\":{{\"{NAME}\":\"7\"}}}}"), format!("/reason/{NAME}")),
            (format!("{{\"a\":[1,{{\"\\u0024{}\":\"[[\"}}]}}", NAME.trim_start_matches('$')), format!("/a/1/{NAME}")),
            (format!("{{\"{NAME}\":\"{{}}\"}}"), format!("/{NAME}")),
        ] {
            let refusal = Object::read(body.as_bytes(), &merchant()).unwrap_err();
            let [violation] = refusal.violations.as_slice() else { panic!("{refusal:?}") };
            assert_eq!((violation.error_code, &violation.pointer), (Code::InvalidFormat, &place), "{body}");
        }
    }

    #[test]
    fn members_that_stand_twice_are_bounded_and_counted() {
        let many = format!("{{\"a\":{{{}\"x\":0}}}}", "\"x\":0,".repeat(VIOLATIONS_MAX + 7));
        let (_, findings) = Object::read(many.as_bytes(), &merchant()).unwrap();
        let refusal = findings.settle(false).unwrap_err();
        assert_eq!(refusal.violations.len(), VIOLATIONS_MAX);
        assert_eq!(refusal.message, "the body breaks 1007 rules, of which 1000 are listed");
    }

    #[test]
    fn what_is_no_object_is_refused_by_name() {
        let many = format!("{{{}}}", (0..65).map(|index| format!("\"{index}\":0")).collect::<Vec<_>>().join(","));
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        for (body, code, pointer) in [
            (&b"\xff"[..], Code::InvalidUtf8, ""),
            (b"", Code::NotJson, ""),
            (b"{\"a\":1", Code::NotJson, ""),
            (b"{} {}", Code::NotJson, ""),
            (b"[]", Code::WrongType, ""),
            (b"null", Code::WrongType, ""),
            (many.as_bytes(), Code::TooMany, ""),
            (b"{\"a\":[1,{\"b\":1e400}]}", Code::OutOfRange, "/a/1/b"),
            (deep.as_bytes(), Code::TooDeep, ""),
        ] {
            let refusal = Object::read(body, &merchant()).unwrap_err();
            let [violation] = refusal.violations.as_slice() else { panic!("{refusal:?}") };
            assert_eq!((violation.error_code, violation.pointer.as_str()), (code, pointer), "{body:?}");
        }
    }
}
