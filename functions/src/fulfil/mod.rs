//! The worker: takes batches of jobs and advances each job's order by one step.
//!
//! Exactly once by the order's version: a job that arrives again finds another version, or loses the conditional write,
//! and is done. Whatever a step does outside the table carries a key that is fixed by the order ([`vendor_calls`]), so
//! the same call may be made twice and counts once.
//!
//! ```text
//! message ── job ── order at its version ── next_step ──┬─ Assign          [`vendor_routes`]
//!                                                      ├─ Submit, Recall  [`vendor_calls`], the port over HTTP
//!                                                      ├─ Ship            the built-in vendor
//!                                                      └─ Allocate        [`stock`]
//! ```
//!
//! A step that fails is tried again after a pause that grows with each receive, by the visibility of its message. At
//! the last receive that the queue grants, the order fails with the reason, and the message goes to the dead-letter
//! queue; redriven, it finds the failure that it left and restarts the order. A vendor whose circuit is open costs no
//! attempt: the job is sent again with a delay, and its message is done.

mod breaker;
mod stock;
mod vendor_calls;
mod vendor_routes;

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use shared::order::{Command, Job, Package, Progress, Rejected, Step, next_step, transition};

use crate::outbound::Transport;
use crate::queue::{Delayed, Queue};
use crate::store::keys::Key;
use crate::store::stored::StoredState;
use crate::store::{StoreError, Table};
use breaker::Breakers;

/// What the worker has beside its table and queue.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Receives of a message that the queue grants (its redrive policy).
    pub(crate) attempts_max: u32,
    /// How long a vendor may take to answer.
    pub(crate) vendor_timeout: Duration,
}

/// The worker on behalf of one batch; circuits are remembered from batch to batch.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) table: Table,
    pub(crate) jobs: Queue,
    pub(crate) outbound: Arc<dyn Transport>,
    pub(crate) breakers: Arc<Breakers>,
    pub(crate) settings: Settings,
}

/// What became of a job that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worked {
    /// There is nothing left to do for it.
    Done,
    /// Nothing could be tried now; the same job is to come again after this.
    Later(Duration),
}

/// First pause before a job is tried again, and the longest; they double in between.
const RETRY_FIRST: Duration = Duration::from_secs(2);
const RETRY_MAX: Duration = Duration::from_secs(600);
/// How often a fact is written down again when the order has changed meanwhile.
const ROUNDS_MAX: u32 = 8;

/// Works a batch: the messages to be tried again.
pub(crate) async fn fulfil(event: SqsEvent, worker: &Worker) -> SqsBatchResponse {
    let results = join_all(event.records.iter().map(|message| worker.receive(message))).await;
    let mut response = SqsBatchResponse::default();
    for (message, result) in event.records.iter().zip(results) {
        let message_id = message.message_id.clone().unwrap_or_default();
        if let Err(reason) = result {
            tracing::warn!(message_id, reason, "job {message_id} failed");
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message_id;
            response.batch_item_failures.push(failure);
        }
    }
    let (jobs, failed) = (event.records.len(), response.batch_item_failures.len());
    tracing::info!(jobs, failed, cost = %worker.table.meter.total(), "worked {jobs} jobs, of which {failed} failed");
    response
}

impl Worker {
    /// Works one message. One that is no job, or whose order is not there, fails until the queue takes it away.
    async fn receive(&self, message: &SqsMessage) -> Result<(), String> {
        let body = message.body.as_deref().unwrap_or_default();
        let job: Job = serde_json::from_str(body).map_err(|error| format!("the message is no job: {error}"))?;
        let attempt = receive_count(message);
        match self.work(&job, attempt).await {
            Ok(Worked::Done) => Ok(()),
            Ok(Worked::Later(delay)) => self.send_again(job, delay).await,
            Err(reason) => {
                let is_last = attempt >= self.settings.attempts_max;
                if is_last {
                    self.give_up(&job, &reason).await?;
                }
                // The queue takes it away when it would be received once more, so the dead letter is there at once.
                let pause = if is_last { Duration::ZERO } else { self.retry_pause(attempt) };
                self.hide(message, pause).await;
                Err(reason)
            }
        }
    }

    async fn work(&self, job: &Job, attempt: u32) -> Result<Worked, String> {
        let key = Key { pk: job.pk.clone(), sk: job.sk.clone() };
        let order = self.table.stored_order(&key).await.map_err(|error| error.to_string())?;
        let order = order.ok_or_else(|| format!("there is no order under `{}`", key.pk))?;
        if order.state.version != job.version {
            return self.restart(&order.state, job, attempt).await;
        }
        let state = order.state.state().map_err(|error| error.to_string())?;
        match next_step(&state) {
            None => Ok(Worked::Done),
            Some(Step::Allocate) => stock::allocate(&self.table, &order).await,
            Some(Step::Assign) => {
                let stored = order.state.clone();
                let assignments = vendor_routes::assignments(&self.table, order).await?;
                self.advance(&stored, &Command::Assign(assignments)).await
            }
            Some(Step::Submit(numbers)) => self.submit(order, &numbers).await,
            Some(Step::Recall(numbers)) => self.recall(order, &numbers).await,
            Some(Step::Ship(parcels)) => self.ship(&order.state, parcels).await,
        }
    }

    /// A job that gave its order up was brought back from the dead-letter queue, where its count of receives began anew.
    async fn restart(&self, stored: &StoredState, job: &Job, attempt: u32) -> Result<Worked, String> {
        let state = stored.state().map_err(|error| error.to_string())?;
        let is_ours = state.failure.as_ref().is_some_and(|failure| failure.version == job.version);
        if is_ours && attempt < self.settings.attempts_max {
            return self.advance(stored, &Command::Restart).await;
        }
        Ok(Worked::Done)
    }

    /// The parcels of the built-in vendor, the first shipment's first; the rest have jobs of their own.
    async fn ship(&self, stored: &StoredState, parcels: Vec<(u16, Vec<usize>)>) -> Result<Worked, String> {
        let Some((number, lines)) = parcels.into_iter().next() else { return Ok(Worked::Done) };
        let package = Package {
            tracking: Some(format!("SIM-{number}-{}", stored.version)),
            lines,
            carrier: Some("Simulated".to_owned()),
            method: Some("Standard".to_owned()),
            link: None,
            shipped_at: self.table.context.now(),
        };
        self.advance(stored, &Command::Report(number, Progress::Shipped(vec![package]))).await
    }

    /// Does a command to an order as it was read. Losing the write means that the order has another version, for which
    /// there is, or was, a job of its own.
    async fn advance(&self, stored: &StoredState, command: &Command) -> Result<Worked, String> {
        self.try_advance(stored, command).await.map(|_| Worked::Done)
    }

    async fn try_advance(&self, stored: &StoredState, command: &Command) -> Result<bool, String> {
        let state = stored.state().map_err(|error| error.to_string())?;
        let next = match transition(&state, command, self.table.context.now()) {
            Ok(next) => next,
            Err(Rejected::AlreadySo) => return Ok(true),
            Err(rejected) => return Err(rejected.to_string()),
        };
        let cause = Table::step("fulfil", command, &stored.cause);
        self.table.advance(&stored.key, &next, cause).await.map_err(|error| error.to_string())
    }

    /// Writes down what has happened outside, on whatever the order has become meanwhile.
    async fn note(&self, stored: &StoredState, command: &Command) -> Result<Worked, String> {
        if self.try_advance(stored, command).await? {
            return Ok(Worked::Done);
        }
        for round in 0..ROUNDS_MAX {
            self.table.context.pause(round).await;
            let current = self.table.state(&stored.key).await.map_err(|error| error.to_string())?;
            let Some(current) = current else { return Ok(Worked::Done) };
            if self.try_advance(&current, command).await? {
                return Ok(Worked::Done);
            }
        }
        Err("the order changed each time".to_owned())
    }

    /// Fails the order for good, unless it has moved on: then the job is as good as done, and the message may die.
    async fn give_up(&self, job: &Job, reason: &str) -> Result<(), String> {
        let key = Key { pk: job.pk.clone(), sk: job.sk.clone() };
        let failed = |error: StoreError| format!("{reason}; and the order could not be failed: {error}");
        let Some(stored) = self.table.state(&key).await.map_err(failed)? else { return Ok(()) };
        if stored.version != job.version {
            return Ok(());
        }
        let command = Command::GiveUp { reason: reason.to_owned(), version: job.version };
        self.try_advance(&stored, &command).await.map(|_| ())
    }

    /// The pause before the next receive. Where it cannot be set, the queue's own visibility timeout is the pause.
    async fn hide(&self, message: &SqsMessage, pause: Duration) {
        let Some(handle) = &message.receipt_handle else { return };
        if let Err(reason) = self.jobs.hide(handle, pause).await {
            tracing::warn!(reason, "a message keeps its visibility timeout");
        }
    }

    /// Doubles with each attempt, cut by up to half so that jobs that failed together do not come together again.
    fn retry_pause(&self, attempt: u32) -> Duration {
        let longest = RETRY_FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(RETRY_MAX);
        let [byte] = self.table.context.random::<1>().unwrap_or([128]);
        longest.saturating_sub(longest.saturating_mul(u32::from(byte)) / 512)
    }

    /// The same job in a message of its own, which has all its attempts before it.
    async fn send_again(&self, job: Job, delay: Duration) -> Result<(), String> {
        let failures = self.jobs.send(&[Delayed { message: job, delay }]).await;
        failures.into_iter().flatten().next().map_or(Ok(()), Err)
    }
}

fn receive_count(message: &SqsMessage) -> u32 {
    let count = message.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}
