//! Inbound orders: another shop's JSON, through its receipt and its queue, to an order and to its subscribers.

mod crash;
mod transformations;

use std::time::Duration;

use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::support::{MERCHANT, OTHER, Reply, Stack, is_order, order, two_merchants};
use crate::webhooks::SUBSCRIPTIONS;

pub(crate) const INBOUND: &str = "/order/v1/inbound/orders";
pub(crate) const TRANSFORMATIONS: &str = "/order/v1/inbound/transformations";

/// An order as a shop system exports it: numeric ids, prices as strings, its own line format, nothing in our structure.
pub(crate) fn foreign(id: u64) -> Value {
    json!({
        "order": {"id": id, "name": "#1001", "test": false, "currency": "USD", "note": null},
        "customer": {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"},
        "shipping_address": {"address1": "1 Main St", "address2": "", "city": "Springfield", "province_code": "IL",
            "zip": "62701", "country_code": "US", "phone": "+1 555 0100"},
        "line_items": [
            {"sku": "mug", "quantity": 2, "price": "12.50", "properties": {"artwork": "https://example.com/a.png"}},
            {"sku": "poster", "price": "20.00", "properties": {"artwork": "https://example.com/b.png"}},
        ],
    })
}

/// The rules for it.
pub(crate) fn rules() -> Value {
    json!([
        {"to": "/externalId", "from": "/order/id", "as": "string"},
        {"to": "/isTest", "from": "/order/test"},
        {"to": "/currencyCode", "from": "/order/currency", "default": "USD"},
        {"to": "/shippingAddress/firstName", "from": "/customer/first_name"},
        {"to": "/shippingAddress/lastName", "from": "/customer/last_name"},
        {"to": "/shippingAddress/email", "from": "/customer/email"},
        {"to": "/shippingAddress/line1", "from": "/shipping_address/address1"},
        {"to": "/shippingAddress/line2", "from": "/shipping_address/address2"},
        {"to": "/shippingAddress/city", "from": "/shipping_address/city"},
        {"to": "/shippingAddress/state", "from": "/shipping_address/province_code"},
        {"to": "/shippingAddress/zip", "from": "/shipping_address/zip"},
        {"to": "/shippingAddress/countryCode", "from": "/shipping_address/country_code"},
        {"to": "/items/*/sku", "from": "/line_items/*/sku"},
        {"to": "/items/*/quantity", "from": "/line_items/*/quantity", "default": 1},
        {"to": "/items/*/customerPrice", "from": "/line_items/*/price", "as": "number"},
        {"to": "/items/*/images/0/url", "from": "/line_items/*/properties/artwork"},
    ])
}

/// Two merchants, whose webhooks may call this machine.
async fn stack() -> Stack {
    Stack::with(two_merchants(), &[("VendorStepSeconds", "0"), ("AllowLoopbackWebhooks", "true")]).await
}

/// Creates a transformation and returns its id.
pub(crate) async fn transformation(stack: &Stack, rules: &Value) -> String {
    let created = stack.post(TRANSFORMATIONS, &json!({"name": "shop", "rules": rules})).await;
    assert_eq!(created.status, 201, "{}", created.body);
    created.body["transformation"]["id"].as_str().unwrap().to_owned()
}

/// Sends an inbound order and returns its receipt.
pub(crate) async fn send(stack: &Stack, body: &Value) -> Value {
    let received = stack.post(INBOUND, body).await;
    assert_eq!(received.status, 202, "{}", received.body);
    received.body["receipt"].clone()
}

/// The receipt, once it has ended.
async fn ended(stack: &Stack, receipt: &Value) -> Value {
    let path = format!("{INBOUND}/{}", receipt["id"].as_str().unwrap());
    stack.eventually(&path, |body| body["receipt"]["status"] != "Received").await["receipt"].clone()
}

async fn orders(stack: &Stack) -> usize {
    stack.items().await.iter().filter(|item| is_order(item)).count()
}

/// The events that a subscriber received, sorted by type, once there are this many.
async fn heard(receiver: &Receiver, count: usize) -> Vec<Value> {
    for _ in 0..600 {
        if receiver.calls().len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut events: Vec<Value> = receiver.calls().iter().map(|call| call.json()).collect();
    events.sort_by_key(|event| event["EventType"].to_string());
    events
}

async fn listen(stack: &Stack) -> Receiver {
    let receiver = Receiver::start().await;
    let body = json!({"url": receiver.url, "events": ["OrderCreation", "InboundOrderProcessed"]});
    assert_eq!(stack.post(SUBSCRIPTIONS, &body).await.status, 201);
    receiver
}

#[tokio::test]
async fn a_foreign_order_is_received_transformed_announced_and_fulfilled() {
    let stack = stack().await;
    let (receiver, transformation) = (listen(&stack).await, transformation(&stack, &rules()).await);
    let body = json!({"body": foreign(4711), "merchantId": MERCHANT, "transformationId": transformation});
    // The path in the order network.
    let received = stack.post("/v1/inbound/orders", &body).await;
    let receipt = &received.body["receipt"];
    let id = receipt["id"].as_str().unwrap();
    assert_eq!((received.status, &receipt["status"]), (202, &json!("Received")), "{}", received.body);
    assert_eq!(received.header("location"), format!("{INBOUND}/{id}"));
    assert_eq!(receipt["transformationVersion"], 1);

    let receipt = ended(&stack, receipt).await;
    assert_eq!((&receipt["status"], &receipt["warnings"]), (&json!("Accepted"), &json!([])), "{receipt}");
    assert_eq!((&receipt["safeId"], &receipt["externalId"]), (&json!(id), &json!("4711")));
    assert_eq!(stack.get(&format!("/v1/inbound/orders/{id}")).await.body["receipt"], receipt);
    let order_id = receipt["orderId"].as_str().unwrap();
    let path = format!("/order/v1/orders/{order_id}");
    let order = stack.eventually(&path, |body| body["order"]["status"] == "Fulfilled").await["order"].clone();
    assert_eq!((&order["externalId"], &order["safeId"]), (&json!("4711"), &json!(id)));
    assert_eq!(
        (&order["shippingAddress"]["city"], &order["shippingAddress"]["line2"]),
        (&json!("Springfield"), &Value::Null)
    );
    let items: Vec<_> = order["items"].as_array().unwrap().iter().collect();
    let summary = |item: &Value| json!([item["sku"], item["quantity"], item["images"][0]["url"]]);
    assert_eq!(summary(items[0]), json!(["mug", 2, "https://example.com/a.png"]));
    assert_eq!(summary(items[1]), json!(["poster", 1, "https://example.com/b.png"]));
    assert_eq!(items[0]["customerPrice"]["amount"], json!(12.5));

    let events = heard(&receiver, 2).await;
    assert_eq!(events.len(), 2, "{events:?}");
    let expected = json!({
        "EventType": "InboundOrderProcessed", "RequestId": events[0]["RequestId"], "SubscriberId": MERCHANT, "OrderId": order_id,
        "ExternalOrderId": "4711", "SafeId": id, "Description": "Order created", "ResponseCode": 201,
        "ReceiptId": id, "Status": "Accepted",
    });
    assert_eq!(events[0], expected);
    assert_eq!((&events[1]["EventType"], &events[1]["IsSuccessful"]), (&json!("OrderCreation"), &json!(true)));
    assert_eq!((&events[1]["OrderId"], &events[1]["RequestId"]), (&json!(order_id), &events[0]["RequestId"]));
    let shown = stack.get(&format!("{SUBSCRIPTIONS}?pageSize=1")).await;
    let subscription = shown.body["subscriptions"][0]["id"].as_str().unwrap().to_owned();
    let log = format!("{SUBSCRIPTIONS}/{subscription}/deliveries");
    let delivered = |log: &Value| log["deliveries"].as_array().unwrap().iter().all(|each| each["state"] == "Delivered");
    stack.eventually(&log, delivered).await;
    let item = item_of(&stack, id).await;
    assert!(!item.contains_key("foreign_body") && !item.contains_key("due_at") && item.contains_key("expires_at"));
}

pub(super) async fn item_of(
    stack: &Stack,
    receipt: &str,
) -> std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue> {
    let pk = format!("{MERCHANT}#inbound#{receipt}");
    stack.items().await.into_iter().find(|item| item["pk"].as_s().unwrap() == &pk).unwrap()
}

#[tokio::test]
async fn rejected_orders_report_pointers_into_both_bodies() {
    let stack = stack().await;
    let (receiver, transformation) = (listen(&stack).await, transformation(&stack, &rules()).await);
    let mut body = foreign(7);
    body["shipping_address"]["country_code"] = json!("ZZ");
    body["line_items"][0]["quantity"] = json!(0);
    body["line_items"][1]["sku"] = Value::Null;
    body["line_items"][1]["price"] = json!("20,00");
    let receipt = ended(&stack, &send(&stack, &json!({"body": body, "transformationId": transformation})).await).await;
    assert_eq!((&receipt["status"], &receipt["orderId"]), (&json!("Refused"), &Value::Null), "{receipt}");
    let error = &receipt["error"];
    assert_eq!((&error["code"], &error["message"]), (&json!("VALIDATION_FAILED"), &json!("the body breaks 4 rules")));
    let located =
        |error: &Value| json!([error["errorCode"], error["pointer"], error["sourcePointer"], error["attemptedValue"]]);
    let errors: Vec<Value> = error["errors"].as_array().unwrap().iter().map(located).collect();
    let expected = [
        json!(["INVALID_FORMAT", "/items/1/customerPrice", "/line_items/1/price", "20,00"]),
        json!(["INVALID_FORMAT", "/shippingAddress/countryCode", "/shipping_address/country_code", "ZZ"]),
        json!(["OUT_OF_RANGE", "/items/0/quantity", "/line_items/0/quantity", 0]),
        json!(["REQUIRED", "/items/1/sku", "/line_items/1/sku", null]),
    ];
    assert_eq!(errors, expected);
    assert_eq!(orders(&stack).await, 0);

    let events = heard(&receiver, 2).await;
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!((&events[0]["Status"], &events[0]["ReceiptId"]), (&json!("Refused"), &receipt["id"]));
    let expected = json!({
        "EventType": "OrderCreation", "RequestId": error["requestId"], "SubscriberId": MERCHANT, "ChildSubscriberId": null,
        "ExternalOrderId": "7", "SafeId": receipt["id"], "IsSuccessful": false, "Reprint": null,
        "Description": "Order could not be created", "ResponseCode": 400,
    });
    assert_eq!(events[1], expected);
}

/// Without a transformation the body is in our own format, and gets exactly the answer of the single call.
#[tokio::test]
async fn a_body_in_the_apis_own_format_needs_no_transformation() {
    let stack = stack().await;
    let accepted = ended(&stack, &send(&stack, &json!({"body": order("own")})).await).await;
    assert_eq!((&accepted["status"], &accepted["safeId"]), (&json!("Accepted"), &json!("own")), "{accepted}");
    // Sending the same order again finds the first one.
    let again = ended(&stack, &send(&stack, &json!({"body": order("own")})).await).await;
    assert_eq!((&again["status"], &again["orderId"]), (&json!("Accepted"), &accepted["orderId"]));
    assert_ne!(again["id"], accepted["id"]);

    let mut other = order("own");
    other["items"][0]["quantity"] = json!(2);
    let mut misspelt = order("");
    misspelt["itmes"] = json!([]);
    let single = stack.send("POST", "/order/v1/orders", &[], other.to_string()).await;
    for (body, strict, code, status) in [
        (other, false, "SAFE_ID_EXISTS", Some(single)),
        (misspelt.clone(), true, "VALIDATION_FAILED", None),
        (json!([1]), false, "VALIDATION_FAILED", None),
        (
            json!({"merchantId": "00000000-0000-4000-8000-000000000000", "shippingAddress": order("")["shippingAddress"],
            "items": order("")["items"]}),
            false,
            "MERCHANT_MISMATCH",
            None,
        ),
    ] {
        let headers: Vec<_> = strict.then_some(("prefer", "handling=strict")).into_iter().collect();
        let received = stack.send("POST", INBOUND, &headers, json!({"body": body}).to_string()).await;
        let refused = ended(&stack, &received.body["receipt"]).await;
        assert_eq!((&refused["status"], &refused["error"]["code"]), (&json!("Refused"), &json!(code)), "{refused}");
        if let Some(Reply { body: mut single, .. }) = status {
            single["requestId"] = refused["error"]["requestId"].clone();
            assert_eq!(refused["error"], single);
        }
    }
    let warned = ended(&stack, &send(&stack, &json!({"body": misspelt})).await).await;
    assert_eq!((&warned["status"], &warned["warnings"][0]["pointer"]), (&json!("Accepted"), &json!("/itmes")));
}

#[tokio::test]
async fn malformed_inbound_orders_are_rejected_and_receipts_are_private() {
    let stack = stack().await;
    let transformation = transformation(&stack, &rules()).await;
    let deep = format!("{{\"body\": {}{}}}", "[".repeat(33), "]".repeat(33));
    let long = json!({"body": "x".repeat(256 * 1024)}).to_string();
    for (body, status, code, places) in [
        (
            json!({"transformationId": 7, "merchantId": 1}).to_string(),
            400,
            "VALIDATION_FAILED",
            json!(["/merchantId", "/transformationId", "/body"]),
        ),
        (
            json!({"body": null, "transformationId": "x"}).to_string(),
            400,
            "VALIDATION_FAILED",
            json!(["/body", "/transformationId"]),
        ),
        (
            json!({"body": {}, "transformationId": "00000000-0000-4000-8000-000000000000"}).to_string(),
            404,
            "NOT_FOUND",
            json!(["/transformationId"]),
        ),
        (
            json!({"body": {}, "merchantId": "00000000-0000-4000-8000-000000000000"}).to_string(),
            403,
            "MERCHANT_MISMATCH",
            json!(["/merchantId"]),
        ),
        ("{\"body\": {\"a\": 1, \"a\": 2}}".to_owned(), 400, "VALIDATION_FAILED", json!(["/body/a"])),
        ("[]".to_owned(), 400, "VALIDATION_FAILED", json!([""])),
        (deep, 400, "VALIDATION_FAILED", json!(["/body"])),
        (long, 413, "PAYLOAD_TOO_LARGE", json!(["/body"])),
    ] {
        let refused = stack.send("POST", INBOUND, &[], body).await;
        assert_eq!((refused.status, &refused.body["code"]), (status, &json!(code)), "{}", refused.body);
        let errors = refused.body["errors"].as_array().unwrap();
        assert_eq!(errors.iter().map(|error| error["pointer"].clone()).collect::<Value>(), places);
    }
    let body = json!({"body": foreign(1), "transformationId": transformation}).to_string();
    let theirs = stack.client.send("POST", INBOUND, OTHER, body.clone()).await;
    assert_eq!((theirs.status, &theirs.body["code"]), (404, &json!("NOT_FOUND")));

    let receipt = ended(&stack, &send(&stack, &serde_json::from_str(&body).unwrap()).await).await;
    let path = format!("{INBOUND}/{}", receipt["id"].as_str().unwrap());
    assert_eq!(stack.client.send("GET", &path, OTHER, "").await.status, 404);
    for id in ["x", "00000000-0000-4000-8000-000000000000"] {
        assert_eq!(stack.get(&format!("{INBOUND}/{id}")).await.status, 404);
    }
}

/// The commands of the tour's section do what it says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_shows_what_happens() {
    let stack = stack().await;
    let tour = std::fs::read_to_string(local::commands::project().join("docs/tour.md")).unwrap();
    let section = tour.split("## Inbound orders").nth(1).unwrap().split("\n## ").next().unwrap();
    let blocks = |language: &str| -> Vec<&str> {
        let begin = format!("```{language}\n");
        section.split(&begin).skip(1).map(|block| block.split("```").next().unwrap()).collect()
    };
    let (shell, shown) = (blocks("sh").join("\necho\n"), blocks("json").concat());
    let url = stack.running.url.clone();
    let run = move || std::process::Command::new("sh").arg("-c").arg(shell).env("URL", url).output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let expected = format!("{}\nAccepted\n", shown.trim());
    assert_eq!(printed, expected, "{}", String::from_utf8_lossy(&output.stderr));
}
