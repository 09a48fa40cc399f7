//! Reading a small JSON object member by member, so that everything that is wrong with it is said at once, in the order of
//! the document and bounded.
//!
//! Orders have a reader of their own ([`shared::validation`]), which also runs at the edge; this one is for the bodies that
//! change them, report of them and configure the service.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use shared::ids::MerchantId;
use shared::limits::{POINTER_NAME_BYTES_MAX, VIOLATIONS_MAX};
use shared::network::merge::Members;
use shared::network::problem::{Violation, in_document_order};
use shared::network::reference_token::escaped;
use shared::validation::{self, Body};
use shared::{Code, card};

use crate::refusal::Refusal;

/// What is noticed while a body is read: so many of each kind are listed, the others are counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    pub(crate) violations: Vec<Violation>,
    pub(crate) warnings: Vec<Violation>,
    /// Violations that are not listed.
    omitted: usize,
    /// What is said of a body in the name of another merchant, once no rule is broken.
    another_merchant: Option<Box<Refusal>>,
    /// The body: what was found in it is told in its order.
    document: String,
}

impl Findings {
    fn of(repeated: Repeated, bytes: &[u8]) -> Self {
        let document = String::from_utf8_lossy(bytes).into_owned();
        let mut findings = Self { omitted: repeated.omitted, document, ..Self::default() };
        for pointer in repeated.pointers {
            let message = "must stand at most once in its object".to_owned();
            findings.add(Violation::new(Code::DuplicateMember, pointer, message, None));
        }
        findings
    }

    /// A rule that the value at `pointer` breaks: "must be …".
    pub(crate) fn broken(&mut self, code: Code, pointer: &str, rule: &str, value: &Value) {
        self.add(Violation::must_be(code, pointer.to_owned(), rule, &value.to_string()));
    }

    /// A violation in words of its own.
    pub(crate) fn add(&mut self, violation: Violation) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(violation);
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }

    /// A member that must be there.
    pub(crate) fn required(&mut self, pointer: &str) {
        self.add(Violation::new(Code::Required, pointer.to_owned(), "is required".to_owned(), None));
    }

    /// A member of the body itself that is none of those that are known.
    pub(crate) fn unknown(&mut self, name: &str, known: &[&str]) {
        self.unknown_in("", name, known);
    }

    /// The same of the object at `parent`.
    pub(crate) fn unknown_in(&mut self, parent: &str, name: &str, known: &[&str]) {
        self.ignored(member(parent, name), &not_known(name, known));
    }

    /// A member that was read and does nothing; `why` says so after its name.
    pub(crate) fn ignored(&mut self, pointer: String, why: &str) {
        if self.warnings.len() < VIOLATIONS_MAX {
            self.warnings.push(Violation::new(Code::UnknownMember, pointer, why.to_owned(), None));
        }
    }

    /// The same where ignoring it would do something else than what was asked for.
    pub(crate) fn refuse_unknown_in(&mut self, parent: &str, name: &str, known: &[&str]) {
        self.add(Violation::new(Code::UnknownMember, member(parent, name), not_known(name, known), None));
    }

    /// The member `merchantId`, which must name the merchant whose the credentials are.
    fn merchant(&mut self, value: &Value, merchant: &MerchantId) {
        let Some(named) = self.text("/merchantId", value) else { return };
        self.another_merchant = Refusal::unless_own(merchant, named).err().map(Box::new);
    }

    /// The warnings, unless there is a violation; `strict` makes every warning one.
    pub(crate) fn settle(mut self, strict: bool) -> Result<Vec<Violation>, Refusal> {
        if strict {
            std::mem::take(&mut self.warnings).into_iter().for_each(|warning| self.add(warning));
        }
        if !(self.violations.is_empty() && self.warnings.is_empty()) {
            let document = Members::read(&self.document).unwrap_or_default();
            in_document_order(&document, &mut self.violations);
            in_document_order(&document, &mut self.warnings);
        }
        if self.violations.is_empty() {
            return self.another_merchant.map_or(Ok(self.warnings), |refusal| Err(*refusal));
        }
        Err(Refusal::invalid_beyond(self.violations, self.omitted))
    }

    /// A string; `rule` says what is asked for when it is none.
    pub(crate) fn text<'v>(&mut self, pointer: &str, value: &'v Value) -> Option<&'v str> {
        if value.is_string() {
            return value.as_str();
        }
        self.broken(Code::WrongType, pointer, "a string", value);
        None
    }

    /// Whether a card number stands in a text of people, which is a violation that shows nothing of it.
    pub(crate) fn card_number(&mut self, pointer: &str, text: &str) -> bool {
        let found = card::is_in(text);
        if found {
            let message = "must hold no card number".to_owned();
            self.add(Violation::new(Code::CardNumber, pointer.to_owned(), message, None));
        }
        found
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

/// What is said of a name that is not known: the nearest one that is, if there is one.
pub(crate) fn not_known(name: &str, known: &[&str]) -> String {
    match validation::nearest_of(name, known.iter().copied()) {
        Some(nearest) => format!("is not known; did you mean `{nearest}`"),
        None => "is not known".to_owned(),
    }
}

/// The pointer of a member; that of its object, where the name is too long to be shown or holds a card number.
fn member(parent: &str, name: &str) -> String {
    if name.len() > POINTER_NAME_BYTES_MAX || card::is_in(name) {
        return parent.to_owned();
    }
    format!("{parent}/{}", escaped(name))
}

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
        let repeated = serde_json::from_slice::<Repeated>(bytes);
        if let Ok(Repeated { reserved: Some(place), .. }) = &repeated {
            let message = "must have another name".to_owned();
            return Err(Refusal::invalid(vec![Violation::new(Code::InvalidFormat, place.clone(), message, None)]));
        }
        match (repeated, serde_json::from_slice::<Self>(bytes)) {
            (Ok(repeated), Ok(object)) => {
                let mut findings = Findings::of(repeated, bytes);
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

    /// The same of a body that may be left out.
    pub(crate) fn read_optional(bytes: &[u8], merchant: &MerchantId) -> Result<(Self, Findings), Refusal> {
        if bytes.is_empty() { Ok((Self(Vec::new()), Findings::default())) } else { Self::read(bytes, merchant) }
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

/// Numbers that are none of a binary float, by their places.
fn unreadable_numbers(bytes: &[u8]) -> Refusal {
    let mut found = Findings::default();
    if let Ok(body) = serde_json::from_slice::<&RawValue>(bytes) {
        find_unreadable_numbers("", body, &mut found);
    }
    found.settle(false).err().unwrap_or_else(|| Refusal::rule(Code::NotJson))
}

fn find_unreadable_numbers(place: &str, value: &RawValue, found: &mut Findings) {
    if let Some(members) = Members::read(value.get()) {
        members.iter().for_each(|(name, value)| find_unreadable_numbers(&member(place, name), value, found));
    } else if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(value.get()) {
        for (index, value) in elements.into_iter().enumerate() {
            find_unreadable_numbers(&format!("{place}/{index}"), value, found);
        }
    } else if serde_json::from_str::<Value>(value.get()).is_err() {
        found.add(Violation::must_be(Code::OutOfRange, place.to_owned(), "a number below 1e308", value.get()));
    }
}

/// The pointers of members that stand twice in their objects, as far as they are listed.
#[derive(Default)]
struct Repeated {
    pointers: Vec<String>,
    omitted: usize,
    /// Where a member has the [`RESERVED`] name.
    reserved: Option<String>,
}

/// A value behind this name is no text to `serde_json`, but JSON that it reads in its turn, without a limit of depth: it
/// would pass every check that was made of a text.
const RESERVED: &str = "$serde_json::private::RawValue";

impl Repeated {
    fn add(&mut self, pointer: String) {
        if self.pointers.len() < VIOLATIONS_MAX {
            self.pointers.push(pointer);
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }

    /// Those of a value at a place.
    fn add_within(&mut self, place: &str, within: Self) {
        if self.reserved.is_none() {
            self.reserved = within.reserved.map(|pointer| format!("{place}{pointer}"));
        }
        within.pointers.iter().for_each(|pointer| self.add(format!("{place}{pointer}")));
        self.omitted = self.omitted.saturating_add(within.omitted);
    }
}

impl<'de> Deserialize<'de> for Repeated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;
        impl<'de> Visitor<'de> for Anything {
            type Value = Repeated;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Repeated, A::Error> {
                let (mut names, mut found) = (BTreeSet::new(), Repeated::default());
                while let Some((name, within)) = map.next_entry::<String, Repeated>()? {
                    let place = member("", &name);
                    found.add_within(&place, within);
                    if name == RESERVED && found.reserved.is_none() {
                        found.reserved = Some(place.clone());
                    }
                    if !names.insert(name) {
                        found.add(place);
                    }
                }
                Ok(found)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Repeated, A::Error> {
                let (mut index, mut found) = (0_usize, Repeated::default());
                while let Some(within) = entries.next_element()? {
                    found.add_within(&format!("/{index}"), within);
                    index = index.saturating_add(1);
                }
                Ok(found)
            }

            fn visit_unit<E>(self) -> Result<Repeated, E> {
                Ok(Repeated::default())
            }

            fn visit_bool<E>(self, _: bool) -> Result<Repeated, E> {
                Ok(Repeated::default())
            }

            fn visit_i64<E>(self, _: i64) -> Result<Repeated, E> {
                Ok(Repeated::default())
            }

            fn visit_u64<E>(self, _: u64) -> Result<Repeated, E> {
                Ok(Repeated::default())
            }

            fn visit_f64<E>(self, _: f64) -> Result<Repeated, E> {
                Ok(Repeated::default())
            }

            fn visit_str<E>(self, _: &str) -> Result<Repeated, E> {
                Ok(Repeated::default())
            }
        }
        deserializer.deserialize_any(Anything)
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
