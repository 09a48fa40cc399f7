//! Cancels whole lines, or some units of a line while the rest continues.

use super::progress::withdraw;
use super::transition::{Rejected, clear_settled_failures, reject};
use super::{LineStatus, OrderState, OrderStatus, Port};
use crate::time::Timestamp;

/// A line to cancel, entirely or in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelledLine {
    /// Index of the line.
    pub line: usize,
    /// How many units to cancel; `None` for all that are left.
    pub units: Option<Units>,
}

/// Some units of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Units {
    /// How many to cancel.
    pub count: u32,
    /// How many were ordered, according to the body.
    pub ordered: u32,
}

impl CancelledLine {
    /// Everything left of a line.
    #[must_use]
    pub const fn whole(line: usize) -> Self {
        Self { line, units: None }
    }
}

/// The effect of a cancel: lines that end, and units removed from lines that continue.
#[derive(Default)]
struct Cut {
    lines: Vec<usize>,
    units: Vec<(usize, u32)>,
}

pub(super) fn cancel(order: &mut OrderState, wanted: Option<&[CancelledLine]>, now: Timestamp) -> Result<(), Rejected> {
    if order.lines.status() == OrderStatus::Fulfilled {
        return reject("the order is Fulfilled");
    }
    let cut = match wanted {
        Some(wanted) => cut(order, wanted)?,
        None => {
            let is_wanted = |line| !matches!(line, LineStatus::Fulfilled | LineStatus::Cancelled);
            Cut { lines: order.lines.indexes(is_wanted).collect(), units: Vec::new() }
        }
    };
    for line in &cut.lines {
        order.lines.set(*line, LineStatus::Cancelled);
    }
    for (line, units) in &cut.units {
        match order.cancelled_units.iter_mut().find(|(known, _)| known == line) {
            Some((_, cancelled)) => *cancelled = cancelled.saturating_add(*units),
            None => order.cancelled_units.push((*line, *units)),
        }
    }
    touch_shipments(order, &cut.units, now);
    withdraw(order, &cut.lines, None, now);
    clear_settled_failures(order);
    Ok(())
}

/// Sorts the wanted lines. A line that is already cancelled stays cancelled; none of its units are left to count.
fn cut(order: &OrderState, wanted: &[CancelledLine]) -> Result<Cut, Rejected> {
    let mut cut = Cut::default();
    let mut lines: Vec<usize> = wanted.iter().map(|entry| entry.line).collect();
    lines.sort_unstable();
    lines.dedup();
    for line in lines {
        let name = format!("item {} of the order", line.saturating_add(1));
        let status = order.lines.get(line);
        match status {
            None => reject("the order has no such item")?,
            Some(LineStatus::Cancelled) => {}
            Some(LineStatus::Fulfilled) => reject(format!("{name} is Fulfilled"))?,
            Some(LineStatus::Open | LineStatus::Processing | LineStatus::Failed) => {}
        }
        let units: Option<Vec<Units>> =
            wanted.iter().filter(|entry| entry.line == line).map(|entry| entry.units).collect();
        let Some(units) = units else {
            if status != Some(LineStatus::Cancelled) {
                cut.lines.push(line);
            }
            continue;
        };
        let ordered = units.first().map_or(0, |units| units.ordered);
        let count = units.iter().fold(0_u32, |sum, units| sum.saturating_add(units.count));
        let left = if status == Some(LineStatus::Cancelled) { 0 } else { order.units_left(line, ordered) };
        if count > left {
            reject(format!("{name} has {left} units left, not {count}"))?;
        }
        if count == left {
            cut.lines.push(line);
        } else if count > 0 {
            reject_beyond_reach(order, line, &name)?;
            cut.units.push((line, count));
        }
    }
    Ok(cut)
}

/// An HTTP vendor was sent the quantity and can only be told to cancel the whole line; failed lines must be restarted
/// first.
fn reject_beyond_reach(order: &OrderState, line: usize, name: &str) -> Result<(), Rejected> {
    match order.lines.get(line) {
        Some(LineStatus::Open) => return Ok(()),
        Some(LineStatus::Processing) => {}
        status => return reject(format!("{name} is {}", status.map_or("unknown", LineStatus::as_str))),
    }
    let holds = |shipment: &&super::Shipment| shipment.status.is_live() && shipment.lines.contains(&line);
    match order.shipments.iter().find(holds) {
        Some(shipment) if shipment.port == Port::Http && !shipment.unsent => {
            reject(format!("{name} is with the vendor `{}`: it is cancelled whole", shipment.vendor))
        }
        _ => Ok(()),
    }
}

/// Marks shipments as changed if fewer of their units are made.
fn touch_shipments(order: &mut OrderState, units: &[(usize, u32)], now: Timestamp) {
    for shipment in order.shipments.iter_mut().filter(|shipment| shipment.status.is_live()) {
        if units.iter().any(|(line, _)| shipment.lines.contains(line)) {
            shipment.updated_at = now;
        }
    }
}
