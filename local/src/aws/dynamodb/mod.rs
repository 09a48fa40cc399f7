//! DynamoDB on this machine: the embedded `dynoxide` behind a permission check.
//!
//! ```text
//! SDK ── 127.0.0.1:PORT ── permissions ([`access`]) ── private loopback port ── dynoxide's own server ── SQLite
//! ```
//!
//! `dynoxide` does not export its router and request checks, so requests are forwarded to its server over a private
//! loopback port: calling the database directly would lose the server's DynamoDB-compatible error messages. That server
//! runs on its own thread, because it blocks on SQLite and its single lock admits one call at a time anyway. The stream
//! is read in process ([`StreamReader`]), and tables are created from the template ([`create_table`]).

mod access;
pub(crate) mod direct;
mod forward;
pub(crate) mod memory;
mod partiql;
mod stream;
mod table;
pub(crate) mod tables;

pub use stream::{SequenceNumber, StreamError, StreamReader};
pub use table::{TableError, create_table};

use super::iam::{self, Denied, Identities};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, Uri, header::CONTENT_TYPE},
    response::Response,
    routing::post,
    serve::ListenerExt as _,
};
use dynoxide::Database;
use forward::Upstream;
use futures_util::future::BoxFuture;
use serde_json::json;
use std::{io, sync::Arc};
use tokio::net::TcpListener;

/// DynamoDB's limit for a request.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// Serves DynamoDB on `listener` until `shutdown` and checks each call against the caller's policies.
///
/// # Errors
///
/// The listener fails, or no private port is available.
#[must_use]
pub fn serve(
    listener: TcpListener,
    database: Database,
    identities: Arc<Identities>,
    shutdown: BoxFuture<'static, ()>,
) -> BoxFuture<'static, io::Result<()>> {
    // Boxed so that it is compiled once and not in each program that awaits it.
    Box::pin(async move {
        let upstream = Upstream::start(database).await?;
        let state = Arc::new(Endpoint { identities, upstream });
        let router = Router::new().route("/", post(call)).layer(DefaultBodyLimit::max(LARGEST_BODY)).with_state(state);
        // Without it, a large response waits for the client's delayed acknowledgement.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, router).with_graceful_shutdown(shutdown).await
    })
}

struct Endpoint {
    identities: Arc<Identities>,
    upstream: Upstream,
}

async fn call(State(endpoint): State<Arc<Endpoint>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    match permitted(&endpoint.identities, &headers, &body) {
        Ok(()) => endpoint.upstream.forward(&uri, headers, body).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Why a call does not reach the database.
enum Refusal {
    UnknownOperation,
    Unreadable,
    Denied(Denied),
}

fn permitted(identities: &Identities, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = target
        .strip_prefix("DynamoDB_20120810.")
        .or_else(|| target.strip_prefix("DynamoDBStreams_20120810."))
        .ok_or(Refusal::UnknownOperation)?;
    let key = iam::access_key_id(headers).map_err(Refusal::Denied)?;
    let body = serde_json::from_slice(body).map_err(|_| Refusal::Unreadable)?;
    may(identities, key, operation, &body)
}

/// Whether the holder of the key may make the call.
fn may(identities: &Identities, key: &str, operation: &str, body: &serde_json::Value) -> Result<(), Refusal> {
    let needed = access::needed(operation, body).ok_or(Refusal::UnknownOperation)?;
    for access in needed {
        identities.authorize(key, &access.action, &access.resource).map_err(Refusal::Denied)?;
    }
    Ok(())
}

impl Refusal {
    fn into_response(self) -> Response {
        answer(StatusCode::BAD_REQUEST, &self.body())
    }

    fn body(self) -> serde_json::Value {
        match self {
            Self::UnknownOperation => json!({"__type": "com.amazon.coral.service#UnknownOperationException"}),
            Self::Unreadable => json!({"__type": "com.amazon.coral.service#SerializationException"}),
            Self::Denied(denied) => {
                let (kind, member) = match denied {
                    Denied::MissingToken => ("MissingAuthenticationTokenException", "message"),
                    Denied::UnknownKey => ("UnrecognizedClientException", "message"),
                    Denied::NotAllowed { .. } | Denied::Forbidden { .. } => ("AccessDeniedException", "Message"),
                };
                json!({"__type": format!("com.amazon.coral.service#{kind}"), member: denied.to_string()})
            }
        }
    }
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, axum::http::HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}
