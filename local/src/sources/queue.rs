//! A queue that triggers a function with batches of messages. Failed messages stay and return after the queue's
//! visibility timeout, or after the one that the function set, until the redrive policy moves them away.
//!
//! One task receives, and every batch is invoked in its own task. The receiver waits until another invocation may
//! start: a message that nobody can process yet stays in the queue, where it does not use up its visibility timeout and
//! its receives. `MaximumConcurrency` does the same on AWS.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Sources, sleep};
use crate::aws::sqs::{Received, SqsError};
use crate::template::{QueueSource, queue_arn};

/// Lambda starts with five concurrent invocations and adds more while the queue grows. Here it stays at five unless the
/// template sets a number.
const CONCURRENCY: u32 = 5;

/// Maximum messages per receive.
const RECEIVE_MAX: u32 = 10;

pub(super) async fn poll(
    sources: Sources,
    function: String,
    source: QueueSource,
    queue: String,
    mut stop: watch::Receiver<bool>,
) {
    let concurrency = usize::try_from(source.maximum_concurrency.unwrap_or(CONCURRENCY)).unwrap_or(usize::MAX);
    let free = Arc::new(Semaphore::new(concurrency.min(Semaphore::MAX_PERMITS)));
    let invocation = Arc::new(Invocation { sources, function, source, queue });
    let mut running = JoinSet::new();
    while let Ok(permit) = Arc::clone(&free).acquire_owned().await {
        if *stop.borrow() {
            break;
        }
        while running.try_join_next().is_some() {}
        // Never cancelled midway: a received batch that is dropped would stay hidden. The stop ends the wait instead.
        match invocation.batch().await {
            Ok(messages) if messages.is_empty() => {}
            Ok(messages) => {
                let invocation = Arc::clone(&invocation);
                running.spawn(async move {
                    invocation.run(messages).await;
                    drop(permit);
                });
            }
            Err(error) => {
                invocation.report(&error);
                sleep(Duration::from_secs(1), &mut stop).await;
            }
        }
    }
    while running.join_next().await.is_some() {}
}

/// What all invocations of a source share.
struct Invocation {
    sources: Sources,
    function: String,
    source: QueueSource,
    queue: String,
}

impl Invocation {
    /// Waits for messages, then until the batch is full or its window is over.
    async fn batch(&self) -> Result<Vec<Received>, SqsError> {
        let (queues, batch_size, wait) = (&self.sources.queues, self.source.batch_size, self.sources.pace.receive);
        let mut messages = queues.receive(&self.queue, batch_size.min(RECEIVE_MAX), wait).await?;
        let end = Instant::now() + self.source.batching_window;
        while !messages.is_empty() && Instant::now() < end {
            let missing = batch_size.saturating_sub(u32::try_from(messages.len()).unwrap_or(u32::MAX));
            if missing == 0 {
                break;
            }
            let wait = end.saturating_duration_since(Instant::now());
            messages.extend(queues.receive(&self.queue, missing.min(RECEIVE_MAX), wait).await?);
        }
        Ok(messages)
    }

    /// Invokes the function and deletes the messages that did not fail.
    async fn run(&self, messages: Vec<Received>) {
        let function = &self.function;
        let arn = queue_arn(&self.queue);
        let records: Vec<Value> = messages.iter().map(|message| message.event_record(&arn)).collect();
        let answer = self.sources.functions.invoke(function, json!({ "Records": records })).await;
        let failed = match &answer {
            Ok(answer) if self.source.report_item_failures => failed_ids(answer),
            Ok(_) => Some(HashSet::new()),
            Err(error) => {
                tracing::error!(function, error, "function {function} failed on a batch of {}", messages.len());
                None
            }
        };
        // Without a list the whole batch failed: Lambda treats errors and unreadable answers the same way.
        let Some(failed) = failed else { return };
        for message in messages.iter().filter(|message| !failed.contains(message.message_id.as_str())) {
            if let Err(error) = self.sources.queues.delete(&self.queue, &message.receipt_handle).await {
                self.report(&error);
            }
        }
    }

    fn report(&self, error: &SqsError) {
        tracing::error!(queue = self.queue, error = error.message, "queue {} cannot be polled", self.queue);
    }
}

/// The ids in `batchItemFailures`; an empty list is valid, an entry without an id is not.
fn failed_ids(answer: &Value) -> Option<HashSet<&str>> {
    let Some(failures) = answer.get("batchItemFailures").filter(|failures| !failures.is_null()) else {
        return Some(HashSet::new());
    };
    failures
        .as_array()?
        .iter()
        .map(|failure| failure.get("itemIdentifier")?.as_str().filter(|id| !id.is_empty()))
        .collect()
}

#[cfg(test)]
mod tests;
