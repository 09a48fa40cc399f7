//! Publishing to SQS in batches of ten. Messages carry ids and a version, never content.

use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::future::join_all;
use serde::Serialize;

use crate::context::Context;
use crate::cost::Meter;

const BATCH_MAX: usize = 10;
/// Attempts at entries that were refused.
const ATTEMPTS_MAX: u32 = 4;
/// The longest delay of SQS.
pub(crate) const DELAY_MAX: Duration = Duration::from_secs(900);

/// One queue, for one batch of events.
#[derive(Clone)]
pub(crate) struct Queue {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) context: Context,
    pub(crate) meter: Meter,
}

/// A message and its delay, at most [`DELAY_MAX`].
#[derive(Clone, Debug)]
pub(crate) struct Delayed<M> {
    pub(crate) message: M,
    pub(crate) delay: Duration,
}

/// The response to a batch: failed messages are retried. `what` is for the log.
pub(crate) fn answer<E: std::fmt::Display>(
    event: &SqsEvent,
    results: Vec<Result<(), E>>,
    what: &str,
    meter: &Meter,
) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for (message, result) in event.records.iter().zip(results) {
        let message_id = message.message_id.clone().unwrap_or_default();
        if let Err(reason) = result {
            tracing::warn!(message_id, %reason, "a message failed: {what} {message_id}");
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message_id;
            response.batch_item_failures.push(failure);
        }
    }
    let (messages, failed) = (event.records.len(), response.batch_item_failures.len());
    tracing::info!(messages, failed, cost = %meter.total(), "worked {messages} {what}, of which {failed} failed");
    response
}

impl Queue {
    /// Sends messages; returns the error of each at its position.
    pub(crate) async fn send<M: Serialize>(&self, messages: &[Delayed<M>]) -> Vec<Option<String>> {
        let batches = messages.chunks(BATCH_MAX).map(|batch| self.send_batch(batch));
        join_all(batches).await.into_iter().flatten().collect()
    }

    /// Retries entries that the service refuses.
    async fn send_batch<M: Serialize>(&self, batch: &[Delayed<M>]) -> Vec<Option<String>> {
        let mut results = vec![Some("not sent".to_owned()); batch.len()];
        for attempt in 0..ATTEMPTS_MAX {
            let open = results.iter().enumerate().filter(|(_, result)| result.is_some());
            let open: Vec<(usize, &Delayed<M>)> =
                open.filter_map(|(index, _)| Some((index, batch.get(index)?))).collect();
            if open.is_empty() {
                break;
            }
            self.context.pause(attempt).await;
            let sent = self.send_once(&open).await;
            for ((index, _), result) in open.into_iter().zip(sent) {
                if let Some(slot) = results.get_mut(index) {
                    *slot = result;
                }
            }
        }
        results
    }

    async fn send_once<M: Serialize>(&self, open: &[(usize, &Delayed<M>)]) -> Vec<Option<String>> {
        let everyone = |reason: String| vec![Some(reason); open.len()];
        let entries = match open.iter().map(|(index, delayed)| entry(*index, delayed)).collect() {
            Ok(entries) => entries,
            Err(reason) => return everyone(reason),
        };
        self.meter.sqs();
        let request = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return everyone(failure(&error)),
        };
        let failed = |index: usize| {
            let entry = answer.failed().iter().find(|entry| entry.id() == index.to_string())?;
            Some(format!("{} {}", entry.code(), entry.message().unwrap_or_default()))
        };
        open.iter().map(|(index, _)| failed(*index)).collect()
    }

    /// Hides a received message for this time, at most 12 hours. If that fails, the queue's own visibility timeout
    /// applies.
    pub(crate) async fn hide(&self, message: &SqsMessage, hidden: Duration) {
        let Some(handle) = &message.receipt_handle else { return };
        self.meter.sqs();
        let request = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(handle);
        let request = request.visibility_timeout(i32::try_from(hidden.as_secs()).unwrap_or(i32::MAX));
        if let Err(error) = request.send().await {
            tracing::warn!(reason = failure(&error), "a message keeps its visibility timeout");
        }
    }
}

fn entry<M: Serialize>(index: usize, delayed: &Delayed<M>) -> Result<SendMessageBatchRequestEntry, String> {
    let body = serde_json::to_string(&delayed.message).map_err(|error| error.to_string())?;
    SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
        .message_body(body)
        .delay_seconds(i32::try_from(delayed.delay.min(DELAY_MAX).as_secs()).unwrap_or(i32::MAX))
        .build()
        .map_err(|error| error.to_string())
}

fn failure<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match error.as_service_error() {
        Some(service) => format!("{}: {}", service.code().unwrap_or("unknown"), service.message().unwrap_or_default()),
        None => crate::causes::chain(error),
    }
}
