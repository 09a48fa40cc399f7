//! The token bucket of a stage: a burst size, and a rate per second.

use std::sync::Mutex;
use std::time::Instant;

use crate::template::Throttling;

pub(super) struct Throttle {
    limits: Throttling,
    bucket: Mutex<(f64, Instant)>,
}

impl Throttle {
    pub(super) fn new(limits: Throttling) -> Self {
        Self { limits, bucket: Mutex::new((f64::from(limits.burst), Instant::now())) }
    }

    /// Takes a token if there is one.
    pub(super) fn admits(&self) -> bool {
        let mut bucket = self.bucket.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (tokens, filled_at) = *bucket;
        let now = Instant::now();
        let gained = now.duration_since(filled_at).as_secs_f64() * self.limits.rate;
        let tokens = (tokens + gained).min(f64::from(self.limits.burst));
        let admitted = tokens >= 1.0;
        *bucket = (if admitted { tokens - 1.0 } else { tokens }, now);
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::Throttle;
    use crate::template::Throttling;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let throttle = Throttle::new(Throttling { rate: 0.001, burst: 3 });
        let admitted = (0..10).filter(|_| throttle.admits()).count();
        assert_eq!(admitted, 3);
    }
}
