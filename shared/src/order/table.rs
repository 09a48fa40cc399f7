//! The effect of each command by order status: the table that the documentation prints. A test compares it with
//! [`super::transition()`] in every state that a small order can reach.

use super::OrderStatus;

/// The possible effect of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The order has this status afterwards, which may be the same as before.
    To(OrderStatus),
    /// Nothing changes because the command already took effect; the caller may treat it as done.
    AlreadySo,
    /// Nothing changes because the state does not allow it.
    Refused,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The command's name in audit events.
    pub command: &'static str,
    /// Who sends it.
    pub from: &'static str,
    /// When it is rejected.
    pub refused: &'static str,
    /// The outcome letters for each status, in the order of [`OrderStatus::ALL`].
    cells: [&'static str; 7],
}

/// The letters of [`Row::cells`].
const LETTERS: [(char, Outcome); 9] = [
    ('O', Outcome::To(OrderStatus::Open)),
    ('P', Outcome::To(OrderStatus::Processing)),
    ('U', Outcome::To(OrderStatus::PartiallyFulfilled)),
    ('F', Outcome::To(OrderStatus::Fulfilled)),
    ('H', Outcome::To(OrderStatus::CustomerCareHold)),
    ('C', Outcome::To(OrderStatus::Cancelled)),
    ('X', Outcome::To(OrderStatus::Failed)),
    ('=', Outcome::AlreadySo),
    ('!', Outcome::Refused),
];

const fn row(command: &'static str, from: &'static str, refused: &'static str, cells: [&'static str; 7]) -> Row {
    Row { command, from, refused, cells }
}

/// The table. Columns: Open, Processing, PartiallyFulfilled, Fulfilled, CustomerCareHold, Cancelled, Failed.
pub const TABLE: &[Row] = &[
    row("Start", "the merchant", "the order has ended", ["O=", "P=", "U=", "!", "H=", "!", "!"]),
    row("Ready", "the merchant", "", ["O=", "P=", "U=", "F=", "H=", "C=", "X="]),
    row(
        "Update",
        "the merchant",
        "processing has begun; for addresses, a shipment is assigned; for an item, it is not Open; for its quantity and amounts, it has refunds or cancelled units",
        ["O=!", "P=!", "U=!", "=!", "H=!", "=!", "X=!"],
    ),
    row("Assign", "the worker", "", ["P=", "P=", "U=", "=", "H=", "=", "="]),
    row("Allocate", "the worker", "", ["UF=", "", "F=", "=", "FH=", "=", "="]),
    row("Accept", "the worker", "", ["O=", "P=", "U=", "F=", "H=", "C=", "PUHX="]),
    row(
        "Report",
        "a vendor, the worker",
        "the shipment, or an item in the parcel, is not in a state that allows it",
        ["U=!", "OPUFX=!", "UFX=!", "F=!", "FHX=!", "=!", "PUFHX=!"],
    ),
    row(
        "Cancel",
        "the merchant",
        "the order, or an item that is named, is Fulfilled; for some of its units, a vendor over HTTP has them, or fewer are left",
        ["OCX=!", "OPCX=!", "UFX=!", "!", "FHCX=!", "C=!", "FCX=!"],
    ),
    row("Recalled", "the worker", "", ["O=", "P=", "U=", "F=", "H=", "C=", "X="]),
    row("Refund", "the merchant", "a refund exceeds its balance", ["O=!", "P=!", "U=!", "F=!", "H=!", "C=!", "X=!"]),
    row(
        "Hold",
        "the merchant",
        "the order has ended, or a part of it is Fulfilled and nobody holds it",
        ["H", "H", "!", "!", "H=", "!", "!"],
    ),
    row("Release", "the merchant", "the order is Fulfilled or Cancelled", ["=", "=", "=", "!", "OPU", "!", "X="]),
    row("GiveUp", "the worker", "", ["OX", "PX=", "UX=", "F=", "HX=", "C=", "X="]),
    row(
        "Restart",
        "the merchant, the worker",
        "the order is Fulfilled or Cancelled, and every vendor was told",
        ["O=", "P=", "U=", "F!", "H=", "C!", "OPUH"],
    ),
];

impl Row {
    /// The possible outcomes at a status: more than one if the outcome depends on more than the status.
    pub fn outcomes(&self, status: OrderStatus) -> impl Iterator<Item = Outcome> + '_ {
        let place = OrderStatus::ALL.iter().position(|known| *known == status);
        let letters = place.and_then(|place| self.cells.get(place)).copied().unwrap_or_default();
        LETTERS.into_iter().filter(move |(letter, _)| letters.contains(*letter)).map(|(_, outcome)| outcome)
    }
}
