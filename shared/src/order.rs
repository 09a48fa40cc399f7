//! The life of an order: one aggregate behind both APIs.
//!
//! What comes back from the table is only known at run time, so the life cycle is an enum per line and one pure
//! [`transition`]. The order's own status is never stored: it is a function of its lines ([`OrderState::status`]).
//!
//! ```text
//!            Accept                Fulfil (some)                 Fulfil (the rest)
//!   Open ────────────▶ Processing ───────────────▶ PartiallyFulfilled ───────────────▶ Fulfilled
//! ```
//!
//! Every write that changes the state raises `version` by one, and a fulfilment job names the version it was made for:
//! a job that arrives twice, or late, finds another version and changes nothing.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Where one line (an item, a product) stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineStatus {
    /// Waiting to be worked on.
    Open,
    /// A vendor has taken it.
    Processing,
    /// Delivered.
    Fulfilled,
    /// Given up on the customer's side; final.
    Cancelled,
    /// Given up on ours; can be restarted.
    Failed,
}

impl LineStatus {
    const LETTERS: [(Self, char); 5] = [
        (Self::Open, 'O'),
        (Self::Processing, 'P'),
        (Self::Fulfilled, 'F'),
        (Self::Cancelled, 'C'),
        (Self::Failed, 'X'),
    ];

    /// The name on the wire of the order network API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Processing => "Processing",
            Self::Fulfilled => "Fulfilled",
            Self::Cancelled => "Cancelled",
            Self::Failed => "Failed",
        }
    }

    /// Whether nothing more will happen to the line by itself.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Fulfilled | Self::Cancelled | Self::Failed)
    }
}

/// Where the whole order stands: a function of its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    /// No line has been taken yet.
    Open,
    /// Lines are being worked on, none is delivered.
    Processing,
    /// Some lines are delivered, others are not done.
    PartiallyFulfilled,
    /// Every line that was not cancelled is delivered.
    Fulfilled,
    /// Every line is cancelled.
    Cancelled,
    /// Nothing is left to do, and a line failed.
    Failed,
}

impl OrderStatus {
    /// The name on the wire of the order network API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Processing => "Processing",
            Self::PartiallyFulfilled => "PartiallyFulfilled",
            Self::Fulfilled => "Fulfilled",
            Self::Cancelled => "Cancelled",
            Self::Failed => "Failed",
        }
    }

    /// Whether nothing more will happen to the order by itself.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Fulfilled | Self::Cancelled | Self::Failed)
    }
}

/// The lines of an order in the order of its body, as one letter each: `PPF`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines(Vec<LineStatus>);

/// A stored text is not a list of line letters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a list of line states")]
pub struct NotLines(String);

impl Lines {
    /// So many open lines.
    #[must_use]
    pub fn open(count: usize) -> Self {
        Self(vec![LineStatus::Open; count])
    }

    /// Reads the letters.
    ///
    /// # Errors
    /// A letter is none of `OPFCX`, or there is none.
    pub fn parse(letters: &str) -> Result<Self, NotLines> {
        let status = |letter| LineStatus::LETTERS.iter().find(|(_, known)| *known == letter).map(|(status, _)| *status);
        let lines: Option<Vec<_>> = letters.chars().map(status).collect();
        lines.filter(|lines| !lines.is_empty()).map(Self).ok_or_else(|| NotLines(letters.to_owned()))
    }

    /// The letters.
    #[must_use]
    pub fn letters(&self) -> String {
        let letter = |line: &LineStatus| {
            LineStatus::LETTERS.iter().find(|(status, _)| status == line).map(|(_, letter)| *letter)
        };
        self.0.iter().filter_map(letter).collect()
    }

    /// The states, in the order of the body.
    pub fn iter(&self) -> impl Iterator<Item = LineStatus> {
        self.0.iter().copied()
    }
}

/// What changes during the life of an order; the body never does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderState {
    /// Raised by one with every change, from 1.
    pub version: u64,
    /// Where each line stands.
    pub lines: Lines,
    /// Whether processing starts by itself (`automaticProcessing`).
    pub automatic: bool,
    /// When the order was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl OrderState {
    /// An order that has just been accepted.
    #[must_use]
    pub fn accepted(line_count: usize, automatic: bool, now: Timestamp) -> Self {
        Self { version: 1, lines: Lines::open(line_count), automatic, created_at: now, updated_at: now }
    }

    /// The order's status, from its lines alone.
    #[must_use]
    pub fn status(&self) -> OrderStatus {
        let count = |wanted: LineStatus| self.lines.iter().filter(|line| *line == wanted).count();
        let [open, processing, fulfilled, failed] =
            [LineStatus::Open, LineStatus::Processing, LineStatus::Fulfilled, LineStatus::Failed].map(count);
        match (open, processing, fulfilled, failed) {
            (0, 0, 0, 0) => OrderStatus::Cancelled,
            (0, 0, _, 0) => OrderStatus::Fulfilled,
            (0, 0, ..) => OrderStatus::Failed,
            (_, 0, 0, _) => OrderStatus::Open,
            (_, _, 0, _) => OrderStatus::Processing,
            _ => OrderStatus::PartiallyFulfilled,
        }
    }
}

/// What can be asked of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// A vendor takes every open line.
    Accept,
    /// A vendor delivers at most so many of the lines that it has taken, the first ones first.
    Fulfil {
        /// At least 1.
        lines_max: usize,
    },
}

/// The state does not allow the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {} does not allow {command:?}", status.as_str())]
pub struct Rejected {
    /// Where the order stands.
    pub status: OrderStatus,
    /// What was asked.
    pub command: Command,
}

/// The state after `command`, or why it is not allowed.
///
/// # Errors
/// No line is in the state that the command starts from.
pub fn transition(state: &OrderState, command: Command, now: Timestamp) -> Result<OrderState, Rejected> {
    let (from, to, lines_max) = match command {
        Command::Accept => (LineStatus::Open, LineStatus::Processing, usize::MAX),
        Command::Fulfil { lines_max } => (LineStatus::Processing, LineStatus::Fulfilled, lines_max),
    };
    let mut left = lines_max;
    let mut advance = |line: LineStatus| {
        if line != from || left == 0 {
            return line;
        }
        left = left.saturating_sub(1);
        to
    };
    let lines = Lines(state.lines.iter().map(&mut advance).collect());
    if lines == state.lines {
        return Err(Rejected { status: state.status(), command });
    }
    Ok(OrderState { version: state.version.saturating_add(1), lines, updated_at: now, ..state.clone() })
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
}

/// The next step of the built-in vendor, or nothing when the order waits or has ended.
///
/// It takes all lines at once, delivers the first line of several, then the rest: three steps at most, each of them
/// visible to a reader of either API.
#[must_use]
pub fn next_step(state: &OrderState) -> Option<Command> {
    if !state.automatic {
        return None;
    }
    let any = |wanted: LineStatus| state.lines.iter().any(|line| line == wanted);
    if any(LineStatus::Open) {
        return Some(Command::Accept);
    }
    if !any(LineStatus::Processing) {
        return None;
    }
    let first_of_several = !any(LineStatus::Fulfilled) && state.lines.iter().count() > 1;
    Some(Command::Fulfil { lines_max: if first_of_several { 1 } else { usize::MAX } })
}

#[cfg(test)]
mod tests {
    use super::{Command, Lines, OrderState, OrderStatus, next_step, transition};
    use crate::time::Timestamp;
    use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

    fn state(letters: &str) -> OrderState {
        let now = Timestamp::from_milliseconds(0);
        OrderState {
            version: 7,
            lines: Lines::parse(letters).unwrap(),
            automatic: true,
            created_at: now,
            updated_at: now,
        }
    }

    /// lines, status, after `Accept`, after `Fulfil {1}`, after `Fulfil {all}` (`-`: refused)
    const TABLE: &[(&str, &str, &str, &str, &str)] = &[
        ("O", "Open", "P", "-", "-"),
        ("OO", "Open", "PP", "-", "-"),
        ("OC", "Open", "PC", "-", "-"),
        ("OX", "Open", "PX", "-", "-"),
        ("OP", "Processing", "PP", "OF", "OF"),
        ("P", "Processing", "-", "F", "F"),
        ("PPP", "Processing", "-", "FPP", "FFF"),
        ("PX", "Processing", "-", "FX", "FX"),
        ("FP", "PartiallyFulfilled", "-", "FF", "FF"),
        ("FO", "PartiallyFulfilled", "FP", "-", "-"),
        ("FPC", "PartiallyFulfilled", "-", "FFC", "FFC"),
        ("F", "Fulfilled", "-", "-", "-"),
        ("FC", "Fulfilled", "-", "-", "-"),
        ("FX", "Failed", "-", "-", "-"),
        ("X", "Failed", "-", "-", "-"),
        ("XC", "Failed", "-", "-", "-"),
        ("CC", "Cancelled", "-", "-", "-"),
    ];

    #[test]
    fn the_transition_table() {
        for (lines, status, accept, one, all) in TABLE {
            let before = state(lines);
            assert_eq!(before.status().as_str(), *status, "{lines}");
            for (command, after) in [
                (Command::Accept, accept),
                (Command::Fulfil { lines_max: 1 }, one),
                (Command::Fulfil { lines_max: usize::MAX }, all),
            ] {
                let result = transition(&before, command, Timestamp::from_milliseconds(5));
                let letters = result.as_ref().map_or("-".to_owned(), |state| state.lines.letters());
                assert_eq!(letters, **after, "{lines} {command:?}");
                if let Ok(after) = result {
                    assert_eq!((after.version, after.updated_at.milliseconds()), (8, 5));
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn the_built_in_vendor_ends_every_order_in_at_most_three_steps(letters in "[OPFCX]{1,12}", automatic in any::<bool>()) {
            let mut order = OrderState { automatic, ..state(&letters) };
            let mut steps = 0;
            while let Some(command) = next_step(&order) {
                order = transition(&order, command, order.updated_at).unwrap();
                steps += 1;
                prop_assert!(steps <= 3);
            }
            prop_assert_eq!(order.status().has_ended(), automatic || state(&letters).status().has_ended());
        }

        #[test]
        fn letters_read_back(letters in "[OPFCX]{1,12}") {
            prop_assert_eq!(Lines::parse(&letters).unwrap().letters(), letters);
        }
    }

    #[test]
    fn an_order_is_accepted_open() {
        let order = OrderState::accepted(2, true, Timestamp::from_milliseconds(9));
        assert_eq!((order.status(), order.version), (OrderStatus::Open, 1));
    }
}
