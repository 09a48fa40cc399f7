//! Moving over plainly written tokens: the part of the scanner that nearly every byte goes through. It says yes or leaves the
//! cursor where it is; what is wrong, the scanner (`scan`) finds out.

use super::block::{BLOCK, Block, is_space};
use super::table::Key;
use super::text::{Form, Text};

/// A place in the body. It is small and copied: a loop that works on its own copy keeps it in registers.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The byte that is read next.
    #[inline(always)]
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The byte under the cursor.
    #[inline(always)]
    pub(super) fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// What is left of the body.
    #[inline(always)]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.behind(self.at)
    }

    /// The block that begins at a byte, if that much is left.
    #[inline(always)]
    fn chunk(&self, at: usize) -> Option<&'a [u8; BLOCK]> {
        self.bytes.get(at..).and_then(<[u8]>::first_chunk)
    }

    /// Moves over as many bytes of the token that was just recognised.
    #[inline(always)]
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Moves over a word, if it stands here.
    #[inline(always)]
    pub(super) fn word(&mut self, word: &'static [u8]) -> bool {
        if !self.rest().starts_with(word) {
            return false;
        }
        self.at += word.len();
        true
    }

    /// Moves to the next byte that is not white space.
    #[inline(always)]
    pub(super) fn space(&mut self) {
        if self.byte().is_some_and(is_space) {
            // Most spaces stand alone, or in a line break with a few more.
            self.at += 1;
            if self.byte().is_some_and(is_space) {
                self.at = behind_space(self.bytes, self.at);
            }
        }
    }

    /// Moves over the name of a known member and its colon, if just that stands here; near the end of the body it says no,
    /// because whole blocks are compared.
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

    /// Moves to the name of the next member, if it follows a comma at once.
    #[inline(always)]
    pub(super) fn next_name(&mut self) -> bool {
        if self.rest().first_chunk() != Some(b",\"") {
            return false;
        }
        self.at += 1;
        true
    }

    /// Moves over the string that stands here, if it is plain, and gives its characters' count.
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
        // Asked of the block, which is known to have this byte.
        if block.get(plain) != Some(&b'"') {
            return None;
        }
        at += plain;
        self.at = at + 1;
        Some(at - start)
    }

    /// The plain string of so many characters whose quote stands at `start`.
    #[inline(always)]
    pub(super) fn plain(&self, start: usize, length: usize) -> Text<'a> {
        Text::new(self.behind(start + 1).get(..length).unwrap_or_default(), Form::Plain)
    }

    /// The plain string that was just read and whose quote stands at `start`.
    pub(super) fn plain_behind(&self, start: usize) -> Text<'a> {
        self.plain(start, self.at.saturating_sub(start + 2))
    }

    /// The body from a byte on.
    #[inline(always)]
    pub(super) fn behind(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..).unwrap_or_default()
    }
}

/// The first byte from `at` on that is not white space.
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
