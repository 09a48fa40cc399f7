//! The pipeline under faults: whatever fails, and wherever a process crashes, nothing acknowledged is lost, nothing
//! happens twice, and the books balance.
//!
//! Each test runs scenarios in worlds of `local::simulation` (see its module documentation) and then checks the result
//! against [`invariants`]:
//!
//! - [`crash_points`] counts the calls of each flow and crashes a process before and after every one of them.
//! - [`random`] draws faults from a seed, for many seeds.
//! - [`drain`] fulfils ten thousand orders while messages fail.
//!
//! A scenario acts through [`clients`], who retry unanswered requests and record the answers; [`outsiders`] are the
//! vendor and the subscribers that functions call.
//!
//! To add a flow, write its scenario into [`flows`]; to add a rule, write it into [`invariants`].

// Lets clippy recognise the test helpers, which may panic.
#![cfg(test)]

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod clients;
mod crash_points;
mod drain;
mod flows;
mod ground;
mod invariants;
mod outsiders;
mod random;
mod scenario;
