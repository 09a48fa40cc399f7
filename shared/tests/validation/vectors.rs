//! Reads the vectors (see `shared/vectors/README.md`) into cases. Also part of the example `verdicts`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a vector that cannot be read fails the test that reads it")]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use shared::validation::Body;

pub(crate) const SEED_BULK_ORDER: &str = include_str!("../../vectors/seeds/create-bulk-order.request.json");
pub(crate) const SEED_ORDERS: &str = include_str!("../../vectors/seeds/create-multiple-orders.request.json");
const BODIES: &str = include_str!("../../vectors/validation/bodies.jsonl");
const MEMBERS: &str = include_str!("../../vectors/validation/members.jsonl");
const NUMBERS: &str = include_str!("../../vectors/validation/numbers.jsonl");

/// One body and what is expected of it.
pub(crate) struct Case {
    #[cfg_attr(not(test), expect(dead_code, reason = "the example only asks for verdicts"))]
    pub(crate) name: String,
    pub(crate) body: Body,
    pub(crate) bytes: Vec<u8>,
    /// The expected violations as `CODE pointer`, sorted.
    #[cfg_attr(not(test), expect(dead_code, reason = "the example only asks for verdicts"))]
    pub(crate) expect: Vec<String>,
    /// The expected warnings, if the vector states them.
    #[cfg_attr(not(test), expect(dead_code, reason = "the example only asks for verdicts"))]
    pub(crate) warn: Option<Vec<String>>,
}

/// A line of `bodies.jsonl`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BodyVector {
    name: String,
    body: String,
    text: Option<String>,
    hex: Option<String>,
    repeat: Option<(String, String, usize, String)>,
    expect: Vec<String>,
    #[serde(default)]
    warn: Vec<String>,
}

/// A line of `members.jsonl` and `numbers.jsonl`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberVector {
    body: String,
    at: String,
    #[serde(default)]
    required: bool,
    /// The place is a list entry, which cannot be absent.
    #[serde(default)]
    entry: bool,
    good: Vec<Box<RawValue>>,
    bad: BTreeMap<String, Vec<Box<RawValue>>>,
}

/// A long value in short notation.
#[derive(Deserialize)]
enum Short {
    #[serde(rename = "$repeat")]
    Repeat(String, String, usize, String),
    #[serde(rename = "$list")]
    List(usize, Value),
    #[serde(rename = "$map")]
    Map(usize),
}

pub(crate) fn body_of(name: &str) -> Body {
    match name {
        "bulk_order" => Body::BulkOrder,
        "instant_order" => Body::InstantOrder,
        "order" => Body::Order,
        "orders" => Body::Orders,
        _ => panic!("no such body: {name}"),
    }
}

/// Every vector and the seeds.
pub(crate) fn all() -> Vec<Case> {
    let seed = |name: &str, body, text: &str| Case {
        name: name.to_owned(),
        body,
        bytes: text.as_bytes().to_vec(),
        expect: Vec::new(),
        warn: Some(Vec::new()),
    };
    let mut cases = vec![
        seed("the seed of the bulk API", Body::BulkOrder, SEED_BULK_ORDER),
        seed("the seed of the order network API", Body::Orders, SEED_ORDERS),
        seed("the base of the member vectors", Body::Order, &base(Body::Order).to_string()),
        seed("the base of the member vectors", Body::BulkOrder, &base(Body::BulkOrder).to_string()),
        seed("the base of the member vectors", Body::InstantOrder, &base(Body::InstantOrder).to_string()),
    ];
    cases.extend(BODIES.lines().map(body_case));
    for line in MEMBERS.lines().chain(NUMBERS.lines()) {
        let vector: MemberVector =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("vector `{line}`: {error}"));
        member_cases(&vector, &mut cases);
    }
    cases
}

fn body_case(line: &str) -> Case {
    let vector: BodyVector = serde_json::from_str(line).unwrap_or_else(|error| panic!("vector `{line}`: {error}"));
    let bytes = match (vector.text, vector.hex, vector.repeat) {
        (Some(text), None, None) => text.into_bytes(),
        (None, Some(hex), None) => unhex(&hex),
        (None, None, Some((prefix, unit, count, suffix))) => {
            format!("{prefix}{}{suffix}", unit.repeat(count)).into_bytes()
        }
        _ => panic!("vector `{}` has not exactly one input", vector.name),
    };
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    Case {
        name: vector.name,
        body: body_of(&vector.body),
        bytes,
        expect: sorted(vector.expect),
        warn: Some(sorted(vector.warn)),
    }
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2).unwrap(), 16).unwrap()).collect()
}

fn member_cases(vector: &MemberVector, cases: &mut Vec<Case>) {
    let body = body_of(&vector.body);
    let base = base(body);
    assert!(base.pointer(&vector.at).is_some(), "the base has nothing at `{}`", vector.at);
    let mut case = |what: &str, code: Option<&str>, bytes: String| {
        cases.push(Case {
            name: format!("{} {what}", vector.at),
            body,
            bytes: bytes.into_bytes(),
            expect: code.iter().map(|code| format!("{code} {}", vector.at)).collect(),
            warn: None,
        });
    };
    for value in &vector.good {
        case(value.get(), None, with(&base, &vector.at, value.get()));
    }
    for (code, values) in &vector.bad {
        for value in values {
            case(value.get(), Some(code), with(&base, &vector.at, value.get()));
        }
    }
    if !vector.entry {
        let code = vector.required.then_some("REQUIRED");
        case("null", code, with(&base, &vector.at, "null"));
        case("absent", code, without(&base, &vector.at));
    }
}

/// A valid body with every member.
fn base(body: Body) -> Value {
    match body {
        Body::BulkOrder => {
            let mut base: Value = serde_json::from_str(SEED_BULK_ORDER).unwrap();
            let members = base.as_object_mut().unwrap();
            members.insert("enableClientOrderNumberDupCheck".to_owned(), json!(false));
            members.insert("payWithCurrency".to_owned(), json!("USD"));
            base
        }
        Body::InstantOrder => json!({
            "clientOrderNumber": "1234",
            "enableClientOrderNumberDupCheck": false,
            "sku": "8PX-UF-Y5U",
            "payWithCurrency": "USD",
        }),
        Body::Order => {
            let seed: Value = serde_json::from_str(SEED_ORDERS).unwrap();
            let mut base = seed.pointer("/bulk/0").unwrap().clone();
            *base.pointer_mut("/reprint").unwrap() = json!({
                "originalOrderId": "65add270441de72442397b6e",
                "reasonId": "reason_1",
                "shipments": [{
                    "facilityId": "facility-Id",
                    "shippingMethod": "Standard",
                    "costCoverage": {"item": "Merchant", "shipping": "Customer"},
                    "items": [{"sku": "TSHIRT-5000-M-BLACK", "quantity": 2}],
                }],
            });
            base
        }
        Body::Orders => serde_json::from_str(SEED_ORDERS).unwrap(),
    }
}

/// The base with a value's text at a place; the text is not parsed, so that numbers keep their notation.
fn with(base: &Value, at: &str, value: &str) -> String {
    const MARK: &str = "@@@";
    let mut base = base.clone();
    *base.pointer_mut(at).unwrap() = json!(MARK);
    base.to_string().replace(&format!("\"{MARK}\""), &long(value))
}

fn without(base: &Value, at: &str) -> String {
    let mut base = base.clone();
    let (parent, name) = at.rsplit_once('/').unwrap();
    base.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    base.to_string()
}

/// Expands a short value.
fn long(value: &str) -> String {
    if !value.starts_with("{\"$") {
        return value.to_owned();
    }
    let value = match serde_json::from_str(value).unwrap_or_else(|error| panic!("value `{value}`: {error}")) {
        Short::Repeat(prefix, unit, count, suffix) => json!(format!("{prefix}{}{suffix}", unit.repeat(count))),
        Short::List(count, entry) => Value::Array(vec![entry; count]),
        Short::Map(count) => (0..count).map(|index| (format!("n{index}"), json!("x"))).collect(),
    };
    value.to_string()
}
