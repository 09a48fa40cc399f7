//! `Idempotency-Key`: one effect and one answer on every route that takes one, whatever happens in between.

mod crash;
mod routes;
mod tenants;

pub(crate) use self::routes::settled;

use aws_sdk_dynamodb::types::AttributeValue;
use axum::http::HeaderMap;
use functions::store::idempotency::{KEPT_SECONDS, LEASE_MS};
use functions::store::keys::Key;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::ids::MerchantId;

use crate::support::{DEMO, MERCHANT, Reply, Stack, order, seed, shop};
use crate::webhooks::now_ms;

const ORDERS: &str = "/order/v1/orders";
const BULK: &str = "/order/v1/orders/bulk";

/// Sends with a key, as the demo merchant.
async fn send(stack: &Stack, method: &str, path: &str, key: &str, body: &str) -> Reply {
    stack.send(method, path, &[("idempotency-key", key)], body.to_owned()).await
}

/// The parts of a reply that a repeat must return unchanged.
fn whole(reply: &Reply) -> (u16, HeaderMap, Value) {
    let mut headers = reply.headers.clone();
    for name in ["date", "x-cost", "idempotency-replayed"] {
        headers.remove(name);
    }
    (reply.status, headers, reply.body.clone())
}

fn replayed(reply: &Reply) -> bool {
    reply.header("idempotency-replayed") == "true"
}

/// An order without a safe id that waits for its start.
fn unnamed() -> Value {
    let mut order = order("x");
    order.as_object_mut().unwrap().remove("safeId");
    order["automaticProcessing"] = json!(false);
    order
}

fn record_key(key: &str) -> Key {
    Key::idempotency(&MerchantId::parse(MERCHANT).unwrap(), None, key)
}

/// Edits the record of a key directly.
async fn edit(stack: &Stack, key: &str, expression: &str, values: &[(&str, i64)]) {
    edit_record(stack, record_key(key), expression, values).await;
}

async fn edit_record(stack: &Stack, key: Key, expression: &str, values: &[(&str, i64)]) {
    let mut update = stack.running.dynamodb().update_item().table_name(stack.table()).update_expression(expression);
    for (name, value) in values {
        update = update.expression_attribute_values(*name, AttributeValue::N(value.to_string()));
    }
    let update = update.key("pk", AttributeValue::S(key.pk)).key("sk", AttributeValue::S(key.sk));
    update.condition_expression("attribute_exists(pk)").send().await.unwrap();
}

/// Leaves the record as an attempt does that dies before its answer is stored, with an expired lease.
async fn crash(stack: &Stack, key: &str) {
    crash_record(stack, record_key(key)).await;
}

async fn crash_record(stack: &Stack, record: Key) {
    let expression = "SET lease_until = :past REMOVE answer, answer_parts";
    edit_record(stack, record, expression, &[(":past", now_ms() - 1)]).await;
}

#[tokio::test]
async fn keys_are_printable_and_requests_without_one_cost_nothing_extra() {
    let stack = Stack::start().await;
    let body = unnamed().to_string();
    let (long, longest) = ("k".repeat(256), "k".repeat(255));
    for headers in [
        &[("idempotency-key", "")][..],
        &[("idempotency-key", &long)],
        &[("idempotency-key", "a\tb")],
        &[("idempotency-key", "a"), ("idempotency-key", "b")],
    ] {
        let reply = stack.send("POST", ORDERS, headers, body.clone()).await;
        assert_eq!((reply.status, &reply.body["code"]), (400, &json!("INVALID_PARAMETER")), "{headers:?}");
        let reply = stack.send("POST", "/v2/orders", headers, "{}").await;
        assert_eq!((reply.status, &reply.body["error"]), (400, &json!("INVALID_PARAMETER")), "{headers:?}");
    }
    assert_eq!(stack.get("/order/v1/orders/countByStatus").await.body["counts"]["Open"], 0);
    for key in ["k", "~ !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}", &longest] {
        let first = send(&stack, "POST", ORDERS, key, &body).await;
        assert_eq!((first.status, replayed(&first)), (201, false), "{key}");
        assert!(replayed(&send(&stack, "POST", ORDERS, key, &body).await), "{key}");
    }
    // Other methods ignore the header.
    let listed = send(&stack, "GET", "/v2/orders", "k", "").await;
    assert_eq!((listed.status, replayed(&listed)), (200, false));
}

#[tokio::test]
async fn cost_of_a_key() {
    let stack = Stack::start().await;
    let seed_order = seed("create-multiple-orders")["bulk"][0].to_string();
    // The claim 1, the order 1, two indexes 2; the record 1 at the start, and 2 with the answer.
    let first = send(&stack, "POST", ORDERS, "seed", &seed_order).await;
    assert_eq!(first.header("x-cost"), "dynamodb_requests=4, wru=7, rru=0, sqs_requests=0");
    // The rejected write returns the answer. (AWS charges 2 for it, the embedded database nothing.)
    let again = send(&stack, "POST", ORDERS, "seed", &seed_order).await;
    assert_eq!(again.header("x-cost"), "dynamodb_requests=1, wru=0, rru=0, sqs_requests=0");
    let bought = json!({"products": [{"sku": "8PX-UF-Y5U", "quantity": 1}]}).to_string();
    let first = send(&stack, "POST", "/v2/orders", "paid", &bought).await;
    assert_eq!(first.header("x-cost"), "dynamodb_requests=4, wru=7, rru=0.5, sqs_requests=0");
}

#[tokio::test]
async fn the_answer_to_the_largest_bulk_is_repeated_completely() {
    let stack = Stack::start().await;
    let mut random = 7_u64;
    let mut noise = || {
        let mut text = String::new();
        while text.len() < 1_900 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(&format!("{random:016x}"));
        }
        text
    };
    let mut noisy = || {
        let mut order = unnamed();
        order["meta"] = json!({"a": noise(), "b": noise(), "c": noise(), "d": noise()});
        order
    };
    let body = json!({"bulk": (0..450).map(|_| noisy()).collect::<Vec<Value>>()}).to_string();
    assert!(body.len() > 3_500_000, "{}", body.len());
    let first = send(&stack, "POST", BULK, "large", &body).await;
    let entries = first.body["bulk"].as_array().unwrap();
    assert!(entries.len() == 450 && entries.iter().all(|entry| entry["status"] == 201));
    let again = send(&stack, "POST", BULK, "large", &body).await;
    assert!(replayed(&again));
    assert!(whole(&again) == whole(&first), "the answers differ");
    let parts = stack.items().await.iter().filter(|item| item["pk"].as_s().unwrap().contains("#answer#")).count();
    assert!(parts > 1, "{parts}");
}

#[tokio::test]
async fn of_32_concurrent_requests_one_has_an_effect() {
    let stack = Stack::with(shop(MERCHANT, &[("USD", "1000")], "7"), &[]).await;
    let paid = json!({"clientOrderNumber": "n", "products": [{"sku": "CARD", "quantity": 1}]}).to_string();
    let order = unnamed().to_string();
    let bulk = json!({"bulk": [unnamed(), unnamed()]}).to_string();
    for (path, body) in [("/v2/orders", &paid), (ORDERS, &order), (BULK, &bulk)] {
        let replies = join_all((0..32).map(|_| send(&stack, "POST", path, path, body))).await;
        let (answered, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status < 300);
        assert!(!answered.is_empty(), "{path}");
        assert_eq!(answered.iter().filter(|reply| !replayed(reply)).count(), 1, "{path}");
        for reply in &answered {
            assert_eq!(whole(reply), whole(answered[0]), "{path}");
        }
        for reply in refused {
            let code = reply.body.get("code").or(reply.body.get("error")).unwrap();
            assert_eq!((reply.status, code), (409, &json!("IDEMPOTENCY_KEY_IN_USE")), "{path}");
            assert_eq!(reply.header("retry-after"), "1");
        }
        assert_eq!(whole(&send(&stack, "POST", path, path, body).await), whole(answered[0]), "{path}");
    }
    assert_eq!(stack.balance(MERCHANT, "USD").await, "993");
    assert_eq!(stack.get("/v2/orders").await.body["data"]["total"], 1);
    stack.eventually("/order/v1/orders/countByStatus", |body| body["counts"]["Open"] == 3).await;
}

#[tokio::test]
async fn a_key_expires_even_if_its_record_still_exists() {
    let stack = Stack::start().await;
    let first = send(&stack, "POST", ORDERS, "k", &unnamed().to_string()).await;
    let item = stack.items().await.into_iter().find(|item| item["pk"].as_s().unwrap() == &record_key("k").pk).unwrap();
    let expires_in = item["expires_at"].as_n().unwrap().parse::<i64>().unwrap() - now_ms() / 1000;
    assert!((KEPT_SECONDS - 60..=KEPT_SECONDS).contains(&expires_in), "{expires_in}");
    // It counts as absent: both the same request and another one are new.
    edit(&stack, "k", "SET expires_at = :past", &[(":past", now_ms() / 1000)]).await;
    let second = send(&stack, "POST", ORDERS, "k", &unnamed().to_string()).await;
    assert_eq!((second.status, replayed(&second)), (201, false));
    assert_ne!(second.body["order"]["safeId"], first.body["order"]["safeId"]);
    edit(&stack, "k", "SET expires_at = :past", &[(":past", now_ms() / 1000)]).await;
    assert_eq!(send(&stack, "POST", ORDERS, "k", &order("other").to_string()).await.status, 201);
    assert_eq!(send(&stack, "POST", ORDERS, "k", &unnamed().to_string()).await.status, 422);
}

#[tokio::test]
async fn a_lease_outlasts_every_function() {
    let stack = Stack::start().await;
    for function in stack.running.stack.functions.iter().filter(|function| !function.routes.is_empty()) {
        let timeout_ms = i64::try_from(function.timeout.as_millis()).unwrap();
        assert!(timeout_ms + 5_000 < LEASE_MS, "{} may run {timeout_ms} ms", function.logical_id);
    }
}

#[tokio::test]
async fn errors_are_stored_if_the_same_request_would_get_them_again() {
    let stack = Stack::start().await;
    let invalid = json!({"items": []}).to_string();
    let unpaid = json!({"products": [{"sku": "TTR-WI-YWN", "quantity": 10_000}]}).to_string();
    let missing = format!("{ORDERS}/aaaaaaaaaaaaaaaaaaaaa000/cancel");
    for (path, body) in [(ORDERS, &invalid), ("/v2/orders", &unpaid), (&missing, &json!({"reason": "a"}).to_string())] {
        let first = send(&stack, "POST", path, path, body).await;
        let again = send(&stack, "POST", path, path, body).await;
        assert!((400..500).contains(&first.status) && !replayed(&first) && replayed(&again), "{path}");
        assert_eq!(whole(&again), whole(&first), "{path}");
    }
    // A problem with a header may be fixed.
    let created = stack.post(ORDERS, &unnamed()).await;
    let hold = format!("{}/customerCareHold", created.header("location"));
    let body = json!({"reason": "a"}).to_string();
    for (header, wrong, right, status) in [
        ("if-match", "\"7\"", "\"1\"", 412),
        ("content-type", "text/plain", "application/json", 415),
        ("authorization", "Bearer wrong", "Bearer demo-bearer-token", 401),
    ] {
        let with = |value: &'static str| {
            let others = DEMO.iter().copied().filter(|(name, _)| *name != header);
            others.chain([("idempotency-key", header), (header, value)]).collect::<Vec<_>>()
        };
        let refused = stack.client.send("POST", &hold, &with(wrong), body.clone()).await;
        assert_eq!(refused.status, status, "{header}");
        let fixed = stack.client.send("POST", &hold, &with(right), body.clone()).await;
        assert_eq!((fixed.status, replayed(&fixed)), (200, false), "{header}");
    }
}

/// Without permission to insert, orders fail with a server error.
#[tokio::test]
async fn server_errors_are_not_stored() {
    use std::io::Write;
    let template = std::fs::read_to_string(local::commands::project().join("template.yaml")).unwrap();
    let mut file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    file.write_all(template.replace("                - dynamodb:PartiQLInsert\n", "").as_bytes()).unwrap();
    let stack = Stack::of_template(file.path().to_owned(), local::demo::Data::demo().unwrap(), &[]).await;
    let (one, bulk) = (unnamed().to_string(), json!({"bulk": [unnamed()]}).to_string());
    for (path, body, status) in [(ORDERS, &one, 500), (BULK, &bulk, 200)] {
        for _ in 0..2 {
            let reply = send(&stack, "POST", path, path, body).await;
            assert_eq!((reply.status, replayed(&reply)), (status, false), "{path} {}", reply.body);
            assert!(reply.body.to_string().contains("INTERNAL"));
        }
        assert_eq!(send(&stack, "POST", path, path, "{}").await.status, 422, "{path}: the key stands for its request");
    }
}
