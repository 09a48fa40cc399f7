//! What is specific to webhook subscriptions; [`super::entity`] has the rest.

use shared::ids::MerchantId;
use shared::order_network::event::Event;
use shared::webhook::{EventKind, random_webhook_id};

use super::entity::{self, Target};
use crate::outbound::Transport;
use crate::outbound::signature::Secret;
use crate::refusal::Refusal;
use crate::store::deliveries::Delivery;
use crate::store::entity::Stored;
use crate::store::keys::Key;
use crate::store::subscriptions::Subscription;
use crate::store::{StoreError, Table};
use crate::webhooks::attempt::{Attempt, post};

#[derive(Clone, Debug)]
pub(crate) struct NewSubscription {
    pub(crate) url: String,
    pub(crate) events: Vec<EventKind>,
    pub(crate) description: Option<String>,
    pub(crate) is_enabled: bool,
}

/// A change of a subscription: absent members stay.
#[derive(Clone, Debug, Default)]
pub(crate) struct SubscriptionPatch {
    pub(crate) url: Option<String>,
    pub(crate) events: Option<Vec<EventKind>>,
    pub(crate) description: Option<Option<String>>,
    pub(crate) is_enabled: Option<bool>,
}

pub(crate) async fn subscribe(
    table: &Table,
    merchant: &MerchantId,
    new: NewSubscription,
) -> Result<Stored<Subscription>, Refusal> {
    let subscription = Subscription {
        url: new.url,
        events: new.events,
        description: new.description,
        is_enabled: new.is_enabled,
        disabled_reason: None,
        secret: Secret::generate(table.bytes("secret", 0)?),
        previous: Vec::new(),
    };
    entity::create(table, merchant, subscription).await
}

/// Changes a subscription. Enabling it clears the reason why it was disabled.
pub(crate) async fn patch(
    table: &Table,
    target: Target<'_>,
    patch: SubscriptionPatch,
) -> Result<Stored<Subscription>, Refusal> {
    let edit = |found: &Stored<Subscription>| {
        let found = found.value.clone();
        let is_enabled = patch.is_enabled.unwrap_or(found.is_enabled);
        Ok(Subscription {
            url: patch.url.clone().unwrap_or(found.url),
            events: patch.events.clone().unwrap_or(found.events),
            description: patch.description.clone().unwrap_or(found.description),
            disabled_reason: found.disabled_reason.filter(|_| !is_enabled),
            is_enabled,
            ..found
        })
    };
    target.change(table, "Update", edit).await
}

/// Replaces the secret; earlier ones sign for at most `overlap_seconds` more.
pub(crate) async fn rotate(
    table: &Table,
    target: Target<'_>,
    overlap_seconds: i64,
) -> Result<Stored<Subscription>, Refusal> {
    let (secret, now) = (Secret::generate(table.bytes("secret", 0)?), table.accepted_at());
    let until = now.plus(overlap_seconds.saturating_mul(1000));
    let edit = |found: &Stored<Subscription>| Ok(found.value.clone().rotated(secret.clone(), now, until));
    target.change(table, "RotateSecret", edit).await
}

#[derive(Clone, Debug)]
pub(crate) struct Tested {
    pub(crate) webhook_id: String,
    pub(crate) attempt: Attempt,
}

/// Sends a signed event to the URL and waits for the answer. It makes one attempt, even for a disabled subscription, so
/// that its owner can decide whether to enable it. Only the log changes.
pub(crate) async fn test(
    table: &Table,
    transport: &dyn Transport,
    target: Target<'_>,
    request_id: &str,
) -> Result<Tested, Refusal> {
    let subscription = target.read::<Subscription>(table).await?;
    let webhook_id = random_webhook_id(table.bytes("webhook", 0)?);
    let payload = serde_json::to_string(&Event::test(request_id, target.merchant)).map_err(StoreError::fault)?;
    let attempt = post(transport, &table.context, &subscription, &webhook_id, &payload).await;
    let key = Key::delivery(target.merchant, &subscription.id, attempt.at, &webhook_id);
    table.insert(&Delivery::of_test(key, webhook_id.clone(), payload, attempt.clone())).await?;
    Ok(Tested { webhook_id, attempt })
}
