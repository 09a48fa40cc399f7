//! The stack in a simulation: one thread, time of its own, and things going wrong.
//!
//! ```text
//! clients ── gateway ── functions ── in-process AWS ── table, queues         one thread, virtual time
//!                         ▲    └──── transport ─────── vendor, subscribers
//!                     event sources
//! ```
//!
//! A [`World`] is the stack that `template.yaml` declares: the same gateway, the same event sources (batch sizes, retries,
//! bisection, redrive), the functions as [`functions::load`] builds them for deployment, with the real SDKs inside. Three
//! things differ from the stack of `cargo mill up`:
//!
//! - **Time is virtual.** Everything runs on one thread of tokio with its clock paused: when nobody has work the clock
//!   jumps to the next timer. Functions, queues, database and the retries and timeouts of the SDKs read that clock, so
//!   hours pass in milliseconds.
//! - **Chance is seeded.** One generator decides every fault, every latency and every random byte that a function draws.
//!   Nothing depends on threads, sockets or the machine's clock, so a seed repeats its run; [`World::trace`] is a hash of
//!   all that happened, to prove it.
//! - **Calls go wrong.** Each call that a function makes of AWS or of a machine outside is a *point*, and the [`Plan`]
//!   says what befalls it ([`faults`]): throttled, answered 5xx, lost before or after its effect, in conflict, partly
//!   done, or the end of the function's process before or after it ([`fleet`]). Messages and stream batches come twice,
//!   late, and in another order.
//!
//! What a crash leaves is what it leaves on AWS: the invocation has no answer, the event source tries again, a client
//! gets a 500, and the next invocation finds the function loaded anew.
//!
//! The table is the embedded database's, as on a developer's machine, or one in memory ([`Ground::in_memory`]), which
//! answers the same in a fraction of the time: its own tests compare it with the database operation by operation, and a
//! fault test holds whole runs on either to one hash and the same items. A call that it does not know fails the run
//! ([`World::unknown`]).
//!
//! Tests write a scenario against a world, then let it [settle](World::settle): faults end, time passes, the schedules
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
