//! Routes, credentials, unknown paths and methods.

use std::collections::BTreeSet;

use functions::routes::ROUTES;
use serde_json::json;

use crate::support::{DEMO, OTHER, Stack, order, two_merchants};

#[tokio::test]
async fn template_and_routers_declare_the_same_routes() {
    let stack = Stack::start().await;
    let declared: BTreeSet<(String, String)> = stack
        .running
        .stack
        .functions
        .iter()
        .flat_map(|function| &function.routes)
        .filter_map(|route| Some((route.method.clone()?, route.path.clone()?)))
        .collect();
    let routed = ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(declared, routed);
}

/// Every route but `/health` answers 401 without credentials, with half of them, and with wrong ones.
#[tokio::test]
async fn no_route_answers_without_valid_credentials() {
    let stack = Stack::start().await;
    let wrong: &[&[(&str, &str)]] = &[
        &[],
        &[("authorization", "Bearer wrong"), ("x-api-key", "demo-api-key")],
        &[("authorization", "Basic demo-bearer-token"), ("x-api-key", "demo-api-key")],
        &[("authorization", "Bearer demo-api-key"), ("x-api-key", "demo-bearer-token")],
        &[("x-api-key", "demo-api-key")],
    ];
    for route in ROUTES.iter().filter(|route| route.path != "/health") {
        let path = route.path.replace("{orderId}", "aaaaaaaaaaaaaaaaaaaaa000").replace("{safeId}", "a");
        let path = path.replace("{subscriptionId}", "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let path = path.replace(['{', '}'], "");
        let bulk_order_api = path.starts_with("/v2");
        let without_key: &[(&str, &str)] = &[("authorization", "Bearer demo-bearer-token")];
        for headers in wrong.iter().chain(bulk_order_api.then_some(&without_key)) {
            let reply = stack.client.send(route.method, &path, headers, "{}").await;
            let code = if bulk_order_api { &reply.body["error"] } else { &reply.body["code"] };
            assert_eq!((reply.status, code), (401, &json!("UNAUTHORIZED")), "{} {path} {headers:?}", route.method);
            let has_token = headers.iter().any(|(_, value)| value.starts_with("Bearer "));
            let names_the_error = has_token && !bulk_order_api;
            let challenge = if names_the_error { "Bearer error=\"invalid_token\"" } else { "Bearer" };
            assert_eq!(reply.header("www-authenticate"), challenge, "{path} {headers:?}");
        }
    }
    assert_eq!(stack.client.send("GET", "/health", &[], "").await.status, 200);
}

/// The key and the token must belong to one account.
#[tokio::test]
async fn credentials_of_two_accounts_do_not_mix() {
    let stack = Stack::with(two_merchants(), &[]).await;
    let mixed = [DEMO[0], OTHER[1], DEMO[2]];
    assert_eq!(stack.client.send("GET", "/v2/orders", &mixed, "").await.status, 401);

    // One account's resources do not exist for the other.
    let created = stack.post("/order/v1/orders", &order("mine")).await;
    for path in [created.header("location"), "/order/v1/orders/safeId/mine"] {
        assert_eq!(stack.client.send("GET", path, OTHER, "").await.status, 404, "{path}");
    }
    let paid = stack
        .post("/v2/orders", &json!({"clientOrderNumber": "n", "products": [{"sku": "8PX-UF-Y5U", "quantity": 1}]}))
        .await;
    let id = paid.body["data"]["transactionId"].as_str().unwrap();
    for query in ["".to_owned(), format!("?transactionId={id}"), "?clientOrderNumber=n".to_owned()] {
        let reply = stack.client.send("GET", &format!("/v2/orders{query}"), OTHER, "").await;
        assert_eq!(reply.body["data"]["total"], 0, "{query}");
    }
}

#[tokio::test]
async fn unknown_paths_are_404_and_other_methods_405() {
    let stack = Stack::start().await;
    for (method, path, status, allow) in [
        ("GET", "/", 404, ""),
        ("GET", "/v2/nothing", 404, ""),
        ("GET", "/order/v1/orders/a/b", 404, ""),
        ("DELETE", "/v2/orders", 405, "POST, GET, OPTIONS"),
        ("DELETE", "/order/v1/orders/bulk", 405, "POST, GET, PATCH, OPTIONS"),
        ("POST", "/health", 405, "GET, OPTIONS"),
        ("PUT", "/order/v1/orders", 405, "POST, GET, OPTIONS"),
        ("HEAD", "/v2/orders", 405, "POST, GET, OPTIONS"),
    ] {
        let reply = stack.send(method, path, &[], "").await;
        assert_eq!((reply.status, reply.header("allow")), (status, allow), "{method} {path}");
        let code = reply.body.get("code").or(reply.body.get("error"));
        if method == "HEAD" {
            continue; // An answer to HEAD has no body.
        }
        assert_eq!(code.unwrap(), if status == 404 { "NOT_FOUND" } else { "METHOD_NOT_ALLOWED" });
    }
    let options = stack.client.send("OPTIONS", "/order/v1/orders/aaaaaaaaaaaaaaaaaaaaa000", &[], "").await;
    assert_eq!((options.status, options.header("allow")), (204, "GET, PATCH, OPTIONS"));
}

#[tokio::test]
async fn a_malformed_query_is_400() {
    let stack = Stack::start().await;
    let reply = stack.get("/v2/orders?limit=1&limit=2").await;
    assert_eq!((reply.status, &reply.body["error"]), (400, &json!("INVALID_PARAMETER")));
}

#[tokio::test]
async fn malformed_ids_are_404() {
    let stack = Stack::start().await;
    for id in ["x", "AAAAAAAAAAAAAAAAAAAAA000", "aaaaaaaaaaaaaaaaaaaaa001", "..%2F..", "%00", "%ff", "safeId"] {
        let reply = stack.get(&format!("/order/v1/orders/{id}")).await;
        assert_eq!((reply.status, &reply.body["code"]), (404, &json!("NOT_FOUND")), "{id}");
    }
    for id in ["x", "a%20b", "%F0%9F%98%80"] {
        assert_eq!(stack.get(&format!("/order/v1/orders/safeId/{id}")).await.status, 404, "{id}");
    }
}
