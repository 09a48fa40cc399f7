//! Recovery from dead letters, poisoned records and claims without an order, and the webhooks in the meantime.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use axum::http::StatusCode;
use local::aws::sqs::Outgoing;
use serde_json::{Value, json};

use crate::fulfilment::{self, VendorServer, create, order_of, shipments, status};
use crate::receiver::Receiver;
use crate::redrive::Sqs;
use crate::support::{MERCHANT, Stack, order};
use crate::webhooks::{SUBSCRIPTIONS, now_ms};

async fn visible(stack: &Stack, queue: &str) -> u64 {
    let name = &stack.running.stack.queue(queue).unwrap().name;
    stack.running.queues.counts(name).await.unwrap().visible
}

/// Waits until a queue holds this many visible messages.
pub(crate) async fn holds(stack: &Stack, queue: &str, messages: u64) {
    for _ in 0..600 {
        if visible(stack, queue).await == messages {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{queue} holds {} messages instead of {messages}", visible(stack, queue).await)
}

/// The documented procedure on AWS, which `cargo mill redrive` follows as well.
pub(crate) async fn redrive(stack: &Stack, queue: &str) {
    let sqs = Sqs::at(stack.running.sqs_url.clone());
    let name = stack.running.stack.queue(queue).unwrap().name.clone();
    let url = format!("{}/000000000000/{name}", stack.running.sqs_url);
    let request = sqs.client.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::QueueArn);
    let attributes = request.send().await.unwrap().attributes.unwrap();
    let arn = &attributes[&QueueAttributeName::QueueArn];
    sqs.client.start_message_move_task().source_arn(arn).send().await.unwrap();
}

/// After the attempts that the queue grants, an order fails with its reason; its dead letter restarts it.
#[tokio::test]
async fn a_redriven_job_restarts_its_failed_order() {
    let vendor = VendorServer::start().await;
    vendor.answers(StatusCode::INTERNAL_SERVER_ERROR);
    let stack = fulfilment::stack(&vendor, &[("FulfilmentAttempts", "2")]).await;
    let (id, other) =
        (create(&stack, &order_of("down", &["PRESS-1"])).await, create(&stack, &order_of("ended", &["PRESS-1"])).await);
    for id in [&id, &other] {
        let failed = status(&stack, id, "Failed").await;
        assert_eq!(failed["statusDesc"], "vendor press: it answered 500");
    }
    holds(&stack, "FulfilmentDeadLetterQueue", 2).await;
    holds(&stack, "FulfilmentQueue", 0).await;
    // One order is cancelled while its job is dead-lettered; that job finds nothing to restart.
    let cancelled = stack.post(&format!("/order/v1/orders/{other}/cancel"), &json!({"reason": "too slow"})).await;
    assert_eq!((cancelled.status, &cancelled.body["order"]["status"]), (200, &json!("Cancelled")));

    vendor.answers(StatusCode::ACCEPTED);
    redrive(&stack, "FulfilmentDeadLetterQueue").await;
    let one = shipments(&stack, &id, 1).await.remove(0);
    let path = format!("/shipment/v1/{}", one["id"].as_str().unwrap());
    stack.eventually(&path, |body| body["shipmentStatus"] == 3).await;
    assert_eq!(stack.get(&format!("/order/v1/orders/{id}")).await.body["order"]["status"], "Processing");
    let shipped = stack.send("POST", &format!("{path}/progress"), &[], r#"{"shipmentStatus":4}"#).await;
    assert_eq!(shipped.status, 200, "{}", shipped.body);
    status(&stack, &id, "Fulfilled").await;
    status(&stack, &other, "Cancelled").await;
    holds(&stack, "FulfilmentDeadLetterQueue", 0).await;
    holds(&stack, "FulfilmentQueue", 0).await;
    // Each shipment was submitted under one key, however often.
    let keys = |kind: &str| -> BTreeSet<String> {
        let calls = vendor.calls().into_iter().filter(|(_, body)| body["type"] == kind);
        calls.map(|(headers, _)| headers["idempotency-key"].to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(keys("ShipmentSubmission").len(), 2);
}

/// The relay or the sweep may repeat the same job, but only the message that died restarts the order. It does so even
/// after a single attempt, or after only the last one.
#[tokio::test]
async fn only_the_dead_letter_itself_restarts_the_order() {
    let vendor = VendorServer::start().await;
    vendor.answers(StatusCode::INTERNAL_SERVER_ERROR);
    for (attempts, id) in [("1", None), ("5", Some("0123456789abcdef"))] {
        let stack = fulfilment::stack(&vendor, &[("FulfilmentAttempts", attempts)]).await;
        let order = create(&stack, &order_of("once", &["PRESS-1"])).await;
        let one = shipments(&stack, &order, 1).await.remove(0);
        let queue = stack.running.stack.queue("FulfilmentQueue").unwrap().name.clone();
        let job = |id: &str, failed: u32| {
            let mut job = crate::support::order_key(&order);
            job["version"] = json!(2);
            job["id"] = json!(id);
            job["failed"] = json!(failed);
            Outgoing::of(job.to_string())
        };
        if let Some(id) = id {
            // It has four failed attempts.
            stack.running.queues.send(&queue, job(id, 4)).await.unwrap();
        }
        status(&stack, &order, "Failed").await;
        holds(&stack, "FulfilmentDeadLetterQueue", 1).await;
        stack.running.queues.send(&queue, job("fedcba9876543210", 0)).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        status(&stack, &order, "Failed").await;

        vendor.answers(StatusCode::ACCEPTED);
        redrive(&stack, "FulfilmentDeadLetterQueue").await;
        let path = format!("/shipment/v1/{}", one["id"].as_str().unwrap());
        stack.eventually(&path, |body| body["shipmentStatus"] == 3).await;
        vendor.answers(StatusCode::INTERNAL_SERVER_ERROR);
    }
}

/// Such a record blocks nothing and is reported with the reason.
#[tokio::test]
async fn a_poisoned_stream_record_is_parked() {
    let stack = Stack::start().await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = stack.running.dynamodb().put_item().table_name(stack.table());
    let put = put.item("pk", text(&format!("{MERCHANT}#order#damaged"))).item("sk", text("damaged"));
    put.item("entity", text("order")).item("version", text("one")).send().await.unwrap();
    let id = create(&stack, &order("after")).await;
    status(&stack, &id, "Fulfilled").await;

    holds(&stack, "RelayDeadLetterQueue", 1).await;
    let queue = stack.running.stack.queue("RelayDeadLetterQueue").unwrap().name.clone();
    let parked = stack.running.queues.receive(&queue, 10, Duration::ZERO).await.unwrap();
    let parked: Value = serde_json::from_str(&parked[0].body).unwrap();
    assert_eq!(parked["pk"], json!({"S": format!("{MERCHANT}#order#damaged")}), "{parked}");
    assert!(parked["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{parked}");
    assert!(parked["sequenceNumber"].is_string(), "{parked}");
}

/// A request that crashed between its claim and its order leaves the external id available again.
#[tokio::test]
async fn the_sweep_releases_a_claim_without_an_order() {
    let stack = Stack::start().await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let pk = format!("{MERCHANT}#external#LOST-1");
    let claimed_at = (now_ms() - 10 * 60 * 1000).to_string();
    let put = stack.running.dynamodb().put_item().table_name(stack.table());
    let put = put.item("pk", text(&pk)).item("sk", text("first")).item("entity", text("claim"));
    let put = put.item("claimed_at", AttributeValue::N(claimed_at));
    let sample = create(&stack, &order("sample")).await;
    // A name without an order: the sample's, with its digest reversed.
    let (digest, rest) = sample.split_at(21);
    let nobody: String = digest.chars().rev().chain(rest.chars()).collect();
    put.item("order_id", text(&nobody)).send().await.unwrap();
    let claim = || async {
        let items = stack.items().await;
        items.into_iter().find(|item| item["pk"].as_s().unwrap() == &pk)
    };
    for _ in 0..600 {
        if claim().await.unwrap().contains_key("due_at") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let swept = stack.running.invoke("SweepFunction", json!({})).await.unwrap();
    assert_eq!(swept["released"], 1, "{swept}");
    assert!(claim().await.is_none());
    let mut freed = order("freed");
    freed["externalId"] = json!("LOST-1");
    create(&stack, &freed).await;
}

/// From the order to the subscriber, through stream, relay, queue and notifier: each event once, under its own id.
#[tokio::test]
async fn subscribers_receive_events_from_creation_to_the_last_shipment() {
    let (vendor, receiver) = (VendorServer::start().await, Receiver::start().await);
    let stack = fulfilment::stack(&vendor, &[]).await;
    let events = ["OrderCreation", "OrderUpdate", "ShipmentCreated", "ShipmentUpdate"];
    let subscribed = stack.post(SUBSCRIPTIONS, &json!({"url": receiver.url, "events": events})).await;
    assert_eq!(subscribed.status, 201, "{}", subscribed.body);
    let secret = subscribed.body["subscription"]["secret"].as_str().unwrap();
    let id = create(&stack, &order_of("heard", &["PRESS-1", "MUG"])).await;
    let one = shipments(&stack, &id, 2).await.remove(0);
    let path = format!("/shipment/v1/{}", one["id"].as_str().unwrap());
    stack.eventually(&path, |body| body["shipmentStatus"] == 3).await;
    stack.send("POST", &format!("{path}/progress"), &[], r#"{"shipmentStatus":4}"#).await;
    status(&stack, &id, "Fulfilled").await;

    // Created; assigned, with two shipments; submitted; shipped twice. A submission causes no order event.
    let expected =
        BTreeMap::from([("OrderCreation", 1), ("OrderUpdate", 3), ("ShipmentCreated", 2), ("ShipmentUpdate", 3)]);
    let calls = receiver.called(expected.values().sum()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let calls = if receiver.calls().len() == calls.len() { calls } else { receiver.calls() };
    let mut heard: BTreeMap<String, i32> = BTreeMap::new();
    for call in &calls {
        *heard.entry(call.json()["EventType"].as_str().unwrap().to_owned()).or_default() += 1;
        assert_eq!(call.signatures_by(secret), 1);
        assert_eq!((&call.json()["OrderId"], &call.json()["SafeId"]), (&json!(id), &json!("heard")));
    }
    let heard: BTreeMap<&str, i32> = heard.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
    let expected: BTreeMap<&str, i32> =
        expected.into_iter().map(|(kind, count)| (kind, i32::try_from(count).unwrap())).collect();
    assert_eq!(heard, expected);
    let ids: BTreeSet<&str> = calls.iter().map(|call| call.header("webhook-id")).collect();
    assert_eq!(ids.len(), calls.len());
}
