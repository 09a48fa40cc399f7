//! Subscriptions to webhooks: making, changing, testing them.
//!
//! A change is made to the version that was read. With an `If-Match` the caller says which version that must be;
//! without one a change that meets another is simply made again on what the other left. A change under an idempotency key
//! leaves a mark, by which it is known as done when it comes again.

use shared::Code;
use shared::ids::MerchantId;
use shared::limits::SUBSCRIPTIONS_MAX;
use shared::network::event::Event;
use shared::time::Timestamp;
use shared::webhook::{EventKind, SubscriptionId, random_webhook_id};

use super::precondition::Versions;
use crate::context::NoRandomness;
use crate::outbound::Transport;
use crate::outbound::signature::Secret;
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::deliveries::Delivery;
use crate::store::idempotency::with_mark;
use crate::store::keys::Key;
use crate::store::subscriptions::{Subscribed, Subscription};
use crate::webhooks::attempt::{Attempt, post};

/// How often a change is made again that met another.
const CHANGES_MAX: u32 = 5;

/// What a subscription is made of.
#[derive(Clone, Debug)]
pub(crate) struct NewSubscription {
    pub(crate) url: String,
    pub(crate) events: Vec<EventKind>,
    pub(crate) description: Option<String>,
    pub(crate) is_enabled: bool,
}

/// A change of a subscription: what is none stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct SubscriptionPatch {
    pub(crate) url: Option<String>,
    pub(crate) events: Option<Vec<EventKind>>,
    pub(crate) description: Option<Option<String>>,
    pub(crate) is_enabled: Option<bool>,
}

/// The subscription that a request is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) merchant: &'a MerchantId,
    /// As it stands in the path.
    pub(crate) id: &'a str,
    /// The versions of which it must have one (`If-Match`).
    pub(crate) versions: Option<&'a Versions>,
}

impl Target<'_> {
    /// Reads it: another merchant's is not there.
    pub(crate) async fn read(&self, table: &Table) -> Result<Subscription, Refusal> {
        let found = match SubscriptionId::parse(self.id) {
            Ok(id) => table.subscription(self.merchant, &id).await?,
            Err(_) => None,
        };
        found.ok_or_else(|| self.not_found())
    }

    fn not_found(&self) -> Refusal {
        Refusal::not_found("subscription", "id", self.id)
    }

    /// Makes sure that it is a version that the caller knows.
    fn matching(&self, found: Subscription) -> Result<Subscription, Refusal> {
        Versions::require(self.versions, "subscription", found.version)?;
        Ok(found)
    }

    /// Makes a change until it holds. One that changes nothing is not written.
    async fn change(
        &self,
        table: &Table,
        edit: impl Fn(Subscription) -> Result<Subscription, Refusal>,
    ) -> Result<Subscription, Refusal> {
        for attempt in 0..CHANGES_MAX {
            table.context.pause(attempt).await;
            let found = self.read(table).await?;
            let mark = table.mark(0);
            if mark.as_ref().is_some_and(|mark| found.marks.contains(mark)) {
                return Ok(found);
            }
            let found = self.matching(found)?;
            let edited = edit(found.clone())?;
            if edited == found {
                return Ok(found);
            }
            let marks = mark.map_or_else(|| found.marks.clone(), |mark| with_mark(&found.marks, mark));
            let (version, updated_at) = (found.version.saturating_add(1), table.context.now());
            let next = Subscription { version, updated_at, marks, ..edited };
            if table.replace_subscription(&next).await? {
                return Ok(next);
            }
        }
        Err(Refusal::rule(Code::TryAgain))
    }
}

/// Makes a subscription with a secret of its own. One whose id is taken was made under the same key.
pub(crate) async fn subscribe(
    table: &Table,
    merchant: &MerchantId,
    new: NewSubscription,
) -> Result<Subscription, Refusal> {
    let now = table.accepted_at();
    let subscription = Subscription {
        merchant: merchant.clone(),
        id: SubscriptionId::new(table.bytes("subscription", 0).map_err(no_randomness)?),
        version: 1,
        url: new.url,
        events: new.events,
        description: new.description,
        is_enabled: new.is_enabled,
        disabled_reason: None,
        secret: Secret::generate(table.bytes("secret", 0).map_err(no_randomness)?),
        previous: Vec::new(),
        created_at: now,
        updated_at: now,
        marks: Vec::new(),
    };
    match table.insert_subscription(&subscription).await? {
        Subscribed::New => Ok(subscription),
        Subscribed::Taken if table.is_retry() => Ok(subscription),
        Subscribed::Taken => Err(Refusal::rule(Code::TryAgain)),
        Subscribed::TooMany => Err(Refusal::new(
            Code::TooManySubscriptions,
            format!("a merchant has at most {SUBSCRIPTIONS_MAX} subscriptions: delete one first"),
        )),
    }
}

/// Changes a subscription. Enabling it again clears why we had disabled it.
pub(crate) async fn patch(
    table: &Table,
    target: Target<'_>,
    patch: SubscriptionPatch,
) -> Result<Subscription, Refusal> {
    let edit = |found: Subscription| {
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
    target.change(table, edit).await
}

/// Gives a subscription a new secret; those before it sign as well for so many seconds at most.
pub(crate) async fn rotate(table: &Table, target: Target<'_>, overlap_seconds: i64) -> Result<Subscription, Refusal> {
    let secret = Secret::generate(table.bytes("secret", 0).map_err(no_randomness)?);
    let now = table.accepted_at();
    let until = Timestamp::from_milliseconds(now.milliseconds().saturating_add(overlap_seconds.saturating_mul(1000)));
    target.change(table, |found| Ok(found.rotated(secret.clone(), now, until))).await
}

/// Deletes a subscription. What is on its way to it finds it gone and ends.
pub(crate) async fn unsubscribe(table: &Table, target: Target<'_>) -> Result<(), Refusal> {
    for attempt in 0..CHANGES_MAX {
        table.context.pause(attempt).await;
        let found = target.matching(target.read(table).await?)?;
        if table.delete_subscription(&found).await? {
            return Ok(());
        }
    }
    Err(Refusal::rule(Code::TryAgain))
}

/// What came of a test.
#[derive(Clone, Debug)]
pub(crate) struct Tested {
    pub(crate) webhook_id: String,
    pub(crate) attempt: Attempt,
}

/// Sends a signed event to the URL, now, and waits for the answer. It is one attempt, for a disabled subscription too, so
/// that its owner can see whether to enable it; and it changes nothing but the log.
pub(crate) async fn test(
    table: &Table,
    transport: &dyn Transport,
    target: Target<'_>,
    request_id: &str,
) -> Result<Tested, Refusal> {
    let subscription = target.read(table).await?;
    let webhook_id = random_webhook_id(table.bytes("webhook", 0).map_err(no_randomness)?);
    let payload = serde_json::to_string(&Event::test(request_id, target.merchant)).map_err(|error| {
        tracing::error!(%error, "an event cannot be written");
        Refusal::rule(Code::Internal)
    })?;
    let attempt = post(transport, &table.context, &subscription, &webhook_id, &payload).await;
    let key = Key::delivery(target.merchant, &subscription.id, attempt.at, &webhook_id);
    table.insert_delivery(&Delivery::of_test(key, webhook_id.clone(), payload, attempt.clone())).await?;
    Ok(Tested { webhook_id, attempt })
}

fn no_randomness(error: NoRandomness) -> Refusal {
    tracing::error!(%error, "no secret can be drawn");
    Refusal::rule(Code::Internal)
}
