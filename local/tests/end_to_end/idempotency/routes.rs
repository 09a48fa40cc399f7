//! Every route that takes a key, from the route table: a new one fails here until it has a case.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use functions::routes::{ROUTES, Route};
use serde_json::{Value, json};

use super::{crash, replayed, unnamed, whole};
use crate::fulfilment::{self, VendorServer, create, order_of, shipments};
use crate::inbound;
use crate::notes::{NOTES, about};
use crate::receiver::Receiver;
use crate::support::{Reply, Stack};
use crate::webhooks::{SUBSCRIPTIONS, subscribe};

/// A request that succeeds and has an effect.
struct Case {
    path: String,
    body: Value,
    /// The version that a change requires, which is outdated after its own effect.
    if_match: Option<String>,
    /// Whether a retry after a lost answer returns the same body; false if the answer contains something new.
    creates: bool,
}

impl Case {
    async fn of(route: &Route, stack: &Stack, url: &str) -> Self {
        let creates = |path: &str, body: Value| Self { path: path.to_owned(), body, if_match: None, creates: true };
        match (route.method, route.path) {
            ("POST", "/v2/orders") => creates(route.path, json!({"products": [{"sku": "8PX-UF-Y5U", "quantity": 1}]})),
            ("POST", "/order/v1/orders") => creates(route.path, unnamed()),
            ("POST", "/order/v1/orders/bulk") => {
                let mut twice = unnamed();
                (twice["safeId"], twice["externalId"]) = (json!("twice"), json!("e"));
                let mut taken = unnamed();
                taken["externalId"] = json!("e");
                creates(route.path, json!({"bulk": [unnamed(), twice, {}, twice, taken, unnamed()]}))
            }
            ("POST", "/webhook/v1/subscriptions") => {
                creates(route.path, json!({"url": url, "events": ["OrderUpdate"]}))
            }
            (_, path) if path.starts_with("/webhook/v1/subscriptions/{subscriptionId}") => {
                let id = subscribe(stack, url).await["id"].as_str().unwrap().to_owned();
                let body = match route.method {
                    "PATCH" => json!({"description": "changed"}),
                    _ => json!({}),
                };
                let path = path.replace("{subscriptionId}", &id);
                let if_match = (!path.ends_with("/test")).then(|| "\"1\"".to_owned());
                Self { path, body, if_match, creates: false }
            }
            ("POST", "/shipment/v1/{shipmentId}/progress") => {
                let id = create(stack, &order_of("progress", &["HAND-1", "HAND-2"])).await;
                let shipment = shipments(stack, &id, 1).await.remove(0);
                let items = shipment["orderItemIDs"].as_array().unwrap();
                let package = |item: &Value| json!({"orderItemIDs": [item], "carrierName": "UPS"});
                let body = json!({"shipmentStatus": 4, "packages": items.iter().map(package).collect::<Vec<_>>()});
                let path = route.path.replace("{shipmentId}", shipment["id"].as_str().unwrap());
                Self { if_match: Some(etag(stack, &id).await), path, body, creates: false }
            }
            ("POST", NOTES) => creates(route.path, about("Product", "p", "a")),
            ("PUT", "/note/v1/notes/{noteId}") => {
                let note = stack.post(NOTES, &about("Product", "p", "a")).await;
                let if_match = Some(note.header("etag").to_owned());
                let path = note.header("location").to_owned();
                Self { path, body: json!({"text": "b"}), if_match, creates: false }
            }
            ("POST", "/order/v1/orders/validate") => creates(route.path, unnamed()),
            ("POST", "/order/v1/orders/bulk/validate") => creates(route.path, json!({"bulk": [unnamed(), {}]})),
            ("POST", "/order/v1/inbound/orders" | "/v1/inbound/orders") => {
                creates(route.path, json!({"body": unnamed()}))
            }
            ("POST", inbound::TRANSFORMATIONS) => creates(route.path, json!({"name": "n", "rules": inbound::rules()})),
            ("PUT", "/order/v1/inbound/transformations/{transformationId}") => {
                let id = inbound::transformation(stack, &inbound::rules()).await;
                let path = route.path.replace("{transformationId}", &id);
                let body = json!({"name": "changed", "rules": inbound::rules()});
                Self { path, body, if_match: Some("\"1\"".to_owned()), creates: false }
            }
            ("POST", "/order/v1/inbound/transformations/{transformationId}/test") => {
                let id = inbound::transformation(stack, &inbound::rules()).await;
                creates(&route.path.replace("{transformationId}", &id), json!({"body": inbound::foreign(1)}))
            }
            ("PATCH", "/order/v1/orders/{orderId}" | "/order/v1/orders/bulk")
            | ("POST", "/order/v1/orders/refunds") => Self::of_waiting_order(route.path, stack).await,
            (_, path) if path.starts_with("/order/v1/orders/{orderId}/") => Self::of_order(path, stack).await,
            other => panic!("{other:?} takes an Idempotency-Key: add a case for it"),
        }
    }

    /// A paid order that waits, so that it can be updated.
    async fn of_waiting_order(path: &str, stack: &Stack) -> Self {
        let mut order = unnamed();
        order["automaticProcessing"] = json!(false);
        order["items"] = json!([{"sku": "HAND-1", "quantity": 2, "customerPrice": 10}]);
        let id = create(stack, &order).await;
        let order = stack.get(&format!("/order/v1/orders/{id}")).await;
        let item = &order.body["order"]["items"][0]["id"];
        let if_match = Some(order.header("etag").to_owned());
        let (body, if_match) = match path {
            "/order/v1/orders/bulk" => {
                let patch = |city: &str| json!({"orderId": id, "shippingAddress": {"city": city}});
                (json!({"bulk": [patch("Shelbyville"), patch("Ogdenville"), patch("Shelbyville")]}), None)
            }
            "/order/v1/orders/refunds" => {
                // Twice the amount would still be available.
                let row = json!({"itemId": item, "amount": 3, "reason": "a"});
                (json!({"orderId": id, "refunds": [row, row]}), if_match)
            }
            _ => (json!({"meta": {"a": "b"}}), if_match),
        };
        Self { path: path.replace("{orderId}", &id), body, if_match, creates: false }
    }

    async fn of_order(path: &str, stack: &Stack) -> Self {
        let mut order = unnamed();
        order["items"] = json!([{"sku": "HAND-1", "quantity": 1, "fulfillmentReady": false}]);
        let id = create(stack, &order).await;
        let body = match path.rsplit('/').next().unwrap() {
            "cancel" | "customerCareHold" => json!({"reason": "a"}),
            "release" => {
                let hold = format!("/order/v1/orders/{id}/customerCareHold");
                assert_eq!(stack.post(&hold, &json!({"reason": "a"})).await.status, 200);
                json!({})
            }
            "{orderItemId}" => json!({"fulfillmentReady": true}),
            "startProcessing" | "refreshProcessing" => json!({}),
            other => panic!("{other} takes an Idempotency-Key: add its body"),
        };
        let order = stack.get(&format!("/order/v1/orders/{id}")).await;
        let item = order.body["order"]["items"][0]["id"].as_str().unwrap();
        let path = path.replace("{orderId}", &id).replace("{orderItemId}", item);
        Self { path, body, if_match: Some(etag(stack, &id).await), creates: false }
    }

    async fn send(&self, stack: &Stack, route: &Route, key: &str, body: &str) -> Reply {
        let mut headers = vec![("idempotency-key", key)];
        headers.extend(self.if_match.as_deref().map(|tag| ("if-match", tag)));
        stack.send(route.method, &self.path, &headers, body.to_owned()).await
    }
}

async fn etag(stack: &Stack, order: &str) -> String {
    stack.get(&format!("/order/v1/orders/{order}")).await.header("etag").to_owned()
}

pub(crate) type Items = HashMap<String, HashMap<String, AttributeValue>>;

/// The table without idempotency records, once it no longer changes.
pub(crate) async fn settled(stack: &Stack) -> Items {
    let mut last = Items::new();
    for _ in 0..400 {
        let items = stack.items().await.into_iter().filter_map(|item| {
            let key = format!("{} {}", item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap());
            let of_keys = key.contains("#key#") || key.contains("#answer#");
            (!of_keys).then_some((key, item))
        });
        let items: Items = items.collect();
        if items == last {
            return items;
        }
        last = items;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    panic!("the table does not settle")
}

fn without_request_ids(mut body: Value) -> Value {
    match &mut body {
        Value::Object(members) => {
            members.remove("requestId");
            members.values_mut().for_each(|member| *member = without_request_ids(member.take()));
        }
        Value::Array(elements) => {
            elements.iter_mut().for_each(|element| *element = without_request_ids(element.take()))
        }
        _ => {}
    }
    body
}

#[tokio::test]
async fn every_post_patch_and_put_has_one_effect_and_one_answer() {
    let (server, receiver) = (VendorServer::start().await, Receiver::start().await);
    let stack = fulfilment::stack(&server, &[]).await;
    let mut covered = 0;
    for (index, route) in
        ROUTES.iter().enumerate().filter(|(_, route)| matches!(route.method, "POST" | "PATCH" | "PUT"))
    {
        let (name, key) = (format!("{} {}", route.method, route.path), format!("key-{index}"));
        let case = Case::of(route, &stack, &receiver.url).await;
        let body = case.body.to_string();
        let before = settled(&stack).await;
        let first = case.send(&stack, route, &key, &body).await;
        assert!(first.status < 300 && !replayed(&first), "{name}: {} {}", first.status, first.body);
        let effect = settled(&stack).await;
        let only_looks = ["/refreshProcessing", "/validate", "/{transformationId}/test"];
        if !only_looks.iter().any(|end| route.path.ends_with(end)) {
            assert_ne!(effect, before, "{name} has no effect");
        }

        let again = case.send(&stack, route, &key, &body).await;
        assert!(replayed(&again), "{name}");
        assert_eq!(whole(&again), whole(&first), "{name}");
        let other = case.send(&stack, route, &key, &format!("{body} ")).await;
        let code = other.body.get("code").or(other.body.get("error"));
        assert_eq!((other.status, code), (422, Some(&json!("IDEMPOTENCY_KEY_REUSED"))), "{name}");
        assert_eq!(settled(&stack).await, effect, "{name}: a repeat changes nothing");

        // The first attempt took effect but died before its answer was stored.
        crash(&stack, &key).await;
        let retried = case.send(&stack, route, &key, &body).await;
        assert_eq!((retried.status, replayed(&retried)), (first.status, false), "{name}: {}", retried.body);
        if case.creates {
            let ((_, headers, body), (_, known_headers, known)) = (whole(&retried), whole(&first));
            assert_eq!(without_request_ids(body), without_request_ids(known), "{name}");
            assert_eq!(headers, known_headers, "{name}");
        }
        if route.path.ends_with("/{subscriptionId}/test") {
            assert_eq!(retried.body["webhookId"], first.body["webhookId"], "{name}");
        } else {
            assert_eq!(settled(&stack).await, effect, "{name}: a retry changes nothing");
        }
        assert_eq!(whole(&case.send(&stack, route, &key, &body).await), whole(&retried), "{name}");
        covered += 1;
    }
    assert!(covered >= 20, "{covered}");
    let path = format!("{SUBSCRIPTIONS}?pageSize=200");
    assert_eq!(stack.get(&path).await.status, 200);
}
