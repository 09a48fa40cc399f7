//! The vocabulary of the rule tables: what one line can say about a member.
//!
//! Tables are constants without behaviour except the checks of formats, so that the same tables drive the engine and
//! generate JSON Schema and TypeScript.

use alloc::vec::Vec;

use super::block::{BLOCK, Block};
#[cfg(feature = "domain")]
pub(crate) use super::extension::{Any, Choice, Issue, ObjectCheck, Parsed, Wrong};
use super::format::Format;
#[cfg(feature = "domain")]
pub(crate) use super::format::LINK;
use super::rules::BodyRules;
use super::wide::may_hold_card_number;
use crate::card::CARD_DIGITS_MIN;

/// The members of one kind of object, with their rules.
pub(crate) struct Object {
    /// The name of the model, for schemas and tests; not part of the WebAssembly module.
    #[cfg(feature = "domain")]
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
    /// The rule between its members.
    pub(super) check: Check,
    /// One bit for each required member, lowest first.
    pub(super) required: u32,
    /// A number below 32 under which its order of members is remembered. Kinds may share one, because it is only a
    /// hint.
    pub(super) hint: usize,
    /// Unknown members are violations, because ignoring them would not do what was asked for.
    #[cfg(feature = "domain")]
    pub(super) rejects_unknown_members: bool,
}

impl Object {
    /// One bit per member records which were seen.
    pub(super) const FIELDS_MAX: usize = 31;

    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
    pub(super) const fn new(name: &'static str, fields: &'static [Field]) -> Self {
        assert!(fields.len() <= Self::FIELDS_MAX);
        let (mut required, mut place) = (0, 0);
        while place < fields.len() {
            required |= (fields[place].required as u32) << place;
            place += 1;
        }
        Self {
            #[cfg(feature = "domain")]
            name,
            fields,
            check: Check::None,
            required,
            hint: hint(name),
            #[cfg(feature = "domain")]
            rejects_unknown_members: false,
        }
    }

    /// An object of a body that only the functions read.
    #[cfg(feature = "domain")]
    pub(crate) const fn named(name: &'static str, fields: &'static [Field]) -> Self {
        Self::new(name, fields)
    }

    #[cfg(feature = "domain")]
    pub(crate) const fn rejects_unknown_members(mut self) -> Self {
        self.rejects_unknown_members = true;
        self
    }

    #[cfg(feature = "domain")]
    pub(crate) const fn check(mut self, check: ObjectCheck) -> Self {
        self.check = Check::Domain(check);
        self
    }

    /// The member with this name, and its index.
    pub(super) fn find(&'static self, name: &str) -> Option<(usize, &'static Field)> {
        self.fields.iter().enumerate().find(|(_, field)| field.name() == name)
    }
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
const fn hint(name: &str) -> usize {
    let name = name.as_bytes();
    let (mut sum, mut at) = (0_usize, 0);
    while at < name.len() {
        sum = sum.wrapping_mul(31).wrapping_add(name[at] as usize);
        at += 1;
    }
    sum % 32
}

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

/// A UUID in either case.
#[cfg(feature = "domain")]
pub(crate) const UUID: Rule = Rule::Format(&super::format::UUID);

#[derive(Clone, Copy)]
pub(crate) enum Rule {
    /// A single-line string that identifies something: an order, a product, a payment. Its digits never count as a card
    /// number.
    Id {
        min: usize,
        max: usize,
    },
    /// A single-line string without a card number.
    Text {
        min: usize,
        max: usize,
    },
    /// Like `Text`, with tabs and line breaks allowed.
    Lines {
        min: usize,
        max: usize,
    },
    Format(&'static Format),
    Boolean,
    /// A JSON number with digits only.
    Integer {
        min: i32,
        max: i32,
    },
    /// Money: a JSON number or a string that contains one, exact, within the limits of amounts.
    Amount(Sign),
    /// A JSON number from `-max` to `max`, exact.
    Degrees {
        max: i32,
    },
    Object(&'static Object),
    /// An object with its own verdict.
    Order(&'static Object),
    Array(&'static Array),
    /// An object with free names and single or multi-line strings; null counts as absent.
    Map(&'static Map),
    /// A free text with at least one visible character, without a card number.
    #[cfg(feature = "domain")]
    Prose {
        max: usize,
        /// Tabs and line breaks are allowed.
        lines: bool,
    },
    /// One of a closed set.
    #[cfg(feature = "domain")]
    Choice(&'static Choice),
    /// A string that a function of the domain parses.
    #[cfg(feature = "domain")]
    Parsed(&'static Parsed),
    /// Any JSON, kept as written.
    #[cfg(feature = "domain")]
    Any(&'static Any),
}

impl Rule {
    /// Whether it is a free text, which may not contain a card number.
    pub(super) const fn is_searched(&self) -> bool {
        #[cfg(feature = "domain")]
        if matches!(self, Self::Prose { .. }) {
            return true;
        }
        matches!(self, Self::Text { .. } | Self::Lines { .. })
    }

    pub(super) const fn takes_strings(&self) -> bool {
        #[cfg(feature = "domain")]
        if matches!(self, Self::Prose { .. } | Self::Choice(_) | Self::Parsed(_) | Self::Any(_)) {
            return true;
        }
        matches!(self, Self::Id { .. } | Self::Text { .. } | Self::Lines { .. } | Self::Format(_) | Self::Amount(_))
    }

    pub(super) const fn takes_numbers(&self) -> bool {
        #[cfg(feature = "domain")]
        if let Self::Choice(choice) = self {
            return choice.is_numbered();
        }
        matches!(self, Self::Integer { .. } | Self::Amount(_) | Self::Degrees { .. })
    }

    /// The JSON type as in messages.
    pub(super) const fn type_name(self) -> &'static str {
        match self {
            Self::Id { .. } | Self::Text { .. } | Self::Lines { .. } | Self::Format(_) => "string",
            Self::Boolean => "boolean",
            Self::Integer { .. } => "integer",
            Self::Degrees { .. } => "number",
            Self::Amount(_) => "number or decimal string",
            Self::Object(_) | Self::Order(_) | Self::Map(_) => "object",
            Self::Array(_) => "array",
            #[cfg(feature = "domain")]
            Self::Choice(choice) if choice.is_numbered() => "number or string",
            #[cfg(feature = "domain")]
            Self::Prose { .. } | Self::Choice(_) | Self::Parsed(_) => "string",
            #[cfg(feature = "domain")]
            Self::Any(_) => "any value",
        }
    }
}

/// Allowed signs of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    NotNegative,
    Any,
    /// Above zero.
    #[cfg(feature = "domain")]
    Positive,
}

pub(crate) struct Array {
    pub(crate) min: usize,
    pub(crate) max: usize,
    pub(crate) entry: Rule,
    /// The code for too many entries; the excess ones are not read.
    pub(crate) too_many: crate::Code,
}

#[cfg(feature = "domain")]
impl Array {
    pub(crate) const fn between(min: usize, max: usize, entry: Rule) -> Self {
        Self { min, max, entry, too_many: crate::Code::TooMany }
    }
}

/// An object of strings with free names.
pub(crate) struct Map {
    pub(super) entries_max: usize,
    pub(super) name: Rule,
    pub(super) value: Rule,
}

/// A rule between the members of an object, checked at its end.
#[derive(Clone, Copy)]
pub(super) enum Check {
    None,
    /// A bulk API order with the duplicate check has a client order number.
    DuplicateCheckHasNumber,
    /// `customerSubtotal` = `customerPrice` × `quantity` (warning).
    ItemSubtotal,
    /// Adds a transaction to the order.
    Transaction,
    /// `customerTotal` = the transactions; the `safeId` is new in the bulk (warnings).
    OrderTotals,
    /// A function of the domain, for objects with valid members.
    #[cfg(feature = "domain")]
    Domain(ObjectCheck),
}

/// Where a [`Check`] finds a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    None,
    ClientOrderNumber,
    DuplicateCheck,
    SafeId,
    OrderCurrency,
    OrderTotal,
    ItemQuantity,
    ItemPrice,
    ItemSubtotal,
    TransactionTotal,
    TransactionCurrency,
}
