//! Subscriptions to webhooks.
//!
//! A subscription is one item, written whole on the condition of the version that was read, so that two changes never
//! lose one another. The merchant's count of them stands beside them and moves in the same transaction as they come and
//! go: that makes the limit exact.
//!
//! Secrets are stored as they are, because signing needs them; the table is encrypted at rest, and only the functions
//! that sign or manage them may read these items.

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use serde::{Deserialize, Serialize};
use shared::ids::MerchantId;
use shared::limits::{PREVIOUS_SECRETS_MAX, SUBSCRIPTIONS_MAX};
use shared::time::Timestamp;
use shared::webhook::{EventKind, SubscriptionId};

use super::keys::{self, Key, SUBSCRIPTION};
use super::table::{Item, key_item};
use super::{StoreError, Table};
use crate::outbound::signature::Secret;

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) merchant: MerchantId,
    pub(crate) id: SubscriptionId,
    /// Raised by one with every change; its `ETag`.
    pub(crate) version: u64,
    pub(crate) url: String,
    pub(crate) events: Vec<EventKind>,
    pub(crate) description: Option<String>,
    pub(crate) is_enabled: bool,
    /// Why we disabled it; its owner needs no reason.
    pub(crate) disabled_reason: Option<String>,
    pub(crate) secret: Secret,
    /// Those before it, the newest first, each with the time until which it signs as well.
    pub(crate) previous: Vec<(Secret, Timestamp)>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// What changes under keys have left ([`super::idempotency`]).
    pub(crate) marks: Vec<String>,
}

/// What became of a new subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subscribed {
    /// It is there now.
    New,
    /// Its id was taken; nothing was written.
    Taken,
    /// The merchant has as many as it may.
    TooMany,
}

impl Subscription {
    /// The secrets that sign at present, the newest first.
    pub(crate) fn signing_secrets(&self, now: Timestamp) -> Vec<&Secret> {
        let previous = self.previous.iter().filter(|(_, until)| now < *until).map(|(secret, _)| secret);
        std::iter::once(&self.secret).chain(previous).collect()
    }

    /// With another secret. Those before it sign as well until then at the latest: none longer than it was told before. So
    /// a client that never saw the answer rotates again, and its subscriber goes on with the secret that it knows.
    pub(crate) fn rotated(self, secret: Secret, now: Timestamp, until: Timestamp) -> Self {
        let mut previous = vec![(self.secret, until)];
        previous.extend(self.previous.into_iter().map(|(secret, end)| (secret, end.min(until))));
        previous.retain(|(_, end)| now < *end);
        previous.truncate(PREVIOUS_SECRETS_MAX);
        Self { secret, previous, ..self }
    }

    fn key(&self) -> Key {
        Key::subscription(&self.merchant, &self.id)
    }
}

/// Its item.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    key: Key,
    version: u64,
    webhook_url: String,
    event_kinds: Vec<EventKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    is_enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<String>,
    signing_secret: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    previous_secrets: Vec<StoredSecret>,
    /// Milliseconds since the epoch.
    created_at: i64,
    updated_at: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    marks: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredSecret {
    secret: String,
    /// Milliseconds since the epoch.
    until: i64,
}

fn fault(error: impl std::fmt::Display) -> StoreError {
    StoreError::Fault(format!("a subscription is unreadable: {error}"))
}

fn to_item(subscription: &Subscription) -> Result<Item, StoreError> {
    let previous =
        |(secret, until): &(Secret, Timestamp)| StoredSecret { secret: secret.reveal(), until: until.milliseconds() };
    let stored = Stored {
        key: subscription.key(),
        version: subscription.version,
        webhook_url: subscription.url.clone(),
        event_kinds: subscription.events.clone(),
        description: subscription.description.clone(),
        is_enabled: subscription.is_enabled,
        disabled_reason: subscription.disabled_reason.clone(),
        signing_secret: subscription.secret.reveal(),
        previous_secrets: subscription.previous.iter().map(previous).collect(),
        created_at: subscription.created_at.milliseconds(),
        updated_at: subscription.updated_at.milliseconds(),
        marks: subscription.marks.clone(),
    };
    serde_dynamo::to_item(stored).map_err(fault)
}

fn from_item(merchant: &MerchantId, item: Item) -> Result<Subscription, StoreError> {
    let stored: Stored = serde_dynamo::from_item(item).map_err(fault)?;
    let previous = |StoredSecret { secret, until }: StoredSecret| {
        Ok((Secret::parse(&secret).map_err(fault)?, Timestamp::from_milliseconds(until)))
    };
    Ok(Subscription {
        merchant: merchant.clone(),
        id: SubscriptionId::parse(stored.key.sk.strip_prefix(SUBSCRIPTION).unwrap_or_default()).map_err(fault)?,
        version: stored.version,
        url: stored.webhook_url,
        events: stored.event_kinds,
        description: stored.description,
        is_enabled: stored.is_enabled,
        disabled_reason: stored.disabled_reason,
        secret: Secret::parse(&stored.signing_secret).map_err(fault)?,
        previous: stored.previous_secrets.into_iter().map(previous).collect::<Result<_, StoreError>>()?,
        created_at: Timestamp::from_milliseconds(stored.created_at),
        updated_at: Timestamp::from_milliseconds(stored.updated_at),
        marks: stored.marks,
    })
}

impl Table {
    /// A subscription, strongly consistent, when the merchant has it.
    pub(crate) async fn subscription(
        &self,
        merchant: &MerchantId,
        id: &SubscriptionId,
    ) -> Result<Option<Subscription>, StoreError> {
        self.get(&Key::subscription(merchant, id)).await?.map(|item| from_item(merchant, item)).transpose()
    }

    /// All of a merchant's subscriptions, strongly consistent, the oldest first. One that nobody can read is left out, so
    /// that the others are still told.
    pub(crate) async fn subscriptions(&self, merchant: &MerchantId) -> Result<Vec<Subscription>, StoreError> {
        let items = self
            .query(SUBSCRIPTIONS_MAX, |query| {
                query
                    .consistent_read(true)
                    .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                    .expression_attribute_values(":pk", AttributeValue::S(keys::subscriptions(merchant)))
                    .expression_attribute_values(":prefix", AttributeValue::S(SUBSCRIPTION.to_owned()))
            })
            .await?;
        let readable = |item: Item| {
            let sk = item.get("sk").and_then(|sk| sk.as_s().ok()).cloned();
            let subscription = from_item(merchant, item);
            subscription
                .inspect_err(|error| tracing::error!(%error, %merchant, sk, "a subscription is unreadable"))
                .ok()
        };
        let mut found: Vec<Subscription> = items.into_iter().filter_map(readable).collect();
        found.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        Ok(found)
    }

    /// Inserts a subscription.
    pub(crate) async fn insert_subscription(&self, new: &Subscription) -> Result<Subscribed, StoreError> {
        let put = Put::builder()
            .table_name(&*self.name)
            .set_item(Some(to_item(new)?))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(fault)?;
        let max = AttributeValue::N(SUBSCRIPTIONS_MAX.to_string());
        let count = self.count(
            &new.merchant,
            "1",
            "attribute_not_exists(subscriptions) OR subscriptions < :max",
            (":max", max),
        )?;
        let writes = [TransactWriteItem::builder().put(put).build(), count];
        let Err(reasons) = self.transact(&writes).await? else { return Ok(Subscribed::New) };
        Ok(match reasons.first().and_then(|reason| reason.code()) {
            Some("ConditionalCheckFailed") => Subscribed::Taken,
            _ => Subscribed::TooMany,
        })
    }

    /// Puts the next version of a subscription in the place of the one before it: false when that has changed or is gone.
    pub(crate) async fn replace_subscription(&self, next: &Subscription) -> Result<bool, StoreError> {
        let before = AttributeValue::N(next.version.saturating_sub(1).to_string());
        self.put_if(to_item(next)?, |request| {
            request.condition_expression("version = :before").expression_attribute_values(":before", before)
        })
        .await
    }

    /// Deletes a subscription that is still at this version: whether it was. Its deliveries end by themselves.
    pub(crate) async fn delete_subscription(&self, found: &Subscription) -> Result<bool, StoreError> {
        let delete = Delete::builder()
            .table_name(&*self.name)
            .set_key(Some(key_item(&found.key())))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", AttributeValue::N(found.version.to_string()))
            .build()
            .map_err(fault)?;
        let zero = AttributeValue::N("0".to_owned());
        let count = self.count(&found.merchant, "-1", "subscriptions > :zero", (":zero", zero))?;
        Ok(self.transact(&[TransactWriteItem::builder().delete(delete).build(), count]).await?.is_ok())
    }

    fn count(
        &self,
        merchant: &MerchantId,
        change: &str,
        condition: &str,
        (name, value): (&str, AttributeValue),
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&*self.name)
            .set_key(Some(key_item(&Key::subscription_count(merchant))))
            .update_expression("ADD subscriptions :change")
            .condition_expression(condition)
            .expression_attribute_values(":change", AttributeValue::N(change.to_owned()))
            .expression_attribute_values(name, value)
            .build()
            .map_err(fault)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_read_back_and_sign_with_what_is_valid() {
        let merchant = MerchantId::parse("b234ee56-7890-4f12-a123-4567890abcde").unwrap();
        let at = Timestamp::from_milliseconds;
        let mut subscription = Subscription {
            merchant: merchant.clone(),
            id: SubscriptionId::new([5; 16]),
            version: 7,
            url: "https://example.com/".to_owned(),
            events: vec![EventKind::OrderUpdate],
            description: None,
            is_enabled: true,
            disabled_reason: None,
            secret: Secret::generate([1; 32]),
            previous: vec![(Secret::generate([2; 32]), at(100)), (Secret::generate([3; 32]), at(50))],
            created_at: at(1),
            updated_at: at(2),
            marks: vec!["m".to_owned()],
        };
        assert_eq!(from_item(&merchant, to_item(&subscription).unwrap()).unwrap(), subscription);
        let signing = |now: i64| subscription.signing_secrets(at(now)).len();
        assert_eq!((signing(49), signing(50), signing(99), signing(100)), (3, 2, 2, 1));
        subscription.previous.clear();
        subscription.marks.clear();
        subscription.description = Some("d".to_owned());
        assert_eq!(from_item(&merchant, to_item(&subscription).unwrap()).unwrap(), subscription);
        assert_eq!(subscription.signing_secrets(at(0)), [&Secret::generate([1; 32])]);
    }

    #[test]
    fn earlier_secrets_sign_until_their_end_and_none_longer_than_was_asked_for_last() {
        let at = Timestamp::from_milliseconds;
        let secret = |number: u8| Secret::generate([number; 32]);
        let mut subscription = Subscription {
            merchant: MerchantId::parse("b234ee56-7890-4f12-a123-4567890abcde").unwrap(),
            id: SubscriptionId::new([5; 16]),
            version: 1,
            url: "https://example.com/".to_owned(),
            events: vec![EventKind::OrderUpdate],
            description: None,
            is_enabled: true,
            disabled_reason: None,
            secret: secret(1),
            previous: Vec::new(),
            created_at: at(1),
            updated_at: at(1),
            marks: Vec::new(),
        };
        subscription = subscription.rotated(secret(2), at(0), at(100)).rotated(secret(3), at(10), at(110));
        assert_eq!(subscription.previous, [(secret(2), at(110)), (secret(1), at(100))]);
        let shorter = subscription.clone().rotated(secret(4), at(20), at(30));
        assert_eq!(shorter.previous, [(secret(3), at(30)), (secret(2), at(30)), (secret(1), at(30))]);
        assert_eq!(subscription.clone().rotated(secret(4), at(20), at(20)).previous, []);
        assert_eq!(subscription.clone().rotated(secret(4), at(105), at(205)).previous.len(), 2, "one has ended");
        for number in 4..40 {
            subscription = subscription.rotated(secret(number), at(20), at(120));
        }
        assert_eq!((subscription.previous.len(), &subscription.previous[0].0), (PREVIOUS_SECRETS_MAX, &secret(38)));
    }
}
