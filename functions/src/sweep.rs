//! The sweep: runs on a schedule and checks everything that should have progressed by now.
//!
//! The pipeline should not lose jobs, but a stream record lives 24 hours and a queue can be purged. The sweep reads the
//! sparse index `due`, so its cost depends on what is late, not on what is stored.
//!
//! | found | action |
//! |---|---|
//! | an order whose next step is overdue | sends its job again, which counts as an attempt; postpones the next check |
//! | an unprocessed inbound order | the same |
//! | a claim of an external id without an order | releases it once no request can use it |
//! | a webhook to be sent (again) | sends its message |
//! | an unreadable item | removes it from the index and logs it |
//!
//! Kinds and entries are processed independently, so that a failure does not stop the others; the run reports the first
//! failure at its end.
//!
//! Queueing an order that is in progress is harmless: its job is for the current version. The age of the oldest overdue
//! order, however often it was queued since, is logged as `oldest_unqueued_seconds`, which the template turns into a
//! metric with an alarm.

use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::order::{Job, Wait, next_step};
use shared::order_network::inbound::ReceiptStatus;
use shared::time::Timestamp;

use crate::fulfil::key_of;
use crate::queue::{Delayed, Queue};
use crate::store::keys::{DELIVERY_SHARDS, DUE_SHARDS, Key};
use crate::store::kind::Kind;
use crate::store::pipeline::Due;
use crate::store::receipts::ReceiptState;
use crate::store::stored::StoredState;
use crate::store::{StoreError, Table};
use crate::webhooks::stalled;

/// Entries per run, for webhooks and for everything else, oldest first. Processed entries move back, so the next run
/// reaches further.
const ITEMS_MAX: usize = 1_600;
/// Concurrent single writes.
const CONCURRENT_MAX: usize = 16;

pub(crate) struct Sweep {
    pub(crate) table: Table,
    pub(crate) jobs: Queue,
    pub(crate) inbound: Queue,
    pub(crate) deliveries: Queue,
    /// Longer than a call to a vendor can take.
    pub(crate) submission: Duration,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Swept {
    /// Overdue orders, including inbound ones.
    overdue: usize,
    /// Of these, queued again.
    queued: usize,
    /// Released claims of external ids.
    released: usize,
    /// Webhooks whose next attempt was queued.
    redelivered: usize,
    oldest_unqueued_seconds: i64,
}

pub(crate) async fn sweep(sweep: &Sweep) -> Result<Swept, StoreError> {
    let now = sweep.table.context.now();
    let (mut orders, mut receipts, mut claims, mut deliveries) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (ours, webhooks) = futures_util::future::try_join(
        sweep.table.due(&DUE_SHARDS, now, ITEMS_MAX),
        sweep.table.due(&DELIVERY_SHARDS, now, ITEMS_MAX),
    )
    .await?;
    for due in ours.into_iter().chain(webhooks) {
        match due.key.kind() {
            Some(Kind::Order | Kind::BulkOrder) => orders.push(due),
            Some(Kind::Receipt) => receipts.push(due),
            Some(Kind::Claim) => claims.push(due.key),
            Some(Kind::Delivery) => deliveries.push(due.key),
            _ => {}
        }
    }
    let states = sweep.readable::<StoredState>(&orders).await;
    let received = sweep.readable::<ReceiptState>(&receipts).await;
    let since = states.iter().flatten().filter_map(|stored| stored.due_since);
    let since = since.chain(received.iter().flatten().filter_map(|receipt| receipt.due_since));
    let since = since.chain(orders.iter().chain(&receipts).map(|due| due.due_at));
    let oldest_unqueued_seconds = oldest(since, now);
    let overdue = orders.len().saturating_add(receipts.len());
    let mut swept = Swept { overdue, oldest_unqueued_seconds, ..Swept::default() };
    // Logged before anything can fail, because the alarm must cover failing runs too.
    tracing::info!(oldest_unqueued_seconds, overdue = swept.overdue, "{} orders are overdue", swept.overdue);
    let (queued, received, released, redelivered) = futures_util::future::join4(
        async { sweep.queue_orders(&states?).await },
        async { sweep.queue_receipts(received?).await },
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
    swept.queued = done(queued).saturating_add(done(received));
    (swept.released, swept.redelivered) = (done(released), done(redelivered));
    tracing::info!(
        queued = swept.queued,
        released = swept.released,
        redelivered = swept.redelivered,
        cost = %sweep.table.meter.total(),
        "queued {} orders again", swept.queued
    );
    failures.into_iter().next().map_or(Ok(swept), Err)
}

/// How long the oldest order has been overdue. The index knows only the time since it was last queued.
fn oldest(since: impl Iterator<Item = i64>, now: Timestamp) -> i64 {
    since.min().map_or(0, |since| now.seconds().saturating_sub(since))
}

impl Sweep {
    /// The readable ones among the due items; the others leave the index.
    async fn readable<T: DeserializeOwned>(&self, due: &[Due]) -> Result<Vec<T>, StoreError> {
        let keys: Vec<Key> = due.iter().map(|due| due.key.clone()).collect();
        let mut readable = Vec::new();
        for (key, item) in self.table.read_each(&keys).await? {
            match item {
                Ok(item) => readable.push(item),
                Err(error) => self.leave_out(&key, &error).await?,
            }
        }
        Ok(readable)
    }

    async fn leave_out(&self, key: &Key, error: &StoreError) -> Result<(), StoreError> {
        tracing::error!(%error, pk = key.pk, sk = key.sk, "an item leaves the index");
        self.table.leave_due(key, None).await
    }

    /// Queues orders again; returns how many.
    async fn queue_orders(&self, states: &[StoredState]) -> Result<usize, StoreError> {
        let mut waiting = Vec::new();
        for stored in states {
            match self.job(stored) {
                Ok(Some(job)) => waiting.push(job),
                Ok(None) => self.table.leave_due(&stored.key, Some(stored.version)).await?,
                Err(error) => self.leave_out(&stored.key, &error).await?,
            }
        }
        self.queue(&self.jobs, &waiting).await
    }

    /// Queues inbound orders again; returns how many.
    async fn queue_receipts(&self, receipts: Vec<ReceiptState>) -> Result<usize, StoreError> {
        let mut jobs = Vec::new();
        for ReceiptState { key, version, receipt_status, requeued, .. } in receipts {
            if receipt_status != ReceiptStatus::Received {
                self.table.leave_due(&key, Some(version)).await?;
                continue;
            }
            jobs.push(Delayed { message: self.again(key, version, requeued)?, delay: Duration::ZERO });
        }
        self.queue(&self.inbound, &jobs).await
    }

    /// Sends jobs and postpones the next check of their items; returns how many were sent.
    async fn queue(&self, queue: &Queue, jobs: &[Delayed<Job>]) -> Result<usize, StoreError> {
        let failures = queue.send(jobs).await;
        let sent: Vec<_> = jobs.iter().zip(&failures).filter(|(_, failure)| failure.is_none()).collect();
        for batch in sent.chunks(CONCURRENT_MAX) {
            let keys: Vec<(Key, u64)> =
                batch.iter().map(|(job, _)| (key_of(&job.message), job.message.version)).collect();
            let postponed = keys.iter().map(|(key, version)| self.table.postpone(key, *version));
            join_all(postponed).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        }
        match failures.iter().flatten().next() {
            Some(reason) => Err(StoreError::Busy(format!("jobs were not queued: {reason}"))),
            None => Ok(sent.len()),
        }
    }

    /// Counts the lost message as an attempt; otherwise an order that kills its worker would be retried forever.
    fn again(&self, Key { pk, sk }: Key, version: u64, requeued: u32) -> Result<Job, StoreError> {
        let id = self.table.context.job_id().map_err(|error| StoreError::Busy(error.to_string()))?;
        Ok(Job { pk, sk, version, id, failed: requeued.saturating_add(1) })
    }

    /// The job of an order whose next step is ours. The built-in vendor's delay is over, but a cancellation may be
    /// younger than the submission that it follows.
    fn job(&self, stored: &StoredState) -> Result<Option<Delayed<Job>>, StoreError> {
        let Some(step) = next_step(&stored.state()?) else { return Ok(None) };
        let delay = if step.wait() == Wait::Submission { self.submission } else { Duration::ZERO };
        let message = self.again(stored.key.clone(), stored.version, stored.requeued)?;
        Ok(Some(Delayed { message, delay }))
    }

    /// Releases claims without an order; returns how many.
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
