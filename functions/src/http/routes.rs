//! Every route of the HTTP functions, and their routers.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::Code;

pub use super::route::{HttpFunction, Route};
use super::{
    App, audit, bulk_api, finish, health, idempotency, inbound, manage, notes, orders, refunds, search, shipments,
    transformations, updates, validate, webhooks,
};
use crate::refusal::Refusal;

/// The rows of each module.
const MODULES: &[&[Route]] = &[
    bulk_api::ROUTES,
    orders::ROUTES,
    validate::ROUTES,
    search::ROUTES,
    updates::ROUTES,
    manage::ROUTES,
    refunds::ROUTES,
    audit::ROUTES,
    inbound::ROUTES,
    transformations::ROUTES,
    shipments::ROUTES,
    notes::ROUTES,
    webhooks::ROUTES,
    health::ROUTES,
];

/// Every route.
pub static ROUTES: &[Route] = {
    const ALL: [Route; count(MODULES)] = concat(MODULES);
    &ALL
};

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
const fn count(modules: &[&[Route]]) -> usize {
    let (mut sum, mut module) = (0, 0);
    while module < modules.len() {
        sum += modules[module].len();
        module += 1;
    }
    sum
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
const fn concat<const COUNT: usize>(modules: &[&[Route]]) -> [Route; COUNT] {
    let mut all = [modules[0][0]; COUNT];
    let (mut place, mut module) = (0, 0);
    while module < modules.len() {
        let mut row = 0;
        while row < modules[module].len() {
            all[place] = modules[module][row];
            place += 1;
            row += 1;
        }
        module += 1;
    }
    all
}

/// The router of one function. A request for which it has no route is answered by [`unrouted`].
pub(crate) fn router(function: HttpFunction, app: App) -> Router {
    let routes = ROUTES.iter().filter(|route| route.function == function);
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

/// Answers what no route takes: 405 where the path exists for another method, else 404. `OPTIONS` asks for the methods: a browser's
/// question before a call from another origin may come this way, and goes well by any answer of success.
async fn unrouted(request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let mut allowed: Vec<&str> = Vec::new();
    for route in ROUTES.iter().filter(|route| matches(route.path, path)) {
        if !allowed.contains(&route.method) {
            allowed.push(route.method);
        }
    }
    // Where two routes fit, the one without parameters is asked, and it does not take the method.
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
