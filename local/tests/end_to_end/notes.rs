//! Notes over HTTP: each status, pages, concurrent changes, and costs; [`log`] covers the audit log.

mod log;

use futures_util::StreamExt;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::fulfilment::{self, VendorServer, create, order_of, shipments};
use crate::support::{DEMO, HttpClient, MERCHANT, Reply, Stack, order};

pub(crate) const NOTES: &str = "/note/v1/notes";

pub(crate) fn about(kind: &str, id: &str, text: &str) -> Value {
    json!({"resource": {"type": kind, "id": id}, "text": text})
}

/// Creates a note and returns its path.
async fn created_path(client: &HttpClient, body: &Value) -> String {
    let reply = client.send("POST", NOTES, DEMO, body.to_string()).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    reply.header("location").to_owned()
}

/// Creates this many notes of one kind, a few at a time.
async fn make_many(stack: &Stack, count: usize, body: &Value) {
    let all = futures_util::stream::iter((0..count).map(|_| created_path(&stack.client, body)));
    all.buffer_unordered(8).collect::<Vec<String>>().await;
}

async fn put(stack: &Stack, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
    stack.send("PUT", path, headers, body.to_string()).await
}

async fn delete(stack: &Stack, path: &str, headers: &[(&str, &str)]) -> Reply {
    stack.send("DELETE", path, headers, "").await
}

/// Status, and the code and pointer of the first violation.
fn first(reply: &Reply) -> (u16, &str, &str) {
    let error = &reply.body["errors"][0];
    (reply.status, error["errorCode"].as_str().unwrap_or_default(), error["pointer"].as_str().unwrap_or_default())
}

fn texts(page: &Value) -> Vec<&str> {
    page["notes"].as_array().unwrap().iter().map(|note| note["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_note_is_created_read_replaced_and_deleted() {
    let stack = Stack::start().await;
    let order = create(&stack, &order("noted")).await;
    let created = stack.post(NOTES, &about("Order", &order, "Ring twice.\n")).await;
    assert_eq!((created.status, created.header("etag")), (201, "\"1\""), "{}", created.body);
    let note = &created.body["note"];
    let id = note["id"].as_str().unwrap();
    assert!(id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)), "{id}");
    assert_eq!(
        note,
        &json!({
            "id": id, "resource": {"type": "Order", "id": order}, "text": "Ring twice.\n", "format": "PlainText",
            "isInternal": false, "author": {"id": MERCHANT, "name": "Merchant"},
            "createdAt": note["createdAt"], "updatedAt": note["createdAt"],
        })
    );
    let path = created.header("location");
    assert_eq!(path, format!("{NOTES}/{id}"));
    let read = stack.get(path).await;
    assert_eq!((read.status, read.header("etag"), &read.body), (200, "\"1\"", &created.body));

    // A client may send back what it read; nothing changes, so nothing is written.
    let same = put(&stack, path, &[("if-match", "\"1\""), ("prefer", "handling=strict")], note).await;
    assert_eq!((same.status, same.header("etag"), &same.body), (200, "\"1\"", &created.body));
    let body = json!({"text": "**Ring** once", "format": "Markdown", "isInternal": true, "author": {"id": "u1", "name": "Ada"}});
    let replaced = put(&stack, path, &[("if-match", "\"1\"")], &body).await;
    assert_eq!((replaced.status, replaced.header("etag")), (200, "\"2\""), "{}", replaced.body);
    let now = &replaced.body["note"];
    assert_eq!((&now["text"], &now["format"]), (&json!("**Ring** once"), &json!("Markdown")));
    assert_eq!((&now["isInternal"], &now["author"]["name"]), (&json!(true), &json!("Ada")));
    assert_eq!((&now["resource"], &now["createdAt"]), (&note["resource"], &note["createdAt"]));
    // A member left out of a replacement returns to its default.
    let bare = put(&stack, path, &[], &json!({"text": "once"})).await;
    assert_eq!(bare.body["note"]["author"]["name"], "Merchant");
    assert_eq!((&bare.body["note"]["isInternal"], &bare.body["note"]["format"]), (&json!(false), &json!("PlainText")));

    let refused = delete(&stack, path, &[("if-match", "\"2\"")]).await;
    assert_eq!((refused.status, &refused.body["code"]), (412, &json!("PRECONDITION_FAILED")));
    let deleted = delete(&stack, path, &[("if-match", "\"3\"")]).await;
    assert_eq!((deleted.status, &deleted.body), (204, &Value::Null));
    for reply in [
        stack.get(path).await,
        put(&stack, path, &[], &json!({"text": "again"})).await,
        delete(&stack, path, &[]).await,
    ] {
        assert_eq!((reply.status, &reply.body["code"]), (404, &json!("NOT_FOUND")));
    }
    let none = stack.get(&format!("{NOTES}?resourceType=Order&resourceId={order}")).await;
    assert_eq!((none.status, &none.body["notes"], &none.body["nextCursor"]), (200, &json!([]), &Value::Null));
}

#[tokio::test]
async fn a_note_needs_an_existing_resource_of_the_merchant() {
    let vendor = VendorServer::start().await;
    let stack = fulfilment::stack(&vendor, &[]).await;
    let order = create(&stack, &order_of("things", &["HAND-1"])).await;
    let shipment = shipments(&stack, &order, 1).await.remove(0);
    let (item, shipment) = (&shipment["orderItemIDs"][0], shipment["id"].as_str().unwrap());
    let things = [
        ("Order", order.as_str()),
        ("OrderItem", item.as_str().unwrap()),
        ("Shipment", shipment),
        ("Product", "any 1"),
    ];
    for (kind, id) in things {
        let created = stack.post(NOTES, &about(kind, id, kind)).await;
        assert_eq!(
            (created.status, &created.body["note"]["resource"]["type"]),
            (201, &json!(kind)),
            "{}",
            created.body
        );
        let list = stack.get(&format!("{NOTES}?resourceType={kind}&resourceId={}", id.replace(' ', "%20"))).await;
        assert_eq!((list.status, texts(&list.body)), (200, vec![kind]));
    }
    // In either case, as in paths.
    assert_eq!(
        stack.post(NOTES, &about("Shipment", &shipment.to_uppercase(), "x")).await.body["note"]["resource"]["id"],
        *shipment
    );
    let last = format!("{}fff", order.strip_suffix("000").unwrap());
    for (kind, id) in [
        ("Order", "x"),
        ("Order", "aaaaaaaaaaaaaaaaaaaaa000"),
        ("Order", item.as_str().unwrap()),
        ("OrderItem", &order),
        ("OrderItem", &last),
        ("Shipment", &order),
        ("Shipment", &shared::ids::ShipmentId::new(&shared::ids::OrderId::parse(&order).unwrap(), 9).to_string()),
    ] {
        let refused = stack.post(NOTES, &about(kind, id, "x")).await;
        assert_eq!(first(&refused), (404, "NOT_FOUND", "/resource/id"), "{kind} {id}");
    }
}

#[tokio::test]
async fn bad_requests_are_reported_with_pointers() {
    let stack = Stack::start().await;
    let path = created_path(&stack.client, &about("Product", "p", "x")).await;
    let body = r#"{"text": "", "format": "Html", "resource": {"type": "Order"}}"#;
    let refused = stack.send("POST", NOTES, &[], body).await;
    let errors =
        refused.body["errors"].as_array().unwrap().iter().map(|error| (&error["errorCode"], &error["pointer"]));
    assert_eq!(
        errors
            .map(|(code, pointer)| format!("{} {}", code.as_str().unwrap(), pointer.as_str().unwrap()))
            .collect::<Vec<_>>(),
        ["TOO_SHORT /text", "INVALID_FORMAT /format", "REQUIRED /resource/id"]
    );
    assert_eq!((refused.status, &refused.body["code"]), (400, &json!("VALIDATION_FAILED")));
    for (body, code) in [("", "NOT_JSON"), ("[]", "WRONG_TYPE"), (r#"{"text":"a","text":"b"}"#, "DUPLICATE_MEMBER")] {
        for (method, path) in [("POST", NOTES), ("PUT", path.as_str())] {
            let refused = stack.send(method, path, &[], body).await;
            assert_eq!((refused.status, &refused.body["errors"][0]["errorCode"]), (400, &json!(code)), "{method}");
        }
    }
    let longest = "é".repeat(10_000);
    assert_eq!(stack.post(NOTES, &about("Product", "p", &longest)).await.body["note"]["text"], json!(longest));
    assert_eq!(
        first(&stack.post(NOTES, &about("Product", "p", &"é".repeat(10_001))).await),
        (400, "TOO_LONG", "/text")
    );
    // Unknown members cause warnings, or errors on request.
    let mut unknown = about("Product", "p", "x");
    (unknown["colour"], unknown["resource"]["size"]) = (json!(1), json!(2));
    let warned = stack.post(NOTES, &unknown).await;
    let pointers: Vec<_> = warned.body["warnings"].as_array().unwrap().iter().map(|each| &each["pointer"]).collect();
    assert_eq!((warned.status, pointers), (201, vec![&json!("/colour"), &json!("/resource/size")]));
    let refused = stack.send("POST", NOTES, &[("prefer", "handling=strict")], unknown.to_string()).await;
    assert_eq!(first(&refused), (400, "UNKNOWN_MEMBER", "/colour"));
    unknown["merchantId"] = json!("00000000-0000-4000-8000-000000000000");
    assert_eq!(first(&stack.post(NOTES, &unknown).await), (403, "MERCHANT_MISMATCH", "/merchantId"));

    // The resource cannot change.
    let moved = put(&stack, &path, &[], &about("Product", "q", "x")).await;
    assert_eq!(first(&moved), (400, "NOT_UPDATABLE", "/resource"));
    let renamed = put(&stack, &path, &[], &json!({"id": "q", "text": "x"})).await;
    assert_eq!(first(&renamed), (400, "NOT_UPDATABLE", "/id"));
    // An unknown member inside the resource does not hide that it is another.
    let other = json!({"text": "x", "resource": {"type": "Product", "id": "other", "size": 1}});
    let strict = put(&stack, &path, &[("prefer", "handling=strict")], &other).await;
    let codes: Vec<_> = strict.body["errors"].as_array().unwrap().iter().map(|error| &error["errorCode"]).collect();
    assert_eq!((strict.status, codes), (400, vec![&json!("NOT_UPDATABLE"), &json!("UNKNOWN_MEMBER")]));
    // Nor is it compared if it is invalid.
    let invalid = json!({"text": "x", "resource": {"type": "Thing", "id": "other"}});
    let refused = put(&stack, &path, &[], &invalid).await;
    assert_eq!(first(&refused), (400, "INVALID_FORMAT", "/resource/type"));
    assert_eq!(refused.body["errors"].as_array().unwrap().len(), 1);
    assert_eq!(put(&stack, &path, &[("if-match", "x")], &json!({"text": "y"})).await.status, 412);
    assert_eq!(stack.get(&path).await.header("etag"), "\"1\"");

    for query in [
        "",
        "?resourceType=Order",
        "?resourceType=Invoice&resourceId=1",
        "?resourceId=1",
        "?resourceType=Product&resourceId=p&pageSize=201",
        "?resourceType=Product&resourceId=p&cursor=x",
    ] {
        let refused = stack.get(&format!("{NOTES}{query}")).await;
        assert_eq!((refused.status, &refused.body["code"]), (400, &json!("INVALID_PARAMETER")), "{query}");
    }
    for id in ["x", "0898F154EEF04FF51BBBC0DE", "0898f154eef04ff51bbbc0de", "%00"] {
        for reply in [
            stack.get(&format!("{NOTES}/{id}")).await,
            stack.get(&format!("{NOTES}/{id}/auditLogs")).await,
            put(&stack, &format!("{NOTES}/{id}"), &[], &json!({"text": "x"})).await,
            delete(&stack, &format!("{NOTES}/{id}"), &[]).await,
        ] {
            assert_eq!((reply.status, &reply.body["code"]), (404, &json!("NOT_FOUND")), "{id}");
        }
    }
}

#[tokio::test]
async fn lists_are_paged_newest_first() {
    let stack = Stack::start().await;
    let order = create(&stack, &order("paged")).await;
    let mut paths = Vec::new();
    for number in 0..7 {
        paths.push(created_path(&stack.client, &about("Order", &order, &number.to_string())).await);
        // Notes of the same millisecond have no defined order.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    created_path(&stack.client, &about("Product", &order, "of something else")).await;
    delete(&stack, &paths[3], &[]).await;
    let list = format!("{NOTES}?resourceType=Order&resourceId={order}");
    let expected = ["6", "5", "4", "2", "1", "0"];
    let all = stack.get(&list).await.body;
    assert_eq!((texts(&all), &all["page"], &all["pageSize"]), (expected.to_vec(), &json!(1), &json!(50)));
    assert_eq!(texts(&stack.get(&format!("{list}&page=2&pageSize=4")).await.body), expected[4..]);
    assert_eq!(texts(&stack.get(&format!("{list}&page=3&pageSize=4")).await.body), [""; 0]);
    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = stack.get(&format!("{list}&pageSize=2&cursor={cursor}")).await.body;
        seen.extend(texts(&page).into_iter().map(str::to_owned));
        pages += 1;
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = next.to_owned();
    }
    assert_eq!((seen, pages), (expected.map(str::to_owned).to_vec(), 3));
    // A cursor is only valid for the list that returned it.
    let other = stack.get(&format!("{NOTES}?resourceType=Product&resourceId={order}&cursor={cursor}")).await;
    assert_eq!((other.status, &other.body["code"]), (400, &json!("INVALID_PARAMETER")));

    // Pages whose notes do not fit into an answer end early, and no note is lost.
    let long = format!("{}x", "\u{1f600}\n".repeat(4_999));
    make_many(&stack, 150, &about("Product", "long", &long)).await;
    let list = format!("{NOTES}?resourceType=Product&resourceId=long&pageSize=200");
    let first = stack.get(&list).await.body;
    let count = first["notes"].as_array().unwrap().len();
    assert!((100..150).contains(&count), "{count}");
    let rest = stack.get(&format!("{list}&cursor={}", first["nextCursor"].as_str().unwrap())).await.body;
    assert_eq!((count + rest["notes"].as_array().unwrap().len(), &rest["nextCursor"]), (150, &Value::Null));
    // A page number implies that all earlier rows were listed, so such a page is rejected.
    let numbered = stack.get(&format!("{list}&page=1")).await;
    assert_eq!((numbered.status, &numbered.body["code"]), (400, &json!("INVALID_PARAMETER")));
    assert!(numbered.body["message"].as_str().unwrap().contains("`cursor`"), "{}", numbered.body);
}

#[tokio::test]
async fn one_of_several_changes_to_a_version_succeeds() {
    let stack = Stack::start().await;
    let path = created_path(&stack.client, &about("Product", "p", "first")).await;
    let change = |text: &'static str| {
        let (stack, path) = (&stack, &path);
        async move { put(stack, path, &[("if-match", "\"1\"")], &json!({"text": text})).await }
    };
    let (one, two) = join(change("one"), change("two")).await;
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    let (won, text) = if one.status == 200 { (one, "one") } else { (two, "two") };
    let read = stack.get(&path).await;
    assert_eq!((read.header("etag"), &read.body), ("\"2\"", &won.body));
    assert_eq!(read.body["note"]["text"], text);
    // Without the header both are applied, one after the other.
    let texts: Vec<Value> = (0..8).map(|number| json!({"text": number.to_string()})).collect();
    let replies = join_all(texts.iter().map(|body| put(&stack, &path, &[], body))).await;
    let mut tags: Vec<&str> = replies.iter().map(|reply| reply.header("etag")).collect();
    tags.sort_by_key(|tag| (tag.len(), *tag));
    assert_eq!(tags, ["\"3\"", "\"4\"", "\"5\"", "\"6\"", "\"7\"", "\"8\"", "\"9\"", "\"10\""]);
    // Of two deletes, one finds the note gone.
    let (one, two) = join(delete(&stack, &path, &[]), delete(&stack, &path, &[])).await;
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 404]);
}

#[tokio::test]
async fn what_each_route_of_notes_consumes() {
    let stack = Stack::start().await;
    let order = create(&stack, &order("cost")).await;
    // The order 1; the note 1, its index entry 1.
    let created = stack.post(NOTES, &about("Order", &order, "a")).await;
    assert_eq!(created.header("x-cost"), "dynamodb_requests=2, wru=2, rru=1, sqs_requests=0");
    let path = created.header("location").to_owned();
    assert_eq!(stack.get(&path).await.header("x-cost"), "dynamodb_requests=1, wru=0, rru=1, sqs_requests=0");
    let replaced = put(&stack, &path, &[], &json!({"text": "b"})).await;
    assert_eq!(replaced.header("x-cost"), "dynamodb_requests=2, wru=1, rru=1, sqs_requests=0");
    let logs = format!("{path}/auditLogs");
    stack.eventually(&logs, |logs| logs["auditLogs"].as_array().is_some_and(|all| all.len() == 2)).await;
    assert_eq!(stack.get(&logs).await.header("x-cost"), "dynamodb_requests=2, wru=0, rru=1.5, sqs_requests=0");
    // Without an order to read; then the note, and its index entry, which is deleted.
    let product = stack.post(NOTES, &about("Product", "p", "a")).await;
    assert_eq!(product.header("x-cost"), "dynamodb_requests=1, wru=2, rru=0, sqs_requests=0");
    let deleted = delete(&stack, product.header("location"), &[]).await;
    assert_eq!(deleted.header("x-cost"), "dynamodb_requests=2, wru=2, rru=1, sqs_requests=0");
    make_many(&stack, 59, &about("Order", &order, "a")).await;
    let page = stack.get(&format!("{NOTES}?resourceType=Order&resourceId={order}")).await;
    assert_eq!(page.body["notes"].as_array().unwrap().len(), 50);
    assert_eq!(page.header("x-cost"), "dynamodb_requests=2, wru=0, rru=26.5, sqs_requests=0");
}
