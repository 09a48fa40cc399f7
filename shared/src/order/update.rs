//! Updates of an order's body: which parts may still change.

use super::transition::{Rejected, reject};
use super::{LineStatus, OrderState, OrderStatus};

/// Which parts of the body an update changes. The caller has both bodies and compares them; this module decides what
/// may change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// An address.
    pub addresses: bool,
    /// Any other member of the order itself.
    pub order: bool,
    /// Changed items.
    pub items: Vec<ItemUpdate>,
}

/// Changes of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemUpdate {
    /// Index of its line.
    pub line: usize,
    /// Any of its members.
    pub body: bool,
    /// Its quantity, or an amount that refunds count against.
    pub amounts: bool,
    /// It is marked as ready.
    pub ready: bool,
}

impl Update {
    /// The line of an update that only marks this one line as ready.
    #[must_use]
    pub fn only_ready(&self) -> Option<usize> {
        match self.items.as_slice() {
            [item] if item.ready && !item.body && !self.addresses && !self.order => Some(item.line),
            _ => None,
        }
    }
}

/// Marks lines as ready; the rest of an update is in the body.
pub(super) fn update(order: &mut OrderState, update: &Update) -> Result<(), Rejected> {
    let ready = |line: &usize| update.items.iter().any(|item| item.ready && item.line == *line);
    let changes_body = update.addresses || update.order || update.items.iter().any(|item| item.body);
    if !changes_body && !order.unready.iter().any(ready) {
        return Err(Rejected::AlreadySo);
    }
    if (update.addresses || update.order) && order.lines.status() == OrderStatus::Cancelled {
        reject("the order is Cancelled")?;
    }
    if update.addresses && !order.shipments.is_empty() {
        reject("a shipment of the order is assigned: its addresses stay as they are")?;
    }
    let has_begun = |line| !matches!(line, LineStatus::Open | LineStatus::Cancelled);
    if update.order && order.lines.iter().any(has_begun) {
        reject(format!("processing has begun: the order is {}", order.status().as_str()))?;
    }
    for item in update.items.iter().filter(|item| item.body) {
        reject_item(order, *item)?;
    }
    order.unready.retain(|line| !ready(line));
    Ok(())
}

fn reject_item(order: &OrderState, item: ItemUpdate) -> Result<(), Rejected> {
    let name = format!("item {} of the order", item.line.saturating_add(1));
    match order.lines.get(item.line) {
        Some(LineStatus::Open) => {}
        Some(status) => reject(format!("{name} is {}", status.as_str()))?,
        None => reject("the order has no such item")?,
    }
    if item.amounts && order.units_cancelled(item.line) > 0 {
        reject(format!("units of {name} are cancelled: its quantity and amounts stay as they are"))?;
    }
    if item.amounts && order.refunds.iter().any(|refund| refund.line == item.line) {
        reject(format!("{name} has refunds: its quantity and amounts stay as they are"))?;
    }
    Ok(())
}
