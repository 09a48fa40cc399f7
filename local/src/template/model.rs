//! The stack that a template declares, with every reference resolved.
//!
//! Plain data: whoever starts the stack reads it and no longer needs the template. Resources refer to each other by
//! logical id where the reader of the model looks them up, and by ARN where a policy compares them.

use super::{
    monitoring::{Alarm, MetricFilter},
    triggers::{QueueSource, Route, Schedule, StreamSource},
};
use std::{collections::BTreeMap, time::Duration};

/// The value of `AWS::StackName` here; the prefix of physical names.
pub const STACK_NAME: &str = "ordermill";
/// The suffix of `AWS::StackId` here. On AWS each stack has its own.
pub(super) const STACK_UUID: &str = "00000000-0000-4000-8000-000000000000";
/// The value of `AWS::Region` here.
pub const REGION: &str = "us-east-1";
/// The value of `AWS::AccountId` here.
pub const ACCOUNT: &str = "000000000000";

/// The ARN of the table with that name.
pub fn table_arn(name: &str) -> String {
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}")
}

/// The ARN of a table's stream. The database chooses its label, so the template's `StreamArn` ends in `latest`.
pub fn stream_arn(table_name: &str) -> String {
    format!("{}/stream/latest", table_arn(table_name))
}

/// The ARN of the queue with that name.
pub fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

pub(super) fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

pub(super) fn log_group_arn(name: &str) -> String {
    format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*")
}

/// The ARN of a bucket, which has neither region nor account.
pub(super) fn bucket_arn(name: &str) -> String {
    format!("arn:aws:s3:::{name}")
}

/// The ARN of a CloudFront distribution, which is in no region.
pub(super) fn distribution_arn(name: &str) -> String {
    format!("arn:aws:cloudfront::{ACCOUNT}:distribution/{name}")
}

/// Everything that the template declares.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// The stack's name, see [`STACK_NAME`].
    pub name: String,
    /// The region, see [`REGION`].
    pub region: String,
    /// The account, see [`ACCOUNT`].
    pub account: String,
    /// The value of each parameter: its default or its override.
    pub parameters: BTreeMap<String, String>,
    /// The tables.
    pub tables: Vec<Table>,
    /// The queues.
    pub queues: Vec<Queue>,
    /// The functions with their triggers.
    pub functions: Vec<Function>,
    /// The HTTP API, if there is one.
    pub api: Option<Api>,
    /// Metric filters, which turn log events into metrics on AWS; unused here.
    pub metric_filters: Vec<MetricFilter>,
    /// Alarms, which watch metrics on AWS; unused here.
    pub alarms: Vec<Alarm>,
    /// The headers of each document that is hosted beside the API: names and values.
    pub docs_headers: Vec<(String, String)>,
    /// The value of each output.
    pub outputs: BTreeMap<String, String>,
}

impl Stack {
    /// The table with that logical id.
    pub fn table(&self, logical_id: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.logical_id == logical_id)
    }

    /// The queue with that logical id.
    pub fn queue(&self, logical_id: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.logical_id == logical_id)
    }

    /// The function with that logical id.
    pub fn function(&self, logical_id: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.logical_id == logical_id)
    }
}

/// An `AWS::DynamoDB::Table`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its key under `Resources`.
    pub logical_id: String,
    /// Its physical name.
    pub name: String,
    /// Name and type of each key attribute.
    pub attributes: BTreeMap<String, ScalarType>,
    /// The primary key, partition key first.
    pub key: Vec<KeyAttribute>,
    /// The global secondary indexes.
    pub indexes: Vec<Index>,
    /// The content of a stream record; `None` without a stream.
    pub stream_view: Option<String>,
    /// Whether AWS keeps point-in-time backups; unused here.
    pub point_in_time_recovery: bool,
    /// The attribute that holds an item's expiry.
    pub time_to_live: Option<String>,
}

impl Table {
    /// Its ARN.
    pub fn arn(&self) -> String {
        table_arn(&self.name)
    }
}

/// The type of a key attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarType {
    /// Text.
    S,
    /// A number.
    N,
    /// Bytes.
    B,
}

impl ScalarType {
    /// The notation in the template.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
        }
    }
}

/// One attribute of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAttribute {
    /// The attribute's name.
    pub name: String,
    /// Its part in the key.
    pub key_type: KeyType,
}

/// The part of an attribute in a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// The partition key.
    Hash,
    /// The sort key.
    Range,
}

impl KeyType {
    /// The notation in the template.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hash => "HASH",
            Self::Range => "RANGE",
        }
    }
}

/// A global secondary index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its key, partition key first.
    pub key: Vec<KeyAttribute>,
    /// The attributes that it contains.
    pub projection: Projection,
}

/// The attributes that an index contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Projection {
    /// All attributes.
    All,
    /// The key attributes.
    KeysOnly,
    /// The key attributes and these.
    Include(Vec<String>),
}

/// An `AWS::SQS::Queue`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its key under `Resources`.
    pub logical_id: String,
    /// Its physical name.
    pub name: String,
    /// Seconds that a received message stays hidden.
    pub visibility_timeout: u32,
    /// Seconds until a sent message can be received.
    pub delay_seconds: u32,
    /// Seconds that a message is retained.
    pub retention_seconds: u32,
    /// Seconds that a receive waits by default.
    pub wait_seconds: u32,
    /// Whether SQS encrypts at rest; unused here.
    pub managed_encryption: bool,
    /// Where messages go that failed too often.
    pub redrive: Option<Redrive>,
}

impl Queue {
    /// Its ARN.
    pub fn arn(&self) -> String {
        queue_arn(&self.name)
    }
}

/// A `RedrivePolicy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// The logical id of the dead-letter queue.
    pub dead_letter_queue: String,
    /// The physical name of the dead-letter queue.
    pub dead_letter_queue_name: String,
    /// How often a message is received before it goes there.
    pub max_receive_count: u32,
}

/// The `AWS::Serverless::HttpApi`.
#[derive(Debug, Clone, PartialEq)]
pub struct Api {
    /// Its key under `Resources`.
    pub logical_id: String,
    /// The logical id of the function behind each authorizer. None of them has identity sources or a cache: the gateway
    /// calls it for every request.
    pub authorizers: BTreeMap<String, String>,
    /// The authorizer of routes that name none; already copied into [`Route::authorizer`].
    pub default_authorizer: Option<String>,
    /// The limits above which the gateway answers 429.
    pub throttling: Option<Throttling>,
    /// What pages of other origins may do.
    pub cors: Option<Cors>,
}

/// The CORS settings of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// The allowed origins, or `*` for all.
    pub allow_origins: Vec<String>,
    /// The allowed methods.
    pub allow_methods: Vec<String>,
    /// The allowed headers.
    pub allow_headers: Vec<String>,
    /// The response headers that pages may read.
    pub expose_headers: Vec<String>,
    /// How long a browser caches these settings.
    pub max_age_seconds: u32,
}

/// The token bucket of an API.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttling {
    /// Requests per second.
    pub rate: f64,
    /// Size of the bucket.
    pub burst: u32,
}

/// An `AWS::Serverless::Function`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its key under `Resources`.
    pub logical_id: String,
    /// Its physical name.
    pub name: String,
    /// The binary target that cargo builds for it.
    pub binary: String,
    /// Its environment variables from the template, in addition to those that Lambda sets.
    pub environment: BTreeMap<String, String>,
    /// Its timeout.
    pub timeout: Duration,
    /// Its memory.
    pub memory_mb: u32,
    /// Its log settings.
    pub logging: Logging,
    /// Its policy statements.
    pub statements: Vec<Statement>,
    /// Its routes.
    pub routes: Vec<Route>,
    /// The queues that trigger it.
    pub queue_sources: Vec<QueueSource>,
    /// The streams that trigger it.
    pub stream_sources: Vec<StreamSource>,
    /// The schedules that trigger it.
    pub schedules: Vec<Schedule>,
}

impl Function {
    /// Its ARN.
    pub fn arn(&self) -> String {
        function_arn(&self.name)
    }
}

/// A `LoggingConfig`. Lambda passes format and level on as `AWS_LAMBDA_LOG_FORMAT` and `AWS_LAMBDA_LOG_LEVEL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// `JSON` or `Text`.
    pub format: String,
    /// The lowest log level that is kept; only with the format `JSON`.
    pub application_level: Option<String>,
    /// The name of the log group.
    pub group: Option<String>,
}

/// One statement of an inline policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Actions such as `dynamodb:PutItem`, without wildcards.
    pub actions: Vec<String>,
    /// ARNs, without wildcards.
    pub resources: Vec<String>,
}

/// The effect of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Allows.
    Allow,
    /// Denies, whatever else allows.
    Deny,
}
