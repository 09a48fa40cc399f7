//! A table's stream that triggers a function: records in order, one batch at a time, none skipped.
//!
//! A failed batch is retried from the record that the function names, or split in half if it names none and the
//! template says so. After the last retry, the positions of the remaining records go to the on-failure queue, and
//! reading continues after them.
//!
//! Records that match no filter of the source are skipped: they are in no batch, and the checkpoint moves past them.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::{Sources, sleep};
use crate::aws::dynamodb::{SequenceNumber, StreamReader};
use crate::aws::sqs::Outgoing;
use crate::template::{Function, StartingPosition, StreamSource};

/// How often reading from a checkpoint is tried before it is considered gone.
const FAILURES_MAX: u32 = 5;
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(10);

pub(super) struct Poller {
    sources: Sources,
    function: String,
    function_arn: String,
    source: StreamSource,
    reader: StreamReader,
    /// Name of the checkpoint.
    name: String,
}

/// Records that are processed together, and the number of retries so far.
struct Batch {
    records: Vec<Value>,
    retries: u32,
}

/// The result of an invocation.
enum Outcome {
    /// All records are done.
    Done,
    /// The records before this index are done; the function named the record at it.
    From(usize),
    /// No record is known to be done.
    Failed(String),
}

impl Poller {
    pub(super) fn new(sources: Sources, function: &Function, source: StreamSource, reader: StreamReader) -> Self {
        let name = format!("{}-{}", function.logical_id, source.event);
        Self { sources, function: function.logical_id.clone(), function_arn: function.arn(), source, reader, name }
    }

    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut place = self.sources.checkpoints.read(&self.name);
        if place.is_none() && self.source.starting_position == StartingPosition::Latest {
            place = self.reader.latest().await.ok().flatten();
        }
        let mut failures = 0;
        let mut written = self.sources.pace.written.clone();
        let limit = usize::try_from(self.source.batch_size).unwrap_or(usize::MAX);
        loop {
            if let Some(written) = &mut written {
                // Writes from here on end the next wait.
                written.mark_unchanged();
            }
            let records = match self.records(place.clone(), limit, &mut stop).await {
                Ok(records) => {
                    failures = 0;
                    records
                }
                Err(error) => {
                    tracing::error!(%error, "the stream cannot be read from its checkpoint");
                    failures += 1;
                    if failures == FAILURES_MAX {
                        // The stream keeps 24 hours, so an older checkpoint is no longer valid. Start from the oldest
                        // record: processing a record again changes nothing.
                        place = None;
                    }
                    Vec::new()
                }
            };
            let Some(last) = records.last().and_then(SequenceNumber::of) else {
                if self.idle(written.as_mut(), &mut stop).await {
                    continue;
                }
                return;
            };
            let wanted = self.wanted(records);
            let ends_passed_over = wanted.last().and_then(SequenceNumber::of).as_ref() != Some(&last);
            if !self.work(wanted, &mut stop).await {
                return;
            }
            if ends_passed_over {
                self.checkpoint(last.clone());
            }
            place = Some(last);
        }
    }

    /// Waits until there may be something new; returns whether to continue.
    async fn idle(&self, written: Option<&mut watch::Receiver<()>>, stop: &mut watch::Receiver<bool>) -> bool {
        if let Some(written) = written {
            let stopped = std::pin::pin!(stop.wait_for(|stopped| *stopped));
            futures_util::future::select(std::pin::pin!(written.changed()), stopped).await;
        }
        sleep(self.sources.pace.idle, stop).await
    }

    /// A batch: the available records, or more if they arrive within the window.
    async fn records(
        &self,
        place: Option<SequenceNumber>,
        limit: usize,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Vec<Value>, crate::aws::dynamodb::StreamError> {
        let records = self.reader.records(place.clone(), limit).await?;
        if !records.iter().any(|record| self.is_wanted(record))
            || records.len() >= limit
            || self.source.batching_window.is_zero()
        {
            return Ok(records);
        }
        sleep(self.source.batching_window, stop).await;
        self.reader.records(place, limit).await
    }

    fn wanted(&self, records: Vec<Value>) -> Vec<Value> {
        records.into_iter().filter(|record| self.is_wanted(record)).collect()
    }

    fn is_wanted(&self, record: &Value) -> bool {
        let filters = &self.source.filters;
        filters.is_empty() || filters.iter().any(|filter| filter.matches(record))
    }

    /// Processes records until each is done or given up; returns whether to continue. Progress is saved when the stop
    /// comes.
    async fn work(&self, records: Vec<Value>, stop: &mut watch::Receiver<bool>) -> bool {
        let mut batches = VecDeque::new();
        if !records.is_empty() {
            batches.push_back(Batch { records, retries: 0 });
        }
        while let Some(mut batch) = batches.pop_front() {
            if *stop.borrow() {
                return false;
            }
            match self.invoke(&batch.records).await {
                Outcome::Done => self.done(&batch.records),
                Outcome::From(index) => {
                    let rest = batch.records.split_off(index);
                    self.done(&batch.records);
                    batches.push_front(Batch { records: rest, retries: batch.retries.saturating_add(1) });
                }
                Outcome::Failed(reason) if self.source.bisect_on_error && batch.records.len() > 1 => {
                    tracing::warn!(function = self.function, reason, "splitting a batch of {}", batch.records.len());
                    let rest = batch.records.split_off(batch.records.len() / 2);
                    batches.push_front(Batch { records: rest, retries: batch.retries });
                    batches.push_front(batch);
                    continue;
                }
                Outcome::Failed(reason) => {
                    tracing::warn!(function = self.function, reason, "retrying a batch of {}", batch.records.len());
                    batches.push_front(Batch { records: batch.records, retries: batch.retries.saturating_add(1) });
                }
            }
            if let Some(failed) = batches.front().filter(|next| next.retries > 0) {
                let retries = failed.retries;
                if self.is_given_up(failed) {
                    if let Some(batch) = batches.pop_front() {
                        self.give_up(&batch).await;
                        self.done(&batch.records);
                    }
                } else if !sleep(backoff(retries), stop).await {
                    return false;
                }
            }
        }
        true
    }

    async fn invoke(&self, records: &[Value]) -> Outcome {
        // A copy: `json!` would serialize the records and parse them again.
        let event = Map::from_iter([("Records".to_owned(), Value::Array(records.to_vec()))]);
        let answer = match self.sources.functions.invoke(&self.function, event.into()).await {
            Ok(answer) => answer,
            Err(error) => return Outcome::Failed(error),
        };
        if !self.source.report_item_failures {
            return Outcome::Done;
        }
        let failures = answer.get("batchItemFailures").and_then(Value::as_array);
        let named: Vec<&str> =
            failures.into_iter().flatten().filter_map(|failure| failure.get("itemIdentifier")?.as_str()).collect();
        let sequence_number =
            |record: &Value| SequenceNumber::of(record).is_some_and(|place| named.contains(&place.as_str()));
        match records.iter().position(sequence_number) {
            Some(index) => Outcome::From(index),
            None if named.is_empty() => Outcome::Done,
            None => Outcome::Failed("the function named a record that it was not given".to_owned()),
        }
    }

    fn done(&self, records: &[Value]) {
        if let Some(place) = records.last().and_then(SequenceNumber::of) {
            self.checkpoint(place);
        }
    }

    fn checkpoint(&self, place: SequenceNumber) {
        if let Err(error) = self.sources.checkpoints.write(&self.name, place) {
            tracing::error!(%error, "the checkpoint {} cannot be written", self.name);
        }
    }

    fn is_given_up(&self, batch: &Batch) -> bool {
        let too_old = |age: Duration| {
            let created = batch
                .records
                .first()
                .and_then(|record| record.pointer("/dynamodb/ApproximateCreationDateTime")?.as_f64());
            let now = Duration::from_millis(u64::try_from(self.sources.clock.now_ms()).unwrap_or(0));
            created.is_some_and(|created| now.as_secs_f64() - created > age.as_secs_f64())
        };
        self.source.maximum_retries.is_some_and(|max| batch.retries > max)
            || self.source.maximum_record_age.is_some_and(too_old)
    }

    /// Reports the given-up records to the on-failure queue.
    async fn give_up(&self, batch: &Batch) {
        tracing::error!(function = self.function, "giving up on {} stream records", batch.records.len());
        let queue = self.source.on_failure.as_ref().and_then(|queue| self.sources.stack.queue(queue));
        let Some(queue) = queue else { return };
        let place = |record: Option<&Value>| record.and_then(SequenceNumber::of).map(|place| place.to_string());
        let message = json!({
            "version": "1.0",
            "requestContext": {
                "requestId": uuid::Uuid::new_v4().to_string(),
                "functionArn": self.function_arn,
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": batch.retries,
            },
            "DDBStreamBatchInfo": {
                "streamArn": self.reader.arn(),
                "shardId": self.reader.shard_id(),
                "startSequenceNumber": place(batch.records.first()),
                "endSequenceNumber": place(batch.records.last()),
                "batchSize": batch.records.len(),
            },
        });
        if let Err(error) = self.sources.queues.send(&queue.name, Outgoing::of(message.to_string())).await {
            tracing::error!(error = error.message, "cannot send to the on-failure queue");
        }
    }
}

/// Doubles with each retry, up to a limit.
fn backoff(retries: u32) -> Duration {
    BACKOFF_FIRST.saturating_mul(1 << retries.saturating_sub(1).min(10)).min(BACKOFF_MAX)
}

#[cfg(test)]
mod tests;
