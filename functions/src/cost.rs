//! The cost meter: what one request, or one batch, consumed of DynamoDB and SQS.
//!
//! Every SDK call requests its consumed capacity and adds it here, so the figures are AWS's own, exact to half a unit.
//! They are logged at the end of a request; the local stack also returns them as the `X-Cost` header, and tests check
//! budgets.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// Shared by all calls of one request.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    dynamodb_requests: AtomicU64,
    read_half_units: AtomicU64,
    write_half_units: AtomicU64,
    sqs_requests: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// What a request consumed. An HTTP function adds it to the extensions of its response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Requests to DynamoDB.
    pub dynamodb_requests: u64,
    /// Read request units, doubled.
    pub read_half_units: u64,
    /// Write request units, doubled.
    pub write_half_units: u64,
    /// Requests to SQS.
    pub sqs_requests: u64,
}

impl Meter {
    pub(crate) fn dynamodb<'a>(&self, access: Access, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        self.0.dynamodb_requests.fetch_add(1, Ordering::Relaxed);
        let counter = match access {
            Access::Read => &self.0.read_half_units,
            Access::Write => &self.0.write_half_units,
        };
        for capacity in consumed {
            counter.fetch_add(half_units(capacity.capacity_units().unwrap_or(0.0)), Ordering::Relaxed);
        }
    }

    pub(crate) fn sqs(&self) {
        self.0.sqs_requests.fetch_add(1, Ordering::Relaxed);
    }

    /// The consumption so far.
    #[must_use]
    pub fn total(&self) -> Cost {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Cost {
            dynamodb_requests: read(&self.0.dynamodb_requests),
            read_half_units: read(&self.0.read_half_units),
            write_half_units: read(&self.0.write_half_units),
            sqs_requests: read(&self.0.sqs_requests),
        }
    }
}

/// The smallest unit is a half: an eventually consistent read of up to 4 KB.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::as_conversions,
    reason = "capacities are small, non-negative multiples of a half, which a float holds exactly"
)]
fn half_units(units: f64) -> u64 {
    (units * 2.0).round() as u64
}

impl fmt::Display for Cost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = |half_units: u64| if half_units.is_multiple_of(2) { "" } else { ".5" };
        write!(
            formatter,
            "dynamodb_requests={}, wru={}{}, rru={}{}, sqs_requests={}",
            self.dynamodb_requests,
            self.write_half_units / 2,
            units(self.write_half_units),
            self.read_half_units / 2,
            units(self.read_half_units),
            self.sqs_requests
        )
    }
}
