//! The events of an HTTP API, payload format 2.0.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use axum::body::Bytes;
use axum::http::{HeaderValue, header, request::Parts};
use base64::Engine;
use serde_json::{Map, Value, json};

use super::routes::Match;
use crate::template::ACCOUNT;

const API_ID: &str = "local";
const DOMAIN: &str = "local.execute-api.localhost";

/// The id for the request; without it the gateway generates one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestId(pub(crate) uuid::Uuid);

/// The request context that function and authorizer receive.
pub(super) fn context(parts: &Parts, route_key: &str) -> Value {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let id = parts.extensions.get().map_or_else(uuid::Uuid::new_v4, |RequestId(id)| *id);
    let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    json!({
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "domainName": DOMAIN,
        "domainPrefix": API_ID,
        "http": {
            "method": parts.method.as_str(),
            "path": parts.uri.path(),
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": user_agent,
        },
        "requestId": id.to_string(),
        "routeKey": route_key,
        "stage": "$default",
        "timeEpoch": u64::try_from(since_epoch.as_millis()).unwrap_or(0),
    })
}

/// The same with the authorizer's context.
pub(super) fn with_authorizer(mut context: Value, found: Option<Value>) -> Value {
    if let (Some(found), Some(members)) = (found, context.as_object_mut()) {
        members.insert("authorizer".to_owned(), json!({ "lambda": found }));
    }
    context
}

/// The event for an authorizer.
pub(super) fn authorizer_request(parts: &Parts, matched: &Match<'_>, context: &Value) -> Value {
    let headers: Map<String, Value> = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), Value::from(value.to_str().ok()?))))
        .collect();
    json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": format!("arn:aws:execute-api:us-east-1:{ACCOUNT}:{API_ID}/$default/{}", matched.route_key),
        "identitySource": null,
        "routeKey": matched.route_key,
        "rawPath": parts.uri.path(),
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": context,
        "pathParameters": matched.path_parameters,
    })
}

/// The event for a function. Bytes that are not UTF-8 are sent as base64, as on AWS.
pub(super) fn request(
    parts: &Parts,
    matched: &Match<'_>,
    context: Value,
    body: &Bytes,
) -> Result<ApiGatewayV2httpRequest, serde_json::Error> {
    let mut event: ApiGatewayV2httpRequest = serde_json::from_value(json!({
        "version": "2.0",
        "routeKey": matched.route_key,
        "rawPath": parts.uri.path(),
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": {},
        "requestContext": context,
        "pathParameters": matched.path_parameters,
        "isBase64Encoded": false,
    }))?;
    event.headers = parts.headers.clone();
    event.headers.insert(header::HOST, HeaderValue::from_static(DOMAIN));
    if !body.is_empty() {
        let text = std::str::from_utf8(body);
        event.is_base64_encoded = text.is_err();
        event.body = Some(text.map_or_else(|_| base64::engine::general_purpose::STANDARD.encode(body), str::to_owned));
    }
    Ok(event)
}
