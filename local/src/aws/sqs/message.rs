//! Sent and received messages.

use super::attributes::{self, MessageAttribute};
use crate::template::REGION;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A message to send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Its body.
    pub body: String,
    /// Seconds until it can be received; `None` for the queue's delay.
    pub delay_seconds: Option<u32>,
    /// Its attributes.
    pub attributes: BTreeMap<String, MessageAttribute>,
    /// The `AWSTraceHeader`, the only system attribute that a sender may set.
    pub trace_header: Option<String>,
    /// The sender, reported as the attribute `SenderId`.
    pub sender_id: String,
}

impl Outgoing {
    /// A message with only a body.
    pub fn of(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// The bytes that count towards the limits.
    pub(super) fn size(&self) -> usize {
        self.body.len() + attributes::size(&self.attributes)
    }
}

/// What the sender receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The message's id, which it keeps until a move task turns it into a new message.
    pub message_id: String,
    /// The MD5 of the body.
    pub body_md5: String,
    /// The MD5 of the attributes, if there are any.
    pub attributes_md5: Option<String>,
    /// The MD5 of the system attributes, if there are any.
    pub system_attributes_md5: Option<String>,
}

impl Sent {
    pub(super) fn of(message_id: String, message: &Outgoing) -> Self {
        let system = message.trace_header.as_ref().map(|header| {
            let attribute = MessageAttribute {
                data_type: "String".to_owned(),
                string_value: Some(header.clone()),
                binary_value: None,
            };
            BTreeMap::from([("AWSTraceHeader".to_owned(), attribute)])
        });
        Self {
            message_id,
            body_md5: body_md5(&message.body),
            attributes_md5: attributes::digest(&message.attributes),
            system_attributes_md5: system.as_ref().and_then(attributes::digest),
        }
    }
}

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The message's id.
    pub message_id: String,
    /// Deletes the message or changes its visibility, until it is received again.
    pub receipt_handle: String,
    /// Its body.
    pub body: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, MessageAttribute>,
    /// The `AWSTraceHeader`.
    pub trace_header: Option<String>,
    /// Who sent it.
    pub sender_id: String,
    /// When it was sent, in milliseconds since 1970.
    pub sent_ms: i64,
    /// When it was first received.
    pub first_received_ms: i64,
    /// How often it has been received, including this time.
    pub receive_count: u32,
    /// On a dead-letter queue, the queue it came from.
    pub dead_letter_source_arn: Option<String>,
}

impl Received {
    /// The MD5 of the body.
    pub fn body_md5(&self) -> String {
        body_md5(&self.body)
    }

    /// The system attributes by name.
    pub fn system_attributes(&self) -> BTreeMap<&'static str, String> {
        let mut attributes = BTreeMap::from([
            ("ApproximateFirstReceiveTimestamp", self.first_received_ms.to_string()),
            ("ApproximateReceiveCount", self.receive_count.to_string()),
            ("SenderId", self.sender_id.clone()),
            ("SentTimestamp", self.sent_ms.to_string()),
        ]);
        if let Some(header) = &self.trace_header {
            attributes.insert("AWSTraceHeader", header.clone());
        }
        if let Some(arn) = &self.dead_letter_source_arn {
            attributes.insert("DeadLetterQueueSourceArn", arn.clone());
        }
        attributes
    }

    /// The message as a record of the event that Lambda sends to a function, which deserializes as
    /// `aws_lambda_events::sqs::SqsMessage`.
    pub fn event_record(&self, queue_arn: &str) -> Value {
        let attribute = |(name, attribute): (&String, &MessageAttribute)| {
            let mut value = json!({
                "dataType": attribute.data_type, "stringListValues": [], "binaryListValues": [],
            });
            if let Some(members) = value.as_object_mut() {
                members.extend(attribute.string_value.clone().map(|text| ("stringValue".to_owned(), text.into())));
                members.extend(attribute.binary_value.clone().map(|bytes| ("binaryValue".to_owned(), bytes.into())));
            }
            (name.clone(), value)
        };
        let mut record = json!({
            "messageId": self.message_id,
            "receiptHandle": self.receipt_handle,
            "body": self.body,
            "attributes": self.system_attributes(),
            "messageAttributes": self.attributes.iter().map(attribute).collect::<Map<String, Value>>(),
            "md5OfBody": self.body_md5(),
            "eventSource": "aws:sqs",
            "eventSourceARN": queue_arn,
            "awsRegion": REGION,
        });
        if let (Some(members), Some(digest)) = (record.as_object_mut(), attributes::digest(&self.attributes)) {
            members.insert("md5OfMessageAttributes".to_owned(), digest.into());
        }
        record
    }
}

fn body_md5(body: &str) -> String {
    format!("{:x}", md5::compute(body))
}
