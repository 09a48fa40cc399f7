//! One merchant's resources do not exist for another: checks every route, with each id in its path, its query and its
//! body. The tests cover new routes through the route table, or fail until this file knows their ids.

mod refusal_order;

use std::collections::BTreeMap;

use functions::routes::{ROUTES, Route};
use serde_json::{Value, json};
use shared::ids::{MerchantId, OrderId, SafeId, ShipmentId};

use crate::idempotency::settled;
use crate::inbound::{INBOUND, TRANSFORMATIONS};
use crate::notes::{NOTES, about};
use crate::support::{DEMO as OURS, MERCHANT, OTHER as THEIRS, OTHER_MERCHANT, Reply, Stack, order, two_merchants};

const JSON: (&str, &str) = ("content-type", "application/json");
const THEIR_VENDOR: &[(&str, &str)] = &[("authorization", "Bearer other-vendor-token"), JSON];
/// Occurs in all of our resources, and in nothing that the other merchant may see.
const SECRET: &str = "Confidential";
/// Routes that need no credentials.
const PUBLIC: &[(&str, &str)] = &[("GET", "/health")];

/// Two merchants, each with a vendor of the same name.
async fn stack() -> Stack {
    let mut data = two_merchants();
    let hand = json!([{"id": "hand", "name": "By hand", "port": "manual", "skuPrefixes": [""]}]);
    for merchant in &mut data.merchants {
        merchant.vendors = serde_json::from_value(hand.clone()).unwrap();
    }
    let token = json!([{"vendorId": "hand", "bearerToken": "other-vendor-token"}]);
    data.merchants[1].vendor_tokens = serde_json::from_value(token).unwrap();
    Stack::with(data, &[("AllowLoopbackWebhooks", "true")]).await
}

/// One resource for each path parameter, by the parameter's name.
struct Things(BTreeMap<&'static str, String>);

impl Things {
    /// Creates them for the merchant with these credentials. Their texts start with `word`.
    async fn make(stack: &Stack, headers: &[(&str, &str)], word: &str) -> Self {
        let post = |path: &'static str, body: Value| async move {
            let reply = stack.client.send("POST", path, headers, body.to_string()).await;
            assert!(matches!(reply.status, 200..=202), "{path}: {}", reply.body);
            reply.body
        };
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let safe_id = format!("{word}-waiting");
        let mut waiting = order(&safe_id);
        waiting["shippingAddress"]["firstName"] = json!(word);
        waiting["items"][0]["externalId"] = json!(format!("{word}-item"));
        (waiting["automaticProcessing"], waiting["externalId"]) = (json!(false), json!(format!("{word}-external")));
        let waiting = post("/order/v1/orders", waiting).await;
        let mut worked = order(&format!("{word}-worked"));
        worked["shippingAddress"]["firstName"] = json!(word);
        let worked = text(&post("/order/v1/orders", worked).await["order"]["id"]);
        let subscription = json!({"url": "http://127.0.0.1:9/", "events": ["ShipmentUpdate"], "description": word});
        let subscription = post("/webhook/v1/subscriptions", subscription).await;
        let paid = json!({"clientOrderNumber": word, "products": [{"sku": "8PX-UF-Y5U", "quantity": 1}]});
        let paid = post("/v2/orders", paid).await;
        let order_id = text(&waiting["order"]["id"]);
        let note = post(NOTES, about("Order", &order_id, word)).await;
        let transformation = json!({"name": word, "rules": [{"to": "/externalId", "constant": word}]});
        let transformation = post(TRANSFORMATIONS, transformation).await;
        let receipt = post(INBOUND, json!({"body": {"shippingAddress": {"firstName": word}}})).await;
        let path = format!("/shipment/v1/orders/{worked}/shipments");
        let mut shipment = Value::Null;
        for _ in 0..1200 {
            shipment = stack.client.send("GET", &path, headers, "").await.body["shipments"][0].clone();
            if shipment.is_object() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        Self(BTreeMap::from([
            ("orderItemId", text(&waiting["order"]["items"][0]["id"])),
            ("shortId", text(&waiting["order"]["shortId"])),
            ("orderId", order_id),
            ("safeId", safe_id),
            ("shipmentId", text(&shipment["id"])),
            ("shippedItemId", text(&shipment["orderItemIDs"][0])),
            ("subscriptionId", text(&subscription["subscription"]["id"])),
            ("noteId", text(&note["note"]["id"])),
            ("transformationId", text(&transformation["transformation"]["id"])),
            ("receiptId", text(&receipt["receipt"]["id"])),
            ("transactionId", text(&paid["data"]["transactionId"])),
        ]))
    }

    /// Well-formed ids that nobody has.
    fn of_nobody() -> Self {
        let id = OrderId::derive(&MerchantId::parse(OTHER_MERCHANT).unwrap(), &SafeId::parse("nobody").unwrap());
        Self(BTreeMap::from([
            ("orderItemId", id.item_id(0)),
            ("orderId", id.to_string()),
            ("safeId", "nobody".to_owned()),
            ("shipmentId", ShipmentId::new(&id, 1).to_string()),
            ("subscriptionId", "ffffffff-ffff-4fff-bfff-ffffffffffff".to_owned()),
            ("transformationId", "ffffffff-ffff-4fff-bfff-ffffffffffff".to_owned()),
            ("receiptId", "ffffffff-ffff-4fff-bfff-ffffffffffff".to_owned()),
            ("noteId", "f".repeat(24)),
        ]))
    }

    fn id(&self, parameter: &str) -> &str {
        self.0.get(parameter).unwrap_or_else(|| {
            panic!(
                "the path parameter {{{parameter}}} is new: make a thing that has it in `Things::make`, and add an id of \
                 its form to `Things::of_nobody`"
            )
        })
    }
}

fn parameters(route: &Route) -> Vec<&'static str> {
    let segments = route.path.split('/');
    segments.filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect()
}

/// The path with an id for each parameter.
fn path<'i>(route: &Route, id: impl Fn(usize, &str) -> &'i str) -> String {
    let of = |path: String, (index, name): (usize, &&str)| path.replace(&format!("{{{name}}}"), id(index, name));
    parameters(route).iter().enumerate().fold(route.path.to_owned(), of)
}

/// A body that the route accepts, so that only the id can be rejected.
fn body_of(route: &Route) -> Value {
    match (route.method, route.path.rsplit('/').next().unwrap_or_default()) {
        ("POST", "cancel" | "customerCareHold") => json!({"reason": "a"}),
        ("POST", "progress") => json!({"shipmentStatus": 3}),
        ("PATCH", "{orderId}") => json!({"meta": {"a": "b"}}),
        ("PATCH", "{orderItemId}") => json!({"fulfillmentReady": true}),
        ("PATCH", "{subscriptionId}") => json!({"isEnabled": false}),
        ("PUT", "{noteId}") => json!({"text": "a"}),
        ("PUT", "{transformationId}") => json!({"name": "a", "rules": [{"to": "", "from": ""}]}),
        ("POST", "test") => json!({"body": {}}),
        _ => json!({}),
    }
}

async fn send(stack: &Stack, route: &Route, path: &str, headers: &[(&str, &str)]) -> Reply {
    let body = if matches!(route.method, "GET" | "DELETE") { String::new() } else { body_of(route).to_string() };
    stack.client.send(route.method, path, headers, body).await
}

/// The answer without what differs between requests.
fn comparable(reply: &Reply, id: impl Fn(usize, &str) -> String, route: &Route) -> String {
    let mut body = reply.body.clone();
    body.as_object_mut().unwrap().remove("requestId");
    let names = parameters(route);
    let hide = |text: String, (index, name): (usize, &&str)| text.replace(&id(index, name), "[id]");
    names.iter().enumerate().fold(format!("{} {body}", reply.status), hide)
}

#[tokio::test]
async fn foreign_ids_are_not_found() {
    let stack = stack().await;
    let (ours, theirs) = (Things::make(&stack, OURS, SECRET).await, Things::make(&stack, THEIRS, "Plain").await);
    let unknown_things = Things::of_nobody();
    let before = settled(&stack).await;
    let mut with_ids: Vec<&Route> = ROUTES.iter().filter(|route| !parameters(route).is_empty()).collect();
    for route in &with_ids {
        let name = format!("{} {}", route.method, route.path);
        // Every combination in which at least one id is ours and the others are their own.
        for ways in 1..1_usize << parameters(route).len() {
            let is_foreign = |index: usize| ways >> index & 1 == 1;
            let foreign = |index, name: &str| if is_foreign(index) { ours.id(name) } else { theirs.id(name) };
            let unknown = |index, name: &str| if is_foreign(index) { unknown_things.id(name) } else { theirs.id(name) };
            let reply = send(&stack, route, &path(route, foreign), THEIRS).await;
            assert_eq!(
                (reply.status, &reply.body["code"]),
                (404, &json!("NOT_FOUND")),
                "{name}: {} (if its body is refused first: add one that it takes to `body_of`)",
                reply.body
            );
            let nothing = send(&stack, route, &path(route, unknown), THEIRS).await;
            let shown = comparable(&reply, |index, name| foreign(index, name).to_owned(), route);
            assert!(!shown.contains(SECRET) && reply.header("etag").is_empty(), "{name}: {shown}");
            assert_eq!(
                shown,
                comparable(&nothing, |index, name| unknown(index, name).to_owned(), route),
                "{name} tells another merchant's id from one that nobody has"
            );
        }
        let all = path(route, |_, name| ours.id(name));
        let by_vendor = send(&stack, route, &all, THEIR_VENDOR).await;
        assert!(matches!(by_vendor.status, 403 | 404), "{name} by a vendor: {}", by_vendor.body);
    }
    assert!(settled(&stack).await == before, "a request with another merchant's id has changed something");

    // The owner finds the resources with the very same requests; deletes come last.
    with_ids.sort_by_key(|route| route.method == "DELETE");
    for route in with_ids {
        let found = send(&stack, route, &path(route, |_, name| ours.id(name)), OURS).await;
        let is_reached = matches!(found.status, 200..=299 | 422);
        assert!(is_reached, "{} {}: {} {}", route.method, route.path, found.status, found.body);
    }
}

#[tokio::test]
async fn no_route_accepts_an_id_without_a_token() {
    let stack = stack().await;
    let ours = Things::make(&stack, OURS, SECRET).await;
    let before = settled(&stack).await;
    for route in ROUTES.iter().filter(|route| !PUBLIC.contains(&(route.method, route.path))) {
        let path = path(route, |_, name| ours.id(name));
        for headers in [&[JSON][..], &[("authorization", "Bearer nobody"), ("x-api-key", "nobody"), JSON]] {
            let reply = send(&stack, route, &path, headers).await;
            let code = reply.body.get("code").or(reply.body.get("error"));
            assert_eq!((reply.status, code), (401, Some(&json!("UNAUTHORIZED"))), "{} {path}", route.method);
            assert!(!reply.body.to_string().contains(SECRET), "{path}");
        }
    }
    assert!(settled(&stack).await == before, "a request without a token has changed something");
}

/// Lists and searches return nothing of another merchant, whichever of its ids is used.
#[tokio::test]
async fn no_query_reaches_another_merchant() {
    let stack = stack().await;
    let (ours, _) = (Things::make(&stack, OURS, SECRET).await, Things::make(&stack, THEIRS, "Plain").await);
    // Counts have no single resource.
    let sums = ["/health", "/order/v1/orders/countByStatus"];
    let queries = [
        String::new(),
        format!("ids={}", ours.id("orderId")),
        format!("orderId={}", ours.id("orderId")),
        format!("safeId={}", ours.id("safeId")),
        format!("shortId={}", ours.id("shortId")),
        format!("externalId={SECRET}-external"),
        format!("q={SECRET}"),
        format!("transactionId={}", ours.id("transactionId")),
        format!("clientOrderNumber={SECRET}"),
        format!("resourceType=Order&resourceId={}", ours.id("orderId")),
    ];
    // A product id is the merchant's own word for it.
    for (headers, word) in [(OURS, SECRET), (OURS, SECRET), (THEIRS, "Plain"), (THEIRS, "Plain")] {
        stack.client.send("POST", NOTES, headers, about("Product", "same", word).to_string()).await;
    }
    let lists = ROUTES.iter().filter(|route| route.method == "GET" && parameters(route).is_empty());
    for route in lists.filter(|route| !sums.contains(&route.path)) {
        let mut seen = 0;
        for query in &queries {
            let path = format!("{}?{query}", route.path);
            let own = stack.client.send("GET", &path, OURS, "").await;
            let secrets = [SECRET, ours.id("transactionId")];
            seen += usize::from(secrets.iter().any(|secret| own.body.to_string().contains(secret)));
            let foreign = stack.client.send("GET", &path, THEIRS, "").await;
            assert!(matches!(foreign.status, 200 | 400), "{path}: {}", foreign.body);
            for secret in secrets {
                assert!(!foreign.body.to_string().contains(secret), "{path}: {}", foreign.body);
            }
        }
        assert!(
            seen > 0,
            "{}: add a query to `queries` by which its owner finds something that says `{SECRET}`",
            route.path
        );
    }
    let read = stack.client.send("GET", &format!("/order/v1/orders/bulk?ids={}", ours.id("orderId")), THEIRS, "").await;
    assert_eq!((read.status, &read.body["bulk"][0]["status"]), (200, &json!(404)));

    // A cursor continues the list of the merchant that sends it.
    for list in ["/order/v1/orders?pageSize=1", "/note/v1/notes?resourceType=Product&resourceId=same&pageSize=1"] {
        let first = stack.client.send("GET", list, OURS, "").await;
        let cursor = first.body["nextCursor"].as_str().unwrap();
        let next = stack.client.send("GET", &format!("{list}&cursor={cursor}"), THEIRS, "").await;
        assert!(next.status == 200 && !next.body.to_string().contains(SECRET), "{list}: {}", next.body);
    }
}

/// Bodies that mix our ids with theirs, and the expected answers.
fn bodies_of(route: &Route, ours: &Things, theirs: &Things) -> Vec<(Value, u16, &'static str)> {
    let refund = |order: &Things, item: &Things| {
        let row = json!({"itemId": item.id("orderItemId"), "amount": 1, "reason": "a"});
        json!({"orderId": order.id("orderId"), "refunds": [row]})
    };
    let mut of_ours = order("theirs");
    of_ours["merchantId"] = json!(MERCHANT);
    let mut reprint = order("reprint");
    reprint["reprint"] = json!({"originalOrderId": ours.id("orderId")});
    let mut note = about("Product", "p", "a");
    note["merchantId"] = json!(MERCHANT);
    match (route.method, route.path) {
        ("POST", "/order/v1/orders") => {
            vec![(of_ours, 403, "MERCHANT_MISMATCH"), (reprint, 400, "NOT_FOUND")]
        }
        ("POST", "/order/v1/orders/refunds") => {
            vec![(refund(ours, ours), 404, "NOT_FOUND"), (refund(theirs, ours), 400, "NO_SUCH_ITEM")]
        }
        ("POST", "/order/v1/orders/{orderId}/cancel") => {
            let items = json!([{"itemId": ours.id("orderItemId")}]);
            vec![(json!({"reason": "a", "items": items}), 400, "NO_SUCH_ITEM")]
        }
        ("POST", "/shipment/v1/{shipmentId}/progress") => {
            let packages = json!([{"orderItemIDs": [ours.id("shippedItemId")]}]);
            vec![(json!({"shipmentStatus": 4, "packages": packages}), 400, "NO_SUCH_ITEM")]
        }
        ("POST", NOTES) => vec![
            (note, 403, "MERCHANT_MISMATCH"),
            (about("Order", ours.id("orderId"), "a"), 404, "NOT_FOUND"),
            (about("OrderItem", ours.id("orderItemId"), "a"), 404, "NOT_FOUND"),
            (about("Shipment", ours.id("shipmentId"), "a"), 404, "NOT_FOUND"),
        ],
        ("PUT", "/note/v1/notes/{noteId}") => vec![
            (about("Order", ours.id("orderId"), "a"), 400, "NOT_UPDATABLE"),
            (json!({"id": ours.id("noteId"), "text": "a"}), 400, "NOT_UPDATABLE"),
        ],
        ("POST", INBOUND | "/v1/inbound/orders") => vec![
            (json!({"body": {}, "merchantId": MERCHANT}), 403, "MERCHANT_MISMATCH"),
            (json!({"body": {}, "transformationId": ours.id("transformationId")}), 404, "NOT_FOUND"),
        ],
        // Bulks have a status for each entry.
        ("POST", "/order/v1/orders/bulk") | ("PATCH", "/order/v1/orders/bulk") => Vec::new(),
        // They look nothing up, or only name what they create.
        ("POST", "/v2/orders" | "/order/v1/orders/validate" | "/order/v1/orders/bulk/validate")
        | ("POST", "/webhook/v1/subscriptions" | TRANSFORMATIONS) => Vec::new(),
        // Their bodies have no ids.
        ("PATCH", _)
        | ("POST", "/order/v1/orders/{orderId}/customerCareHold")
        | ("PUT", "/order/v1/inbound/transformations/{transformationId}")
        | ("POST", "/order/v1/inbound/transformations/{transformationId}/test") => Vec::new(),
        (
            "POST",
            "/order/v1/orders/{orderId}/customerCareHold/release"
            | "/order/v1/orders/{orderId}/startProcessing"
            | "/order/v1/orders/{orderId}/refreshProcessing"
            | "/webhook/v1/subscriptions/{subscriptionId}/test"
            | "/webhook/v1/subscriptions/{subscriptionId}/rotateSecret",
        ) => Vec::new(),
        (method, path) => panic!("{method} {path} takes a body: say in `bodies_of` which ids it can name"),
    }
}

#[tokio::test]
async fn no_body_reaches_another_merchant() {
    let stack = stack().await;
    let (ours, theirs) = (Things::make(&stack, OURS, SECRET).await, Things::make(&stack, THEIRS, "Plain").await);
    let before = settled(&stack).await;
    for route in ROUTES.iter().filter(|route| matches!(route.method, "POST" | "PATCH" | "PUT")) {
        let path = path(route, |_, name| theirs.id(name));
        for (body, status, code) in bodies_of(route, &ours, &theirs) {
            let reply = stack.client.send(route.method, &path, THEIRS, body.to_string()).await;
            let actual = &reply.body["errors"][0]["errorCode"];
            let actual = if actual.is_null() { &reply.body["code"] } else { actual };
            assert_eq!((reply.status, actual), (status, &json!(code)), "{} {path} {body}", route.method);
            assert!(!reply.body.to_string().contains(SECRET), "{}", reply.body);
        }
    }
    assert!(settled(&stack).await == before, "a body with another merchant's id has changed something");

    // In a bulk, only the entry with the foreign id is rejected.
    let entry = |things: &Things| json!({"orderId": things.id("orderId"), "meta": {"a": "b"}});
    let bulk = json!({"bulk": [entry(&ours), entry(&theirs)]}).to_string();
    let patched = stack.client.send("PATCH", "/order/v1/orders/bulk", THEIRS, bulk).await.body;
    assert_eq!((&patched["bulk"][0]["status"], &patched["bulk"][1]["status"]), (&json!(404), &json!(200)), "{patched}");
    let (mut of_ours, mut same) = (order("a"), order(&format!("{SECRET}-waiting")));
    of_ours["merchantId"] = json!(MERCHANT);
    // Names are scoped to each merchant.
    same["externalId"] = json!(format!("{SECRET}-external"));
    let bulk = json!({"bulk": [of_ours, same]}).to_string();
    let created = stack.client.send("POST", "/order/v1/orders/bulk", THEIRS, bulk).await.body;
    assert_eq!((&created["bulk"][0]["status"], &created["bulk"][1]["status"]), (&json!(403), &json!(201)), "{created}");
    assert_ne!(created["bulk"][1]["response"]["order"]["id"], *ours.id("orderId"));
    let kept = stack.client.send("GET", &format!("/order/v1/orders/{}", ours.id("orderId")), OURS, "").await;
    assert_eq!((kept.header("etag"), &kept.body["order"]["meta"]), ("\"1\"", &json!({})));
}
