//! `Idempotency-Key` on every POST, PATCH and PUT; [`crate::store::idempotency`] explains the mechanism.
//!
//! The layer does not know the routes. It identifies the caller as the handlers do, so an answer is only repeated to a
//! caller who could have made the request. A request without a caller passes to its handler, which refuses it.
//!
//! Final answers are kept: every success, and every refusal that the same method, path and body would get again. That
//! includes refusals that depend on state (402, 404, 409, 422): a new attempt needs a new key. Answers that depend on
//! something else are not kept: 401 (credentials), 412 (`If-Match`), 415 (`Content-Type`), 400 under
//! `Prefer: handling=strict`, 429, 5xx, and a batch with such an entry. They had no effect, or one that the next attempt
//! recognises.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use shared::Code;
use shared::ids::MerchantId;
use shared::limits::IDEMPOTENCY_KEY_CHARACTERS_MAX;

use super::answer::REPLAYED;
use super::batch::EntryStatuses;
use super::body::whole;
use super::caller::{BulkCaller, ShipmentCaller};
use super::preference::is_strict;
use super::{App, RequestId, finish};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::idempotency::{Answer, Attempt, Begun, KeyName};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The layer.
pub(super) async fn replay(State(app): State<App>, request: Request, next: Next) -> Response {
    let takes_key = matches!(*request.method(), Method::POST | Method::PATCH | Method::PUT);
    if !takes_key || !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match owner(&mut parts).await {
        Some((merchant, vendor)) => {
            let owner = (&merchant, vendor.as_deref());
            with_key(&app, owner, parts, body, next).await.unwrap_or_else(Refusal::into_response)
        }
        None => next.run(Request::from_parts(parts, body)).await,
    }
}

/// The merchant, and the vendor if that is the caller.
async fn owner(parts: &mut Parts) -> Option<(MerchantId, Option<String>)> {
    if finish::is_bulk_order_api(parts.uri.path()) {
        let BulkCaller(merchant) = BulkCaller::from_request_parts(parts, &()).await.ok()?;
        return Some((merchant, None));
    }
    let ShipmentCaller { merchant, vendor } = ShipmentCaller::from_request_parts(parts, &()).await.ok()?;
    Some((merchant, vendor))
}

async fn with_key(
    app: &App,
    (merchant, vendor): (&MerchantId, Option<&str>),
    mut parts: Parts,
    body: Body,
    next: Next,
) -> Result<Response, Refusal> {
    let body = whole(body).await?;
    let key = key(&parts.headers)?;
    let Ok(table) = Table::from_request_parts(&mut parts, app).await;
    let fingerprint = fingerprint(&parts, &body);
    let attempt = match table.begin(KeyName { merchant, vendor, key: &key }, &fingerprint).await? {
        Begun::Run(attempt) => attempt,
        Begun::Finished(answer) => return Ok(repeated(answer)),
        Begun::Running => return Err(Refusal::rule(Code::IdempotencyKeyInUse)),
        Begun::Reused => return Err(reused(&key)),
    };
    parts.extensions.insert(attempt.key());
    let (path, is_strict) = (parts.uri.path().to_owned(), is_strict(&parts.headers));
    let id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let response = next.run(Request::from_parts(parts, body.into())).await;
    Ok(keep(&table, &attempt, finish::written(response, &path, &id), is_strict).await)
}

/// Keeps a final answer. The client gets it even if it cannot be kept: a repeated request recognises the effect.
async fn keep(table: &Table, attempt: &Attempt, response: Response, is_strict: bool) -> Response {
    let (parts, body) = response.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be read");
            return Refusal::rule(Code::Internal).into_response();
        }
    };
    let entries = parts.extensions.get::<EntryStatuses>().map_or(&[][..], |EntryStatuses(entries)| entries);
    let kept = if is_final(parts.status, entries, is_strict) {
        let answer =
            Answer { status: parts.status.as_u16(), headers: texts(&parts.headers), body: body.clone().into() };
        table.finish(attempt, &answer).await
    } else {
        table.give_up(attempt).await
    };
    if let Err(error) = kept {
        tracing::warn!(%error, "the answer to a request with a key is not kept");
    }
    Response::from_parts(parts, body.into())
}

/// The header's value: 1 to 255 printable ASCII characters.
fn key(headers: &HeaderMap) -> Result<String, Refusal> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (value, more) = (values.next().map(HeaderValue::as_bytes).unwrap_or_default(), values.next());
    let fits = (1..=IDEMPOTENCY_KEY_CHARACTERS_MAX).contains(&value.len());
    let printable = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let text = std::str::from_utf8(value).ok().filter(|_| fits && printable && more.is_none());
    text.map(str::to_owned).ok_or_else(|| {
        let rule = format!(
            "the header Idempotency-Key is one value of 1 to {IDEMPOTENCY_KEY_CHARACTERS_MAX} printable ASCII characters"
        );
        Refusal::parameter("Idempotency-Key", rule, std::str::from_utf8(value).ok())
    })
}

/// A hash of method, path and body: 16 bytes.
fn fingerprint(parts: &Parts, body: &Bytes) -> Vec<u8> {
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let head = format!("{} {path}\n", parts.method);
    Sha256::new().chain_update(head).chain_update(body).finalize().iter().take(16).copied().collect()
}

fn reused(key: &str) -> Refusal {
    let message = format!("an earlier request with the Idempotency-Key `{key}` had another method, path or body");
    Refusal::new(Code::IdempotencyKeyReused, message)
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let kept = headers.iter().filter(|(name, _)| **name != header::CONTENT_LENGTH);
    kept.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))).collect()
}

fn repeated(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    let read = |(name, value): (String, String)| Some((name.parse::<HeaderName>().ok()?, value.parse().ok()?));
    response.headers_mut().extend(answer.headers.into_iter().filter_map(read));
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// Whether the same request would get the same answer again; `entries` are the statuses of a batch.
fn is_final(status: StatusCode, entries: &[u16], is_strict: bool) -> bool {
    let is_of_another_kind = |status: u16| matches!(status, 401 | 412 | 415 | 429) || (is_strict && status == 400);
    let is_final = |status: u16| status < 500 && !is_of_another_kind(status);
    is_final(status.as_u16()) && entries.iter().all(|status| is_final(*status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_printable_and_short() {
        let read = |values: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value).unwrap());
            }
            key(&headers).map_err(|refusal| (refusal.code, refusal.message))
        };
        let longest = [b'~'; IDEMPOTENCY_KEY_CHARACTERS_MAX];
        for value in [&b"a"[..], b"a b", b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", &longest] {
            assert_eq!(read(&[value]).unwrap().as_bytes(), value);
        }
        let too_long = [b'a'; IDEMPOTENCY_KEY_CHARACTERS_MAX + 1];
        for values in [&[&b""[..]][..], &[&too_long], &["ü".as_bytes()], &[b"a\tb"], &[b"a", b"b"], &[b"\xff"]] {
            let (code, message) = read(values).unwrap_err();
            assert_eq!(code, Code::InvalidParameter, "{values:?}");
            assert!(message.contains("1 to 255 printable ASCII"), "{message}");
        }
    }

    #[test]
    fn what_the_same_request_would_not_meet_again_is_not_final() {
        let is_final = |status: u16, entries: &[u16], strict| {
            super::is_final(StatusCode::from_u16(status).unwrap(), entries, strict)
        };
        assert!(is_final(201, &[], true) && is_final(409, &[], true) && !is_final(400, &[], true));
        for status in [200, 201, 202, 400, 402, 403, 404, 409, 413, 422] {
            assert!(is_final(status, &[], false), "{status}");
        }
        for status in [401, 412, 415, 429, 500, 503] {
            assert!(!is_final(status, &[], false) && !is_final(200, &[201, status], false), "{status}");
        }
        assert!(is_final(200, &[201, 409], false));
    }

    #[test]
    fn a_fingerprint_is_of_method_path_and_body() {
        let of = |method: &str, uri: &str, body: &'static str| {
            let (parts, ()) = axum::http::Request::builder().method(method).uri(uri).body(()).unwrap().into_parts();
            fingerprint(&parts, &Bytes::from_static(body.as_bytes()))
        };
        let first = of("POST", "/a", "b");
        assert_eq!(of("POST", "http://host/a", "b"), first);
        for other in [of("PATCH", "/a", "b"), of("POST", "/b", "b"), of("POST", "/a?b", "b"), of("POST", "/a", "")] {
            assert_ne!(other, first);
        }
    }
}
