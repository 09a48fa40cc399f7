//! Deliveries: the log and the state of each.
//!
//! An item is written whole, on a condition that makes repeated and late messages have no effect: a new delivery must
//! be absent; an outcome needs a pending delivery at that attempt. While it is pending it is in the index `due`: at the
//! time of the next attempt if the sweep sends the message, or [`GRACE_SECONDS`] later if a message is already on its
//! way.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use shared::ids::MerchantId;
use shared::time::Timestamp;
use shared::webhook::SubscriptionId;

use super::keys::{self, Key, due_shard};
use super::table::{from_item, to_item};
use super::{StoreError, Table};
use crate::webhooks::DeliveryJob;
use crate::webhooks::attempt::Attempt;

/// How long the log is kept: twice the time that it takes to notice a problem and investigate it.
const KEPT_SECONDS: i64 = 30 * 24 * 3600;
/// Attempts that an item keeps.
const ATTEMPTS_KEPT: usize = 10;
/// Hold of an attempt: the subscriber's 15 s, and the calls before and after it.
const HOLD_MS: i64 = 30_000;
/// How late a message may be before the sweep sends another: longer than a failed one takes to come back.
pub(crate) const GRACE_SECONDS: i64 = 300;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) enum DeliveryState {
    /// Another attempt will be made.
    Pending,
    /// The subscriber has it.
    Delivered,
    /// No attempt will be made any more.
    Failed,
}

/// When the next attempt is made, and who sends its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A message is on its way.
    Message(Timestamp),
    /// Too far off for SQS: the sweep sends the message.
    Sweep(Timestamp),
}

#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    #[serde(flatten)]
    pub(crate) key: Key,
    pub(crate) webhook_id: String,
    /// `EventType` of the payload.
    pub(crate) event_type: String,
    pub(crate) order_id: Option<String>,
    /// The message that started it; tests have none.
    pub(crate) job: Option<DeliveryJob>,
    /// The body, byte for byte, for every attempt.
    pub(crate) payload: String,
    pub(crate) delivery_state: DeliveryState,
    pub(crate) attempts: u32,
    /// The latest attempts, oldest first.
    pub(crate) last_attempts: Vec<Attempt>,
    pub(crate) next_attempt_at: Option<Timestamp>,
    /// While an attempt is running.
    held_until: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    /// DynamoDB's time to live, in seconds since the epoch.
    expires_at: i64,
    due_shard: Option<String>,
    /// Seconds since the epoch.
    due_at: Option<i64>,
}

impl Delivery {
    pub(crate) fn begun(job: DeliveryJob, order_id: Option<String>, payload: String, now: Timestamp) -> Self {
        let (key, webhook_id) = (job.key(), job.webhook_id());
        let mut delivery = Self {
            event_type: job.event.to_string(),
            order_id,
            held_until: Some(now.plus(HOLD_MS)),
            ..Self::new(key, webhook_id, payload, now)
        };
        delivery.job = Some(job);
        delivery.place(Some(Next::Message(now)));
        delivery
    }

    /// The record of a test: one attempt, and final.
    pub(crate) fn of_test(key: Key, webhook_id: String, payload: String, attempt: Attempt) -> Self {
        let at = attempt.at;
        let delivery = Self {
            event_type: shared::order_network::event::TEST.to_owned(),
            ..Self::new(key, webhook_id, payload, at)
        };
        delivery.after(attempt, None)
    }

    fn new(key: Key, webhook_id: String, payload: String, now: Timestamp) -> Self {
        Self {
            key,
            webhook_id,
            event_type: String::new(),
            order_id: None,
            job: None,
            payload,
            delivery_state: DeliveryState::Pending,
            attempts: 0,
            last_attempts: Vec::new(),
            next_attempt_at: None,
            held_until: None,
            created_at: now,
            expires_at: now.seconds().saturating_add(KEPT_SECONDS),
            due_shard: None,
            due_at: None,
        }
    }

    /// The delivery after an attempt; final if there is no next one.
    pub(crate) fn after(mut self, attempt: Attempt, next: Option<Next>) -> Self {
        self.delivery_state = match next {
            _ if attempt.is_delivered() => DeliveryState::Delivered,
            Some(_) => DeliveryState::Pending,
            None => DeliveryState::Failed,
        };
        self.attempts = self.attempts.saturating_add(1);
        self.last_attempts.push(attempt);
        let superfluous = self.last_attempts.len().saturating_sub(ATTEMPTS_KEPT);
        self.last_attempts.drain(..superfluous);
        self.held_until = None;
        let is_pending = self.delivery_state == DeliveryState::Pending;
        self.place(next.filter(|_| is_pending));
        self
    }

    fn place(&mut self, next: Option<Next>) {
        let (at, due_at) = match next {
            Some(Next::Message(at)) => (Some(at), Some(due_after_message(at))),
            Some(Next::Sweep(at)) => (Some(at), Some(at.seconds())),
            None => (None, None),
        };
        self.next_attempt_at = at;
        self.due_shard = due_at.map(|_| due_shard(&self.key).to_owned());
        self.due_at = due_at;
    }

    pub(crate) fn awaits(&self, attempt: u32) -> bool {
        self.delivery_state == DeliveryState::Pending && self.attempts == attempt
    }

    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.delivery_state == DeliveryState::Pending && self.due_at.is_some_and(|due_at| due_at <= now.seconds())
    }

    pub(crate) fn next_job(&self) -> Option<DeliveryJob> {
        self.job.clone().map(|job| DeliveryJob { attempt: self.attempts, ..job })
    }

    /// DynamoDB removes expired items up to two days late.
    fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now.seconds()
    }
}

fn due_after_message(at: Timestamp) -> i64 {
    at.seconds().saturating_add(GRACE_SECONDS)
}

fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn pending() -> AttributeValue {
    AttributeValue::S("Pending".to_owned())
}

impl Table {
    /// Reserves the next attempt: false if another one has it.
    pub(crate) async fn hold_delivery(&self, found: &Delivery, now: Timestamp) -> Result<bool, StoreError> {
        self.update(&found.key, |request| {
            request
                .update_expression("SET held_until = :until")
                .condition_expression(
                    "delivery_state = :pending AND attempts = :attempts \
                     AND (attribute_not_exists(held_until) OR held_until <= :now)",
                )
                .expression_attribute_values(":until", number(now.plus(HOLD_MS).milliseconds()))
                .expression_attribute_values(":now", number(now.milliseconds()))
                .expression_attribute_values(":attempts", number(found.attempts))
                .expression_attribute_values(":pending", pending())
        })
        .await
    }

    /// Records an attempt: false if it was recorded before.
    pub(crate) async fn record_delivery(&self, next: &Delivery) -> Result<bool, StoreError> {
        let before = number(next.attempts.saturating_sub(1));
        self.put_if(to_item(next)?, |request| {
            request
                .condition_expression("delivery_state = :pending AND attempts = :before")
                .expression_attribute_values(":pending", pending())
                .expression_attribute_values(":before", before)
        })
        .await
    }

    /// Postpones a due delivery until a message sent now must have arrived: false if another sweep has done so.
    pub(crate) async fn put_off_delivery(&self, found: &Delivery, now: Timestamp) -> Result<bool, StoreError> {
        self.update(&found.key, |request| {
            request
                .update_expression("SET due_at = :due_at")
                .condition_expression("delivery_state = :pending AND attempts = :attempts AND due_at = :seen")
                .expression_attribute_values(":due_at", number(due_after_message(now)))
                .expression_attribute_values(":seen", number(found.due_at.unwrap_or_default()))
                .expression_attribute_values(":attempts", number(found.attempts))
                .expression_attribute_values(":pending", pending())
        })
        .await
    }

    /// The deliveries of a subscription below the sort key `before`, newest first: `limit` of them after `skip`.
    pub(crate) async fn deliveries(
        &self,
        merchant: &MerchantId,
        subscription: &SubscriptionId,
        before: Option<&str>,
        (skip, limit): (usize, usize),
    ) -> Result<Vec<Delivery>, StoreError> {
        let pk = keys::deliveries(merchant, subscription);
        let items = self.query_below(&pk, before, skip.saturating_add(limit)).await?;
        let now = self.context.now();
        let found = items.into_iter().skip(skip).map(from_item::<Delivery>);
        let found = found.collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().filter(|delivery| !delivery.has_expired(now)).collect())
    }
}

#[cfg(test)]
mod tests;
