//! Every POST, PATCH and PUT has one effect and one answer for a key, whatever happens in between.
//!
//! The requests are the plain successes of the conversations ([`repeatable`]). Each is sent with a key, repeated, and
//! retried as if the first attempt had died before its answer was stored. A new route needs nothing here, unless it has
//! no effect.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use functions::routes::{ROUTES, Route};
use functions::store::keys::Key;
use futures_util::StreamExt;
use local::conversations::{Exchange, parse, route_of};
use serde_json::{Value, json};
use shared::ids::MerchantId;

use super::{crash_record, replayed, whole};
use crate::conversations;
use crate::conversations::run::{Request, Talk, merchant_id};
use crate::receiver::Receiver;
use crate::support::{Reply, Stack};

/// Routes without an effect.
const ONLY_LOOK: [&str; 3] = [
    "/order/v1/orders/validate",
    "/order/v1/orders/bulk/validate",
    "/order/v1/inbound/transformations/{transformationId}/test",
];
/// Concurrent stacks. Each comparison covers the whole table, so the conversations of one stack run one by one.
const STACKS: usize = 3;

pub(crate) type Items = HashMap<String, HashMap<String, AttributeValue>>;

/// The table without idempotency records, once it no longer changes.
pub(crate) async fn settled(stack: &Stack) -> Items {
    let mut last = Items::new();
    for _ in 0..400 {
        let items = stack.items().await.into_iter().filter_map(|item| {
            let key = format!("{} {}", item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap());
            let of_keys = key.contains("#key#") || key.contains("#answer#");
            (!of_keys).then_some((key, item))
        });
        let items: Items = items.collect();
        if items == last {
            return items;
        }
        last = items;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    panic!("the table does not settle")
}

fn without_request_ids(mut body: Value) -> Value {
    match &mut body {
        Value::Object(members) => {
            members.remove("requestId");
            members.values_mut().for_each(|member| *member = without_request_ids(member.take()));
        }
        Value::Array(elements) => {
            elements.iter_mut().for_each(|element| *element = without_request_ids(element.take()))
        }
        _ => {}
    }
    body
}

fn assert_same(now: &Items, before: &Items, message: &str) {
    let keys: BTreeSet<&String> = now.keys().chain(before.keys()).collect();
    let changed: Vec<_> = keys.into_iter().filter(|key| now.get(*key) != before.get(*key)).collect();
    assert!(changed.is_empty(), "{message}: {changed:?}");
}

/// The route of an exchange that succeeds once and may be repeated with a key.
fn repeatable(exchange: &Exchange) -> Option<&'static Route> {
    let is_plain = exchange.directives.iter().all(|(name, _)| matches!(name.as_str(), "as" | "codes"));
    let is_replay = exchange.answer.contains("\nidempotency-replayed: true");
    let is_case = is_plain && !is_replay && (200..300).contains(&exchange.status());
    let route = route_of(&exchange.method, &exchange.path)?;
    (is_case && matches!(route.method, "POST" | "PATCH" | "PUT")).then_some(route)
}

/// The present version of the resource in the path, by its own GET route. A change raises it, so a retry must recognise
/// its own effect.
async fn version(stack: &Stack, request: &Request) -> Option<String> {
    let mut path = request.path.as_str();
    while let Some((parent, _)) = path.rsplit_once('/') {
        if route_of("GET", path).is_some_and(|route| route.path.contains('{')) {
            let read = Request { method: "GET".to_owned(), path: path.to_owned(), body: Vec::new(), ..request.clone() };
            let tag = read.send(&stack.client).await.header("etag").to_owned();
            return (!tag.is_empty()).then_some(tag);
        }
        path = parent;
    }
    None
}

/// Sends a request and retries it as if the answer had been lost. Returns the first answer, and whether it had an effect.
async fn retried(
    stack: &Stack,
    before: &Items,
    (route, name): (&Route, &str),
    request: &Request,
    record: Key,
) -> (Reply, bool) {
    let first = request.send(&stack.client).await;
    assert!(first.status < 300 && !replayed(&first), "{name}: {} {}", first.status, first.body);
    let effect = settled(stack).await;

    let again = request.send(&stack.client).await;
    assert!(replayed(&again), "{name}");
    assert_eq!(whole(&again), whole(&first), "{name}");
    let mut other = request.clone();
    other.body.push(b' ');
    let other = other.send(&stack.client).await;
    let code = other.body.get("code").or(other.body.get("error"));
    assert_eq!((other.status, code), (422, Some(&json!("IDEMPOTENCY_KEY_REUSED"))), "{name}");
    assert_same(&settled(stack).await, &effect, &format!("{name}: a repeat changes something"));

    // The first attempt took effect but died before its answer was stored.
    crash_record(stack, record).await;
    let retried = request.send(&stack.client).await;
    assert_eq!((retried.status, replayed(&retried)), (first.status, false), "{name}: {}", retried.body);
    // The answer to a change shows the resource as it is now; any other is what it was.
    let changes = route.method != "POST" || route.path.contains('{');
    if !changes || ONLY_LOOK.contains(&route.path) {
        let ((_, headers, body), (_, known_headers, known)) = (whole(&retried), whole(&first));
        assert_eq!(without_request_ids(body), without_request_ids(known), "{name}");
        assert_eq!(headers, known_headers, "{name}");
    }
    if route.path.ends_with("/{subscriptionId}/test") {
        // It is sent again, and measured again.
        assert_eq!(retried.body["webhookId"], first.body["webhookId"], "{name}");
    } else {
        assert_same(&settled(stack).await, &effect, &format!("{name}: a retry changes something"));
    }
    assert_eq!(whole(&request.send(&stack.client).await), whole(&retried), "{name}");
    (first, effect != *before)
}

/// Routes with an effect, and those of them whose requests named a version.
type Seen = (BTreeSet<(&'static str, &'static str)>, BTreeSet<(&'static str, &'static str)>);

/// Runs a conversation with a key on every success.
async fn talk(stack: &Stack, receiver: &str, number: usize, exchanges: &[Exchange]) -> Seen {
    let mut talk = Talk::new(stack, receiver, number);
    let merchant = MerchantId::parse(&merchant_id(number)).unwrap();
    let (mut effective, mut versioned) = Seen::default();
    for (index, exchange) in exchanges.iter().enumerate() {
        let Some(route) = repeatable(exchange) else {
            talk.answer(exchange).await;
            continue;
        };
        let name = format!("{} {}: {}", route.method, route.path, exchange.title);
        let before = settled(stack).await;
        let mut request = talk.request(exchange);
        if request.header("if-match").is_none() {
            let version = version(stack, &request).await;
            request.headers.extend(version.map(|tag| ("if-match".to_owned(), tag)));
        }
        let key = match request.header("idempotency-key") {
            Some(key) => key.to_owned(),
            None => {
                let key = format!("retried-{index}");
                request.headers.push(("idempotency-key".to_owned(), key.clone()));
                key
            }
        };
        let record = Key::idempotency(&merchant, exchange.directive("as"), &key);
        let (first, has_effect) = retried(stack, &before, (route, &name), &request, record).await;
        assert_eq!(first.status, exchange.status(), "{name}");
        talk.shown(exchange, &first);
        if has_effect {
            effective.insert((route.method, route.path));
            versioned.extend(request.header("if-match").map(|_| (route.method, route.path)));
        }
    }
    (effective, versioned)
}

#[tokio::test]
async fn every_post_patch_and_put_has_one_effect_and_one_answer() {
    let (files, receiver) = (local::conversations::files().unwrap(), Receiver::start().await);
    let talks: Vec<(usize, Vec<Exchange>)> =
        files.iter().enumerate().map(|(index, (_, text))| (index + 1, parse(text).unwrap().1)).collect();
    let talks: Vec<_> =
        talks.into_iter().filter(|(_, talk)| talk.iter().any(|one| repeatable(one).is_some())).collect();
    let shares = talks.chunks(talks.len().div_ceil(STACKS)).map(|share| {
        let (receiver, files) = (&receiver, files.len());
        async move {
            let stack = conversations::stack(files).await;
            let mut all = Seen::default();
            for (number, exchanges) in share {
                let (effective, versioned) = talk(&stack, &receiver.url, *number, exchanges).await;
                all.0.extend(effective);
                all.1.extend(versioned);
            }
            all
        }
    });
    let seen: Vec<Seen> = futures_util::stream::iter(shares).buffer_unordered(STACKS).collect().await;
    for route in ROUTES.iter().filter(|route| matches!(route.method, "POST" | "PATCH" | "PUT")) {
        let (name, key) = (format!("{} {}", route.method, route.path), (route.method, route.path));
        let is_effective = seen.iter().any(|(effective, _)| effective.contains(&key));
        assert_ne!(is_effective, ONLY_LOOK.contains(&route.path), "{name}: whether a success has an effect");
        let changes_a_resource = is_effective && route.path.contains('{') && !route.path.ends_with("/test");
        let is_versioned = seen.iter().any(|(_, versioned)| versioned.contains(&key));
        assert!(is_versioned || !changes_a_resource, "{name}: no effective request names a version");
    }
}
