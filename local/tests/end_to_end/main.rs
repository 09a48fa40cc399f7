//! End to end: over HTTP, against the stack that `template.yaml` declares, in memory, through the real SDKs.

// Lets clippy recognise the test helpers, which may panic.
#![cfg(test)]

mod audit;
mod bad_input;
mod binaries;
mod bulk_orders;
mod conversations;
mod cost;
mod crash;
mod docs;
mod fulfilment;
mod idempotency;
mod inbound;
mod isolation;
mod memory;
mod model;
mod network_orders;
mod notes;
mod permissions;
mod pipeline;
mod receiver;
mod recovery;
mod redrive;
mod refunds;
mod reports;
mod resilience;
mod routes;
mod search;
mod subscriptions;
mod support;
mod up;
mod updates;
mod webhooks;
mod writers;
