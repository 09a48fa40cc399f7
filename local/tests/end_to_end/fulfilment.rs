//! Vendors on every port, holds, cancels, failures and recovery, over HTTP.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use local::demo::Data;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{DEMO, MERCHANT, Reply, Stack, order};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const VENDOR: &[(&str, &str)] = &[("authorization", "Bearer press-token"), ("content-type", "application/json")];

/// A vendor's server: records requests and gives the configured answer.
#[derive(Clone)]
pub(crate) struct VendorServer {
    calls: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
    answer: Arc<Mutex<StatusCode>>,
    url: String,
}

impl VendorServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/jobs", listener.local_addr().unwrap());
        let server = Self { calls: Arc::default(), answer: Arc::new(Mutex::new(StatusCode::ACCEPTED)), url };
        let take = |State(server): State<Self>, headers: HeaderMap, body: Bytes| async move {
            server.calls.lock().unwrap().push((headers, serde_json::from_slice(&body).unwrap()));
            *server.answer.lock().unwrap()
        };
        let router = Router::new().fallback(take).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    /// A server that accepts connections and never answers.
    pub(crate) async fn silent() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/jobs", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let _listener = listener;
            std::future::pending::<()>().await;
        });
        Self { calls: Arc::default(), answer: Arc::new(Mutex::new(StatusCode::ACCEPTED)), url }
    }

    pub(crate) fn answers(&self, status: StatusCode) {
        *self.answer.lock().unwrap() = status;
    }

    pub(crate) fn calls(&self) -> Vec<(HeaderMap, Value)> {
        self.calls.lock().unwrap().clone()
    }

    async fn calls_of(&self, kind: &str, count: usize) -> Vec<(HeaderMap, Value)> {
        for _ in 0..600 {
            let calls: Vec<_> = self.calls().into_iter().filter(|(_, body)| body["type"] == kind).collect();
            if calls.len() >= count {
                return calls;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{kind}: {:?}", self.calls())
    }
}

/// The demo merchant with an HTTP vendor for `PRESS-`, a person for `HAND-`, and the built-in vendor for the rest.
pub(crate) async fn stack(vendor: &VendorServer, parameters: &[(&str, &str)]) -> Stack {
    let mut data = Data::demo().unwrap();
    let vendors = json!([
        {"id": "press", "name": "The press", "port": "http", "endpoint": vendor.url, "secret": SECRET, "skuPrefixes": ["PRESS-"]},
        {"id": "hand", "name": "By hand", "port": "manual", "skuPrefixes": ["HAND-"]},
        {"id": "built-in", "name": "Built-in", "port": "simulated", "skuPrefixes": [""]},
    ]);
    data.merchants[0].vendors = serde_json::from_value(vendors).unwrap();
    data.merchants[0].vendor_tokens =
        serde_json::from_value(json!([{"vendorId": "press", "bearerToken": "press-token"}])).unwrap();
    let mut all = vec![("VendorStepSeconds", "0"), ("AllowLoopbackWebhooks", "true"), ("VendorTimeoutSeconds", "1")];
    all.extend(parameters);
    Stack::with(data, &all).await
}

pub(crate) fn order_of(safe_id: &str, skus: &[&str]) -> Value {
    let mut order = order(safe_id);
    order["items"] = skus.iter().map(|sku| json!({"sku": sku, "quantity": 2})).collect();
    order
}

pub(crate) async fn create(stack: &Stack, order: &Value) -> String {
    let created = stack.post("/order/v1/orders", order).await;
    assert_eq!(created.status, 201, "{}", created.body);
    created.body["order"]["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn status(stack: &Stack, id: &str, wanted: &str) -> Value {
    stack.eventually(&format!("/order/v1/orders/{id}"), |body| body["order"]["status"] == wanted).await["order"].clone()
}

pub(crate) async fn shipments(stack: &Stack, id: &str, count: usize) -> Vec<Value> {
    let path = format!("/shipment/v1/orders/{id}/shipments");
    let body = stack.eventually(&path, |body| body["shipments"].as_array().is_some_and(|all| all.len() == count)).await;
    body["shipments"].as_array().unwrap().clone()
}

pub(crate) async fn report(stack: &Stack, headers: &[(&str, &str)], shipment: &Value, body: Value) -> Reply {
    let path = format!("/shipment/v1/{}/progress", shipment["id"].as_str().unwrap());
    stack.client.send("POST", &path, headers, body.to_string()).await
}

#[tokio::test]
async fn each_vendor_makes_one_shipment_and_shipments_advance_the_order() {
    let vendor = VendorServer::start().await;
    let stack = stack(&vendor, &[]).await;
    let id = create(&stack, &order_of("three", &["PRESS-1", "HAND-1", "PRESS-2", "MUG"])).await;
    let all = shipments(&stack, &id, 3).await;
    assert_eq!(
        all.iter().map(|one| one["vendorId"].as_str().unwrap()).collect::<Vec<_>>(),
        ["press", "hand", "built-in"]
    );
    // The built-in vendor is done; the others report.
    status(&stack, &id, "PartiallyFulfilled").await;
    let calls = vendor.calls_of("ShipmentSubmission", 1).await;
    let (headers, submission) = &calls[0];
    assert_eq!(submission["shipmentId"], all[0]["id"]);
    assert_eq!(headers["idempotency-key"], all[0]["id"].as_str().unwrap());
    assert!(headers["webhook-signature"].to_str().unwrap().starts_with("v1,"));
    let items: Vec<_> =
        submission["items"].as_array().unwrap().iter().map(|item| item["sku"].as_str().unwrap()).collect();
    assert_eq!((items, &submission["safeId"]), (vec!["PRESS-1", "PRESS-2"], &json!("three")));

    let path = format!("/shipment/v1/{}", all[0]["id"].as_str().unwrap());
    let own = stack.eventually(&path, |body| body["shipmentStatus"] == 3).await;
    let first = own["orderItemIDs"][0].clone();
    let part = json!({"shipmentStatus": "Shipped", "packages": [{"carrierName": "UPS", "carrierTrackingNumber": "1Z1",
        "carrierLink": "https://example.com/1Z1", "orderItemIDs": [first]}]});
    let sent = report(&stack, VENDOR, &all[0], part.clone()).await;
    assert_eq!((sent.status, &sent.body["shipmentStatus"]), (200, &json!(3)), "{}", sent.body);
    let again = report(&stack, VENDOR, &all[0], part).await;
    assert_eq!((again.status, again.header("etag")), (200, sent.header("etag")), "reported twice, counted once");
    let rest =
        report(&stack, VENDOR, &all[0], json!({"shipmentStatus": 4, "packages": [{"carrierTrackingNumber": "1Z2"}]}))
            .await;
    assert_eq!((&rest.body["shipmentStatus"], rest.body["packages"].as_array().unwrap().len()), (&json!(4), 2));
    assert_eq!(rest.body["packages"][0]["carrierTrackingNumber"], "1Z1");
    report(&stack, DEMO, &all[1], json!({"shipmentStatus": 4})).await;
    let done = status(&stack, &id, "Fulfilled").await;
    assert_eq!(done["shipmentIds"].as_array().unwrap().len(), 3);
    let delivered = report(&stack, VENDOR, &all[0], json!({"shipmentStatus": 5})).await;
    assert_eq!((delivered.status, &delivered.body["shipmentStatus"]), (200, &json!(5)));
    assert_eq!(vendor.calls().len(), 1, "one submission, sent once");
}

#[tokio::test]
async fn a_vendor_sees_its_own_shipments_only() {
    let vendor = VendorServer::start().await;
    let stack = stack(&vendor, &[]).await;
    let id = create(&stack, &order_of("own", &["PRESS-1", "HAND-1"])).await;
    let all = shipments(&stack, &id, 2).await;
    let refused = report(&stack, VENDOR, &all[1], json!({"shipmentStatus": 4})).await;
    assert_eq!((refused.status, &refused.body["code"]), (404, &json!("NOT_FOUND")));
    let path = |index: usize| format!("/shipment/v1/{}", all[index]["id"].as_str().unwrap());
    assert_eq!(stack.client.send("GET", &path(1), VENDOR, "").await.status, 404);
    assert_eq!(stack.client.send("GET", &path(0), VENDOR, "").await.status, 200);
    let order = format!("/order/v1/orders/{id}");
    assert_eq!(stack.client.send("GET", &order, VENDOR, "").await.status, 403, "a vendor's token is not a merchant's");
    // A credential without a vendor id belongs to nobody, and in particular not to the merchant.
    let stored = stack.items().await;
    let credential = stored.iter().find(|item| item.get("vendor_id").is_some_and(|id| id.as_s().unwrap() == "press"));
    let credential = credential.unwrap();
    for edit in ["REMOVE vendor_id", "SET vendor_id = :empty"] {
        let mut update = stack.running.dynamodb().update_item().table_name(stack.table()).update_expression(edit);
        update = update.key("pk", credential["pk"].clone()).key("sk", credential["sk"].clone());
        if edit.starts_with("SET") {
            update = update.expression_attribute_values(":empty", AttributeValue::S(String::new()));
        }
        update.send().await.unwrap();
        assert_eq!(stack.client.send("GET", &path(1), VENDOR, "").await.status, 401, "{edit}");
        assert_eq!(report(&stack, VENDOR, &all[1], json!({"shipmentStatus": 4})).await.status, 401, "{edit}");
    }
    for shipment in ["a1f0a9cc-f66c-447f-b770-9b4884e9f02d", "x"] {
        assert_eq!(stack.get(&format!("/shipment/v1/{shipment}")).await.status, 404, "{shipment}");
    }
}

#[tokio::test]
async fn a_held_order_waits_and_continues_when_released() {
    let vendor = VendorServer::start().await;
    let stack = stack(&vendor, &[]).await;
    let mut waiting = order_of("held", &["PRESS-1"]);
    waiting["automaticProcessing"] = json!(false);
    let id = create(&stack, &waiting).await;
    let path = |what: &str| format!("/order/v1/orders/{id}/{what}");
    let held = stack.post(&path("customerCareHold"), &json!({"reason": "Is the address right?"})).await;
    assert_eq!((held.status, &held.body["order"]["status"]), (200, &json!("CustomerCareHold")));
    assert_eq!(held.body["order"]["statusDesc"], "Is the address right?");
    let repeated = stack.post(&path("customerCareHold"), &json!({"reason": "Is the address right?"})).await;
    assert_eq!((repeated.status, repeated.header("etag")), (200, held.header("etag")));
    let other = stack.post(&path("customerCareHold"), &json!({"reason": "No answer yet"})).await;
    assert_eq!((other.status, &other.body["order"]["statusDesc"]), (200, &json!("No answer yet")));
    assert_ne!(other.header("etag"), held.header("etag"), "a new version");
    let started = stack.post(&path("startProcessing"), &json!({})).await;
    assert_eq!(&started.body["order"]["status"], "CustomerCareHold");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(vendor.calls().is_empty());
    let released = stack.post(&path("customerCareHold/release"), &json!({})).await;
    assert_eq!((released.status, &released.body["order"]["status"]), (200, &json!("Open")));
    vendor.calls_of("ShipmentSubmission", 1).await;
    status(&stack, &id, "Processing").await;
    // A command that already took effect succeeds again, but not with another version in `If-Match`.
    let before = stack.get(&format!("/order/v1/orders/{id}")).await;
    let again = stack.post(&path("customerCareHold/release"), &json!({})).await;
    assert_eq!((again.status, again.header("etag")), (200, before.header("etag")));
    let stale = [("if-match", "\"1\"")];
    let refused = stack.send("POST", &path("customerCareHold"), &stale, "{\"reason\":\"x\"}").await;
    assert_eq!((refused.status, &refused.body["code"]), (412, &json!("PRECONDITION_FAILED")));
}

#[tokio::test]
async fn reasons_may_have_several_lines_and_if_match_is_a_list() {
    let stack = Stack::start().await;
    let mut waiting = order("reasons");
    waiting["automaticProcessing"] = json!(false);
    let id = create(&stack, &waiting).await;
    for what in ["customerCareHold", "cancel"] {
        for reason in ["a\u{0}b", "\u{1b}[2J", "a\u{85}b"] {
            let refused = stack.post(&format!("/order/v1/orders/{id}/{what}"), &json!({"reason": reason})).await;
            let error = &refused.body["errors"][0];
            assert_eq!(
                (refused.status, &error["errorCode"], &error["pointer"]),
                (400, &json!("CONTROL_CHARACTER"), &json!("/reason")),
                "{what} {reason:?}"
            );
        }
    }
    let held = stack.post(&format!("/order/v1/orders/{id}/customerCareHold"), &json!({"reason": "one\r\n\ttwo"})).await;
    assert_eq!((held.status, &held.body["order"]["statusDesc"]), (200, &json!("one\r\n\ttwo")));
    let hold = format!("/order/v1/orders/{id}/customerCareHold");
    // `If-Match` is a list of tags.
    for (tags, status) in [("\"0\", \"x\"", 412), ("W/\"{}\"", 412), ("\"0\", \"{}\"", 200), ("*", 200)] {
        let present = stack.get(&format!("/order/v1/orders/{id}")).await.header("etag").trim_matches('"').to_owned();
        let tags = tags.replace("{}", &present);
        let headers = [("if-match", tags.as_str())];
        let reply = stack.send("POST", &hold, &headers, "{\"reason\":\"x\"}").await;
        assert_eq!(reply.status, status, "{tags}");
    }
}

/// These routes need no body, but validate one that is sent.
#[tokio::test]
async fn an_optional_body_must_be_an_object() {
    let stack = Stack::start().await;
    let mut waiting = order("bodies");
    waiting["automaticProcessing"] = json!(false);
    let id = create(&stack, &waiting).await;
    let strict = [("prefer", "handling=strict")];
    for what in ["customerCareHold/release", "refreshProcessing", "startProcessing"] {
        // The order is held, so it does not advance.
        stack.post(&format!("/order/v1/orders/{id}/customerCareHold"), &json!({"reason": "wait"})).await;
        let path = format!("/order/v1/orders/{id}/{what}");
        for (body, code) in [(r#"{"foo":"#, "NOT_JSON"), ("[]", "WRONG_TYPE"), (r#"{"a":1,"a":2}"#, "DUPLICATE_MEMBER")]
        {
            let refused = stack.send("POST", &path, &[], body).await;
            assert_eq!((refused.status, &refused.body["errors"][0]["errorCode"]), (400, &json!(code)), "{what} {body}");
        }
        let refused = stack.send("POST", &path, &strict, r#"{"foo":1}"#).await;
        assert_eq!(
            (refused.status, &refused.body["errors"][0]["errorCode"]),
            (400, &json!("UNKNOWN_MEMBER")),
            "{what}"
        );
        let warned = stack.send("POST", &path, &[], r#"{"foo":1}"#).await;
        assert_eq!((warned.status, &warned.body["warnings"][0]["pointer"]), (200, &json!("/foo")), "{what}");
        assert_eq!(stack.client.send("POST", &path, &DEMO[..1], "").await.status, 200, "{what}");
    }
}

#[tokio::test]
async fn vendors_are_told_of_cancelled_items_and_do_not_ship_them() {
    let vendor = VendorServer::start().await;
    let stack = stack(&vendor, &[]).await;
    let id = create(&stack, &order_of("cancel", &["PRESS-1", "PRESS-2"])).await;
    vendor.calls_of("ShipmentSubmission", 1).await;
    let one = shipments(&stack, &id, 1).await[0].clone();
    let path = format!("/order/v1/orders/{id}/cancel");
    let second = one["orderItemIDs"][1].clone();
    for (body, code) in [
        (json!({"items": []}), "TOO_FEW"),
        (json!({"reason": "x", "items": [{"itemId": "nobody"}]}), "NO_SUCH_ITEM"),
        (json!({"reason": ""}), "TOO_SHORT"),
        // Ignoring it would cancel everything.
        (json!({"reason": "x", "itemz": []}), "UNKNOWN_MEMBER"),
        (json!({"reason": "x", "items": [{"itemId": second, "qty": 1}]}), "UNKNOWN_MEMBER"),
    ] {
        let refused = stack.post(&path, &body).await;
        assert_eq!((refused.status, &refused.body["errors"][0]["errorCode"]), (400, &json!(code)), "{body}");
    }
    let part = json!({"reason": "changed mind", "items": [{"itemId": second, "quantity": 1}]});
    assert_eq!(stack.post(&path, &part).await.status, 422);
    let cancelled = stack.post(&path, &json!({"reason": "changed mind", "items": [{"itemId": second}]})).await;
    assert_eq!((cancelled.status, &cancelled.body["order"]["items"][1]["status"]), (200, &json!("Cancelled")));
    let cancellations = vendor.calls_of("ShipmentCancellation", 1).await;
    assert_eq!((&cancellations[0].1["items"][0]["id"], &cancellations[0].1["shipmentId"]), (&second, &one["id"]));
    let wrong = json!({"shipmentStatus": 4, "packages": [{"orderItemIDs": [second]}]});
    assert_eq!(report(&stack, VENDOR, &one, wrong).await.status, 422);
    assert_eq!(report(&stack, VENDOR, &one, json!({"shipmentStatus": 4})).await.status, 200);
    status(&stack, &id, "Fulfilled").await;
    let late = stack.post(&path, &json!({"reason": "too late"})).await;
    assert_eq!((late.status, &late.body["message"]), (422, &json!("the order is Fulfilled")));
}

/// After the last attempt the order fails with the reason; `refreshProcessing` restarts it, and so does the redriven
/// message.
#[tokio::test]
async fn an_unavailable_vendor_fails_the_order_which_can_be_restarted() {
    let vendor = VendorServer::start().await;
    vendor.answers(StatusCode::INTERNAL_SERVER_ERROR);
    let stack = stack(&vendor, &[("FulfilmentAttempts", "2")]).await;
    let id = create(&stack, &order_of("down", &["PRESS-1"])).await;
    let failed = status(&stack, &id, "Failed").await;
    assert_eq!(failed["statusDesc"], "vendor press: it answered 500");
    assert_eq!(failed["items"][0]["statusDesc"], failed["statusDesc"]);
    vendor.answers(StatusCode::OK);
    let path = format!("/order/v1/orders/{id}/refreshProcessing");
    assert_eq!(stack.post(&path, &json!({})).await.body["order"]["status"], "Processing");
    let one = &shipments(&stack, &id, 1).await[0];
    let path = format!("/shipment/v1/{}", one["id"].as_str().unwrap());
    stack.eventually(&path, |body| body["shipmentStatus"] == 3).await;
    let keys: std::collections::BTreeSet<_> =
        vendor.calls().iter().map(|(headers, _)| headers["idempotency-key"].to_str().unwrap().to_owned()).collect();
    assert_eq!(keys.len(), 1, "one key for all attempts");
}

#[tokio::test]
async fn a_rejecting_vendor_fails_the_shipment_at_once() {
    let vendor = VendorServer::start().await;
    vendor.answers(StatusCode::UNPROCESSABLE_ENTITY);
    let stack = stack(&vendor, &[]).await;
    let id = create(&stack, &order_of("refused", &["PRESS-1"])).await;
    let failed = status(&stack, &id, "Failed").await;
    assert_eq!(failed["statusDesc"], "vendor press refused the shipment: 422");
    let one = &shipments(&stack, &id, 1).await[0];
    assert_eq!((&one["shipmentStatus"], &one["isRejectedByVendor"]), (&json!(6), &json!(true)));
    assert_eq!(vendor.calls().len(), 1);
}

#[tokio::test]
async fn no_vendor_is_called_for_test_orders_and_items_that_are_not_ready() {
    let vendor = VendorServer::start().await;
    let stack = stack(&vendor, &[]).await;
    let mut test = order_of("test", &["PRESS-1", "HAND-1"]);
    test["isTest"] = json!(true);
    let id = create(&stack, &test).await;
    status(&stack, &id, "Fulfilled").await;
    assert!(vendor.calls().is_empty());

    let mut unready = order_of("unready", &["PRESS-1"]);
    unready["items"][0]["fulfillmentReady"] = json!(false);
    let id = create(&stack, &unready).await;
    let one = shipments(&stack, &id, 1).await[0].clone();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(vendor.calls().is_empty());
    let path = format!("/order/v1/orders/{id}/items/{}", one["orderItemIDs"][0].as_str().unwrap());
    let ready = stack.send("PATCH", &path, &[], "{\"fulfillmentReady\":true}").await;
    assert_eq!(ready.status, 200, "{}", ready.body);
    vendor.calls_of("ShipmentSubmission", 1).await;
}

/// Codes are numbered; two orders never share one, and nothing is sold beyond the stock.
#[tokio::test]
async fn codes_are_allocated_once_and_an_order_without_stock_fails() {
    let mut data = crate::support::shop(MERCHANT, &[("USD", "100000")], "1");
    data.stock[0].codes = 25;
    let stack = Stack::with(data, &[("FulfilmentAttempts", "1")]).await;
    let order = json!({"products": [{"sku": "CARD", "quantity": 10}]});
    for _ in 0..3 {
        assert_eq!(stack.post("/v2/orders", &order).await.status, 200);
    }
    let done = |body: &Value| {
        let items = body["data"]["items"].as_array().unwrap();
        items.iter().filter(|item| item["status"] == "COMPLETED").count() == 2
    };
    stack.eventually("/v2/orders", done).await;
    let items = stack.items().await;
    let cursor = items.iter().find(|item| item["pk"].as_s().unwrap() == "stock#CARD").unwrap();
    assert_eq!((cursor["next"].as_n().unwrap().as_str(), cursor["available"].as_n().unwrap().as_str()), ("21", "5"));
    let firsts: std::collections::BTreeSet<String> = items
        .iter()
        .filter_map(|item| item.get("allocations"))
        .map(|allocations| allocations.as_l().unwrap()[0].as_m().unwrap()["first"].as_n().unwrap().clone())
        .collect();
    assert_eq!(firsts, ["1".to_owned(), "11".to_owned()].into());
}
