//! The vocabulary of the rule tables: what one line can say about a member.
//!
//! Tables are constants without behaviour except the checks of formats, so that the same tables drive the engine and
//! generate JSON Schema and TypeScript.

#[cfg(feature = "domain")]
pub(crate) use super::extension::{Any, Choice, Issue, ObjectCheck, Parsed, Wrong};
use super::field::Field;
use super::format::Format;
#[cfg(feature = "domain")]
pub(crate) use super::format::LINK;

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
