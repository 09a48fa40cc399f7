//! Calls to external systems: webhook subscribers and vendors.
//!
//! Third parties choose the addresses, so no call may reach internal systems: [`guard`] decides which addresses may be
//! called, [`client`] calls only those, and requests are signed ([`signature`]), so that the receiver can identify the
//! sender.
//!
//! ```text
//! url ── guard: form, host ── resolver: every address of the name ── guard: each of them ── connect to those ── TLS
//! ```

pub(crate) mod client;
pub(crate) mod guard;
pub(crate) mod signature;

use std::fmt;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use futures_util::future::BoxFuture;

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// The beginning of its body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The address may not be called: it is private, or not HTTPS.
    #[error("the address is refused: {0}")]
    Refused(String),
    /// Nothing answered in time.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The connection failed.
    #[error("no connection: {0}")]
    Failed(String),
}

/// Carries one request to its address.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends a request and returns the answer. A redirect is an answer; nothing follows it.
    fn send(&self, request: Request<Bytes>, timeout: Duration) -> BoxFuture<'static, Result<Answer, OutboundError>>;
}
