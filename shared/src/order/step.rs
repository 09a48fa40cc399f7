//! The next step that the worker takes on its own.

use super::{Fulfilment, LineStatus, OrderState, Port, Shipment, ShipmentStatus};

/// One step of the worker. Steps of one kind for several shipments run together; each kind waits for those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Tell vendors of cancelled lines: the numbers of their shipments. Comes first because a vendor may be making
    /// them.
    Recall(Vec<u16>),
    /// Allocate codes to the open lines.
    Allocate,
    /// Find a vendor for each open line.
    Assign,
    /// Submit shipments to their vendors.
    Submit(Vec<u16>),
    /// The built-in vendor ships these lines of each shipment.
    Ship(Vec<(u16, Vec<usize>)>),
}

/// How long a step's job waits in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// No delay.
    None,
    /// Until no submission that began before the cancel can still be in flight.
    Submission,
    /// As long as the built-in vendor takes.
    Vendor,
}

impl Step {
    /// How long the step's job waits.
    #[must_use]
    pub const fn wait(&self) -> Wait {
        match self {
            Self::Recall(_) => Wait::Submission,
            Self::Allocate | Self::Assign | Self::Submit(_) => Wait::None,
            Self::Ship(_) => Wait::Vendor,
        }
    }
}

/// The next step; `None` if the order waits for somebody or has ended.
#[must_use]
pub fn next_step(state: &OrderState) -> Option<Step> {
    let numbers = |wanted: &dyn Fn(&&Shipment) -> bool| -> Vec<u16> {
        state.shipments.iter().filter(wanted).map(|shipment| shipment.number).collect()
    };
    // Recalls that were given up wait for a restart.
    let recalls = numbers(&|shipment| !shipment.recall.is_empty());
    if !recalls.is_empty() && state.recall_failure.is_none() {
        return Some(Step::Recall(recalls));
    }
    if state.hold.is_some() || !state.automatic {
        return None;
    }
    if state.lines.any(LineStatus::Open) {
        return Some(match state.fulfilment {
            Fulfilment::Stock => Step::Allocate,
            Fulfilment::Vendors => Step::Assign,
        });
    }
    let submissions = numbers(&|shipment| is_to_be_submitted(state, shipment));
    if !submissions.is_empty() {
        return Some(Step::Submit(submissions));
    }
    let parcels: Vec<_> = state.shipments.iter().filter_map(|shipment| simulated_parcel(state, shipment)).collect();
    (!parcels.is_empty()).then_some(Step::Ship(parcels))
}

/// A shipment is submitted as a whole, once the artwork of all its lines is ready.
fn is_to_be_submitted(state: &OrderState, shipment: &Shipment) -> bool {
    let in_work = lines_in_work(state, shipment);
    shipment.port == Port::Http
        && shipment.status == ShipmentStatus::Assigned
        && !in_work.is_empty()
        && !in_work.iter().any(|line| state.unready.contains(line))
}

/// The built-in vendor sends the first of several lines on its own and then the rest, so that every status occurs.
/// Lines whose artwork is not ready wait for it.
fn simulated_parcel(state: &OrderState, shipment: &Shipment) -> Option<(u16, Vec<usize>)> {
    let mut lines = lines_in_work(state, shipment);
    lines.retain(|line| !state.unready.contains(line));
    if shipment.port != Port::Simulated || !shipment.status.is_live() || lines.is_empty() {
        return None;
    }
    if shipment.packages.is_empty() && state.lines.count() > 1 {
        lines.truncate(1);
    }
    Some((shipment.number, lines))
}

/// The lines of a shipment that its vendor has and has not sent.
pub(super) fn lines_in_work(state: &OrderState, shipment: &Shipment) -> Vec<usize> {
    let in_work = |line: &&usize| state.lines.get(**line) == Some(LineStatus::Processing);
    shipment.lines.iter().filter(in_work).copied().collect()
}
