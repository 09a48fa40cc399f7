//! The relay: every write to the table passes here once it is durable, and becomes what follows from it.
//!
//! At present one thing follows: an order whose next step is ours gets a fulfilment job, made for the version that was
//! written. A record that arrives twice makes the same job twice, and the worker does the second time nothing.
//!
//! Records whose job could not be queued are reported by their sequence number; the event source then starts again at
//! the lowest of them. A record that cannot be read never will be: it is logged and passed over, because starting again
//! at it would in the end give up all that came with it. Its order is still in the index of unfinished ones.

use std::time::Duration;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use serde::Serialize;
use shared::order::{Command, Job, next_step};

use crate::queue::{Delayed, Queue};
use crate::store::stored::StoredState;

/// The answer of a stream consumer.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StreamResponse {
    /// Where to start again.
    pub(crate) batch_item_failures: Vec<StreamFailure>,
}

/// One record that was not worked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StreamFailure {
    /// Its sequence number.
    pub(crate) item_identifier: String,
}

/// Queues a job for every record that asks for one.
pub(crate) async fn relay(event: Event, queue: &Queue, step: Duration) -> StreamResponse {
    let mut response = StreamResponse::default();
    let (mut jobs, mut sequence_numbers) = (Vec::new(), Vec::new());
    for record in event.records {
        let sequence_number = record.change.sequence_number.clone().unwrap_or_default();
        match job(record, step) {
            Ok(Some(delayed)) => {
                jobs.push(delayed);
                sequence_numbers.push(sequence_number);
            }
            Ok(None) => {}
            Err(reason) => {
                tracing::error!(sequence_number, reason, "stream record {sequence_number} is unreadable");
            }
        }
    }
    for (failure, sequence_number) in queue.send(&jobs).await.into_iter().zip(sequence_numbers) {
        if let Some(reason) = failure {
            tracing::error!(sequence_number, reason, "the job of stream record {sequence_number} was not queued");
            response.batch_item_failures.push(StreamFailure { item_identifier: sequence_number });
        }
    }
    if !jobs.is_empty() {
        tracing::info!(jobs = jobs.len(), cost = %queue.meter.total(), "queued {} jobs", jobs.len());
    }
    response
}

/// The job that follows from a record; none for deletions, for items that are not orders, for orders that wait.
fn job(record: EventRecord, step: Duration) -> Result<Option<Delayed<Job>>, String> {
    let image = record.change.new_image;
    if !image.contains_key("line_states") {
        return Ok(None);
    }
    let stored: StoredState = serde_dynamo::from_item(image).map_err(|error| error.to_string())?;
    let state = stored.state().map_err(|error| error.to_string())?;
    let delay = match next_step(&state) {
        None => return Ok(None),
        Some(Command::Accept) => Duration::ZERO,
        Some(Command::Fulfil { .. }) => step,
    };
    let job = Job { pk: stored.key.pk, sk: stored.key.sk, version: state.version };
    Ok(Some(Delayed { message: job, delay }))
}
