//! Refunds and partial cancels of items, over HTTP.

use serde_json::{Value, json};

use crate::fulfilment::{VendorServer, create, stack};
use crate::support::Stack;
use crate::updates::{first, patch, path, waiting};

fn priced(safe_id: &str) -> Value {
    let mut order = waiting(safe_id, &["MUG", "CUP"]);
    order["items"][0] = json!({"sku": "MUG", "quantity": 2, "customerPrice": 10.10, "customerDiscountsOrPromotions": 0.2,
        "customerShippingPrice": 5, "customerSubtotal": 20.20});
    order["items"][1] = json!({"sku": "CUP", "quantity": 1, "customerSubtotal": 7.5});
    order
}

#[tokio::test]
async fn refunds_use_two_balances_and_never_exceed_them() {
    let stack = Stack::start().await;
    let id = create(&stack, &priced("refund")).await;
    let read = stack.get(&path(&id)).await.body["order"]["items"].clone();
    let [mug, cup] = [0, 1].map(|index| read[index]["id"].as_str().unwrap().to_owned());
    assert!(read[0]["refundData"].is_null());
    let rows = |rows: Value| json!({"orderId": id, "refunds": rows});
    let row = |item: &str, shipping: bool, amount: Value| json!({"itemId": item, "isShippingRefund": shipping, "amount": amount, "reason": "Poor quality."});
    let made = stack
        .post(
            "/order/v1/orders/refunds",
            &rows(json!([row(&mug, false, json!(19.99)), row(&mug, true, json!("4")), row(&cup, false, json!(7.5))])),
        )
        .await;
    assert_eq!((made.status, made.header("etag")), (201, "\"2\""), "{}", made.body);
    let data = &made.body["order"]["items"][0]["refundData"];
    assert_eq!((&data["remainingPriceBalance"], &data["remainingShippingBalance"]), (&json!(0.01), &json!(1)));
    let refunds = data["refunds"].as_array().unwrap();
    assert_eq!(
        (refunds.len(), &refunds[0]["amount"], &refunds[1]["isShippingRefund"]),
        (2, &json!(19.99), &json!(true))
    );
    assert_eq!(
        (&refunds[0]["reason"], refunds[0]["transactionId"].as_str().unwrap().len()),
        (&json!("Poor quality."), 24)
    );
    assert_ne!(refunds[0]["transactionId"], refunds[1]["transactionId"]);
    assert_eq!(made.body["order"]["items"][1]["refundData"]["remainingPriceBalance"], 0);

    // All rows or none.
    let refused = stack
        .post(
            "/order/v1/orders/refunds",
            &rows(json!([row(&mug, true, json!(1)), row(&mug, false, json!(0.02)), row(&cup, true, json!(1))])),
        )
        .await;
    assert_eq!((refused.status, &refused.body["code"]), (422, &json!("REFUND_EXCEEDS_BALANCE")));
    let message_of = |part, item: &str, balance| format!("the balance of the {part} of item `{item}` is {balance} USD");
    assert_eq!(refused.body["message"], message_of("price", &mug, "0.01"));
    assert_eq!(refused.body["errors"][0]["pointer"], "/refunds/1/amount");
    assert_eq!(refused.body["errors"][1]["errorMessage"], message_of("shipping", &cup, "0.00"));
    assert_eq!(stack.get(&path(&id)).await.header("etag"), "\"2\"");
    // Amounts that refunds count against can no longer change.
    let item = format!("{}/items/{mug}", path(&id));
    let refused = patch(&stack, &item, json!({"quantity": 1})).await;
    assert_eq!((refused.status, &refused.body["code"]), (422, &json!("STATE_NOT_ALLOWED")));
    assert_eq!(patch(&stack, &item, json!({"meta": {"a": "b"}})).await.status, 200);
    // Cancelled items can be refunded too.
    stack.post(&format!("{}/cancel", path(&id)), &json!({"reason": "x"})).await;
    let rest = stack.post("/order/v1/orders/refunds", &rows(json!([row(&mug, false, json!(0.01))]))).await;
    assert_eq!((rest.status, &rest.body["order"]["items"][0]["refundData"]["remainingPriceBalance"]), (201, &json!(0)));
    assert!(rest.body["order"]["items"][0]["cancelledAt"].is_string());
}

#[tokio::test]
async fn invalid_refunds_are_rejected() {
    let stack = Stack::start().await;
    let id = create(&stack, &priced("no-refund")).await;
    let item = stack.get(&path(&id)).await.body["order"]["items"][0]["id"].clone();
    let with = |member: &str, value: Value| {
        let mut row = json!({"itemId": item, "isShippingRefund": false, "amount": 1, "reason": "x"});
        row[member] = value;
        json!({"orderId": id, "refunds": [row]})
    };
    for (body, expected) in [
        (json!({}), (400, "REQUIRED", "/orderId")),
        (json!({"orderId": id}), (400, "REQUIRED", "/refunds")),
        (json!({"orderId": id, "refunds": 1}), (400, "WRONG_TYPE", "/refunds")),
        (json!({"orderId": id, "refunds": []}), (400, "TOO_FEW", "/refunds")),
        (
            json!({"orderId": id, "refunds": vec![json!({"itemId": item, "amount": 1, "reason": "x"}); 1001]}),
            (400, "TOO_MANY", "/refunds"),
        ),
        (json!({"orderId": id, "refunds": vec![1; 1001]}), (400, "WRONG_TYPE", "/refunds/0")),
        (json!({"orderId": id, "refunds": [1]}), (400, "WRONG_TYPE", "/refunds/0")),
        (with("itemId", json!("x")), (400, "NO_SUCH_ITEM", "/refunds/0/itemId")),
        (with("itemId", Value::Null), (400, "REQUIRED", "/refunds/0/itemId")),
        (with("amount", json!(0)), (400, "OUT_OF_RANGE", "/refunds/0/amount")),
        (with("amount", json!(-1)), (400, "OUT_OF_RANGE", "/refunds/0/amount")),
        (with("amount", json!(0.00001)), (400, "TOO_MANY_DECIMALS", "/refunds/0/amount")),
        (with("amount", json!("a")), (400, "INVALID_FORMAT", "/refunds/0/amount")),
        (with("amount", json!(true)), (400, "WRONG_TYPE", "/refunds/0/amount")),
        (with("amount", json!("20.2000000000000000001")), (400, "TOO_MANY_DECIMALS", "/refunds/0/amount")),
        (with("amount", json!("1e400")), (400, "OUT_OF_RANGE", "/refunds/0/amount")),
        (with("reason", json!("")), (400, "TOO_SHORT", "/refunds/0/reason")),
        (with("reason", json!("x".repeat(1001))), (400, "TOO_LONG", "/refunds/0/reason")),
        (with("isShippingRefund", json!("no")), (400, "WRONG_TYPE", "/refunds/0/isShippingRefund")),
    ] {
        let refused = stack.post("/order/v1/orders/refunds", &body).await;
        assert_eq!(first(&refused), expected, "{}", refused.body);
    }
    let mut foreign = with("amount", json!(1));
    foreign["orderId"] = json!("aaaaaaaaaaaaaaaaaaaaa000");
    assert_eq!(stack.post("/order/v1/orders/refunds", &foreign).await.status, 404);
    // A misspelt `isShippingRefund` would refund from the other balance.
    let odd = stack.post("/order/v1/orders/refunds", &with("isShipingRefund", json!(true))).await;
    assert_eq!(first(&odd), (400, "UNKNOWN_MEMBER", "/refunds/0/isShipingRefund"));
}

#[tokio::test]
async fn units_can_be_cancelled_until_an_http_vendor_has_them() {
    let vendor = VendorServer::start().await;
    let stack = stack(&vendor, &[]).await;
    let mut body = waiting("units", &["PRESS-1", "HAND-1"]);
    body["items"][0]["quantity"] = json!(5);
    body["items"][1]["quantity"] = json!(4);
    let id = create(&stack, &body).await;
    let items = stack.get(&path(&id)).await.body["order"]["items"].clone();
    let cancel = |cuts: &[(usize, u32)]| {
        let cuts: Vec<Value> =
            cuts.iter().map(|(index, quantity)| json!({"itemId": items[*index]["id"], "quantity": quantity})).collect();
        let (stack, path) = (&stack, format!("{}/cancel", path(&id)));
        async move { stack.post(&path, &json!({"reason": "fewer", "items": cuts})).await }
    };
    let cut = cancel(&[(0, 1), (0, 1)]).await;
    let item = &cut.body["order"]["items"][0];
    assert_eq!(
        (cut.status, &item["quantity"], &item["cancelledQuantity"], &item["status"]),
        (200, &json!(5), &json!(2), &json!("Open"))
    );
    let refused = cancel(&[(0, 4)]).await;
    assert_eq!(
        (refused.status, &refused.body["message"]),
        (422, &json!("item 1 of the order has 3 units left, not 4"))
    );
    let refused =
        patch(&stack, &format!("{}/items/{}", path(&id), items[0]["id"].as_str().unwrap()), json!({"quantity": 9}))
            .await;
    assert_eq!((refused.status, &refused.body["code"]), (422, &json!("STATE_NOT_ALLOWED")));

    // A client can send back what it read.
    let same =
        patch(&stack, &format!("{}/items/{}", path(&id), items[0]["id"].as_str().unwrap()), json!({"quantity": 5}))
            .await;
    assert_eq!((same.status, &same.body["order"]["items"][0]["quantity"]), (200, &json!(5)));

    // The vendor makes what is left.
    stack.post(&format!("{}/startProcessing", path(&id)), &json!({})).await;
    let shipments_path = format!("/shipment/v1/orders/{id}/shipments");
    let submitted = stack.eventually(&shipments_path, |body| body["shipments"][0]["shipmentStatus"] == 3).await;
    assert_eq!(submitted["shipments"][0]["orderItems"][0]["quantity"], 3);
    assert_eq!(vendor.calls()[0].1["items"][0]["quantity"], 3);
    let refused = cancel(&[(0, 1)]).await;
    assert_eq!(refused.body["message"], "item 1 of the order is with the vendor `press`: it is cancelled whole");
    // A person can make fewer units, until it ships.
    let by_hand = cancel(&[(1, 3)]).await;
    let item = &by_hand.body["order"]["items"][1];
    assert_eq!(
        (by_hand.status, &item["quantity"], &item["cancelledQuantity"], &item["status"]),
        (200, &json!(4), &json!(3), &json!("Processing"))
    );
    assert!(item["processedAt"].is_string() && item["cancelledAt"].is_null());
    let whole = cancel(&[(1, 1)]).await;
    let item = &whole.body["order"]["items"][1];
    assert_eq!((&item["status"], &item["cancelledQuantity"]), (&json!("Cancelled"), &json!(4)));
    assert!(item["cancelledAt"].is_string());
    // Everything left of the other vendor's item.
    let rest = cancel(&[(0, 3)]).await;
    assert_eq!(rest.body["order"]["status"], "Cancelled");
}

#[tokio::test]
async fn a_refund_is_not_finer_than_the_minor_unit_of_its_currency() {
    let stack = Stack::start().await;
    for (currency, amounts) in [
        (None, [("0.5500", None), ("3.3333", Some(2)), ("0.001", Some(2))]),
        (Some("USD"), [("3.30", None), ("3.303", Some(2)), ("0.0001", Some(2))]),
        (Some("JPY"), [("3", None), ("0.55", Some(0)), ("3.0", None)]),
        (Some("KWD"), [("0.125", None), ("0.1250", None), ("0.1255", Some(3))]),
        (Some("CLF"), [("0.0001", None), ("1.5", None), ("1", None)]),
    ] {
        let mut order = priced(&format!("fine-{}", currency.unwrap_or("none")));
        if let Some(currency) = currency {
            order["currencyCode"] = json!(currency);
        }
        let id = create(&stack, &order).await;
        let item = stack.get(&path(&id)).await.body["order"]["items"][0]["id"].clone();
        for (amount, decimals) in amounts {
            let row = json!({"itemId": item, "amount": amount, "reason": "x"});
            let foreign = json!({"itemId": "x", "amount": amount, "reason": "x"});
            let rows = if decimals.is_some() { vec![row, foreign] } else { vec![row] };
            let reply = stack.post("/order/v1/orders/refunds", &json!({"orderId": id, "refunds": rows})).await;
            let Some(decimals) = decimals else {
                assert_eq!(reply.status, 201, "{currency:?} {amount}: {}", reply.body);
                continue;
            };
            let errors = reply.body["errors"].as_array().unwrap();
            let found: Vec<_> = errors.iter().map(|error| (&error["errorCode"], &error["pointer"])).collect();
            let fine = json!("TOO_MANY_DECIMALS");
            assert_eq!(
                found,
                [
                    (&fine, &json!("/refunds/0/amount")),
                    (&json!("NO_SUCH_ITEM"), &json!("/refunds/1/itemId")),
                    (&fine, &json!("/refunds/1/amount")),
                ],
                "{currency:?} {amount}"
            );
            let message =
                format!("must have at most {decimals} digits after the point in {}", currency.unwrap_or("USD"));
            assert_eq!(errors[0]["errorMessage"], message);
        }
    }
}
