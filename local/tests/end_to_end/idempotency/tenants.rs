//! The scope of a key.

use serde_json::json;

use super::{ORDERS, replayed, unnamed};
use crate::fulfilment::{self, VendorServer, create, order_of, shipments};
use crate::support::{DEMO, OTHER, Stack, two_merchants};

#[tokio::test]
async fn merchants_do_not_share_keys() {
    let stack = Stack::with(two_merchants(), &[]).await;
    let key = ("idempotency-key", "shared");
    let ours = [DEMO[0], DEMO[1], DEMO[2], key];
    let theirs = [OTHER[0], OTHER[1], OTHER[2], key];
    let body = unnamed().to_string();
    let mut ids = Vec::new();
    for headers in [&ours, &theirs] {
        let first = stack.client.send("POST", ORDERS, headers, body.clone()).await;
        assert_eq!((first.status, replayed(&first)), (201, false));
        let again = stack.client.send("POST", ORDERS, headers, body.clone()).await;
        assert_eq!((&again.body, replayed(&again)), (&first.body, true));
        ids.push(first.body["order"]["id"].clone());
        // The ids derived from the same key and index differ between merchants.
        ids.push(first.body["order"]["safeId"].clone());
    }
    ids.sort_by_key(ToString::to_string);
    ids.dedup();
    assert_eq!(ids.len(), 4);

    // A token alone gets no answer from the API that requires a key and a token.
    let paid = json!({"products": [{"sku": "8PX-UF-Y5U", "quantity": 1}]}).to_string();
    let key = ("idempotency-key", "paid");
    let first = stack.send("POST", "/v2/orders", &[key], paid.clone()).await;
    assert_eq!(first.status, 200);
    for headers in [&[DEMO[0], DEMO[2], key][..], &[DEMO[0], OTHER[1], DEMO[2], key], &[key]] {
        let refused = stack.client.send("POST", "/v2/orders", headers, paid.clone()).await;
        assert_eq!((refused.status, &refused.body["error"]), (401, &json!("UNAUTHORIZED")));
    }
}

#[tokio::test]
async fn a_vendor_and_its_merchant_do_not_share_keys() {
    let server = VendorServer::start().await;
    let stack = fulfilment::stack(&server, &[]).await;
    let id = create(&stack, &order_of("two", &["PRESS-1", "HAND-1"])).await;
    let all = shipments(&stack, &id, 2).await;
    let key = ("idempotency-key", "same");
    let vendor = [("authorization", "Bearer press-token"), DEMO[2], key];
    let merchant = [DEMO[0], DEMO[2], key];
    let body = json!({"shipmentStatus": 4}).to_string();
    for (headers, shipment) in [(&vendor, &all[0]), (&merchant, &all[1])] {
        let path = format!("/shipment/v1/{}/progress", shipment["id"].as_str().unwrap());
        let first = stack.client.send("POST", &path, headers, body.clone()).await;
        assert_eq!((first.status, &first.body["shipmentStatus"]), (200, &json!(4)), "{}", first.body);
        let again = stack.client.send("POST", &path, headers, body.clone()).await;
        assert_eq!((&again.body, replayed(&again)), (&first.body, true));
    }
    // A vendor does not get the answer that its merchant got.
    let path = format!("/shipment/v1/{}/progress", all[1]["id"].as_str().unwrap());
    let mut other = vendor;
    assert_eq!(stack.client.send("POST", &path, &other, body.clone()).await.status, 422);
    other[2] = ("idempotency-key", "own");
    assert_eq!(stack.client.send("POST", &path, &other, body.clone()).await.status, 404);
}
