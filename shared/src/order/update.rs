//! Updates of an order's body: which of its parts may still change.

use super::transition::{Rejected, refuse};
use super::{LineStatus, OrderState, OrderStatus};

/// Which parts of the body another body changes. Whoever asks has both and compares them; what may change is decided here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// An address.
    pub addresses: bool,
    /// Any other member of the order itself.
    pub order: bool,
    /// Items.
    pub items: Vec<ItemUpdate>,
}

/// What changes of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemUpdate {
    /// Index of its line.
    pub line: usize,
    /// A member of it.
    pub body: bool,
    /// Its quantity, or an amount of which refunds are taken.
    pub amounts: bool,
    /// It is said to be ready.
    pub ready: bool,
}

impl Update {
    /// The line of an update that says no more than that this one is ready.
    #[must_use]
    pub fn only_ready(&self) -> Option<usize> {
        match self.items.as_slice() {
            [item] if item.ready && !item.body && !self.addresses && !self.order => Some(item.line),
            _ => None,
        }
    }
}

/// Marks the lines that are said to be ready; the rest of an update is in the body.
pub(super) fn update(order: &mut OrderState, update: &Update) -> Result<(), Rejected> {
    let ready = |line: &usize| update.items.iter().any(|item| item.ready && item.line == *line);
    let changes_body = update.addresses || update.order || update.items.iter().any(|item| item.body);
    if !changes_body && !order.unready.iter().any(ready) {
        return Err(Rejected::AlreadySo);
    }
    if (update.addresses || update.order) && order.lines.status() == OrderStatus::Cancelled {
        refuse("the order is Cancelled")?;
    }
    if update.addresses && !order.shipments.is_empty() {
        refuse("a shipment of the order is assigned: its addresses stay as they are")?;
    }
    let has_begun = |line| !matches!(line, LineStatus::Open | LineStatus::Cancelled);
    if update.order && order.lines.iter().any(has_begun) {
        refuse(format!("processing has begun: the order is {}", order.status().as_str()))?;
    }
    for item in update.items.iter().filter(|item| item.body) {
        refuse_item(order, *item)?;
    }
    order.unready.retain(|line| !ready(line));
    Ok(())
}

fn refuse_item(order: &OrderState, item: ItemUpdate) -> Result<(), Rejected> {
    let name = format!("item {} of the order", item.line.saturating_add(1));
    match order.lines.get(item.line) {
        Some(LineStatus::Open) => {}
        Some(status) => refuse(format!("{name} is {}", status.as_str()))?,
        None => refuse("the order has no such item")?,
    }
    if item.amounts && order.units_cancelled(item.line) > 0 {
        refuse(format!("units of {name} are cancelled: its quantity and amounts stay as they are"))?;
    }
    if item.amounts && order.refunds.iter().any(|refund| refund.line == item.line) {
        refuse(format!("{name} has refunds: its quantity and amounts stay as they are"))?;
    }
    Ok(())
}
