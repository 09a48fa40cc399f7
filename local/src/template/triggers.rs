//! What triggers a function, as the template declares it; the other half of [`super::model`].

use super::pattern::Pattern;
use std::time::Duration;

/// A route of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The name of the event.
    pub event: String,
    /// The method, in capitals, or `ANY`; none for the `$default` route.
    pub method: Option<String>,
    /// The path with `{parameter}` and `{greedy+}` segments; none for the `$default` route.
    pub path: Option<String>,
    /// The authorizer's name; none when nobody is asked.
    pub authorizer: Option<String>,
}

/// A queue that triggers a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSource {
    /// The name of the event.
    pub event: String,
    /// The logical id of the queue.
    pub queue: String,
    /// Most messages of an invocation.
    pub batch_size: u32,
    /// How long to wait for a full batch.
    pub batching_window: Duration,
    /// Whether the answer names the messages that failed.
    pub report_item_failures: bool,
    /// Most invocations at a time.
    pub maximum_concurrency: Option<u32>,
    /// Whether it runs.
    pub enabled: bool,
}

/// A table's stream that triggers a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSource {
    /// The name of the event.
    pub event: String,
    /// The logical id of the table.
    pub table: String,
    /// Where to begin without a checkpoint.
    pub starting_position: StartingPosition,
    /// Most records of an invocation.
    pub batch_size: u32,
    /// How long to wait for a full batch.
    pub batching_window: Duration,
    /// Whether a batch that failed is halved.
    pub bisect_on_error: bool,
    /// How often a batch is tried again; none for as long as the records last.
    pub maximum_retries: Option<u32>,
    /// Records older than that are given up; none for as long as they last.
    pub maximum_record_age: Option<Duration>,
    /// Whether the answer names the record that failed.
    pub report_item_failures: bool,
    /// Patterns of which a record must match one to reach the function; every record does when there are none.
    pub filters: Vec<Pattern>,
    /// The logical id of the queue that is told of batches that were given up.
    pub on_failure: Option<String>,
    /// Whether it runs.
    pub enabled: bool,
}

/// Where the reading of a stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartingPosition {
    /// With the oldest record that is kept.
    TrimHorizon,
    /// With the next record.
    Latest,
}

/// A clock that triggers a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The name of the event.
    pub event: String,
    /// The time between two invocations.
    pub every: Duration,
    /// Whether it runs.
    pub enabled: bool,
}
