//! The gateway: an HTTP API of API Gateway on 127.0.0.1, as the template declares it.
//!
//! ```text
//! client ── CORS, limits, throttling ── route ── authorizer function ── event (payload format 2.0) ── function
//! ```
//!
//! A request becomes the same event that AWS would send and is parsed by `lambda_http`, so a function sees the same
//! request as on AWS: the stage, the request id, the authorizer's context.

mod cors;
mod event;
mod routes;
mod throttle;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use axum::response::{IntoResponse, Response};
use functions::cost::Cost;
use http_body_util::{BodyExt, Limited};
use lambda_http::request::LambdaRequest;
use serde_json::{Value, json};

use crate::invoke::Invoke;
use crate::template::{Api, Stack};
use routes::{Match, Routes};
use throttle::Throttle;

/// API Gateway accepts bodies up to 10 MB.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// A Lambda event holds 6 MB, and so does a response.
const EVENT_BYTES_MAX: usize = 6 * 1024 * 1024;

pub(crate) use event::RequestId;

/// The gateway of a stack.
pub(crate) struct Gateway {
    routes: Routes,
    api: Option<Api>,
    functions: Arc<dyn Invoke>,
    throttle: Option<Throttle>,
}

impl Gateway {
    pub(crate) fn new(stack: &Stack, functions: Arc<dyn Invoke>) -> Self {
        let throttle = stack.api.as_ref().and_then(|api| api.throttling).map(Throttle::new);
        Self { routes: Routes::new(&stack.functions), api: stack.api.clone(), functions, throttle }
    }

    /// The router of all requests.
    pub(crate) fn router(self) -> Router {
        Router::new().fallback(serve).with_state(Arc::new(self))
    }

    /// Answers one request.
    pub(crate) async fn respond(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let rules = self.api.as_ref().and_then(|api| api.cors.as_ref());
        if let Some(answer) = rules.and_then(|rules| cors::preflight(rules, &parts)) {
            return answer;
        }
        let origin = parts.headers.get(header::ORIGIN).cloned();
        let (Ok(mut response) | Err(mut response)) = self.answer(parts, body).await;
        if let (Some(rules), Some(origin)) = (rules, origin) {
            cors::allow(rules, &origin, response.headers_mut());
        }
        response
    }

    async fn answer(&self, parts: Parts, body: Body) -> Result<Response, Response> {
        if self.throttle.as_ref().is_some_and(|throttle| !throttle.admits()) {
            return Err(gateway_error(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"));
        }
        let matched = self.routes.find(&parts).ok_or_else(|| gateway_error(StatusCode::NOT_FOUND, "Not Found"))?;
        let body = read(body).await?;
        let context = event::context(&parts, &matched.route_key);
        let authorizer = self.authorize(&parts, &matched, &context).await?;
        self.call(&parts, &matched, event::with_authorizer(context, authorizer), &body).await
    }

    /// Calls the route's authorizer; returns the context that it provides.
    async fn authorize(&self, parts: &Parts, matched: &Match<'_>, context: &Value) -> Result<Option<Value>, Response> {
        let Some(name) = &matched.route.authorizer else { return Ok(None) };
        let function = self.api.as_ref().and_then(|api| api.authorizers.get(name));
        let function =
            function.ok_or_else(|| gateway_error(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"))?;
        let request = event::authorizer_request(parts, matched, context);
        let answer = self.functions.invoke(function, request).await.map_err(|error| {
            tracing::error!(function, error, "authorizer {function} failed");
            gateway_error(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        })?;
        if answer.get("isAuthorized").and_then(Value::as_bool) == Some(true) {
            Ok(Some(answer.get("context").cloned().unwrap_or_else(|| json!({}))))
        } else {
            Err(gateway_error(StatusCode::FORBIDDEN, "Forbidden"))
        }
    }

    async fn call(
        &self,
        parts: &Parts,
        matched: &Match<'_>,
        context: Value,
        body: &Bytes,
    ) -> Result<Response, Response> {
        let failed = || gateway_error(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
        let event = event::request(parts, matched, context, body).map_err(|error| {
            tracing::error!(%error, "the event could not be built");
            failed()
        })?;
        if event.body.as_ref().is_some_and(|body| escaped_bytes(body) > EVENT_BYTES_MAX) {
            return Err(gateway_error(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"));
        }
        let request = lambda_http::Request::from(LambdaRequest::ApiGatewayV2(event));
        let response = self.functions.call(matched.function, request).await.map_err(|error| {
            tracing::error!(function = matched.function, error, "function {} failed", matched.function);
            failed()
        })?;
        let mut response = within_lambda(response).await.ok_or_else(failed)?;
        if let Some(value) =
            response.extensions().get::<Cost>().and_then(|cost| HeaderValue::from_str(&cost.to_string()).ok())
        {
            response.headers_mut().insert("x-cost", value);
        }
        Ok(response)
    }
}

async fn serve(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    gateway.respond(request).await
}

async fn read(body: Body) -> Result<Bytes, Response> {
    let collected = Limited::new(body, BODY_BYTES_MAX).collect().await;
    let too_large = |_| gateway_error(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    collected.map(http_body_util::Collected::to_bytes).map_err(too_large)
}

/// A response that fits into Lambda's limit; a longer one is lost on AWS, so it is lost here too.
async fn within_lambda(response: Response) -> Option<Response> {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.ok()?.to_bytes();
    let fits = escaped_bytes(&String::from_utf8_lossy(&bytes)) <= EVENT_BYTES_MAX;
    if !fits {
        tracing::error!(bytes = bytes.len(), "the answer is longer than Lambda's 6 MB");
    }
    fits.then(|| Response::from_parts(parts, Body::from(bytes)))
}

/// Bytes of a text inside the event's JSON.
fn escaped_bytes(text: &str) -> usize {
    let bytes = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(bytes).sum()
}

/// A response of the gateway itself.
fn gateway_error(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(json!({ "message": message }))).into_response()
}
