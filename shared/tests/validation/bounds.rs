//! Answers stay bounded for any input and say what was left out.

use shared::validation::{Body, OrderVerdict, Verdict, Violation, Violations, validate};
use shared::{Code, limits};

use crate::vectors::{SEED_BULK_ORDER, SEED_ORDERS};

fn order<'v>(verdict: &'v Verdict<'_>, index: usize) -> OrderVerdict<'v> {
    verdict.order(index).expect("an order at that index")
}

fn first(mut violations: Violations<'_>) -> Violation<'_> {
    violations.next().expect("a violation")
}

fn only<'v>(verdict: &'v Verdict<'_>) -> Violation<'v> {
    let order = order(verdict, 0);
    assert_eq!(order.violations().len(), 1, "{order:?}");
    first(order.violations())
}

#[test]
fn the_seeds_are_valid_and_spans_cover_each_order() {
    let verdict = validate(Body::Orders, SEED_ORDERS.as_bytes());
    assert_eq!(verdict.orders().len(), 2);
    for (order, id) in verdict.orders().zip(["UniqueSafeID123450", "UniqueSafeID123451"]) {
        let text = &SEED_ORDERS[order.span()];
        assert!(text.starts_with('{') && text.ends_with('}') && text.contains(id));
        let alone = validate(Body::Order, text.as_bytes());
        assert!(alone.is_valid() && self::order(&alone, 0).warnings().len() == 0);
    }
    let verdict = validate(Body::BulkOrder, SEED_BULK_ORDER.as_bytes());
    assert_eq!(order(&verdict, 0).span(), 0..SEED_BULK_ORDER.trim_end().len());
}

#[test]
fn violations_beyond_the_limit_are_only_counted() {
    let items = vec![r#"{"sku":1,"quantity":0,"isSample":1}"#; 500].join(",");
    let body = format!(r#"{{"shippingAddress":{{"line1":"1","city":"C","countryCode":"US"}},"items":[{items}]}}"#);
    let verdict = validate(Body::Order, body.as_bytes());
    assert_eq!(order(&verdict, 0).violations().len(), limits::VIOLATIONS_MAX);
    assert_eq!(verdict.omitted(), 500);
}

#[test]
fn invalid_orders_beyond_the_limit_are_still_invalid() {
    let order = r#"{"isTest":1,"isSample":1,"client":1,"unknown":1}"#;
    let body = format!(r#"{{"bulk":[{}]}}"#, vec![order; 500].join(","));
    let verdict = validate(Body::Orders, body.as_bytes());
    assert_eq!(verdict.orders().len(), 500);
    assert!(verdict.orders().all(|order| !order.is_valid() && order.warnings().len() > 0));
    let listed: usize = verdict.orders().map(|order| order.violations().len() + order.warnings().len()).sum();
    assert_eq!(listed + verdict.omitted(), 500 * 6);
    assert!(listed <= 2 * limits::VIOLATIONS_MAX + 500);
}

#[test]
fn a_body_rejected_as_a_whole_has_no_orders() {
    let body = r#"{"bulk":[{"isTest":1},{}],"bulk":null}"#;
    let verdict = validate(Body::Orders, body.as_bytes());
    assert_eq!(first(verdict.violations()).code(), Code::DuplicateMember);
    assert_eq!(verdict.orders().len(), 0);
    assert_eq!(verdict.omitted(), 5);
}

#[test]
fn an_attempted_value_is_cut_between_characters() {
    let body = format!(r#"{{"products":[{{"sku":"a{}","quantity":1}}]}}"#, "é".repeat(100));
    let verdict = validate(Body::BulkOrder, body.as_bytes());
    assert_eq!(only(&verdict).value(), Some(format!("\"a{}", "é".repeat(31)).as_str()));
}

#[test]
fn card_digits_are_never_shown() {
    for value in [
        "\"4111111111111111\"",
        "4111111111111111",
        "[\"4111111111111111\"]",
        "\"4111\",\"cardLast4\":\"4111111111111111\"",
    ] {
        let body = format!(
            r#"{{"shippingAddress":{{"line1":"1","city":"C","countryCode":"US"}},"items":[{{"sku":"a","quantity":1}}],
            "customerPaymentMethods":[{{"cardLast4":{value}}}]}}"#
        );
        let verdict = validate(Body::Order, body.as_bytes());
        assert!(!verdict.is_valid() && !verdict.to_json().contains("11111"), "{}", verdict.to_json());
    }
}

#[test]
fn objects_in_the_wrong_place_are_not_shown() {
    let body = br#"{"customerPaymentMethods":{"cardLast4":"4111111111111111"}}"#;
    assert!(!validate(Body::Order, body).to_json().contains("4111"));
}

#[test]
fn a_misspelt_name_gets_a_suggestion() {
    let body = br#"{"shipingAddress":1,"itmes":1,"Safeid":1,"nothingLikeIt":1,"x":1}"#;
    let verdict = validate(Body::Order, body);
    let messages: Vec<_> = order(&verdict, 0).warnings().map(|warning| warning.message()).collect();
    assert_eq!(
        messages,
        [
            "is not known; did you mean `shippingAddress`",
            "is not known; did you mean `items`",
            "is not known; did you mean `safeId`",
            "is not known",
            "is not known",
        ]
    );
}

#[test]
fn violations_are_in_document_order() {
    let body = br#"{"items":[{"customerSubtotal":1,"colour":1,"quantity":2,"customerPrice":1,"sku":"a"}],"safeId":"/",
        "customerTotal":-1,"shippingAddress":{"city":1}}"#;
    let verdict = validate(Body::Order, body);
    let order = order(&verdict, 0);
    let pointers = |list: Violations<'_>| list.map(|found| found.pointer().to_owned()).collect::<Vec<_>>();
    assert_eq!(pointers(order.warnings()), ["/items/0/customerSubtotal", "/items/0/colour"]);
    assert_eq!(
        pointers(order.violations()),
        [
            "/safeId",
            "/customerTotal",
            "/shippingAddress/city",
            "/shippingAddress/line1",
            "/shippingAddress/countryCode"
        ]
    );
}

#[test]
fn the_json_form_is_stable() {
    let body = br#"{"products":[{"sku":"\u0000\"","quantity":0,"quantity":1}]}"#;
    assert_eq!(
        validate(Body::BulkOrder, body).to_json(),
        concat!(
            r#"{"valid":false,"violations":[],"orders":[{"index":0,"violations":["#,
            r#"{"pointer":"/products/0/sku","code":"CONTROL_CHARACTER","#,
            r#""message":"must hold no control characters, but has U+0000","value":"\"\\u0000\\\"\""},"#,
            r#"{"pointer":"/products/0/quantity","code":"OUT_OF_RANGE","#,
            r#""message":"must be an integer from 1 to 10000, not `0`","limit":"1..10000","value":"0"},"#,
            r#"{"pointer":"/products/0/quantity","code":"DUPLICATE_MEMBER","#,
            r#""message":"must stand at most once in its object"}],"warnings":[]}],"omitted":0}"#
        )
    );
}
