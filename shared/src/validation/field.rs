//! A member in a rule table, with its name and its limits in the forms that the engine compares fast.

use alloc::vec::Vec;

use super::block::{BLOCK, Block};
use super::rules::BodyRules;
use super::table::{Rule, Slot};
use super::wide::may_hold_card_number;
use crate::card::CARD_DIGITS_MIN;

/// A member of an object: optional and nullable unless it is [`Field::required`].
pub(crate) struct Field {
    pub(super) key: Key,
    pub(super) rule: Rule,
    pub(super) plain: Plain,
    pub(super) required: bool,
    pub(super) slot: Slot,
    /// May be absent, but not null, because its value cannot be removed.
    #[cfg(feature = "domain")]
    pub(super) not_null: bool,
    /// An empty string counts as absent, whatever the rules of its body say.
    #[cfg(feature = "domain")]
    pub(super) empty_is_absent: bool,
    /// Its description in the API document.
    #[cfg(feature = "domain")]
    pub(super) about: &'static str,
}

pub(crate) const fn field(name: &'static str, rule: Rule) -> Field {
    Field {
        key: Key::new(name),
        plain: Plain::new(&rule),
        rule,
        required: false,
        slot: Slot::None,
        #[cfg(feature = "domain")]
        not_null: false,
        #[cfg(feature = "domain")]
        empty_is_absent: false,
        #[cfg(feature = "domain")]
        about: "",
    }
}

impl Field {
    pub(super) const fn name(&self) -> &str {
        self.key.name()
    }

    pub(crate) const fn required(self) -> Self {
        self.required_if(true)
    }

    /// Whether null counts as absent.
    #[inline(always)]
    pub(super) const fn takes_null(&self) -> bool {
        #[cfg(feature = "domain")]
        if self.not_null {
            return false;
        }
        !self.required
    }

    /// Whether an empty string counts as absent, in a body with these rules.
    #[inline(always)]
    pub(super) const fn takes_empty(&self, rules: &BodyRules) -> bool {
        #[cfg(feature = "domain")]
        if self.empty_is_absent {
            return true;
        }
        rules.empty_is_absent && !self.required
    }

    pub(super) const fn required_if(mut self, required: bool) -> Self {
        self.required = required;
        self
    }

    /// May be absent or null.
    #[cfg(feature = "domain")]
    pub(crate) const fn optional(self) -> Self {
        self
    }

    /// May be absent or null, which mean the default of its type.
    #[cfg(feature = "domain")]
    pub(crate) const fn or_default(self) -> Self {
        self
    }

    /// May be absent, null or an empty string.
    #[cfg(feature = "domain")]
    pub(crate) const fn optional_or_empty(mut self) -> Self {
        self.empty_is_absent = true;
        self
    }

    /// May be absent, but not null.
    #[cfg(feature = "domain")]
    pub(crate) const fn not_null(mut self) -> Self {
        self.not_null = true;
        self
    }

    /// Null clears the value.
    #[cfg(feature = "domain")]
    pub(crate) const fn clearable(self) -> Self {
        self
    }

    #[cfg(feature = "domain")]
    pub(crate) const fn about(mut self, about: &'static str) -> Self {
        self.about = about.trim_ascii();
        self
    }

    /// Keeps the value for a rule between members.
    pub(super) const fn keep(mut self, slot: Slot) -> Self {
        self.slot = slot;
        self
    }
}

/// A name as it is usually written in a body, `"name":`, in blocks that are compared whole.
#[derive(Clone, Copy)]
pub(super) struct Key {
    blocks: [[u8; BLOCK]; Self::BLOCKS_MAX],
    length: u8,
}

impl Key {
    const BLOCKS_MAX: usize = 3;
    /// Maximum bytes to compare.
    pub(super) const BYTES_MAX: usize = Self::BLOCKS_MAX * BLOCK;

    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
    pub(super) const fn new(name: &str) -> Self {
        let name = name.as_bytes();
        let mut blocks = [[0; BLOCK]; Self::BLOCKS_MAX];
        blocks[0][0] = b'"';
        let mut at = 1;
        while at <= name.len() {
            // Zeros in a pattern match any byte; other characters may be escaped in JSON or JSON pointers.
            assert!(name[at - 1].is_ascii_alphanumeric());
            blocks[at / BLOCK][at % BLOCK] = name[at - 1];
            at += 1;
        }
        blocks[at / BLOCK][at % BLOCK] = b'"';
        at += 1;
        blocks[at / BLOCK][at % BLOCK] = b':';
        Self { blocks, length: at as u8 + 1 }
    }

    pub(super) const fn name(&self) -> &str {
        let (_, name) = self.blocks.as_flattened().split_at(1);
        let (name, _) = name.split_at(self.length() - 3);
        match core::str::from_utf8(name) {
            Ok(name) => name,
            Err(_) => "",
        }
    }

    /// Appends the name as a step of a JSON pointer; names in the tables need no escapes. Whole blocks are appended,
    /// because that is faster than a copy of variable length.
    pub(super) fn write_step(&self, pointer: &mut Vec<u8>) {
        let start = pointer.len();
        for block in self.blocks.iter().take(self.length().div_ceil(BLOCK)) {
            pointer.extend_from_slice(block);
        }
        if let Some(quote) = pointer.get_mut(start) {
            *quote = b'/';
        }
        // Without the second quote and the colon.
        pointer.truncate(start + self.length() - 2);
    }

    #[inline(always)]
    pub(super) const fn length(&self) -> usize {
        self.length as usize
    }

    /// Whether the bytes start with the key.
    #[inline(always)]
    pub(super) fn is_at(&self, here: &[u8; Self::BYTES_MAX]) -> bool {
        let mut left = self.length();
        for (here, key) in here.as_chunks().0.iter().zip(&self.blocks) {
            if !Block::load(here).starts_with(Block::load(key), left) {
                return false;
            }
            if left <= BLOCK {
                break;
            }
            left -= BLOCK;
        }
        true
    }
}

/// What a rule requires of a plain string, in the same form for all rules.
#[derive(Clone, Copy)]
pub(super) struct Plain {
    /// Limits of its characters; no string fits if the minimum exceeds the maximum.
    min: u16,
    max: u16,
}

impl Plain {
    #[inline(always)]
    pub(super) const fn new(rule: &Rule) -> Self {
        let (min, max) = match *rule {
            Rule::Id { min, max } | Rule::Text { min, max } | Rule::Lines { min, max } => (min, max),
            Rule::Format(format) => (1, format.max),
            // Includes the rules of the functions, whose bodies are small.
            _ => (1, 0),
        };
        assert!(min <= u16::MAX as usize && max <= u16::MAX as usize);
        Self { min: min as u16, max: max as u16 }
    }

    /// Whether a plain string of `length` characters, at the start of `bytes`, is valid by its rule.
    #[inline(always)]
    pub(super) fn accepts(self, rule: &Rule, bytes: &[u8], length: usize) -> bool {
        length >= usize::from(self.min)
            && length <= usize::from(self.max)
            && match rule {
                Rule::Format(format) => format.check(bytes, length),
                // A text with enough digits for a card number takes the slow path.
                Rule::Text { .. } | Rule::Lines { .. } => {
                    length < CARD_DIGITS_MIN || !may_hold_card_number(bytes, length)
                }
                _ => true,
            }
    }
}
