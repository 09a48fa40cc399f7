//! Webhooks: from an event of an order to its subscribers.
//!
//! ```text
//! stream ── relay: deliveries ── DeliveryQueue ── notify ── subscriber
//!                                     ▲               │ outcome: the delivery's item, in the table
//!                                     ├── a retry within 900 s, which SQS can hold back
//!                                     └── sweep: stalled ── retries after that, and whatever was lost
//! ```
//!
//! A delivery's item is both its log and its state: the exact payload, the attempts so far, and, while an attempt is to
//! come, its entry in the index `due`. So no delivery is lost:
//!
//! 1. The first message writes the item before it calls. If the message is lost before that, the relay repeats it,
//!    which is safe because the webhook id is a hash of the event.
//! 2. An attempt *holds* the delivery: a second message for it is dropped. A hold expires, so that SQS can redeliver
//!    the message of a crashed attempt.
//! 3. The outcome is recorded on condition of the attempt's number, and then the message for the next attempt is sent.
//!    A crash in between leaves a due item, which the sweep finds.
//!
//! A crash between the call and its record repeats the call: at least once, always under the same webhook id.

pub(crate) mod attempt;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use shared::ids::MerchantId;
use shared::order_network::inbound::ReceiptStatus;
use shared::time::Timestamp;
use shared::webhook::{EventKind, SubscriptionId, webhook_id};

use crate::queue::{Delayed, Queue};
use crate::store::deliveries::Delivery;
use crate::store::entity::Stored;
use crate::store::keys::Key;
use crate::store::receipts::ReceiptState;
use crate::store::subscriptions::Subscription;
use crate::store::{StoreError, Table};

/// A change of an order, or the end of an inbound order.
#[derive(Clone, Debug)]
pub(crate) struct OrderEvent {
    pub(crate) merchant: MerchantId,
    /// The item of the order or the receipt.
    pub(crate) order: Key,
    /// The version after the change.
    pub(crate) version: u64,
    pub(crate) kind: EventKind,
    /// For events of shipments.
    pub(crate) shipment: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) request_id: Option<String>,
}

/// A message of the delivery queue: send this event to this subscription. It carries ids only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliveryJob {
    pub(crate) merchant: MerchantId,
    pub(crate) subscription: SubscriptionId,
    pub(crate) order: Key,
    pub(crate) version: u64,
    pub(crate) event: EventKind,
    #[serde(default)]
    pub(crate) shipment: Option<String>,
    /// When the event happened, in milliseconds since the epoch.
    pub(crate) at: Timestamp,
    #[serde(default)]
    pub(crate) request_id: Option<String>,
    /// Attempts before this one.
    pub(crate) attempt: u32,
}

impl DeliveryJob {
    /// The id of the delivery: the same for every repetition of the event.
    pub(crate) fn webhook_id(&self) -> String {
        let order = (self.order.pk.as_str(), self.order.sk.as_str());
        webhook_id(&self.subscription, order, self.version, self.event, self.shipment.as_deref())
    }

    pub(crate) fn key(&self) -> Key {
        Key::delivery(&self.merchant, &self.subscription, self.at, &self.webhook_id())
    }
}

/// The events of the end of an inbound order. An accepted one has the `OrderCreation` of its order.
pub(crate) fn events_of_receipt(ended: &ReceiptState) -> Vec<OrderEvent> {
    let (Some(merchant), Some(at)) = (ended.key.merchant(), ended.ended_at) else { return Vec::new() };
    let event = |kind: EventKind| OrderEvent {
        merchant: merchant.clone(),
        order: ended.key.clone(),
        version: ended.version,
        kind,
        shipment: None,
        at,
        request_id: ended.request_id.clone(),
    };
    let is_order = ended.receipt_status == ReceiptStatus::Accepted;
    let kinds = [Some(EventKind::InboundOrderProcessed), (!is_order).then_some(EventKind::OrderCreation)];
    kinds.into_iter().flatten().map(event).collect()
}

/// The first messages of each event, at its position: one per enabled subscription of the merchant that lists the
/// event's kind and existed when it happened. Each merchant's subscriptions are read once; if they are unreadable, only
/// that merchant's events fail.
pub(crate) async fn deliveries(table: &Table, events: &[OrderEvent]) -> Vec<Result<Vec<DeliveryJob>, StoreError>> {
    let merchants: BTreeSet<&MerchantId> = events.iter().map(|event| &event.merchant).collect();
    let reads = merchants.iter().map(|merchant| table.subscriptions(merchant));
    let subscriptions: BTreeMap<&MerchantId, _> = merchants.iter().copied().zip(join_all(reads).await).collect();
    let jobs_of = |event: &OrderEvent| match subscriptions.get(&event.merchant) {
        Some(Ok(subscriptions)) => Ok(jobs(subscriptions, event)),
        Some(Err(error)) => Err(error.clone()),
        None => Ok(Vec::new()),
    };
    events.iter().map(jobs_of).collect()
}

fn jobs(subscriptions: &[Stored<Subscription>], event: &OrderEvent) -> Vec<DeliveryJob> {
    subscriptions.iter().filter(|subscription| listens(subscription, event)).map(|to| job(to, event)).collect()
}

fn listens(subscription: &Stored<Subscription>, event: &OrderEvent) -> bool {
    subscription.merchant == event.merchant
        && subscription.is_enabled
        && subscription.events.contains(&event.kind)
        && subscription.created_at <= event.at
}

fn job(subscription: &Stored<Subscription>, event: &OrderEvent) -> DeliveryJob {
    DeliveryJob {
        merchant: event.merchant.clone(),
        subscription: subscription.id.clone(),
        order: event.order.clone(),
        version: event.version,
        event: event.kind,
        shipment: event.shipment.clone(),
        at: event.at,
        request_id: event.request_id.clone(),
        attempt: 0,
    }
}

const STALLED_BATCH: usize = 25;

/// Sends the messages of due deliveries, because SQS could not delay them long enough or because their message was
/// lost. Returns how many were sent. Unreadable deliveries leave the index.
///
/// A delivery is postponed first, on condition that no other sweep has done so: of two sweeps one sends, and after a
/// crash before the message the delivery is due again. On an error, the next run repeats the rest.
pub(crate) async fn stalled(table: &Table, queue: &Queue, keys: &[Key]) -> Result<usize, StoreError> {
    let mut sent = 0_usize;
    for keys in keys.chunks(STALLED_BATCH) {
        sent = sent.saturating_add(send_stalled(table, queue, keys).await?);
    }
    Ok(sent)
}

async fn send_stalled(table: &Table, queue: &Queue, keys: &[Key]) -> Result<usize, StoreError> {
    let now = table.context.now();
    let mut due = Vec::new();
    for (key, found) in table.read_each::<Delivery>(keys).await? {
        match found {
            Ok(found) if found.is_due(now) => due.push(found),
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, pk = key.pk, sk = key.sk, "a delivery leaves the index");
                table.leave_due(&key, None).await?;
            }
        }
    }
    let put_off = join_all(due.iter().map(|delivery| table.put_off_delivery(delivery, now))).await;
    let (mut messages, mut failure) = (Vec::new(), None);
    for (delivery, put_off) in due.into_iter().zip(put_off) {
        match put_off {
            Ok(true) => messages.extend(delivery.next_job()),
            Ok(false) => {}
            Err(error) => failure = Some(error),
        }
    }
    // Postponed deliveries get their messages even if others failed.
    let messages: Vec<_> =
        messages.into_iter().map(|message| Delayed { message, delay: std::time::Duration::ZERO }).collect();
    if let Some(reason) = queue.send(&messages).await.into_iter().flatten().next() {
        return Err(StoreError::Busy(format!("deliveries were not queued: {reason}")));
    }
    failure.map_or(Ok(messages.len()), Err)
}

#[cfg(test)]
mod tests {
    use shared::ids::MerchantId;
    use shared::time::Timestamp;
    use shared::webhook::{EventKind, SubscriptionId};

    use super::{DeliveryJob, OrderEvent, jobs};
    use crate::outbound::signature::Secret;
    use crate::store::cause::Cause;
    use crate::store::entity::Stored;
    use crate::store::keys::Key;
    use crate::store::subscriptions::Subscription;

    const MERCHANT: &str = "b234ee56-7890-4f12-a123-4567890abcde";

    fn subscription(id: u8, merchant: &str, kind: EventKind) -> Stored<Subscription> {
        let at = Timestamp::from_milliseconds(1_000);
        Stored {
            merchant: MerchantId::parse(merchant).unwrap(),
            id: SubscriptionId::new([id; 16]),
            version: 1,
            created_at: at,
            updated_at: at,
            cause: Cause::default(),
            value: Subscription {
                url: "https://example.com/".to_owned(),
                events: vec![kind],
                description: None,
                is_enabled: true,
                disabled_reason: None,
                secret: Secret::generate([id; 32]),
                previous: Vec::new(),
            },
        }
    }

    #[test]
    fn jobs_go_to_subscriptions_that_listened_at_the_time() {
        let (other, update) = ("00000000-0000-4000-8000-000000000000", EventKind::OrderUpdate);
        let mut subscriptions = vec![
            subscription(1, MERCHANT, update),
            subscription(2, MERCHANT, update),
            subscription(3, MERCHANT, EventKind::OrderCreation),
            subscription(4, other, update),
            subscription(5, MERCHANT, update),
            subscription(6, MERCHANT, update),
        ];
        subscriptions[4].value.is_enabled = false;
        subscriptions[5].created_at = Timestamp::from_milliseconds(1_001);
        let event = OrderEvent {
            merchant: MerchantId::parse(MERCHANT).unwrap(),
            order: Key { pk: "a".to_owned(), sk: "order".to_owned() },
            version: 2,
            kind: update,
            shipment: None,
            at: Timestamp::from_milliseconds(1_000),
            request_id: Some("r".to_owned()),
        };
        let later = OrderEvent { version: 3, ..event.clone() };
        let queued = [jobs(&subscriptions, &event), jobs(&subscriptions, &later)];
        let queued: Vec<_> =
            queued.iter().flatten().map(|job| (job.subscription.clone(), job.version, job.attempt)).collect();
        let [one, two] = [SubscriptionId::new([1; 16]), SubscriptionId::new([2; 16])];
        assert_eq!(queued, [(one.clone(), 2, 0), (two.clone(), 2, 0), (one, 3, 0), (two, 3, 0)]);
        let again = jobs(&subscriptions, &event);
        assert_ne!(again[0].webhook_id(), again[1].webhook_id());
    }

    #[test]
    fn messages_are_read_strictly() {
        let message = serde_json::json!({
            "merchant": "b234ee56-7890-4f12-a123-4567890abcde", "subscription": "ffffffff-ffff-4fff-bfff-ffffffffffff",
            "order": {"pk": "a", "sk": "order"}, "version": 1, "event": "OrderCreation", "shipment": null,
            "at": 1_697_533_200_042_i64, "request_id": null, "attempt": 0,
        });
        let job: DeliveryJob = serde_json::from_value(message.clone()).unwrap();
        assert_eq!(serde_json::to_value(&job).unwrap(), message);
        let key = job.key();
        assert_eq!(key.pk, "b234ee56-7890-4f12-a123-4567890abcde#webhook#ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(key.sk, format!("1697533200042#{}", job.webhook_id()));
        for (member, value) in [("merchant", "x"), ("subscription", "x"), ("event", "x"), ("more", "x")] {
            let mut other = message.clone();
            other[member] = value.into();
            assert!(serde_json::from_value::<DeliveryJob>(other).is_err(), "{member}");
        }
    }
}
