//! The worker: takes batches of jobs, advances each job's order by one step of the built-in vendor.
//!
//! Exactly once by the order's version: a job that arrives again finds another version, or loses the conditional write,
//! and is done. A message that is no job, or whose order is not there, fails by itself and reaches the dead-letter queue
//! after the queue's number of receives; the rest of its batch is not held up.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use shared::order::{Job, next_step, transition};

use crate::store::Table;
use crate::store::keys::Key;

/// Works a batch: the messages to be tried again.
pub(crate) async fn fulfil(event: SqsEvent, table: &Table) -> SqsBatchResponse {
    let results = join_all(event.records.iter().map(|message| work(message, table))).await;
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
    tracing::info!(jobs, failed, cost = %table.meter.total(), "worked {jobs} jobs, of which {failed} failed");
    response
}

async fn work(message: &SqsMessage, table: &Table) -> Result<(), String> {
    let body = message.body.as_deref().unwrap_or_default();
    let job: Job = serde_json::from_str(body).map_err(|error| format!("the message is no job: {error}"))?;
    let key = Key { pk: job.pk, sk: job.sk };
    let state = table.state(&key).await.map_err(|error| error.to_string())?;
    let state = state.ok_or_else(|| format!("there is no order under `{}`", key.pk))?;
    if state.version != job.version {
        return Ok(());
    }
    let Some(command) = next_step(&state) else { return Ok(()) };
    let next = transition(&state, command, table.context.now()).map_err(|rejected| rejected.to_string())?;
    // Losing the write means that another worker had the same job.
    table.advance(&key, &next).await.map(|_| ()).map_err(|error| error.to_string())
}
