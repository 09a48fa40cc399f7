//! Updates of orders and items, and validation without creating an order, over HTTP.

use serde_json::{Value, json};

use crate::fulfilment::{VendorServer, create, order_of, shipments, stack, status};
use crate::support::{MERCHANT, Reply, Stack, order};

pub(crate) async fn patch(stack: &Stack, path: &str, body: Value) -> Reply {
    stack.send("PATCH", path, &[], body.to_string()).await
}

/// An order that waits, so that it stays `Open`.
pub(crate) fn waiting(safe_id: &str, skus: &[&str]) -> Value {
    let mut order = order_of(safe_id, skus);
    order["automaticProcessing"] = json!(false);
    order
}

pub(crate) fn path(id: &str) -> String {
    format!("/order/v1/orders/{id}")
}

/// Status, code and pointer of the first violation.
pub(crate) fn first(reply: &Reply) -> (u16, &str, &str) {
    let error = &reply.body["errors"][0];
    (reply.status, error["errorCode"].as_str().unwrap_or_default(), error["pointer"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_patch_is_merged_into_the_order_digit_by_digit() {
    let stack = Stack::start().await;
    let mut body = waiting("merge", &["MUG"]);
    body["meta"] = json!({"note": "a", "gift": "yes"});
    let id = create(&stack, &body).await;
    let text = r#"{"shippingAddress": {"city": "Shelbyville", "line2": "Flat 2"}, "customerTotal": 123456789012.3456,
        "meta": {"note": null, "promo": "X"}, "languageCode": "EN", "isSample": true, "colour": "red",
        "customerPaymentMethods": [{"method": "CreditCard", "cardLast4": "1111"}]}"#;
    let updated = stack.send("PATCH", &path(&id), &[], text).await;
    assert_eq!((updated.status, updated.header("etag")), (200, "\"2\""), "{}", updated.body);
    let order = &updated.body["order"];
    assert_eq!(order["shippingAddress"]["city"], "Shelbyville");
    assert_eq!(
        (&order["shippingAddress"]["line1"], &order["shippingAddress"]["line2"]),
        (&json!("1 Main St"), &json!("Flat 2"))
    );
    assert_eq!(order["meta"], json!({"gift": "yes", "promo": "X"}));
    assert!(order["customerTotal"].to_string().contains("123456789012.3456"), "{}", order["customerTotal"]);
    let warning = &updated.body["warnings"][0];
    assert_eq!((&warning["errorCode"], &warning["pointer"]), (&json!("UNKNOWN_MEMBER"), &json!("/colour")));
    assert_eq!(stack.get(&path(&id)).await.body["order"], *order);

    // No change: nothing is written.
    let again = stack.send("PATCH", &path(&id), &[], text).await;
    assert_eq!((again.status, again.header("etag")), (200, "\"2\""));
    // A repeated create still finds its order.
    let replayed = stack.post("/order/v1/orders", &body).await;
    assert_eq!((replayed.status, replayed.header("idempotency-replayed")), (200, "true"));
    assert_eq!(replayed.body["order"]["shippingAddress"]["city"], "Shelbyville");
}

/// Every member of a read can be patched, is immutable, or is set by the service; none is unknown.
#[tokio::test]
async fn a_patch_knows_every_member_of_a_read() {
    let stack = Stack::start().await;
    let id = create(&stack, &waiting("shown", &["MUG"])).await;
    let shown = stack.get(&path(&id)).await.body["order"].clone();
    let item = format!("{}/items/{}", path(&id), shown["items"][0]["id"].as_str().unwrap());
    for (path, shown) in [(path(&id), &shown), (item, &shown["items"][0])] {
        // As a client sends back what it read: null where there is no value, so that no amount has the read format.
        let body: serde_json::Map<String, Value> =
            shown.as_object().unwrap().keys().map(|name| (name.clone(), Value::Null)).collect();
        let reply = patch(&stack, &path, body.into()).await;
        let all = ["errors", "warnings"].map(|list| reply.body[list].as_array().cloned().unwrap_or_default()).concat();
        let unknown: Vec<&Value> = all
            .iter()
            .filter(|one| one["errorCode"] == "UNKNOWN_MEMBER" && one["errorMessage"] != "is set by the service")
            .collect();
        assert!(!all.is_empty() && unknown.is_empty(), "{path} {unknown:?}");
    }
    let reply = patch(&stack, &path(&id), json!({"status": "Open", "isSample": true})).await;
    assert_eq!((reply.status, reply.body["warnings"].as_array().unwrap().len()), (200, 1), "{}", reply.body);
    assert_eq!(reply.body["warnings"][0]["errorMessage"], "is set by the service");
}

#[tokio::test]
async fn all_violations_of_a_patch_are_reported_in_document_order() {
    let stack = Stack::start().await;
    let id = create(&stack, &waiting("bad", &["MUG"])).await;
    let all = patch(
        &stack,
        &path(&id),
        json!({"currencyCode": "EUR", "customerTotal": -1, "safeId": null, "shippingAddress": {"countryCode": "USA", "line1": null}}),
    )
    .await;
    let errors: Vec<(&str, &str)> = all.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["errorCode"].as_str().unwrap(), error["pointer"].as_str().unwrap()))
        .collect();
    assert_eq!((all.status, &all.body["code"]), (400, &json!("VALIDATION_FAILED")));
    assert_eq!(errors.len(), 5, "{errors:?}");
    for expected in [
        ("NOT_UPDATABLE", "/currencyCode"),
        ("OUT_OF_RANGE", "/customerTotal"),
        ("NOT_UPDATABLE", "/safeId"),
        ("INVALID_FORMAT", "/shippingAddress/countryCode"),
        ("REQUIRED", "/shippingAddress/line1"),
    ] {
        assert!(errors.contains(&expected), "{expected:?} {errors:?}");
    }
    for (text, expected) in [
        ("", (400, "NOT_JSON", "")),
        ("[]", (400, "WRONG_TYPE", "")),
        ("{\"meta\":{\"a\":\"1\",\"a\":\"2\"}}", (400, "DUPLICATE_MEMBER", "/meta/a")),
        ("{\"isSample\":1}", (400, "WRONG_TYPE", "/isSample")),
    ] {
        let refused = stack.send("PATCH", &path(&id), &[], text).await;
        assert_eq!(first(&refused), expected, "{text} {}", refused.body);
    }
    // The merchant may be named, as in every body.
    for (merchant, expected) in [
        (json!(MERCHANT), (200, "", "")),
        (json!(null), (200, "", "")),
        (json!("00000000-0000-4000-8000-000000000000"), (403, "MERCHANT_MISMATCH", "/merchantId")),
        (json!(7), (400, "WRONG_TYPE", "/merchantId")),
    ] {
        let answered = patch(&stack, &path(&id), json!({"merchantId": merchant})).await;
        assert_eq!(first(&answered), expected, "{}", answered.body);
        let item = format!("{}/items/{}001", path(&id), id.trim_end_matches("000"));
        let answered = patch(&stack, &item, json!({"merchantId": merchant})).await;
        assert_eq!(first(&answered), expected, "{}", answered.body);
        assert!(answered.body["warnings"].is_null(), "{}", answered.body);
    }
    for member in ["externalId", "items", "isTest", "reprint", "automaticProcessing", "allowExternalOrderIdDuplication"]
    {
        let refused = patch(&stack, &path(&id), json!({member: null})).await;
        assert_eq!(first(&refused), (400, "NOT_UPDATABLE", format!("/{member}").as_str()));
    }
    let strict = [("prefer", "handling=strict")];
    let refused = stack.send("PATCH", &path(&id), &strict, r#"{"colour": "red", "isSample": 1}"#).await;
    assert_eq!(first(&refused), (400, "UNKNOWN_MEMBER", "/colour"));
    assert_eq!(refused.body["errors"][1]["pointer"], "/isSample");
    let stale = [("if-match", "\"7\"")];
    let refused = stack.send("PATCH", &path(&id), &stale, r#"{"isSample": true}"#).await;
    assert_eq!((refused.status, &refused.body["code"]), (412, &json!("PRECONDITION_FAILED")));
    // A tag is opaque: an equal number in another notation was never issued.
    for tag in ["\"01\"", "\"+1\"", "1"] {
        let other = [("if-match", tag)];
        assert_eq!(stack.send("PATCH", &path(&id), &other, r#"{"isSample": true}"#).await.status, 412, "{tag}");
    }
    let seen = [("if-match", "\"1\"")];
    assert_eq!(stack.send("PATCH", &path(&id), &seen, r#"{"isSample": true}"#).await.header("etag"), "\"2\"");
    for id in ["aaaaaaaaaaaaaaaaaaaaa000", "x"] {
        let missing = patch(&stack, &path(id), json!({"isSample": true})).await;
        assert_eq!((missing.status, &missing.body["code"]), (404, &json!("NOT_FOUND")));
    }
}

#[tokio::test]
async fn an_order_cannot_be_updated_once_processing_has_begun() {
    let vendor = VendorServer::start().await;
    let stack = stack(&vendor, &[]).await;
    let id = create(&stack, &order_of("begun", &["HAND-1"])).await;
    status(&stack, &id, "Processing").await;
    let refused = patch(&stack, &path(&id), json!({"isSample": true})).await;
    assert_eq!((refused.status, &refused.body["code"]), (422, &json!("STATE_NOT_ALLOWED")));
    assert_eq!(refused.body["message"], "processing has begun: the order is Processing");
    let refused = patch(&stack, &path(&id), json!({"shippingAddress": {"city": "Shelbyville"}})).await;
    assert_eq!(refused.body["message"], "a shipment of the order is assigned: its addresses stay as they are");
    let same = patch(&stack, &path(&id), json!({"shippingAddress": {"city": "Springfield"}})).await;
    assert_eq!(same.status, 200, "a patch without changes is allowed");
    let item = format!("{}/items/{}", path(&id), same.body["order"]["items"][0]["id"].as_str().unwrap());
    let refused = patch(&stack, &item, json!({"sku": "HAND-2"})).await;
    assert_eq!((refused.status, &refused.body["message"]), (422, &json!("item 1 of the order is Processing")));

    let cancelled = create(&stack, &waiting("gone", &["MUG"])).await;
    stack.post(&format!("{}/cancel", path(&cancelled)), &json!({"reason": "x"})).await;
    let refused = patch(&stack, &path(&cancelled), json!({"billingAddress": {"city": "Shelbyville"}})).await;
    assert_eq!((refused.status, &refused.body["message"]), (422, &json!("the order is Cancelled")));
}

#[tokio::test]
async fn an_item_can_be_updated_while_it_is_open() {
    let vendor = VendorServer::start().await;
    let stack = stack(&vendor, &[]).await;
    let id = create(&stack, &waiting("item", &["MUG", "PRESS-9"])).await;
    let ids = stack.get(&path(&id)).await.body["order"]["items"].clone();
    let item = |index: usize| format!("{}/items/{}", path(&id), ids[index]["id"].as_str().unwrap());
    let updated = patch(
        &stack,
        &item(0),
        json!({"sku": "PRESS-1", "quantity": 3, "customerPrice": "9.99", "meta": {"a": "b"}, "externalId": "E",
               "options": [{"name": "Size", "value": "L"}], "skipSkuValidation": true, "size": 1}),
    )
    .await;
    assert_eq!(updated.status, 200, "{}", updated.body);
    let (changed, other) = (&updated.body["order"]["items"][0], &updated.body["order"]["items"][1]);
    assert_eq!(
        (&changed["sku"], &changed["quantity"], &changed["meta"]["a"]),
        (&json!("PRESS-1"), &json!(3), &json!("b"))
    );
    assert_eq!(changed["customerPrice"], json!({"currency": "USD", "amount": 9.99}));
    assert!(changed["updatedAt"].is_string() && other["updatedAt"].is_null(), "{updated:?}");
    assert_eq!(updated.body["warnings"][0]["pointer"], "/size");
    for (body, expected) in [
        (json!({"quantity": 0}), (400, "OUT_OF_RANGE", "/quantity")),
        (json!({"sku": null}), (400, "REQUIRED", "/sku")),
        (json!({"images": [{"url": "no"}]}), (400, "INVALID_FORMAT", "/images/0/url")),
        (json!({"fulfillmentReady": false}), (400, "NOT_UPDATABLE", "/fulfillmentReady")),
        (json!({"fulfillmentReady": 0}), (400, "WRONG_TYPE", "/fulfillmentReady")),
        (json!([]), (400, "WRONG_TYPE", "")),
    ] {
        assert_eq!(first(&patch(&stack, &item(0), body.clone()).await), expected, "{body}");
    }
    let twice = stack.send("PATCH", &item(0), &[], r#"{"images":[{"area":"a","area":"b"}]}"#).await;
    assert_eq!(first(&twice), (400, "DUPLICATE_MEMBER", "/images/0/area"));
    let injected = stack.send("PATCH", &item(0), &[], r#"{}],"safeId":"x","meta":[{}"#).await;
    assert_eq!((injected.status, first(&injected).1), (400, "NOT_JSON"));
    let missing = format!("{}/items/{}", path(&id), ids[0]["id"].as_str().unwrap().replace("001", "009"));
    assert_eq!(patch(&stack, &missing, json!({"quantity": 1})).await.status, 404);

    // The vendor receives the updated item.
    stack.post(&format!("{}/startProcessing", path(&id)), &json!({})).await;
    shipments(&stack, &id, 1).await;
    let path = format!("/shipment/v1/orders/{id}/shipments");
    stack.eventually(&path, |body| body["shipments"][0]["shipmentStatus"] == 3).await;
    let items = vendor.calls()[0].1["items"].clone();
    assert_eq!(
        (&items[0]["sku"], &items[0]["quantity"], &items[1]["sku"]),
        (&json!("PRESS-1"), &json!(3), &json!("PRESS-9"))
    );
}

#[tokio::test]
async fn a_bulk_of_patches_is_applied_and_answered_in_request_order() {
    let stack = Stack::start().await;
    let a = create(&stack, &waiting("a", &["MUG"])).await;
    let b = create(&stack, &waiting("b", &["MUG"])).await;
    let bulk = json!({"bulk": [
        {"orderId": a, "meta": {"n": "1"}},
        {"orderId": "aaaaaaaaaaaaaaaaaaaaa000", "isSample": true},
        {"orderId": b, "safeId": "x"},
        {"isSample": true},
        {"orderId": 5},
        7,
        {"orderId": a, "meta": {"n": "2", "m": "1"}},
        {"orderId": b, "isSample": true, "unknown": 1},
        {"orderId": "one of two"},
        {"orderId": null},
    ]})
    .to_string()
    .replace(r#""one of two""#, r#""a","orderId":"b""#);
    let reply = stack.send("PATCH", "/order/v1/orders/bulk", &[], bulk).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let entries = reply.body["bulk"].as_array().unwrap();
    let statuses: Vec<u64> = entries.iter().map(|entry| entry["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 404, 400, 400, 400, 400, 200, 200, 400, 400], "{}", reply.body);
    let error = |index: usize| &entries[index]["response"]["errors"][0];
    for (index, code, pointer) in [
        (2, "NOT_UPDATABLE", "/bulk/2/safeId"),
        (3, "REQUIRED", "/bulk/3/orderId"),
        (4, "WRONG_TYPE", "/bulk/4/orderId"),
        (5, "WRONG_TYPE", "/bulk/5"),
        (8, "DUPLICATE_MEMBER", "/bulk/8/orderId"),
        (9, "REQUIRED", "/bulk/9/orderId"),
    ] {
        assert_eq!((&error(index)["errorCode"], &error(index)["pointer"]), (&json!(code), &json!(pointer)));
    }
    assert_eq!(entries[0]["response"]["order"]["meta"], json!({"n": "1"}));
    assert_eq!(entries[6]["response"]["order"]["meta"], json!({"n": "2", "m": "1"}));
    assert_eq!(entries[7]["response"]["warnings"][0]["errorCode"], "UNKNOWN_MEMBER");
    for (body, status, code) in [
        (json!({}), 400, "REQUIRED"),
        (json!({"bulk": []}), 400, "TOO_FEW"),
        (json!({"bulk": vec![json!({"orderId": a}); 501]}), 413, "TOO_MANY_ORDERS"),
    ] {
        let refused = patch(&stack, "/order/v1/orders/bulk", body).await;
        assert_eq!((first(&refused).0, first(&refused).1), (status, code));
    }
    let full =
        patch(&stack, "/order/v1/orders/bulk", json!({"bulk": vec![json!({"orderId": a, "isSample": true}); 500]}))
            .await;
    assert_eq!(full.body["bulk"].as_array().unwrap().len(), 500);
}

#[tokio::test]
async fn validating_gives_the_verdict_of_a_create_and_stores_nothing() {
    let stack = Stack::start().await;
    let valid = stack.post("/order/v1/orders/validate", &order("v")).await;
    assert_eq!((valid.status, valid.body), (200, json!({"valid": true, "errors": [], "warnings": []})));
    let mut odd = order("v");
    odd["items"][0]["quantity"] = json!(0);
    odd["colour"] = json!("red");
    let verdict = stack.post("/order/v1/orders/validate", &odd).await;
    assert_eq!((verdict.status, &verdict.body["valid"]), (200, &json!(false)));
    let created = stack.post("/order/v1/orders", &odd).await;
    assert_eq!(verdict.body["errors"], created.body["errors"]);
    assert_eq!(verdict.body["warnings"][0]["pointer"], "/colour");
    let strict = [("prefer", "handling=strict")];
    let verdict = stack.send("POST", "/order/v1/orders/validate", &strict, odd.to_string()).await;
    assert_eq!(
        (verdict.body["errors"].as_array().unwrap().len(), verdict.body["warnings"].as_array().unwrap().len()),
        (2, 0)
    );

    let bulk = stack.post("/order/v1/orders/bulk/validate", &json!({"bulk": [order("a"), odd]})).await;
    assert_eq!((bulk.status, &bulk.body["bulk"][0]["response"]["valid"]), (200, &json!(true)));
    assert_eq!(
        (&bulk.body["bulk"][1]["status"], &bulk.body["bulk"][1]["response"]["valid"]),
        (&json!(200), &json!(false))
    );
    assert_eq!(bulk.body["bulk"][1]["response"]["errors"][0]["pointer"], "/bulk/1/items/0/quantity");
    for (path, body, status) in [
        ("validate", "[]".to_owned(), 400),
        ("validate", "{".to_owned(), 400),
        ("bulk/validate", "{}".to_owned(), 400),
        ("bulk/validate", json!({"bulk": vec![1; 501]}).to_string(), 413),
    ] {
        let path = format!("/order/v1/orders/{path}");
        assert_eq!(stack.send("POST", &path, &[], body.clone()).await.status, status, "{path}");
    }
    assert_eq!(stack.get("/order/v1/orders/safeId/v").await.status, 404);
}

#[tokio::test]
async fn a_reprint_names_an_order_of_the_merchant() {
    let stack = Stack::start().await;
    let original = create(&stack, &order("original")).await;
    let reprint = |safe_id: &str, of: &str| {
        let mut order = order(safe_id);
        order["reprint"] = json!({"originalOrderId": of, "reasonId": "reason_1"});
        order
    };
    let made = stack.post("/order/v1/orders", &reprint("again", &original)).await;
    assert_eq!((made.status, &made.body["order"]["reprint"]["originalOrderId"]), (201, &json!(original)));
    for of in ["65add270441de72442397b6e", "aaaaaaaaaaaaaaaaaaaaa000"] {
        let refused = stack.post("/order/v1/orders", &reprint("of-nothing", of)).await;
        assert_eq!(first(&refused), (400, "NOT_FOUND", "/reprint/originalOrderId"), "{}", refused.body);
    }
    let bulk = json!({"bulk": [reprint("one", "x"), reprint("two", &original), order("three")]});
    let reply = stack.post("/order/v1/orders/bulk", &bulk).await;
    let statuses: Vec<&Value> = reply.body["bulk"].as_array().unwrap().iter().map(|entry| &entry["status"]).collect();
    assert_eq!(statuses, [400, 201, 201]);
    assert_eq!(reply.body["bulk"][0]["response"]["errors"][0]["pointer"], "/bulk/0/reprint/originalOrderId");
}

#[tokio::test]
async fn warnings_of_a_patch_are_reported_in_document_order() {
    let stack = Stack::start().await;
    let id = create(&stack, &waiting("noticed", &["MUG"])).await;
    let item = format!("{}/items/{}001", path(&id), id.trim_end_matches("000"));
    let patch = r#"{"customerSubtotal": 999, "zoo": 1, "customerPrice": 5}"#;
    let warned = stack.send("PATCH", &item, &[], patch).await;
    let warnings = warned.body["warnings"].as_array().unwrap().iter();
    let found: Vec<_> = warnings.map(|warning| (&warning["errorCode"], &warning["pointer"])).collect();
    assert_eq!(
        found,
        [(&json!("TOTAL_MISMATCH"), &json!("/customerSubtotal")), (&json!("UNKNOWN_MEMBER"), &json!("/zoo"))]
    );
}
