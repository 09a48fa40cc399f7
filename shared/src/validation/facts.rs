//! Rules between members: values are kept while an order is read and compared once their object is complete.
//!
//! Wrong totals never cause a rejection, because the API's own example does not add up: all of these rules but the
//! duplicate check are warnings.

use alloc::vec::Vec;
use core::ops::Range;

use super::table::Slot;
use super::text::Text;

#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    /// In ten-thousandths.
    Amount(i64),
    /// Not used.
    Degrees,
    Integer(i64),
    Text(Text<'a>),
    Boolean(bool),
}

#[derive(Clone)]
pub(super) struct Amount {
    pub(super) span: Range<usize>,
    value: i64,
}

/// Upper case.
type Currency = [u8; 3];

/// The currency of an order that names none.
const DEFAULT_CURRENCY: Currency = *b"USD";

/// Values of the order so far.
#[derive(Default)]
pub(super) struct Facts<'a> {
    pub(super) has_client_order_number: bool,
    pub(super) wants_duplicate_check: bool,
    pub(super) safe_id: Option<(usize, Text<'a>)>,
    order_currency: Option<Currency>,
    order_total: Option<Amount>,
    item: Item,
    transaction: Transaction,
    transactions: Vec<Transaction>,
}

#[derive(Default)]
struct Item {
    quantity: Option<i64>,
    price: Option<i64>,
    subtotal: Option<Amount>,
}

#[derive(Default)]
struct Transaction {
    total: Option<i64>,
    currency: Option<Currency>,
}

impl<'a> Facts<'a> {
    /// Forgets everything but keeps the capacity for transactions.
    pub(super) fn begin_order(&mut self) {
        let mut transactions = core::mem::take(&mut self.transactions);
        transactions.clear();
        *self = Self { transactions, ..Self::default() };
    }

    pub(super) fn keep(&mut self, slot: Slot, value: Value<'a>, span: Range<usize>) {
        match (slot, value) {
            (Slot::ClientOrderNumber, _) => self.has_client_order_number = true,
            (Slot::DuplicateCheck, Value::Boolean(value)) => self.wants_duplicate_check = value,
            (Slot::SafeId, Value::Text(text)) => self.safe_id = Some((span.start, text)),
            (Slot::OrderCurrency, Value::Text(text)) => self.order_currency = currency(text),
            (Slot::OrderTotal, Value::Amount(value)) => self.order_total = Some(Amount { span, value }),
            (Slot::ItemQuantity, Value::Integer(value)) => self.item.quantity = Some(value),
            (Slot::ItemPrice, Value::Amount(value)) => self.item.price = Some(value),
            (Slot::ItemSubtotal, Value::Amount(value)) => self.item.subtotal = Some(Amount { span, value }),
            (Slot::TransactionTotal, Value::Amount(value)) => self.transaction.total = Some(value),
            (Slot::TransactionCurrency, Value::Text(text)) => self.transaction.currency = currency(text),
            _ => {}
        }
    }

    /// Ends an item: returns its subtotal and the expected one, if they differ.
    pub(super) fn end_item(&mut self) -> Option<(Amount, i128)> {
        let item = core::mem::take(&mut self.item);
        let expected = i128::from(item.price?) * i128::from(item.quantity?);
        differing(item.subtotal, expected)
    }

    /// Ends a transaction: it is evaluated once the currency of the order is known.
    pub(super) fn end_transaction(&mut self) {
        let transaction = core::mem::take(&mut self.transaction);
        self.transactions.push(transaction);
    }

    /// Ends an order: returns its total and the sum of its transactions, if they differ. The sum is unknown if a
    /// transaction has another currency or no total.
    pub(super) fn end_order(&mut self) -> Option<(Amount, i128)> {
        let order = self.order_currency.unwrap_or(DEFAULT_CURRENCY);
        let mut totals = self
            .transactions
            .iter()
            .map(|transaction| transaction.total.filter(|_| transaction.currency.unwrap_or(order) == order));
        let first = i128::from(totals.next()??);
        let expected = totals.try_fold(first, |sum, total| Some(sum + i128::from(total?)))?;
        differing(self.order_total.take(), expected)
    }
}

/// The amount and the expected one, if they differ.
fn differing(amount: Option<Amount>, expected: i128) -> Option<(Amount, i128)> {
    amount.filter(|amount| i128::from(amount.value) != expected).map(|amount| (amount, expected))
}

fn currency(text: Text<'_>) -> Option<Currency> {
    text.resolve().as_bytes().first_chunk().map(|code: &Currency| code.map(|letter| letter.to_ascii_uppercase()))
}
