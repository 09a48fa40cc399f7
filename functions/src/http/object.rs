//! Reading a small JSON object member by member, so that everything that is wrong with it is said at once, in the order of
//! the document and bounded.
//!
//! Orders have a reader of their own ([`shared::validation`]), which also runs at the edge; this one is for the bodies that
//! change them, report of them and configure the service.

mod findings;
mod first_look;
mod value;

use shared::Code;
use shared::ids::MerchantId;
use shared::network::problem::Violation;
use shared::validation::{self, Body};

pub(crate) use self::findings::{Findings, not_known};
use self::first_look::FirstLook;
pub(crate) use self::value::{Members, Value};
use crate::refusal::Refusal;

/// Reads a body of that merchant, which must be an object. Members that stand twice, in it or in anything that it holds,
/// are among the findings, which go on with what its members break; a `merchantId`, which every body may have, is read
/// already.
pub(crate) fn read<'b>(bytes: &'b [u8], merchant: &MerchantId) -> Result<(Members<'b>, Findings), Refusal> {
    // What is no JSON or no object is told in the words in which it is told of an order.
    let verdict = validation::validate(Body::Order, bytes);
    let told = || Refusal::invalid(verdict.violations().map(Into::into).collect());
    // A foreign body may nest deeper than orders do; what cannot be looked at for that is told as an order is.
    if verdict.violations().any(|violation| violation.code() != Code::TooDeep) {
        return Err(told());
    }
    let body: Value<'b> = serde_json::from_slice(bytes).map_err(|_| told())?;
    let FirstLook { repeated, omitted, reserved } = FirstLook::at(body).map_err(|_| told())?;
    if let Some(place) = reserved {
        let message = "must have another name".to_owned();
        return Err(Refusal::invalid(vec![Violation::new(Code::InvalidFormat, place, message, None)]));
    }
    let mut findings = Findings::of(repeated, omitted);
    let Some(mut members) = findings.object("", body) else {
        return Err(findings.settle(false).err().unwrap_or_else(told));
    };
    for value in members.remove(MERCHANT).into_iter().filter(|value| !value.is_null()) {
        findings.merchant(value, merchant);
    }
    Ok((members, findings))
}

/// The same of a body that may be left out.
pub(crate) fn read_optional<'b>(bytes: &'b [u8], merchant: &MerchantId) -> Result<(Members<'b>, Findings), Refusal> {
    if bytes.is_empty() { Ok((Members::none(), Findings::default())) } else { read(bytes, merchant) }
}

/// The member that every body may have.
const MERCHANT: &str = "merchantId";
/// Members of an object that is read this way: a handful are known.
const MEMBERS_MAX: usize = shared::limits::UNKNOWN_NAMES_MAX;

#[cfg(test)]
mod tests {
    use super::{Findings, Members, Value, read};
    use crate::refusal::Refusal;
    use shared::Code;
    use shared::ids::MerchantId;
    use shared::limits::VIOLATIONS_MAX;

    fn merchant() -> MerchantId {
        MerchantId::parse("b234ee56-7890-4f12-a123-4567890abcde").unwrap()
    }

    fn of(body: &str) -> (Members<'_>, Findings) {
        read(body.as_bytes(), &merchant()).unwrap()
    }

    fn places(refusal: &Refusal) -> Vec<(Code, &str)> {
        refusal.violations.iter().map(|found| (found.error_code, found.pointer.as_str())).collect()
    }

    #[test]
    fn every_body_may_name_its_merchant_and_no_other() {
        let of = |merchant_id: &str| {
            let body = format!("{{\"merchantId\":{merchant_id},\"a\":1}}");
            let (members, findings) = of(&body);
            assert_eq!(members.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a"]);
            findings.settle(true).map(drop).map_err(|refusal| refusal.code)
        };
        for own in ["null", "\"\"", "\"B234EE56-7890-4F12-A123-4567890ABCDE\""] {
            assert_eq!(of(own), Ok(()), "{own}");
        }
        assert_eq!(of("\"c345ff67-8901-4a23-b234-567890abcdef\""), Err(Code::MerchantMismatch));
        assert_eq!(of("7"), Err(Code::ValidationFailed));
    }

    #[test]
    fn findings_are_told_in_the_order_of_the_document_bounded_and_counted() {
        let numbers: Vec<String> = (0..VIOLATIONS_MAX + 5).map(|number| number.to_string()).collect();
        let body = format!("{{\"a\": [{}], \"b\": 1, \"z\": 1, \"z\": 2}}", numbers.join(","));
        let (members, mut findings) = of(&body);
        findings.require("", &members, &["c"]);
        findings.text("/b", members.get("b").unwrap());
        let entries = members.get("a").unwrap().entries().unwrap();
        for (index, entry) in entries.into_iter().enumerate().rev() {
            findings.text(&format!("/a/{index}"), entry);
        }
        let refusal = findings.settle(false).unwrap_err();
        assert_eq!(refusal.message, "the body breaks 1008 rules, of which 1000 are listed");
        let expected: Vec<String> = (0..VIOLATIONS_MAX).map(|index| format!("/a/{index}")).collect();
        assert_eq!(
            refusal.violations.iter().map(|found| &found.pointer).collect::<Vec<_>>(),
            expected.iter().collect::<Vec<_>>()
        );
    }

    #[test]
    fn warnings_are_bounded_and_end_above_a_name_that_is_not_shown() {
        let rows = vec![format!("{{\"{}\":1}}", "x".repeat(1_000)); VIOLATIONS_MAX + 5].join(",");
        let body = format!("{{\"a\": [{rows}]}}");
        let (members, mut findings) = of(&body);
        for entry in members.get("a").unwrap().entries().unwrap() {
            let row = findings.object("/a", entry).unwrap();
            row.iter().for_each(|member| findings.unknown("/a", member, &["b"]));
        }
        let warnings = findings.clone().settle(false).unwrap();
        assert_eq!((warnings.len(), warnings[0].pointer.as_str()), (VIOLATIONS_MAX, "/a"));
        assert_eq!(findings.settle(true).unwrap_err().violations.len(), VIOLATIONS_MAX);
        let (members, mut findings) = of("{\"b/c\":1}");
        members.iter().for_each(|member| findings.unknown("/a", member, &["b/d"]));
        assert_eq!(findings.settle(false).unwrap()[0].pointer, "/a/b~1c");
    }

    #[test]
    fn a_card_number_is_refused_and_never_shown() {
        let body = r#"{"a": "4111 1111 1111 1111", "b": "no \u0034111-1111-1111-1111", "c": 4111111111111111, "d": "order 4111 1111 1111 1112", "4111 1111 1111 1111": 1}"#;
        let (members, mut findings) = of(body);
        assert!(!findings.card_number("/d", members.get("d").unwrap()));
        for name in ["a", "b", "c"] {
            let value = members.get(name).unwrap();
            assert!(findings.card_number("/reason", value), "{name}");
            findings.broken(Code::TooLong, "/reason", "a text of at most 3 characters", value);
        }
        members.iter().for_each(|member| findings.refuse_unknown("/a", member, &[]));
        let violations = findings.settle(false).unwrap_err().violations;
        assert_eq!(violations.len(), 11);
        for violation in violations {
            assert!(!shared::card::is_in(&violation.error_message), "{violation:?}");
            assert!(violation.attempted_value.is_none() && !violation.pointer.contains("1111"), "{violation:?}");
        }
    }

    #[test]
    fn members_that_stand_twice_are_told_with_all_else() {
        let (members, mut findings) =
            of(r#"{"reason":7,"a/b":1,"x":[{"b":1},{"b":{"c":1,"d":2,"c":3}}],"a/b":2,"a/b":3}"#);
        findings.require("", &members, &["orderId"]);
        findings.text("/reason", members.get("reason").unwrap());
        let refusal = findings.settle(false).unwrap_err();
        assert_eq!(
            places(&refusal),
            [
                (Code::WrongType, "/reason"),
                (Code::DuplicateMember, "/x/1/b/c"),
                (Code::DuplicateMember, "/a~1b"),
                (Code::DuplicateMember, "/a~1b"),
                (Code::Required, "/orderId"),
            ]
        );
    }

    #[test]
    fn below_a_name_that_is_not_shown_a_pointer_ends() {
        let body = format!("{{\"a\":{{\"{}\":{{\"b\":1,\"b\":2}},\"b\":5}}}}", "n".repeat(600));
        assert_eq!(places(&of(&body).1.settle(false).unwrap_err()), [(Code::DuplicateMember, "/a")]);
    }

    #[test]
    fn no_text_is_read_as_json() {
        const NAME: &str = "$serde_json::private::RawValue";
        for (body, place) in [
            (format!("{{\"reason\":{{\"{NAME}\":\"7\"}}}}"), format!("/reason/{NAME}")),
            (format!("{{\"a\":[1,{{\"\\u0024{}\":\"[[\"}}]}}", NAME.trim_start_matches('$')), format!("/a/1/{NAME}")),
            (format!("{{\"{NAME}\":\"{{}}\"}}"), format!("/{NAME}")),
        ] {
            let refusal = read(body.as_bytes(), &merchant()).unwrap_err();
            assert_eq!(places(&refusal), [(Code::InvalidFormat, place.as_str())], "{body}");
        }
    }

    #[test]
    fn members_that_stand_twice_are_bounded_and_counted() {
        let many = format!("{{\"a\":{{{}\"x\":0}}}}", "\"x\":0,".repeat(VIOLATIONS_MAX + 7));
        let refusal = of(&many).1.settle(false).unwrap_err();
        assert_eq!(refusal.violations.len(), VIOLATIONS_MAX);
        assert_eq!(refusal.message, "the body breaks 1007 rules, of which 1000 are listed");
    }

    #[test]
    fn what_is_no_object_is_refused_by_name() {
        let many = format!("{{{}}}", (0..65).map(|index| format!("\"{index}\":0")).collect::<Vec<_>>().join(","));
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        let surrogate = format!("{{\"a\":{}\"\\ud800\"{}}}", "[".repeat(40), "]".repeat(40));
        for (body, code) in [
            (&b"\xff"[..], Code::InvalidUtf8),
            (b"", Code::NotJson),
            (b"{\"a\":1", Code::NotJson),
            (b"{} {}", Code::NotJson),
            (b"{\"a\":\"\\ud800\"}", Code::NotJson),
            (b"[]", Code::WrongType),
            (b"null", Code::WrongType),
            (many.as_bytes(), Code::TooMany),
            (deep.as_bytes(), Code::TooDeep),
            (surrogate.as_bytes(), Code::TooDeep),
        ] {
            let refusal = read(body, &merchant()).unwrap_err();
            assert_eq!(places(&refusal), [(code, "")], "{body:?}");
        }
    }

    #[test]
    fn a_value_is_what_was_written() {
        let deep = format!("{}1e400{}", "[".repeat(60), "]".repeat(60));
        let body = format!("{{\"a\": 1.50, \"b\": 1e400, \"c\": -7, \"d\": \"\\u00e9\", \"e\": {deep}}}");
        let (members, findings) = of(&body);
        findings.settle(true).unwrap();
        let value = |name: &str| members.get(name).unwrap();
        assert_eq!(["a", "b", "e"].map(|name| value(name).json()), ["1.50", "1e400", &deep]);
        assert_eq!((value("c").integer(), value("a").integer(), value("d").integer()), (Some(-7), None, None));
        assert_eq!((value("d").text().as_deref(), value("a").text()), (Some("é"), None));
        assert!(value("b").is_number() && value("c").is_number() && !value("d").is_number());
        assert_eq!(value("a").flag(), None);
        assert!(value("a").members().is_none() && value("a").entries().is_none());
    }

    #[test]
    fn an_object_in_a_body_has_so_many_members_at_most() {
        let body = |count: usize| {
            let members: Vec<String> = (0..count).map(|index| format!("\"{index}\":0")).collect();
            format!("{{\"a\":{{{}}}}}", members.join(","))
        };
        let object = |body: &str| {
            let (members, mut findings) = of(body);
            let value: Value<'_> = members.get("a").unwrap();
            (findings.object("/a", value).is_some(), findings.settle(false).is_ok())
        };
        assert_eq!(object(&body(super::MEMBERS_MAX)), (true, true));
        assert_eq!(object(&body(super::MEMBERS_MAX + 1)), (false, false));
    }
}
