//! The life of an order: one aggregate behind both APIs.
//!
//! What comes back from the table is only known at run time, so the life cycle is an enum per line and one pure
//! [`transition`]. The order's own status is never stored: it is a function of its lines and its hold
//! ([`OrderState::status`]).
//!
//! ```text
//!            Assign              Ship (some)                   Ship (the rest)
//!   Open ────────────▶ Processing ───────────▶ PartiallyFulfilled ───────────────▶ Fulfilled
//!     │  Allocate (bulk API)                                                           ▲
//!     └────────────────────────────────────────────────────────────────────────────────┘
//!   Hold ⇄ Release      Cancel ▶ Cancelled      GiveUp, Rejected ▶ Failed ── Restart ▶ Open, Processing
//! ```
//!
//! Every write that changes the state raises `version` by one, and a fulfilment job names the version it was made for:
//! a job that arrives twice, or late, finds another version and changes nothing. [`next_step`] is what we do of our own
//! accord at a version; people and vendors send the other [`Command`]s.

mod cancel;
mod lines;
mod progress;
mod refund;
mod shipment;
mod step;
pub mod table;
mod transition;
mod update;

pub use cancel::{CancelledLine, Units};
pub use lines::{LineStatus, Lines, NotLines, OrderStatus};
pub use refund::{AskedRefund, Excess, Refund, refund_id};
pub use shipment::{NotAStatus, Package, Port, Progress, Shipment, ShipmentStatus};
pub use step::{Step, Wait, next_step};
pub use transition::{Assignment, Command, Rejected, transition};
pub use update::{ItemUpdate, Update};

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How the lines of an order are fulfilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fulfilment {
    /// Codes are allocated from stock (bulk order API).
    Stock,
    /// Vendors make shipments (order network API).
    Vendors,
}

/// What changes during the life of an order. The body stands beside it, and changes only by an [`Update`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderState {
    /// How it is fulfilled.
    pub fulfilment: Fulfilment,
    /// Raised by one with every change, from 1.
    pub version: u64,
    /// Where each line stands.
    pub lines: Lines,
    /// Whether processing starts by itself (`automaticProcessing`), or was started.
    pub automatic: bool,
    /// Lines whose artwork is not ready (`fulfillmentReady` false): no vendor is sent them.
    pub unready: Vec<usize>,
    /// Why a person has stopped it.
    pub hold: Option<String>,
    /// Why lines failed: a step of ours, or a vendor, gave up.
    pub failure: Option<Failure>,
    /// Why vendors could not be told of cancelled lines. No line fails of it, but somebody must tell them.
    pub recall_failure: Option<Failure>,
    /// What vendors make of it.
    pub shipments: Vec<Shipment>,
    /// Which codes it was given.
    pub allocations: Vec<Allocation>,
    /// Units of lines that were cancelled while the rest of the line is made: the line, and how many.
    pub cancelled_units: Vec<(usize, u32)>,
    /// What was paid back.
    pub refunds: Vec<Refund>,
    /// When each line last changed; none as long as none has. Only kept for orders that vendors fulfil.
    pub changed_at: Vec<Timestamp>,
    /// When the order was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Why fulfilment gave up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// For the merchant: what failed, in a sentence.
    pub reason: String,
    /// The job that gave up, which restarts the order when it comes back. None where no job did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead: Option<DeadJob>,
}

/// A job on its way to the dead-letter queue. A message that comes back from there has the job's id and another id of its
/// own; a message that only repeats the job has another job id, and one that has not died yet has both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadJob {
    /// Its [`Job::id`].
    pub job: String,
    /// What the queue called the message that brought it.
    pub message: String,
}

/// Codes of one SKU's stock, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// Index of the line.
    pub line: usize,
    /// Number of its first code.
    pub first: u64,
    /// How many, one after the other.
    pub count: u64,
}

impl OrderState {
    /// An order that has just been accepted.
    #[must_use]
    pub fn accepted(fulfilment: Fulfilment, line_count: usize, automatic: bool, now: Timestamp) -> Self {
        Self {
            fulfilment,
            version: 1,
            lines: Lines::open(line_count),
            automatic,
            unready: Vec::new(),
            hold: None,
            failure: None,
            recall_failure: None,
            shipments: Vec::new(),
            allocations: Vec::new(),
            cancelled_units: Vec::new(),
            refunds: Vec::new(),
            changed_at: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// The order's status: held while it is not at its end, else that of its lines.
    #[must_use]
    pub fn status(&self) -> OrderStatus {
        let status = self.lines.status();
        if self.hold.is_some() && !status.has_ended() { OrderStatus::CustomerCareHold } else { status }
    }

    /// How many units of a line were cancelled while the rest of it is made.
    #[must_use]
    pub fn units_cancelled(&self, line: usize) -> u32 {
        self.cancelled_units.iter().find(|(cut, _)| *cut == line).map_or(0, |(_, units)| *units)
    }

    /// How many of the units that were ordered of a line are to be made, or were until the whole line was cancelled.
    #[must_use]
    pub fn units_left(&self, line: usize, ordered: u32) -> u32 {
        ordered.saturating_sub(self.units_cancelled(line))
    }

    /// When a line last changed; none as long as it has not.
    #[must_use]
    pub fn line_changed_at(&self, line: usize) -> Option<Timestamp> {
        let refunded = self.refunds.iter().filter(|refund| refund.line == line).map(|refund| refund.at);
        let changed = self.changed_at.get(line).copied().filter(|at| *at != self.created_at);
        refunded.chain(changed).max()
    }

    /// When a line that is cancelled was; nothing but refunds follows that.
    #[must_use]
    pub fn line_cancelled_at(&self, line: usize) -> Option<Timestamp> {
        let is_cancelled = self.lines.get(line) == Some(LineStatus::Cancelled);
        self.changed_at.get(line).copied().filter(|_| is_cancelled)
    }

    /// When a vendor first got a line.
    #[must_use]
    pub fn line_processed_at(&self, line: usize) -> Option<Timestamp> {
        let first = self.shipments.iter().find(|shipment| shipment.lines.contains(&line));
        first.map(|shipment| shipment.created_at)
    }

    /// The shipment of that number.
    #[must_use]
    pub fn shipment(&self, number: u16) -> Option<&Shipment> {
        self.shipments.iter().find(|shipment| shipment.number == number)
    }
}

/// A message of the fulfilment queue: which order, and the version it was made for; never the order itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Partition key of the order.
    pub pk: String,
    /// Sort key of the order.
    pub sk: String,
    /// The version that the job advances; any other means that the job is done or overtaken.
    pub version: u64,
    /// Random, and of this message alone: whoever sends the same work once more draws another.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Attempts that earlier messages have made in vain.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests;
