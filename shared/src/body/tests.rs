//! What the tables say of bodies, one by one.

use serde_json::{Value, json};

use super::RequestBody;
use super::change::{Cancel, Nothing};
use super::inbound::{InboundOrder, PutTransformation};
use super::note::{CreateNote, ReplaceNote};
use super::refund::AddRefunds;
use super::report::ReportProgress;
use super::subscription::{CreateSubscription, PatchSubscription, RotateSecret};
use crate::Code;
use crate::order_network::transform::Transformation;
use crate::time::Timestamp;
use crate::validation::{Context, Wrong};

const CARD: &str = "4111 1111 1111 1111";

fn destination(url: &str) -> Result<(), Wrong> {
    let wrong = Wrong { code: Code::InvalidFormat, rule: "an https URL" };
    if url.starts_with("https://") { Ok(()) } else { Err(wrong) }
}

/// Codes and places of the violations, and of the warnings.
fn found<T: RequestBody>(text: &str) -> [Vec<(Code, String)>; 2] {
    let context = Context { now: Timestamp::from_milliseconds(1_700_000_000_000), destination };
    let verdict = T::validate(text.as_bytes(), &context);
    let of_order = verdict.orders().flat_map(|order| order.violations());
    let violations = verdict.violations().chain(of_order).map(|found| (found.code(), found.pointer().to_owned()));
    let warnings = verdict.orders().flat_map(|order| order.warnings());
    let warnings = warnings.map(|found| (found.code(), found.pointer().to_owned())).collect();
    let violations: Vec<_> = violations.collect();
    // Whatever is valid can be read.
    assert!(!violations.is_empty() || serde_json::from_str::<T>(text).is_ok(), "{text}");
    [violations, warnings]
}

fn broken<T: RequestBody>(body: &Value) -> Vec<(Code, String)> {
    found::<T>(&body.to_string())[0].clone()
}

fn expected(all: &[(Code, &str)]) -> Vec<(Code, String)> {
    all.iter().map(|(code, pointer)| (*code, (*pointer).to_owned())).collect()
}

#[test]
fn a_note_has_every_violation_at_once() {
    assert_eq!(broken::<CreateNote>(&json!({})), expected(&[(Code::Required, "/resource"), (Code::Required, "/text")]));
    let body = format!(
        r#"{{"author": {{"id": "", "name": "{}"}}, "format": "Html", "isInternal": "no",
            "resource": {{"type": "Invoice"}}, "text": 5, "unknown": 1}}"#,
        "x".repeat(201)
    );
    let [violations, warnings] = found::<CreateNote>(&body);
    assert_eq!(
        violations,
        expected(&[
            (Code::TooShort, "/author/id"),
            (Code::TooLong, "/author/name"),
            (Code::InvalidFormat, "/format"),
            (Code::WrongType, "/isInternal"),
            (Code::InvalidFormat, "/resource/type"),
            (Code::Required, "/resource/id"),
            (Code::WrongType, "/text"),
        ])
    );
    assert_eq!(warnings, expected(&[(Code::UnknownMember, "/unknown")]));
    let text = |text: &str| broken::<CreateNote>(&json!({"resource": {"type": "Product", "id": "p"}, "text": text}));
    for (sent, code) in [
        ("", Code::TooShort),
        (" \n\t", Code::TooShort),
        (&"é".repeat(10_001), Code::TooLong),
        ("a\u{7}", Code::ControlCharacter),
        (CARD, Code::CardNumber),
    ] {
        assert_eq!(text(sent), expected(&[(code, "/text")]), "{sent}");
    }
    for sent in ["x", " x\n\ty ", &"é".repeat(10_000)] {
        assert_eq!(text(sent), []);
    }
}

#[test]
fn a_note_may_be_sent_back_as_it_was_read() {
    let body = json!({
        "id": "n", "resource": {"type": "Product", "id": "p"}, "text": "a", "format": "Markdown", "isInternal": true,
        "author": {"id": "u", "name": "Ada"}, "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "x",
    });
    assert_eq!(found::<ReplaceNote>(&body.to_string()), [[], []]);
    let read: ReplaceNote = serde_json::from_value(body).unwrap();
    assert_eq!((read.id.as_deref(), read.author.unwrap().name.as_str()), (Some("n"), "Ada"));
}

#[test]
fn every_body_may_name_its_merchant_and_repeats_no_member() {
    let merchant = "b234ee56-7890-4f12-a123-4567890abcde";
    for own in ["null", "\"\"", &format!("\"{}\"", merchant.to_uppercase())] {
        assert_eq!(found::<Nothing>(&format!("{{\"merchantId\": {own}}}")), [[], []], "{own}");
    }
    assert_eq!(broken::<Nothing>(&json!({"merchantId": 7})), expected(&[(Code::WrongType, "/merchantId")]));
    let body = r#"{"reason": 7, "items": [{"itemId": "a", "itemId": "b"}], "reason": "x"}"#;
    assert_eq!(
        found::<Cancel>(body)[0],
        expected(&[
            (Code::WrongType, "/reason"),
            (Code::DuplicateMember, "/items/0/itemId"),
            (Code::DuplicateMember, "/reason"),
        ])
    );
}

#[test]
fn misspelt_members_of_a_cancel_or_a_refund_are_violations() {
    let body = json!({"itmes": [{}], "reason": "x"});
    assert_eq!(broken::<Cancel>(&body), expected(&[(Code::UnknownMember, "/itmes")]));
    let row = json!({"amount": 0, "isShippingrefund": true, "itemId": "a", "reason": "x"});
    assert_eq!(
        broken::<AddRefunds>(&json!({"orderId": "o", "refunds": [row]})),
        expected(&[(Code::OutOfRange, "/refunds/0/amount"), (Code::UnknownMember, "/refunds/0/isShippingrefund")])
    );
    for (amount, code) in [
        ("-1", Some(Code::OutOfRange)),
        ("1000000000000", Some(Code::OutOfRange)),
        ("0.00001", Some(Code::TooManyDecimals)),
        ("\"x\"", Some(Code::InvalidFormat)),
        ("true", Some(Code::WrongType)),
        ("\"0.0001\"", None),
        ("999999999999.9999", None),
    ] {
        let body = format!(r#"{{"orderId": "o", "refunds": [{{"itemId": "i", "amount": {amount}, "reason": "r"}}]}}"#);
        let violations = code.map(|code| (code, "/refunds/0/amount".to_owned()));
        assert_eq!(found::<AddRefunds>(&body)[0], Vec::from_iter(violations), "{amount}");
    }
}

#[test]
fn a_report_fits_its_status() {
    let codes = |body: &Value| found::<ReportProgress>(&body.to_string());
    for status in [json!(3), json!("Shipped"), json!(5)] {
        assert_eq!(codes(&json!({"shipmentStatus": status})), [[], []]);
    }
    assert_eq!(broken::<ReportProgress>(&json!({"shipmentStatus": 6})), expected(&[(Code::Required, "/reason")]));
    for status in [json!(2), json!("4"), json!("rejected"), json!(4.0)] {
        let found = broken::<ReportProgress>(&json!({"shipmentStatus": status}));
        assert_eq!(found, expected(&[(Code::InvalidFormat, "/shipmentStatus")]), "{status}");
    }
    let [violations, warnings] = codes(&json!({"packages": [], "reason": "r", "shipmentStatus": 3}));
    assert_eq!(violations, []);
    assert_eq!(warnings, expected(&[(Code::UnknownMember, "/packages"), (Code::UnknownMember, "/reason")]));
    let package = |member: &str, value: Value| {
        broken::<ReportProgress>(&json!({"packages": [{member: value}], "shipmentStatus": 4}))
    };
    for (member, value, code) in [
        ("shippedDate", json!("yesterday"), Code::InvalidFormat),
        ("shippedDate", json!("1970-01-01T00:00:00Z"), Code::OutOfRange),
        ("shippedDate", json!("2036-01-01T00:00:00Z"), Code::OutOfRange),
        ("carrierLink", json!("javascript:alert(1)"), Code::InvalidFormat),
        ("carrierName", json!(CARD), Code::CardNumber),
        ("orderItemIDs", json!([]), Code::TooFew),
    ] {
        assert_eq!(package(member, value), expected(&[(code, &format!("/packages/0/{member}"))]), "{member}");
    }
    assert_eq!(package("carrierTrackingNumber", json!(CARD)), []);
}

#[test]
fn a_subscription_names_where_and_what() {
    let body =
        r#"{"isEnabled": 1, "events": ["OrderCreation", "x", 2], "description": "\u0007", "url": "http://a.com"}"#;
    assert_eq!(
        found::<CreateSubscription>(body)[0],
        expected(&[
            (Code::WrongType, "/isEnabled"),
            (Code::InvalidFormat, "/events/1"),
            (Code::WrongType, "/events/2"),
            (Code::ControlCharacter, "/description"),
            (Code::InvalidFormat, "/url"),
        ])
    );
    let none = json!({"events": [], "url": null});
    assert_eq!(broken::<CreateSubscription>(&none), expected(&[(Code::TooFew, "/events"), (Code::Required, "/url")]));
}

#[test]
fn a_patch_can_only_clear_the_description() {
    let read: PatchSubscription = serde_json::from_value(json!({"description": null})).unwrap();
    assert_eq!((read.description, read.url, read.is_enabled), (Some(None), None, None));
    assert_eq!(serde_json::from_value::<PatchSubscription>(json!({})).unwrap().description, None);
    assert_eq!(found::<PatchSubscription>(r#"{"description": null}"#), [[], []]);
    let found = broken::<PatchSubscription>(&json!({"isEnabled": null, "url": null}));
    assert_eq!(found, expected(&[(Code::Required, "/isEnabled"), (Code::Required, "/url")]));
    // Nothing that a client sends empty is dropped without a word.
    assert_eq!(broken::<PatchSubscription>(&json!({"url": "", "events": "", "isEnabled": ""})).len(), 3);
    for body in [r#"{"reason": "r", "items": ""}"#, r#"{"reason": "r", "items": [{"itemId": "i", "quantity": ""}]}"#] {
        assert_eq!(self::found::<Cancel>(body)[0].len(), 1, "{body}");
    }
    // serde_json reads it as a float.
    assert_eq!(self::found::<RotateSecret>(r#"{"overlapSeconds": -0}"#), [[], []]);
    assert_eq!(serde_json::from_str::<RotateSecret>(r#"{"overlapSeconds": -0}"#).unwrap().overlap_seconds, Some(0));
    for (seconds, code) in [("604801", Code::OutOfRange), ("-1", Code::OutOfRange), ("\"1\"", Code::WrongType)] {
        let body = format!("{{\"overlapSeconds\": {seconds}}}");
        assert_eq!(self::found::<RotateSecret>(&body)[0], expected(&[(code, "/overlapSeconds")]));
    }
}

#[test]
fn a_transformation_has_every_violation_at_once() {
    let body = json!({"name": "", "rules": [
        {"to": "/a", "from": "/b", "default": 1, "as": "string"},
        {"to": "a", "from": 1, "defualt": 1},
        {"from": "/a"},
        {"to": "/a", "from": "/*"},
        {"to": "/a", "as": "text", "from": "/b"},
        7,
        {"to": "/a"},
        {"to": "/items/x/sku", "constant": 1},
    ]});
    assert_eq!(
        broken::<PutTransformation>(&body),
        expected(&[
            (Code::TooShort, "/name"),
            (Code::UnknownMember, "/rules/1/defualt"),
            (Code::WrongType, "/rules/1/from"),
            (Code::InvalidFormat, "/rules/1/to"),
            (Code::Required, "/rules/2/to"),
            (Code::InvalidFormat, "/rules/3"),
            (Code::InvalidFormat, "/rules/4/as"),
            (Code::WrongType, "/rules/5"),
            (Code::InvalidFormat, "/rules/6"),
            (Code::InvalidFormat, "/rules/7/to"),
        ])
    );
    let rule = |to: &str| json!({"to": to, "constant": CARD});
    let body = json!({"name": "n", "rules": [rule("/meta/card"), rule("/externalId"), rule("/itmes/0")]});
    let [violations, warnings] = found::<PutTransformation>(&body.to_string());
    assert_eq!(violations, expected(&[(Code::CardNumber, "/rules/0/constant")]));
    assert_eq!(warnings, expected(&[(Code::UnknownMember, "/rules/2/to")]));
    for (rules, code) in [
        (json!([]), Code::TooFew),
        (json!(vec![json!({"to": "", "from": ""}); 201]), Code::TooMany),
        (
            json!([{"to": "", "constant": "x".repeat(40_000)}, {"to": "", "constant": "x".repeat(40_000)}]),
            Code::PayloadTooLarge,
        ),
    ] {
        let body = json!({"name": "n", "rules": rules});
        assert_eq!(broken::<PutTransformation>(&body), expected(&[(code, "/rules")]));
    }
}

#[test]
fn members_are_checked_against_each_other_even_if_one_is_invalid() {
    let rules = |rule: serde_json::Value| broken::<PutTransformation>(&json!({"name": "n", "rules": [rule]}));
    let format = |places: &[&'static str]| {
        expected(&places.iter().map(|place| (Code::InvalidFormat, *place)).collect::<Vec<_>>())
    };
    assert_eq!(rules(json!({"to": "x"})), format(&["/rules/0", "/rules/0/to"]));
    assert_eq!(rules(json!({"to": "/a", "from": "x", "constant": 1})), format(&["/rules/0", "/rules/0/from"]));
    // Wildcards that may be wrong are not compared.
    assert_eq!(rules(json!({"to": "/items/*/sku", "from": "*"})), format(&["/rules/0/from"]));
    assert_eq!(rules(json!({"to": "*", "from": "/a/*"})), format(&["/rules/0/to"]));
    // The target is checked whatever the source is.
    assert_eq!(rules(json!({"to": "/items/x/sku", "from": "x"})), format(&["/rules/0/from", "/rules/0/to"]));
    assert_eq!(rules(json!({"to": "/items/x/sku"})), format(&["/rules/0", "/rules/0/to"]));
    let card = json!({"to": "/shippingAddress/line1", "from": "x", "default": "4111 1111 1111 1111"});
    assert_eq!(
        rules(card),
        expected(&[(Code::CardNumber, "/rules/0/default"), (Code::InvalidFormat, "/rules/0/from")])
    );
    // A violation inside a member does not hide one of the member.
    let mut many = vec![json!({"to": "/a", "constant": "x".repeat(1_000)}); 70];
    many.push(json!({"to": "/shippingAddress/line1", "constant": "4111 1111 1111 1111"}));
    let both = json!({"name": "n", "rules": many});
    let places = [(Code::PayloadTooLarge, "/rules"), (Code::CardNumber, "/rules/70/constant")];
    assert_eq!(broken::<PutTransformation>(&both), expected(&places));
    // Arrays that are too long are not read.
    let report = json!({"shipmentStatus": 6, "packages": vec![json!({}); 2_000]});
    assert_eq!(broken::<ReportProgress>(&report), expected(&[(Code::TooMany, "/packages")]));
    // What cannot be read is not checked, and no more than one violation is at one place.
    assert_eq!(rules(json!({"to": 1})), expected(&[(Code::WrongType, "/rules/0/to")]));
    let link = format!("ftp://x/{}", "\u{1F4E6}".repeat(150));
    let report = json!({"shipmentStatus": 4, "packages": [{"carrierLink": link}]});
    assert_eq!(broken::<ReportProgress>(&report), format(&["/packages/0/carrierLink"]));
    let report = json!({"shipmentStatus": 6, "packages": [{"carrierLink": "x"}]});
    let places = [(Code::InvalidFormat, "/packages/0/carrierLink"), (Code::Required, "/reason")];
    assert_eq!(broken::<ReportProgress>(&report), expected(&places));
    // JSON inside a string, which serde_json would read to any depth, is found before it is read.
    let hidden = json!({"to": "x", "constant": {"$serde_json::private::RawValue": "[".repeat(100_000)}});
    let found = rules(hidden);
    assert!(found.iter().any(|(_, place)| place.starts_with("/rules/0/constant/")), "{found:?}");
    assert!(found.iter().all(|(_, place)| place != "/rules/0"), "{found:?}");
}

#[test]
fn constants_keep_their_digits() {
    let body = r#"{"name": "n", "rules": [{"to": "/a", "constant": 1.500000000000000000000000001}, {"to": "/b", "constant": ""}]}"#;
    assert_eq!(found::<PutTransformation>(body)[0], []);
    let read: PutTransformation = serde_json::from_str(body).unwrap();
    let stored = serde_json::to_string(&Transformation::try_from(read).unwrap()).unwrap();
    assert_eq!(stored, r#"[{"to":"/a","constant":1.500000000000000000000000001},{"to":"/b","constant":""}]"#);
}

#[test]
fn any_json_is_an_inbound_order_but_not_every_text() {
    for body in ["7", "\"x\"", "[1, {\"a\": 1e400}]", "true", "\"\"", "{\"a\": \"4111 1111 1111 1111\"}"] {
        let text = format!("{{\"body\": {body}}}");
        assert_eq!(found::<InboundOrder>(&text), [[], []], "{body}");
        let read: InboundOrder = serde_json::from_str(&text).unwrap();
        assert_eq!(read.foreign.0.get(), body);
    }
    let deep = |levels: usize| format!("{{\"body\": {}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(found::<InboundOrder>(&deep(32))[0], []);
    assert_eq!(found::<InboundOrder>(&deep(33))[0], expected(&[(Code::TooDeep, "/body")]));
    assert_eq!(found::<InboundOrder>(&deep(200))[0], expected(&[(Code::TooDeep, "")]));
    let large = format!("{{\"body\": \"{}\"}}", "x".repeat(256 * 1024));
    assert_eq!(found::<InboundOrder>(&large)[0], expected(&[(Code::PayloadTooLarge, "/body")]));
    let twice = r#"{"body": {"a": [{"b": 1, "b": 2}], "$serde_json::private::RawValue": "[["}, "body": null}"#;
    assert_eq!(
        found::<InboundOrder>(twice)[0],
        expected(&[
            (Code::DuplicateMember, "/body/a/0/b"),
            (Code::InvalidFormat, "/body/$serde_json::private::RawValue"),
            (Code::DuplicateMember, "/body"),
        ])
    );
    assert_eq!(found::<InboundOrder>(r#"{"body": null}"#)[0], expected(&[(Code::Required, "/body")]));
}
