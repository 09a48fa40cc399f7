//! SQS on this machine: our own server, because an accepted message must survive a killed process.
//!
//! The embeddable servers keep messages in memory. This one stores them in SQLite (write-ahead log, so an accepted
//! message is in the file when the response is sent; only a crash of the operating system could lose the last ones).
//! Its time comes from a [`Clock`], so a test can let twelve hours pass.
//!
//! ```text
//! SDK ── HTTP, AWS JSON 1.0 ([`server`]) ── actions and their limits ([`actions`], [`limits`]) ─┐
//! event source mapping ── in process ──────────────────────────────────────────────────── [`Queues`] ── [`store`]
//! ```
//!
//! Supports standard queues as the template declares them; no FIFO queues, no queue management over the wire. Tasks
//! that move dead letters back run in the background ([`moves`]).

mod actions;
mod attributes;
mod clock;
mod error;
mod limits;
mod message;
mod moves;
mod queues;
mod receipt;
mod redrive;
mod requests;
mod server;
mod store;

pub use attributes::MessageAttribute;
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{ErrorKind, SqsError};
pub use message::{Outgoing, Received, Sent};
pub use queues::{Counts, Queues};
pub(crate) use server::Endpoint;
pub use server::serve;
