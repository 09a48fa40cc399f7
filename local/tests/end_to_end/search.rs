//! Lists and searches of the order network API.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use local::demo::Data;
use serde_json::{Value, json};

use crate::support::{MERCHANT, Stack, order};

async fn create(stack: &Stack, orders: Vec<Value>) -> Vec<Value> {
    let created = stack.post("/order/v1/orders/bulk", &json!({ "bulk": orders })).await;
    let entries = created.body["bulk"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| {
            assert_eq!(entry["status"], 201, "{entry}");
            entry["response"]["order"].clone()
        })
        .collect()
}

/// A stack where nothing happens on its own: every order waits for its start.
async fn waiting() -> Stack {
    Stack::with(Data::demo().unwrap(), &[("VendorStepSeconds", "0")]).await
}

fn waiting_order(safe_id: &str) -> Value {
    let mut order = order(safe_id);
    order["automaticProcessing"] = json!(false);
    order
}

fn names(page: &Value) -> Vec<&str> {
    page["orders"].as_array().unwrap().iter().map(|order| order["safeId"].as_str().unwrap()).collect()
}

async fn search(stack: &Stack, query: &str) -> Value {
    let reply = stack.get(&format!("/order/v1/orders/search?{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.body);
    // The response must not report the filter as unknown.
    assert!(reply.body["warnings"].is_null(), "{query}: {}", reply.body);
    reply.body
}

#[tokio::test]
async fn a_list_is_paged_by_number_and_by_cursor() {
    let stack = waiting().await;
    let orders = (0..25).map(|index| waiting_order(&format!("order-{index:02}"))).collect();
    create(&stack, orders).await;
    let all = stack.get("/order/v1/orders").await.body;
    assert_eq!((all["orders"].as_array().unwrap().len(), &all["page"], &all["pageSize"]), (25, &json!(1), &json!(50)));
    assert_eq!(all["nextCursor"], Value::Null);
    let expected = names(&all);

    let mut seen = Vec::new();
    for page in 1..=3 {
        let found = stack.get(&format!("/order/v1/orders?page={page}&pageSize=10")).await.body;
        assert_eq!(found["nextCursor"].is_null(), page == 3, "{page}");
        seen.extend(names(&found).into_iter().map(str::to_owned).collect::<Vec<_>>());
    }
    assert_eq!(seen, expected);

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let found = stack.get(&format!("/order/v1/orders?pageSize=5&cursor={cursor}")).await.body;
        seen.extend(names(&found).into_iter().map(str::to_owned).collect::<Vec<_>>());
        let Some(next) = found["nextCursor"].as_str() else { break };
        cursor = next.to_owned();
        assert_eq!(found["orders"].as_array().unwrap().len(), 5);
    }
    assert_eq!(seen, expected);

    let oldest = search(&stack, "sort=createdAt&pageSize=3").await;
    let mut reversed = expected.clone();
    reversed.reverse();
    assert_eq!(names(&oldest), reversed[..3]);
    for (query, named) in [
        ("page=0", "`page`"),
        ("pageSize=201", "`pageSize`"),
        ("page=51&pageSize=200", "`cursor`"),
        ("cursor=abc", "`cursor`"),
        // A cursor of the other direction would lead back to earlier rows.
        (&format!("sort=createdAt&pageSize=5&cursor={cursor}"), "`cursor`"),
        ("sort=id", "`sort`"),
        ("status=Lost", "`status`"),
        ("isTest=maybe", "`isTest`"),
        ("createdFrom=yesterday", "`createdFrom`"),
        ("sku=a&sku=b", "`sku`"),
    ] {
        let refused = stack.get(&format!("/order/v1/orders/search?{query}")).await;
        assert_eq!((refused.status, &refused.body["code"]), (400, &json!("INVALID_PARAMETER")), "{query}");
        assert!(refused.body["message"].as_str().unwrap().contains(named), "{query}: {}", refused.body);
    }
}

#[tokio::test]
async fn every_filter_finds_exactly_what_it_names() {
    let stack = waiting().await;
    let mut one = waiting_order("one-1");
    one["externalId"] = json!("EXT-1");
    one["shippingAddress"]["email"] = json!("One@Example.com");
    one["shippingAddress"]["countryCode"] = json!("FR");
    let mut two = waiting_order("two-2");
    two["items"][0]["sku"] = json!("OTHER");
    two["externalId"] = json!("EXT-1");
    two["allowExternalOrderIdDuplication"] = json!(true);
    let mut test = waiting_order("three-3");
    test["isTest"] = json!(true);
    let created = create(&stack, vec![one, two, test]).await;
    let id = created[0]["id"].as_str().unwrap();
    stack.post(&format!("/order/v1/orders/{id}/customerCareHold"), &json!({"reason": "look"})).await;

    let short_id = created[1]["shortId"].as_str().unwrap();
    let part = &short_id.chars().take(6).collect::<String>();
    let tomorrow = "createdFrom=2099-01-01";
    for (query, expected) in [
        ("safeId=one-1", vec!["one-1"]),
        ("safeId=nobody", vec![]),
        ("safeId=%20", vec![]),
        ("externalId=EXT-1", vec!["one-1", "two-2"]),
        ("externalId=EXT-1&sku=OTHER", vec!["two-2"]),
        (&format!("shortId={short_id}"), vec!["two-2"]),
        (&format!("orderId={id}&safeId=two-2"), vec![]),
        (&format!("q={part}"), vec!["two-2"]),
        ("q=EXT", vec!["one-1", "two-2"]),
        ("q=thr", vec!["three-3"]),
        ("status=CustomerCareHold", vec!["one-1"]),
        ("status=Open&status=CustomerCareHold", vec!["one-1", "three-3", "two-2"]),
        ("status=Open,Failed", vec!["three-3", "two-2"]),
        ("sku=OTHER", vec!["two-2"]),
        ("email=one@example.COM", vec!["one-1"]),
        ("countryCode=fr", vec!["one-1"]),
        ("isTest=true", vec!["three-3"]),
        ("isTest=false&status=Open", vec!["two-2"]),
        (tomorrow, vec![]),
        ("createdFrom=2020-01-01&createdTo=2098-12-31T23:59:59%2B01:00", vec!["one-1", "three-3", "two-2"]),
        ("createdTo=2020-01-01", vec![]),
        ("updatedFrom=2020-01-01&updatedTo=2098-12-31", vec!["one-1", "three-3", "two-2"]),
        ("updatedTo=2020-01-01", vec![]),
    ] {
        let found = search(&stack, query).await;
        let found: BTreeSet<&str> = names(&found).into_iter().collect();
        assert_eq!(found, expected.into_iter().collect(), "{query}");
    }
    // A cursor continues in the middle of a name's results.
    let first = search(&stack, "externalId=EXT-1&pageSize=1").await;
    let next =
        search(&stack, &format!("externalId=EXT-1&pageSize=1&cursor={}", first["nextCursor"].as_str().unwrap())).await;
    let both: BTreeSet<&str> = names(&first).into_iter().chain(names(&next)).collect();
    assert_eq!((both.len(), &next["nextCursor"]), (2, &Value::Null));
}

#[tokio::test]
async fn items_are_found_individually_and_in_pages() {
    let stack = waiting().await;
    let orders = (0..4).map(|index| {
        let mut order = waiting_order(&format!("many-{index}"));
        order["items"] = (0..5)
            .map(|item| json!({"sku": format!("SKU-{item}"), "quantity": 1, "externalId": format!("{index}/{item}")}))
            .collect();
        order
    });
    let created = create(&stack, orders.collect()).await;
    let item = &created[2]["items"][3];
    let id = item["id"].as_str().unwrap();
    let read = stack.get(&format!("/order/v1/orders/items/{id}")).await;
    assert_eq!((read.status, &read.body["orderItem"], read.header("etag")), (200, item, "\"1\""));
    let (stem, _) = id.split_at(21);
    for wrong in [format!("{stem}000"), format!("{stem}006"), "x".to_owned(), format!("{stem}00A")] {
        assert_eq!(stack.get(&format!("/order/v1/orders/items/{wrong}")).await.status, 404, "{wrong}");
    }

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = stack.get(&format!("/order/v1/orderItems?pageSize=3&cursor={cursor}")).await.body;
        seen.extend(page["orderItems"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = next.to_owned();
    }
    assert_eq!((seen.len(), seen.iter().collect::<BTreeSet<_>>().len()), (20, 20));
    for (query, count) in [
        ("sku=SKU-1".to_owned(), 4),
        ("sku=SKU-1&status=Open".to_owned(), 4),
        ("status=Fulfilled".to_owned(), 0),
        ("externalId=2/3".to_owned(), 1),
        (format!("safeId=many-2&shortId={}", item["shortId"].as_str().unwrap()), 1),
        ("safeId=many-2&page=2&pageSize=4".to_owned(), 1),
    ] {
        let found = stack.get(&format!("/order/v1/orderItems?{query}")).await;
        assert_eq!(found.body["orderItems"].as_array().map(Vec::len), Some(count), "{query}: {}", found.body);
    }
    assert_eq!(stack.get("/order/v1/orderItems?status=CustomerCareHold").await.status, 400);
}

#[tokio::test]
async fn orders_are_read_by_ids_independently() {
    let stack = waiting().await;
    let created = create(&stack, vec![waiting_order("a"), waiting_order("b")]).await;
    let (a, b) = (created[0]["id"].as_str().unwrap(), created[1]["id"].as_str().unwrap());
    let nobody = "0".repeat(24);
    let read = stack.get(&format!("/order/v1/orders/bulk?ids={b},{nobody},x&ids={a},{b}")).await;
    let bulk = read.body["bulk"].as_array().unwrap();
    let statuses: Vec<&Value> = bulk.iter().map(|entry| &entry["status"]).collect();
    assert_eq!(statuses, [200, 404, 404, 200, 200]);
    assert_eq!((&bulk[0]["response"]["order"], &bulk[3]["response"]["order"]), (&created[1], &created[0]));
    assert_eq!((&bulk[1]["response"]["code"], &bulk[4]), (&json!("NOT_FOUND"), &bulk[0]));
    let many = vec![a; 101].join(",");
    for ids in ["", ",", &many] {
        assert_eq!(stack.get(&format!("/order/v1/orders/bulk?ids={ids}")).await.status, 400, "{ids}");
    }
}

/// The cost of a page does not depend on the number of orders.
#[tokio::test]
async fn the_cost_of_a_page_does_not_depend_on_the_number_of_orders() {
    costs_at(&[1_500, 4_000]).await;
}

/// The same with a hundred thousand orders.
#[tokio::test]
#[ignore = "takes minutes: `cargo mill test --heavy`"]
async fn a_page_costs_the_same_at_a_hundred_thousand_orders() {
    costs_at(&[1_500, 100_000]).await;
}

async fn costs_at(sizes: &[usize]) {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::on_disk(folder.path().to_owned(), Data::demo().unwrap()).await;
    create(&stack, vec![waiting_order("sample")]).await;
    let sample = stack.items().await.into_iter().find(|item| item.contains_key("list_pk")).unwrap();
    let mut costs = Vec::new();
    let mut written = 0;
    for size in sizes {
        let items: Vec<_> = (written..*size).map(|number| copy_of(&sample, number)).collect();
        written = *size;
        local::stack::write_items(&stack.running.dynamodb(), &stack.table(), items).await.unwrap();
        let first = stack.get("/order/v1/orders?pageSize=50").await;
        assert_eq!(first.body["orders"].as_array().unwrap().len(), 50);
        let of_one_status = stack.get("/order/v1/orders/search?status=Open&pageSize=50").await;
        let filtered = stack.get("/order/v1/orders/search?sku=NOBODY").await;
        assert!(filtered.body["orders"].as_array().unwrap().is_empty());
        assert!(filtered.body["nextCursor"].is_string(), "a search that reads too much ends its page");
        costs.push([&first, &of_one_status, &filtered].map(|reply| reply.header("x-cost").to_owned()));
    }
    println!("a page of 50; of one status; of a filter that finds nothing: {costs:#?}");
    assert!(costs.windows(2).all(|pair| pair[0] == pair[1]), "at {sizes:?} orders: {costs:#?}");
}

/// A copy of the order with another name, each one millisecond older.
fn copy_of(sample: &HashMap<String, AttributeValue>, number: usize) -> HashMap<String, AttributeValue> {
    let id = shared::ids::OrderId::parse(&format!("{number:021x}000")).unwrap();
    let merchant = shared::ids::MerchantId::parse(MERCHANT).unwrap();
    let key = functions::store::keys::Key::order(&merchant, &id);
    let created_at: i64 = sample["created_at"].as_n().unwrap().parse().unwrap();
    let created_at = created_at - 1 - i64::try_from(number).unwrap();
    let mut item = sample.clone();
    item.insert("pk".to_owned(), AttributeValue::S(key.pk));
    item.insert("sk".to_owned(), AttributeValue::S(key.sk));
    item.insert("created_at".to_owned(), AttributeValue::N(created_at.to_string()));
    item.insert("list_sk".to_owned(), AttributeValue::S(format!("{created_at:013}#{id}")));
    // No events must follow from these.
    item.remove("line_states").unwrap();
    item.insert("line_states".to_owned(), AttributeValue::S("O".to_owned()));
    item
}
