//! The vocabulary of the rule tables: what can be said about a member in one line.
//!
//! Tables are constants and hold no behaviour but the checks of formats, so that the same tables can drive the engine
//! and print a JSON Schema or TypeScript.

use alloc::vec::Vec;

use super::block::{BLOCK, Block};
use super::format::Format;
use super::wide::may_hold_card_number;
use crate::card::CARD_DIGITS_MIN;

/// Names of one kind of object and the rules of its members.
pub(super) struct Object {
    pub(super) model: Model,
    pub(super) fields: &'static [Field],
    /// What holds between its members.
    pub(super) check: Check,
    /// One bit for each member that is required, the first lowest.
    pub(super) required: u32,
    /// A number below 32 under which the order of its members is remembered. Two kinds may share one: it is a hint.
    pub(super) hint: usize,
}

impl Object {
    /// One bit per member tells which were seen.
    pub(super) const FIELDS_MAX: usize = 31;

    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
    pub(super) const fn new(model: Model, fields: &'static [Field]) -> Self {
        assert!(fields.len() <= Self::FIELDS_MAX);
        let (mut required, mut place) = (0, 0);
        while place < fields.len() {
            required |= (fields[place].required as u32) << place;
            place += 1;
        }
        Self { model, fields, check: Check::None, required, hint: hint(model.name()) }
    }

    /// The member with this name, and its place in the table.
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

/// Which kind of object: a number, because the names are asked for by the schema and by the compiler, and not in the module.
#[derive(Clone, Copy)]
#[expect(clippy::enum_variant_names, reason = "these are the names of the wire's models")]
pub(super) enum Model {
    BulkOrderRequest,
    InstantOrderRequest,
    ProductRequest,
    CreateOrderModelBulkModel,
    CreateOrderModel,
    BaseAddressModel,
    ShippingAddressModel,
    AddressModel,
    CoordinatesModel,
    APIClientInfoModel,
    CreateOrderCustomerPaymentMethodModel,
    BillingInfoModel,
    CustomerTransactionModel,
    CreateOrderItemModel,
    CreateOrderItemImageModel,
    ItemOptionModel,
    ReprintModel,
    ReprintShipmentModel,
    CostCoverageModel,
    ReprintItemModel,
}

impl Model {
    /// The name of the model.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::BulkOrderRequest => "BulkOrderRequest",
            Self::InstantOrderRequest => "InstantOrderRequest",
            Self::ProductRequest => "ProductRequest",
            Self::CreateOrderModelBulkModel => "CreateOrderModelBulkModel",
            Self::CreateOrderModel => "CreateOrderModel",
            Self::BaseAddressModel => "BaseAddressModel",
            Self::ShippingAddressModel => "ShippingAddressModel",
            Self::AddressModel => "AddressModel",
            Self::CoordinatesModel => "CoordinatesModel",
            Self::APIClientInfoModel => "APIClientInfoModel",
            Self::CreateOrderCustomerPaymentMethodModel => "CreateOrderCustomerPaymentMethodModel",
            Self::BillingInfoModel => "BillingInfoModel",
            Self::CustomerTransactionModel => "CustomerTransactionModel",
            Self::CreateOrderItemModel => "CreateOrderItemModel",
            Self::CreateOrderItemImageModel => "CreateOrderItemImageModel",
            Self::ItemOptionModel => "ItemOptionModel",
            Self::ReprintModel => "ReprintModel",
            Self::ReprintShipmentModel => "ReprintShipmentModel",
            Self::CostCoverageModel => "CostCoverageModel",
            Self::ReprintItemModel => "ReprintItemModel",
        }
    }
}

/// One member of an object. Members are optional and nullable unless they are [`Field::required`].
pub(super) struct Field {
    pub(super) key: Key,
    pub(super) rule: Rule,
    pub(super) plain: Plain,
    pub(super) required: bool,
    pub(super) slot: Slot,
}

/// A member that may be absent.
pub(super) const fn field(name: &'static str, rule: Rule) -> Field {
    Field { key: Key::new(name), plain: Plain::new(&rule), rule, required: false, slot: Slot::None }
}

impl Field {
    pub(super) const fn name(&self) -> &str {
        self.key.name()
    }

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

/// A name as it nearly always stands in a body, `"name":`, in blocks that are compared whole.
#[derive(Clone, Copy)]
pub(super) struct Key {
    blocks: [[u8; BLOCK]; Self::BLOCKS_MAX],
    length: u8,
}

impl Key {
    const BLOCKS_MAX: usize = 3;
    /// Bytes that are compared at most.
    pub(super) const BYTES_MAX: usize = Self::BLOCKS_MAX * BLOCK;

    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
    pub(super) const fn new(name: &str) -> Self {
        let name = name.as_bytes();
        let mut blocks = [[0; BLOCK]; Self::BLOCKS_MAX];
        blocks[0][0] = b'"';
        let mut at = 1;
        while at <= name.len() {
            // A zero in a pattern stands for any byte; JSON and JSON pointers have escapes for the others.
            assert!(name[at - 1].is_ascii_alphanumeric());
            blocks[at / BLOCK][at % BLOCK] = name[at - 1];
            at += 1;
        }
        blocks[at / BLOCK][at % BLOCK] = b'"';
        at += 1;
        blocks[at / BLOCK][at % BLOCK] = b':';
        Self { blocks, length: at as u8 + 1 }
    }

    /// The name in it.
    pub(super) const fn name(&self) -> &str {
        let (_, name) = self.blocks.as_flattened().split_at(1);
        let (name, _) = name.split_at(self.length() - 3);
        match core::str::from_utf8(name) {
            Ok(name) => name,
            Err(_) => "",
        }
    }

    /// Appends the name as a step of a JSON pointer: no name of the tables has a character that pointers escape. Whole blocks
    /// are appended, because that costs less than a call that copies as many bytes as there are.
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

    /// Bytes of the key.
    #[inline(always)]
    pub(super) const fn length(&self) -> usize {
        self.length as usize
    }

    /// Whether it stands at the start of as many bytes as it may have.
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

/// What a rule asks of a plain string, in one form for all rules.
#[derive(Clone, Copy)]
pub(super) struct Plain {
    /// Its characters; where no string will do, the least is above the most.
    min: u16,
    max: u16,
}

impl Plain {
    #[inline(always)]
    pub(super) const fn new(rule: &Rule) -> Self {
        let (min, max) = match *rule {
            Rule::Id { min, max } | Rule::Text { min, max } | Rule::Lines { min, max } => (min, max),
            Rule::Format(format) => (1, format.max),
            _ => (1, 0),
        };
        assert!(min <= u16::MAX as usize && max <= u16::MAX as usize);
        Self { min: min as u16, max: max as u16 }
    }

    /// Whether a plain string of so many characters, which begin at the start of `bytes`, is valid by its rule.
    #[inline(always)]
    pub(super) fn accepts(self, rule: &Rule, bytes: &[u8], length: usize) -> bool {
        length >= usize::from(self.min)
            && length <= usize::from(self.max)
            && match rule {
                Rule::Format(format) => format.check(bytes, length),
                // Enough digits for a card number are looked at again.
                Rule::Text { .. } | Rule::Lines { .. } => {
                    length < CARD_DIGITS_MIN || !may_hold_card_number(bytes, length)
                }
                _ => true,
            }
    }
}

/// What a value must be.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// A string of so many characters on one line, which names something: an order, a product, a payment. Its digits are no
    /// card number, whatever they look like.
    Id {
        min: usize,
        max: usize,
    },
    /// A string of so many characters on one line, without a card number.
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
        min: i32,
        max: i32,
    },
    /// Money: a JSON number or a string that holds one, exact, below the limits of amounts.
    Amount(Sign),
    /// A JSON number from `-max` to `max`, exact.
    Degrees {
        max: i32,
    },
    Object(&'static Object),
    /// An object that has a verdict of its own.
    Order(&'static Object),
    Array(&'static Array),
    /// Free names, each with a string of one or more lines; null is as if absent.
    Map(&'static Map),
}

impl Rule {
    /// Whether it is a text of people, in which no card number may stand.
    pub(super) const fn is_searched(&self) -> bool {
        matches!(self, Self::Text { .. } | Self::Lines { .. })
    }

    /// The JSON type, as messages name it.
    pub(super) const fn type_name(self) -> &'static str {
        match self {
            Self::Id { .. } | Self::Text { .. } | Self::Lines { .. } | Self::Format(_) => "string",
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    pub(super) name: Rule,
    pub(super) value: Rule,
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
