//! The outermost layer: gives each request its id and meter, logs it, and writes the body of a refusal.

use std::time::Instant;

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use lambda_http::request::RequestContext;
use shared::Code;

use super::RequestId;
use crate::cost::Meter;
use crate::refusal::Refusal;

/// The refusal is an extension of the response until [`finish`], which knows the request's id and API, writes its body.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The outermost layer.
pub(crate) async fn finish(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&request);
    let meter = Meter::default();
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(meter.clone());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let challenge = challenge(request.headers(), &path);

    let mut response = written(next.run(request).await, &path, &id);
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    let cost = meter.total();
    response.extensions_mut().insert(cost);
    let (status, duration_ms) = (response.status().as_u16(), started.elapsed().as_millis());
    tracing::info!(request_id = id, %method, path, status, duration_ms, %cost, "{method} {path} {status}");
    response
}

/// The challenge of a 401 (RFC 6750, section 3). It has an error only if there is a token, and only the token can be
/// wrong.
fn challenge(headers: &HeaderMap, path: &str) -> &'static str {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let has_token = value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    if has_token && !is_bulk_order_api(path) { "Bearer error=\"invalid_token\"" } else { "Bearer" }
}

/// The response, with the body of its refusal if it is one.
pub(super) fn written(mut response: Response, path: &str, id: &str) -> Response {
    let Some(refusal) = response.extensions_mut().remove::<Refusal>() else { return response };
    let allow = response.headers_mut().remove(header::ALLOW);
    response = refusal_response(&refusal, path, id);
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

fn refusal_response(refusal: &Refusal, path: &str, id: &str) -> Response {
    let status = StatusCode::from_u16(refusal.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = if is_bulk_order_api(path) {
        (status, Json(refusal.bulk_body(id))).into_response()
    } else {
        (status, Json(refusal.network_body(id))).into_response()
    };
    if matches!(refusal.code, Code::TryAgain | Code::IdempotencyKeyInUse) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// Whether a path belongs to the bulk order API, which has error bodies of its own.
pub(super) fn is_bulk_order_api(path: &str) -> bool {
    path.starts_with("/v2/") || path == "/v2"
}

/// The gateway's request id, or a random one without a gateway.
fn request_id(request: &Request) -> String {
    let gateway = match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    gateway.unwrap_or_else(|| shared::ids::hex(&crate::context::Context::default().random::<16>().unwrap_or_default()))
}
