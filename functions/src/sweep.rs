//! The sweep: on a schedule, looks after what should have moved by now.
//!
//! Nothing in the pipeline should lose a job, but a stream record lives 24 hours and a queue can be purged. The sweep
//! reads the sparse index `due`, so its cost grows with what is late, not with what is stored.
//!
//! | found | done |
//! |---|---|
//! | an order whose next step is ours and that nobody has worked | its job again, which counts as an attempt; the next look is put off |
//! | a claim of an external id whose order did not come | released, once no request can still use it |
//! | a webhook that is to be sent (again) | its message |
//!
//! | something that nobody can read | it leaves the index, and the log says so |
//!
//! The three kinds are looked after each by itself, and each entry too, so that no one of them stops the others; the first
//! failure ends the run at its end.
//!
//! Queueing an order that is under way is harmless: its job is for the version that it has. How long the oldest order
//! has been overdue, however often it was queued since, is logged as `oldest_unqueued_seconds`, which the template makes a
//! metric with an alarm.

use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use shared::order::{Job, Wait, next_step};
use shared::time::Timestamp;

use crate::queue::{Delayed, Queue};
use crate::store::keys::{DELIVERY_SHARDS, DUE_SHARDS, Key, Kind};
use crate::store::pipeline::Due;
use crate::store::stored::StoredState;
use crate::store::{StoreError, Table};
use crate::webhooks::stalled;

/// Entries of one run, of webhooks and of all else, the oldest first; what is looked after leaves its place, so the next run reaches further.
const ITEMS_MAX: usize = 1_600;
/// Single writes at a time.
const CONCURRENT_MAX: usize = 16;

/// What the sweep works with.
pub(crate) struct Sweep {
    pub(crate) table: Table,
    pub(crate) jobs: Queue,
    pub(crate) deliveries: Queue,
    /// Longer than a call to a vendor can take.
    pub(crate) submission: Duration,
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
    let (ours, webhooks) = futures_util::future::try_join(
        sweep.table.due(&DUE_SHARDS, now, ITEMS_MAX),
        sweep.table.due(&DELIVERY_SHARDS, now, ITEMS_MAX),
    )
    .await?;
    for due in ours.into_iter().chain(webhooks) {
        match due.key.kind() {
            Kind::NetworkOrder(_) | Kind::BulkOrder(_) => orders.push(due),
            Kind::ExternalId(_) => claims.push(due.key),
            Kind::Delivery => deliveries.push(due.key),
            Kind::Note(_) | Kind::Other => {}
        }
    }
    let states = sweep.states(&orders).await;
    let oldest_unqueued_seconds = oldest(&orders, states.as_deref().unwrap_or_default(), now);
    let mut swept = Swept { overdue: orders.len(), oldest_unqueued_seconds, ..Swept::default() };
    // Told before anything can fail: the alarm is for the run that fails, too.
    tracing::info!(oldest_unqueued_seconds, overdue = swept.overdue, "{} orders are overdue", swept.overdue);
    let (queued, released, redelivered) = futures_util::future::join3(
        async { sweep.queue_orders(&states?).await },
        sweep.release_claims(&claims, now),
        stalled(&sweep.table, &sweep.deliveries, &deliveries),
    )
    .await;
    let mut failures = Vec::new();
    let mut done = |result: Result<usize, StoreError>| {
        result.unwrap_or_else(|error| {
            tracing::error!(%error, "a part of the sweep failed");
            failures.push(error);
            0
        })
    };
    (swept.queued, swept.released, swept.redelivered) = (done(queued), done(released), done(redelivered));
    tracing::info!(
        queued = swept.queued,
        released = swept.released,
        redelivered = swept.redelivered,
        cost = %sweep.table.meter.total(),
        "queued {} orders again", swept.queued
    );
    failures.into_iter().next().map_or(Ok(swept), Err)
}

/// How long the oldest order has been overdue. The index knows only since it was last queued.
fn oldest(due: &[Due], states: &[StoredState], now: Timestamp) -> i64 {
    let since = due.iter().map(|due| due.due_at).chain(states.iter().filter_map(|stored| stored.due_since));
    since.min().map_or(0, |since| now.seconds().saturating_sub(since))
}

impl Sweep {
    /// The orders that can be read.
    async fn states(&self, due: &[Due]) -> Result<Vec<StoredState>, StoreError> {
        let keys: Vec<Key> = due.iter().map(|due| due.key.clone()).collect();
        let mut states = Vec::new();
        for (key, stored) in self.table.states(&keys).await? {
            match stored {
                Ok(stored) => states.push(stored),
                Err(error) => self.leave_out(&key, &error).await?,
            }
        }
        Ok(states)
    }

    /// Takes out of the index what nobody can read.
    async fn leave_out(&self, key: &Key, error: &StoreError) -> Result<(), StoreError> {
        tracing::error!(%error, pk = key.pk, sk = key.sk, "an item leaves the index");
        self.table.leave_due(key, None).await
    }

    /// Queues orders again: how many.
    async fn queue_orders(&self, states: &[StoredState]) -> Result<usize, StoreError> {
        let mut waiting = Vec::new();
        for stored in states {
            match self.job(stored) {
                Ok(Some(job)) => waiting.push((stored, job)),
                Ok(None) => self.table.leave_due(&stored.key, Some(stored.version)).await?,
                Err(error) => self.leave_out(&stored.key, &error).await?,
            }
        }
        let (waiting, jobs): (Vec<&StoredState>, Vec<Delayed<Job>>) = waiting.into_iter().unzip();
        let failures = self.jobs.send(&jobs).await;
        let sent: Vec<_> = waiting.iter().zip(&failures).filter(|(_, failure)| failure.is_none()).collect();
        for batch in sent.chunks(CONCURRENT_MAX) {
            let postponed = batch.iter().map(|(stored, _)| self.table.postpone(&stored.key, stored.version));
            join_all(postponed).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        }
        match failures.iter().flatten().next() {
            Some(reason) => Err(StoreError::Busy(format!("jobs were not queued: {reason}"))),
            None => Ok(sent.len()),
        }
    }

    /// The job of an order whose next step is ours. What the built-in vendor takes has passed by now; but the cancel of a
    /// submission may be younger than the submission.
    fn job(&self, stored: &StoredState) -> Result<Option<Delayed<Job>>, StoreError> {
        let Some(step) = next_step(&stored.state()?) else { return Ok(None) };
        let delay = if step.wait() == Wait::Submission { self.submission } else { Duration::ZERO };
        let Key { pk, sk } = stored.key.clone();
        let id = self.table.context.job_id().map_err(|error| StoreError::Busy(error.to_string()))?;
        // The message that was lost was an attempt: else an order whose worker dies with it would come for ever.
        let failed = stored.requeued.saturating_add(1);
        Ok(Some(Delayed { message: Job { pk, sk, version: stored.version, id, failed }, delay }))
    }

    /// Releases claims whose order did not come: how many.
    async fn release_claims(&self, keys: &[Key], now: Timestamp) -> Result<usize, StoreError> {
        let (mut released, mut failure) = (0_usize, None);
        for key in keys {
            match self.table.settle_claim(key, now).await {
                Ok(settled) => released = released.saturating_add(usize::from(settled)),
                Err(error @ StoreError::Fault(_)) => self.leave_out(key, &error).await?,
                Err(busy) => failure = Some(busy),
            }
        }
        failure.map_or(Ok(released), Err)
    }
}
