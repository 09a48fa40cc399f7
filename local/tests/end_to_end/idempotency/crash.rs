//! Attempts that die between their effects and their answers.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::{BULK, ORDERS, crash, edit, replayed, send, unnamed, whole};
use crate::support::{DEMO, HttpClient, MERCHANT, Stack, is_order, order_key, shop};
use crate::up::Program;
use crate::webhooks::now_ms;

fn bulk(count: usize) -> Value {
    let order = |index: usize| {
        let mut order = unnamed();
        order["externalId"] = json!(format!("e-{index}"));
        if index % 2 == 1 {
            order["safeId"] = json!(format!("named-{index}"));
        }
        order
    };
    json!({"bulk": (0..count).map(order).collect::<Vec<Value>>()})
}

fn ids(body: &Value) -> Vec<&str> {
    let entries = body["bulk"].as_array().unwrap();
    entries.iter().map(|entry| entry["response"]["order"]["id"].as_str().unwrap()).collect()
}

async fn delete(stack: &Stack, key: Value) {
    let text = |value: &Value| AttributeValue::S(value.as_str().unwrap().to_owned());
    let delete = stack.running.dynamodb().delete_item().table_name(stack.table());
    delete.key("pk", text(&key["pk"])).key("sk", text(&key["sk"])).send().await.unwrap();
}

/// The first attempt created 40 of 100 orders and made the claims of the next 10.
#[tokio::test]
async fn a_retry_creates_the_missing_orders_of_a_bulk_and_repeats_the_answer() {
    let stack = Stack::start().await;
    let body = bulk(100).to_string();
    let first = send(&stack, "POST", BULK, "k", &body).await;
    for (index, id) in ids(&first.body).into_iter().enumerate().skip(40) {
        delete(&stack, order_key(id)).await;
        if index >= 50 {
            delete(&stack, json!({"pk": format!("{MERCHANT}#external#e-{index}"), "sk": "first"})).await;
        }
    }
    crash(&stack, "k").await;
    // The created orders change in the meantime.
    let path = format!("{ORDERS}/{}/cancel", ids(&first.body)[0]);
    assert_eq!(stack.post(&path, &json!({"reason": "a"})).await.status, 200);
    let retried = send(&stack, "POST", BULK, "k", &body).await;
    assert!(!replayed(&retried));
    assert_eq!(whole(&retried), whole(&first), "same as the first call, times included");
    let again = send(&stack, "POST", BULK, "k", &body).await;
    assert_eq!((whole(&again), replayed(&again)), (whole(&first), true));
    let orders = stack.items().await.iter().filter(|item| is_order(item)).count();
    assert_eq!(orders, 100);
    // The same body under another key finds the names taken and creates no second order with them.
    let other = send(&stack, "POST", BULK, "other", &body).await;
    for (index, entry) in other.body["bulk"].as_array().unwrap().iter().enumerate() {
        assert_eq!(entry["status"], if index % 2 == 1 { 200 } else { 409 }, "{index}");
    }
}

#[tokio::test]
async fn an_order_is_paid_once_even_if_the_catalogue_changes() {
    let stack = Stack::with(shop(MERCHANT, &[("USD", "100")], "60"), &[]).await;
    let checked = json!({"clientOrderNumber": "n", "enableClientOrderNumberDupCheck": true,
        "products": [{"sku": "CARD", "quantity": 1}]});
    let body = checked.to_string();
    let first = send(&stack, "POST", "/v2/orders", "k", &body).await;
    assert_eq!((first.status, stack.balance(MERCHANT, "USD").await), (200, "40".to_owned()));
    crash(&stack, "k").await;
    // The order is found even with the duplicate check on, a balance that is now too low, and a deleted product.
    delete(&stack, json!({"pk": "product#CARD", "sk": "product"})).await;
    let retried = send(&stack, "POST", "/v2/orders", "k", &body).await;
    assert_eq!((retried.status, &retried.body["data"]), (200, &first.body["data"]));
    assert_eq!(stack.balance(MERCHANT, "USD").await, "40");
    assert_eq!(stack.get("/v2/orders").await.body["data"]["total"], 1);
}

#[tokio::test]
async fn a_request_waits_for_the_lease_of_one_that_died() {
    let stack = Stack::start().await;
    let body = unnamed().to_string();
    let first = send(&stack, "POST", ORDERS, "k", &body).await;
    let lease = |until: i64| {
        let values = [(":until", until)];
        let stack = &stack;
        async move { edit(stack, "k", "SET lease_until = :until REMOVE answer, answer_parts", &values).await }
    };
    lease(now_ms() + 30_000).await;
    let waiting = send(&stack, "POST", ORDERS, "k", &body).await;
    assert_eq!((waiting.status, &waiting.body["code"]), (409, &json!("IDEMPOTENCY_KEY_IN_USE")));
    assert_eq!(waiting.header("retry-after"), "1");
    assert_eq!(send(&stack, "POST", ORDERS, "k", "{}").await.status, 422);
    lease(now_ms() - 1).await;
    assert_eq!(whole(&send(&stack, "POST", ORDERS, "k", &body).await), whole(&first));
}

/// The warnings of a patch are repeated, even if the patch was already applied.
#[tokio::test]
async fn a_retried_bulk_of_patches_repeats_the_answer() {
    let stack = Stack::start().await;
    let created = send(&stack, "POST", BULK, "c", &bulk(5).to_string()).await;
    let patches: Vec<Value> =
        ids(&created.body).iter().map(|id| json!({"orderId": id, "isSample": true, "colour": "red"})).collect();
    let body = json!({ "bulk": patches }).to_string();
    let first = send(&stack, "PATCH", BULK, "p", &body).await;
    assert_eq!(first.body["bulk"][0]["response"]["warnings"][0]["pointer"], "/bulk/0/colour", "{}", first.body);
    crash(&stack, "p").await;
    let retried = send(&stack, "PATCH", BULK, "p", &body).await;
    assert!(!replayed(&retried));
    assert_eq!(whole(&retried), whole(&first));
}

/// A change is applied once, whatever happened to the resource since.
#[tokio::test]
async fn a_command_is_not_repeated() {
    let stack = Stack::start().await;
    let created = stack.post(ORDERS, &unnamed()).await;
    let order = created.header("location");
    let (hold, release) = (format!("{order}/customerCareHold"), format!("{order}/customerCareHold/release"));
    let body = json!({"reason": "a"}).to_string();
    assert_eq!(send(&stack, "POST", &hold, "k", &body).await.body["order"]["status"], "CustomerCareHold");
    assert_eq!(stack.post(&release, &json!({})).await.body["order"]["status"], "Open");
    crash(&stack, "k").await;
    let retried = send(&stack, "POST", &hold, "k", &body).await;
    assert_eq!((retried.status, &retried.body["order"]["status"]), (200, &json!("Open")), "it was held and released");
    assert_eq!(retried.header("etag"), "\"3\"");
    // Under another key it is another command.
    let other = send(&stack, "POST", &hold, "other", &body).await;
    assert_eq!(other.body["order"]["status"], "CustomerCareHold");

    // An order that is already finished at the time of the retry still counts as started.
    let created = stack.post(ORDERS, &unnamed()).await;
    let start = format!("{}/startProcessing", created.header("location"));
    assert_eq!(send(&stack, "POST", &start, "s", "").await.status, 200);
    stack.eventually(created.header("location"), |body| body["order"]["status"] == "Fulfilled").await;
    crash(&stack, "s").await;
    let retried = send(&stack, "POST", &start, "s", "").await;
    assert_eq!((retried.status, &retried.body["order"]["status"]), (200, &json!("Fulfilled")));
    assert_eq!(send(&stack, "POST", &start, "late", "").await.status, 422);
}

async fn bulk_with_key(client: &HttpClient, body: &str) -> Option<(u16, Value)> {
    let headers = [DEMO[0], DEMO[2], ("idempotency-key", "killed")];
    let reply = client.try_send("POST", BULK, &headers, body.to_owned()).await.ok()?;
    Some((reply.status, reply.body))
}

/// The process is killed during a bulk of orders without names, and the bulk is retried until it is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_that_was_killed_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let quick = &["--set", "VendorStepSeconds=0", "--set", "RetrySeconds=1"];
    let program = Program::start(folder.path(), quick);
    let body = bulk(500).to_string();
    let (client, sent) = (program.client.clone(), body.clone());
    let first = tokio::spawn(async move { bulk_with_key(&client, &sent).await });
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    program.kill();
    // If it was answered after all, the repeat must be equal.
    let first = first.await.unwrap();

    let program = Program::start(folder.path(), quick);
    let mut answer = bulk_with_key(&program.client, &body).await.unwrap();
    for _ in 0..80 {
        if answer.0 != 409 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        answer = bulk_with_key(&program.client, &body).await.unwrap();
    }
    assert_eq!(answer.0, 200, "{}", answer.1);
    assert!(answer.1["bulk"].as_array().unwrap().iter().all(|entry| entry["status"] == 201));
    assert!(first.is_none_or(|first| first == answer));
    let counted = |body: &Value| body["counts"]["Open"].as_u64().unwrap();
    let path = "/order/v1/orders/countByStatus";
    for _ in 0..1200 {
        if counted(&program.client.send("GET", path, DEMO, "").await.body) == 500 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(counted(&program.client.send("GET", path, DEMO, "").await.body), 500, "each exists once");
    program.kill();
}
