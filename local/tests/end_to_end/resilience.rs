//! One bad item, merchant or burst must not affect the rest.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use local::demo::Data;
use serde_json::{Value, json};

use crate::fulfilment::{self, VendorServer, create, order_of, shipments, status};
use crate::receiver::Receiver;
use crate::support::{MERCHANT, Stack, is_order, order};
use crate::webhooks::{SUBSCRIPTIONS, now_ms};

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn merchant(index: usize) -> String {
    format!("b234ee56-7890-4f12-a123-{index:012x}")
}

/// Creates stream records of accepted orders that wait for a person.
struct Records {
    body: String,
    body_hash: String,
}

impl Records {
    /// With the body of an order that the stack has stored.
    async fn of(stack: &Stack) -> Self {
        let mut sample = order("sample");
        sample["automaticProcessing"] = json!(false);
        let id = create(stack, &sample).await;
        let items = stack.items().await;
        let stored = items.iter().find(|item| item["sk"].as_s().unwrap() == &id).unwrap();
        let bytes = |name: &str| STANDARD.encode(stored[name].as_b().unwrap());
        let records = Self { body: bytes("body"), body_hash: bytes("body_hash") };
        for _ in 0..600 {
            if audit_events(stack).await == 1 {
                return records;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the sample has no audit event")
    }

    /// A record of a merchant, with additional members.
    fn record(&self, index: usize, merchant: &str, more: Value) -> Value {
        let at = now_ms().to_string();
        let id = format!("{index:021x}000");
        let mut image = json!({"pk": {"S": format!("{merchant}#order#O{index}")}, "sk": {"S": id},
            "entity": {"S": "order"}, "version": {"N": "1"}, "line_states": {"S": "O"}, "waits": {"BOOL": true},
            "created_at": {"N": at}, "updated_at": {"N": at}, "body": {"B": self.body}, "body_hash": {"B": self.body_hash}});
        image.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"eventID": format!("e{index}"), "eventName": "INSERT", "eventSource": "aws:dynamodb", "eventVersion": "1.1",
            "awsRegion": "us-east-1", "dynamodb": {"SequenceNumber": format!("{index:021}"), "SizeBytes": 1,
            "StreamViewType": "NEW_AND_OLD_IMAGES", "ApproximateCreationDateTime": 1,
            "Keys": {"pk": image["pk"], "sk": image["sk"]}, "NewImage": image}})
    }
}

/// Number of records in a batch that the relay did not process.
async fn relay(stack: &Stack, records: Vec<Value>) -> usize {
    let answer = stack.running.invoke("RelayFunction", json!({"Records": records})).await.unwrap();
    answer["batchItemFailures"].as_array().unwrap().len()
}

async fn audit_events(stack: &Stack) -> usize {
    let items = stack.items().await;
    items.iter().filter(|item| item["pk"].as_s().unwrap().contains("#audit#")).count()
}

async fn put(stack: &Stack, item: &[(&str, AttributeValue)]) {
    let put = stack.running.dynamodb().put_item().table_name(stack.table());
    let put = item.iter().fold(put, |put, (name, value)| put.item(*name, value.clone()));
    put.send().await.unwrap();
}

async fn make_due(stack: &Stack, id: &str, due_at: i64) {
    let items = stack.items().await;
    let order = items.iter().find(|item| is_order(item) && item["sk"].as_s().unwrap() == id).unwrap();
    let update = stack.running.dynamodb().update_item().table_name(stack.table());
    let update = update.key("pk", order["pk"].clone()).key("sk", order["sk"].clone());
    let update =
        update.update_expression("SET due_at = :due_at").expression_attribute_values(":due_at", number(due_at));
    update.send().await.unwrap();
}

/// A transaction holds a hundred writes, and each merchant's counts are one of them.
#[tokio::test]
async fn a_batch_of_many_merchants_is_audited() {
    let stack = Stack::start().await;
    let orders = Records::of(&stack).await;
    let mut written = 1;
    for (records, merchants) in [(100, 1), (80, 21), (100, 100)] {
        let all = |index: usize| orders.record(merchants * 10_000 + index, &merchant(index % merchants), json!({}));
        assert_eq!(relay(&stack, (0..records).map(all).collect()).await, 0, "{records} of {merchants}");
        written += records;
        assert_eq!(audit_events(&stack).await, written);
    }
    let items = stack.items().await;
    let counts = items.iter().filter(|item| item["pk"].as_s().unwrap().ends_with("#counts"));
    let open: usize = counts.map(|item| item["Open"].as_n().unwrap().parse::<usize>().unwrap()).sum();
    assert_eq!(open, written, "each event moved a count once");
}

/// A record that can never be written is parked alone; the others in its transaction are written.
#[tokio::test]
async fn a_record_that_the_table_rejects_is_parked_alone() {
    let stack = Stack::start().await;
    let orders = Records::of(&stack).await;
    let endless = json!({"reason": {"S": "x".repeat(500_000)}});
    let record = |index: usize, more: Value| orders.record(index, MERCHANT, more);
    let records = vec![record(1, json!({})), record(2, endless), record(3, json!({}))];
    assert_eq!(relay(&stack, records).await, 0, "nothing needs a retry");
    assert_eq!(audit_events(&stack).await, 1 + 2);
    let queue = stack.running.stack.queue("RelayDeadLetterQueue").unwrap().name.clone();
    let parked = stack.running.queues.receive(&queue, 10, Duration::ZERO).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert!(parked[0].body.contains(&format!("{:021}", 2)), "{}", parked[0].body);
}

#[tokio::test]
async fn a_damaged_subscription_affects_no_other() {
    let stack = Stack::with(Data::demo().unwrap(), &[("AllowLoopbackWebhooks", "true")]).await;
    let receiver = Receiver::start().await;
    let subscribed = stack.post(SUBSCRIPTIONS, &json!({"url": receiver.url, "events": ["OrderCreation"]})).await;
    assert_eq!(subscribed.status, 201, "{}", subscribed.body);
    let orders = Records::of(&stack).await;
    // One of another merchant, and one of the same.
    for owner in [merchant(7), MERCHANT.to_owned()] {
        let sk = text("subscription#ffffffff-ffff-4fff-bfff-ffffffffffff");
        put(&stack, &[("pk", text(&format!("{owner}#webhook"))), ("sk", sk), ("version", number(1))]).await;
    }
    assert_eq!(relay(&stack, vec![orders.record(1, &merchant(7), json!({}))]).await, 0);
    let id = create(&stack, &order("heard")).await;
    let calls = receiver.called(2).await;
    assert_eq!(calls[1].json()["OrderId"], json!(id), "after the sample");
}

/// The claim of an unreadable order stays, and blocks nothing behind it.
#[tokio::test]
async fn a_claim_of_an_unreadable_order_stays() {
    let stack = Stack::start().await;
    let sample = create(&stack, &order("sample")).await;
    status(&stack, &sample, "Fulfilled").await;
    // An item with only an order's key; its id is the sample's, with its digest reversed.
    let (digest, rest) = sample.split_at(21);
    let nobody: String = digest.chars().rev().chain(rest.chars()).collect();
    let key = crate::support::order_key(&nobody);
    let [pk, sk] = ["pk", "sk"].map(|name| text(key[name].as_str().unwrap()));
    put(&stack, &[("pk", pk), ("sk", sk), ("version", text("one"))]).await;
    let claim = text(&format!("{MERCHANT}#external#X"));
    let claim = [("pk", claim), ("sk", text("first")), ("entity", text("claim"))];
    let claimed = [("claimed_at", number(now_ms())), ("order_id", text(&nobody))];
    put(&stack, &[claim.as_slice(), &claimed].concat()).await;
    let behind = create(&stack, &order("behind")).await;
    status(&stack, &behind, "Fulfilled").await;
}

#[tokio::test]
async fn unreadable_items_do_not_stop_the_sweep() {
    let parameters = [("VendorStepSeconds", "900"), ("OverdueSeconds", "1")];
    let stack = Stack::with(Data::demo().unwrap(), &parameters).await;
    let id = create(&stack, &order("late")).await;
    status(&stack, &id, "Processing").await;
    let due = [("due_shard", text("0")), ("due_at", number(1))];
    let damaged = [("pk", text(&format!("{MERCHANT}#order#damaged"))), ("sk", text("order")), ("version", text("one"))];
    let claim = [("pk", text(&format!("{MERCHANT}#external#damaged"))), ("sk", text("first"))];
    let delivery = [("pk", text(&format!("{MERCHANT}#webhook#damaged"))), ("sk", text("1"))];
    put(&stack, &[damaged.as_slice(), &due].concat()).await;
    put(&stack, &[claim.as_slice(), &due].concat()).await;
    put(&stack, &[delivery.as_slice(), &due].concat()).await;
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let swept = stack.running.invoke("SweepFunction", json!({})).await.unwrap();
    assert_eq!((&swept["overdue"], &swept["queued"]), (&json!(2), &json!(1)), "{swept}");
    status(&stack, &id, "Fulfilled").await;
    let swept = stack.running.invoke("SweepFunction", json!({})).await.unwrap();
    assert_eq!((&swept["overdue"], &swept["oldest_unqueued_seconds"]), (&json!(0), &json!(0)), "{swept}");
}

/// Queueing an order again does not make it look new, and is counted.
#[tokio::test]
async fn an_order_that_is_requeued_without_progress_keeps_its_age() {
    // Its jobs wait for the vendor's answer as long as the test takes.
    let vendor = VendorServer::silent().await;
    let stack = fulfilment::stack(&vendor, &[("VendorTimeoutSeconds", "20")]).await;
    let id = create(&stack, &order_of("old", &["PRESS-1"])).await;
    shipments(&stack, &id, 1).await;
    for (behind, queued) in [(50_000, 1), (5, 2)] {
        make_due(&stack, &id, now_ms() / 1000 - behind).await;
        let swept = stack.running.invoke("SweepFunction", json!({})).await.unwrap();
        assert_eq!(swept["queued"], 1, "{swept}");
        assert!(swept["oldest_unqueued_seconds"].as_i64().unwrap() >= 50_000, "{swept}");
        let items = stack.items().await;
        let order = items.iter().find(|item| item["sk"].as_s().unwrap() == &id).unwrap();
        assert_eq!(order["requeued"], number(queued));
    }
    let cancelled = stack.post(&format!("/order/v1/orders/{id}/cancel"), &json!({"reason": "too slow"})).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    let items = stack.items().await;
    let order = items.iter().find(|item| item["sk"].as_s().unwrap() == &id).unwrap();
    assert!(!order.contains_key("requeued") && !order.contains_key("due_since"), "a change resets the counters");
}

/// The sweep does not tell a vendor of a cancel while the submission may still be in flight.
#[tokio::test]
async fn a_recall_from_the_sweep_also_waits_for_the_submission() {
    let vendor = VendorServer::start().await;
    let stack = fulfilment::stack(&vendor, &[("VendorTimeoutSeconds", "20"), ("OverdueSeconds", "1")]).await;
    let id = create(&stack, &order_of("recall", &["PRESS-1"])).await;
    let one = shipments(&stack, &id, 1).await.remove(0);
    stack
        .eventually(&format!("/shipment/v1/{}", one["id"].as_str().unwrap()), |body| body["shipmentStatus"] == 3)
        .await;
    let cancelled = stack.post(&format!("/order/v1/orders/{id}/cancel"), &json!({"reason": "no"})).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let swept = stack.running.invoke("SweepFunction", json!({})).await.unwrap();
    assert_eq!(swept["queued"], 1, "{swept}");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(vendor.calls().len(), 1, "the submission alone");
}

/// The sweep does not queue a paused job a second time, however often it runs.
#[tokio::test]
async fn messages_for_an_unavailable_vendor_do_not_multiply() {
    let vendor = VendorServer::start().await;
    vendor.answers(StatusCode::INTERNAL_SERVER_ERROR);
    let stack = fulfilment::stack(&vendor, &[("OverdueSeconds", "1")]).await;
    for index in 0..12 {
        create(&stack, &order_of(&format!("down-{index}"), &["PRESS-1"])).await;
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    let queue = stack.running.stack.queue("FulfilmentQueue").unwrap().name.clone();
    for _ in 0..4 {
        stack.running.invoke("SweepFunction", json!({})).await.unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let counts = stack.running.queues.counts(&queue).await.unwrap();
        let messages = counts.visible + counts.in_flight + counts.delayed;
        assert!(messages <= 12, "{messages} messages of 12 orders");
    }
}

/// Orders that compete for the stock of one SKU wait for each other; none loses its only attempt.
#[tokio::test]
async fn orders_that_compete_for_codes_all_get_them() {
    const ORDERS: usize = 150;
    let mut data = crate::support::shop(MERCHANT, &[("USD", "100000000")], "1");
    data.stock[0].codes = 1_000_000;
    let stack = Stack::with(data, &[("FulfilmentAttempts", "1")]).await;
    let body = json!({"products": [{"sku": "CARD", "quantity": 3}]});
    let replies = futures_util::future::join_all((0..ORDERS).map(|_| stack.post("/v2/orders", &body))).await;
    assert!(replies.iter().all(|reply| reply.status == 200));
    let mut firsts = std::collections::BTreeSet::new();
    for _ in 0..300 {
        let items = stack.items().await;
        let states = items.iter().filter_map(|item| item.get("line_states"));
        assert!(states.clone().all(|states| states.as_s().unwrap() != "X"), "an order failed");
        let allocations = items.iter().filter_map(|item| item.get("allocations"));
        firsts = allocations
            .map(|all| all.as_l().unwrap()[0].as_m().unwrap()["first"].as_n().unwrap().parse::<usize>().unwrap())
            .collect();
        if firsts.len() == ORDERS {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(firsts, (0..ORDERS).map(|index| 1 + 3 * index).collect());
}
