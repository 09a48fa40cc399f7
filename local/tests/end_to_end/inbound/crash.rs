//! Inbound order jobs that arrive twice, late, from the dead-letter queue, or not at all. The tests invoke the worker
//! directly, because nothing consumes the queue here.

use std::io::Write;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use local::commands::project;
use local::demo::Data;
use serde_json::{Value, json};

use super::{INBOUND, TRANSFORMATIONS, foreign, item_of, orders, rules, send, transformation};
use crate::recovery::{holds, redrive};
use crate::support::{MERCHANT, Stack};
use crate::webhooks::now_ms;

/// A stack whose inbound queue has no consumer.
async fn quiet() -> Stack {
    let template = std::fs::read_to_string(project().join("template.yaml")).unwrap();
    let (before, rest) = template
        .split_once(
            "        Jobs:\n          Type: SQS\n          Properties:\n            Queue: !GetAtt InboundQueue.Arn\n",
        )
        .unwrap();
    let (_, after) = rest.split_once("ScalingConfig: { MaximumConcurrency: 10 }\n").unwrap();
    let before = before.strip_suffix("      Events:\n").unwrap();
    let mut file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    file.write_all(format!("{before}{after}").as_bytes()).unwrap();
    let parameters = [("VendorStepSeconds", "0"), ("FulfilmentAttempts", "2")];
    Stack::of_template(file.path().to_owned(), Data::demo().unwrap(), &parameters).await
}

fn key(receipt: &Value) -> Value {
    json!({"pk": format!("{MERCHANT}#inbound#{}", receipt["id"].as_str().unwrap()), "sk": "receipt"})
}

/// Processes a receipt's job at a version; returns whether the message is done.
async fn work(stack: &Stack, receipt: &Value, version: u64, message: &str, received: u32) -> bool {
    let mut job = key(receipt);
    (job["version"], job["id"]) = (json!(version), json!("0123456789abcdef"));
    let record = json!({"messageId": message, "body": job.to_string(),
        "attributes": {"ApproximateReceiveCount": received.to_string()}});
    let answer = stack.running.invoke("InboundFunction", json!({"Records": [record]})).await.unwrap();
    answer["batchItemFailures"] == json!([])
}

async fn read(stack: &Stack, receipt: &Value) -> Value {
    stack.get(&format!("{INBOUND}/{}", receipt["id"].as_str().unwrap())).await.body["receipt"].clone()
}

/// Waits until the queue holds this many messages.
async fn queued(stack: &Stack, messages: u64) {
    let name = &stack.running.stack.queue("InboundQueue").unwrap().name;
    for _ in 0..600 {
        if stack.running.queues.counts(name).await.unwrap().visible == messages {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{:?} instead of {messages}", stack.running.queues.counts(name).await.unwrap())
}

async fn set(stack: &Stack, receipt: &Value, name: &str, value: AttributeValue) {
    let key = key(receipt);
    let text = |value: &Value| AttributeValue::S(value.as_str().unwrap().to_owned());
    let update = stack.running.dynamodb().update_item().table_name(stack.table());
    let update = update.key("pk", text(&key["pk"])).key("sk", text(&key["sk"]));
    let update = update.update_expression(format!("SET {name} = :value")).expression_attribute_values(":value", value);
    update.send().await.unwrap();
}

/// The worker dies between writing the order and updating the receipt; its message arrives again, and then once more.
#[tokio::test]
async fn a_repeated_job_creates_no_second_order_and_no_conflict() {
    let stack = quiet().await;
    let transformation = transformation(&stack, &rules()).await;
    let receipt = send(&stack, &json!({"body": foreign(1), "transformationId": transformation})).await;
    queued(&stack, 1).await;
    let received = item_of(&stack, receipt["id"].as_str().unwrap()).await;
    assert!(work(&stack, &receipt, 1, "m", 1).await);
    let accepted = read(&stack, &receipt).await;
    assert_eq!(accepted["status"], "Accepted", "{accepted}");

    let put = stack.running.dynamodb().put_item().table_name(stack.table());
    put.set_item(Some(received)).send().await.unwrap();
    assert_eq!(read(&stack, &receipt).await["status"], "Received");
    assert!(work(&stack, &receipt, 1, "m", 2).await);
    let again = read(&stack, &receipt).await;
    assert_eq!((&again["status"], &again["orderId"]), (&json!("Accepted"), &accepted["orderId"]), "{again}");
    assert!(work(&stack, &receipt, 1, "m", 3).await, "an outdated job does nothing");
    assert_eq!((read(&stack, &receipt).await, orders(&stack).await), (again, 1));
}

/// A receipt keeps the rules with which it was received.
#[tokio::test]
async fn changing_or_deleting_a_transformation_does_not_affect_receipts() {
    let stack = quiet().await;
    let id = transformation(&stack, &rules()).await;
    let path = format!("{TRANSFORMATIONS}/{id}");
    let first = send(&stack, &json!({"body": foreign(1), "transformationId": id})).await;
    let nonsense = json!({"name": "n", "rules": [{"to": "/items", "constant": 1}]});
    assert_eq!(stack.send("PUT", &path, &[], nonsense.to_string()).await.status, 200);
    let second = send(&stack, &json!({"body": foreign(2), "transformationId": id})).await;
    assert_eq!(stack.send("DELETE", &path, &[], "").await.status, 204);
    for (receipt, version, status) in [(&first, 1, "Accepted"), (&second, 2, "Refused")] {
        assert!(work(&stack, receipt, 1, "m", 1).await);
        let ended = read(&stack, receipt).await;
        assert_eq!((&ended["status"], &ended["transformationVersion"]), (&json!(status), &json!(version)), "{ended}");
    }
}

/// Every attempt fails; only the redriven dead letter restarts the receipt.
#[tokio::test]
async fn a_receipt_fails_after_its_attempts_and_its_dead_letter_restarts_it() {
    let stack = quiet().await;
    let receipt = send(&stack, &json!({"body": crate::support::order("late")})).await;
    queued(&stack, 1).await;
    let whole = item_of(&stack, receipt["id"].as_str().unwrap()).await["foreign_body"].clone();
    set(&stack, &receipt, "foreign_body", AttributeValue::B(Blob::new([9]))).await;
    assert!(!work(&stack, &receipt, 1, "dying", 1).await);
    assert_eq!(read(&stack, &receipt).await["status"], "Received");
    assert!(!work(&stack, &receipt, 1, "dying", 2).await);
    let failed = read(&stack, &receipt).await;
    assert_eq!(failed["status"], "Failed", "{failed}");
    assert!(failed["reason"].as_str().unwrap().starts_with("a service did not answer"));
    // It has not reached the dead-letter queue yet.
    assert!(!work(&stack, &receipt, 1, "dying", 3).await);

    set(&stack, &receipt, "foreign_body", whole).await;
    assert!(work(&stack, &receipt, 1, "redriven", 1).await);
    assert_eq!(read(&stack, &receipt).await["status"], "Received");
    queued(&stack, 2).await;
    assert!(work(&stack, &receipt, 1, "redriven", 1).await, "the same dead letter has nothing left to restart");
    assert!(work(&stack, &receipt, 3, "new", 1).await);
    let accepted = read(&stack, &receipt).await;
    assert_eq!((&accepted["status"], &accepted["safeId"]), (&json!("Accepted"), &json!("late")), "{accepted}");
    assert_eq!(accepted["reason"], Value::Null);
}

/// The same through the queues: an unreadable receipt is dead-lettered, and redriven once it is readable.
#[tokio::test]
async fn a_dead_letter_goes_through_its_queue_and_back() {
    let stack = Stack::with(Data::demo().unwrap(), &[("VendorStepSeconds", "0"), ("FulfilmentAttempts", "1")]).await;
    let receipt = json!({"id": "5f0c1d7e-9a7b-4c1d-8e2f-0123456789ab"});
    let place = key(&receipt);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = stack.running.dynamodb().put_item().table_name(stack.table());
    let put = put.item("pk", text(place["pk"].as_str().unwrap())).item("sk", text(place["sk"].as_str().unwrap()));
    let put = put.item("entity", text("receipt")).item("version", AttributeValue::N("1".to_owned()));
    let put = put.item("receipt_status", text("Received"));
    let put = put.item("received_at", AttributeValue::N(now_ms().to_string()));
    put.item("foreign_body", AttributeValue::B(Blob::new([9]))).send().await.unwrap();
    let path = format!("{INBOUND}/{}", receipt["id"].as_str().unwrap());
    stack.eventually(&path, |body| body["receipt"]["status"] == "Failed").await;
    holds(&stack, "InboundDeadLetterQueue", 1).await;

    // The stored body is the same in any stack.
    let other = quiet().await;
    let sent = send(&other, &json!({"body": crate::support::order("back")})).await;
    let whole = item_of(&other, sent["id"].as_str().unwrap()).await["foreign_body"].clone();
    set(&stack, &receipt, "foreign_body", whole).await;
    redrive(&stack, "InboundDeadLetterQueue").await;
    let ended = stack.eventually(&path, |body| body["receipt"]["status"] == "Accepted").await;
    assert_eq!(ended["receipt"]["safeId"], "back");
    holds(&stack, "InboundDeadLetterQueue", 0).await;
    holds(&stack, "InboundQueue", 0).await;
}

/// A receipt whose job was lost is queued again by the sweep.
#[tokio::test]
async fn the_sweep_queues_what_waits_too_long() {
    let stack = quiet().await;
    let receipt = send(&stack, &json!({"body": crate::support::order("lost")})).await;
    queued(&stack, 1).await;
    set(&stack, &receipt, "due_at", AttributeValue::N((now_ms() / 1000 - 100).to_string())).await;
    let swept = stack.running.invoke("SweepFunction", json!({})).await.unwrap();
    assert_eq!((&swept["overdue"], &swept["queued"]), (&json!(1), &json!(1)), "{swept}");
    assert!(swept["oldest_unqueued_seconds"].as_i64().unwrap() >= 100);
    queued(&stack, 2).await;
    let again = stack.running.invoke("SweepFunction", json!({})).await.unwrap();
    assert_eq!(again["queued"], 0, "{again}");
    assert!(work(&stack, &receipt, 1, "m", 1).await);
    assert_eq!(read(&stack, &receipt).await["status"], "Accepted");
}
