//! Identifiers of bulk API orders.

use std::fmt;

use super::NotAnId;
use crate::time::Timestamp;

/// A bulk API order: the decimal digits of a number below 2^63 that grows with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(u64);

/// 2024-01-01T00:00:00Z: 41 bits of milliseconds from here last until 2093.
const TRANSACTION_EPOCH_MS: i64 = 1_704_067_200_000;
/// Random low bits: two orders of one merchant in the same millisecond collide with a chance of 1 in 4 million, and
/// then a new id is drawn.
const TRANSACTION_RANDOM_BITS: u32 = 22;

impl TransactionId {
    /// A new id: time in the high bits, randomness in the low bits.
    #[must_use]
    pub fn new(now: Timestamp, random: u32) -> Self {
        let milliseconds = u64::try_from(now.milliseconds().saturating_sub(TRANSACTION_EPOCH_MS)).unwrap_or(0);
        let low = u64::from(random) & ((1 << TRANSACTION_RANDOM_BITS) - 1);
        Self(((milliseconds & ((1 << 41) - 1)) << TRANSACTION_RANDOM_BITS) | low)
    }

    /// Reads the digits.
    ///
    /// # Errors
    /// They are not a number below 2^63.
    pub fn parse(text: &str) -> Result<Self, NotAnId> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAnId);
        }
        let number = text.parse::<u64>().map_err(|_| NotAnId)?;
        if number < 1 << 63 { Ok(Self(number)) } else { Err(NotAnId) }
    }

    /// Nineteen digits, so that the texts sort like the numbers.
    #[must_use]
    pub fn padded(self) -> String {
        format!("{:019}", self.0)
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}
