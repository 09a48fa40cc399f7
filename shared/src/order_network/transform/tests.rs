//! Rules by example.

use serde_json::{Value, json};

use super::{Pointer, PointerFault, Transformation, Transformed, Tree, Unreadable};
use crate::Code;
use crate::limits::{DEPTH_MAX, TRANSFORMATION_POINTER_BYTES_MAX};

fn transformation(rules: &Value) -> Transformation {
    serde_json::from_str(&rules.to_string()).unwrap()
}

fn apply(rules: &Value, foreign: &str) -> Transformed {
    transformation(rules).apply(&Tree::read(foreign).unwrap())
}

/// The resulting order, without findings.
fn made(rules: &Value, foreign: &str) -> String {
    let Transformed { body, findings } = apply(rules, foreign);
    assert_eq!(findings, [], "{rules}");
    body.to_string()
}

/// The findings: code, place, source.
fn found(rules: &Value, foreign: &str) -> Vec<(Code, String, Option<String>)> {
    let findings = apply(rules, foreign).findings.into_iter();
    findings.map(|found| (found.violation.error_code, found.violation.pointer, found.source)).collect()
}

#[test]
fn members_constants_and_defaults_come_to_their_places() {
    let rules = json!([
        {"to": "/externalId", "from": "/order/id", "as": "string"},
        {"to": "/shippingAddress/city", "from": "/to/town"},
        {"to": "/shippingAddress/countryCode", "from": "/to/country", "default": "US"},
        {"to": "/shippingAddress/state", "from": "/to/state", "default": "NY"},
        {"to": "/shippingAddress/line2", "from": "/to/line2"},
        {"to": "/isTest", "constant": true},
        {"to": "/a~1b/~0", "from": "/x~1y"},
    ]);
    let foreign =
        r#"{"order": {"id": 9007199254740993}, "to": {"town": "Caf\u00e9", "state": "", "line2": null}, "x/y": 1.50}"#;
    let expected = r#"{"externalId":"9007199254740993","shippingAddress":{"city":"Caf\u00e9","countryCode":"US","state":"NY"},"isTest":true,"a/b":{"~":1.50}}"#;
    assert_eq!(made(&rules, foreign), expected);
}

#[test]
fn digits_are_a_name_or_an_index_as_the_order_has_it() {
    let rules = json!([
        {"to": "/meta/4711", "from": "/a"},
        {"to": "/meta/-", "from": "/a"},
        {"to": "/items/1/sku", "from": "/a"},
        {"to": "/items/1/meta/0", "from": "/a"},
        {"to": "/x/1", "from": "/a"},
    ]);
    let expected = r#"{"meta":{"4711":"b","-":"b"},"items":[null,{"sku":"b","meta":{"0":"b"}}],"x":[null,"b"]}"#;
    assert_eq!(made(&rules, r#"{"a": "b"}"#), expected);
    let is_known: Vec<bool> =
        transformation(&rules).rules.iter().map(|rule| super::Rule::target(rule.to()).unwrap().is_known()).collect();
    assert_eq!(is_known, [true, true, true, true, false]);
}

#[test]
fn each_element_keeps_its_index_and_none_is_lost() {
    let rules = json!([
        {"to": "/items/*/sku", "from": "/lines/*/article"},
        {"to": "/items/*/quantity", "from": "/lines/*/count", "default": 1},
        {"to": "/items/*/skipSkuValidation", "constant": true},
        {"to": "/items/*/customerPrice", "from": "/price", "as": "number"},
        {"to": "/tags/*", "from": "/lines/*/tag"},
    ]);
    let foreign = r#"{"price": "19.90", "lines": [{"article": "a", "count": 2}, {"tag": "t"}, {"article": "c"}]}"#;
    let item = |sku: &str, quantity: u8| {
        format!(r#"{{{sku}"quantity":{quantity},"skipSkuValidation":true,"customerPrice":19.90}}"#)
    };
    let items = [item(r#""sku":"a","#, 2), item("", 1), item(r#""sku":"c","#, 1)].join(",");
    assert_eq!(made(&rules, foreign), format!(r#"{{"items":[{items}],"tags":[null,"t",null]}}"#));
    // A missing array has no elements, and a constant has none to write to.
    assert_eq!(made(&rules, "{}"), "null");
    let nested = json!([{"to": "/items/*/images/*/url", "from": "/l/*/i/*"}]);
    let foreign = r#"{"l": [{"i": ["u", "v"]}, {}, {"i": ["w"]}]}"#;
    let expected = r#"{"items":[{"images":[{"url":"u"},{"url":"v"}]},null,{"images":[{"url":"w"}]}]}"#;
    assert_eq!(made(&nested, foreign), expected);
}

#[test]
fn a_later_rule_writes_into_what_an_earlier_one_wrote_and_over_it() {
    let rules = json!([
        {"to": "", "from": "/order"},
        {"to": "/a/b", "constant": 2},
        {"to": "/c", "constant": [3]},
        {"to": "/c/2", "constant": 4},
        {"to": "/n/x", "constant": 5},
    ]);
    let foreign = r#"{"order": {"a": {"b": 1, "z": 1}, "c": "old", "n": null}}"#;
    assert_eq!(made(&rules, foreign), r#"{"a":{"b":2,"z":1},"c":[3,null,4],"n":{"x":5}}"#);
}

#[test]
fn every_failure_is_reported_at_its_place() {
    let rules = json!([
        {"to": "/items/*/sku", "from": "/lines/*/sku"},
        {"to": "/items/*/customerPrice", "from": "/rows/*/price", "as": "number"},
        {"to": "/externalId", "from": "/id", "as": "string"},
        {"to": "/note", "constant": "text"},
        {"to": "/note/more", "constant": 1},
        {"to": "/list/*", "from": "/rows/*/n"},
        {"to": "/list/x", "constant": 1},
    ]);
    let foreign =
        r#"{"lines": {"sku": "a"}, "rows": [{"price": "1"}, {"price": "1,5", "n": 1}, {"price": true}], "id": [1]}"#;
    let some = |source: &str| Some(source.to_owned());
    let expected = [
        (Code::WrongType, "/items", some("/lines")),
        (Code::InvalidFormat, "/items/1/customerPrice", some("/rows/1/price")),
        (Code::InvalidFormat, "/items/2/customerPrice", some("/rows/2/price")),
        (Code::WrongType, "/externalId", some("/id")),
        (Code::WrongType, "/note", None),
        (Code::WrongType, "/list", None),
    ];
    assert_eq!(found(&rules, foreign), expected.map(|(code, place, source)| (code, place.to_owned(), source)));
    let message = &apply(&rules, foreign).findings[1].violation.error_message;
    assert_eq!(message, "must be a number, or a string of its digits, not `\"1,5\"`");
}

#[test]
fn an_order_that_grows_too_large_is_given_up() {
    let elements = "0,".repeat(50_000);
    let foreign = format!(r#"{{"lines": [{}0]}}"#, elements);
    let deep = "/499".repeat(DEPTH_MAX - 2);
    for to in ["/items/*/text".to_owned(), format!("/items/*{deep}")] {
        let rules = json!([
            {"to": "/items/*/sku", "from": "/lines/*/sku"},
            {"to": to, "constant": "x".repeat(10_000)},
            {"to": "/more", "constant": 1},
        ]);
        assert_eq!(found(&rules, &foreign), [(Code::PayloadTooLarge, String::new(), None)], "{to}");
    }
}

#[test]
fn the_source_of_a_place_is_that_of_the_nearest_rule() {
    let rules = transformation(&json!([
        {"to": "/shippingAddress", "from": "/to"},
        {"to": "/shippingAddress/city", "from": "/town"},
        {"to": "/items/*/sku", "from": "/lines/*/art~1no"},
        {"to": "/items/*/images/*/url", "from": "/lines/*/pictures/*"},
        {"to": "/isTest", "constant": true},
    ]));
    for (place, source) in [
        ("/shippingAddress/city", Some("/town")),
        ("/shippingAddress/line1", Some("/to/line1")),
        ("/shippingAddress", Some("/to")),
        ("/items/12/sku", Some("/lines/12/art~1no")),
        ("/items/1/images/0/url", Some("/lines/1/pictures/0")),
        ("/items/1/quantity", None),
        ("/items", None),
        ("/isTest", None),
        ("", None),
    ] {
        assert_eq!(rules.source_of(place).as_deref(), source, "{place}");
    }
}

#[test]
fn rules_read_back_and_are_held_to_what_goes_together() {
    let rules = json!([
        {"to": "/a~1b/*/~0", "from": "/c/*", "default": {"x": [1]}, "as": "string"},
        {"to": "", "constant": false},
    ]);
    let read = transformation(&rules);
    assert_eq!(serde_json::to_value(&read).unwrap(), rules);
    for (rule, reason) in [
        (json!({"to": "/a"}), "a rule must have `from` or `constant`"),
        (json!({"to": "/a", "constant": null}), "a rule must have `from` or `constant`"),
        (json!({"to": "/a", "from": "", "constant": 1}), "a rule must have `from` or `constant`, not both"),
        (json!({"to": "/a", "default": 1, "constant": 1}), "a rule must have `default` and `as` beside `from` only"),
        (json!({"to": "/a", "from": "/*"}), "a rule must have as many `*` in `from` as in `to`, or none in `from`"),
        (json!({"to": "/a/500", "constant": 1}), "a rule must have no index of 500 or more in `to`"),
        (json!({"to": "/items/500/sku", "constant": 1}), "a rule must have no index of 500 or more in `to`"),
        (
            json!({"to": "/items/-/sku", "constant": 1}),
            "a rule must have `*` or an index in `to` behind an array of the order",
        ),
        (json!({"to": "/meta/*", "constant": 1}), "a rule must have `*` in `to` only behind an array of the order"),
        (json!({"to": "a", "constant": 1}), "`a` must be a JSON Pointer, which is empty or begins with `/`"),
    ] {
        let error = serde_json::from_str::<Transformation>(&format!("[{rule}]")).unwrap_err().to_string();
        assert!(error.starts_with(reason), "{error}");
    }
}

#[test]
fn pointers_and_trees_are_bounded() {
    assert_eq!(Pointer::parse("/a~2"), Err(PointerFault::Escape));
    assert_eq!(Pointer::parse("/a~"), Err(PointerFault::Escape));
    assert_eq!(Pointer::parse(&"/a".repeat(DEPTH_MAX + 1)), Err(PointerFault::TooDeep));
    assert_eq!(
        Pointer::parse(&format!("/{}", "a".repeat(TRANSFORMATION_POINTER_BYTES_MAX))),
        Err(PointerFault::TooLong)
    );
    for text in ["", "/", "/a//b", "/~0~1", "/*/-"] {
        assert_eq!(Pointer::parse(text).unwrap().to_string(), text);
    }
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Tree::read(&nested(DEPTH_MAX)).is_ok());
    assert_eq!(Tree::read(&nested(DEPTH_MAX + 1)), Err(Unreadable::TooDeep));
    assert_eq!(Tree::read(&nested(100_000)), Err(Unreadable::TooDeep));
    assert_eq!(Tree::read("{"), Err(Unreadable::NotJson));
}
