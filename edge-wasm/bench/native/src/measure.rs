//! The fastest of many runs, all candidates in turn: a pause of the machine affects all of them, and no candidate gets
//! the quiet minute to itself.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// A timed function and the name of its figure.
pub(crate) type Candidate<'a> = (&'static str, Box<dyn FnMut() -> usize + 'a>);

/// A candidate; its return value keeps the compiler from dropping its work.
pub(crate) fn candidate<'a>(name: &'static str, run: impl FnMut() -> usize + 'a) -> Candidate<'a> {
    (name, Box::new(run))
}

/// The fastest run of each candidate in microseconds.
pub(crate) fn fastest_us(candidates: Vec<Candidate<'_>>, rounds: usize) -> Vec<(&'static str, f64)> {
    let mut timed: Vec<_> = candidates.into_iter().map(|(name, run)| (name, run, Duration::MAX)).collect();
    for _ in 0..rounds {
        for (_, run, fastest) in &mut timed {
            // Twice: the first run refills the caches after the previous candidate.
            *fastest = time(run).min(time(run)).min(*fastest);
        }
    }
    timed.into_iter().map(|(name, _, fastest)| (name, fastest.as_secs_f64() * 1e6)).collect()
}

fn time(run: &mut impl FnMut() -> usize) -> Duration {
    let start = Instant::now();
    black_box(run());
    start.elapsed()
}
