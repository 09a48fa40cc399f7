//! The stack in a simulation: one thread, virtual time, and injected faults.
//!
//! ```text
//! clients ── gateway ── functions ── in-process AWS ── table, queues         one thread, virtual time
//!                         ▲    └──── transport ─────── vendor, subscribers
//!                     event sources
//! ```
//!
//! A [`World`] is the stack that `template.yaml` declares: the same gateway, the same event sources (batch sizes,
//! retries, bisection, redrive), the functions as [`functions::load`] builds them for deployment, with the real SDKs
//! inside. Three things differ from the stack of `cargo mill up`:
//!
//! - **Time is virtual.** Everything runs on one tokio thread with a paused clock: when there is no work, the clock
//!   jumps to the next timer. Functions, queues, the database and the retries and timeouts of the SDKs read that clock,
//!   so hours pass in milliseconds.
//! - **Chance is seeded.** One generator decides every fault, every latency and every random byte that a function
//!   draws. Nothing depends on threads, sockets or the machine's clock, so a seed repeats its run; [`World::trace`] is
//!   a hash of everything that happened, to prove it.
//! - **Calls fail.** Each call that a function makes to AWS or to an external machine is a *point*, and the [`Plan`]
//!   decides its fate ([`faults`]): throttled, answered 5xx, lost before or after its effect, in conflict, partly done,
//!   or a crash of the function's process before or after it ([`fleet`]). Messages and stream batches arrive twice,
//!   late, and out of order.
//!
//! A crash has the same consequences as on AWS: the invocation has no answer, the event source retries, a client gets a
//! 500, and the next invocation loads the function anew.
//!
//! The table is in the embedded database, as on a developer's machine, or in memory ([`Ground::in_memory`]), which
//! gives the same answers much faster: its own tests compare it with the database operation by operation, and a fault
//! test checks that whole runs on either produce the same hash and the same items. An unsupported call fails the run
//! ([`World::unknown`]).
//!
//! Tests run a scenario against a world, then let it [settle](World::settle): faults stop, time passes, the schedules
//! run, and then the table is read and the invariants are checked. `tests/faults` has the scenarios.

mod clock;
pub mod faults;
mod fleet;
mod ground;
mod outside;
mod partial;
mod services;
mod table;
mod world;

pub use faults::{Crash, Plan, Point, Rates, Side};
pub use ground::{Ground, GroundError};
pub use outside::Outside;
pub use table::{Change, Item};
pub use world::{Reply, Unsettled, World};
