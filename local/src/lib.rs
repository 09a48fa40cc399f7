//! Ordermill on one machine: reads `template.yaml` and runs what it declares, all on 127.0.0.1.
//!
//! [`template`] reads the file, [`aws`] serves DynamoDB and SQS, [`gateway`] and [`sources`] call the functions as API
//! Gateway and Lambda's event sources do, [`stack`] puts them together, [`runtime`] runs a function's own binary, and
//! [`simulation`] runs everything in virtual time with faults. No deployed binary depends on this crate.

pub mod aws;
pub mod command_line;
pub mod commands;
pub mod conversations;
pub mod demo;
mod gateway;
mod invoke;
pub mod openapi;
pub mod pages;
pub mod running_stack;
pub mod runtime;
pub mod simulation;
mod sources;
pub mod stack;
pub mod template;
