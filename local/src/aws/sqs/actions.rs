//! The actions of SQS over its JSON protocol: checks limits, then calls the queues.

use super::{
    attributes::{self, MessageAttribute},
    error::{ErrorKind, SqsError},
    limits,
    message::{Outgoing, Received, Sent},
    queues::{Declared, Queues},
    requests::{Attributes, Batch, CancelMove, Handle, List, ListMoves, Receive, Send, StartMove},
};
use crate::template::{ACCOUNT, queue_arn};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, time::Duration};

/// A call whose queue exists and whose caller is authorized.
pub(super) struct Call<'a> {
    pub(super) queues: &'a Queues,
    /// The queue's name; empty for actions without a queue.
    pub(super) queue: &'a str,
    pub(super) sender_id: &'a str,
    /// `http://127.0.0.1:PORT`, the prefix of queue URLs.
    pub(super) endpoint: &'a str,
}

/// The permission that an action needs; `None` for an unsupported action.
pub(super) fn permission(action: &str) -> Option<&'static str> {
    // IAM has no batch actions, and SQS writes action names in lower case in its denials.
    Some(match action {
        "SendMessage" | "SendMessageBatch" => "sqs:sendmessage",
        "ReceiveMessage" => "sqs:receivemessage",
        "DeleteMessage" | "DeleteMessageBatch" => "sqs:deletemessage",
        "ChangeMessageVisibility" | "ChangeMessageVisibilityBatch" => "sqs:changemessagevisibility",
        "GetQueueUrl" => "sqs:getqueueurl",
        "GetQueueAttributes" => "sqs:getqueueattributes",
        "ListQueues" => "sqs:listqueues",
        "PurgeQueue" => "sqs:purgequeue",
        "ListDeadLetterSourceQueues" => "sqs:listdeadlettersourcequeues",
        "StartMessageMoveTask" => "sqs:startmessagemovetask",
        "ListMessageMoveTasks" => "sqs:listmessagemovetasks",
        "CancelMessageMoveTask" => "sqs:cancelmessagemovetask",
        _ => return None,
    })
}

impl Call<'_> {
    /// Runs `action`.
    pub(super) async fn run(&self, action: &str, body: Value) -> Result<Value, SqsError> {
        match action {
            "SendMessage" => self.send(read(body)?).await,
            "SendMessageBatch" => self.send_batch(read(body)?).await,
            "ReceiveMessage" => self.receive(read(body)?).await,
            "DeleteMessage" => self.delete(read(body)?).await.map(|()| json!({})),
            "DeleteMessageBatch" => self.delete_batch(read(body)?).await,
            "ChangeMessageVisibility" => self.hide(read(body)?).await.map(|()| json!({})),
            "ChangeMessageVisibilityBatch" => self.hide_batch(read(body)?).await,
            "GetQueueUrl" => Ok(json!({"QueueUrl": self.url(self.queue)})),
            "GetQueueAttributes" => self.attributes(read(body)?).await,
            "ListQueues" => Ok(self.list(&read(body)?)),
            "PurgeQueue" => self.queues.purge(self.queue).await.map(|()| json!({})),
            "ListDeadLetterSourceQueues" => Ok(self.sources()),
            "StartMessageMoveTask" => self.start_move(read::<StartMove>(body)?).await,
            "ListMessageMoveTasks" => self.list_moves(&read::<ListMoves>(body)?),
            "CancelMessageMoveTask" => self.cancel_move(&read::<CancelMove>(body)?),
            _ => Err(SqsError::new(ErrorKind::UnknownOperation, format!("There is no action {action}."))),
        }
    }

    fn url(&self, queue: &str) -> String {
        format!("{}/{ACCOUNT}/{queue}", self.endpoint)
    }

    async fn send(&self, request: Send) -> Result<Value, SqsError> {
        let message = self.outgoing(request)?;
        limits::message(&message)?;
        let sent = self.queues.send_checked(self.queue, vec![message]).await?;
        Ok(sent.first().map_or_else(|| json!({}), |sent| sent_entry(sent, None)))
    }

    async fn send_batch(&self, request: Batch<Send>) -> Result<Value, SqsError> {
        limits::batch(request.entries.iter().map(|entry| entry.id.as_str()), "SendMessageBatchRequestEntry")?;
        let size = |entry: &Send| entry.message_body.len() + attributes::size(&entry.message_attributes);
        limits::batch_size(request.entries.iter().map(size).sum())?;
        let (mut ids, mut messages, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for entry in request.entries {
            let id = entry.id.clone();
            let checked = self.outgoing(entry).and_then(|message| limits::message(&message).map(|()| message));
            match checked {
                Ok(message) => {
                    ids.push(id);
                    messages.push(message);
                }
                Err(error) => failed.push(failed_entry(&id, &error)),
            }
        }
        let sent = self.queues.send_checked(self.queue, messages).await?;
        let successful = ids.iter().zip(&sent).map(|(id, sent)| sent_entry(sent, Some(id))).collect();
        Ok(batch_result(successful, failed))
    }

    fn outgoing(&self, request: Send) -> Result<Outgoing, SqsError> {
        for (parameter, value) in [
            ("MessageDeduplicationId", &request.message_deduplication_id),
            ("MessageGroupId", &request.message_group_id),
        ] {
            if let Some(value) = value {
                let reason = "The request include parameter that is not valid for this queue type";
                return Err(SqsError::value(value, parameter, reason));
            }
        }
        let delay_seconds =
            request.delay_seconds.map(|delay| limits::range(delay, "DelaySeconds", 0..=900)).transpose()?;
        let mut trace_header = None;
        for (name, attribute) in request.message_system_attributes {
            if name != "AWSTraceHeader" {
                return Err(SqsError::value(name, "MessageSystemAttributeName", "Must be AWSTraceHeader"));
            }
            trace_header = attribute.string_value;
        }
        Ok(Outgoing {
            body: request.message_body,
            delay_seconds,
            attributes: request.message_attributes,
            trace_header,
            sender_id: self.sender_id.to_owned(),
        })
    }

    async fn receive(&self, request: Receive) -> Result<Value, SqsError> {
        let most = limits::range(request.max_number_of_messages.unwrap_or(1), "MaxNumberOfMessages", 1..=10)?;
        let hidden = request
            .visibility_timeout
            .map(|timeout| limits::range(timeout, "VisibilityTimeout", 0..=43_200))
            .transpose()?;
        let wait = match request.wait_time_seconds {
            Some(wait) => limits::range(wait, "WaitTimeSeconds", 0..=20)?,
            None => self.queues.declared(self.queue)?.settings.wait_seconds,
        };
        let system: Vec<String> =
            request.attribute_names.into_iter().chain(request.message_system_attribute_names).collect();
        let wait = Duration::from_secs(u64::from(wait));
        let messages = self.queues.receive_hidden_for(self.queue, most, wait, hidden).await?;
        if messages.is_empty() {
            return Ok(json!({}));
        }
        let entry = |message: &Received| received_entry(message, &system, &request.message_attribute_names);
        Ok(json!({"Messages": messages.iter().map(entry).collect::<Vec<_>>()}))
    }

    async fn delete(&self, request: Handle) -> Result<(), SqsError> {
        if request.receipt_handle.is_empty() {
            return Err(SqsError::missing("ReceiptHandle"));
        }
        self.queues.delete(self.queue, &request.receipt_handle).await
    }

    async fn delete_batch(&self, request: Batch<Handle>) -> Result<Value, SqsError> {
        limits::batch(request.entries.iter().map(|entry| entry.id.as_str()), "DeleteMessageBatchRequestEntry")?;
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for entry in request.entries {
            let id = entry.id.clone();
            match self.delete(entry).await {
                Ok(()) => successful.push(json!({"Id": id})),
                Err(error) => failed.push(failed_entry(&id, &error)),
            }
        }
        Ok(batch_result(successful, failed))
    }

    async fn hide(&self, request: Handle) -> Result<(), SqsError> {
        if request.receipt_handle.is_empty() {
            return Err(SqsError::missing("ReceiptHandle"));
        }
        let timeout = request.visibility_timeout.ok_or_else(|| SqsError::missing("VisibilityTimeout"))?;
        let timeout = limits::range(timeout, "VisibilityTimeout", 0..=43_200)?;
        self.queues.change_visibility(self.queue, &request.receipt_handle, timeout).await
    }

    async fn hide_batch(&self, request: Batch<Handle>) -> Result<Value, SqsError> {
        let kind = "ChangeMessageVisibilityBatchRequestEntry";
        limits::batch(request.entries.iter().map(|entry| entry.id.as_str()), kind)?;
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for entry in request.entries {
            let id = entry.id.clone();
            match self.hide(entry).await {
                Ok(()) => successful.push(json!({"Id": id})),
                Err(error) => failed.push(failed_entry(&id, &error)),
            }
        }
        Ok(batch_result(successful, failed))
    }

    async fn attributes(&self, request: Attributes) -> Result<Value, SqsError> {
        let declared = self.queues.declared(self.queue)?;
        let counts = self.queues.counts(self.queue).await?;
        let mut known = settings(&declared);
        for (name, count) in [
            ("ApproximateNumberOfMessages", counts.visible),
            ("ApproximateNumberOfMessagesDelayed", counts.delayed),
            ("ApproximateNumberOfMessagesNotVisible", counts.in_flight),
        ] {
            known.insert(name, count.to_string());
        }
        let mut wanted = Map::new();
        for name in request.attribute_names {
            match (name.as_str(), known.get(name.as_str())) {
                ("All", _) => {
                    wanted.extend(known.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())))
                }
                (_, Some(value)) => {
                    wanted.insert(name, value.clone().into());
                }
                // A queue without dead letters has no policy to report.
                ("RedrivePolicy", None) => {}
                (_, None) => {
                    let message = format!("Unknown Attribute {name}.");
                    return Err(SqsError::new(ErrorKind::InvalidAttributeName, message));
                }
            }
        }
        Ok(if wanted.is_empty() { json!({}) } else { json!({"Attributes": wanted}) })
    }

    fn list(&self, request: &List) -> Value {
        let prefix = request.queue_name_prefix.as_deref().unwrap_or_default();
        let queues = self.queues.all();
        let names = queues.iter().map(|queue| &queue.settings.name).filter(|name| name.starts_with(prefix));
        let urls: Vec<String> = names.map(|name| self.url(name)).collect();
        if urls.is_empty() { json!({}) } else { json!({"QueueUrls": urls}) }
    }

    fn sources(&self) -> Value {
        let sources = self.queues.dead_letter_sources(self.queue);
        let urls: Vec<String> = sources.iter().map(|queue| self.url(queue)).collect();
        // Lower camel case, unlike every other member.
        json!({"queueUrls": urls})
    }
}

pub(super) fn read<T: DeserializeOwned>(body: Value) -> Result<T, SqsError> {
    serde_json::from_value(body).map_err(|error| SqsError::new(ErrorKind::MalformedRequest, error.to_string()))
}

fn settings(declared: &Declared) -> BTreeMap<&'static str, String> {
    let queue = &declared.settings;
    let mut settings = BTreeMap::from([
        ("CreatedTimestamp", (declared.created_ms / 1000).to_string()),
        ("DelaySeconds", queue.delay_seconds.to_string()),
        ("LastModifiedTimestamp", (declared.modified_ms / 1000).to_string()),
        ("MaximumMessageSize", limits::LARGEST.to_string()),
        ("MessageRetentionPeriod", queue.retention_seconds.to_string()),
        ("QueueArn", queue.arn()),
        ("ReceiveMessageWaitTimeSeconds", queue.wait_seconds.to_string()),
        ("SqsManagedSseEnabled", queue.managed_encryption.to_string()),
        ("VisibilityTimeout", queue.visibility_timeout.to_string()),
    ]);
    if let Some(redrive) = &queue.redrive {
        let target = queue_arn(&redrive.dead_letter_queue_name);
        let policy = json!({"deadLetterTargetArn": target, "maxReceiveCount": redrive.max_receive_count});
        settings.insert("RedrivePolicy", policy.to_string());
    }
    settings
}

fn sent_entry(sent: &Sent, id: Option<&String>) -> Value {
    let mut entry = json!({"MessageId": sent.message_id, "MD5OfMessageBody": sent.body_md5});
    if let Some(members) = entry.as_object_mut() {
        for (name, value) in [
            ("Id", id),
            ("MD5OfMessageAttributes", sent.attributes_md5.as_ref()),
            ("MD5OfMessageSystemAttributes", sent.system_attributes_md5.as_ref()),
        ] {
            members.extend(value.map(|value| (name.to_owned(), value.clone().into())));
        }
    }
    entry
}

fn failed_entry(id: &str, error: &SqsError) -> Value {
    json!({"Id": id, "Code": error.kind.code(), "Message": error.message, "SenderFault": error.kind.is_senders()})
}

fn batch_result(successful: Vec<Value>, failed: Vec<Value>) -> Value {
    let mut result = Map::new();
    for (name, entries) in [("Successful", successful), ("Failed", failed)] {
        if !entries.is_empty() {
            result.insert(name.to_owned(), entries.into());
        }
    }
    result.into()
}

fn received_entry(message: &Received, system: &[String], attribute_names: &[String]) -> Value {
    let mut entry = json!({
        "MessageId": message.message_id,
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": message.body_md5(),
        "Body": message.body,
    });
    let wanted = |name: &str| system.iter().any(|selected| selected == "All" || selected == name);
    let system: Map<String, Value> = message
        .system_attributes()
        .into_iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let selected: BTreeMap<String, MessageAttribute> = message
        .attributes
        .iter()
        .filter(|(name, _)| attribute_names.iter().any(|pattern| covers(pattern, name)))
        .map(|(name, attribute)| (name.clone(), attribute.clone()))
        .collect();
    if let Some(members) = entry.as_object_mut() {
        if !system.is_empty() {
            members.insert("Attributes".to_owned(), system.into());
        }
        if let Some(digest) = attributes::digest(&selected) {
            members.insert("MD5OfMessageAttributes".to_owned(), digest.into());
            members.insert("MessageAttributes".to_owned(), json!(selected));
        }
    }
    entry
}

/// Whether a requested name covers an attribute: `All`, `.*`, `prefix.*` or the name itself.
fn covers(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == "All" || pattern == name,
    }
}
