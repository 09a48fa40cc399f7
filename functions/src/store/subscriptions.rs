//! Subscriptions to webhooks.
//!
//! Secrets are stored in plain form, because signing needs them. The table is encrypted at rest, and only the functions
//! that sign or manage secrets may read these items.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use shared::Code;
use shared::ids::{MerchantId, RandomId};
use shared::limits::{PREVIOUS_SECRETS_MAX, SUBSCRIPTIONS_MAX};
use shared::time::Timestamp;
use shared::webhook::{EventKind, SubscriptionId};

use super::entity::{Entity, Limit, Stored};
use super::keys::{self, Key, SUBSCRIPTION};
use super::table::Item;
use super::{StoreError, Table};
use crate::outbound::signature::Secret;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    #[serde(rename = "webhook_url")]
    pub(crate) url: String,
    #[serde(rename = "event_kinds")]
    pub(crate) events: Vec<EventKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    pub(crate) is_enabled: bool,
    /// Set when the service disabled it; absent when its owner did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) disabled_reason: Option<String>,
    #[serde(rename = "signing_secret", with = "secret")]
    pub(crate) secret: Secret,
    /// Replaced secrets, newest first.
    #[serde(rename = "previous_secrets", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) previous: Vec<PreviousSecret>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PreviousSecret {
    #[serde(with = "secret")]
    pub(crate) secret: Secret,
    /// It signs as well until then.
    pub(crate) until: Timestamp,
}

/// Secrets in storage. [`Secret`] itself is not serialisable, so that no answer contains one by accident.
mod secret {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::outbound::signature::Secret;

    pub(super) fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&secret.reveal())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(stored: D) -> Result<Secret, D::Error> {
        Secret::parse(&String::deserialize(stored)?).map_err(D::Error::custom)
    }
}

impl Entity for Subscription {
    type Id = SubscriptionId;
    const NAME: &'static str = "subscription";
    const LIMIT: Option<Limit> =
        Some(Limit { max: SUBSCRIPTIONS_MAX, code: Code::TooManySubscriptions, counter: Key::subscription_count });

    fn key(merchant: &MerchantId, id: &SubscriptionId) -> Key {
        Key::subscription(merchant, id)
    }

    fn id_of(key: &Key) -> Option<SubscriptionId> {
        SubscriptionId::read(key.sk.strip_prefix(SUBSCRIPTION)?)
    }
}

impl Subscription {
    /// The secrets that sign at present, newest first.
    pub(crate) fn signing_secrets(&self, now: Timestamp) -> Vec<&Secret> {
        let previous = self.previous.iter().filter(|previous| now < previous.until).map(|previous| &previous.secret);
        std::iter::once(&self.secret).chain(previous).collect()
    }

    /// Replaces the secret. Earlier secrets sign until `until` at the latest, and never longer than before. So a client
    /// that lost the answer rotates again, and its subscriber keeps using the secret that it knows.
    pub(crate) fn rotated(self, secret: Secret, now: Timestamp, until: Timestamp) -> Self {
        let mut previous = vec![PreviousSecret { secret: self.secret, until }];
        previous.extend(self.previous.into_iter().map(|each| PreviousSecret { until: each.until.min(until), ..each }));
        previous.retain(|previous| now < previous.until);
        previous.truncate(PREVIOUS_SECRETS_MAX);
        Self { secret, previous, ..self }
    }
}

impl Table {
    /// All of a merchant's subscriptions, strongly consistent, oldest first. Unreadable ones are left out, so that the
    /// others still get events.
    pub(crate) async fn subscriptions(&self, merchant: &MerchantId) -> Result<Vec<Stored<Subscription>>, StoreError> {
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
            Stored::<Subscription>::from_item(item)
                .inspect_err(|error| tracing::error!(%error, %merchant, sk, "a subscription is unreadable"))
                .ok()
        };
        let mut found: Vec<_> = items.into_iter().filter_map(readable).collect();
        found.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cause::Cause;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(milliseconds)
    }

    fn secret(number: u8) -> Secret {
        Secret::generate([number; 32])
    }

    fn previous(number: u8, until: i64) -> PreviousSecret {
        PreviousSecret { secret: secret(number), until: at(until) }
    }

    fn subscription() -> Subscription {
        Subscription {
            url: "https://example.com/".to_owned(),
            events: vec![EventKind::OrderUpdate],
            description: None,
            is_enabled: true,
            disabled_reason: None,
            secret: secret(1),
            previous: Vec::new(),
        }
    }

    #[test]
    fn subscriptions_read_back_and_sign_with_what_is_valid() {
        let mut stored = Stored {
            merchant: MerchantId::parse("b234ee56-7890-4f12-a123-4567890abcde").unwrap(),
            id: SubscriptionId::new([5; 16]),
            version: 7,
            created_at: at(1),
            updated_at: at(2),
            cause: Cause { marks: Some(vec!["m".to_owned()]), ..Cause::default() },
            value: Subscription { previous: vec![previous(2, 100), previous(3, 50)], ..subscription() },
        };
        assert_eq!(Stored::from_item(stored.to_item().unwrap()).unwrap(), stored);
        let signing = |now: i64| stored.signing_secrets(at(now)).len();
        assert_eq!((signing(49), signing(50), signing(99), signing(100)), (3, 2, 2, 1));
        stored.value = Subscription { description: Some("d".to_owned()), ..subscription() };
        stored.cause = Cause::default();
        assert_eq!(Stored::from_item(stored.to_item().unwrap()).unwrap(), stored);
        assert_eq!(stored.signing_secrets(at(0)), [&secret(1)]);
    }

    #[test]
    fn earlier_secrets_sign_until_their_end_and_none_longer_than_was_asked_for_last() {
        let mut subscription = subscription().rotated(secret(2), at(0), at(100)).rotated(secret(3), at(10), at(110));
        assert_eq!(subscription.previous, [previous(2, 110), previous(1, 100)]);
        let shorter = subscription.clone().rotated(secret(4), at(20), at(30));
        assert_eq!(shorter.previous, [previous(3, 30), previous(2, 30), previous(1, 30)]);
        assert_eq!(subscription.clone().rotated(secret(4), at(20), at(20)).previous, []);
        assert_eq!(subscription.clone().rotated(secret(4), at(105), at(205)).previous.len(), 2, "one has ended");
        for number in 4..40 {
            subscription = subscription.rotated(secret(number), at(20), at(120));
        }
        assert_eq!(
            (subscription.previous.len(), &subscription.previous[0].secret),
            (PREVIOUS_SECRETS_MAX, &secret(38))
        );
    }
}
