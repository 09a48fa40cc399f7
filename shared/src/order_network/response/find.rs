//! What searches compare of an order and its items, as on the wire.

use super::{Address, Item, Order};
use crate::order::{LineStatus, OrderStatus};
use crate::time::Timestamp;

impl Order {
    /// Its status.
    #[must_use]
    pub const fn status(&self) -> OrderStatus {
        self.status
    }

    /// Its items.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Its items, by value.
    #[must_use]
    pub fn into_items(self) -> Vec<Item> {
        self.items
    }

    /// The merchant's order number.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }

    /// `O` and eight digits.
    #[must_use]
    pub fn short_id(&self) -> &str {
        &self.short_id
    }

    /// Country to which it goes.
    #[must_use]
    pub fn country_code(&self) -> Option<&str> {
        self.shipping_address.country_code.as_deref()
    }

    /// The e-mail address of the shipping address, or else of the billing address.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        let of = |address: &'_ Address| address.email.is_some();
        let billing = self.billing_address.as_ref();
        let address = Some(&self.shipping_address).filter(|address| of(address)).or(billing);
        address.and_then(|address| address.email.as_deref())
    }

    /// Whether it is a test.
    #[must_use]
    pub const fn is_test(&self) -> bool {
        self.is_test
    }

    /// When it was accepted.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        Timestamp::parse_rfc3339(&self.created_at).unwrap_or(Timestamp::from_milliseconds(0))
    }

    /// When it last changed.
    #[must_use]
    pub fn updated(&self) -> Timestamp {
        Timestamp::parse_rfc3339(&self.updated_at).unwrap_or(Timestamp::from_milliseconds(0))
    }

    /// Whether the short id, external id or safe id starts with `prefix`.
    #[must_use]
    pub fn has_name_with(&self, prefix: &str) -> bool {
        let names = [Some(self.short_id.as_str()), self.external_id.as_deref(), Some(self.safe_id.as_str())];
        names.into_iter().flatten().any(|name| name.starts_with(prefix))
    }
}

impl Item {
    /// The merchant's SKU.
    #[must_use]
    pub fn sku(&self) -> &str {
        &self.sku
    }

    /// The status as on the wire.
    #[must_use]
    pub const fn status(&self) -> LineStatus {
        self.status
    }

    /// The merchant's number for it.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }

    /// `I` and eight digits.
    #[must_use]
    pub fn short_id(&self) -> &str {
        &self.short_id
    }
}
