//! Refunds: what is paid back of an item's price and of its shipping. They only ever grow, up to what was paid.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::OrderState;
use super::transition::{Rejected, refuse};
use crate::ids::hex;
use crate::money::parse_stored_amount;
use crate::time::Timestamp;

/// Something that was paid back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Index of the line.
    pub line: usize,
    /// Whether it is taken of the shipping, and not of the price.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_shipping: bool,
    /// How much, in the order's currency.
    #[serde(serialize_with = "write_amount", deserialize_with = "read_amount")]
    pub amount: Decimal,
    /// Why, for people.
    pub reason: String,
    /// Its own id: [`refund_id`].
    pub transaction_id: String,
    /// When.
    pub at: Timestamp,
}

/// A refund that is asked for, and what was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedRefund {
    /// The refund.
    pub refund: Refund,
    /// What was paid for the item's price, or for its shipping if it is taken of that.
    pub paid: Decimal,
}

/// A refund of more than is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Its position among those that were asked for.
    pub index: usize,
    /// What is left, after those before it.
    pub balance: Decimal,
}

/// The id of the refund at `index` of a call. Equal seeds give equal ids, so a call that is made again with the seed of the
/// first one finds its own refunds.
#[must_use]
pub fn refund_id(seed: &[u8; 16], index: usize) -> String {
    let digest = Sha256::new().chain_update(seed).chain_update(index.to_be_bytes()).finalize();
    hex(&digest).chars().take(24).collect()
}

impl OrderState {
    /// How much was paid back of a line's price, or of its shipping.
    #[must_use]
    pub fn refunded(&self, line: usize, is_shipping: bool) -> Decimal {
        let of_it = self.refunds.iter().filter(|refund| refund.line == line && refund.is_shipping == is_shipping);
        of_it.fold(Decimal::ZERO, |sum, refund| sum.saturating_add(refund.amount))
    }
}

/// Adds refunds: all, or none if one of them exceeds what those before it leave.
pub(super) fn refund(order: &mut OrderState, asked: &[AskedRefund]) -> Result<(), Rejected> {
    let mut excesses = Vec::new();
    for (index, AskedRefund { refund, paid }) in asked.iter().enumerate() {
        if order.refunds.iter().any(|known| known.transaction_id == refund.transaction_id) {
            continue;
        }
        if order.lines.get(refund.line).is_none() {
            refuse("the order has no such item")?;
        }
        if refund.amount <= Decimal::ZERO {
            refuse("a refund is more than nothing")?;
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
