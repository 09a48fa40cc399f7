//! Audit events and order counts by status, written from the table's stream.
//!
//! Each change of an order, or of an entity with a log, is one event under (item, version), inserted if absent. The
//! counts change in the same transaction, so a repeated stream record finds its event and changes nothing. One
//! transaction takes as many changes as fit and sums their counts, so a hundred orders of one merchant are one write of
//! its counts.

mod event;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, TransactWriteItem, Update};
use shared::ids::{OrderId, ShipmentId};
use shared::order::{Fulfilment, OrderState, OrderStatus};
use shared::order_network::audit;
use shared::webhook::EventKind;

use super::cause::Cause;
use super::keys::{Key, audit_of};
use super::kind::{ENTITY, Kind};
use super::table::{key_item, to_item};
use super::{StoreError, Table};
use crate::webhooks::OrderEvent;

pub(crate) use event::{Event, StoredEvent};

/// A change of an order, read from the stream.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) key: Key,
    /// `None` for a new order.
    pub(crate) before: Option<OrderState>,
    pub(crate) after: OrderState,
    pub(crate) cause: Cause,
    /// The differences that readers see; empty for a new order.
    pub(crate) changes: Vec<audit::Change>,
}

/// A change that is written to a log.
pub(crate) trait Audited {
    fn event(&self) -> Event;

    /// The item that holds the counts, if the change affects any.
    fn counts(&self) -> Option<Key> {
        None
    }

    fn moves(&self) -> Vec<(OrderStatus, i64)> {
        Vec::new()
    }
}

/// Writes of one transaction: the events, and the counts that they change.
const WRITES_MAX: usize = 100;
/// Bytes of the events of one transaction, which takes 4 MB; the rest is for keys and counts.
const EVENTS_BYTES_MAX: usize = 3 * 1024 * 1024;
/// How often a transaction is repeated without the events that already exist.
const ROUNDS_MAX: usize = 5;

impl Change {
    /// The webhook events of the change. Orders of the bulk API have none.
    pub(crate) fn events(&self) -> Vec<OrderEvent> {
        let (Some(merchant), Fulfilment::Vendors) = (self.key.merchant(), self.after.fulfilment) else {
            return Vec::new();
        };
        let event = |kind: EventKind, shipment: Option<String>| OrderEvent {
            merchant: merchant.clone(),
            order: self.key.clone(),
            version: self.after.version,
            kind,
            shipment,
            at: self.after.updated_at,
            request_id: self.cause.request_id.clone(),
        };
        let mut events = Vec::new();
        match &self.before {
            None => events.push(event(EventKind::OrderCreation, None)),
            Some(before) if self.is_seen(before) => events.push(event(EventKind::OrderUpdate, None)),
            Some(_) => {}
        }
        let Ok(id) = OrderId::parse(&self.key.sk) else { return events };
        for shipment in &self.after.shipments {
            let before = self.before.as_ref().and_then(|before| before.shipment(shipment.number));
            let kind = match before {
                None => EventKind::ShipmentCreated,
                Some(before) if before.is_seen_to_differ(shipment) => EventKind::ShipmentUpdate,
                Some(_) => continue,
            };
            events.push(event(kind, Some(ShipmentId::new(&id, shipment.number).to_string())));
        }
        events
    }

    fn is_seen(&self, before: &OrderState) -> bool {
        let after = &self.after;
        before.status() != after.status()
            || before.lines != after.lines
            || before.hold != after.hold
            || failure_reasons(before) != failure_reasons(after)
            || before.shipments.len() != after.shipments.len()
            || before.cancelled_units != after.cancelled_units
            || before.refunds != after.refunds
            // The state does not show changes of the body.
            || self.cause.action.as_deref() == Some("Update")
    }
}

impl Audited for Change {
    fn event(&self) -> Event {
        let log = audit_of(self.key.pk.split('#').next().unwrap_or_default(), &self.key.sk);
        Event::new(Key::audit(log, self.after.version), self.after.updated_at, &self.cause, &self.changes)
    }

    fn counts(&self) -> Option<Key> {
        let merchant = self.key.merchant()?;
        Some(Key::order_counts(merchant.as_str(), self.after.fulfilment))
    }

    fn moves(&self) -> Vec<(OrderStatus, i64)> {
        let before = self.before.as_ref().map(|state| (state.status(), -1));
        before.into_iter().chain([(self.after.status(), 1)]).collect()
    }
}

/// The failure reasons that readers see.
fn failure_reasons(state: &OrderState) -> Vec<&str> {
    let failures = [&state.failure, &state.recall_failure].into_iter().flatten();
    failures.map(|failure| failure.reason.as_str()).collect()
}

struct Pending<'c, C> {
    change: &'c C,
    event: Event,
}

/// Groups changes into as few transactions as possible.
fn batches<'t, 'c, C: Audited>(mut changes: &'t [Pending<'c, C>]) -> Vec<&'t [Pending<'c, C>]> {
    let mut batches = Vec::new();
    while !changes.is_empty() {
        let (mut counts, mut bytes) = (BTreeSet::new(), 0_usize);
        let fits = |(index, pending): &(usize, &Pending<'c, C>)| {
            counts.extend(pending.change.counts());
            bytes = bytes.saturating_add(pending.event.bytes());
            index.saturating_add(1).saturating_add(counts.len()) <= WRITES_MAX && bytes <= EVENTS_BYTES_MAX
        };
        let count = changes.iter().enumerate().take_while(fits).count().max(1);
        let Some((batch, rest)) = changes.split_at_checked(count) else { break };
        batches.push(batch);
        changes = rest;
    }
    batches
}

impl Table {
    /// Writes events and counts; returns the error of each change at its position.
    pub(crate) async fn audit<C: Audited>(&self, changes: &[C]) -> Vec<Option<StoreError>> {
        let pending: Vec<Pending<'_, C>> =
            changes.iter().map(|change| Pending { change, event: change.event() }).collect();
        let batches = batches(&pending).into_iter().map(|batch| self.audit_together(batch));
        futures_util::future::join_all(batches).await.into_iter().flatten().collect()
    }

    /// Repeats a rejected transaction change by change, so that one bad change fails alone.
    async fn audit_together<C: Audited>(&self, changes: &[Pending<'_, C>]) -> Vec<Option<StoreError>> {
        match self.audit_batch(changes).await {
            Ok(()) => vec![None; changes.len()],
            Err(StoreError::Fault(_)) if changes.len() > 1 => {
                let mut failures = Vec::new();
                for change in changes {
                    failures.push(self.audit_batch(std::slice::from_ref(change)).await.err());
                }
                failures
            }
            Err(error) => vec![Some(error); changes.len()],
        }
    }

    async fn audit_batch<C: Audited>(&self, changes: &[Pending<'_, C>]) -> Result<(), StoreError> {
        let mut open: Vec<&Pending<'_, C>> = changes.iter().collect();
        for _ in 0..ROUNDS_MAX {
            if open.is_empty() {
                return Ok(());
            }
            let mut writes: Vec<TransactWriteItem> =
                open.iter().map(|pending| self.new_put(to_item(&pending.event)?)).collect::<Result<_, _>>()?;
            writes.extend(self.move_counts(&open)?);
            let Err(reasons) = self.transact(&writes).await? else { return Ok(()) };
            let is_new = |reason: Option<&CancellationReason>| {
                reason.is_none_or(|reason| reason.code() != Some("ConditionalCheckFailed"))
            };
            let left = open.iter().enumerate().filter(|(index, _)| is_new(reasons.get(*index)));
            open = left.map(|(_, pending)| *pending).collect();
        }
        Err(StoreError::Busy("audit events met others each time".to_owned()))
    }

    /// One write per merchant and API whose counts change.
    fn move_counts<C: Audited>(&self, changes: &[&Pending<'_, C>]) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut counts: BTreeMap<Key, BTreeMap<OrderStatus, i64>> = BTreeMap::new();
        for change in changes.iter().map(|pending| pending.change) {
            let Some(key) = change.counts() else { continue };
            let moved = counts.entry(key).or_default();
            for (status, by) in change.moves() {
                let count = moved.entry(status).or_default();
                *count = count.saturating_add(by);
            }
        }
        let moved = counts.into_iter().filter_map(|(key, mut moved)| {
            moved.retain(|_, by| *by != 0);
            (!moved.is_empty()).then(|| self.move_count(&key, &moved))
        });
        moved.collect()
    }

    fn move_count(&self, key: &Key, moved: &BTreeMap<OrderStatus, i64>) -> Result<TransactWriteItem, StoreError> {
        let adds: Vec<String> = moved.keys().map(|status| format!("#{0} :{0}", status.as_str())).collect();
        let mut update = Update::builder()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .update_expression(format!("SET #entity = :entity ADD {}", adds.join(", ")))
            .expression_attribute_names("#entity", ENTITY)
            .expression_attribute_values(":entity", AttributeValue::S(Kind::OrderCounts.as_str().to_owned()));
        for (status, by) in moved {
            let name = status.as_str();
            update = update
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), AttributeValue::N(by.to_string()));
        }
        let update = update.build().map_err(StoreError::fault)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// The merchant's order counts by status, as far as the stream has been processed.
    pub(crate) async fn order_counts(
        &self,
        merchant: &str,
        fulfilment: Fulfilment,
    ) -> Result<Vec<(OrderStatus, u64)>, StoreError> {
        let item = self.get(&Key::order_counts(merchant, fulfilment)).await?.unwrap_or_default();
        let count = |status: OrderStatus| {
            let count = item.get(status.as_str()).and_then(|count| count.as_n().ok()?.parse().ok());
            (status, count.unwrap_or(0))
        };
        Ok(OrderStatus::ALL.into_iter().map(count).collect())
    }
}

#[cfg(test)]
mod tests {
    use shared::order_network::audit;
    use shared::time::Timestamp;

    use super::{Audited, Cause, Change, Fulfilment, Key, OrderState, Pending, batches};

    fn change(order: usize, merchant: usize) -> Change {
        let pk = format!("b234ee56-7890-4f12-a123-{merchant:012x}#order#O{order}");
        let after = OrderState::accepted(Fulfilment::Vendors, 1, true, Timestamp::from_milliseconds(1));
        Change {
            key: Key { pk, sk: "order".to_owned() },
            before: None,
            after,
            cause: Cause::default(),
            changes: Vec::new(),
        }
    }

    /// A transaction has a hundred writes, one of them for the counts of each merchant.
    #[test]
    fn a_transaction_is_filled_and_not_overfilled() {
        for (changes, merchants, expected) in [
            (0, 1, vec![]),
            (99, 1, vec![99]),
            (100, 1, vec![99, 1]),
            (80, 20, vec![80]),
            (80, 21, vec![79, 1]),
            (51, 51, vec![50, 1]),
            (100, 100, vec![50, 50]),
        ] {
            let all: Vec<Change> = (0..changes).map(|order| change(order, order % merchants)).collect();
            assert_eq!(lengths(&all), expected, "{changes} changes of {merchants} merchants");
        }
    }

    fn lengths(changes: &[Change]) -> Vec<usize> {
        let pending: Vec<Pending<'_, Change>> =
            changes.iter().map(|change| Pending { change, event: change.event() }).collect();
        batches(&pending).iter().map(|batch| batch.len()).collect()
    }

    /// Events of maximum size exceed one transaction.
    #[test]
    fn a_transaction_holds_what_it_has_bytes_for() {
        let change = |order| {
            let text = |text: String| serde_json::value::to_raw_value(&text).unwrap();
            let (from, to) = (text("a".to_owned()), text("b".repeat(30 * 1024)));
            let changes = vec![audit::Change { pointer: "/x".to_owned(), from, to }];
            let cause = Cause { reason: Some("c".repeat(4 * 1000)), ..Cause::default() };
            Change { changes, cause, ..change(order, 0) }
        };
        let all: Vec<Change> = (0..180).map(change).collect();
        assert_eq!(lengths(&all), [90, 90]);
    }
}
