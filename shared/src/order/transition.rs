//! The effect of each command on an order: the one place where states change.

use super::cancel::cancel;
use super::progress::{accept, recalled, report};
use super::refund::refund;
use super::step::{Step, lines_in_work, next_step};
use super::update::update;
use super::{
    Allocation, AskedRefund, CancelledLine, DeadJob, Excess, Failure, Fulfilment, LineStatus, OrderState, OrderStatus,
    Port, Progress, Shipment, ShipmentStatus, Update,
};
use crate::time::Timestamp;

/// A command to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Start processing an order that does not start automatically, with all its lines, ready or not.
    Start,
    /// Lines are ready to be made.
    Ready(Vec<usize>),
    /// Assign vendors to open lines: a shipment for each vendor.
    Assign(Vec<Assignment>),
    /// Allocate codes to open lines.
    Allocate(Vec<Allocation>),
    /// Vendors have accepted shipments.
    Accept(Vec<u16>),
    /// Vendors were told of cancelled lines, per shipment.
    Recalled(Vec<(u16, Vec<usize>)>),
    /// A vendor reports.
    Report(u16, Progress),
    /// Cancel these lines; without any, all lines that are not delivered.
    Cancel(Option<Vec<CancelledLine>>),
    /// Replace the body.
    Update(Update),
    /// Refund: all of these or none.
    Refund(Vec<AskedRefund>),
    /// A person stops the order, or changes the reason of the hold.
    Hold(String),
    /// A person releases the hold.
    Release,
    /// Stop retrying the next step.
    GiveUp {
        /// What failed.
        reason: String,
        /// The job that failed, if it goes to the dead-letter queue.
        dead: Option<DeadJob>,
    },
    /// Retry what failed.
    Restart,
}

impl Command {
    /// The command's name in audit events.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::Ready(_) => "Ready",
            Self::Assign(_) => "Assign",
            Self::Allocate(_) => "Allocate",
            Self::Accept(_) => "Accept",
            Self::Recalled(_) => "Recalled",
            Self::Report(..) => "Report",
            Self::Cancel(_) => "Cancel",
            Self::Update(_) => "Update",
            Self::Refund(_) => "Refund",
            Self::Hold(_) => "Hold",
            Self::Release => "Release",
            Self::GiveUp { .. } => "GiveUp",
            Self::Restart => "Restart",
        }
    }
}

/// A line and the vendor that makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Index of the line.
    pub line: usize,
    /// The vendor.
    pub vendor: String,
    /// How the vendor is reached.
    pub port: Port,
}

/// Why a command changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// It already took effect; the caller may treat it as done.
    #[error("the order is so already")]
    AlreadySo,
    /// The state does not allow it.
    #[error("{0}")]
    NotAllowed(String),
    /// Refunds that exceed the balance.
    #[error("a refund exceeds what is left of what was paid")]
    ExceedsBalance(Vec<Excess>),
}

/// The state after `command`.
///
/// # Errors
/// The command already took effect, or the state does not allow it.
pub fn transition(state: &OrderState, command: &Command, now: Timestamp) -> Result<OrderState, Rejected> {
    let mut next = state.clone();
    match command {
        Command::Start => start(&mut next)?,
        Command::Ready(lines) => next.unready.retain(|line| !lines.contains(line)),
        Command::Assign(assignments) => assign(&mut next, assignments, now),
        Command::Allocate(allocations) => allocate(&mut next, allocations),
        Command::Accept(shipments) => accept(&mut next, shipments, now),
        Command::Recalled(recalls) => recalled(&mut next, recalls),
        Command::Report(number, progress) => report(&mut next, *number, progress, now)?,
        Command::Cancel(lines) => cancel(&mut next, lines.as_deref(), now)?,
        Command::Update(wanted) => update(&mut next, wanted)?,
        Command::Refund(requested) => refund(&mut next, requested)?,
        Command::Hold(reason) => hold(&mut next, reason)?,
        Command::Release => release(&mut next)?,
        Command::GiveUp { reason, dead } => give_up(&mut next, reason, dead.as_ref()),
        Command::Restart => restart(&mut next)?,
    }
    // The body is not part of the state; the update itself says whether it changes anything.
    if next == *state && !matches!(command, Command::Update(_)) {
        return Err(Rejected::AlreadySo);
    }
    let is_final = matches!(next.lines.status(), OrderStatus::Fulfilled | OrderStatus::Cancelled);
    // An order that cannot be worked on again cannot be held; a failed order may be restarted and must respect its
    // hold.
    next.hold = next.hold.filter(|_| !is_final);
    note_changed_lines(state, &mut next, command, now);
    note_submissions(&mut next);
    next.version = state.version.saturating_add(1);
    next.updated_at = now;
    Ok(next)
}

/// Sets the time of every line that changed.
fn note_changed_lines(before: &OrderState, next: &mut OrderState, command: &Command, now: Timestamp) {
    if next.fulfilment != Fulfilment::Vendors {
        return;
    }
    let updated = |line: usize| match command {
        Command::Update(update) => update.items.iter().any(|item| item.line == line && item.body),
        _ => false,
    };
    let changed: Vec<usize> = (0..next.lines.count())
        .filter(|line| {
            before.lines.get(*line) != next.lines.get(*line)
                || before.units_cancelled(*line) != next.units_cancelled(*line)
                || updated(*line)
        })
        .collect();
    if changed.is_empty() {
        return;
    }
    next.changed_at.resize(next.lines.count(), next.created_at);
    for line in changed {
        if let Some(at) = next.changed_at.get_mut(line) {
            *at = now;
        }
    }
}

/// Once the next step of a version is to submit a shipment, it may have been sent.
fn note_submissions(order: &mut OrderState) {
    let Some(Step::Submit(numbers)) = next_step(order) else { return };
    for shipment in order.shipments.iter_mut().filter(|shipment| numbers.contains(&shipment.number)) {
        shipment.unsent = false;
    }
}

pub(super) fn reject(reason: impl Into<String>) -> Result<(), Rejected> {
    Err(Rejected::NotAllowed(reason.into()))
}

fn reject_at(order: &OrderState, is_refused: impl Fn(OrderStatus) -> bool) -> Result<(), Rejected> {
    let status = order.lines.status();
    if is_refused(status) { reject(format!("the order is {}", status.as_str())) } else { Ok(()) }
}

/// Rejects if the order is final and nothing is left to do for it.
fn reject_when_final(order: &OrderState) -> Result<(), Rejected> {
    reject_at(order, |status| matches!(status, OrderStatus::Fulfilled | OrderStatus::Cancelled))
}

fn start(order: &mut OrderState) -> Result<(), Rejected> {
    reject_at(order, OrderStatus::has_ended)?;
    order.automatic = true;
    order.unready.clear();
    Ok(())
}

/// Creates a shipment for each vendor that gets a line now. Skips lines that are no longer open.
fn assign(order: &mut OrderState, assignments: &[Assignment], now: Timestamp) {
    let first_new = order.shipments.len();
    for assignment in assignments {
        if order.lines.get(assignment.line) != Some(LineStatus::Open) {
            continue;
        }
        order.lines.set(assignment.line, LineStatus::Processing);
        let ours = |shipment: &&mut Shipment| shipment.vendor == assignment.vendor && shipment.port == assignment.port;
        match order.shipments.iter_mut().skip(first_new).find(ours) {
            Some(shipment) => shipment.lines.push(assignment.line),
            None => {
                let number = u16::try_from(order.shipments.len().saturating_add(1)).unwrap_or(u16::MAX);
                order.shipments.push(Shipment {
                    number,
                    vendor: assignment.vendor.clone(),
                    port: assignment.port,
                    // The built-in vendor accepts at once.
                    status: match assignment.port {
                        Port::Simulated => ShipmentStatus::InProduction,
                        Port::Http | Port::Manual => ShipmentStatus::Assigned,
                    },
                    lines: vec![assignment.line],
                    unsent: assignment.port == Port::Http,
                    recall: Vec::new(),
                    packages: Vec::new(),
                    created_at: now,
                    updated_at: now,
                });
            }
        }
    }
}

fn allocate(order: &mut OrderState, allocations: &[Allocation]) {
    for allocation in allocations {
        if order.lines.get(allocation.line) == Some(LineStatus::Open) {
            order.lines.set(allocation.line, LineStatus::Fulfilled);
            order.allocations.push(*allocation);
        }
    }
}

/// A failure is reported as long as a failed line, or a vendor that was not told, needs it.
pub(super) fn clear_settled_failures(order: &mut OrderState) {
    if !order.lines.any(LineStatus::Failed) {
        order.failure = None;
    }
    if order.shipments.iter().all(|shipment| shipment.recall.is_empty()) {
        order.recall_failure = None;
    }
}

fn hold(order: &mut OrderState, reason: &str) -> Result<(), Rejected> {
    // Part of the order is delivered, so it is too late to hold it, but not to change the reason of an existing hold.
    let is_late = |status: OrderStatus| status == OrderStatus::PartiallyFulfilled && order.hold.is_none();
    reject_at(order, |status| status.has_ended() || is_late(status))?;
    order.hold = Some(reason.to_owned());
    Ok(())
}

fn release(order: &mut OrderState) -> Result<(), Rejected> {
    reject_when_final(order)?;
    order.hold = None;
    Ok(())
}

/// Fails every line that waits for one of our steps; lines that vendors accepted go on.
fn give_up(order: &mut OrderState, reason: &str, dead: Option<&DeadJob>) {
    let failure = Some(Failure { reason: reason.to_owned(), dead: dead.cloned() });
    if matches!(next_step(order), Some(Step::Recall(_))) {
        order.recall_failure = failure;
        return;
    }
    let waiting = |shipment: &&Shipment| match shipment.port {
        Port::Http => shipment.status == ShipmentStatus::Assigned,
        Port::Simulated => shipment.status.is_live(),
        Port::Manual => false,
    };
    let mut lines: Vec<usize> = order.lines.indexes(|line| line == LineStatus::Open).collect();
    lines.extend(order.shipments.iter().filter(waiting).flat_map(|shipment| lines_in_work(order, shipment)));
    for line in lines {
        order.lines.set(line, LineStatus::Failed);
    }
    order.failure = failure;
}

/// Failed lines return to where they were: to their vendor while the shipment is live, otherwise to be reassigned.
fn restart(order: &mut OrderState) -> Result<(), Rejected> {
    // A vendor may still have to be told about a cancelled order.
    if order.failure.is_none() && order.recall_failure.is_none() {
        reject_when_final(order)?;
    }
    let failed: Vec<usize> = order.lines.indexes(|line| line == LineStatus::Failed).collect();
    for line in failed {
        let live = |shipment: &Shipment| shipment.status.is_live() && shipment.lines.contains(&line);
        let with_vendor = order.fulfilment == Fulfilment::Vendors && order.shipments.iter().any(live);
        order.lines.set(line, if with_vendor { LineStatus::Processing } else { LineStatus::Open });
    }
    order.failure = None;
    order.recall_failure = None;
    Ok(())
}
