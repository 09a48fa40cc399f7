//! Each deployed binary answers its event from `events/` through the Lambda Runtime API, in its own process.

use std::collections::BTreeSet;

use local::commands::invoke::{invoke_on_fresh_stack, target_folder};
use local::commands::project;
use serde_json::{Value, json};

use crate::support::redacted;

async fn answer(binary: &str) -> Value {
    let path = target_folder().join(binary);
    assert!(path.exists(), "{} is not built: cargo build --workspace --bins", path.display());
    let event = std::fs::read(project().join(format!("events/{binary}.json"))).unwrap();
    invoke_on_fresh_stack(binary, &path, serde_json::from_slice(&event).unwrap()).await.unwrap()
}

/// The status and body of an answer to the gateway.
fn http(answer: &Value) -> (u64, Value) {
    (answer["statusCode"].as_u64().unwrap(), serde_json::from_str(answer["body"].as_str().unwrap()).unwrap())
}

#[tokio::test]
async fn every_function_has_an_event() {
    let stack = crate::support::Stack::start().await;
    let functions: BTreeSet<String> =
        stack.running.stack.functions.iter().map(|function| function.binary.clone()).collect();
    let events = std::fs::read_dir(project().join("events")).unwrap();
    let events =
        events.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(functions, events);
}

#[tokio::test]
async fn authorizer() {
    let expected = json!({"isAuthorized": true, "context": {
        "tokenMerchantId": "b234ee56-7890-4f12-a123-4567890abcde", "apiKeyMerchantId": "b234ee56-7890-4f12-a123-4567890abcde"}});
    assert_eq!(answer("authorizer").await, expected);
}

#[tokio::test]
async fn orders_create() {
    let (status, body) = http(&answer("orders-create").await);
    assert_eq!(status, 200);
    insta::assert_json_snapshot!("binary_orders_create", redacted(body));
}

#[tokio::test]
async fn orders_query() {
    let (status, body) = http(&answer("orders-query").await);
    assert_eq!((status, body), (200, json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")})));
}

#[tokio::test]
async fn orders_manage() {
    let (status, body) = http(&answer("orders-manage").await);
    assert_eq!((status, &body["code"]), (404, &json!("NOT_FOUND")));
}

#[tokio::test]
async fn relay() {
    assert_eq!(answer("relay").await, json!({"batchItemFailures": []}));
}

#[tokio::test]
async fn fulfil() {
    // Its order does not exist, so the message is retried.
    let expected = json!({"batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661975830a7d"}]});
    assert_eq!(answer("fulfil").await, expected);
}

#[tokio::test]
async fn inbound() {
    // Its receipt does not exist, so the message is retried.
    let expected = json!({"batchItemFailures": [{"itemIdentifier": "7c1e8b0a-53d2-4b52-9a7e-2f6f1d8f5a10"}]});
    assert_eq!(answer("inbound").await, expected);
}

#[tokio::test]
async fn sweep() {
    assert_eq!(
        answer("sweep").await,
        json!({"overdue": 0, "queued": 0, "released": 0, "redelivered": 0, "oldest_unqueued_seconds": 0})
    );
}

#[tokio::test]
async fn notify() {
    // Its subscription does not exist, so there is nothing to do.
    assert_eq!(answer("notify").await, json!({"batchItemFailures": []}));
}

#[tokio::test]
async fn webhooks() {
    let (status, body) = http(&answer("webhooks").await);
    let expected = json!({"subscriptions": [], "page": 1, "pageSize": 50, "nextCursor": null});
    assert_eq!((status, body), (200, expected));
}
