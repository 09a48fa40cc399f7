//! Decides call by call what goes wrong, with one seeded generator.
//!
//! Every call of a function is a point. Points are numbered over the whole run, so a run without faults counts the
//! points of a flow, and one run per point can then crash a process exactly there ([`Plan::CrashesAt`]).

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The faults of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// No faults.
    Calm,
    /// Random faults at these rates.
    Random(Rates),
    /// A process crashes at each of these points, in ascending order.
    CrashesAt(Vec<Crash>),
    /// One in this many messages fails twice: first its worker never sees it, then its worker reports a failure.
    Stumbling {
        /// Number of messages per failing one.
        one_in: u64,
    },
}

/// A crash of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Number of the point, from 0.
    pub point: usize,
    /// Before or after the call.
    pub side: Side,
}

/// When a process crashes, relative to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The call is not made.
    Before,
    /// The call is made, but its answer is never seen.
    After,
}

/// One call of a function, or its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The logical id of the function.
    pub function: String,
    /// The operation and the kind of its target: `PutItem order`, `POST press.example`; [`ANSWER`] at its end.
    pub operation: String,
}

/// The operation of the point where a function has answered but its event source has not received the answer.
pub const ANSWER: &str = "(answer)";

impl fmt::Display for Point {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.function, self.operation)
    }
}

/// Rates of each fault, per 10,000 calls (or messages, or batches).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Throttled.
    pub throttled: u32,
    /// Answered 5xx; half of these calls took effect.
    pub failed: u32,
    /// No effect and no answer.
    pub lost_before: u32,
    /// Effect, but no answer.
    pub lost_after: u32,
    /// Conflicts with a transaction.
    pub conflicted: u32,
    /// Only some entries of a batch are done.
    pub partial: u32,
    /// The process crashes before the call.
    pub crashed_before: u32,
    /// The process crashes after the call.
    pub crashed_after: u32,
    /// The answer of an invocation is lost.
    pub answer_lost: u32,
    /// A batch of messages or records is delivered again, immediately or much later.
    pub redelivered: u32,
    /// A message is sent twice, the second time with a random delay.
    pub doubled: u32,
    /// A message arrives after later ones.
    pub delayed: u32,
    /// A client's request, or its answer, is lost.
    pub client_lost: u32,
}

impl Rates {
    /// Draws the rates of a run: each fault is absent, rare or frequent.
    pub(crate) fn draw(random: &mut fastrand::Rng) -> Self {
        let mut rate = |frequent: u32| match random.u32(0..4) {
            0 => 0,
            1 => frequent / 10,
            2 => frequent / 3,
            _ => frequent,
        };
        Self {
            throttled: rate(600),
            failed: rate(300),
            lost_before: rate(100),
            lost_after: rate(100),
            conflicted: rate(600),
            partial: rate(1_000),
            crashed_before: rate(150),
            crashed_after: rate(150),
            answer_lost: rate(200),
            redelivered: rate(1_000),
            doubled: rate(500),
            delayed: rate(2_000),
            client_lost: rate(1_000),
        }
    }
}

/// How a message fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stumble {
    /// Its worker never sees it.
    Unworked,
    /// Its work is done, but its worker reports a failure.
    Worked,
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Served,
    Throttled,
    FailedBefore,
    FailedAfter,
    LostBefore,
    LostAfter,
    Conflicted,
    Partial,
    CrashedBefore,
    CrashedAfter,
}

impl Fate {
    const fn name(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Throttled => "throttled",
            Self::FailedBefore | Self::FailedAfter => "failed",
            Self::LostBefore => "lost before",
            Self::LostAfter => "lost after",
            Self::Conflicted => "conflicted",
            Self::Partial => "partial",
            Self::CrashedBefore => "crashed before",
            Self::CrashedAfter => "crashed after",
        }
    }
}

/// A call's fate, and its latency before and after its effect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    pub(crate) fate: Fate,
    pub(crate) before: Duration,
    pub(crate) after: Duration,
}

/// Decides and records faults. Clones share their state.
#[derive(Clone)]
pub(crate) struct Faults(Arc<Mutex<State>>);

struct State {
    random: fastrand::Rng,
    plan: Plan,
    points: Vec<Point>,
    /// Number of crashes of [`Plan::CrashesAt`] so far.
    crashes: usize,
    tally: BTreeMap<&'static str, u64>,
    calls: BTreeMap<String, u64>,
    trace: DefaultHasher,
    /// A readable log of the run, if requested.
    log: Option<Vec<String>>,
}

/// Maximum latency on one side of a call's effect.
const LATENCY_MS_MAX: u64 = 20;
/// Maximum points recorded; no enumeration needs more.
const POINTS_MAX: usize = 100_000;

impl Faults {
    pub(crate) fn new(random: fastrand::Rng, plan: Plan, logged: bool) -> Self {
        Self(Arc::new(Mutex::new(State {
            random,
            plan,
            points: Vec::new(),
            crashes: 0,
            tally: BTreeMap::new(),
            calls: BTreeMap::new(),
            trace: DefaultHasher::new(),
            log: logged.then(Vec::new),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides the fate of a call.
    pub(crate) fn course(&self, function: &str, operation: &str) -> Course {
        let mut state = self.state();
        let fate = state.fate(function, operation);
        let calls = state.calls.entry(format!("{function} {operation}")).or_default();
        *calls = calls.saturating_add(1);
        let (before, after) = (state.random.u64(0..=LATENCY_MS_MAX), state.random.u64(0..=LATENCY_MS_MAX));
        state.note(fate.name());
        Course { fate, before: Duration::from_millis(before), after: Duration::from_millis(after) }
    }

    /// Whether the process crashes after its answer but before anyone receives it.
    pub(crate) fn loses_answer(&self, function: &str) -> bool {
        let mut state = self.state();
        let lost = match &state.plan {
            Plan::Random(rates) => {
                let rate = rates.answer_lost;
                state.happens(rate)
            }
            _ => state.fate(function, ANSWER) != Fate::Served,
        };
        if lost {
            state.note("answer lost");
        }
        lost
    }

    /// How a message fails on this receive.
    pub(crate) fn stumble(&self, body: &str, receives: u64) -> Option<Stumble> {
        let mut state = self.state();
        let Plan::Stumbling { one_in } = state.plan else { return None };
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let stumble = match receives {
            1 => Stumble::Unworked,
            2 => Stumble::Worked,
            _ => return None,
        };
        if !hasher.finish().is_multiple_of(one_in.max(1)) {
            return None;
        }
        state.note("message failed");
        Some(stumble)
    }

    /// Whether a fault with that rate occurs.
    pub(crate) fn happens(&self, rate: impl FnOnce(&Rates) -> u32, name: &'static str) -> bool {
        let mut state = self.state();
        let Plan::Random(rates) = &state.plan else { return false };
        let rate = rate(rates);
        let happens = state.happens(rate);
        if happens {
            state.note(name);
        }
        happens
    }

    /// A random number below `end`.
    pub(crate) fn below(&self, end: u64) -> u64 {
        self.state().random.u64(0..end.max(1))
    }

    /// Random bytes, for the functions.
    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        self.state().random.fill(bytes);
    }

    /// Adds to the trace and the log.
    pub(crate) fn trace(&self, now_ms: i64, what: impl FnOnce() -> String) {
        let mut state = self.state();
        let what = what();
        (now_ms, &what).hash(&mut state.trace);
        if let Some(log) = &mut state.log {
            let since_ms = now_ms.saturating_sub(super::clock::BEGINNING_MS);
            log.push(format!("{:>9}.{:03} {what}", since_ms / 1000, since_ms % 1000));
        }
    }

    /// Stops injecting faults; planned crashes still happen.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        if matches!(state.plan, Plan::Random(_)) {
            state.plan = Plan::Calm;
        }
    }

    pub(crate) fn points(&self) -> Vec<Point> {
        self.state().points.clone()
    }

    pub(crate) fn crashes(&self) -> usize {
        self.state().crashes
    }

    pub(crate) fn tally(&self) -> BTreeMap<&'static str, u64> {
        self.state().tally.clone()
    }

    pub(crate) fn calls(&self) -> BTreeMap<String, u64> {
        self.state().calls.clone()
    }

    pub(crate) fn hash(&self) -> u64 {
        self.state().trace.finish()
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.state().log.clone().unwrap_or_default()
    }
}

impl State {
    fn note(&mut self, name: &'static str) {
        let count = self.tally.entry(name).or_default();
        *count = count.saturating_add(1);
    }

    fn happens(&mut self, rate: u32) -> bool {
        rate > 0 && self.random.u32(0..10_000) < rate
    }

    fn fate(&mut self, function: &str, operation: &str) -> Fate {
        match &self.plan {
            Plan::Random(rates) => {
                let rates = *rates;
                self.random_fate(&rates)
            }
            Plan::Calm | Plan::Stumbling { .. } => {
                self.count(function, operation);
                Fate::Served
            }
            Plan::CrashesAt(crashes) => {
                let crash = crashes.get(self.crashes).filter(|crash| crash.point == self.points.len()).copied();
                self.count(function, operation);
                let Some(crash) = crash else { return Fate::Served };
                self.crashes = self.crashes.saturating_add(1);
                match crash.side {
                    Side::Before => Fate::CrashedBefore,
                    Side::After => Fate::CrashedAfter,
                }
            }
        }
    }

    fn count(&mut self, function: &str, operation: &str) {
        if self.points.len() < POINTS_MAX {
            self.points.push(Point { function: function.to_owned(), operation: operation.to_owned() });
        }
    }

    fn random_fate(&mut self, rates: &Rates) -> Fate {
        let mut draw = self.random.u32(0..10_000);
        let after = if self.random.bool() { Fate::FailedAfter } else { Fate::FailedBefore };
        for (rate, fate) in [
            (rates.throttled, Fate::Throttled),
            (rates.failed, after),
            (rates.lost_before, Fate::LostBefore),
            (rates.lost_after, Fate::LostAfter),
            (rates.conflicted, Fate::Conflicted),
            (rates.partial, Fate::Partial),
            (rates.crashed_before, Fate::CrashedBefore),
            (rates.crashed_after, Fate::CrashedAfter),
        ] {
            if draw < rate {
                return fate;
            }
            draw = draw.saturating_sub(rate);
        }
        Fate::Served
    }
}
