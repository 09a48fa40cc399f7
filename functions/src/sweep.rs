//! The sweep: on a schedule, queues orders again that should have ended by now.
//!
//! Nothing in the pipeline should lose a job, but a stream record lives 24 hours and a queue can be purged. The sweep
//! reads the sparse index of unfinished orders, so its cost grows with what is late, not with what is stored. Queueing an
//! order that is under way is harmless: its job is for the version that it has.

use std::time::Duration;

use serde::Serialize;
use shared::order::{Job, next_step};
use shared::time::Timestamp;

use crate::queue::{Delayed, Queue};
use crate::store::keys::Key;
use crate::store::{StoreError, Table};
use crate::webhooks::stalled;

/// Orders of one run, the oldest first; what ends leaves the index, so the next run reaches further.
const ORDERS_MAX: usize = 1_600;

/// What a run did.
#[derive(Debug, Serialize)]
pub(crate) struct Swept {
    /// Orders found late.
    overdue: usize,
    /// Of them queued again.
    queued: usize,
    /// Webhooks whose next attempt was queued.
    redelivered: usize,
    /// Age of the oldest of them.
    oldest_overdue_seconds: i64,
}

/// Queues every order that was due `overdue` before `now`.
pub(crate) async fn sweep(
    table: &Table,
    queue: &Queue,
    delivery_queue: &Queue,
    overdue: Duration,
) -> Result<Swept, StoreError> {
    let now = table.context.now();
    let overdue_ms = i64::try_from(overdue.as_millis()).unwrap_or(i64::MAX);
    let deadline = Timestamp::from_milliseconds(now.milliseconds().saturating_sub(overdue_ms));
    let found = table.overdue(deadline, ORDERS_MAX).await?;
    let (deliveries, orders): (Vec<Key>, Vec<Key>) = found.into_iter().partition(Key::is_delivery);
    let redelivered = stalled(table, delivery_queue, &deliveries).await?;
    let orders = table.states(&orders).await?;
    let age_ms = orders.iter().map(|(_, state)| now.milliseconds_since(state.created_at)).max().unwrap_or(0);
    let jobs: Vec<Delayed<Job>> = orders
        .iter()
        .filter(|(_, state)| next_step(state).is_some())
        .map(|(key, state)| {
            let job = Job { pk: key.pk.clone(), sk: key.sk.clone(), version: state.version };
            Delayed { message: job, delay: Duration::ZERO }
        })
        .collect();
    let failures = queue.send(&jobs).await;
    if let Some(reason) = failures.iter().flatten().next() {
        return Err(StoreError::Busy(format!("jobs were not queued: {reason}")));
    }
    let swept = Swept { overdue: orders.len(), queued: jobs.len(), redelivered, oldest_overdue_seconds: age_ms / 1000 };
    tracing::info!(
        overdue = swept.overdue,
        queued = swept.queued,
        redelivered,
        oldest_overdue_seconds = swept.oldest_overdue_seconds,
        cost = %table.meter.total(),
        "queued {} overdue orders again", swept.queued
    );
    Ok(swept)
}
