//! Circuit breakers: a vendor that does not answer is not called for a while. So its orders cost neither time nor
//! attempts, and they do not all call it at once when it is back.
//!
//! ```text
//! closed ── several failures in a row ──▶ open ── after a pause ──▶ half-open ── the one trial succeeds ──▶ closed
//!                                          ▲──────────── it fails: a longer pause ──────────┘
//! ```
//!
//! Each process of the worker has its own breakers: it detects a dead vendor within a few calls, without shared state
//! that would cost a read per job.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared::time::Timestamp;

/// Consecutive failures that open a circuit.
const FAILURES_MAX: u32 = 5;
/// The shortest and the longest time that it stays open; it doubles in between.
const OPEN_FIRST: Duration = Duration::from_secs(30);
const OPEN_MAX: Duration = Duration::from_secs(600);

/// The circuits of all vendors, by `merchant/vendor`.
#[derive(Debug, Default)]
pub(crate) struct Breakers(Mutex<HashMap<String, Breaker>>);

#[derive(Clone, Copy, Debug, Default)]
struct Breaker {
    failures: u32,
    /// How often it has opened since it was last closed.
    openings: u32,
    open_until: Option<Timestamp>,
    /// A trial call is running; its failure reopens the circuit.
    on_trial: bool,
}

impl Breakers {
    /// Whether a call may be made now; else how long to wait. When a trial is due, one caller gets through and the
    /// others wait for its result.
    pub(super) fn admit(&self, vendor: &str, now: Timestamp) -> Result<(), Duration> {
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(breaker) = breakers.get_mut(vendor) else { return Ok(()) };
        let Some(open_until) = breaker.open_until else { return Ok(()) };
        let left_ms = open_until.milliseconds_since(now);
        if left_ms > 0 {
            return Err(Duration::from_millis(u64::try_from(left_ms).unwrap_or(0)));
        }
        breaker.open_until = Some(now.after(breaker.pause()));
        breaker.on_trial = true;
        Ok(())
    }

    /// Records the result of a call. Results of calls that were running when the circuit opened do not count.
    pub(super) fn note(&self, vendor: &str, succeeded: bool, now: Timestamp) {
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if succeeded {
            breakers.remove(vendor);
            return;
        }
        let breaker = breakers.entry(vendor.to_owned()).or_default();
        breaker.failures = breaker.failures.saturating_add(1);
        let is_open = breaker.open_until.is_some_and(|until| until.milliseconds_since(now) > 0);
        if breaker.failures >= FAILURES_MAX && (breaker.on_trial || !is_open) {
            breaker.on_trial = false;
            breaker.open_until = Some(now.after(breaker.pause()));
            breaker.openings = breaker.openings.saturating_add(1);
        }
    }
}

impl Breaker {
    fn pause(&self) -> Duration {
        OPEN_FIRST.saturating_mul(1 << self.openings.min(10)).min(OPEN_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::{Breakers, Duration, Timestamp};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(seconds * 1000)
    }

    #[test]
    fn a_circuit_opens_after_failures_in_a_row_and_closes_after_a_trial() {
        let breakers = Breakers::default();
        for _ in 0..4 {
            breakers.note("v", false, at(0));
        }
        breakers.note("v", true, at(0));
        for _ in 0..4 {
            breakers.note("v", false, at(0));
            assert_eq!(breakers.admit("v", at(0)), Ok(()));
        }
        breakers.note("v", false, at(0));
        assert_eq!(breakers.admit("v", at(10)), Err(Duration::from_secs(20)));
        assert_eq!(breakers.admit("other", at(10)), Ok(()));
        // One trial; others wait.
        assert_eq!(breakers.admit("v", at(31)), Ok(()));
        assert!(breakers.admit("v", at(31)).is_err());
        breakers.note("v", false, at(32));
        assert_eq!(breakers.admit("v", at(33)), Err(Duration::from_secs(59)), "twice as long");
        assert_eq!(breakers.admit("v", at(93)), Ok(()));
        breakers.note("v", true, at(94));
        assert_eq!(breakers.admit("v", at(94)), Ok(()));
        assert_eq!(breakers.admit("v", at(94)), Ok(()));
    }

    #[test]
    fn calls_that_fail_together_open_a_circuit_once() {
        let breakers = Breakers::default();
        for _ in 0..40 {
            breakers.note("v", false, at(0));
        }
        assert_eq!(breakers.admit("v", at(1)), Err(Duration::from_secs(29)));
        assert_eq!(breakers.admit("v", at(30)), Ok(()), "the trial");
        for _ in 0..3 {
            breakers.note("v", false, at(31));
        }
        assert_eq!(breakers.admit("v", at(31)), Err(Duration::from_secs(60)), "twice as long, not eight times");
    }
}
