//! The vocabulary of the rule tables: what can be said about a member in one line.
//!
//! Tables are constants and hold no behaviour but the checks of formats, so that the same tables can drive the engine
//! and print a JSON Schema or TypeScript.

use super::format::Format;

/// Names of one kind of object and the rules of its members.
pub(super) struct Object {
    /// The name of the model.
    pub(super) name: &'static str,
    /// Members that it shares with other objects.
    pub(super) base: &'static [Field],
    /// Its own members.
    pub(super) fields: &'static [Field],
    /// What holds between its members.
    pub(super) check: Check,
}

impl Object {
    /// All members with their index, which is below [`Object::FIELDS_MAX`].
    pub(super) fn members(&'static self) -> impl Iterator<Item = (usize, &'static Field)> {
        self.base.iter().chain(self.fields).enumerate()
    }

    pub(super) fn find(&'static self, name: &str) -> Option<(usize, &'static Field)> {
        self.members().find(|(_, field)| field.name == name)
    }

    /// One bit per member tells which were seen.
    pub(super) const FIELDS_MAX: usize = 64;
}

/// One member of an object. Members are optional and nullable unless they are [`Field::required`].
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) rule: Rule,
    pub(super) required: bool,
    pub(super) slot: Slot,
}

/// A member that may be absent.
pub(super) const fn field(name: &'static str, rule: Rule) -> Field {
    Field { name, rule, required: false, slot: Slot::None }
}

impl Field {
    pub(super) const fn required(self) -> Self {
        self.required_if(true)
    }

    pub(super) const fn required_if(mut self, required: bool) -> Self {
        self.required = required;
        self
    }

    /// Remembers the value for the check between members.
    pub(super) const fn keep(mut self, slot: Slot) -> Self {
        self.slot = slot;
        self
    }
}

/// What a value must be.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// A string of so many characters on one line.
    Text {
        min: usize,
        max: usize,
    },
    /// The same, where tabs and line breaks are allowed.
    Lines {
        min: usize,
        max: usize,
    },
    /// A string of a form.
    Format(&'static Format),
    Boolean,
    /// A JSON number of digits only.
    Integer {
        min: i64,
        max: i64,
    },
    /// Money: a JSON number or a string that holds one, exact, below the limits of amounts.
    Amount(Sign),
    /// A JSON number from `-max` to `max`, exact.
    Degrees {
        max: i64,
    },
    Object(&'static Object),
    /// An object that has a verdict of its own.
    Order(&'static Object),
    Array(&'static Array),
    /// Free names, each with a string of one or more lines; null is as if absent.
    Map(&'static Map),
}

impl Rule {
    /// The JSON type, as messages name it.
    pub(super) const fn type_name(self) -> &'static str {
        match self {
            Self::Text { .. } | Self::Lines { .. } | Self::Format(_) => "string",
            Self::Boolean => "boolean",
            Self::Integer { .. } => "integer",
            Self::Degrees { .. } => "number",
            Self::Amount(_) => "number or decimal string",
            Self::Object(_) | Self::Order(_) | Self::Map(_) => "object",
            Self::Array(_) => "array",
        }
    }
}

/// Whether an amount may be below zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    NotNegative,
    Any,
}

/// A list.
pub(super) struct Array {
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) entry: Rule,
    /// The code when there are more; entries beyond are not looked at.
    pub(super) too_many: crate::Code,
}

/// A map of strings.
pub(super) struct Map {
    pub(super) entries_max: usize,
    pub(super) name_max: usize,
    pub(super) value_max: usize,
}

/// What holds between the members of an object, once it has been read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    None,
    /// A bulk API order that asks for the duplicate check has something to check.
    DuplicateCheckHasNumber,
    /// `customerSubtotal` = `customerPrice` × `quantity` (warning).
    ItemSubtotal,
    /// Counts a transaction towards the order.
    Transaction,
    /// `customerTotal` = the transactions; the `safeId` is new in the bulk (warnings).
    OrderTotals,
}

/// Where a value is kept for a [`Check`].
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
