//! A queue that triggers a function: batches of messages, of which those that failed stay and come again after the
//! queue's visibility timeout, until its redrive policy moves them away.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Sources, sleep};
use crate::aws::sqs::{Received, SqsError};
use crate::template::{QueueSource, queue_arn};

/// Lambda starts with five pollers; fewer where the template asks for less concurrency.
pub(super) fn pollers(source: &QueueSource) -> u32 {
    source.maximum_concurrency.unwrap_or(5).min(5)
}

/// The most that one receive takes.
const RECEIVE_MAX: u32 = 10;

pub(super) async fn poll(
    sources: Sources,
    function: String,
    source: QueueSource,
    queue: String,
    mut stop: watch::Receiver<bool>,
) {
    while !*stop.borrow() {
        // Never given up half-way: a batch that was received and dropped would stay hidden. The stop ends the wait instead.
        let worked = match batch(&sources, &source, &queue).await {
            Ok(messages) if messages.is_empty() => Ok(()),
            Ok(messages) => work(&sources, &function, &source, &queue, messages).await,
            Err(error) => Err(error),
        };
        if let Err(error) = worked {
            tracing::error!(queue, error = error.message, "queue {queue} cannot be polled");
            sleep(Duration::from_secs(1), &mut stop).await;
        }
    }
}

/// Waits for messages, then until the batch is full or its window is over.
async fn batch(sources: &Sources, source: &QueueSource, queue: &str) -> Result<Vec<Received>, SqsError> {
    let mut messages = sources.queues.receive(queue, source.batch_size.min(RECEIVE_MAX), sources.pace.receive).await?;
    let end = Instant::now() + source.batching_window;
    while !messages.is_empty() && Instant::now() < end {
        let missing = source.batch_size.saturating_sub(u32::try_from(messages.len()).unwrap_or(u32::MAX));
        if missing == 0 {
            break;
        }
        let wait = end.saturating_duration_since(Instant::now());
        messages.extend(sources.queues.receive(queue, missing.min(RECEIVE_MAX), wait).await?);
    }
    Ok(messages)
}

async fn work(
    sources: &Sources,
    function: &str,
    source: &QueueSource,
    queue: &str,
    messages: Vec<Received>,
) -> Result<(), SqsError> {
    let arn = queue_arn(queue);
    let records: Vec<Value> = messages.iter().map(|message| message.event_record(&arn)).collect();
    let answer = sources.functions.invoke(function, json!({ "Records": records })).await;
    let failed = match &answer {
        Ok(answer) if source.report_item_failures => failed_ids(answer),
        Ok(_) => Some(HashSet::new()),
        Err(error) => {
            tracing::error!(function, error, "function {function} failed on a batch of {}", messages.len());
            None
        }
    };
    // Without a list the whole batch failed: so says Lambda of an error and of an answer that it cannot read.
    let Some(failed) = failed else { return Ok(()) };
    for message in messages.iter().filter(|message| !failed.contains(message.message_id.as_str())) {
        sources.queues.delete(queue, &message.receipt_handle).await?;
    }
    Ok(())
}

/// The ids in `batchItemFailures`; none of them is fine, an entry without an id is not.
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
mod tests {
    use super::failed_ids;
    use serde_json::json;

    #[test]
    fn an_answer_names_the_messages_that_failed() {
        assert_eq!(failed_ids(&json!({})).unwrap().len(), 0);
        assert_eq!(failed_ids(&json!({"batchItemFailures": null})).unwrap().len(), 0);
        assert!(failed_ids(&json!({"batchItemFailures": [{"itemIdentifier": "a"}]})).unwrap().contains("a"));
        assert!(failed_ids(&json!({"batchItemFailures": [{"itemIdentifier": ""}]})).is_none());
        assert!(failed_ids(&json!({"batchItemFailures": "x"})).is_none());
    }
}
