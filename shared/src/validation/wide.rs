//! A string and whatever stands behind it, so that checks of forms can look at whole blocks up to its end.

use super::block::{BLOCK, Block};
use crate::card::CARD_DIGITS_MIN;

/// A string in a longer slice.
#[derive(Clone, Copy)]
pub(super) struct Wide<'t> {
    /// Begins with the string; what follows belongs to others.
    bytes: &'t [u8],
    length: usize,
}

impl<'t> From<&'t [u8]> for Wide<'t> {
    /// A string with nothing behind it.
    fn from(text: &'t [u8]) -> Self {
        Self { bytes: text, length: text.len() }
    }
}

impl<'t> Wide<'t> {
    /// The first `length` bytes of a slice, or all that there are.
    #[inline(always)]
    pub(super) fn new(bytes: &'t [u8], length: usize) -> Self {
        Self { bytes, length: length.min(bytes.len()) }
    }

    /// The string.
    #[inline(always)]
    pub(super) fn text(self) -> &'t [u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Bytes of the string.
    #[inline(always)]
    pub(super) fn len(self) -> usize {
        self.length
    }

    /// One byte of the string.
    #[inline(always)]
    pub(super) fn byte(self, at: usize) -> Option<u8> {
        if at < self.length { self.bytes.get(at).copied() } else { None }
    }

    /// The string from a byte on.
    #[inline(always)]
    pub(super) fn behind(self, at: usize) -> Self {
        Self { bytes: self.bytes.get(at..).unwrap_or_default(), length: self.length.saturating_sub(at) }
    }

    /// The block that begins at a byte. What of it belongs to the string, [`within`](Self::within) tells; the rest is
    /// whatever stands there, or zeros.
    #[inline(always)]
    pub(super) fn block(self, at: usize) -> Block {
        let rest = self.bytes.get(at..).unwrap_or_default();
        match rest.first_chunk() {
            Some(block) => Block::load(block),
            None => Block::load(&padded(rest)),
        }
    }

    /// One bit for each byte of the block that belongs to the string, the first lowest.
    #[inline(always)]
    pub(super) fn within(self, at: usize) -> u32 {
        (1 << self.length.saturating_sub(at).min(BLOCK)) - 1
    }
}

/// Whether the first `length` bytes may hold as many digits as a card number has. Of nearly every text one block tells; the
/// bytes behind a shorter one do not matter.
#[cfg_attr(feature = "compact", inline(never))]
#[cfg_attr(not(feature = "compact"), inline(always))]
pub(super) fn may_hold_card_number(bytes: &[u8], length: usize) -> bool {
    let Some(block) = bytes.first_chunk() else { return has_card_digits(bytes, length) };
    let digits = Block::load(block).within(b'0', b'9').bits().count_ones() as usize;
    digits + length.saturating_sub(BLOCK) >= CARD_DIGITS_MIN && has_card_digits(bytes, length)
}

/// Whether the first `length` bytes hold as many digits as a card number has.
#[cold]
#[inline(never)]
fn has_card_digits(bytes: &[u8], length: usize) -> bool {
    bytes.iter().take(length).filter(|byte| byte.is_ascii_digit()).count() >= CARD_DIGITS_MIN
}

/// Fewer bytes than a block has, and zeros behind them.
#[cold]
#[inline(never)]
fn padded(bytes: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    block
}
