//! The AWS services that the stack uses, on 127.0.0.1, for the real SDKs.
//!
//! DynamoDB is the embedded `dynoxide`, SQS our own server over SQLite: both keep accepted data when the process is
//! killed. Every call is checked against the caller's policies ([`iam`]), so a permission missing from the template
//! fails here as it would on AWS.

pub(crate) mod blocking;
pub mod dynamodb;
pub mod iam;
pub mod sqs;
