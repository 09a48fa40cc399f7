//! The worker of inbound orders: takes batches of jobs and creates the order of each job's receipt
//! ([`crate::app::inbound`]).
//!
//! Exactly once by the receipt's version, and by the safe id of its order: a repeated job finds another version, or
//! creates an order that exists. A failed job is retried after a pause that grows with each attempt, by the visibility
//! of its message, and the sweep waits as long. After the last attempt the receipt fails with the reason, and the
//! message goes to the dead-letter queue. Redriven, it restarts the receipt; [`fulfil`](mod@crate::fulfil) explains how a redriven
//! message is recognised.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use shared::order::{DeadJob, Job};
use shared::order_network::inbound::ReceiptStatus;

use crate::app::inbound::process;
use crate::fulfil::{key_of, receive_count, retry_pause};
use crate::queue::{self, Queue};
use crate::store::Table;
use crate::store::receipts::Receipt;

/// The worker for one batch.
pub(crate) struct Inbound {
    pub(crate) table: Table,
    pub(crate) jobs: Queue,
    /// Receives per message (redrive policy of the queue).
    pub(crate) attempts_max: u32,
}

/// The outcome of a job that did not fail.
#[derive(Debug, PartialEq, Eq)]
enum Worked {
    Done,
    /// The receipt has failed, even if attempts remain.
    Exhausted(String),
}

/// Processes a batch and returns the messages to retry.
pub(crate) async fn inbound(event: SqsEvent, worker: &Inbound) -> SqsBatchResponse {
    let results = join_all(event.records.iter().map(|message| worker.receive(message))).await;
    queue::answer(&event, results, "inbound jobs", &worker.table.meter)
}

impl Inbound {
    /// Processes one message. A message without a valid job or receipt fails until the queue removes it.
    async fn receive(&self, message: &SqsMessage) -> Result<(), String> {
        let body = message.body.as_deref().unwrap_or_default();
        let job: Job = serde_json::from_str(body).map_err(|error| format!("the message is no job: {error}"))?;
        let received = receive_count(message);
        let attempt = job.failed.saturating_add(received);
        let is_over = received > 1 && attempt > self.attempts_max;
        let (reason, is_last) = match self.work(&job, message, is_over).await {
            Ok(Worked::Done) => return Ok(()),
            Ok(Worked::Exhausted(reason)) => (reason, true),
            Err(reason) => (reason, attempt >= self.attempts_max),
        };
        if is_last {
            self.give_up(&job, message, &reason).await?;
        }
        // The queue removes it after its last receive, so it becomes a dead letter at once.
        let pause = if is_last { Duration::ZERO } else { retry_pause(&self.table.context, attempt) };
        if !is_last && let Err(error) = self.table.put_off_order(&key_of(&job), job.version, pause).await {
            tracing::warn!(%error, "the sweep may queue an inbound order that is being worked");
        }
        self.jobs.hide(message, pause).await;
        Err(reason)
    }

    /// `is_over`: the last attempt ended with its process.
    async fn work(&self, job: &Job, message: &SqsMessage, is_over: bool) -> Result<Worked, String> {
        let key = key_of(job);
        let receipt = self.table.receipt(&key).await?;
        let receipt = receipt.ok_or_else(|| format!("there is no receipt under `{}`", key.pk))?;
        if receipt.state.version != job.version || receipt.state.receipt_status != ReceiptStatus::Received {
            return self.overtaken(receipt, job, message).await;
        }
        if is_over {
            return Err("the last attempt ended without a result".to_owned());
        }
        let merchant = key.merchant().ok_or_else(|| format!("`{}` names no merchant", key.pk))?;
        let ended = process(&self.table, &merchant, receipt).await?;
        // If the write fails, another job has decided it.
        self.table.replace_receipt(&ended).await?;
        Ok(Worked::Done)
    }

    /// A job for another version has nothing to do, unless it is the one that gave up the receipt.
    async fn overtaken(&self, receipt: Receipt, job: &Job, message: &SqsMessage) -> Result<Worked, String> {
        match receipt.state.dead.as_ref().filter(|dead| dead.job == job.id) {
            None => Ok(Worked::Done),
            Some(dead) if message.message_id.as_ref() == Some(&dead.message) => {
                Ok(Worked::Exhausted("the job has given its receipt up".to_owned()))
            }
            // The relay creates a job for the new version.
            Some(_) => {
                let restarted = receipt.restarted(&self.table);
                self.table.replace_receipt(&restarted).await?;
                Ok(Worked::Done)
            }
        }
    }

    /// Fails the receipt for good, unless its version has changed: then the job is obsolete.
    async fn give_up(&self, job: &Job, message: &SqsMessage, reason: &str) -> Result<(), String> {
        let failed = |error| format!("{reason}; and the receipt could not be failed: {error}");
        let Some(receipt) = self.table.receipt(&key_of(job)).await.map_err(failed)? else { return Ok(()) };
        if receipt.state.version != job.version || receipt.state.receipt_status != ReceiptStatus::Received {
            return Ok(());
        }
        let message = message.message_id.clone().filter(|_| !job.id.is_empty());
        let dead = message.map(|message| DeadJob { job: job.id.clone(), message });
        let receipt = receipt.failed(reason, dead, self.table.context.now());
        self.table.replace_receipt(&receipt).await.map(|_| ()).map_err(failed)
    }
}
