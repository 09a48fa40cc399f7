use super::{Patch, Target};
use crate::Code;
use crate::limits::VIOLATIONS_MAX;
use crate::order_network::problem::Broken;
use crate::order_network::request::CreateOrder;

fn order() -> CreateOrder {
    let address = r#"{"line1":"1 Main St","city":"Springfield","countryCode":"US"}"#;
    serde_json::from_str(&format!(r#"{{"shippingAddress":{address},"items":[{{"sku":"a","quantity":1}}]}}"#)).unwrap()
}

fn places(broken: &Broken) -> Vec<(Code, &str)> {
    broken.violations.iter().map(|found| (found.error_code, found.pointer.as_str())).collect()
}

#[test]
fn without_its_order_a_patch_reports_its_own_violations() {
    let alone = |target, text: &str, strict| Patch::read(target, text.as_bytes()).unwrap().alone(strict);
    let order =
        alone(Target::Order, r#"{"meta":{"a":1},"colour":1,"safeId":"x","shippingAddress":{"city":null}}"#, true);
    let expected = [(Code::WrongType, "/meta/a"), (Code::UnknownMember, "/colour"), (Code::NotUpdatable, "/safeId")];
    assert_eq!(places(&order), expected);
    let item = alone(Target::Item(3), r#"{"quantity":0,"sku":null,"meta":{"a":1}}"#, false);
    assert_eq!(places(&item), [(Code::OutOfRange, "/quantity"), (Code::WrongType, "/meta/a")]);
    assert_eq!(alone(Target::Item(0), r#"{"quantity":1,"colour":1}"#, false), Broken::default());
}

#[test]
fn all_that_a_patch_breaks_is_counted() {
    let transactions = vec![r#"{"total":[],"transactionId":1}"#; 50].join(",");
    let methods = vec![format!("{{\"method\":1,\"customerTransactions\":[{transactions}]}}"); 20].join(",");
    let text = format!("{{\"customerPaymentMethods\":[{methods}],\"safeId\":\"x\"}}");
    let patch = Patch::read(Target::Order, text.as_bytes()).unwrap();
    let broken = patch.apply(&order(), false).unwrap_err();
    assert_eq!(broken.violations.len(), VIOLATIONS_MAX);
    assert!(broken.violations.iter().all(|found| found.pointer.starts_with("/customerPaymentMethods")));
    let alone = patch.alone(false);
    assert_eq!(alone.violations, broken.violations);
    assert_eq!((broken.omitted, alone.omitted), (1021, 1021));
}

#[test]
fn a_patch_answers_for_what_it_makes_odd_and_for_nothing_else() {
    let address = r#"{"line1":"1 Main St","city":"Springfield","countryCode":"US"}"#;
    let items = r#"[{"sku":"a","quantity":2,"customerPrice":5,"customerSubtotal":7},{"sku":"b","quantity":1}]"#;
    let order: CreateOrder =
        serde_json::from_str(&format!(r#"{{"shippingAddress":{address},"items":{items}}}"#)).unwrap();
    let apply = |target, text: &str| Patch::read(target, text.as_bytes()).unwrap().apply(&order, true);
    assert!(apply(Target::Order, r#"{"languageCode":"es"}"#).is_ok());
    assert!(apply(Target::Item(1), r#"{"quantity":3}"#).is_ok());
    let broken = apply(Target::Item(0), r#"{"quantity":3}"#).unwrap_err();
    assert_eq!(places(&broken), [(Code::TotalMismatch, "/customerSubtotal")]);
}

#[test]
fn a_patch_that_is_too_large_is_reported_once() {
    let text = format!("{{\"meta\":{{\"a\":\"{}\"}},\"safeId\":1,\"safeId\":2}}", "x".repeat(300_000));
    let broken = Patch::read(Target::Order, text.as_bytes()).unwrap().apply(&order(), false).unwrap_err();
    let expected = [
        (Code::PayloadTooLarge, ""),
        (Code::TooLong, "/meta/a"),
        (Code::DuplicateMember, "/safeId"),
        (Code::NotUpdatable, "/safeId"),
    ];
    assert_eq!(places(&broken), expected);
}
