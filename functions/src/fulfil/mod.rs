//! The worker: takes batches of jobs and advances each job's order by one step.
//!
//! Exactly once by the order's version: a repeated job finds another version, or loses the conditional write, and is
//! done. Calls outside the table carry a key that the order determines ([`vendor_calls`]), so a repeated call counts
//! once.
//!
//! ```text
//! message ── job ── order at its version ── next_step ──┬─ Assign          [`vendor_routes`]
//!                                                      ├─ Submit, Recall  [`vendor_calls`], the port over HTTP
//!                                                      ├─ Ship            the built-in vendor
//!                                                      └─ Allocate        [`stock`]
//! ```
//!
//! A failed step is retried after a pause that grows with each attempt, by the visibility of its message. A step that
//! cannot run now, because a vendor's circuit is open or other orders took the codes, costs no attempt: the job is sent
//! again with a delay and its count of attempts, and its message is done. Each pause also moves the order in the index
//! `due`, so that the sweep sends no second message.
//!
//! After the last attempt the order fails with the reason, and the message goes to the dead-letter queue. Redriven, it
//! restarts the order. SQS does not mark redriven messages, and the relay or the sweep may repeat a job; so each
//! message carries an id of its own, and the failure records it together with SQS's message id
//! ([`DeadJob`]). A redriven message has the first id but a new SQS id; a repeated job has
//! neither; a message that has not reached the dead-letter queue yet has both.

mod breaker;
mod stock;
mod vendor_calls;
mod vendor_routes;

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use futures_util::lock::Mutex;
use shared::order::{Command, DeadJob, Job, OrderState, Package, Progress, Rejected, Step, next_step, transition};

use crate::app::change::{Change, Decision, Outcome, carry_out};
use crate::context::Context;
use crate::outbound::Transport;
use crate::queue::{self, Delayed, Queue};
use crate::store::cause::Cause;
use crate::store::keys::Key;
use crate::store::stored::{StoredOrder, StoredState};
use crate::store::{StoreError, Table};
use breaker::Breakers;

/// What the worker needs besides its table and queue.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Receives per message (redrive policy of the queue).
    pub(crate) attempts_max: u32,
    pub(crate) vendor_timeout: Duration,
}

/// The worker for one batch; circuits are kept between batches.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) table: Table,
    pub(crate) jobs: Queue,
    pub(crate) outbound: Arc<dyn Transport>,
    pub(crate) breakers: Arc<Breakers>,
    /// Orders of a batch take codes in turn, because they mostly want the same ones; the number counts conflicts with
    /// other batches.
    pub(crate) conflicts: Arc<Mutex<u32>>,
    pub(crate) settings: Settings,
}

/// The outcome of a job that did not fail.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Worked {
    Done,
    /// Nothing can be done now; the same job comes again after this time.
    Later(Duration),
    /// The order fails, or has failed, for this reason, even if attempts remain.
    Exhausted(String),
}

/// The shortest and the longest pause before a retry; it doubles in between.
const RETRY_FIRST: Duration = Duration::from_secs(2);
const RETRY_MAX: Duration = Duration::from_secs(600);

/// Processes a batch and returns the messages to retry.
pub(crate) async fn fulfil(event: SqsEvent, worker: &Worker) -> SqsBatchResponse {
    let results = join_all(event.records.iter().map(|message| worker.receive(message))).await;
    queue::answer(&event, results, "jobs", &worker.table.meter)
}

impl Worker {
    /// Processes one message. A message without a valid job or order fails until the queue removes it.
    async fn receive(&self, message: &SqsMessage) -> Result<(), String> {
        let body = message.body.as_deref().unwrap_or_default();
        let job: Job = serde_json::from_str(body).map_err(|error| format!("the message is no job: {error}"))?;
        let received = receive_count(message);
        let attempt = job.failed.saturating_add(received);
        let worked = if received > 1 && attempt > self.settings.attempts_max {
            self.bury(&job, message).await
        } else {
            self.work(&job, message).await
        };
        let (reason, is_last) = match worked {
            Ok(Worked::Done) => return Ok(()),
            Ok(Worked::Later(delay)) => return self.send_again(job, received.saturating_sub(1), delay).await,
            Ok(Worked::Exhausted(reason)) => (reason, true),
            Err(reason) => (reason, attempt >= self.settings.attempts_max),
        };
        if is_last {
            self.give_up(&job, message, &reason).await?;
        }
        // The queue removes it after its last receive, so it becomes a dead letter at once.
        let pause = if is_last { Duration::ZERO } else { retry_pause(&self.table.context, attempt) };
        if !is_last {
            self.keep_from_sweep(&job, pause).await;
        }
        self.jobs.hide(message, pause).await;
        Err(reason)
    }

    /// A message after its last attempt: either that attempt failed and the queue has yet to remove the message, or its
    /// process died.
    async fn bury(&self, job: &Job, message: &SqsMessage) -> Result<Worked, String> {
        let stored = self.table.load::<StoredState>(&key_of(job)).await?;
        match stored {
            Some(stored) if stored.version != job.version => self.overtaken(&stored, job, message).await,
            _ => Err("the last attempt ended without a result".to_owned()),
        }
    }

    async fn work(&self, job: &Job, message: &SqsMessage) -> Result<Worked, String> {
        let key = key_of(job);
        let order = self.table.load::<StoredOrder>(&key).await?;
        let order = order.ok_or_else(|| format!("there is no order under `{}`", key.pk))?;
        if order.state.version != job.version {
            return self.overtaken(&order.state, job, message).await;
        }
        let state = order.state.state()?;
        match next_step(&state) {
            None => Ok(Worked::Done),
            Some(Step::Allocate) => stock::allocate(&self.table, &order, &self.conflicts).await,
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

    /// A job for another version has nothing to do, unless it is the one that gave up the order.
    async fn overtaken(&self, stored: &StoredState, job: &Job, message: &SqsMessage) -> Result<Worked, String> {
        let state = stored.state()?;
        let mut dead = [&state.failure, &state.recall_failure].into_iter().flatten().filter_map(|f| f.dead.as_ref());
        match dead.find(|dead| dead.job == job.id) {
            None => Ok(Worked::Done),
            Some(dead) if message.message_id.as_ref() == Some(&dead.message) => {
                Ok(Worked::Exhausted("the job has given its order up".to_owned()))
            }
            Some(_) => self.advance(stored, &Command::Restart).await,
        }
    }

    /// Ships the first parcel of the built-in vendor; the others have jobs of their own.
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

    /// Applies a command to an order as it was read. If the write fails, the order has another version, which has a job
    /// of its own.
    async fn advance(&self, stored: &StoredState, command: &Command) -> Result<Worked, String> {
        self.try_advance(stored, command).await.map(|_| Worked::Done)
    }

    async fn try_advance(&self, stored: &StoredState, command: &Command) -> Result<bool, String> {
        let fact = Fact { key: &stored.key, command };
        match fact.decide(&self.table, stored.clone())? {
            Decision::Keep(()) => Ok(true),
            Decision::Write(_, next) => Ok(fact.write(&self.table, &next).await?),
        }
    }

    /// Records an external event, whatever the order has become meanwhile.
    async fn note(&self, stored: &StoredState, command: &Command) -> Result<Worked, String> {
        if self.try_advance(stored, command).await? {
            return Ok(Worked::Done);
        }
        match carry_out(&self.table, &Fact { key: &stored.key, command }).await? {
            Outcome::Overtaken => Err("the order changed each time".to_owned()),
            _ => Ok(Worked::Done),
        }
    }

    /// Fails the order for good, unless its version has changed: then the job is obsolete.
    async fn give_up(&self, job: &Job, message: &SqsMessage, reason: &str) -> Result<(), String> {
        let key = key_of(job);
        let failed = |error: StoreError| format!("{reason}; and the order could not be failed: {error}");
        let Some(stored) = self.table.load::<StoredState>(&key).await.map_err(failed)? else { return Ok(()) };
        if stored.version != job.version {
            return Ok(());
        }
        let message = message.message_id.clone().filter(|_| !job.id.is_empty());
        let dead = message.map(|message| DeadJob { job: job.id.clone(), message });
        let command = Command::GiveUp { reason: reason.to_owned(), dead };
        self.try_advance(&stored, &command).await.map(|_| ())
    }

    /// Sends the same job in a new message, with `failed` more attempts counted.
    async fn send_again(&self, job: Job, failed: u32, delay: Duration) -> Result<(), String> {
        self.keep_from_sweep(&job, delay).await;
        let id = self.table.context.job_id().map_err(|error| error.to_string())?;
        let message = Job { id, failed: job.failed.saturating_add(failed), ..job };
        let failures = self.jobs.send(&[Delayed { message, delay }]).await;
        failures.into_iter().flatten().next().map_or(Ok(()), Err)
    }

    /// Delays the check by the sweep until after the pause. If that fails, there may be an additional message.
    async fn keep_from_sweep(&self, job: &Job, pause: Duration) {
        if let Err(error) = self.table.put_off_order(&key_of(job), job.version, pause).await {
            tracing::warn!(%error, "the sweep may queue an order that is being worked");
        }
    }
}

/// A command from the worker to an order.
struct Fact<'f> {
    key: &'f Key,
    command: &'f Command,
}

impl Change<StoredState> for Fact<'_> {
    type Kept = ();
    type Next = (OrderState, Cause);
    type Error = String;

    async fn read(&self, table: &Table) -> Result<Option<StoredState>, StoreError> {
        table.load(self.key).await
    }

    fn decide(&self, table: &Table, stored: StoredState) -> Result<Decision<(), Self::Next>, String> {
        let next = match transition(&stored.state()?, self.command, table.context.now()) {
            Ok(next) => next,
            Err(Rejected::AlreadySo) => return Ok(Decision::Keep(())),
            // The shipment that a vendor rejects may be cancelled or shipped by now.
            Err(Rejected::NotAllowed(_)) if matches!(self.command, Command::Report(_, Progress::Rejected { .. })) => {
                return Ok(Decision::Keep(()));
            }
            Err(rejected) => return Err(rejected.to_string()),
        };
        let cause = Table::step("fulfil", self.command, &stored.cause);
        Ok(Decision::Write(next.version, (next, cause)))
    }

    async fn write(&self, table: &Table, (next, cause): &Self::Next) -> Result<bool, StoreError> {
        table.advance(self.key, next, cause.clone(), None).await
    }
}

pub(crate) fn key_of(job: &Job) -> Key {
    Key { pk: job.pk.clone(), sk: job.sk.clone() }
}

pub(crate) fn receive_count(message: &SqsMessage) -> u32 {
    let count = message.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// Doubles with each attempt; a random part of up to half is subtracted, so that jobs that failed together do not come
/// back together.
pub(crate) fn retry_pause(context: &Context, attempt: u32) -> Duration {
    let longest = RETRY_FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(RETRY_MAX);
    let [byte] = context.random::<1>().unwrap_or([128]);
    longest.saturating_sub(longest.saturating_mul(u32::from(byte)) / 512)
}
