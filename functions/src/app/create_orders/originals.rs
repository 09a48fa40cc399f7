//! Reprints: `reprint.originalOrderId` must name an existing order of the merchant.
//!
//! Orders are never deleted, so an original that is found here still exists when the reprint is inserted. An original
//! earlier in the same bulk counts too, because orders of a call are created in turn.

use std::collections::HashSet;

use shared::Code;
use shared::ids::OrderId;
use shared::order_network::problem::Violation;

use super::{Creation, Outcome};
use crate::refusal::Refusal;
use crate::store::network_orders::NewOrder;

impl Creation<'_> {
    /// Rejects reprints whose original does not exist. A call without reprints reads nothing.
    pub(super) async fn reject_reprints_of_unknown_orders(&mut self) {
        let named: Vec<(usize, String)> = (0..self.orders.len())
            .filter_map(|index| Some((index, original(self.order(index)?)?.to_owned())))
            .collect();
        let earlier = |reprint: usize, id: &OrderId| {
            (0..reprint).any(|index| self.order(index).is_some_and(|order| order.id == *id) && self.is_open(index))
        };
        let parsed = named.iter().map(|(index, name)| (*index, OrderId::parse(name).ok(), name));
        let unknown: Vec<_> =
            parsed.filter(|(index, id, _)| !id.as_ref().is_some_and(|id| earlier(*index, id))).collect();
        let ids: Vec<OrderId> = unknown.iter().filter_map(|(_, id, _)| id.clone()).collect();
        if unknown.is_empty() {
            return;
        }
        let found = if ids.is_empty() { Ok(Vec::new()) } else { self.table.orders(self.merchant, &ids).await };
        let settled: Vec<(usize, Refusal)> = match found {
            Ok(found) => {
                let found: HashSet<OrderId> = found.into_iter().map(|(id, _)| id).collect();
                let is_missing = |id: &Option<OrderId>| !id.as_ref().is_some_and(|id| found.contains(id));
                let missing = unknown.iter().filter(|(_, id, _)| is_missing(id));
                missing.map(|(index, _, name)| (*index, no_original(name))).collect()
            }
            Err(error) => {
                let refusal = Refusal::from(error);
                unknown.iter().map(|(index, ..)| (*index, refusal.clone())).collect()
            }
        };
        for (index, refusal) in settled {
            if self.is_open(index) {
                self.settle(index, Outcome::Refused(refusal));
            }
        }
    }
}

fn original(order: &NewOrder) -> Option<&str> {
    order.request.reprint.as_ref()?.original_order_id.as_deref().filter(|id| !id.is_empty())
}

fn no_original(name: &str) -> Refusal {
    let message = format!("no order has the id `{name}`");
    Refusal::invalid(vec![Violation::by_text(Code::NotFound, "/reprint/originalOrderId", message, name)])
}
