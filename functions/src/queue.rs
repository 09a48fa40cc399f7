//! Publishing: fulfilment jobs to SQS, ten in a request, never one by one.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchError;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::future::join_all;
use shared::order::Job;

use crate::cost::Meter;

/// Entries of one `SendMessageBatch`.
const BATCH_MAX: usize = 10;

/// The fulfilment queue, on behalf of one batch of events.
#[derive(Clone)]
pub(crate) struct FulfilmentQueue {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) meter: Meter,
}

/// A job and how long until the worker may have it.
#[derive(Clone, Debug)]
pub(crate) struct Delayed {
    pub(crate) job: Job,
    pub(crate) delay: Duration,
}

impl FulfilmentQueue {
    /// Sends jobs: why each could not be sent, at its position; none for those that were.
    pub(crate) async fn send(&self, jobs: &[Delayed]) -> Vec<Option<String>> {
        let batches = jobs.chunks(BATCH_MAX).map(|batch| self.send_batch(batch));
        join_all(batches).await.into_iter().flatten().collect()
    }

    async fn send_batch(&self, batch: &[Delayed]) -> Vec<Option<String>> {
        let everyone = |reason: String| vec![Some(reason); batch.len()];
        let entries = batch.iter().enumerate().map(|(index, delayed)| {
            let body = serde_json::to_string(&delayed.job).map_err(|error| error.to_string())?;
            SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(body)
                .delay_seconds(i32::try_from(delayed.delay.as_secs()).unwrap_or(i32::MAX))
                .build()
                .map_err(|error| error.to_string())
        });
        let entries = match entries.collect::<Result<Vec<_>, String>>() {
            Ok(entries) => entries,
            Err(reason) => return everyone(reason),
        };
        self.meter.sqs();
        let answer = match self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await
        {
            Ok(answer) => answer,
            Err(error) => return everyone(failure(&error)),
        };
        let failed = |index: usize| {
            let entry = answer.failed().iter().find(|entry| entry.id() == index.to_string())?;
            Some(format!("{} {}", entry.code(), entry.message().unwrap_or_default()))
        };
        (0..batch.len()).map(failed).collect()
    }
}

/// Why a batch was not sent.
fn failure(error: &aws_sdk_sqs::error::SdkError<SendMessageBatchError>) -> String {
    match error.as_service_error() {
        Some(service) => format!("{}: {}", service.code().unwrap_or("unknown"), service.message().unwrap_or_default()),
        None => crate::store::table::chain(error),
    }
}
