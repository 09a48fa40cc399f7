//! Managing webhook subscriptions over HTTP.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::support::{DEMO, MERCHANT, OTHER, Reply, Stack, two_merchants};
use crate::webhooks::{SUBSCRIPTIONS, stack, subscribe};

const URL: &str = "https://example.com/hooks";

fn path(subscription: &Value) -> String {
    format!("{SUBSCRIPTIONS}/{}", subscription["id"].as_str().unwrap())
}

async fn patch(stack: &Stack, path: &str, if_match: Option<&str>, body: Value) -> Reply {
    let headers: Vec<(&str, &str)> = if_match.map(|tag| ("if-match", tag)).into_iter().collect();
    stack.send("PATCH", path, &headers, body.to_string()).await
}

fn codes(reply: &Reply) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let errors = reply.body["errors"].as_array().unwrap();
    errors.iter().map(|error| (text(&error["errorCode"]), text(&error["pointer"]))).collect()
}

#[tokio::test]
async fn a_secret_is_shown_once() {
    let stack = Stack::start().await;
    let body = json!({"url": URL, "events": ["OrderUpdate"], "description": "ERP", "colour": 1});
    let created = stack.post(SUBSCRIPTIONS, &body).await;
    let subscription = &created.body["subscription"];
    assert_eq!((created.status, created.header("etag")), (201, "\"1\""));
    assert_eq!(created.header("location"), path(subscription));
    assert_eq!(created.body["warnings"][0]["pointer"], "/colour");
    let secret = subscription["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 50);

    let read = stack.get(created.header("location")).await;
    let mut expected = subscription.clone();
    expected.as_object_mut().unwrap().remove("secret");
    assert_eq!((&read.body["subscription"], read.header("etag")), (&expected, "\"1\""));
    assert!(secret.ends_with(expected["secretHint"].as_str().unwrap().trim_start_matches("whsec_\u{2026}")));
    let expected = json!({"subscriptions": [expected], "page": 1, "pageSize": 50, "nextCursor": null});
    assert_eq!(stack.get(SUBSCRIPTIONS).await.body, expected);
}

#[tokio::test]
async fn all_violations_are_reported_at_once() {
    let stack = Stack::start().await;
    let body = json!({"description": 7, "events": ["OrderCreation", "Test"], "isEnabled": "yes"});
    let refused = stack.post(SUBSCRIPTIONS, &body).await;
    assert_eq!((refused.status, &refused.body["code"]), (400, &json!("VALIDATION_FAILED")));
    let found: std::collections::BTreeSet<_> = codes(&refused).into_iter().collect();
    let expected = [
        ("INVALID_FORMAT", "/events/1"),
        ("REQUIRED", "/url"),
        ("WRONG_TYPE", "/description"),
        ("WRONG_TYPE", "/isEnabled"),
    ];
    assert_eq!(found, expected.map(|(code, pointer)| (code.to_owned(), pointer.to_owned())).into());
    let error = refused.body["errors"].as_array().unwrap().iter().find(|error| error["pointer"] == "/isEnabled");
    let expected = json!({"errorCode": "WRONG_TYPE", "errorMessage": "must be a boolean, not a string",
        "propertyName": "IsEnabled", "attemptedValue": "yes", "pointer": "/isEnabled"});
    assert_eq!(error, Some(&expected));
    let strict = [("prefer", "handling=strict")];
    let body = json!({"url": URL, "events": ["OrderUpdate"], "colour": 1}).to_string();
    let refused = stack.send("POST", SUBSCRIPTIONS, &strict, body).await;
    assert_eq!(codes(&refused), [("UNKNOWN_MEMBER".to_owned(), "/colour".to_owned())]);
    assert_eq!(stack.get(SUBSCRIPTIONS).await.body["subscriptions"], json!([]));
}

#[tokio::test]
async fn urls_to_internal_addresses_are_rejected() {
    let (strict, loopback) = (Stack::start().await, stack().await);
    let refused = [
        "http://example.com/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/",
        "https://[::ffff:10.0.0.1]/",
        "https://2130706433/",
        "https://user:word@example.com/",
        "https://db.internal/",
        "https://example.com/#a",
        "https://example.com:0/",
        "http://127.0.0.1:0/",
        "ftp://example.com/",
    ];
    for url in refused {
        let body = json!({"url": url, "events": ["OrderUpdate"]});
        let reply = strict.post(SUBSCRIPTIONS, &body).await;
        assert_eq!(
            (reply.status, codes(&reply)),
            (400, vec![("INVALID_FORMAT".to_owned(), "/url".to_owned())]),
            "{url}"
        );
        let own = ["https://localhost/", "https://127.0.0.1/", "https://[::1]/"].contains(&url);
        assert_eq!(loopback.post(SUBSCRIPTIONS, &body).await.status, if own { 201 } else { 400 }, "{url}");
    }
    let subscription = subscribe(&strict, URL).await;
    let reply = patch(&strict, &path(&subscription), None, json!({"url": "https://192.168.0.1/"})).await;
    assert_eq!((reply.status, codes(&reply)[0].1.as_str()), (400, "/url"));
}

/// A stored URL is checked again for each call, because the setting or the name's address may have changed.
#[tokio::test]
async fn a_stored_url_to_an_internal_address_is_not_called() {
    let (stack, receiver) = (Stack::start().await, Receiver::start().await);
    let subscription = subscribe(&stack, URL).await;
    let id = subscription["id"].as_str().unwrap();
    let secure = receiver.url.replace("http:", "https:");
    for url in [&receiver.url, &secure, &secure.replace("127.0.0.1", "localhost")] {
        let update = stack.running.dynamodb().update_item().table_name(stack.table());
        let update = update.key("pk", AttributeValue::S(format!("{MERCHANT}#webhook")));
        let update = update.key("sk", AttributeValue::S(format!("subscription#{id}")));
        let update = update.update_expression("SET webhook_url = :url");
        update.expression_attribute_values(":url", AttributeValue::S(url.clone())).send().await.unwrap();
        let tested = stack.post(&format!("{}/test", path(&subscription)), &json!({})).await;
        assert_eq!((tested.status, &tested.body["isDelivered"]), (200, &json!(false)));
        let error = tested.body["error"].as_str().unwrap();
        assert!(error.starts_with("the address is refused: "), "{error}");
    }
    assert!(receiver.calls().is_empty());
}

#[tokio::test]
async fn a_test_reports_its_result_and_is_logged() {
    let (stack, receiver) = (stack().await, Receiver::start().await);
    let subscription = subscribe(&stack, &receiver.url).await;
    patch(&stack, &path(&subscription), None, json!({"isEnabled": false})).await;
    receiver.answer(204, "");
    receiver.answer(410, "");
    let test = format!("{}/test", path(&subscription));
    let good = stack.client.send("POST", &test, &DEMO[..1], "").await;
    assert_eq!((good.status, &good.body["isDelivered"], &good.body["statusCode"]), (200, &json!(true), &json!(204)));
    let bad = stack.post(&test, &json!({})).await;
    assert_eq!(
        (&bad.body["isDelivered"], &bad.body["statusCode"], &bad.body["error"]),
        (&json!(false), &json!(410), &Value::Null)
    );
    let call = receiver.calls().remove(0);
    assert_eq!((&call.json()["EventType"], &call.json()["SubscriberId"]), (&json!("Test"), &json!(MERCHANT)));
    assert_eq!(call.header("webhook-id"), good.body["webhookId"]);
    assert_eq!(call.signatures_by(subscription["secret"].as_str().unwrap()), 1);
    let log = stack.get(&format!("{}/deliveries", path(&subscription))).await.body;
    let states: Vec<_> =
        log["deliveries"].as_array().unwrap().iter().map(|each| (&each["eventType"], &each["state"])).collect();
    assert_eq!(states, [(&json!("Test"), &json!("Failed")), (&json!("Test"), &json!("Delivered"))]);
    // A test only changes the log.
    assert_eq!(stack.get(&path(&subscription)).await.body["subscription"]["disabledReason"], Value::Null);

    // Nothing listens on port 1.
    patch(&stack, &path(&subscription), None, json!({"url": "http://127.0.0.1:1/"})).await;
    let none = stack.post(&test, &json!({})).await;
    assert_eq!((&none.body["isDelivered"], &none.body["statusCode"]), (&json!(false), &Value::Null));
    assert!(none.body["error"].as_str().unwrap().starts_with("no connection: "));
}

#[tokio::test]
async fn changes_apply_to_the_version_that_the_caller_knows() {
    let stack = Stack::start().await;
    let subscription = subscribe(&stack, URL).await;
    let path = path(&subscription);
    let changed = patch(&stack, &path, Some("\"1\""), json!({"description": "a"})).await;
    assert_eq!((changed.status, changed.header("etag")), (200, "\"2\""));
    assert_eq!(changed.body["subscription"]["url"], URL);
    let stale = patch(&stack, &path, Some("\"1\""), json!({"description": "b"})).await;
    assert_eq!((stale.status, &stale.body["code"]), (412, &json!("PRECONDITION_FAILED")));
    let stale = stack.send("DELETE", &path, &[("if-match", "\"1\"")], "").await;
    assert_eq!(stale.status, 412);
    // A patch that changes nothing creates no version.
    assert_eq!(patch(&stack, &path, None, json!({"description": "a"})).await.header("etag"), "\"2\"");
    let cleared = patch(&stack, &path, Some("\"0\", \"2\""), json!({"description": null})).await;
    assert_eq!(cleared.body["subscription"]["description"], Value::Null);

    // Concurrent changes lose nothing: each creates a version.
    let patches = (0..5).map(|index| patch(&stack, &path, None, json!({"description": format!("d{index}")})));
    let statuses: Vec<u16> = join_all(patches).await.iter().map(|reply| reply.status).collect();
    let made = statuses.iter().filter(|status| **status == 200).count();
    assert!(statuses.iter().all(|status| matches!(status, 200 | 503)), "{statuses:?}");
    assert_eq!(stack.get(&path).await.header("etag"), format!("\"{}\"", 3 + made));

    let current = stack.get(&path).await.header("etag").to_owned();
    let deleted = stack.send("DELETE", &path, &[("if-match", &current)], "").await;
    assert_eq!((deleted.status, stack.get(&path).await.status), (204, 404));
    assert_eq!(stack.send("DELETE", &path, &[], "").await.status, 404);
}

#[tokio::test]
async fn a_merchant_has_at_most_twenty_subscriptions() {
    let stack = Stack::start().await;
    let body = json!({"url": URL, "events": ["OrderUpdate"]});
    let replies = join_all((0..24).map(|_| stack.post(SUBSCRIPTIONS, &body))).await;
    let created = replies.iter().filter(|reply| reply.status == 201).count();
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        assert_eq!((reply.status, &reply.body["code"]), (422, &json!("TOO_MANY_SUBSCRIPTIONS")));
    }
    let listed = stack.get(SUBSCRIPTIONS).await.body["subscriptions"].as_array().unwrap().clone();
    assert_eq!((created, listed.len()), (20, 20));
    assert_eq!(stack.send("DELETE", &path(&listed[0]), &[], "").await.status, 204);
    assert_eq!(stack.post(SUBSCRIPTIONS, &body).await.status, 201);
    assert_eq!(stack.post(SUBSCRIPTIONS, &body).await.status, 422);

    // In pages, each subscription once and in the same order.
    let mut paged = Vec::new();
    let mut query = "?pageSize=7".to_owned();
    loop {
        let page = stack.get(&format!("{SUBSCRIPTIONS}{query}")).await.body;
        paged.extend(page["subscriptions"].as_array().unwrap().clone());
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        query = format!("?pageSize=7&cursor={cursor}");
    }
    assert_eq!(json!(paged), stack.get(SUBSCRIPTIONS).await.body["subscriptions"]);
    let second = stack.get(&format!("{SUBSCRIPTIONS}?pageSize=7&page=2")).await.body;
    assert_eq!(second["subscriptions"], json!(paged[7..14]));
}

#[tokio::test]
async fn the_log_is_paged_newest_first() {
    let (stack, receiver) = (stack().await, Receiver::start().await);
    let (subscription, other) = (subscribe(&stack, &receiver.url).await, subscribe(&stack, &receiver.url).await);
    let mut sent = Vec::new();
    for _ in 0..5 {
        let tested = stack.post(&format!("{}/test", path(&subscription)), &json!({})).await;
        sent.push(tested.body["webhookId"].clone());
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    sent.reverse();
    let log = format!("{}/deliveries", path(&subscription));
    let ids = |page: &Value| -> Vec<Value> {
        page["deliveries"].as_array().unwrap().iter().map(|each| each["webhookId"].clone()).collect()
    };
    let first = stack.get(&format!("{log}?pageSize=2")).await.body;
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = stack.get(&format!("{log}?pageSize=2&cursor={cursor}")).await.body;
    let third = stack.get(&format!("{log}?pageSize=2&page=3")).await.body;
    assert_eq!([ids(&first), ids(&second), ids(&third)].concat(), sent);
    assert_eq!((&third["nextCursor"], &third["page"], &second["page"]), (&Value::Null, &json!(3), &Value::Null));
    let foreign = stack.get(&format!("{}/deliveries?cursor={cursor}", path(&other))).await;
    assert_eq!((foreign.status, &foreign.body["code"]), (400, &json!("INVALID_PARAMETER")));
    assert_eq!(stack.get(&format!("{log}?pageSize=201")).await.status, 400);
}

#[tokio::test]
async fn another_merchants_subscription_is_not_found() {
    let stack = Stack::with(two_merchants(), &[]).await;
    let subscription = subscribe(&stack, URL).await;
    let own = path(&subscription);
    for (method, path) in [
        ("GET", own.clone()),
        ("PATCH", own.clone()),
        ("DELETE", own.clone()),
        ("POST", format!("{own}/test")),
        ("POST", format!("{own}/rotateSecret")),
        ("GET", format!("{own}/deliveries")),
    ] {
        let reply = stack.client.send(method, &path, OTHER, "{}").await;
        assert_eq!((reply.status, &reply.body["code"]), (404, &json!("NOT_FOUND")), "{method} {path}");
        let unknown = path.replace(subscription["id"].as_str().unwrap(), "x");
        assert_eq!(stack.send(method, &unknown, &[], "{}").await.status, 404, "{method} {unknown}");
    }
    assert_eq!(stack.client.send("GET", SUBSCRIPTIONS, OTHER, "").await.body["subscriptions"], json!([]));
    assert_eq!(stack.get(&own).await.header("etag"), "\"1\"", "the subscription is unchanged");
}
