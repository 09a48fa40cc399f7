//! `cargo mill faults`: the fault tests, in a build optimised for thousands of runs. `cargo mill test` runs them in its
//! own build, because building the other one takes longer than it saves.

use clap::Args;

use super::PACKAGES;
use super::steps::{RUSTUP, Step, StepError};

/// Options of `faults`.
#[derive(Args, Clone, Debug)]
pub struct Faults {
    /// Seed of the first run with random faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many of them: each has the seed after the one before it
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub runs: u64,
    /// Only the runs with random faults
    #[arg(long)]
    pub random: bool,
    /// Tell all that happened in a run that fails
    #[arg(long)]
    pub log: bool,
    /// Do without the optimised build, whose first time takes ten minutes
    #[arg(long)]
    pub unoptimised: bool,
    /// Orders of the drain
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub drain_orders: u64,
}

/// The test binary, from the same build as everything else.
fn build(optimised: bool) -> Vec<&'static str> {
    let profile: &[&str] = if optimised { &["--profile", "faults"] } else { &[] };
    [&["test"], &PACKAGES[..], &["--test", "faults"], profile].concat()
}

impl Faults {
    /// The run of `cargo mill test`: all fault tests, in its own build.
    pub(crate) const OF_TEST: Self =
        Self { seed: 1, runs: 1_000, random: false, log: false, unoptimised: true, drain_orders: 10_000 };

    /// Runs the tests.
    ///
    /// # Errors
    ///
    /// A run failed; it has printed its seed.
    pub fn run(&self) -> Result<(), StepError> {
        let mut arguments = build(!self.unoptimised);
        arguments.extend(["--", "--nocapture"]);
        arguments.extend(self.random.then_some("random::"));
        let mut step = Step::new("cargo", &arguments, RUSTUP)
            .variable("ORDERMILL_FAULT_SEED", self.seed.to_string())
            .variable("ORDERMILL_FAULT_RUNS", self.runs.to_string())
            .variable("ORDERMILL_DRAIN_ORDERS", self.drain_orders.to_string());
        if self.log {
            step = step.variable("ORDERMILL_FAULT_LOG", "1");
        }
        step.run()
    }
}

/// Drains this many orders through the pipeline, with two workers and failing messages; prints the throughput.
pub(crate) fn drain(orders: u64) -> Result<(), StepError> {
    let arguments = [&build(true)[..], &["--", "--nocapture", "drain::"]].concat();
    Step::new("cargo", &arguments, RUSTUP).variable("ORDERMILL_DRAIN_ORDERS", orders.to_string()).run()
}
