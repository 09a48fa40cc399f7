//! From the table's stream through the queue to fulfilled.

use std::time::Duration;

use local::aws::sqs::Outgoing;
use local::demo::Data;
use serde_json::{Value, json};

use crate::support::{Stack, order};

async fn counts(stack: &Stack, queue: &str) -> local::aws::sqs::Counts {
    let name = &stack.running.stack.queue(queue).unwrap().name;
    stack.running.queues.counts(name).await.unwrap()
}

#[tokio::test]
async fn poisoned_messages_are_dead_lettered_and_block_nothing() {
    let stack = Stack::with(Data::demo().unwrap(), &[("VendorStepSeconds", "0"), ("RetrySeconds", "2")]).await;
    let queue = stack.running.stack.queue("FulfilmentQueue").unwrap().name.clone();
    let poison = [
        "not JSON",
        "{}",
        "{\"pk\":\"nobody\",\"sk\":\"order\",\"version\":1}",
        "{\"pk\":\"a\",\"sk\":\"b\",\"version\":-1}",
    ];
    for body in poison {
        stack.running.queues.send(&queue, Outgoing::of(body)).await.unwrap();
    }
    let bulk: Vec<Value> = (0..30).map(|index| order(&format!("order-{index}"))).collect();
    stack.post("/order/v1/orders/bulk", &json!({"bulk": bulk})).await;
    for index in 0..30 {
        let path = format!("/order/v1/orders/safeId/order-{index}");
        stack.eventually(&path, |body| body["order"]["status"] == "Fulfilled").await;
    }
    for _ in 0..600 {
        if counts(&stack, "FulfilmentDeadLetterQueue").await.visible == 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(counts(&stack, "FulfilmentDeadLetterQueue").await.visible, 4);
    let left = counts(&stack, "FulfilmentQueue").await;
    assert_eq!((left.visible, left.in_flight, left.delayed), (0, 0, 0));
    let dead = stack.running.stack.queue("FulfilmentDeadLetterQueue").unwrap().name.clone();
    let messages = stack.running.queues.receive(&dead, 10, Duration::ZERO).await.unwrap();
    let mut bodies: Vec<_> = messages.iter().map(|message| message.body.as_str()).collect();
    bodies.sort_unstable();
    let mut expected = poison.to_vec();
    expected.sort_unstable();
    assert_eq!(bodies, expected);
}

#[tokio::test]
async fn a_repeated_or_late_job_changes_nothing() {
    let stack = Stack::start().await;
    let created = stack.post("/order/v1/orders", &order("once")).await;
    let done = stack.eventually("/order/v1/orders/safeId/once", |body| body["order"]["status"] == "Fulfilled").await;
    let id = created.body["order"]["id"].as_str().unwrap();
    let queue = stack.running.stack.queue("FulfilmentQueue").unwrap().name.clone();
    for version in 1..=4 {
        let mut job = crate::support::order_key(id);
        job["version"] = json!(version);
        stack.running.queues.send(&queue, Outgoing::of(job.to_string())).await.unwrap();
    }
    for _ in 0..600 {
        let left = counts(&stack, "FulfilmentQueue").await;
        if left.visible + left.in_flight == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let read = stack.get("/order/v1/orders/safeId/once").await;
    assert_eq!((read.body, read.headers["etag"].to_str().unwrap()), (done, "\"3\""));
    assert_eq!(counts(&stack, "FulfilmentDeadLetterQueue").await.visible, 0);
}

/// The scheduled function finds an order whose job was lost, once it is overdue.
#[tokio::test]
async fn the_sweep_queues_overdue_orders_again() {
    use aws_sdk_dynamodb::types::AttributeValue;
    let stack = Stack::with(Data::demo().unwrap(), &[("VendorStepSeconds", "900"), ("OverdueSeconds", "1")]).await;
    stack.post("/order/v1/orders", &order("stuck")).await;
    // The vendor accepts at once; the next job is 15 minutes away, so to this test it is lost.
    stack.eventually("/order/v1/orders/safeId/stuck", |body| body["order"]["status"] == "Processing").await;
    let indexed = |items: &[std::collections::HashMap<String, AttributeValue>]| {
        items.iter().filter(|item| item.contains_key("due_at")).count()
    };
    assert_eq!(indexed(&stack.items().await), 1);
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let swept = stack.running.invoke("SweepFunction", json!({})).await.unwrap();
    assert_eq!((&swept["overdue"], &swept["queued"]), (&json!(1), &json!(1)));
    stack.eventually("/order/v1/orders/safeId/stuck", |body| body["order"]["status"] == "Fulfilled").await;
    assert_eq!(indexed(&stack.items().await), 0, "an ended order leaves the index");
    let swept = stack.running.invoke("SweepFunction", json!({})).await.unwrap();
    assert_eq!(swept["overdue"], 0);
}
