//! All routes check requests in the same order: 400 and 403 for the request itself, then 404, then 412. The route table
//! makes sure that new routes are covered.

use functions::routes::{ROUTES, Route};
use serde_json::{Value, json};

use super::{SECRET, Things, body_of, parameters, path, stack};
use crate::idempotency::settled;
use crate::support::{DEMO, OTHER_MERCHANT, Reply, Stack};

/// Routes that change nothing with a version.
const WITHOUT_VERSION: [&str; 2] =
    ["/order/v1/inbound/transformations/{transformationId}/test", "/webhook/v1/subscriptions/{subscriptionId}/test"];
/// Has no body.
const WITHOUT_BODY: &str = "/webhook/v1/subscriptions/{subscriptionId}/test";

async fn send(stack: &Stack, route: &Route, path: &str, body: &Value, if_match: Option<&str>) -> Reply {
    let headers: Vec<(&str, &str)> = if_match.map(|tag| ("if-match", tag)).into_iter().collect();
    let body = if route.method == "DELETE" { String::new() } else { body.to_string() };
    stack.send(route.method, path, &headers, body).await
}

#[tokio::test]
async fn request_errors_precede_not_found_which_precedes_version_conflicts() {
    let stack = stack().await;
    let (ours, unknown_things) = (Things::make(&stack, DEMO, SECRET).await, Things::of_nobody());
    let before = settled(&stack).await;
    let changes = ROUTES.iter().filter(|route| route.method != "GET" && !parameters(route).is_empty());
    for route in changes {
        let name = format!("{} {}", route.method, route.path);
        let known = path(route, |_, name| ours.id(name));
        let unknown = path(route, |_, name| unknown_things.id(name));
        // No id has this form.
        let malformed = path(route, |_, _| "x.y");
        let body = body_of(route);
        let with = |merchant: Value| {
            let mut body = body.clone();
            body["merchantId"] = merchant;
            body
        };
        for tag in [None, Some("\"99\""), Some("W/\"1\""), Some("garbled")] {
            if route.method != "DELETE" && route.path != WITHOUT_BODY {
                for path in [&known, &unknown, &malformed] {
                    let broken = send(&stack, route, path, &with(json!(7)), tag).await;
                    assert_eq!(broken.status, 400, "{name} {path} {tag:?}: {}", broken.body);
                    assert_eq!(broken.body["errors"][0]["pointer"], "/merchantId", "{name}: {}", broken.body);
                    let foreign = send(&stack, route, path, &with(json!(OTHER_MERCHANT)), tag).await;
                    let found = (foreign.status, &foreign.body["code"]);
                    assert_eq!(found, (403, &json!("MERCHANT_MISMATCH")), "{name} {path} {tag:?}: {}", foreign.body);
                }
            }
            for path in [&unknown, &malformed] {
                let missing = send(&stack, route, path, &body, tag).await;
                assert_eq!(missing.status, 404, "{name} {path} {tag:?}: {}", missing.body);
            }
            if tag.is_some() && !WITHOUT_VERSION.contains(&route.path) {
                let stale = send(&stack, route, &known, &body, tag).await;
                let found = (stale.status, &stale.body["code"]);
                assert_eq!(found, (412, &json!("PRECONDITION_FAILED")), "{name} {tag:?}: {}", stale.body);
            }
        }
    }
    assert!(settled(&stack).await == before, "a request that was refused has changed something");
}

#[tokio::test]
async fn a_list_reports_query_errors_before_not_found() {
    let stack = stack().await;
    let (ours, unknown_things) = (Things::make(&stack, DEMO, SECRET).await, Things::of_nobody());
    let is_list =
        |route: &&Route| matches!(route.path.rsplit('/').next(), Some("auditLogs" | "shipments" | "deliveries"));
    let lists: Vec<&Route> = ROUTES.iter().filter(is_list).collect();
    assert!(lists.len() > 5);
    for route in lists {
        for path in [
            path(route, |_, name| ours.id(name)),
            path(route, |_, name| unknown_things.id(name)),
            path(route, |_, _| "x.y"),
        ] {
            for (query, parameter) in [("cursor=x", "Cursor"), ("pageSize=0", "PageSize"), ("page=x", "Page")] {
                let refused = stack.get(&format!("{path}?{query}")).await;
                let found = (refused.status, &refused.body["errors"][0]["propertyName"]);
                assert_eq!(found, (400, &json!(parameter)), "{path}?{query}: {}", refused.body);
            }
        }
    }
}
