//! Webhook deliveries from the message on: to a subscriber on this machine, through the queue.
//!
//! The orders exist and their events are processed before anybody subscribes, so each test has only the messages that
//! it creates. `pipeline.rs` covers the way from the order to the message.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use local::aws::sqs::Outgoing;
use local::demo::Data;
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::support::{DEMO, MERCHANT, Stack, order, order_key};

pub(crate) const SUBSCRIPTIONS: &str = "/webhook/v1/subscriptions";

pub(crate) fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A stack whose webhooks may call this machine.
pub(crate) async fn stack() -> Stack {
    let parameters = [("VendorStepSeconds", "0"), ("AllowLoopbackWebhooks", "true"), ("OverdueSeconds", "1")];
    Stack::with(Data::demo().unwrap(), &parameters).await
}

/// Subscribes a URL to new orders and returns the subscription.
pub(crate) async fn subscribe(stack: &Stack, url: &str) -> Value {
    let body = json!({"url": url, "events": ["OrderCreation"]});
    let reply = stack.post(SUBSCRIPTIONS, &body).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    reply.body["subscription"].clone()
}

fn path(subscription: &Value) -> String {
    format!("{SUBSCRIPTIONS}/{}", subscription["id"].as_str().unwrap())
}

/// Fulfilled orders whose creation the relay has processed before any subscription existed; returns their ids.
async fn settled<const N: usize>(stack: &Stack, safe_ids: [&str; N]) -> [String; N] {
    let mut ids = Vec::new();
    for safe_id in safe_ids {
        let created = stack.post("/order/v1/orders", &order(safe_id)).await;
        ids.push(created.body["order"]["id"].as_str().unwrap().to_owned());
    }
    // The count includes the last version's record, which follows the records of earlier versions.
    stack.eventually("/order/v1/orders/countByStatus", |body| body["counts"]["Fulfilled"] == N).await;
    ids.try_into().unwrap()
}

/// The first message to a subscription about a new order.
fn message(subscription: &Value, id: &str) -> Value {
    json!({
        "merchant": MERCHANT, "subscription": subscription["id"],
        "order": order_key(id), "version": 1, "event": "OrderCreation",
        "shipment": null, "at": now_ms(), "request_id": "request-1", "attempt": 0,
    })
}

async fn send(stack: &Stack, message: &Value) {
    let queue = stack.running.stack.queue("DeliveryQueue").unwrap().name.clone();
    stack.running.queues.send(&queue, Outgoing::of(message.to_string())).await.unwrap();
}

/// Processes messages directly, without the queue; returns the ids that failed.
async fn work(stack: &Stack, bodies: &[String]) -> Vec<String> {
    let record = |(index, body): (usize, &String)| json!({"messageId": index.to_string(), "body": body});
    let records: Vec<Value> = bodies.iter().enumerate().map(record).collect();
    let answer = stack.running.invoke("NotifyFunction", json!({"Records": records})).await.unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

/// The log of a subscription once its newest delivery has the expected state.
async fn log(stack: &Stack, subscription: &Value, state: &str) -> Value {
    let path = format!("{}/deliveries", path(subscription));
    let log = stack.eventually(&path, |log| log["deliveries"][0]["state"] == state).await;
    log["deliveries"][0].clone()
}

/// The delivery items.
async fn items(stack: &Stack) -> Vec<HashMap<String, AttributeValue>> {
    let all = stack.items().await;
    all.into_iter().filter(|item| item.contains_key("delivery_state")).collect()
}

fn seconds(item: &HashMap<String, AttributeValue>, name: &str) -> Option<i64> {
    item.get(name).map(|value| value.as_n().unwrap().parse().unwrap())
}

#[tokio::test]
async fn an_event_is_signed_delivered_and_logged_once() {
    let (stack, receiver) = (stack().await, Receiver::start().await);
    let [id] = settled(&stack, ["first"]).await;
    let subscription = subscribe(&stack, &receiver.url).await;
    let job = message(&subscription, &id);
    send(&stack, &job).await;
    let delivered = log(&stack, &subscription, "Delivered").await;
    let calls = receiver.calls();
    let [call] = calls.as_slice() else { panic!("{calls:?}") };
    let order_id = job["order"]["sk"].as_str().unwrap();
    let expected = json!({
        "EventType": "OrderCreation", "RequestId": "request-1", "SubscriberId": MERCHANT, "ChildSubscriberId": null,
        "OrderId": order_id, "ExternalOrderId": null, "SafeId": "first", "IsSuccessful": true, "Reprint": null,
        "Description": "Order created",
    });
    assert_eq!((call.json(), call.header("content-type")), (expected.clone(), "application/json"));
    assert_eq!(call.signatures_by(subscription["secret"].as_str().unwrap()), 1);
    assert_eq!(call.signatures_by("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), 0);
    let age_seconds = now_ms() / 1000 - call.header("webhook-timestamp").parse::<i64>().unwrap();
    assert!((0..60).contains(&age_seconds));

    assert_eq!(delivered["webhookId"], call.header("webhook-id"));
    assert_eq!((&delivered["payload"], &delivered["orderId"]), (&expected, &json!(order_id)));
    assert_eq!((&delivered["attempts"], &delivered["lastAttempts"][0]["statusCode"]), (&json!(1), &json!(200)));

    // The same message again, as a first or a later attempt, changes nothing.
    let mut later = job.clone();
    later["attempt"] = json!(1);
    let unknown = json!({"attempt": 1, "at": now_ms() - 1});
    let mut expired = job.clone();
    expired.as_object_mut().unwrap().extend(unknown.as_object().unwrap().clone());
    assert!(work(&stack, &[job.to_string(), later.to_string(), expired.to_string()]).await.is_empty());
    assert_eq!((receiver.calls().len(), log(&stack, &subscription, "Delivered").await), (1, delivered));

    let items = items(&stack).await;
    let [item] = items.as_slice() else { panic!("{items:?}") };
    assert!(!item.contains_key("due_at") && !item.contains_key("due_shard"), "a finished delivery leaves the index");
    let kept_days = (seconds(item, "expires_at").unwrap() - now_ms() / 1000) / (24 * 3600);
    assert!((29..=30).contains(&kept_days));
}

/// Also: a redirect is a failure and is not followed.
#[tokio::test]
async fn a_retry_has_the_same_id_and_body() {
    let (stack, receiver, elsewhere) = (stack().await, Receiver::start().await, Receiver::start().await);
    let [id] = settled(&stack, ["retried"]).await;
    let subscription = subscribe(&stack, &receiver.url).await;
    receiver.answer(302, &elsewhere.url);
    let job = message(&subscription, &id);
    send(&stack, &job).await;
    receiver.called(1).await;
    let pending = log(&stack, &subscription, "Pending").await;
    assert!(pending["nextAttemptAt"].is_string());
    let item = items(&stack).await.remove(0);
    let due_in_seconds = seconds(&item, "due_at").unwrap() - now_ms() / 1000;
    assert!((295..=310).contains(&due_in_seconds), "the next attempt is due in {due_in_seconds} s");
    // Repeating the first message does not trigger the second attempt.
    assert!(work(&stack, &[job.to_string()]).await.is_empty());
    assert_eq!(receiver.calls().len(), 1);

    let delivered = log(&stack, &subscription, "Delivered").await;
    let calls = receiver.calls();
    let [first, second] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!((&first.body, first.header("webhook-id")), (&second.body, second.header("webhook-id")));
    let secret = subscription["secret"].as_str().unwrap();
    assert_eq!((first.signatures_by(secret), second.signatures_by(secret)), (1, 1));
    let statuses: Vec<&Value> =
        delivered["lastAttempts"].as_array().unwrap().iter().map(|attempt| &attempt["statusCode"]).collect();
    assert_eq!((statuses, &delivered["nextAttemptAt"]), (vec![&json!(302), &json!(200)], &Value::Null));
    assert!(elsewhere.calls().is_empty());
}

#[tokio::test]
async fn one_of_many_equal_messages_makes_the_call() {
    let (stack, receiver) = (stack().await, Receiver::start().await);
    let [id] = settled(&stack, ["many"]).await;
    let subscription = subscribe(&stack, &receiver.url).await;
    let job = message(&subscription, &id).to_string();
    assert!(work(&stack, &vec![job; 10]).await.is_empty());
    assert_eq!(receiver.calls().len(), 1);
}

#[tokio::test]
async fn status_410_disables_the_subscription() {
    let (stack, receiver) = (stack().await, Receiver::start().await);
    let [id, later] = settled(&stack, ["gone", "later"]).await;
    let subscription = subscribe(&stack, &receiver.url).await;
    receiver.answer(410, "");
    let job = message(&subscription, &id).to_string();
    assert!(work(&stack, &[job]).await.is_empty());
    let failed = log(&stack, &subscription, "Failed").await;
    assert_eq!((&failed["attempts"], &failed["nextAttemptAt"]), (&json!(1), &Value::Null));
    let read = stack.get(&path(&subscription)).await.body["subscription"].clone();
    assert_eq!(
        (&read["isEnabled"], &read["disabledReason"]),
        (&json!(false), &json!("the subscriber answered 410 Gone"))
    );

    // It gets no further events until its owner enables it.
    let job = message(&subscription, &later).to_string();
    assert!(work(&stack, std::slice::from_ref(&job)).await.is_empty());
    assert_eq!(receiver.calls().len(), 1);
    let enabled = stack.send("PATCH", &path(&subscription), &[], r#"{"isEnabled":true}"#).await;
    assert_eq!(enabled.body["subscription"]["disabledReason"], Value::Null);
    assert!(work(&stack, &[job]).await.is_empty());
    assert_eq!(receiver.calls().len(), 2);
}

#[tokio::test]
async fn pending_deliveries_to_a_deleted_subscription_end() {
    let (stack, receiver) = (stack().await, Receiver::start().await);
    let [id] = settled(&stack, ["orphan"]).await;
    let subscription = subscribe(&stack, &receiver.url).await;
    receiver.answer(500, "");
    let mut job = message(&subscription, &id);
    assert!(work(&stack, &[job.to_string()]).await.is_empty());
    assert_eq!(stack.send("DELETE", &path(&subscription), &[], "").await.status, 204);
    job["attempt"] = json!(1);
    assert!(work(&stack, &[job.to_string()]).await.is_empty());
    let item = items(&stack).await.remove(0);
    assert_eq!((item["delivery_state"].as_s().unwrap().as_str(), item.contains_key("due_at")), ("Failed", false));
    assert_eq!(receiver.calls().len(), 1);
}

/// The sweep handles a wait longer than SQS supports, and a lost message.
#[tokio::test]
async fn the_sweep_sends_due_deliveries() {
    let (stack, receiver) = (stack().await, Receiver::start().await);
    let [id] = settled(&stack, ["swept"]).await;
    let subscription = subscribe(&stack, &receiver.url).await;
    let job = message(&subscription, &id);
    receiver.answer(500, "");
    receiver.answer(500, "");
    assert!(work(&stack, &[job.to_string()]).await.is_empty());
    // Three attempts have failed, and the fourth is due.
    let item = items(&stack).await.remove(0);
    let number = |number: i64| AttributeValue::N(number.to_string());
    let update = stack.running.dynamodb().update_item().table_name(stack.table());
    let update = update.key("pk", item["pk"].clone()).key("sk", item["sk"].clone());
    let update = update.update_expression("SET attempts = :three, due_at = :due_at");
    let update = update.expression_attribute_values(":three", number(3));
    update.expression_attribute_values(":due_at", number(now_ms() / 1000 - 10)).send().await.unwrap();

    let swept = stack.running.invoke("SweepFunction", json!({})).await.unwrap();
    assert_eq!(swept["redelivered"], 1);
    receiver.called(2).await;
    let path = format!("{}/deliveries", path(&subscription));
    stack.eventually(&path, |log| log["deliveries"][0]["attempts"] == 4).await;
    let item = items(&stack).await.remove(0);
    assert_eq!(seconds(&item, "due_at"), Some(seconds(&item, "next_attempt_at").unwrap() / 1000));
    let wait_minutes = (seconds(&item, "due_at").unwrap() - now_ms() / 1000) / 60;
    assert!((106..=133).contains(&wait_minutes), "two hours, plus or minus 10 %: {wait_minutes}");
    let swept = stack.running.invoke("SweepFunction", json!({})).await.unwrap();
    assert_eq!(swept["redelivered"], 0);
    // The late message of the second attempt changed nothing.
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(receiver.calls().len(), 2);
}

#[tokio::test]
async fn malformed_messages_fail_individually() {
    let (stack, receiver) = (stack().await, Receiver::start().await);
    let [id] = settled(&stack, ["good"]).await;
    let subscription = subscribe(&stack, &receiver.url).await;
    let good = message(&subscription, &id);
    let with = |name: &str, value: Value| {
        let mut other = good.clone();
        other[name] = value;
        other.to_string()
    };
    let (nobody, own) = ("a".repeat(21) + "000", order_key(&id));
    let other_merchants = own["pk"].as_str().unwrap().replace(MERCHANT, "00000000-0000-4000-8000-000000000000");
    let bodies = [
        "not JSON".to_owned(),
        with("more", json!(1)),
        with("order", json!({"pk": other_merchants, "sk": id})),
        with("order", order_key(&nobody)),
        good.to_string(),
    ];
    assert_eq!(work(&stack, &bodies).await, ["0", "1", "2", "3"]);
    assert_eq!(receiver.calls().len(), 1);
}

#[tokio::test]
async fn replaced_secrets_keep_signing_during_a_rotation() {
    let (stack, receiver) = (stack().await, Receiver::start().await);
    let [id] = settled(&stack, ["rotated"]).await;
    let subscription = subscribe(&stack, &receiver.url).await;
    let old = subscription["secret"].as_str().unwrap();
    let rotate = format!("{}/rotateSecret", path(&subscription));
    // Without a body, and so without its type.
    let rotated = stack.client.send("POST", &rotate, &DEMO[..1], "").await;
    assert_eq!(rotated.status, 200, "{}", rotated.body);
    let new = rotated.body["subscription"]["secret"].as_str().unwrap();
    assert!(rotated.body["subscription"]["previousSecretExpiresAt"].is_string());
    let job = message(&subscription, &id).to_string();
    assert!(work(&stack, &[job]).await.is_empty());
    let call = receiver.called(1).await.remove(0);
    assert_eq!((call.signatures_by(old), call.signatures_by(new)), (1, 1));

    // A client that did not see the answer rotates again: the secret that its subscriber knows keeps signing.
    let again = stack.post(&rotate, &json!({})).await;
    let newer = again.body["subscription"]["secret"].as_str().unwrap();
    stack.post(&format!("{}/test", path(&subscription)), &json!({})).await;
    let call = receiver.called(2).await.remove(1);
    assert_eq!([old, new, newer].map(|secret| call.signatures_by(secret)), [1, 1, 1]);

    let last = stack.post(&rotate, &json!({"overlapSeconds": 0})).await;
    assert_eq!(last.body["subscription"]["previousSecretExpiresAt"], Value::Null);
    let last = last.body["subscription"]["secret"].as_str().unwrap();
    stack.post(&format!("{}/test", path(&subscription)), &json!({})).await;
    let call = receiver.called(3).await.remove(2);
    assert_eq!([old, new, newer, last].map(|secret| call.signatures_by(secret)), [0, 0, 0, 1]);
}
