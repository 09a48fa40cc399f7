//! The bodies that change the state of an order.

use serde::de::IgnoredAny;

use crate::limits::{BODY_BYTES_MAX, CANCELLED_ITEMS_MAX, ID_CHARACTERS_MAX, QUANTITY_MAX, REASON_CHARACTERS_MAX};
use crate::validation::table::{Any, Array, Rule};

/// A reason for people, on one or more lines.
pub(super) const REASON: Rule = Rule::Prose { max: REASON_CHARACTERS_MAX, lines: true };

body! {
    /// A request that needs no members.
    Nothing {}
}

body! {
    /// Why something is done.
    Reason {
        /// A reason for people.
        "reason" reason: String = REASON, required;
    }
}

object! {
    /// An item, or units of it, to cancel.
    CancelledItem [rejects_unknown_members] {
        /// The item's id.
        "itemId" item_id: String = Rule::Id { min: 1, max: ID_CHARACTERS_MAX }, required;
        /// How many of its units; all of them when absent.
        "quantity" quantity: u32 = Rule::Integer { min: 1, max: QUANTITY_MAX as i32 }, optional;
    }
}

body! {
    /// What to cancel, and why. Unknown members are violations: misspelt `items` would cancel the whole order, which
    /// cannot be undone.
    Cancel [rejects_unknown_members] {
        /// A reason for people.
        "reason" reason: String = REASON, required;
        /// The items; the whole order when absent.
        "items" items: Vec<CancelledItem> = Rule::Array(&Array::between(1, CANCELLED_ITEMS_MAX, Rule::Object(&CancelledItem::OBJECT))), optional;
    }
}

body! {
    /// What stands in a batch of orders beside them.
    Batch {
        /// The orders, which have rules of their own.
        "bulk" bulk: IgnoredAny = Rule::Any(&Any { bytes_max: BODY_BYTES_MAX }), required;
    }
}
