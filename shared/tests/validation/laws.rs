//! Properties over random bodies. `serde_json` is the reference for well-formedness.

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde::de::IgnoredAny;
use serde_json::Value;
use shared::Code;
use shared::validation::{Body, Verdict, validate};

use crate::mutate::{Random, mutate};
use crate::vectors::{SEED_BULK_ORDER, SEED_ORDERS};

fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        "[a-z]{0,3}",
        any::<String>(),
        Just("sku".to_owned()),
        Just("items".to_owned()),
        Just("bulk".to_owned()),
        Just("products".to_owned()),
        Just("customerTotal".to_owned())
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn is_fault(code: Code) -> bool {
    matches!(code, Code::NotJson | Code::InvalidUtf8 | Code::TooDeep)
}

/// Properties of every verdict.
fn check_shape(body: Body, bytes: &[u8], verdict: &Verdict<'_>) {
    let json: Value = serde_json::from_str(&verdict.to_json()).expect("the verdict is JSON");
    assert_eq!(json["valid"], verdict.is_valid());
    let orders = verdict.orders().len();
    assert!(verdict.violations().len() == 0 || orders == 0);
    if verdict.violations().len() == 0 {
        assert!(if body == Body::Orders { orders > 0 } else { orders == 1 });
    }
    for order in verdict.orders() {
        assert!(std::str::from_utf8(&bytes[order.span()]).is_ok());
    }
    if let Ok(document) = serde_json::from_slice::<Value>(bytes) {
        let orders = verdict.orders().flat_map(|order| order.violations().chain(order.warnings()));
        for found in verdict.violations().chain(orders).filter(|found| !is_fault(found.code())) {
            let parent = found.pointer().rsplit_once('/').map_or("", |(parent, _)| parent);
            assert!(document.pointer(parent).is_some(), "{} {}", found.code(), found.pointer());
        }
    }
}

/// The scanner and `serde_json` agree on what is JSON, with two deliberate exceptions: the scanner rejects lone
/// surrogates and deep nesting.
fn check_syntax(bytes: &[u8], verdict: &Verdict<'_>) {
    let fault = verdict.violations().next().filter(|violation| is_fault(violation.code()));
    let text = std::str::from_utf8(bytes);
    assert_eq!(text.is_err(), fault.is_some_and(|fault| fault.code() == Code::InvalidUtf8));
    let Ok(text) = text else { return };
    let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    match fault {
        None => assert!(is_json, "only the scanner accepts {text}"),
        Some(fault) if fault.code() == Code::TooDeep => {}
        Some(fault) if fault.message().contains("surrogate") => {
            assert!(serde_json::from_str::<Value>(text).is_err(), "no lone surrogate in {text}");
        }
        Some(fault) => assert!(!is_json, "only the scanner rejects {text}: {}", fault.message()),
    }
}

fn check(body: Body, bytes: &[u8]) {
    let verdict = validate(body, bytes);
    check_shape(body, bytes, &verdict);
    check_syntax(bytes, &verdict);
}

proptest! {
    #[test]
    fn serde_json_output_is_accepted(value in any_json()) {
        let text = value.to_string();
        for body in Body::ALL {
            let verdict = validate(body, text.as_bytes());
            prop_assert!(!verdict.violations().any(|violation| is_fault(violation.code())), "{}", verdict.to_json());
            check_shape(body, text.as_bytes(), &verdict);
        }
    }

    #[test]
    fn any_value_anywhere_in_an_order_gives_a_valid_verdict(value in any_json(), place in 0..200_usize) {
        let mut seed: Value = serde_json::from_str(SEED_ORDERS).expect("the seed is JSON");
        let mut left = place;
        replace(&mut seed, &value, &mut left);
        let text = seed.to_string();
        let verdict = validate(Body::Orders, text.as_bytes());
        prop_assert!(!verdict.violations().any(|violation| is_fault(violation.code())));
        check_shape(Body::Orders, text.as_bytes(), &verdict);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        for body in Body::ALL {
            check(body, &bytes);
        }
    }

    #[test]
    fn random_json_characters_match_serde_json(text in "[\\[\\]{}:,\"\\\\ue0-9.+\\- a-f\n]{0,40}") {
        for body in Body::ALL {
            check(body, text.as_bytes());
        }
    }

    #[test]
    fn mutations_of_the_seeds_match_serde_json(seed in any::<u64>()) {
        let mut random = Random::new(seed);
        check(Body::Orders, &mutate(SEED_ORDERS.as_bytes(), &mut random));
        check(Body::BulkOrder, &mutate(SEED_BULK_ORDER.as_bytes(), &mut random));
    }

    #[test]
    fn amounts_are_read_exactly(units in 0..1_000_000_000_000_i64, decimals in 0..10_000_u32, quantity in 1..=100_i64) {
        // price × quantity in integers of 1/10,000; the engine must agree.
        let price = i128::from(units / 1_000) * 10_000 + i128::from(decimals);
        let subtotal = price * i128::from(quantity);
        let text = |value: i128| format!("{}.{:04}", value / 10_000, value % 10_000);
        let body = |subtotal: i128| format!(
            r#"{{"shippingAddress":{{"line1":"1","city":"C","countryCode":"US"}},"items":[
            {{"sku":"a","quantity":{quantity},"customerPrice":{},"customerSubtotal":{}}}]}}"#,
            text(price), text(subtotal)
        );
        let warnings = |subtotal| {
            let body = body(subtotal);
            let verdict = validate(Body::Order, body.as_bytes());
            verdict.orders().map(|order| order.warnings().len()).sum::<usize>()
        };
        prop_assert_eq!(warnings(subtotal), 0);
        prop_assert_eq!(warnings(subtotal + 1), 1);
    }
}

proptest! {
    /// The validator counts in ten-thousandths, the domain in decimals: they agree on every notation of an amount.
    #[test]
    fn sums_match_decimal_arithmetic(
        whole in "0|[1-9][0-9]{0,11}", fraction in "([.][0-9]{1,4}0{0,3})?", quoted in any::<bool>(), exponent in -2..=0_i32,
        quantity in 1..=10_000_i64
    ) {
        let fraction = if exponent < 0 { "" } else { &*fraction };
        let price = if exponent < 0 { format!("{whole}e{exponent}") } else { format!("{whole}{fraction}") };
        let written = if quoted { format!("\"{price}\"") } else { price.clone() };
        let body = format!(
            r#"{{"shippingAddress":{{"line1":"1","city":"C","countryCode":"US"}},"items":[
            {{"sku":"a","quantity":{quantity},"customerPrice":{written},"customerSubtotal":0}}]}}"#
        );
        let price = shared::money::read_amount(&price).expect("an amount");
        let expected = (price * Decimal::from(quantity)).normalize();
        let verdict = validate(Body::Order, body.as_bytes());
        let warnings: Vec<_> = verdict.orders().flat_map(|order| order.warnings()).map(|found| found.limit()).collect();
        if expected.is_zero() {
            prop_assert!(warnings.is_empty());
        } else {
            prop_assert_eq!(warnings, [Some(expected.to_string())]);
        }
    }
}

/// Replaces the n-th node with `value`.
fn replace(node: &mut Value, value: &Value, left: &mut usize) {
    if *left == 0 {
        *node = value.clone();
        *left = usize::MAX;
        return;
    }
    *left -= 1;
    match node {
        Value::Array(entries) => entries.iter_mut().for_each(|entry| replace(entry, value, left)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, value, left)),
        _ => {}
    }
}
