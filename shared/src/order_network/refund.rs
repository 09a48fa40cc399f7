//! What was paid for an item, and what can still be paid back (docs/apis/order-network-api.md#refunds).

use rust_decimal::Decimal;
use serde::Serialize;

use super::request::Item;
use crate::money::Number;
use crate::order::OrderState;

/// What was paid for an item, in the order's currency; never below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    /// For the goods.
    pub price: Decimal,
    /// For their shipping.
    pub shipping: Decimal,
}

impl Paid {
    /// Quantity times price less discounts; the subtotal if there is no price; zero if there is neither. Cancelled
    /// units were paid too, so this is the ordered quantity.
    #[must_use]
    pub fn of(item: &Item) -> Self {
        let amount = |number: Option<Number>| number.map(|number| number.0);
        let of_units = amount(item.customer_price).and_then(|price| price.checked_mul(Decimal::from(item.quantity)));
        let price = of_units.or(amount(item.customer_subtotal)).unwrap_or_default();
        let discounts = amount(item.customer_discounts_or_promotions).unwrap_or_default();
        Self {
            price: price.saturating_sub(discounts).max(Decimal::ZERO),
            shipping: amount(item.customer_shipping_price).unwrap_or_default().max(Decimal::ZERO),
        }
    }

    /// The price or the shipping.
    #[must_use]
    pub const fn part(&self, is_shipping: bool) -> Decimal {
        if is_shipping { self.shipping } else { self.price }
    }
}

/// `GetOrderItemRefundDataModel`.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RefundData {
    refunds: Vec<Refund>,
    remaining_shipping_balance: Number,
    remaining_price_balance: Number,
}

/// One of its rows.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct Refund {
    transaction_id: String,
    is_shipping_refund: bool,
    amount: Number,
    reason: String,
}

impl RefundData {
    /// The refunds of an item; `None` if there are none.
    #[must_use]
    pub fn of(item: &Item, line: usize, state: &OrderState) -> Option<Self> {
        let paid = Paid::of(item);
        let left = |is_shipping| Number(paid.part(is_shipping).saturating_sub(state.refunded(line, is_shipping)));
        let refunds: Vec<Refund> = state
            .refunds
            .iter()
            .filter(|refund| refund.line == line)
            .map(|refund| Refund {
                transaction_id: refund.transaction_id.clone(),
                is_shipping_refund: refund.is_shipping,
                amount: Number(refund.amount),
                reason: refund.reason.clone(),
            })
            .collect();
        (!refunds.is_empty()).then(|| Self {
            refunds,
            remaining_shipping_balance: left(true),
            remaining_price_balance: left(false),
        })
    }
}
