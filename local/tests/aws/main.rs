//! The services of the stack, called by the real SDKs over loopback.

#![cfg(test)]

mod dynamodb;
mod fixture;
mod sqs_lifecycle;
mod sqs_limits;
mod sqs_moves;
mod sqs_persistence;
