//! What the conversations must cover: every endpoint's success and its kinds of error, and every code of the catalogue.
//!
//! Reads the files without running them; another test checks that they are accurate.

use std::collections::{BTreeMap, BTreeSet};

use functions::routes::{ROUTES, Route};
use local::commands::project;
use local::conversations::{Exchange, files, parse, route_of};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::Code;

/// Errors that an endpoint cannot return, with the reason.
const NEVER: &[(&str, &str, &[Refused])] = &[
    (
        "GET /health",
        "reports that the function runs, without credentials",
        &[Refused::Request, Refused::Caller, Refused::Absent, Refused::State],
    ),
    ("GET /v2/orders", "a filter without matches gives an empty page", &[Refused::Absent]),
    ("POST /v2/orders", "names no resource", &[Refused::Absent]),
    ("POST /order/v1/orders/validate", "only judges the body and reads no order", &[Refused::Absent, Refused::State]),
    (
        "POST /order/v1/orders/bulk/validate",
        "only judges the body and reads no order",
        &[Refused::Absent, Refused::State],
    ),
    ("GET /order/v1/orders", "a list is empty rather than absent", &[Refused::Absent]),
    ("GET /order/v1/orders/search", "a list is empty rather than absent", &[Refused::Absent]),
    ("GET /order/v1/orderItems", "a list is empty rather than absent", &[Refused::Absent]),
    ("GET /order/v1/orders/countByStatus", "reports 0", &[Refused::Absent]),
    ("GET /order/v1/orders/{orderId}", "has no other parameters, and a malformed id is not found", &[Refused::Request]),
    (
        "GET /order/v1/orders/safeId/{safeId}",
        "has no other parameters, and a malformed id is not found",
        &[Refused::Request],
    ),
    (
        "GET /order/v1/orders/items/{orderItemId}",
        "has no other parameters, and a malformed id is not found",
        &[Refused::Request],
    ),
    ("GET /shipment/v1/{shipmentId}", "has no other parameters, and a malformed id is not found", &[Refused::Request]),
    (
        "GET /order/v1/inbound/orders/{receiptId}",
        "has no other parameters, and a malformed id is not found",
        &[Refused::Request],
    ),
    (
        "GET /v1/inbound/orders/{receiptId}",
        "has no other parameters, and a malformed id is not found",
        &[Refused::Request],
    ),
    ("GET /order/v1/inbound/transformations", "a list is empty rather than absent", &[Refused::Absent]),
    (
        "GET /order/v1/inbound/transformations/{transformationId}",
        "has no other parameters, and a malformed id is not found",
        &[Refused::Request],
    ),
    (
        "DELETE /order/v1/inbound/transformations/{transformationId}",
        "has neither body nor parameters",
        &[Refused::Request],
    ),
    (
        "POST /order/v1/inbound/transformations/{transformationId}/test",
        "changes nothing, so no state can conflict",
        &[Refused::State],
    ),
    ("GET /note/v1/notes", "a list is empty rather than absent", &[Refused::Absent]),
    ("GET /note/v1/notes/{noteId}", "has no other parameters, and a malformed id is not found", &[Refused::Request]),
    ("DELETE /note/v1/notes/{noteId}", "has neither body nor parameters", &[Refused::Request]),
    ("GET /webhook/v1/subscriptions", "a list is empty rather than absent", &[Refused::Absent]),
    (
        "GET /webhook/v1/subscriptions/{subscriptionId}",
        "has no other parameters, and a malformed id is not found",
        &[Refused::Request],
    ),
    ("DELETE /webhook/v1/subscriptions/{subscriptionId}", "has neither body nor parameters", &[Refused::Request]),
    ("POST /webhook/v1/subscriptions", "names no resource", &[Refused::Absent]),
];

/// A kind of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    /// 400.
    Request,
    /// 401.
    Caller,
    /// 403, 404.
    Absent,
    /// 409, 412, 422: caused by a resource's state; a route that only reads cannot return these.
    State,
    /// 413, of a bulk.
    Size,
}

impl Refused {
    const fn statuses(self) -> &'static [u64] {
        match self {
            Self::Request => &[400],
            Self::Caller => &[401],
            Self::Absent => &[403, 404],
            Self::State => &[409, 412, 422],
            Self::Size => &[413],
        }
    }

    /// The kinds that the conversations of a route must show.
    fn of(route: &Route) -> Vec<Self> {
        let mut all = vec![Self::Request, Self::Caller, Self::Absent];
        all.extend((route.method != "GET").then_some(Self::State));
        let is_bulk = route.method != "GET" && route.path.contains("/bulk");
        all.extend(is_bulk.then_some(Self::Size));
        let name = format!("{} {}", route.method, route.path);
        let never = NEVER.iter().filter(|(known, ..)| *known == name).flat_map(|(.., never)| *never);
        let never: Vec<Self> = never.copied().collect();
        all.retain(|refused| !never.contains(refused));
        all
    }
}

fn exchanges() -> Vec<Exchange> {
    files().unwrap().iter().flat_map(|(_, text)| parse(text).unwrap().1).collect()
}

/// The status of an answer, and of its entries in a bulk.
fn statuses(exchange: &Exchange) -> Vec<u64> {
    let body = exchange.answer_body();
    let entries = body["bulk"].as_array().into_iter().flatten().filter_map(|entry| entry["status"].as_u64());
    entries.chain([exchange.status().into()]).collect()
}

#[test]
fn every_route_has_conversations_for_its_successes_and_errors() {
    let mut shown: BTreeMap<(&str, &str), Vec<u64>> = BTreeMap::new();
    for exchange in exchanges().iter().filter(|exchange| exchange.directive("setup").is_none()) {
        if let Some(route) = route_of(&exchange.method, &exchange.path) {
            shown.entry((route.method, route.path)).or_default().extend(statuses(exchange));
        }
    }
    let mut missing = Vec::new();
    for route in ROUTES {
        let statuses = shown.get(&(route.method, route.path)).cloned().unwrap_or_default();
        let name = format!("{} {}", route.method, route.path);
        if !statuses.iter().any(|status| (200..300).contains(status)) {
            missing.push(format!("{name}: a success"));
        }
        for refused in Refused::of(route) {
            if !statuses.iter().any(|status| refused.statuses().contains(status)) {
                missing.push(format!("{name}: {refused:?}, one of {:?}", refused.statuses()));
            }
        }
    }
    assert!(missing.is_empty(), "no conversation shows\n{}", missing.join("\n"));
    for (name, ..) in NEVER {
        let is_route = ROUTES.iter().any(|route| format!("{} {}", route.method, route.path) == *name);
        assert!(is_route, "{name} is not a route");
    }
}

/// Every distinct code in an answer.
pub(super) fn codes_of(body: &Value) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    match body {
        Value::Object(members) => {
            for (name, value) in members {
                if matches!(name.as_str(), "code" | "errorCode" | "error") {
                    codes.extend(value.as_str().map(str::to_owned));
                }
                codes.extend(codes_of(value));
            }
        }
        Value::Array(entries) => codes.extend(entries.iter().flat_map(codes_of)),
        _ => {}
    }
    codes
}

/// The codes in the validation vectors (`shared/vectors/validation`).
fn codes_of_vectors() -> BTreeSet<String> {
    // Some vector values are not valid JSON numbers for every parser, so they are skipped.
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Vector {
        expect: Vec<String>,
        warn: Vec<String>,
        bad: BTreeMap<String, Box<RawValue>>,
    }
    let mut codes = BTreeSet::new();
    for name in ["bodies", "members", "numbers"] {
        let path = project().join(format!("shared/vectors/validation/{name}.jsonl"));
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let Vector { expect, warn, bad } = serde_json::from_str(line).unwrap();
            let code = |text: String| text.split(' ').next().unwrap_or_default().to_owned();
            codes.extend(expect.into_iter().chain(warn).map(code));
            codes.extend(bad.into_keys());
        }
    }
    codes
}

/// A code that no request can cause would be dead, and clients would handle it for nothing.
#[test]
fn every_catalogue_code_occurs_in_a_conversation_or_a_vector() {
    let mut shown = codes_of_vectors();
    for exchange in exchanges() {
        let body = exchange.answer_body();
        shown.extend(codes_of(&body));
        if exchange.directive("codes").is_some() {
            shown.extend(body.as_array().into_iter().flatten().filter_map(|code| code.as_str().map(str::to_owned)));
        }
    }
    let missing: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).filter(|code| !shown.contains(*code)).collect();
    assert!(missing.is_empty(), "no conversation and no vector shows {missing:?}");
}
