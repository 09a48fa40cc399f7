//! What holds between members: values are kept while an order is read and compared once their object is complete.
//!
//! Amounts are never held against an order: the example of the order network API itself does not add up, so all of
//! these but the duplicate check are warnings.

use std::ops::Range;

use rust_decimal::Decimal;

use super::table::Slot;

/// A value that was read and is valid.
pub(super) enum Value<'v> {
    Amount(Decimal),
    Integer(i64),
    Text(&'v str),
    Boolean(bool),
}

/// An amount and where it stands.
#[derive(Clone)]
pub(super) struct Amount {
    pub(super) span: Range<usize>,
    pub(super) value: Decimal,
}

/// A currency code in upper case.
type Currency = [u8; 3];

/// The currency of an order that names none (known of the order network API).
const DEFAULT_CURRENCY: Currency = *b"USD";

/// What is known of the order so far.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) has_client_order_number: bool,
    pub(super) wants_duplicate_check: bool,
    pub(super) safe_id: Option<(usize, String)>,
    order_currency: Option<Currency>,
    order_total: Option<Amount>,
    item: Item,
    transaction: Transaction,
    transactions: Vec<Transaction>,
}

#[derive(Default)]
struct Item {
    quantity: Option<i64>,
    price: Option<Decimal>,
    subtotal: Option<Amount>,
}

#[derive(Default)]
struct Transaction {
    total: Option<Decimal>,
    currency: Option<Currency>,
}

impl Facts {
    /// Keeps a value for the checks below.
    pub(super) fn keep(&mut self, slot: Slot, value: &Value<'_>, span: Range<usize>) {
        match (slot, value) {
            (Slot::DuplicateCheck, Value::Boolean(value)) => self.wants_duplicate_check = *value,
            (Slot::SafeId, Value::Text(text)) => self.safe_id = Some((span.start, (*text).to_owned())),
            (Slot::OrderCurrency, Value::Text(text)) => self.order_currency = currency(text),
            (Slot::OrderTotal, Value::Amount(value)) => self.order_total = Some(Amount { span, value: *value }),
            (Slot::ItemQuantity, Value::Integer(value)) => self.item.quantity = Some(*value),
            (Slot::ItemPrice, Value::Amount(value)) => self.item.price = Some(*value),
            (Slot::ItemSubtotal, Value::Amount(value)) => self.item.subtotal = Some(Amount { span, value: *value }),
            (Slot::TransactionTotal, Value::Amount(value)) => self.transaction.total = Some(*value),
            (Slot::TransactionCurrency, Value::Text(text)) => self.transaction.currency = currency(text),
            _ => {}
        }
    }

    /// Ends an item: its subtotal and what it should be, if they differ.
    pub(super) fn end_item(&mut self) -> Option<(Amount, Decimal)> {
        let item = std::mem::take(&mut self.item);
        let expected = item.price?.checked_mul(Decimal::from(item.quantity?))?.normalize();
        item.subtotal.filter(|subtotal| subtotal.value != expected).map(|subtotal| (subtotal, expected))
    }

    /// Ends a transaction: it counts once the currency of the order is known.
    pub(super) fn end_transaction(&mut self) {
        let transaction = std::mem::take(&mut self.transaction);
        self.transactions.push(transaction);
    }

    /// Ends an order: its total and the sum of its transactions, if they differ.
    ///
    /// Nothing is compared when a transaction has another currency or no total: then the sum is not known.
    pub(super) fn end_order(&self) -> Option<(Amount, Decimal)> {
        let order = self.order_currency.unwrap_or(DEFAULT_CURRENCY);
        let mut totals = self
            .transactions
            .iter()
            .map(|transaction| transaction.total.filter(|_| transaction.currency.unwrap_or(order) == order));
        let first = totals.next()??;
        let expected = totals.try_fold(first, |sum, total| sum.checked_add(total?))?.normalize();
        self.order_total.clone().filter(|total| total.value != expected).map(|total| (total, expected))
    }
}

fn currency(text: &str) -> Option<Currency> {
    text.to_ascii_uppercase().into_bytes().try_into().ok()
}
