//! What the conversations must show: every endpoint's success and its kinds of refusal, and every code of the catalogue.
//!
//! The files are read, not held: that they are true is another test's to see.

use std::collections::{BTreeMap, BTreeSet};

use functions::routes::{ROUTES, Route};
use local::commands::project;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::Code;

use super::file::{Exchange, parse};
use super::files;

/// Refusals that an endpoint cannot give, and why not.
const NEVER: &[(&str, &str, &[Refused])] = &[
    (
        "GET /health",
        "says that the function runs, to everybody",
        &[Refused::Request, Refused::Caller, Refused::Absent, Refused::State],
    ),
    ("GET /v2/orders", "a filter that fits nothing gives an empty page", &[Refused::Absent]),
    ("POST /v2/orders", "names nothing that could be absent", &[Refused::Absent]),
    (
        "POST /order/v1/orders/validate",
        "names no order and looks at none: a verdict on the body",
        &[Refused::Absent, Refused::State],
    ),
    (
        "POST /order/v1/orders/bulk/validate",
        "names no order and looks at none: a verdict on the body",
        &[Refused::Absent, Refused::State],
    ),
    ("GET /order/v1/orders", "a list: what is not there is not in it", &[Refused::Absent]),
    ("GET /order/v1/orders/search", "a list: what is not there is not in it", &[Refused::Absent]),
    ("GET /order/v1/orderItems", "a list: what is not there is not in it", &[Refused::Absent]),
    ("GET /order/v1/orders/countByStatus", "counts none as 0", &[Refused::Absent]),
    ("GET /order/v1/orders/{orderId}", "has no parameters: an id that is none is nobody's", &[Refused::Request]),
    ("GET /order/v1/orders/safeId/{safeId}", "has no parameters: an id that is none is nobody's", &[Refused::Request]),
    (
        "GET /order/v1/orders/items/{orderItemId}",
        "has no parameters: an id that is none is nobody's",
        &[Refused::Request],
    ),
    ("GET /shipment/v1/{shipmentId}", "has no parameters: an id that is none is nobody's", &[Refused::Request]),
    (
        "GET /order/v1/inbound/orders/{receiptId}",
        "has no parameters: an id that is none is nobody's",
        &[Refused::Request],
    ),
    ("GET /v1/inbound/orders/{receiptId}", "has no parameters: an id that is none is nobody's", &[Refused::Request]),
    ("GET /order/v1/inbound/transformations", "a list: what is not there is not in it", &[Refused::Absent]),
    (
        "GET /order/v1/inbound/transformations/{transformationId}",
        "has no parameters: an id that is none is nobody's",
        &[Refused::Request],
    ),
    (
        "DELETE /order/v1/inbound/transformations/{transformationId}",
        "has neither body nor parameters",
        &[Refused::Request],
    ),
    (
        "POST /order/v1/inbound/transformations/{transformationId}/test",
        "changes nothing, so no state is in its way",
        &[Refused::State],
    ),
    ("GET /note/v1/notes", "a list: what is not there has no notes", &[Refused::Absent]),
    ("GET /note/v1/notes/{noteId}", "has no parameters: an id that is none is nobody's", &[Refused::Request]),
    ("DELETE /note/v1/notes/{noteId}", "has neither body nor parameters", &[Refused::Request]),
    ("GET /webhook/v1/subscriptions", "a list: what is not there is not in it", &[Refused::Absent]),
    (
        "GET /webhook/v1/subscriptions/{subscriptionId}",
        "has no parameters: an id that is none is nobody's",
        &[Refused::Request],
    ),
    ("DELETE /webhook/v1/subscriptions/{subscriptionId}", "has neither body nor parameters", &[Refused::Request]),
    ("POST /webhook/v1/subscriptions", "names nothing that could be absent", &[Refused::Absent]),
];

/// A kind of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    /// 400.
    Request,
    /// 401.
    Caller,
    /// 403, 404.
    Absent,
    /// 409, 412, 422: of the state of a thing; what only reads cannot give it.
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

    /// What the conversations of a route must show.
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
    files().iter().flat_map(|(_, text)| parse(text).1).collect()
}

/// The route that takes a request: of those that fit, the one with the fewest parameters.
fn route_of(exchange: &Exchange) -> Option<&'static Route> {
    let path = exchange.path.split('?').next().unwrap_or_default();
    let fits = |route: &&Route| {
        let pairs = || route.path.split('/').zip(path.split('/'));
        route.method == exchange.method
            && route.path.split('/').count() == path.split('/').count()
            && pairs().all(|(known, sent)| known == sent || known.starts_with('{'))
    };
    ROUTES.iter().filter(fits).min_by_key(|route| route.path.matches('{').count())
}

/// The status of an answer, and of its entries if it is a bulk.
fn statuses(exchange: &Exchange) -> Vec<u64> {
    let body = exchange.answer_body();
    let entries = body["bulk"].as_array().into_iter().flatten().filter_map(|entry| entry["status"].as_u64());
    entries.chain([exchange.status().into()]).collect()
}

#[test]
fn every_route_has_a_conversation_with_its_successes_and_its_refusals() {
    let mut shown: BTreeMap<(&str, &str), Vec<u64>> = BTreeMap::new();
    for exchange in exchanges().iter().filter(|exchange| exchange.directive("setup").is_none()) {
        if let Some(route) = route_of(exchange) {
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
        assert!(is_route, "{name} is no route");
    }
}

/// Every code that stands in an answer, once.
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

/// The codes of the bodies that every implementation of the validation is held to (`shared/vectors/validation`).
fn codes_of_vectors() -> BTreeSet<String> {
    // Values of vectors are what no reader of JSON need take, so they are passed over.
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

/// A code that no request brings about would be one that nobody has seen, and that clients handle in vain.
#[test]
fn every_code_of_the_catalogue_is_shown_by_a_conversation_or_a_vector() {
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
