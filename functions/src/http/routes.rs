//! Every route of the HTTP functions, in one table.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, patch, post, put};
use shared::Code;

use super::{
    App, audit, bulk, finish, idempotency, inbound, manage, network, notes, refunds, search, shipments,
    transformations, updates, validate, webhooks,
};
use crate::refusal::Refusal;

/// Which function serves a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// `orders-create`.
    Create,
    /// `orders-query`.
    Query,
    /// `orders-manage`.
    Manage,
    /// `webhooks`.
    Webhooks,
}

/// One route.
#[derive(Clone, Copy)]
pub struct Route {
    /// Its function.
    pub server: Server,
    /// Its method, in upper case.
    pub method: &'static str,
    /// Its path; `{name}` stands for one segment.
    pub path: &'static str,
    handler: fn() -> MethodRouter<App>,
}

/// The table. `template.yaml` declares the same routes; a test compares the two.
pub const ROUTES: &[Route] = &[
    Route { server: Server::Create, method: "POST", path: "/v2/orders", handler: || post(bulk::create) },
    Route { server: Server::Create, method: "POST", path: "/order/v1/orders", handler: || post(network::create) },
    Route {
        server: Server::Create,
        method: "POST",
        path: "/order/v1/orders/bulk",
        handler: || post(network::create_bulk),
    },
    Route {
        server: Server::Create,
        method: "POST",
        path: "/order/v1/orders/validate",
        handler: || post(validate::validate),
    },
    Route {
        server: Server::Create,
        method: "POST",
        path: "/order/v1/orders/bulk/validate",
        handler: || post(validate::validate_bulk),
    },
    Route { server: Server::Query, method: "GET", path: "/v2/orders", handler: || get(bulk::list) },
    Route { server: Server::Query, method: "GET", path: "/order/v1/orders/{orderId}", handler: || get(network::by_id) },
    Route {
        server: Server::Query,
        method: "GET",
        path: "/order/v1/orders/safeId/{safeId}",
        handler: || get(network::by_safe_id),
    },
    Route { server: Server::Query, method: "GET", path: "/order/v1/orders", handler: || get(search::orders) },
    Route { server: Server::Query, method: "GET", path: "/order/v1/orders/search", handler: || get(search::orders) },
    Route {
        server: Server::Query,
        method: "GET",
        path: "/order/v1/orders/bulk",
        handler: || get(search::orders_by_ids),
    },
    Route { server: Server::Query, method: "GET", path: "/order/v1/orderItems", handler: || get(search::items) },
    Route {
        server: Server::Query,
        method: "GET",
        path: "/order/v1/orders/items/{orderItemId}",
        handler: || get(search::item),
    },
    Route {
        server: Server::Query,
        method: "GET",
        path: "/order/v1/orders/{orderId}/auditLogs",
        handler: || get(audit::of_order),
    },
    Route {
        server: Server::Query,
        method: "GET",
        path: "/order/v1/orders/safeId/{safeId}/auditLogs",
        handler: || get(audit::of_safe_id),
    },
    Route {
        server: Server::Query,
        method: "GET",
        path: "/order/v1/orders/items/{orderItemId}/auditLogs",
        handler: || get(audit::of_order_item),
    },
    Route {
        server: Server::Query,
        method: "GET",
        path: "/order/v1/orders/countByStatus",
        handler: || get(network::count_by_status),
    },
    Route { server: Server::Query, method: "GET", path: "/shipment/v1/{shipmentId}", handler: || get(shipments::read) },
    Route {
        server: Server::Query,
        method: "GET",
        path: "/shipment/v1/orders/{orderId}/shipments",
        handler: || get(shipments::of_order),
    },
    Route {
        server: Server::Manage,
        method: "POST",
        path: "/order/v1/orders/{orderId}/cancel",
        handler: || post(manage::cancel),
    },
    Route {
        server: Server::Manage,
        method: "POST",
        path: "/order/v1/orders/{orderId}/customerCareHold",
        handler: || post(manage::hold),
    },
    Route {
        server: Server::Manage,
        method: "POST",
        path: "/order/v1/orders/{orderId}/customerCareHold/release",
        handler: || post(manage::release),
    },
    Route {
        server: Server::Manage,
        method: "POST",
        path: "/order/v1/orders/{orderId}/startProcessing",
        handler: || post(manage::start),
    },
    Route {
        server: Server::Manage,
        method: "POST",
        path: "/order/v1/orders/{orderId}/refreshProcessing",
        handler: || post(manage::refresh),
    },
    Route {
        server: Server::Manage,
        method: "PATCH",
        path: "/order/v1/orders/{orderId}/items/{orderItemId}",
        handler: || patch(updates::update_item),
    },
    Route {
        server: Server::Manage,
        method: "PATCH",
        path: "/order/v1/orders/{orderId}",
        handler: || patch(updates::update),
    },
    Route {
        server: Server::Manage,
        method: "PATCH",
        path: "/order/v1/orders/bulk",
        handler: || patch(updates::update_bulk),
    },
    Route {
        server: Server::Manage,
        method: "POST",
        path: "/order/v1/orders/refunds",
        handler: || post(refunds::refund),
    },
    Route {
        server: Server::Manage,
        method: "POST",
        path: "/shipment/v1/{shipmentId}/progress",
        handler: || post(shipments::progress),
    },
    Route { server: Server::Create, method: "POST", path: INBOUND_ORDERS, handler: || post(inbound::create) },
    Route { server: Server::Create, method: "POST", path: "/v1/inbound/orders", handler: || post(inbound::create) },
    Route { server: Server::Query, method: "GET", path: INBOUND_ORDER, handler: || get(inbound::read) },
    Route {
        server: Server::Query,
        method: "GET",
        path: "/v1/inbound/orders/{receiptId}",
        handler: || get(inbound::read),
    },
    Route { server: Server::Create, method: "POST", path: TRANSFORMATIONS, handler: || post(transformations::create) },
    Route { server: Server::Query, method: "GET", path: TRANSFORMATIONS, handler: || get(transformations::list) },
    Route { server: Server::Query, method: "GET", path: TRANSFORMATION, handler: || get(transformations::read) },
    Route { server: Server::Create, method: "PUT", path: TRANSFORMATION, handler: || put(transformations::replace) },
    Route {
        server: Server::Create,
        method: "DELETE",
        path: TRANSFORMATION,
        handler: || delete(transformations::delete),
    },
    Route {
        server: Server::Create,
        method: "POST",
        path: "/order/v1/inbound/transformations/{transformationId}/test",
        handler: || post(transformations::test),
    },
    Route { server: Server::Manage, method: "POST", path: NOTES, handler: || post(notes::create) },
    Route { server: Server::Query, method: "GET", path: NOTES, handler: || get(notes::list) },
    Route { server: Server::Query, method: "GET", path: NOTE, handler: || get(notes::read) },
    Route { server: Server::Manage, method: "PUT", path: NOTE, handler: || put(notes::replace) },
    Route { server: Server::Manage, method: "DELETE", path: NOTE, handler: || delete(notes::delete) },
    Route {
        server: Server::Query,
        method: "GET",
        path: "/note/v1/notes/{noteId}/auditLogs",
        handler: || get(audit::of_note),
    },
    Route { server: Server::Query, method: "GET", path: "/health", handler: || get(health) },
    Route { server: Server::Webhooks, method: "POST", path: SUBSCRIPTIONS, handler: || post(webhooks::create) },
    Route { server: Server::Webhooks, method: "GET", path: SUBSCRIPTIONS, handler: || get(webhooks::list) },
    Route { server: Server::Webhooks, method: "GET", path: SUBSCRIPTION, handler: || get(webhooks::read) },
    Route { server: Server::Webhooks, method: "PATCH", path: SUBSCRIPTION, handler: || patch(webhooks::patch) },
    Route { server: Server::Webhooks, method: "DELETE", path: SUBSCRIPTION, handler: || delete(webhooks::delete) },
    Route {
        server: Server::Webhooks,
        method: "POST",
        path: "/webhook/v1/subscriptions/{subscriptionId}/test",
        handler: || post(webhooks::test),
    },
    Route {
        server: Server::Webhooks,
        method: "POST",
        path: "/webhook/v1/subscriptions/{subscriptionId}/rotateSecret",
        handler: || post(webhooks::rotate),
    },
    Route {
        server: Server::Webhooks,
        method: "GET",
        path: "/webhook/v1/subscriptions/{subscriptionId}/deliveries",
        handler: || get(webhooks::deliveries),
    },
];

const INBOUND_ORDERS: &str = "/order/v1/inbound/orders";
const INBOUND_ORDER: &str = "/order/v1/inbound/orders/{receiptId}";
const TRANSFORMATIONS: &str = "/order/v1/inbound/transformations";
const TRANSFORMATION: &str = "/order/v1/inbound/transformations/{transformationId}";
const NOTES: &str = "/note/v1/notes";
const NOTE: &str = "/note/v1/notes/{noteId}";
const SUBSCRIPTIONS: &str = "/webhook/v1/subscriptions";
const SUBSCRIPTION: &str = "/webhook/v1/subscriptions/{subscriptionId}";

/// The router of one function. A request for which it has no route is answered by [`unrouted`].
pub(crate) fn router(server: Server, app: App) -> Router {
    let routes = ROUTES.iter().filter(|route| route.server == server);
    // axum answers HEAD where there is GET; the gateway has no such route, so neither have we.
    let mount = |router: Router<App>, route: &Route| match route.method {
        "GET" => router.route(route.path, (route.handler)().head(unrouted)),
        _ => router.route(route.path, (route.handler)()),
    };
    let router = routes.fold(Router::new(), mount);
    router
        .fallback(unrouted)
        .method_not_allowed_fallback(unrouted)
        .layer(axum::middleware::from_fn_with_state(app.clone(), idempotency::replay))
        .layer(axum::middleware::from_fn(finish::finish))
        .with_state(app)
}

/// `GET /health`: that the function runs, and its version.
async fn health() -> impl IntoResponse {
    axum::Json(serde_json::json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// What no route takes: 405 where the path exists for another method, else 404. `OPTIONS` asks what there is: a browser's
/// question before a call from another origin may come this way, and goes well by any answer of success.
async fn unrouted(request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let mut allowed: Vec<&str> = Vec::new();
    for route in ROUTES.iter().filter(|route| matches(route.path, path)) {
        if !allowed.contains(&route.method) {
            allowed.push(route.method);
        }
    }
    // Two routes may fit, of which the one without parameters is asked and does not take the method.
    allowed.retain(|known| *known != method.as_str());
    if allowed.is_empty() {
        return Refusal::new(Code::NotFound, "no route has this path").into_response();
    }
    allowed.push(Method::OPTIONS.as_str());
    let allowed = allowed.join(", ");
    let mut response = match *method {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => refuse_method(method, &allowed).into_response(),
    };
    if let Ok(value) = HeaderValue::from_str(&allowed) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

fn refuse_method(method: &Method, allowed: &str) -> Refusal {
    Refusal::new(Code::MethodNotAllowed, format!("this path takes {allowed}, not {method}"))
}

fn matches(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(expected), Some(segment))
                if expected == segment || (expected.starts_with('{') && !segment.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn templates_match_segment_by_segment() {
        assert!(matches("/order/v1/orders/{orderId}", "/order/v1/orders/65ad"));
        assert!(!matches("/order/v1/orders/{orderId}", "/order/v1/orders/"));
        assert!(!matches("/order/v1/orders/{orderId}", "/order/v1/orders/65ad/items"));
        assert!(!matches("/v2/orders", "/v2"));
    }
}
