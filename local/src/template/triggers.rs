//! The triggers of a function, as the template declares them; the other half of [`super::model`].

use super::pattern::Pattern;
use std::time::Duration;

/// A route of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The name of the event.
    pub event: String,
    /// The method, in capitals, or `ANY`; `None` for the `$default` route.
    pub method: Option<String>,
    /// The path with `{parameter}` and `{greedy+}` segments; `None` for the `$default` route.
    pub path: Option<String>,
    /// The authorizer's name; `None` for a public route.
    pub authorizer: Option<String>,
}

/// A queue that triggers a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSource {
    /// The name of the event.
    pub event: String,
    /// The logical id of the queue.
    pub queue: String,
    /// Maximum messages per invocation.
    pub batch_size: u32,
    /// How long to wait for a full batch.
    pub batching_window: Duration,
    /// Whether the answer names the messages that failed.
    pub report_item_failures: bool,
    /// Maximum concurrent invocations.
    pub maximum_concurrency: Option<u32>,
    /// Whether it is enabled.
    pub enabled: bool,
}

/// A table's stream that triggers a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSource {
    /// The name of the event.
    pub event: String,
    /// The logical id of the table.
    pub table: String,
    /// Where to start without a checkpoint.
    pub starting_position: StartingPosition,
    /// Maximum records per invocation.
    pub batch_size: u32,
    /// How long to wait for a full batch.
    pub batching_window: Duration,
    /// Whether a failed batch is split in half.
    pub bisect_on_error: bool,
    /// How often a batch is retried; `None` for as long as the records are kept.
    pub maximum_retries: Option<u32>,
    /// Maximum age of a record; `None` for as long as records are kept.
    pub maximum_record_age: Option<Duration>,
    /// Whether the answer names the record that failed.
    pub report_item_failures: bool,
    /// Patterns, one of which a record must match to reach the function; without patterns every record does.
    pub filters: Vec<Pattern>,
    /// The logical id of the queue that receives given-up batches.
    pub on_failure: Option<String>,
    /// Whether it is enabled.
    pub enabled: bool,
}

/// Where reading a stream starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPosition {
    /// At the oldest record that is kept.
    TrimHorizon,
    /// At the next record.
    Latest,
}

/// A schedule that triggers a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The name of the event.
    pub event: String,
    /// The time between two invocations.
    pub every: Duration,
    /// Whether it is enabled.
    pub enabled: bool,
}
