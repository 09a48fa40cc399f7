//! Reads `template.yaml` into a plain model of the stack that it declares.
//!
//! The file that is deployed is the file that runs here, so the reader follows one rule: it rejects everything that it
//! does not support, with file and line. A skipped property would be a difference between this machine and AWS that
//! only shows after deployment.
//!
//! The steps: [`yaml`] keeps the line and the intrinsic tag of every node, [`scope`] turns `!Ref`, `!GetAtt` and `!Sub`
//! into text, [`fields`] hands out the properties of one mapping and rejects those left over, and the files named after
//! resources build the [`model`].

mod api;
mod error;
mod events;
mod fields;
mod function;
mod globals;
mod hosting;
mod model;
mod monitoring;
mod parameters;
mod pattern;
mod policies;
mod scope;
mod stack;
mod storage;
mod triggers;
mod yaml;

#[cfg(test)]
mod tests;

pub use error::TemplateError;
pub use model::{
    ACCOUNT, Api, Cors, Effect, Function, Index, KeyAttribute, KeyType, Logging, Projection, Queue, REGION, Redrive,
    STACK_NAME, ScalarType, Stack, Statement, Table, Throttling, queue_arn, stream_arn, table_arn,
};
pub use monitoring::{Alarm, Metric, MetricFilter};
pub use pattern::Pattern;
pub use scope::Endpoints;
pub use stack::read;
pub use triggers::{QueueSource, Route, Schedule, StartingPosition, StreamSource};
