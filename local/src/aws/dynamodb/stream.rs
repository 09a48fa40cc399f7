//! A table's stream, read in process by the event source mapping.
//!
//! Records have the form in which Lambda passes them to a function. A position in the stream is a sequence number, so
//! the reader can store it wherever it keeps its checkpoint. The database's single shard defines the order of the whole
//! stream.

use super::memory::Memory;
use crate::aws::blocking::Blocking;
use crate::template::{ACCOUNT, REGION};
use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};
use std::fmt;

/// A position in a stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SequenceNumber(String);

impl SequenceNumber {
    /// The position stored in a checkpoint.
    pub fn new(number: impl Into<String>) -> Self {
        Self(number.into())
    }

    /// The position of a record.
    pub fn of(record: &Value) -> Option<Self> {
        record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).map(Self::new)
    }

    /// The number as it appears in the record.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A stream that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The table has no stream.
    #[error("table {0} has no stream")]
    Absent(String),
    /// The database returned an error.
    #[error("stream: {0}")]
    Refused(#[from] DynoxideError),
    /// The database returned something other than a record.
    #[error("stream: {0}")]
    Shape(#[from] serde_json::Error),
    /// The reading task was cancelled.
    #[error("stream: {0}")]
    Cancelled(#[from] tokio::task::JoinError),
}

/// Reads one table's stream.
#[derive(Clone)]
pub struct StreamReader {
    source: Source,
    arn: String,
    shard: String,
}

#[derive(Clone)]
enum Source {
    Embedded {
        database: Database,
        blocking: Blocking,
        /// The stream's ARN in the database's own region.
        stored_arn: String,
    },
    Memory(Memory),
}

impl StreamReader {
    /// Opens the stream of a table.
    ///
    /// # Errors
    ///
    /// The table has no stream.
    pub fn open(database: Database, table_name: &str) -> Result<Self, StreamError> {
        let streams = database.list_streams(serde_json::from_value(json!({"TableName": table_name}))?)?;
        let Some(stream) = streams.streams.into_iter().next() else {
            return Err(StreamError::Absent(table_name.to_owned()));
        };
        let source = Source::Embedded { database, blocking: Blocking::OnThreads, stored_arn: stream.stream_arn };
        Ok(Self::of(source, table_name, &stream.stream_label))
    }

    /// The stream of an in-memory table.
    pub(crate) fn of_memory(memory: Memory, table_name: &str) -> Self {
        Self::of(Source::Memory(memory), table_name, "memory")
    }

    fn of(source: Source, table_name: &str, label: &str) -> Self {
        let arn = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table_name}/stream/{label}");
        Self { source, arn, shard: dynoxide::streams::shard_id(table_name) }
    }

    /// The same stream, read on the given threads.
    pub(crate) fn reading(mut self, where_: Blocking) -> Self {
        if let Source::Embedded { blocking, .. } = &mut self.source {
            *blocking = where_;
        }
        self
    }

    /// Reading from memory does not block.
    const fn blocking(&self) -> Blocking {
        match &self.source {
            Source::Embedded { blocking, .. } => *blocking,
            Source::Memory(_) => Blocking::InPlace,
        }
    }

    /// The stream's ARN, as records carry it.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The name of the stream's only shard.
    pub fn shard_id(&self) -> &str {
        &self.shard
    }

    /// At most `limit` records after `after`, oldest first; without it, from the oldest that is kept.
    ///
    /// Each deserializes as `aws_lambda_events::dynamodb::EventRecord`.
    ///
    /// # Errors
    ///
    /// The stream never had that position, or the database fails.
    pub async fn records(&self, after: Option<SequenceNumber>, limit: usize) -> Result<Vec<Value>, StreamError> {
        let reader = self.clone();
        self.blocking().run(move || reader.read(after.as_ref(), limit)).await?
    }

    /// The position of the newest record, for a reader that starts with the next one.
    ///
    /// # Errors
    ///
    /// The database fails.
    pub async fn latest(&self) -> Result<Option<SequenceNumber>, StreamError> {
        let reader = self.clone();
        let newest = move || {
            let mut place = None;
            loop {
                let records = reader.read(place.as_ref(), 1000)?;
                match records.last().and_then(SequenceNumber::of) {
                    Some(last) => place = Some(last),
                    None => return Ok(place),
                }
            }
        };
        self.blocking().run(newest).await?
    }

    fn read(&self, after: Option<&SequenceNumber>, limit: usize) -> Result<Vec<Value>, StreamError> {
        let mut records = match &self.source {
            Source::Embedded { database, stored_arn, .. } => self.stored(database, stored_arn, after, limit)?,
            Source::Memory(memory) => memory.records(after, limit),
        };
        for members in records.iter_mut().filter_map(Value::as_object_mut) {
            members.insert("awsRegion".to_owned(), REGION.into());
            members.insert("eventSourceARN".to_owned(), self.arn.clone().into());
        }
        Ok(records)
    }

    fn stored(
        &self,
        database: &Database,
        stored_arn: &str,
        after: Option<&SequenceNumber>,
        limit: usize,
    ) -> Result<Vec<Value>, StreamError> {
        let mut request = json!({
            "StreamArn": stored_arn,
            "ShardId": self.shard,
            "ShardIteratorType": if after.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" },
        });
        if let (Some(after), Some(members)) = (after, request.as_object_mut()) {
            members.insert("SequenceNumber".to_owned(), after.as_str().into());
        }
        let iterator = database.get_shard_iterator(serde_json::from_value(request)?)?.shard_iterator;
        let request = json!({"ShardIterator": iterator, "Limit": limit});
        let found = database.get_records(serde_json::from_value(request)?)?;
        Ok(found.records.into_iter().map(serde_json::to_value).collect::<Result<_, _>>()?)
    }
}
