//! The answers of the webhook routes.

use serde::Serialize;
use serde_json::value::RawValue;
use shared::time::Timestamp;
use shared::webhook::EventKind;

use crate::app::webhooks::Tested;
use crate::http::answer::Shown;
use crate::store::deliveries::{Delivery, DeliveryState};
use crate::store::entity::{Stored, Viewed};
use crate::store::subscriptions::Subscription;
use crate::webhooks::attempt::Attempt;

/// A subscription. The answers that create a secret contain it; the others have a hint.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schemars(rename = "Subscription"))]
pub(crate) struct SubscriptionView {
    id: String,
    url: String,
    events: Vec<EventKind>,
    description: Option<String>,
    is_enabled: bool,
    disabled_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    secret_hint: String,
    /// Until when a previous secret also signs; null if none does.
    previous_secret_expires_at: Option<String>,
    created_at: String,
    updated_at: String,
}

impl Shown for SubscriptionView {
    const NAME: &'static str = "subscription";
    const PLURAL: &'static str = "subscriptions";
}

impl Shown for DeliveryView {
    const NAME: &'static str = "delivery";
    const PLURAL: &'static str = "deliveries";
}

impl Viewed for Subscription {
    type View = SubscriptionView;

    fn view(subscription: &Stored<Self>, now: Timestamp) -> SubscriptionView {
        let until = subscription.previous.iter().map(|previous| previous.until).max().filter(|until| now < *until);
        SubscriptionView {
            id: subscription.id.to_string(),
            url: subscription.url.clone(),
            events: subscription.events.clone(),
            description: subscription.description.clone(),
            is_enabled: subscription.is_enabled,
            disabled_reason: subscription.disabled_reason.clone(),
            secret: None,
            secret_hint: subscription.secret.hint(),
            previous_secret_expires_at: until.map(Timestamp::to_rfc3339_milliseconds),
            created_at: subscription.created_at.to_rfc3339_milliseconds(),
            updated_at: subscription.updated_at.to_rfc3339_milliseconds(),
        }
    }
}

impl SubscriptionView {
    /// With the secret, which is returned only once.
    pub(super) fn revealing(subscription: &Stored<Subscription>, now: Timestamp) -> Self {
        Self { secret: Some(subscription.secret.reveal()), ..Subscription::view(subscription, now) }
    }
}

/// A delivery.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schemars(rename = "Delivery"))]
pub(crate) struct DeliveryView {
    webhook_id: String,
    event_type: String,
    order_id: Option<String>,
    shipment_id: Option<String>,
    state: DeliveryState,
    /// The number of attempts; the last ten are listed, oldest first.
    attempts: u32,
    last_attempts: Vec<AttemptView>,
    next_attempt_at: Option<String>,
    created_at: String,
    /// The payload as sent.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<serde_json::Value>"))]
    payload: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schemars(rename = "DeliveryAttempt"))]
struct AttemptView {
    at: String,
    status_code: Option<u16>,
    error: Option<String>,
    duration_ms: i64,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        let Attempt { at, status, error, duration_ms } = attempt;
        Self { at: at.to_rfc3339_milliseconds(), status_code: status, error, duration_ms }
    }
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            webhook_id: delivery.webhook_id,
            event_type: delivery.event_type,
            order_id: delivery.order_id,
            shipment_id: delivery.job.and_then(|job| job.shipment),
            state: delivery.delivery_state,
            attempts: delivery.attempts,
            last_attempts: delivery.last_attempts.into_iter().map(Into::into).collect(),
            next_attempt_at: delivery.next_attempt_at.map(Timestamp::to_rfc3339_milliseconds),
            created_at: delivery.created_at.to_rfc3339_milliseconds(),
            payload: RawValue::from_string(delivery.payload).ok(),
        }
    }
}

/// The result of a test.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schemars(rename = "SubscriptionTest"))]
pub(crate) struct TestView {
    is_delivered: bool,
    status_code: Option<u16>,
    error: Option<String>,
    duration_ms: i64,
    webhook_id: String,
}

impl From<Tested> for TestView {
    fn from(Tested { webhook_id, attempt }: Tested) -> Self {
        Self {
            is_delivered: attempt.is_delivered(),
            status_code: attempt.status,
            error: attempt.error,
            duration_ms: attempt.duration_ms,
            webhook_id,
        }
    }
}
