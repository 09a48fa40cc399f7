//! Moves over plainly written tokens: the part of the scanner that processes nearly every byte. It succeeds or leaves
//! the cursor in place; the scanner (`scan`) then finds out what is wrong.

use super::block::{BLOCK, Block, is_space};
use super::field::Key;
use super::text::{Form, Text};

/// A position in the body. It is small and `Copy`, so that loops can keep a copy in registers.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    #[inline(always)]
    pub(super) fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline(always)]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.behind(self.at)
    }

    /// The block that starts at a byte, if the body is long enough.
    #[inline(always)]
    fn chunk(&self, at: usize) -> Option<&'a [u8; BLOCK]> {
        self.bytes.get(at..).and_then(<[u8]>::first_chunk)
    }

    /// Moves over a recognised token.
    #[inline(always)]
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Moves over a word, if it is next.
    #[inline(always)]
    pub(super) fn word(&mut self, word: &'static [u8]) -> bool {
        if !self.rest().starts_with(word) {
            return false;
        }
        self.at += word.len();
        true
    }

    #[inline(always)]
    pub(super) fn space(&mut self) {
        if self.byte().is_some_and(is_space) {
            // Most white space is a single space, or a line break with a few more.
            self.at += 1;
            if self.byte().is_some_and(is_space) {
                self.at = behind_space(self.bytes, self.at);
            }
        }
    }

    /// Moves over the name of a known member and its colon, if they are next; fails near the end of the body, because
    /// whole blocks are compared.
    #[inline(always)]
    pub(super) fn key(&mut self, key: &Key) -> bool {
        let Some(here) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<{ Key::BYTES_MAX }>()) else {
            return false;
        };
        if !key.is_at(here) {
            return false;
        }
        self.at += key.length();
        true
    }

    /// Moves to the name of the next member, if it directly follows a comma.
    #[inline(always)]
    pub(super) fn next_name(&mut self) -> bool {
        if self.rest().first_chunk() != Some(b",\"") {
            return false;
        }
        self.at += 1;
        true
    }

    /// Moves over the next string if it is plain, and returns its number of characters.
    #[inline(always)]
    pub(super) fn plain_string(&mut self) -> Option<usize> {
        let start = self.at + 1;
        let mut at = start;
        // Most strings are shorter than a block.
        let mut block = self.chunk(at)?;
        let mut plain = Block::load(block).first_special();
        while plain >= BLOCK {
            at += BLOCK;
            block = self.chunk(at)?;
            plain = Block::load(block).first_special();
        }
        // The block is known to contain this byte.
        if block.get(plain) != Some(&b'"') {
            return None;
        }
        at += plain;
        self.at = at + 1;
        Some(at - start)
    }

    /// The plain string of this length whose opening quote is at `start`.
    #[inline(always)]
    pub(super) fn plain(&self, start: usize, length: usize) -> Text<'a> {
        Text::new(self.behind(start + 1).get(..length).unwrap_or_default(), Form::Plain)
    }

    /// The plain string that was just read and whose opening quote is at `start`.
    pub(super) fn plain_behind(&self, start: usize) -> Text<'a> {
        self.plain(start, self.at.saturating_sub(start + 2))
    }

    #[inline(always)]
    pub(super) fn behind(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..).unwrap_or_default()
    }
}

/// The first byte at or after `at` that is not white space.
#[inline(never)]
fn behind_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<BLOCK>()) {
        let skipped = Block::load(block).first_not_space();
        at += skipped;
        if skipped < BLOCK {
            return at;
        }
    }
    while bytes.get(at).copied().is_some_and(is_space) {
        at += 1;
    }
    at
}
