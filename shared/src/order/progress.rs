//! Vendor reports: accepted shipments, their progress, and lines that were no longer wanted when they were accepted.

use super::step::lines_in_work;
use super::transition::{Rejected, clear_settled_failures, reject};
use super::{Failure, LineStatus, Lines, OrderState, Package, Port, Progress, Shipment, ShipmentStatus};
use crate::time::Timestamp;

/// If a vendor accepts lines that are no longer wanted, it must be told again; if it accepts lines we gave up, it has
/// them.
pub(super) fn accept(order: &mut OrderState, numbers: &[u16], now: Timestamp) {
    for number in numbers {
        bring_back(order, *number);
    }
    let lines = order.lines.clone();
    for shipment in order.shipments.iter_mut().filter(|shipment| numbers.contains(&shipment.number)) {
        let before = shipment.clone();
        if shipment.status == ShipmentStatus::Assigned {
            shipment.status = ShipmentStatus::InProduction;
        }
        shipment.recall = shipment.lines.iter().copied().filter(|line| is_unwanted(&lines, shipment, *line)).collect();
        if *shipment != before {
            shipment.updated_at = now;
        }
    }
    clear_settled_failures(order);
}

/// Whether a vendor must not make a line: it was cancelled, or another vendor has shipped it.
fn is_unwanted(lines: &Lines, shipment: &Shipment, line: usize) -> bool {
    match lines.get(line) {
        Some(LineStatus::Cancelled) => true,
        Some(LineStatus::Fulfilled) => !shipment.has_sent(line),
        _ => false,
    }
}

/// The vendor has the shipment after all, so its failed lines are in progress again.
fn bring_back(order: &mut OrderState, number: u16) {
    let live = order.shipment(number).filter(|shipment| shipment.status.is_live());
    for line in live.map(|shipment| shipment.lines.clone()).unwrap_or_default() {
        if order.lines.get(line) == Some(LineStatus::Failed) {
            order.lines.set(line, LineStatus::Processing);
        }
    }
}

pub(super) fn recalled(order: &mut OrderState, recalls: &[(u16, Vec<usize>)]) {
    for (number, lines) in recalls {
        if let Some(shipment) = order.shipments.iter_mut().find(|shipment| shipment.number == *number) {
            shipment.recall.retain(|line| !lines.contains(line));
        }
    }
    clear_settled_failures(order);
}

pub(super) fn report(order: &mut OrderState, number: u16, progress: &Progress, now: Timestamp) -> Result<(), Rejected> {
    let Some(shipment) = order.shipment(number).cloned() else { return reject("the order has no such shipment") };
    let status = shipment.status;
    if *progress == Progress::InProduction {
        bring_back(order, number);
        clear_settled_failures(order);
    }
    let (status, changed) = match progress {
        Progress::InProduction if status == ShipmentStatus::Assigned => (ShipmentStatus::InProduction, shipment),
        Progress::InProduction if status == ShipmentStatus::InProduction => return Ok(()),
        Progress::Shipped(packages) => {
            return packages.iter().try_for_each(|package| ship(order, number, package, now));
        }
        Progress::Delivered if status == ShipmentStatus::Shipped => (ShipmentStatus::Delivered, shipment),
        Progress::Delivered if status == ShipmentStatus::Delivered => return Ok(()),
        Progress::Rejected { .. } if status == ShipmentStatus::Rejected => return Ok(()),
        Progress::Rejected { reason } if status.is_live() => {
            for line in lines_in_work(order, &shipment) {
                order.lines.set(line, LineStatus::Failed);
            }
            // A dead job can still restart the order.
            let dead = order.failure.take().and_then(|failure| failure.dead);
            order.failure = Some(Failure { reason: reason.clone(), dead });
            (ShipmentStatus::Rejected, shipment)
        }
        Progress::InProduction | Progress::Delivered | Progress::Rejected { .. } => {
            return reject(format!("the shipment is {}", status.as_str()));
        }
    };
    replace(order, Shipment { status, updated_at: now, ..changed });
    Ok(())
}

/// A shipped parcel is a fact: it counts even for lines that we gave up. Cancelled lines cannot be in it.
fn ship(order: &mut OrderState, number: u16, package: &Package, now: Timestamp) -> Result<(), Rejected> {
    let Some(mut shipment) = order.shipment(number).cloned() else { return reject("the order has no such shipment") };
    let unsent = |line: &usize| matches!(order.lines.get(*line), Some(LineStatus::Processing | LineStatus::Failed));
    let lines = match package.lines.as_slice() {
        [] => shipment.lines.iter().copied().filter(unsent).collect(),
        named => named.to_vec(),
    };
    let same = |known: &Package| {
        let lines_fit = package.lines.is_empty() || known.lines == package.lines;
        lines_fit && known.tracking == package.tracking && known.carrier == package.carrier
    };
    if !lines.iter().any(unsent) && shipment.packages.iter().any(same) {
        return Ok(());
    }
    if matches!(shipment.status, ShipmentStatus::Cancelled | ShipmentStatus::Shipped | ShipmentStatus::Delivered) {
        return reject(format!("the shipment is {}", shipment.status.as_str()));
    }
    if let Some(line) = lines.iter().find(|line| !shipment.lines.contains(line) || !unsent(line)) {
        let status = order.lines.get(*line).filter(|_| shipment.lines.contains(line));
        return reject(format!(
            "item {} of the order is {}",
            line.saturating_add(1),
            status.map_or("not of this shipment", LineStatus::as_str)
        ));
    }
    if lines.is_empty() {
        return reject("nothing of the shipment is left to be sent");
    }
    for line in &lines {
        order.lines.set(*line, LineStatus::Fulfilled);
    }
    shipment.packages.push(Package { lines: lines.clone(), ..package.clone() });
    let open = |line: &usize| !matches!(order.lines.get(*line), Some(LineStatus::Fulfilled | LineStatus::Cancelled));
    shipment.status = match shipment.status {
        _ if !shipment.lines.iter().any(open) => ShipmentStatus::Shipped,
        // Lines that this vendor will not make may be with another vendor by now.
        ShipmentStatus::Rejected => ShipmentStatus::Rejected,
        _ => ShipmentStatus::InProduction,
    };
    shipment.updated_at = now;
    replace(order, shipment);
    withdraw(order, &lines, Some(number), now);
    clear_settled_failures(order);
    Ok(())
}

/// Removes lines from all live shipments except the one that sent them. A shipment that becomes empty is closed, and a
/// vendor that may have received the lines must be told.
pub(super) fn withdraw(order: &mut OrderState, unwanted: &[usize], sent_by: Option<u16>, now: Timestamp) {
    let lines = order.lines.clone();
    let is_open = |line: &usize| !matches!(lines.get(*line), Some(LineStatus::Fulfilled | LineStatus::Cancelled));
    let live = |shipment: &&mut Shipment| shipment.status.is_live() && Some(shipment.number) != sent_by;
    for shipment in order.shipments.iter_mut().filter(live) {
        let of_it: Vec<usize> = shipment.lines.iter().copied().filter(|line| unwanted.contains(line)).collect();
        if of_it.is_empty() {
            continue;
        }
        if shipment.port == Port::Http && !shipment.unsent {
            shipment.recall.extend(of_it);
            // Lines given up earlier are retried together with these.
            order.recall_failure = None;
        }
        if !shipment.lines.iter().any(is_open) {
            let has_sent = !shipment.packages.is_empty();
            shipment.status = if has_sent { ShipmentStatus::Shipped } else { ShipmentStatus::Cancelled };
        }
        shipment.updated_at = now;
    }
}

fn replace(order: &mut OrderState, shipment: Shipment) {
    if let Some(slot) = order.shipments.iter_mut().find(|slot| slot.number == shipment.number) {
        *slot = shipment;
    }
}
