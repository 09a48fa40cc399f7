//! The process is killed under load and restarted.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{DEMO, HttpClient, order};
use crate::up::Program;

const BULKS: usize = 10;
const ORDERS: usize = 100;
/// No vendor delay, and no wait for messages in flight when the process died.
const QUICK: &[&str] = &["--set", "VendorStepSeconds=0", "--set", "RetrySeconds=1"];

fn safe_id(bulk: usize, index: usize) -> String {
    format!("crash-{bulk}-{index}")
}

fn body(bulk: usize) -> String {
    let order = |index: usize| {
        let mut order = order(&safe_id(bulk, index));
        order["externalId"] = json!(safe_id(bulk, index));
        order
    };
    json!({"bulk": (0..ORDERS).map(order).collect::<Vec<Value>>()}).to_string()
}

/// Posts the bulks, two at a time, until the server is gone; returns the acknowledged safe ids.
async fn load(client: HttpClient, acknowledged: Arc<AtomicUsize>, half_way: Arc<Notify>) -> BTreeSet<String> {
    let next = Arc::new(AtomicUsize::new(0));
    let worker = || async {
        let mut created = Vec::new();
        loop {
            let bulk = next.fetch_add(1, Ordering::SeqCst);
            if bulk >= BULKS {
                return created;
            }
            let Ok(reply) = client.try_send("POST", "/order/v1/orders/bulk", DEMO, body(bulk)).await else {
                return created;
            };
            for (index, item) in reply.body["bulk"].as_array().into_iter().flatten().enumerate() {
                assert_eq!(item["status"], 201);
                created.push(safe_id(bulk, index));
            }
            if acknowledged.fetch_add(1, Ordering::SeqCst) + 1 == BULKS / 2 {
                half_way.notify_one();
            }
        }
    };
    let (first, second) = futures_util::future::join(worker(), worker()).await;
    first.into_iter().chain(second).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_orders_exist_once_and_are_fulfilled_once() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), QUICK);
    let half_way = Arc::new(Notify::new());
    let loading = tokio::spawn(load(program.client.clone(), Arc::default(), Arc::clone(&half_way)));
    half_way.notified().await;
    // Killed during the next bulk, with half of the earlier orders still in the pipeline.
    tokio::time::sleep(Duration::from_millis(15)).await;
    program.kill();
    let acknowledged = loading.await.unwrap();
    assert!(acknowledged.len() >= ORDERS * BULKS / 2 && acknowledged.len() < ORDERS * BULKS, "{}", acknowledged.len());

    let program = Program::start(folder.path(), QUICK);
    // Every stored order is complete, and every acknowledged order is stored.
    for bulk in 0..BULKS {
        for index in 0..ORDERS {
            let safe_id = safe_id(bulk, index);
            let reply = program.client.send("GET", &format!("/order/v1/orders/safeId/{safe_id}"), DEMO, "").await;
            assert!(reply.status == 200 || (reply.status == 404 && !acknowledged.contains(&safe_id)), "{safe_id}");
            if reply.status == 200 {
                assert_eq!(
                    (&reply.body["order"]["externalId"], &reply.body["order"]["items"][0]["sku"]),
                    (&json!(safe_id), &json!("mug"))
                );
            }
        }
    }
    // Sending everything again creates what was missing and duplicates nothing.
    for bulk in 0..BULKS {
        let reply = program.client.send("POST", "/order/v1/orders/bulk", DEMO, body(bulk)).await;
        for (index, item) in reply.body["bulk"].as_array().unwrap().iter().enumerate() {
            let status = item["status"].as_u64().unwrap();
            let known = acknowledged.contains(&safe_id(bulk, index));
            assert!(status == 200 || (status == 201 && !known), "{} {known} {item}", safe_id(bulk, index));
        }
    }
    for bulk in 0..BULKS {
        for index in 0..ORDERS {
            fulfilled_once(&program.client, &safe_id(bulk, index)).await;
        }
    }
    program.kill();
}

/// One line, assigned and delivered: two changes after acceptance, so version 3. A repeated change would show here.
async fn fulfilled_once(client: &HttpClient, safe_id: &str) {
    let path = format!("/order/v1/orders/safeId/{safe_id}");
    for _ in 0..1200 {
        let reply = client.send("GET", &path, DEMO, "").await;
        if reply.body["order"]["status"] == "Fulfilled" {
            assert_eq!(reply.header("etag"), "\"3\"", "{safe_id}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{safe_id} was not fulfilled");
}

/// A bulk API order is stored completely or not at all: the wallet's count of paid orders equals the number of orders.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_paid_order_exists_and_every_order_is_paid() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), QUICK);
    let body = json!({"products": [{"sku": "8PX-UF-Y5U", "quantity": 1}]}).to_string();
    let client = program.client.clone();
    let buying = tokio::spawn(async move {
        let mut acknowledged = BTreeSet::new();
        while let Ok(reply) = client.try_send("POST", "/v2/orders", DEMO, body.clone()).await {
            acknowledged.insert(reply.body["data"]["transactionId"].as_str().unwrap().to_owned());
        }
        acknowledged
    });
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    program.kill();
    let acknowledged = buying.await.unwrap();
    assert!(acknowledged.len() > 5, "{}", acknowledged.len());

    let program = Program::start(folder.path(), QUICK);
    let mut listed = BTreeSet::new();
    for page in 1.. {
        let reply = program.client.send("GET", &format!("/v2/orders?limit=100&page={page}"), DEMO, "").await;
        let items = reply.body["data"]["items"].as_array().unwrap().clone();
        if items.is_empty() {
            assert_eq!(reply.body["data"]["total"], listed.len());
            break;
        }
        listed.extend(items.iter().map(|item| item["transactionId"].as_str().unwrap().to_owned()));
    }
    assert!(acknowledged.is_subset(&listed));
    for transaction in listed {
        let path = format!("/v2/orders?transactionId={transaction}");
        let mut waited = 0;
        while program.client.send("GET", &path, DEMO, "").await.body["data"]["items"][0]["status"] != "COMPLETED" {
            waited += 1;
            assert!(waited < 1200, "{transaction} was not completed");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    program.kill();
}
