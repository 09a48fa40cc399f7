//! One attempt: a signed POST and its outcome.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderValue, Request, header};
use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

use crate::context::Context;
use crate::outbound::signature::sign;
use crate::outbound::{Answer, OutboundError, Transport};
use crate::store::subscriptions::Subscription;

/// Timeout of a subscriber (docs/webhooks.md#retries).
pub(crate) const TIMEOUT: Duration = Duration::from_secs(15);
const USER_AGENT: &str = concat!("Ordermill/", env!("CARGO_PKG_VERSION"));
/// Characters that are kept of an error.
const ERROR_CHARACTERS_MAX: usize = 200;

/// The outcome of an attempt: a status, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// Start, in milliseconds since the epoch.
    pub(crate) at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    pub(crate) duration_ms: i64,
}

impl Attempt {
    /// Only a 2xx is a success: redirects are failures.
    pub(crate) fn is_delivered(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// The subscriber wants no more events (410 Gone).
    pub(crate) fn is_gone(&self) -> bool {
        self.status == Some(410)
    }

    pub(crate) fn not_made(at: Timestamp, reason: &str) -> Self {
        Self { at, status: None, error: Some(reason.to_owned()), duration_ms: 0 }
    }
}

/// Sends a payload to a subscription's URL, signed with its valid secrets.
pub(crate) async fn post(
    transport: &dyn Transport,
    context: &Context,
    subscription: &Subscription,
    webhook_id: &str,
    payload: &str,
) -> Attempt {
    let at = context.now();
    let answer = match request(subscription, webhook_id, payload, at) {
        Ok(request) => transport.send(request, TIMEOUT).await,
        Err(refused) => Err(refused),
    };
    let duration_ms = context.now().milliseconds_since(at).max(0);
    let (status, error) = match answer {
        Ok(Answer { status, .. }) => (Some(status.as_u16()), None),
        Err(error) => (None, Some(error.to_string().chars().take(ERROR_CHARACTERS_MAX).collect())),
    };
    Attempt { at, status, error, duration_ms }
}

fn request(
    subscription: &Subscription,
    webhook_id: &str,
    payload: &str,
    at: Timestamp,
) -> Result<Request<Bytes>, OutboundError> {
    let refused = |error: &dyn std::fmt::Display| OutboundError::Refused(error.to_string());
    let body = Bytes::copy_from_slice(payload.as_bytes());
    let mut request = Request::post(&subscription.url).body(body).map_err(|error| refused(&error))?;
    let secrets = subscription.signing_secrets(at);
    let signed = sign(&secrets, webhook_id, at.seconds(), payload.as_bytes()).map_err(|error| refused(&error))?;
    let headers = request.headers_mut();
    headers.extend(signed);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::Attempt;
    use shared::time::Timestamp;

    #[test]
    fn only_2xx_is_delivered() {
        let of =
            |status| Attempt { at: Timestamp::from_milliseconds(0), status: Some(status), error: None, duration_ms: 1 };
        let delivered: Vec<u16> = (100..600).filter(|status| of(*status).is_delivered()).collect();
        assert_eq!(delivered, (200..300).collect::<Vec<_>>());
        assert!(of(410).is_gone() && !of(404).is_gone());
        assert!(!Attempt::not_made(Timestamp::from_milliseconds(0), "r").is_delivered());
    }
}
