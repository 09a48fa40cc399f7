//! The sweep: on a schedule, looks after what should have moved by now.
//!
//! Nothing in the pipeline should lose a job, but a stream record lives 24 hours and a queue can be purged. The sweep
//! reads the sparse index `due`, so its cost grows with what is late, not with what is stored.
//!
//! | found | done |
//! |---|---|
//! | an order whose next step is ours and that nobody has worked | its job again; the next look is put off |
//! | a claim of an external id whose order did not come | released, once no request can still use it |
//! | a webhook that is to be sent (again) | its message |
//!
//! Queueing an order that is under way is harmless: its job is for the version that it has. How long the oldest order
//! has been overdue is logged as `oldest_unqueued_seconds`, which the template makes a metric with an alarm.

use futures_util::future::join_all;
use serde::Serialize;
use shared::order::{Job, next_step};
use shared::time::Timestamp;

use crate::queue::{Delayed, Queue};
use crate::store::keys::{Key, Kind};
use crate::store::pipeline::Due;
use crate::store::stored::StoredState;
use crate::store::{StoreError, Table};
use crate::webhooks::stalled;

/// Entries of one run, the oldest first; what is looked after leaves its place, so the next run reaches further.
const ITEMS_MAX: usize = 1_600;
/// Single writes at a time.
const CONCURRENT_MAX: usize = 16;

/// What the sweep works with.
pub(crate) struct Sweep {
    pub(crate) table: Table,
    pub(crate) jobs: Queue,
    pub(crate) deliveries: Queue,
}

/// What a run did.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Swept {
    /// Orders found overdue.
    overdue: usize,
    /// Of them queued again.
    queued: usize,
    /// Claims of external ids that were released.
    released: usize,
    /// Webhooks whose next attempt was queued.
    redelivered: usize,
    /// How long the oldest order has been overdue.
    oldest_unqueued_seconds: i64,
}

/// Looks after everything that is due.
pub(crate) async fn sweep(sweep: &Sweep) -> Result<Swept, StoreError> {
    let now = sweep.table.context.now();
    let (mut orders, mut claims, mut deliveries) = (Vec::new(), Vec::new(), Vec::new());
    for due in sweep.table.due(now, ITEMS_MAX).await? {
        match due.key.kind() {
            Kind::NetworkOrder(_) | Kind::BulkOrder(_) => orders.push(due),
            Kind::ExternalId(_) => claims.push(due.key),
            Kind::Delivery => deliveries.push(due.key),
            Kind::Other => {}
        }
    }
    let mut swept = Swept { overdue: orders.len(), ..Swept::default() };
    let age = |due: &Due| now.seconds().saturating_sub(due.due_at);
    swept.oldest_unqueued_seconds = orders.iter().map(age).max().unwrap_or(0);
    // Told before anything can fail: the alarm is for the run that fails, too.
    tracing::info!(
        oldest_unqueued_seconds = swept.oldest_unqueued_seconds,
        overdue = swept.overdue,
        "{} orders are overdue",
        swept.overdue
    );
    swept.queued = sweep.queue_orders(orders).await?;
    swept.released = sweep.release_claims(&claims, now).await?;
    swept.redelivered = stalled(&sweep.table, &sweep.deliveries, &deliveries).await?;
    tracing::info!(
        queued = swept.queued,
        released = swept.released,
        redelivered = swept.redelivered,
        cost = %sweep.table.meter.total(),
        "queued {} orders again", swept.queued
    );
    Ok(swept)
}

impl Sweep {
    /// Queues orders again: how many.
    async fn queue_orders(&self, due: Vec<Due>) -> Result<usize, StoreError> {
        let keys: Vec<Key> = due.into_iter().map(|due| due.key).collect();
        let mut waiting = Vec::new();
        for stored in self.table.states(&keys).await? {
            if next_step(&stored.state()?).is_some() {
                waiting.push(stored);
            }
        }
        let job = |stored: &StoredState| Job {
            pk: stored.key.pk.clone(),
            sk: stored.key.sk.clone(),
            version: stored.version,
            id: self.table.context.job_id().unwrap_or_default(),
            failed: 0,
        };
        let jobs: Vec<_> =
            waiting.iter().map(|stored| Delayed { message: job(stored), delay: std::time::Duration::ZERO }).collect();
        let failures = self.jobs.send(&jobs).await;
        if let Some(reason) = failures.iter().flatten().next() {
            return Err(StoreError::Busy(format!("jobs were not queued: {reason}")));
        }
        for batch in waiting.chunks(CONCURRENT_MAX) {
            let postponed = join_all(batch.iter().map(|stored| self.table.postpone(&stored.key, stored.version))).await;
            postponed.into_iter().collect::<Result<Vec<_>, _>>()?;
        }
        Ok(jobs.len())
    }

    /// Releases claims whose order did not come: how many.
    async fn release_claims(&self, keys: &[Key], now: Timestamp) -> Result<usize, StoreError> {
        let mut released = 0_usize;
        for key in keys {
            released = released.saturating_add(usize::from(self.table.settle_claim(key, now).await?));
        }
        Ok(released)
    }
}
