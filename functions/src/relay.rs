//! The relay: turns each durable write to the table into its consequences.
//!
//! ```text
//! record ──┬─ order at a version ──┬─ its next step is ours ── fulfilment job
//!          │                       ├─ subscribers want to know ── webhook deliveries
//!          │                       └─ audit event and counts by status
//!          ├─ entity that has a log, at a version ── audit event
//!          ├─ receipt of an inbound order ──┬─ it waits ── job of the inbound queue
//!          │                                └─ it has ended ── webhook deliveries
//!          ├─ claim of an external id whose order is not there ── a place in the index `due`
//!          └─ unreadable, or refused for good ── parked, with the reason
//! ```
//!
//! The attribute [`ENTITY`] alone tells what a record is about.
//!
//! Everything is idempotent by (item, version): a job for an old version does nothing, a repeated delivery has the same
//! id, an audit event is inserted once and so are its counts. So a record may arrive any number of times, and a batch
//! restarts at the first record with a failure, for as long as the stream keeps it; such failures are outages that end.
//! Jobs of one order cannot overtake each other, because only the job for the current version does anything.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use shared::order::{Job, OrderState, Wait, next_step};
use shared::order_network::audit;
use shared::order_network::inbound::ReceiptStatus;

use crate::queue::{Delayed, Queue};
use crate::store::audit::{Audited, Change};
use crate::store::entity::{EntityChange, Logged, Stored};
use crate::store::keys::Key;
use crate::store::kind::{ENTITY, Kind};
use crate::store::network_orders::Claim;
use crate::store::notes::Note;
use crate::store::receipts::ReceiptState;
use crate::store::stored::{StoredOrder, StoredState};
use crate::store::table::from_item;
use crate::store::{StoreError, Table};
use crate::webhooks::{self, DeliveryJob, OrderEvent, deliveries};

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StreamResponse {
    pub(crate) batch_item_failures: Vec<StreamFailure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StreamFailure {
    pub(crate) item_identifier: String,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Waits {
    /// The time that the built-in vendor takes for a step.
    pub(crate) vendor: Duration,
    /// Longer than a call to a vendor can take.
    pub(crate) submission: Duration,
}

pub(crate) struct Relay {
    pub(crate) table: Table,
    pub(crate) jobs: Queue,
    pub(crate) inbound: Queue,
    pub(crate) deliveries: Queue,
    /// Queue for unreadable records.
    pub(crate) parked: Queue,
    pub(crate) waits: Waits,
}

/// The consequences of a batch, each with the index of its record.
#[derive(Default)]
struct Batch {
    jobs: Vec<(usize, Delayed<Job>)>,
    changes: Vec<(usize, Change)>,
    entities: Vec<(usize, EntityChange)>,
    claims: Vec<(usize, Claim)>,
    inbound: Vec<(usize, Delayed<Job>)>,
    /// Events other than the changes of orders.
    events: Vec<(usize, OrderEvent)>,
}

/// A failure in processing a record.
struct Trouble {
    index: usize,
    reason: String,
    /// Whether a retry would not help.
    is_final: bool,
}

/// Processes a batch and returns the records to restart at.
pub(crate) async fn relay(event: Event, relay: &Relay) -> StreamResponse {
    let records = event.records;
    let (mut batch, mut troubles) = (Batch::default(), Vec::new());
    for (index, record) in records.iter().enumerate() {
        if let Err(reason) = batch.add(index, record, relay) {
            troubles.push(Trouble { index, reason: without_content(&reason), is_final: true });
        }
    }
    troubles.extend(relay.work(&batch).await);
    let (hopeless, passing): (Vec<Trouble>, Vec<Trouble>) = troubles.into_iter().partition(|trouble| trouble.is_final);
    let mut failed: BTreeSet<usize> = passing.into_iter().map(|trouble| trouble.index).collect();
    failed.extend(relay.park(&records, &hopeless).await);
    let changes = batch.changes.len().saturating_add(batch.entities.len());
    let (jobs, parked) = (batch.jobs.len().saturating_add(batch.inbound.len()), hopeless.len());
    if jobs.saturating_add(changes).saturating_add(parked) > 0 {
        let cost = relay.table.meter.total();
        tracing::info!(jobs, changes, parked, failed = failed.len(), %cost, "queued {jobs} jobs");
    }
    let failure = |index: usize| {
        let item_identifier = records.get(index)?.change.sequence_number.clone().unwrap_or_default();
        Some(StreamFailure { item_identifier })
    };
    StreamResponse { batch_item_failures: failed.into_iter().filter_map(failure).collect() }
}

impl Batch {
    /// Adds the consequences of a record; deletions and items of other kinds have none.
    fn add(&mut self, index: usize, record: &EventRecord, relay: &Relay) -> Result<(), String> {
        let image = &record.change.new_image;
        let Some(serde_dynamo::AttributeValue::S(entity)) = image.get(ENTITY) else { return Ok(()) };
        match Kind::relayed(entity) {
            Some(Kind::Order | Kind::BulkOrder) => self.add_order(index, record, relay),
            Some(Kind::Receipt) => self.add_receipt(index, record, relay),
            Some(Kind::Note) => self.add_entity::<Note>(index, record),
            Some(Kind::Claim) => self.add_claim(index, record),
            _ => Ok(()),
        }
    }

    /// A claim with an entry in the index `due` has been checked before.
    fn add_claim(&mut self, index: usize, record: &EventRecord) -> Result<(), String> {
        let claim: Claim = from_item(record.change.new_image.clone())?;
        self.claims.extend(claim.due_at.is_none().then_some((index, claim)));
        Ok(())
    }

    fn add_receipt(&mut self, index: usize, record: &EventRecord, relay: &Relay) -> Result<(), String> {
        let state = |image: &serde_dynamo::Item| from_item::<ReceiptState>(image.clone());
        let after = state(&record.change.new_image)?;
        let old = &record.change.old_image;
        // The sweep's counters are not a change.
        if !old.is_empty() && state(old)?.version == after.version {
            return Ok(());
        }
        if after.receipt_status == ReceiptStatus::Received {
            let Key { pk, sk } = after.key;
            let id = relay.table.context.job_id().map_err(|error| error.to_string())?;
            let message = Job { pk, sk, version: after.version, id, failed: 0 };
            self.inbound.push((index, Delayed { message, delay: Duration::ZERO }));
        } else {
            self.events.extend(webhooks::events_of_receipt(&after).into_iter().map(|event| (index, event)));
        }
        Ok(())
    }

    fn add_order(&mut self, index: usize, record: &EventRecord, relay: &Relay) -> Result<(), String> {
        let Seen { stored, state: after, shown } = seen(&record.change.new_image)?;
        let before = match record.change.old_image.is_empty() {
            true => None,
            false => Some(seen(&record.change.old_image)?),
        };
        // The sweep's counters are not a change.
        if before.as_ref().is_some_and(|before| before.state.version == after.version) {
            return Ok(());
        }
        if let Some(step) = next_step(&after) {
            let delay = match step.wait() {
                Wait::None => Duration::ZERO,
                Wait::Vendor => relay.waits.vendor,
                Wait::Submission => relay.waits.submission,
            };
            let Key { pk, sk } = stored.key.clone();
            let id = relay.table.context.job_id().map_err(|error| error.to_string())?;
            self.jobs.push((index, Delayed { message: Job { pk, sk, version: stored.version, id, failed: 0 }, delay }));
        }
        let changes = before.as_ref().map_or_else(Vec::new, |before| audit::changes(&before.shown, &shown));
        let before = before.map(|before| before.state);
        self.changes.push((index, Change { key: stored.key, before, after, cause: stored.cause, changes }));
        Ok(())
    }

    fn add_entity<E: Logged>(&mut self, index: usize, record: &EventRecord) -> Result<(), String> {
        let (old, new) = (&record.change.old_image, &record.change.new_image);
        let before = if old.is_empty() { None } else { Some(Stored::<E>::from_item(old.clone())?) };
        self.entities.push((index, EntityChange::between(before.as_ref(), Stored::from_item(new.clone())?)?));
        Ok(())
    }
}

/// An order in a stream image.
struct Seen {
    stored: StoredState,
    state: OrderState,
    /// The form that readers see.
    shown: Box<RawValue>,
}

fn seen(image: &serde_dynamo::Item) -> Result<Seen, String> {
    let order: StoredOrder = from_item(image.clone())?;
    let state = order.state.state()?;
    let shown = order.shown(&state)?;
    Ok(Seen { stored: order.state, state, shown })
}

/// Removes values from the reason why a record is unreadable, because serde quotes what it found. The name of a missing
/// field is no value.
fn without_content(reason: &str) -> String {
    const CHARACTERS_MAX: usize = 200;
    let is_content = |character: char| match character {
        '`' => !reason.contains("missing field `"),
        character => character == '"',
    };
    let shown = match (reason.find(is_content), reason.rfind(is_content)) {
        (Some(first), Some(last)) if first < last => {
            let (before, after) = (reason.get(..=first), reason.get(last..));
            format!("{}…{}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        _ => reason.to_owned(),
    };
    shown.chars().take(CHARACTERS_MAX).collect()
}

/// A parked record: its keys and the reason, without its content.
fn parked(record: &EventRecord, reason: &str) -> Value {
    let key = |name: &str| record.change.keys.get(name).and_then(|value| serde_json::to_value(value).ok());
    json!({
        "reason": reason,
        "eventId": record.event_id,
        "sequenceNumber": record.change.sequence_number,
        "pk": key("pk"),
        "sk": key("sk"),
    })
}

impl Relay {
    /// Carries out the consequences and returns the failures.
    async fn work(&self, batch: &Batch) -> Vec<Trouble> {
        let (jobs, inbound, audited, claims, events) = futures_util::future::join5(
            send(&self.jobs, &batch.jobs),
            send(&self.inbound, &batch.inbound),
            futures_util::future::join(self.audit(&batch.changes), self.audit(&batch.entities)),
            self.mark_claims(&batch.claims),
            self.queue_deliveries(batch),
        )
        .await;
        let (changes, entities) = audited;
        [jobs, inbound, changes, entities, claims, events].into_iter().flatten().collect()
    }

    /// Parks hopeless records; returns the indexes of those that could not be parked.
    async fn park(&self, records: &[EventRecord], troubles: &[Trouble]) -> Vec<usize> {
        let message = |trouble: &Trouble| {
            let record = records.get(trouble.index)?;
            let sequence_number = record.change.sequence_number.as_deref().unwrap_or_default();
            tracing::error!(reason = trouble.reason, "stream record {sequence_number} is parked");
            Some((trouble.index, Delayed { message: parked(record, &trouble.reason), delay: Duration::ZERO }))
        };
        let messages: Vec<_> = troubles.iter().filter_map(message).collect();
        send(&self.parked, &messages).await.into_iter().map(|trouble| trouble.index).collect()
    }

    /// Queues a delivery for each subscriber of each event.
    async fn queue_deliveries(&self, batch: &Batch) -> Vec<Trouble> {
        let events = batch.changes.iter().flat_map(|(index, change)| {
            let events = change.events().into_iter();
            events.map(|event| (*index, event))
        });
        let (indexes, events): (Vec<usize>, Vec<OrderEvent>) = events.chain(batch.events.iter().cloned()).unzip();
        let (mut messages, mut troubles) = (Vec::new(), Vec::new());
        for (index, jobs) in indexes.into_iter().zip(deliveries(&self.table, &events).await) {
            let message = |message: DeliveryJob| (index, Delayed { message, delay: Duration::ZERO });
            match jobs {
                Ok(jobs) => messages.extend(jobs.into_iter().map(message)),
                Err(error) => troubles.push(trouble(index, &error, "the deliveries of an event were not queued")),
            }
        }
        troubles.extend(send(&self.deliveries, &messages).await);
        troubles
    }

    async fn audit<C: Audited + Clone>(&self, changes: &[(usize, C)]) -> Vec<Trouble> {
        let (indexes, changes): (Vec<usize>, Vec<C>) = changes.iter().cloned().unzip();
        let failures = indexes.into_iter().zip(self.table.audit(&changes).await);
        let not_written = |(index, failure): (usize, Option<StoreError>)| {
            failure.map(|error| trouble(index, &error, "an audit event was not written"))
        };
        failures.filter_map(not_written).collect()
    }

    /// Marks claims without an order one by one, because they are few. A failure does not hold up the others:
    /// restarting the batch for each one might never end.
    async fn mark_claims(&self, claims: &[(usize, Claim)]) -> Vec<Trouble> {
        const WHAT: &str = "a claim was not looked at";
        let looked_at: Vec<&Claim> = claims.iter().map(|(_, claim)| claim).collect();
        let dead = match self.table.dead_claims(&looked_at).await {
            Ok(dead) => dead,
            Err(error) => return claims.iter().map(|(index, _)| trouble(*index, &error, WHAT)).collect(),
        };
        let is_dead = |claim: &Claim| dead.iter().any(|dead| std::ptr::eq(*dead, claim));
        let of_dead: Vec<&(usize, Claim)> = claims.iter().filter(|(_, claim)| is_dead(claim)).collect();
        let marks = join_all(of_dead.iter().map(|(_, claim)| self.table.mark_claim(claim))).await;
        let not_marked = |((index, _), mark): (&(usize, Claim), Result<bool, StoreError>)| {
            mark.err().map(|error| trouble(*index, &error, WHAT))
        };
        of_dead.into_iter().zip(marks).filter_map(not_marked).collect()
    }
}

/// A rejected request is final; a busy or unreachable service is not.
fn trouble(index: usize, error: &StoreError, what: &str) -> Trouble {
    tracing::error!(%error, "{what}");
    Trouble { index, reason: format!("{what}: {error}"), is_final: matches!(error, StoreError::Fault(_)) }
}

/// Sends messages and returns the failures, all of which can be retried.
async fn send<M: Serialize + Clone>(queue: &Queue, messages: &[(usize, Delayed<M>)]) -> Vec<Trouble> {
    let (indexes, messages): (Vec<usize>, Vec<Delayed<M>>) = messages.iter().cloned().unzip();
    let failures = indexes.into_iter().zip(queue.send(&messages).await);
    let not_sent = |(index, failure): (usize, Option<String>)| {
        let reason = failure?;
        tracing::error!(reason, "a message was not queued");
        Some(Trouble { index, reason, is_final: false })
    };
    failures.filter_map(not_sent).collect()
}

#[cfg(test)]
mod tests {
    use super::without_content;

    #[test]
    fn reasons_hold_nothing_of_the_record() {
        for (reason, shown) in [
            (
                "invalid type: string \"Jane \"J\" Doe\", expected u64".to_owned(),
                "invalid type: string \"…\", expected u64".to_owned(),
            ),
            ("unknown variant `Jane`, expected `http`".to_owned(), "unknown variant `…`".to_owned()),
            ("missing field `version`".to_owned(), "missing field `version`".to_owned()),
            ("line 2 of 3 has no known state".to_owned(), "line 2 of 3 has no known state".to_owned()),
            ("x".repeat(1_000_000), "x".repeat(200)),
        ] {
            assert_eq!(without_content(&reason), shown);
        }
    }
}
