//! Bad input gets a clear error and changes nothing.

use serde_json::{Value, json};

use crate::support::{DEMO, Stack, order, seed};

/// name, status, code of the answer, code of the violation, its pointer
type Expected = (&'static str, u16, &'static str, &'static str, &'static str);

const NETWORK: &str = "/order/v1/orders";
const V2: &str = "/v2/orders";

fn network_cases() -> Vec<(Vec<u8>, Expected)> {
    let whole = order("a").to_string();
    let with = |name: &str, value: &str| whole.replacen('{', &format!("{{\"{name}\":{value},"), 1).into_bytes();
    let quantity = |value: &str| whole.replace("\"quantity\":1", &format!("\"quantity\":{value}")).into_bytes();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let mut invalid_utf8 = whole.clone().into_bytes();
    let at = whole.find("Springfield").unwrap();
    invalid_utf8[at] = 0xff;
    vec![
        (b"hello".to_vec(), ("not JSON", 400, "VALIDATION_FAILED", "NOT_JSON", "")),
        (Vec::new(), ("empty", 400, "VALIDATION_FAILED", "NOT_JSON", "")),
        (whole.as_bytes()[..whole.len() - 5].to_vec(), ("truncated", 400, "VALIDATION_FAILED", "NOT_JSON", "")),
        (b"[]".to_vec(), ("wrong root", 400, "VALIDATION_FAILED", "WRONG_TYPE", "")),
        (with("isTest", "\"yes\""), ("wrong type", 400, "VALIDATION_FAILED", "WRONG_TYPE", "/isTest")),
        (
            b"{\"items\":[{\"sku\":\"a\",\"quantity\":1}]}".to_vec(),
            ("missing", 400, "VALIDATION_FAILED", "REQUIRED", "/shippingAddress"),
        ),
        (whole.replace("\"mug\"", "null").into_bytes(), ("null", 400, "VALIDATION_FAILED", "REQUIRED", "/items/0/sku")),
        (with("safeId", "\"b\""), ("duplicate key", 400, "VALIDATION_FAILED", "DUPLICATE_MEMBER", "/safeId")),
        (with("customerTotal", "NaN"), ("NaN", 400, "VALIDATION_FAILED", "NOT_JSON", "")),
        (with("customerTotal", "1e400"), ("1e400", 400, "VALIDATION_FAILED", "OUT_OF_RANGE", "/customerTotal")),
        (with("customerTotal", "0.1 + 0.2"), ("a sum", 400, "VALIDATION_FAILED", "NOT_JSON", "")),
        (
            with("customerTotal", "0.30000000000000004"),
            ("a float's sum", 400, "VALIDATION_FAILED", "TOO_MANY_DECIMALS", "/customerTotal"),
        ),
        (quantity("-1"), ("negative", 400, "VALIDATION_FAILED", "OUT_OF_RANGE", "/items/0/quantity")),
        (quantity("0"), ("zero", 400, "VALIDATION_FAILED", "OUT_OF_RANGE", "/items/0/quantity")),
        (quantity("99999999999999999999"), ("huge", 400, "VALIDATION_FAILED", "OUT_OF_RANGE", "/items/0/quantity")),
        (quantity("1.5"), ("a fraction", 400, "VALIDATION_FAILED", "WRONG_TYPE", "/items/0/quantity")),
        (deep.clone().into_bytes(), ("10,000 levels", 400, "VALIDATION_FAILED", "TOO_DEEP", "")),
        (with("surprise", &deep), ("10,000 levels inside", 400, "VALIDATION_FAILED", "TOO_DEEP", "")),
        (invalid_utf8, ("invalid UTF-8", 400, "VALIDATION_FAILED", "INVALID_UTF8", "")),
        (vec![b' '; 5 * 1024 * 1024], ("5 MB", 413, "PAYLOAD_TOO_LARGE", "", "")),
    ]
}

fn v2_cases() -> Vec<(Vec<u8>, Expected)> {
    let body = |value: Value| value.to_string().into_bytes();
    let line = |quantity: Value| body(json!({"products": [{"sku": "8PX-UF-Y5U", "quantity": quantity}]}));
    let many: Vec<Value> = (0..101).map(|_| json!({"sku": "8PX-UF-Y5U", "quantity": 1})).collect();
    vec![
        (b"{".to_vec(), ("not JSON", 400, "VALIDATION_FAILED", "NOT_JSON", "")),
        (body(json!({})), ("missing", 400, "VALIDATION_FAILED", "REQUIRED", "/products")),
        (body(json!({"products": []})), ("empty", 400, "VALIDATION_FAILED", "TOO_FEW", "/products")),
        (body(json!({"products": many})), ("101 lines", 400, "VALIDATION_FAILED", "TOO_MANY", "/products")),
        (line(json!(-5)), ("negative", 400, "VALIDATION_FAILED", "OUT_OF_RANGE", "/products/0/quantity")),
        (line(json!(0)), ("zero", 400, "VALIDATION_FAILED", "OUT_OF_RANGE", "/products/0/quantity")),
        (line(json!(10_001)), ("huge", 400, "VALIDATION_FAILED", "OUT_OF_RANGE", "/products/0/quantity")),
        (line(json!("1")), ("a string", 400, "VALIDATION_FAILED", "WRONG_TYPE", "/products/0/quantity")),
        (
            body(json!({"enableClientOrderNumberDupCheck": true, "products": [{"sku": "8PX-UF-Y5U", "quantity": 1}]})),
            ("nothing to check", 400, "VALIDATION_FAILED", "CLIENT_ORDER_NUMBER_REQUIRED", "/clientOrderNumber"),
        ),
    ]
}

#[tokio::test]
async fn bodies() {
    let stack = Stack::start().await;
    let before = stack.items().await.len();
    let cases =
        network_cases().into_iter().map(|case| (NETWORK, case)).chain(v2_cases().into_iter().map(|case| (V2, case)));
    for (path, (body, (name, status, code, violation, pointer))) in cases {
        let reply = stack.send("POST", path, &[], body).await;
        let name = format!("{path} {name}: {}", reply.body);
        assert_eq!(reply.status, status, "{name}");
        let (code_member, list, violation_member) =
            if path == V2 { ("error", "details", "error") } else { ("code", "errors", "errorCode") };
        assert_eq!(reply.body[code_member], code, "{name}");
        assert!(reply.body["requestId"].is_string(), "{name}");
        assert!(reply.body["message"].as_str().is_some_and(|message| !message.is_empty()), "{name}");
        if !violation.is_empty() {
            assert_eq!(reply.body[list][0][violation_member], violation, "{name}");
            assert_eq!(reply.body[list][0]["pointer"], pointer, "{name}");
        }
    }
    assert_eq!(stack.items().await.len(), before, "nothing was written");
}

#[tokio::test]
async fn a_malformed_bulk_is_rejected_as_a_whole() {
    let stack = Stack::start().await;
    let many: Vec<Value> = (0..501).map(|index| order(&format!("o{index}"))).collect();
    for (body, status, violation) in [
        (json!({}), 400, "REQUIRED"),
        (json!({"bulk": []}), 400, "TOO_FEW"),
        (json!({"bulk": {}}), 400, "WRONG_TYPE"),
        (json!([]), 400, "WRONG_TYPE"),
        (json!({"bulk": many}), 413, "TOO_MANY_ORDERS"),
    ] {
        let reply = stack.post("/order/v1/orders/bulk", &body).await;
        assert_eq!((reply.status, &reply.body["errors"][0]["errorCode"]), (status, &json!(violation)));
    }
}

#[tokio::test]
async fn all_violations_are_reported_in_document_order() {
    let stack = Stack::start().await;
    let mut body = seed("create-multiple-orders")["bulk"][0].clone();
    body["shippingAddress"]["email"] = json!("nope");
    body["items"][1]["quantity"] = json!(0);
    body["currencyCode"] = json!("ZZZ");
    let reply = stack.post("/order/v1/orders", &body).await;
    let pointers: Vec<_> =
        reply.body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    let mut in_document: Vec<_> = vec!["/currencyCode", "/items/1/quantity", "/shippingAddress/email"];
    let text = body.to_string();
    in_document.sort_by_key(|pointer| text.find(&format!("\"{}\":", pointer.split('/').nth(1).unwrap())));
    assert_eq!(pointers, in_document);
}

#[tokio::test]
async fn other_content_types_are_rejected() {
    let stack = Stack::start().await;
    let body = order("a").to_string();
    for (content_type, status) in [
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonp", 415),
        ("application/json; charset=utf-8", 201),
        ("Application/JSON", 200),
    ] {
        let headers = [DEMO[0], DEMO[1], ("content-type", content_type)];
        assert_eq!(stack.client.send("POST", NETWORK, &headers, body.clone()).await.status, status, "{content_type}");
    }
    let none = stack.client.send("POST", NETWORK, &DEMO[..2], body).await;
    assert_eq!((none.status, &none.body["code"]), (415, &json!("UNSUPPORTED_MEDIA_TYPE")));
}

#[tokio::test]
async fn the_gateway_rejects_ten_megabytes() {
    let stack = Stack::start().await;
    for path in [NETWORK, V2] {
        let reply = stack.send("POST", path, &[], vec![b' '; 11 * 1024 * 1024]).await;
        assert_eq!(reply.status, 413);
    }
}

#[tokio::test]
async fn card_numbers_in_free_text_are_rejected_and_never_shown() {
    const CARD: &str = "4111 1111-1111 1111";
    let stack = Stack::start().await;
    let mut waiting = order("card");
    waiting["automaticProcessing"] = json!(false);
    // Names may look like a card number.
    waiting["externalId"] = json!("4111111111111111");
    let created = stack.post(NETWORK, &waiting).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let id = created.body["order"]["id"].as_str().unwrap();
    let (path, item) = (format!("{NETWORK}/{id}"), created.body["order"]["items"][0]["id"].as_str().unwrap());
    let mut with_note = order("noted");
    with_note["meta"] = json!({"note": CARD});
    let mut with_gift = order("gift");
    with_gift["gift"] = json!({"lines": ["for you", CARD]});
    let webhook = json!({"url": "https://example.com/", "events": ["OrderUpdate"], "description": CARD});
    let note = json!({"resource": {"type": "Order", "id": id}, "text": format!("paid with {CARD}")});
    let refunds = json!({"orderId": id, "refunds": [{"itemId": item, "amount": 1, "reason": CARD}]});
    for (method, path, body, pointer) in [
        ("POST", NETWORK, with_note.clone(), "/meta/note"),
        ("POST", NETWORK, with_gift, "/gift/lines/1"),
        ("PATCH", &path, json!({"meta": {"a": "b", "note": CARD}}), "/meta/note"),
        ("PATCH", &path, json!({"shippingAddress": {"line2": CARD}}), "/shippingAddress/line2"),
        ("PATCH", &path, json!({"gift": CARD}), "/gift"),
        (
            "PATCH",
            &format!("{path}/items/{item}"),
            json!({"options": [{"name": "a", "value": CARD}]}),
            "/options/0/value",
        ),
        ("PATCH", &format!("{path}/items/{item}"), json!({"gift": CARD}), "/gift"),
        ("POST", &format!("{path}/customerCareHold"), json!({"reason": CARD}), "/reason"),
        ("POST", &format!("{path}/cancel"), json!({"reason": CARD}), "/reason"),
        ("POST", "/order/v1/orders/refunds", refunds, "/refunds/0/reason"),
        ("POST", "/webhook/v1/subscriptions", webhook, "/description"),
        ("POST", "/note/v1/notes", note, "/text"),
    ] {
        let refused = stack.send(method, path, &[], body.to_string()).await;
        let errors = refused.body["errors"].as_array().unwrap_or_else(|| panic!("{path}: {}", refused.body));
        let found = errors.iter().map(|error| (&error["errorCode"], &error["pointer"])).collect::<Vec<_>>();
        assert_eq!((refused.status, found), (400, vec![(&json!("CARD_NUMBER"), &json!(pointer))]), "{path}");
        assert!(!shared::card::is_in(&refused.body.to_string()), "{}", refused.body);
    }
    // One order of a bulk is rejected, the other is stored.
    let bulk = stack.post(&format!("{NETWORK}/bulk"), &json!({"bulk": [order("fine"), with_note]})).await;
    let [fine, refused] = [0, 1].map(|index| &bulk.body["bulk"][index]);
    assert_eq!((&fine["status"], &refused["status"]), (&json!(201), &json!(400)), "{}", bulk.body);
    assert_eq!(refused["response"]["errors"][0]["pointer"], "/bulk/1/meta/note");
}
