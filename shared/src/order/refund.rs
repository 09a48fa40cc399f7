//! Refunds of an item's price and its shipping. They only grow, up to the amount paid.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::OrderState;
use super::transition::{Rejected, reject};
use crate::ids::hex;
use crate::money::parse_stored_amount;
use crate::time::Timestamp;

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Index of the line.
    pub line: usize,
    /// Whether it refunds shipping instead of the price.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_shipping: bool,
    /// The amount, in the order's currency.
    #[serde(serialize_with = "write_amount", deserialize_with = "read_amount")]
    pub amount: Decimal,
    /// The reason, for people.
    pub reason: String,
    /// Its id: [`refund_id`].
    pub transaction_id: String,
    /// When it was made.
    pub at: Timestamp,
}

/// A requested refund and the amount that was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedRefund {
    /// The refund.
    pub refund: Refund,
    /// The amount paid for the item's price, or for its shipping if that is refunded.
    pub paid: Decimal,
}

/// A refund of more than is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Its position in the request.
    pub index: usize,
    /// What is left after the refunds before it.
    pub balance: Decimal,
}

/// The id of the refund at `index` of a call. Equal seeds give equal ids, so a retried call with the same seed finds
/// its own refunds.
#[must_use]
pub fn refund_id(seed: &[u8; 16], index: usize) -> String {
    let digest = Sha256::new().chain_update(seed).chain_update(index.to_be_bytes()).finalize();
    hex(&digest).chars().take(24).collect()
}

impl OrderState {
    /// The amount refunded so far of a line's price, or of its shipping.
    #[must_use]
    pub fn refunded(&self, line: usize, is_shipping: bool) -> Decimal {
        let of_it = self.refunds.iter().filter(|refund| refund.line == line && refund.is_shipping == is_shipping);
        of_it.fold(Decimal::ZERO, |sum, refund| sum.saturating_add(refund.amount))
    }
}

/// Adds all refunds, or none if one of them exceeds what the refunds before it leave.
pub(super) fn refund(order: &mut OrderState, requested: &[AskedRefund]) -> Result<(), Rejected> {
    let mut excesses = Vec::new();
    for (index, AskedRefund { refund, paid }) in requested.iter().enumerate() {
        if order.refunds.iter().any(|known| known.transaction_id == refund.transaction_id) {
            continue;
        }
        if order.lines.get(refund.line).is_none() {
            reject("the order has no such item")?;
        }
        if refund.amount <= Decimal::ZERO {
            reject("a refund is more than nothing")?;
        }
        let balance = paid.saturating_sub(order.refunded(refund.line, refund.is_shipping));
        if refund.amount > balance {
            excesses.push(Excess { index, balance });
        } else {
            order.refunds.push(refund.clone());
        }
    }
    if !excesses.is_empty() {
        return Err(Rejected::ExceedsBalance(excesses));
    }
    Ok(())
}

/// As text, because a number would pass through a float on its way into the table.
fn write_amount<S: Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&amount.normalize())
}

fn read_amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_stored_amount(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no amount")))
}
