//! The filters of a search. They compare the answer's own form, so a filter matches what readers see.

use shared::ids::OrderId;
use shared::order::{LineStatus, OrderStatus};
use shared::order_network::response::{Item, Order};
use shared::time::Timestamp;

use crate::store::keys;

/// A period, both ends inclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
}

impl Period {
    fn has(self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at <= to)
    }

    /// The places in the index `listed` within the period.
    pub(crate) fn places(self) -> (String, String) {
        let low = self.from.map_or_else(String::new, |from| keys::listed_at(from, ""));
        // Sorts after every hexadecimal digit.
        let high = self.to.map_or_else(|| "~".to_owned(), |to| keys::listed_at(to, "~"));
        (if low.is_empty() { "0".to_owned() } else { low }, high)
    }
}

/// Filters of orders; all of them must match.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrderFilter {
    /// From `orderId` and `safeId`: the one possible order, or `None` if they exclude each other.
    pub(crate) id: Option<Option<OrderId>>,
    pub(crate) external_id: Option<String>,
    pub(crate) short_id: Option<String>,
    pub(crate) statuses: Vec<OrderStatus>,
    pub(crate) sku: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) country_code: Option<String>,
    pub(crate) is_test: Option<bool>,
    pub(crate) created: Period,
    pub(crate) updated: Period,
    /// Prefix of the short id, the external id or the safe id.
    pub(crate) prefix: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ItemFilter {
    pub(crate) order: OrderFilter,
    pub(crate) statuses: Vec<LineStatus>,
    pub(crate) sku: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) short_id: Option<String>,
}

pub(crate) trait Filter {
    fn order(&self) -> &OrderFilter;

    /// Whether status and time of creation decide alone, with one row per order.
    fn is_every_order_a_row(&self) -> bool;
}

impl Filter for OrderFilter {
    fn order(&self) -> &OrderFilter {
        self
    }

    fn is_every_order_a_row(&self) -> bool {
        let compared = self.sku.is_some() || self.email.is_some() || self.country_code.is_some();
        let compared = compared || self.is_test.is_some() || self.updated != Period::default();
        !compared && self.prefix.is_none()
    }
}

impl Filter for ItemFilter {
    fn order(&self) -> &OrderFilter {
        &self.order
    }

    fn is_every_order_a_row(&self) -> bool {
        false
    }
}

impl OrderFilter {
    pub(super) fn takes(&self, order: &Order) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|it| found == Some(it));
        let is_in_any_case = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|it| found.is_some_and(|found| found.eq_ignore_ascii_case(it)))
        };
        (self.statuses.is_empty() || self.statuses.contains(&order.status()))
            && is(&self.external_id, order.external_id())
            && is(&self.short_id, Some(order.short_id()))
            && self.sku.as_deref().is_none_or(|sku| order.items().iter().any(|item| item.sku() == sku))
            && is_in_any_case(&self.email, order.email())
            && is_in_any_case(&self.country_code, order.country_code())
            && self.is_test.is_none_or(|is_test| order.is_test() == is_test)
            && self.created.has(order.created())
            && self.updated.has(order.updated())
            && self.prefix.as_deref().is_none_or(|prefix| order.has_name_with(prefix))
    }
}

impl ItemFilter {
    pub(super) fn takes_item(&self, item: &Item) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|it| found == Some(it));
        (self.statuses.is_empty() || self.statuses.contains(&item.status()))
            && is(&self.sku, Some(item.sku()))
            && is(&self.external_id, item.external_id())
            && is(&self.short_id, Some(item.short_id()))
    }
}
