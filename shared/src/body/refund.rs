//! The body of a refund.

use super::change::REASON;
use crate::limits::{ID_CHARACTERS_MAX, REFUNDS_MAX};
use crate::money::Number;
use crate::validation::table::{Array, Rule, Sign};

const ID: Rule = Rule::Id { min: 1, max: ID_CHARACTERS_MAX };

object! {
    /// What to pay back of one item.
    RefundRow [rejects_unknown_members] {
        /// The item's id.
        "itemId" item_id: String = ID, required;
        /// Whether it is paid back of the shipping; of the price when false or absent.
        "isShippingRefund" is_shipping: bool = Rule::Boolean, optional;
        /// How much, in the order's currency.
        "amount" amount: Number = Rule::Amount(Sign::Positive), required;
        /// A reason for people.
        "reason" reason: String = REASON, required;
    }
}

body! {
    /// Refunds of an order, all of which are made or none. Unknown members are violations: a misspelt
    /// `isShippingRefund` would take the money from the other balance.
    AddRefunds [rejects_unknown_members] {
        /// The order's id.
        "orderId" order_id: String = ID, required;
        /// The refunds.
        "refunds" refunds: Vec<RefundRow> = Rule::Array(&Array::between(1, REFUNDS_MAX, Rule::Object(&RefundRow::OBJECT))), required;
    }
}
