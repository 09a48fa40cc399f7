//! The pipeline under faults: whatever fails, and wherever a process ends, nothing that was acknowledged is lost, nothing
//! is done twice, and the books balance.
//!
//! Each test runs scenarios in worlds of `local::simulation` (its module doc says how) and then holds what they left
//! against [`invariants`]:
//!
//! - [`crash_points`] counts the calls of each flow and ends a process before and after every one of them.
//! - [`random`] draws faults from a seed, for many seeds.
//! - [`drain`] has ten thousand orders fulfilled while messages fail.
//!
//! A scenario acts through [`clients`], who send again what was not answered, and note what was; [`outsiders`] are the
//! vendor and the subscribers that functions call.
//!
//! To add a flow, write its scenario into [`flows`]; to add a rule, write it into [`invariants`].

// So that clippy knows the helpers for tests, which may panic.
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
