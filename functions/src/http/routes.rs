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

const ALL: [Route; count(MODULES)] = concat(MODULES);

/// Every route.
pub static ROUTES: &[Route] = &ALL;

/// Method and path of every route. A function answers 405 for the routes of all others, but must not contain their
/// handlers.
static PATHS: [(&str, &str); ALL.len()] = paths();

/// The routes of one function.
pub(crate) type OwnRoutes = [Option<Route>; ALL.len()];

/// The routes of a function, to be evaluated by the compiler: then the linker drops the handlers of all others.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
pub(crate) const fn own(function: HttpFunction) -> OwnRoutes {
    let mut own = [None; ALL.len()];
    let mut row = 0;
    while row < ALL.len() {
        if ALL[row].function as usize == function as usize {
            own[row] = Some(ALL[row]);
        }
        row += 1;
    }
    own
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
const fn paths() -> [(&'static str, &'static str); ALL.len()] {
    let mut paths = [("", ""); ALL.len()];
    let mut row = 0;
    while row < ALL.len() {
        paths[row] = (ALL[row].method, ALL[row].path);
        row += 1;
    }
    paths
}

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

/// The router of one function; [`unrouted`] answers requests that match no route.
pub(crate) fn router(own: &OwnRoutes, app: App) -> Router {
    // axum answers HEAD on every GET route; the gateway has no such routes, so they are removed here.
    let mount = |router: Router<App>, route: &Route| match route.method {
        "GET" => router.route(route.path, (route.handler)().head(unrouted)),
        _ => router.route(route.path, (route.handler)()),
    };
    let router = own.iter().flatten().fold(Router::new(), mount);
    router
        .fallback(unrouted)
        .method_not_allowed_fallback(unrouted)
        .layer(axum::middleware::from_fn_with_state(app.clone(), idempotency::replay))
        .layer(axum::middleware::from_fn(finish::finish))
        .with_state(app)
}

/// Answers requests that match no route: 405 if the path exists with another method, else 404. `OPTIONS` returns the
/// methods; a browser's CORS preflight may end up here and accepts any success.
async fn unrouted(request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let mut allowed: Vec<&str> = Vec::new();
    for (method, _) in PATHS.iter().filter(|(_, template)| matches(template, path)) {
        if !allowed.contains(method) {
            allowed.push(method);
        }
    }
    // If two paths match, the gateway has chosen the one without parameters, which lacks the method.
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
