//! A string and the bytes after it, so that checks of forms can read whole blocks up to its end.

use super::block::{BLOCK, Block};
use crate::card::CARD_DIGITS_MIN;

/// A string at the start of a slice.
#[derive(Clone, Copy)]
pub(super) struct Wide<'t> {
    /// Starts with the string.
    bytes: &'t [u8],
    length: usize,
}

impl<'t> From<&'t [u8]> for Wide<'t> {
    fn from(text: &'t [u8]) -> Self {
        Self { bytes: text, length: text.len() }
    }
}

impl<'t> Wide<'t> {
    /// The first `length` bytes of a slice, or all of it.
    #[inline(always)]
    pub(super) fn new(bytes: &'t [u8], length: usize) -> Self {
        Self { bytes, length: length.min(bytes.len()) }
    }

    #[inline(always)]
    pub(super) fn text(self) -> &'t [u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    #[inline(always)]
    pub(super) fn len(self) -> usize {
        self.length
    }

    #[inline(always)]
    pub(super) fn byte(self, at: usize) -> Option<u8> {
        if at < self.length { self.bytes.get(at).copied() } else { None }
    }

    #[inline(always)]
    pub(super) fn behind(self, at: usize) -> Self {
        Self { bytes: self.bytes.get(at..).unwrap_or_default(), length: self.length.saturating_sub(at) }
    }

    /// The block that starts at a byte, padded with the bytes after the string or with zeros; [`within`](Self::within)
    /// marks those of the string.
    #[inline(always)]
    pub(super) fn block(self, at: usize) -> Block {
        let rest = self.bytes.get(at..).unwrap_or_default();
        match rest.first_chunk() {
            Some(block) => Block::load(block),
            None => Block::load(&padded(rest)),
        }
    }

    /// One bit for each byte of the block that belongs to the string, lowest first.
    #[inline(always)]
    pub(super) fn within(self, at: usize) -> u32 {
        (1 << self.length.saturating_sub(at).min(BLOCK)) - 1
    }
}

/// Whether the first `length` bytes may contain as many digits as a card number. One block suffices for nearly every
/// text; in a shorter one, the bytes after the text do not matter.
#[cfg_attr(feature = "compact", inline(never))]
#[cfg_attr(not(feature = "compact"), inline(always))]
pub(super) fn may_hold_card_number(bytes: &[u8], length: usize) -> bool {
    let Some(block) = bytes.first_chunk() else { return has_card_digits(bytes, length) };
    let digits = Block::load(block).within(b'0', b'9').bits().count_ones() as usize;
    digits + length.saturating_sub(BLOCK) >= CARD_DIGITS_MIN && has_card_digits(bytes, length)
}

/// Whether the first `length` bytes contain as many digits as a card number.
#[cold]
#[inline(never)]
fn has_card_digits(bytes: &[u8], length: usize) -> bool {
    bytes.iter().take(length).filter(|byte| byte.is_ascii_digit()).count() >= CARD_DIGITS_MIN
}

/// Less than a block, padded with zeros.
#[cold]
#[inline(never)]
fn padded(bytes: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    block
}
