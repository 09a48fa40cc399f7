//! The order life cycle: one aggregate behind both APIs.
//!
//! A stored order's state is only known at run time, so the life cycle is an enum per line and one pure [`transition()`].
//! The order's own status is never stored: it is derived from its lines and its hold ([`OrderState::status`]).
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
//! a job that arrives twice or late finds another version and changes nothing. [`next_step`] is what the worker does on
//! its own at a version; people and vendors send the other [`Command`]s.

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

/// What changes during the life of an order. The body is stored next to it and only changes by an [`Update`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderState {
    /// How the order is fulfilled.
    pub fulfilment: Fulfilment,
    /// Raised by one with every change, from 1.
    pub version: u64,
    /// Status of each line.
    pub lines: Lines,
    /// Whether processing starts automatically (`automaticProcessing`) or has been started.
    pub automatic: bool,
    /// Lines whose artwork is not ready (`fulfillmentReady` false): no vendor is sent these.
    pub unready: Vec<usize>,
    /// Why a person stopped the order.
    pub hold: Option<String>,
    /// Why lines failed: one of our steps gave up, or a vendor did.
    pub failure: Option<Failure>,
    /// Why vendors could not be told of cancelled lines. No line fails because of it, but somebody must tell them.
    pub recall_failure: Option<Failure>,
    /// The vendors' shipments.
    pub shipments: Vec<Shipment>,
    /// The allocated codes.
    pub allocations: Vec<Allocation>,
    /// Units cancelled from lines that continue: the line, and how many.
    pub cancelled_units: Vec<(usize, u32)>,
    /// Refunds so far.
    pub refunds: Vec<Refund>,
    /// When each line last changed; empty until one does. Only kept for orders that vendors fulfil.
    pub changed_at: Vec<Timestamp>,
    /// When the order was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Why fulfilment gave up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What failed, in a sentence for the merchant.
    pub reason: String,
    /// The job that gave up; it restarts the order when it is redriven. `None` if no job was involved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead: Option<DeadJob>,
}

/// A job on its way to the dead-letter queue. A redriven message has the job's id and a new message id; a message that
/// repeats the job's work has another job id, and a message that has not died yet has both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadJob {
    /// Its [`Job::id`].
    pub job: String,
    /// The message id of the message that carried it.
    pub message: String,
}

/// Codes from one SKU's stock, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// Index of the line.
    pub line: usize,
    /// Number of the first code.
    pub first: u64,
    /// How many consecutive codes.
    pub count: u64,
}

impl OrderState {
    /// A newly accepted order.
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

    /// The order's status: held unless it has ended, otherwise the status of its lines.
    #[must_use]
    pub fn status(&self) -> OrderStatus {
        let status = self.lines.status();
        if self.hold.is_some() && !status.has_ended() { OrderStatus::CustomerCareHold } else { status }
    }

    /// Units of a line that were cancelled while the rest continued.
    #[must_use]
    pub fn units_cancelled(&self, line: usize) -> u32 {
        self.cancelled_units.iter().find(|(cut, _)| *cut == line).map_or(0, |(_, units)| *units)
    }

    /// Ordered units of a line that are still to be made, or were until the whole line was cancelled.
    #[must_use]
    pub fn units_left(&self, line: usize, ordered: u32) -> u32 {
        ordered.saturating_sub(self.units_cancelled(line))
    }

    /// When a line last changed; `None` if it has not.
    #[must_use]
    pub fn line_changed_at(&self, line: usize) -> Option<Timestamp> {
        let refunded = self.refunds.iter().filter(|refund| refund.line == line).map(|refund| refund.at);
        let changed = self.changed_at.get(line).copied().filter(|at| *at != self.created_at);
        refunded.chain(changed).max()
    }

    /// When a line was cancelled; only refunds can follow.
    #[must_use]
    pub fn line_cancelled_at(&self, line: usize) -> Option<Timestamp> {
        let is_cancelled = self.lines.get(line) == Some(LineStatus::Cancelled);
        self.changed_at.get(line).copied().filter(|_| is_cancelled)
    }

    /// When a vendor was first assigned the line.
    #[must_use]
    pub fn line_processed_at(&self, line: usize) -> Option<Timestamp> {
        let first = self.shipments.iter().find(|shipment| shipment.lines.contains(&line));
        first.map(|shipment| shipment.created_at)
    }

    /// The shipment with that number.
    #[must_use]
    pub fn shipment(&self, number: u16) -> Option<&Shipment> {
        self.shipments.iter().find(|shipment| shipment.number == number)
    }
}

/// A message of the fulfilment queue: an order and the version the job was made for, never the order itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Partition key of the order.
    pub pk: String,
    /// Sort key of the order.
    pub sk: String,
    /// The version that the job advances; if the order has another, the job is done or outdated.
    pub version: u64,
    /// Random and unique to this message: whoever sends the same work again draws another.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Failed attempts of earlier messages.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests;
