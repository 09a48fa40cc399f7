//! The order network API.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{MERCHANT, Stack, order, redacted, seed};

#[tokio::test]
async fn the_seed_bulk_gives_201_and_409_naming_the_first() {
    let stack = Stack::start().await;
    let reply = stack.post("/order/v1/orders/bulk", &seed("create-multiple-orders")).await;
    assert_eq!(reply.status, 200);
    assert_eq!((&reply.body["bulk"][0]["status"], &reply.body["bulk"][1]["status"]), (&json!(201), &json!(409)));
    assert_eq!(reply.body["bulk"][1]["response"]["orderId"], reply.body["bulk"][0]["response"]["order"]["id"]);
    insta::assert_json_snapshot!("bulk_of_the_seed", redacted(reply.body));

    let fulfilled = |body: &Value| body["order"]["status"] == "Fulfilled";
    let read = stack.eventually("/order/v1/orders/safeId/UniqueSafeID123450", fulfilled).await;
    insta::assert_json_snapshot!("order_of_the_seed_fulfilled", redacted(read.clone()));
    let by_id = stack.get(&format!("/order/v1/orders/{}", read["order"]["id"].as_str().unwrap())).await;
    assert_eq!(by_id.body, read);
    assert_eq!(by_id.header("etag"), "\"4\"");
    assert_eq!(stack.get("/order/v1/orders/safeId/UniqueSafeID123451").await.status, 404);
}

#[tokio::test]
async fn the_seed_bulk_with_duplication_allowed_gives_201_twice() {
    let stack = Stack::start().await;
    let mut bulk = seed("create-multiple-orders");
    for order in bulk["bulk"].as_array_mut().unwrap() {
        order["allowExternalOrderIdDuplication"] = json!(true);
    }
    let reply = stack.post("/order/v1/orders/bulk", &bulk).await;
    assert_eq!((&reply.body["bulk"][0]["status"], &reply.body["bulk"][1]["status"]), (&json!(201), &json!(201)));
    // A third order that does not allow duplicates is rejected: the external id is taken.
    let mut third = bulk["bulk"][0].clone();
    third["safeId"] = json!("third");
    third["allowExternalOrderIdDuplication"] = json!(false);
    let reply = stack.post("/order/v1/orders", &third).await;
    assert_eq!((reply.status, &reply.body["code"]), (409, &json!("EXTERNAL_ID_EXISTS")));
}

/// Every member of the seed's order comes back: bare amounts as `{currency, amount}`, the rest unchanged.
#[tokio::test]
async fn every_member_is_stored_and_returned() {
    fn check(sent: &Value, read: &Value, path: &str) {
        match sent {
            Value::Null => assert!(read.is_null(), "{path}"),
            Value::Object(members) => {
                for (name, member) in members {
                    check(member, &read[name], &format!("{path}/{name}"));
                }
            }
            Value::Array(elements) => {
                assert_eq!(read.as_array().map(Vec::len), Some(elements.len()), "{path}");
                for (index, element) in elements.iter().enumerate() {
                    check(element, &read[index], &format!("{path}/{index}"));
                }
            }
            Value::Number(_) if read.is_object() => {
                assert_eq!((&read["amount"], &read["currency"]), (sent, &json!("USD")), "{path}");
            }
            _ => assert_eq!(sent, read, "{path}"),
        }
    }
    let stack = Stack::start().await;
    let sent = seed("create-multiple-orders")["bulk"][0].clone();
    let created = stack.post("/order/v1/orders", &sent).await;
    assert_eq!(created.status, 201);
    check(&sent, &created.body["order"], "");
    let location = created.header("location").to_owned();
    check(&sent, &stack.get(&location).await.body["order"], "");
}

#[tokio::test]
async fn a_repeated_safe_id_replays_the_same_order_and_rejects_another() {
    let stack = Stack::start().await;
    let first = stack.post("/order/v1/orders", &order("again")).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, ""));
    stack.eventually("/order/v1/orders/safeId/again", |body| body["order"]["status"] == "Fulfilled").await;
    stack.eventually("/order/v1/orders/countByStatus", |body| body["counts"]["Fulfilled"] == 1).await;
    let items = stack.items().await.len();
    let again = stack.post("/order/v1/orders", &order("again")).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (200, "true"));
    assert_eq!(again.body["order"]["id"], first.body["order"]["id"]);

    let mut other = order("again");
    other["externalId"] = json!("a new name");
    let refused = stack.post("/order/v1/orders", &other).await;
    assert_eq!(refused.status, 409);
    insta::assert_json_snapshot!("order_safe_id_exists", redacted(refused.body));
    assert_eq!(stack.items().await.len(), items, "nothing was written, and the name is free again");
    let mut free = order("someone else");
    free["safeId"] = json!("someone-else");
    free["externalId"] = json!("a new name");
    assert_eq!(stack.post("/order/v1/orders", &free).await.status, 201);
}

#[tokio::test]
async fn bulk_entries_are_independent_and_in_request_order() {
    let stack = Stack::start().await;
    let mut bad = order("bad");
    bad["items"][0]["quantity"] = json!(0);
    let mut foreign = order("foreign");
    foreign["merchantId"] = json!("00000000-0000-4000-8000-000000000000");
    let mut changed = order("a");
    changed["isTest"] = json!(true);
    let mut unnamed = order("x");
    unnamed.as_object_mut().unwrap().remove("safeId");
    let bulk = json!({"bulk": [order("a"), bad, order("a"), changed, foreign, unnamed, 7]});
    let reply = stack.post("/order/v1/orders/bulk", &bulk).await;
    let statuses: Vec<_> =
        reply.body["bulk"].as_array().unwrap().iter().map(|item| item["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 400, 200, 409, 403, 201, 400]);
    assert_eq!(reply.body["bulk"][1]["response"]["errors"][0]["pointer"], "/bulk/1/items/0/quantity");
    assert_eq!(reply.body["bulk"][4]["response"]["errors"][0]["pointer"], "/bulk/4/merchantId");
    let drawn = reply.body["bulk"][5]["response"]["order"]["safeId"].as_str().unwrap().to_owned();
    assert_eq!(stack.get(&format!("/order/v1/orders/safeId/{drawn}")).await.status, 200);
}

#[tokio::test]
async fn of_64_orders_with_one_external_id_one_is_created() {
    let stack = Stack::start().await;
    let request = |index: usize| {
        let mut order = order(&format!("racer-{index}"));
        order["externalId"] = json!("the prize");
        order
    };
    let bodies: Vec<Value> = (0..64).map(request).collect();
    let replies = join_all(bodies.iter().map(|body| stack.post("/order/v1/orders", body))).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!((won.len(), lost.len()), (1, 63));
    for reply in lost {
        assert_eq!((reply.status, &reply.body["orderId"]), (409, &won[0].body["order"]["id"]));
    }
}

#[tokio::test]
async fn of_equal_orders_at_once_exactly_one_is_answered_201() {
    let stack = Stack::start().await;
    for round in 0..60 {
        let body = order(&format!("equal-{round}"));
        let replies = join_all((0..16).map(|_| stack.post("/order/v1/orders", &body))).await;
        let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert_eq!((&statuses[..15], statuses[15]), (&[200; 15][..], 201), "round {round}");
    }
}

/// Writes the claim of a process that died before its order.
async fn leave_claim(stack: &Stack, external_id: &str, order_id: &str, age_ms: u128) {
    use aws_sdk_dynamodb::types::AttributeValue;
    let now_ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let put = stack
        .running
        .dynamodb()
        .put_item()
        .table_name(stack.table())
        .item("pk", AttributeValue::S(format!("{MERCHANT}#external#{external_id}")))
        .item("sk", AttributeValue::S("first".to_owned()))
        .item("entity", AttributeValue::S("claim".to_owned()))
        .item("order_id", AttributeValue::S(order_id.to_owned()))
        .item("claimed_at", AttributeValue::N((now_ms - age_ms).to_string()));
    put.send().await.unwrap();
}

fn named(safe_id: &str, external_id: &str) -> Value {
    let mut order = order(safe_id);
    order["externalId"] = json!(external_id);
    order
}

#[tokio::test]
async fn a_claim_without_an_order_is_taken_over_once_it_expires() {
    let stack = Stack::start().await;
    for (name, age_ms, status) in [("left-long-ago", 61_000, 201), ("just-claimed", 1_000, 503)] {
        leave_claim(&stack, name, "aaaaaaaaaaaaaaaaaaaaa000", age_ms).await;
        let reply = stack.post("/order/v1/orders", &named(name, name)).await;
        assert_eq!(reply.status, status, "{name}");
        let retry_after = if status == 503 { "1" } else { "" };
        assert_eq!(reply.header("retry-after"), retry_after);
    }
}

/// An order that allows duplicates also takes over a dead claim, so that later orders find it.
#[tokio::test]
async fn an_order_that_allows_duplicates_still_guards_its_external_id() {
    let stack = Stack::start().await;
    leave_claim(&stack, "shared", "aaaaaaaaaaaaaaaaaaaaa000", 61_000).await;
    let mut allows = named("allows", "shared");
    allows["allowExternalOrderIdDuplication"] = json!(true);
    assert_eq!(stack.post("/order/v1/orders", &allows).await.status, 201);
    assert_eq!(stack.post("/order/v1/orders", &named("does-not", "shared")).await.status, 409);
}

/// The request that left a claim behind races with one that finds the claim expired.
#[tokio::test]
async fn ones_own_expired_claim_is_renewed_before_the_order_is_written() {
    let stack = Stack::start().await;
    for round in 0..15 {
        let (own, name) = (format!("own-{round}"), format!("name-{round}"));
        let merchant = shared::ids::MerchantId::parse(MERCHANT).unwrap();
        let id = shared::ids::OrderId::derive(&merchant, &shared::ids::SafeId::parse(&own).unwrap());
        leave_claim(&stack, &name, id.as_str(), 61_000).await;
        let (left, found) = (named(&own, &name), named(&format!("other-{round}"), &name));
        let later = async {
            tokio::time::sleep(std::time::Duration::from_millis(round)).await;
            stack.post("/order/v1/orders", &left).await
        };
        let (found, left) = futures_util::future::join(stack.post("/order/v1/orders", &found), later).await;
        let mut statuses = [found.status, left.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "round {round}");
    }
}

/// When an expired claim is released while others look at it, one of them renews it instead of skipping it.
#[tokio::test]
async fn a_released_claim_leaves_no_order_unprotected() {
    let stack = Stack::start().await;
    stack.post("/order/v1/orders", &order("taken")).await;
    for round in 0..15 {
        let name = format!("name-{round}");
        let (conflicting, third) = (named("taken", &name), named(&format!("third-{round}"), &name));
        let later = async {
            tokio::time::sleep(std::time::Duration::from_millis(round)).await;
            stack.post("/order/v1/orders", &third).await
        };
        let first = stack.post("/order/v1/orders", &conflicting);
        let (first, again, third) = futures_util::join!(first, stack.post("/order/v1/orders", &conflicting), later);
        assert_eq!((first.status, again.status, third.status), (409, 409, 201), "round {round}");
        let fourth = stack.post("/order/v1/orders", &named(&format!("fourth-{round}"), &name)).await;
        assert_eq!((fourth.status, &fourth.body["orderId"]), (409, &third.body["order"]["id"]), "round {round}");
    }
}

/// Orders with the same external id do not cost a round trip each.
#[tokio::test]
async fn a_bulk_with_repeated_names_needs_few_requests() {
    let stack = Stack::start().await;
    let bulk = |order: &dyn Fn(usize) -> Value| json!({"bulk": (0..100).map(order).collect::<Vec<_>>()});
    let allows = bulk(&|index| {
        let mut order = named(&format!("a-{index}"), "one name");
        order["allowExternalOrderIdDuplication"] = json!(true);
        order
    });
    for (body, statuses, requests) in [
        // One claim and order; then four requests for pointers next to the claim, and four for orders.
        (allows, [201, 201], 10),
        (bulk(&|index| named(&format!("b-{index}"), "one name")), [409, 409], 3),
        (bulk(&|_| order("one-id")), [201, 200], 1),
    ] {
        let reply = stack.post("/order/v1/orders/bulk", &body).await;
        let items = reply.body["bulk"].as_array().unwrap();
        assert_eq!(items[0]["status"], statuses[0]);
        assert!(items.iter().skip(1).all(|item| item["status"] == statuses[1]));
        let cost = format!("dynamodb_requests={requests}, ");
        assert!(reply.header("x-cost").starts_with(&cost), "{cost} {}", reply.header("x-cost"));
    }
}

#[tokio::test]
async fn warnings_are_returned_and_are_errors_only_in_strict_mode() {
    let stack = Stack::start().await;
    let mut body = order("warned");
    body["shipingMethod"] = json!("Expedited");
    body["items"][0]["customerPrice"] = json!(10);
    body["items"][0]["customerSubtotal"] = json!(11);
    let refused = stack.send("POST", "/order/v1/orders", &[("prefer", "handling=strict")], body.to_string()).await;
    assert_eq!(refused.status, 400);
    insta::assert_json_snapshot!("order_refused_by_prefer_strict", redacted(refused.body));
    let created = stack.post("/order/v1/orders", &body).await;
    assert_eq!(created.status, 201);
    insta::assert_json_snapshot!("order_warnings", created.body["warnings"]);
}

#[tokio::test]
async fn an_order_that_waits_stays_open() {
    let stack = Stack::start().await;
    let mut waits = order("waits");
    waits["automaticProcessing"] = json!(false);
    stack.post("/order/v1/orders", &waits).await;
    stack.post("/order/v1/orders", &order("goes")).await;
    stack.eventually("/order/v1/orders/safeId/goes", |body| body["order"]["status"] == "Fulfilled").await;
    assert_eq!(stack.get("/order/v1/orders/safeId/waits").await.body["order"]["status"], "Open");
}

/// Text that is escaped twice does not make the answer too long either.
#[tokio::test]
async fn a_bulk_of_many_quotes_is_answered() {
    let stack = Stack::start().await;
    let orders = (0..11).map(|index| {
        let mut order = order(&format!("quotes-{index}"));
        let notes = (0..100).map(|note| (format!("n{note}"), json!("\"".repeat(1_200))));
        order["meta"] = Value::Object(notes.collect());
        order
    });
    let body = json!({"bulk": orders.collect::<Vec<_>>()});
    assert!(body.to_string().len() > 2_500_000);
    let reply = stack.post("/order/v1/orders/bulk", &body).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body["bulk"].as_array().unwrap().iter().all(|item| item["status"] == 201));
}

/// A stored order must be answered: an answer that is too long for Lambda is shortened, not lost.
#[tokio::test]
async fn a_bulk_with_a_long_answer_is_shortened() {
    let stack = Stack::start().await;
    let item = json!({"sku": "a", "quantity": 1});
    let orders = (0..100).map(|index| {
        let mut order = order(&format!("long-{index}"));
        order["items"] = Value::Array(vec![item.clone(); 200]);
        order
    });
    let reply = stack.post("/order/v1/orders/bulk", &json!({"bulk": orders.collect::<Vec<_>>()})).await;
    assert_eq!(reply.status, 200);
    let bulk = reply.body["bulk"].as_array().unwrap();
    assert!(bulk.iter().all(|item| item["status"] == 201 && item["response"]["order"]["id"].is_string()));
    assert!(bulk[0]["response"]["order"]["items"].is_array());
    let last = &bulk[99]["response"];
    assert!(last["order"]["items"].is_null());
    assert_eq!(
        (&last["warnings"][0]["errorCode"], &last["warnings"][0]["pointer"]),
        (&json!("ANSWER_SHORTENED"), &json!("/bulk/99"))
    );
    // The relay is busy with the bulk's changes, so the first answer may be `TRY_AGAIN`.
    let path = format!("/order/v1/orders/{}", last["order"]["id"].as_str().unwrap());
    let all = |body: &Value| body["order"]["items"].as_array().is_some_and(|items| items.len() == 200);
    stack.eventually(&path, all).await;
}
