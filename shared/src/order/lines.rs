//! The status of each line of an order, and the order status derived from them.

use crate::keyword::keywords;

keywords! {
    /// Status of one line (an item, a product).
    LineStatus {
        /// Not assigned yet.
        Open,
        /// A vendor has it.
        Processing,
        /// Delivered.
        Fulfilled,
        /// Cancelled for the customer; final.
        Cancelled,
        /// Given up by us or a vendor; can be restarted.
        Failed,
    }
}

impl LineStatus {
    /// Every status and its letter.
    pub const LETTERS: [(Self, char); 5] = [
        (Self::Open, 'O'),
        (Self::Processing, 'P'),
        (Self::Fulfilled, 'F'),
        (Self::Cancelled, 'C'),
        (Self::Failed, 'X'),
    ];

    /// The wire number in the shipment service, where 1 is `Open`.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Open => 1,
            Self::Processing => 2,
            Self::Fulfilled => 3,
            Self::Cancelled => 4,
            Self::Failed => 5,
        }
    }

    /// Whether the line only changes on request from now on.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Fulfilled | Self::Cancelled | Self::Failed)
    }
}

keywords! {
    /// Status of the whole order: a function of its lines and its hold.
    OrderStatus {
        /// No line has been assigned yet.
        Open,
        /// Lines are in progress, none is delivered.
        Processing,
        /// Some lines are delivered, others are still open.
        PartiallyFulfilled,
        /// Every line that was not cancelled is delivered.
        Fulfilled,
        /// A person stopped it before its end.
        CustomerCareHold,
        /// Every line is cancelled.
        Cancelled,
        /// Nothing is left to do, and at least one line failed.
        Failed,
    }
}

impl OrderStatus {
    /// Whether the order only changes on request from now on.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Fulfilled | Self::Cancelled | Self::Failed)
    }
}

/// The lines of an order in the order of its body, one letter each: `PPF`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines(Vec<LineStatus>);

/// A stored text is not a list of line letters. Reports the position but not the text, because the message goes to a
/// log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {position} of {count} has no known state")]
pub struct NotLines {
    /// Position of the first invalid letter, from 1.
    position: usize,
    /// Number of letters.
    count: usize,
}

impl Lines {
    /// `count` open lines.
    #[must_use]
    pub fn open(count: usize) -> Self {
        Self(vec![LineStatus::Open; count])
    }

    /// Reads the letters: at least one of `OPFCX`.
    pub fn parse(letters: &str) -> Result<Self, NotLines> {
        let status = |letter| LineStatus::LETTERS.iter().find(|(_, known)| *known == letter).map(|(status, _)| *status);
        let lines: Vec<_> = letters.chars().map_while(status).collect();
        let count = letters.chars().count();
        if lines.len() < count || lines.is_empty() {
            return Err(NotLines { position: lines.len().saturating_add(1), count });
        }
        Ok(Self(lines))
    }

    /// The letters.
    #[must_use]
    pub fn letters(&self) -> String {
        let letter = |line: &LineStatus| {
            LineStatus::LETTERS.iter().find(|(status, _)| status == line).map(|(_, letter)| *letter)
        };
        self.0.iter().filter_map(letter).collect()
    }

    /// The statuses, in the order of the body.
    pub fn iter(&self) -> impl Iterator<Item = LineStatus> {
        self.0.iter().copied()
    }

    /// The number of lines.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Status of the line at `index`; `None` beyond the last.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<LineStatus> {
        self.0.get(index).copied()
    }

    /// The indexes of the lines whose status matches.
    pub fn indexes(&self, wanted: impl Fn(LineStatus) -> bool) -> impl Iterator<Item = usize> {
        self.iter().enumerate().filter(move |(_, line)| wanted(*line)).map(|(index, _)| index)
    }

    /// Whether any line has the status.
    #[must_use]
    pub fn any(&self, wanted: LineStatus) -> bool {
        self.iter().any(|line| line == wanted)
    }

    pub(super) fn set(&mut self, index: usize, status: LineStatus) {
        if let Some(line) = self.0.get_mut(index) {
            *line = status;
        }
    }

    /// The order's status, ignoring a hold.
    #[must_use]
    pub fn status(&self) -> OrderStatus {
        let count = |wanted: LineStatus| self.iter().filter(|line| *line == wanted).count();
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
