//! The bulk order API.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{MERCHANT, Stack, redacted, seed, shop};

#[tokio::test]
async fn the_seed_order_is_accepted_charged_and_completed() {
    let stack = Stack::start().await;
    let reply = stack.post("/v2/orders", &seed("create-bulk-order")).await;
    assert_eq!(reply.status, 200);
    insta::assert_json_snapshot!("bulk_order_of_the_seed", redacted(reply.body.clone()));
    assert_eq!(stack.balance(MERCHANT, "USD").await, "99050");

    let id = reply.body["data"]["transactionId"].as_str().unwrap().to_owned();
    let completed = |body: &Value| body["data"]["items"][0]["status"] == "COMPLETED";
    let listed = stack.eventually(&format!("/v2/orders?transactionId={id}"), completed).await;
    insta::assert_json_snapshot!("bulk_order_completed_in_a_list", redacted(listed));
}

#[tokio::test]
async fn the_seeds_two_lines_cost_1197_50() {
    let stack = Stack::start().await;
    let products = json!([{"sku": "8PX-UF-Y5U", "quantity": 100}, {"sku": "TTR-WI-YWN", "quantity": 10}]);
    let reply = stack.post("/v2/orders", &json!({"products": products})).await;
    assert_eq!(reply.body["data"]["grandTotal"], json!({"amount": "1197.50", "currency": "USD"}));
    assert_eq!(reply.body["data"]["clientOrderNumber"], Value::Null);
}

#[tokio::test]
async fn unsellable_lines_are_all_reported_and_nothing_is_charged() {
    let stack = Stack::start().await;
    for (name, body, status) in [
        ("mixed_currency", json!([{"sku": "8PX-UF-Y5U", "quantity": 1}, {"sku": "EUR-GC-10A", "quantity": 1}]), 400),
        ("unknown_sku", json!([{"sku": "8PX-UF-Y5U", "quantity": 1}, {"sku": "NO-SUCH", "quantity": 1}]), 400),
        ("no_wallet", json!([{"sku": "JPY-GC-1KA", "quantity": 1}]), 422),
    ] {
        let reply = stack.post("/v2/orders", &json!({"products": body})).await;
        assert_eq!(reply.status, status, "{name}");
        insta::assert_json_snapshot!(format!("bulk_order_{name}"), redacted(reply.body));
    }
    let other_currency = json!({"products": [{"sku": "8PX-UF-Y5U", "quantity": 1}], "payWithCurrency": "EUR"});
    let reply = stack.post("/v2/orders", &other_currency).await;
    assert_eq!((reply.status, &reply.body["error"]), (422, &json!("UNSUPPORTED_CURRENCY")));
    assert_eq!(stack.balance(MERCHANT, "USD").await, "100000");
    assert_eq!(stack.get("/v2/orders").await.body["data"]["total"], 0);
}

#[tokio::test]
async fn of_64_requests_with_one_number_and_the_check_on_one_succeeds() {
    let stack = Stack::start().await;
    let body = json!({
        "clientOrderNumber": "once", "enableClientOrderNumberDupCheck": true,
        "products": [{"sku": "8PX-UF-Y5U", "quantity": 1}],
    });
    let replies = join_all((0..64).map(|_| stack.post("/v2/orders", &body))).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 63));
    let winner = &won[0].body["data"]["transactionId"];
    for reply in lost {
        assert_eq!((reply.status, &reply.body["error"]), (409, &json!("CLIENT_ORDER_NUMBER_DUPLICATE")));
        assert_eq!((&reply.body["transactionId"], &reply.body["clientOrderNumber"]), (winner, &json!("once")));
    }
    assert_eq!(stack.balance(MERCHANT, "USD").await, "99990.3");
}

#[tokio::test]
async fn unchecked_orders_count_as_duplicates_and_repeats_are_listed() {
    let stack = Stack::start().await;
    let body = |check: bool| {
        json!({"clientOrderNumber": "twice", "enableClientOrderNumberDupCheck": check,
               "products": [{"sku": "8PX-UF-Y5U", "quantity": 1}]})
    };
    let first = stack.post("/v2/orders", &body(false)).await;
    let second = stack.post("/v2/orders", &body(false)).await;
    assert_eq!((first.status, second.status), (200, 200));
    let third = stack.post("/v2/orders", &body(true)).await;
    assert_eq!((third.status, &third.body["transactionId"]), (409, &first.body["data"]["transactionId"]));

    let listed = stack.get("/v2/orders?clientOrderNumber=twice&limit=1").await.body;
    assert_eq!(listed["data"]["total"], 2);
    assert_eq!(listed["data"]["totalPage"], 2);
    assert_eq!(listed["data"]["items"][0]["transactionId"], second.body["data"]["transactionId"]);
    let page_2 = stack.get("/v2/orders?clientOrderNumber=twice&limit=1&page=2").await.body;
    assert_eq!(page_2["data"]["items"][0]["transactionId"], first.body["data"]["transactionId"]);
}

#[tokio::test]
async fn a_wallet_for_10_orders_pays_10_of_64() {
    let data = shop(MERCHANT, &[("USD", "100")], "9.70");
    let stack = Stack::with(data, &[]).await;
    let body = json!({"products": [{"sku": "CARD", "quantity": 1}]});
    let replies = join_all((0..64).map(|_| stack.post("/v2/orders", &body))).await;
    let count = |status: u16| replies.iter().filter(|reply| reply.status == status).count();
    assert_eq!((count(200), count(402)), (10, 54));
    let ids: HashSet<_> = replies.iter().filter_map(|reply| reply.body["data"]["transactionId"].as_str()).collect();
    assert_eq!(ids.len(), 10);
    assert_eq!(stack.balance(MERCHANT, "USD").await, "3");
    assert_eq!(stack.get("/v2/orders").await.body["data"]["total"], 10);

    let refused = stack.post("/v2/orders", &body).await;
    insta::assert_json_snapshot!("bulk_order_insufficient_funds", redacted(refused.body));
}

#[tokio::test]
async fn lists_are_paged_newest_first() {
    let stack = Stack::start().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let reply = stack.post("/v2/orders", &json!({"products": [{"sku": "8PX-UF-Y5U", "quantity": 1}]})).await;
        ids.push(reply.body["data"]["transactionId"].clone());
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    ids.reverse();
    let page = async |number: usize| stack.get(&format!("/v2/orders?limit=2&page={number}")).await;
    for (number, expected) in [(1, &ids[0..2]), (2, &ids[2..4]), (3, &ids[4..5]), (4, &ids[5..5])] {
        let body = page(number).await.body;
        let found: Vec<_> =
            body["data"]["items"].as_array().unwrap().iter().map(|item| item["transactionId"].clone()).collect();
        assert_eq!(found, expected, "page {number}");
        assert_eq!((&body["data"]["total"], &body["data"]["totalPage"]), (&json!(5), &json!(3)));
    }
    for (query, total) in [("transactionId=1", 0), ("transactionId=trans_1", 0), ("clientOrderNumber=none", 0)] {
        let body = stack.get(&format!("/v2/orders?{query}")).await.body;
        assert_eq!((&body["data"]["total"], &body["data"]["totalPage"]), (&json!(total), &json!(0)), "{query}");
    }
    for query in ["limit=0", "limit=101", "page=0", "page=x", "limit=-1", "page=1001"] {
        assert_eq!(stack.get(&format!("/v2/orders?{query}")).await.status, 400, "{query}");
    }
}
