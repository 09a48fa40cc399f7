//! Virtual time: tokio's paused clock, starting on a fixed day.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::sqs::Clock;

/// The start of every simulation: 1 January 2027, midnight UTC.
pub(crate) const BEGINNING_MS: i64 = 1_798_761_600_000;

/// The clock of a simulation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VirtualClock {
    started: Instant,
}

impl VirtualClock {
    /// Starts now.
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }

    fn since_beginning(self) -> Duration {
        self.started.elapsed()
    }
}

impl Clock for VirtualClock {
    fn now_ms(&self) -> i64 {
        BEGINNING_MS.saturating_add(i64::try_from(self.since_beginning().as_millis()).unwrap_or(i64::MAX))
    }

    fn sleep_until(&self, time_ms: i64) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let left = u64::try_from(time_ms.saturating_sub(self.now_ms())).unwrap_or(0);
        Box::pin(tokio::time::sleep(Duration::from_millis(left)))
    }
}

impl dynoxide::storage_backend::Clock for VirtualClock {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from(self.now_ms() / 1000).unwrap_or(0)
    }

    fn now_unix_secs_f64(&self) -> f64 {
        let now = Duration::from_millis(u64::try_from(self.now_ms()).unwrap_or(0));
        now.as_secs_f64()
    }
}
