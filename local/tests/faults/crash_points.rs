//! Every point of every flow: a process crashes before the call, and after it.
//!
//! A run without faults finds the points. For each point and side, one run crashes a process exactly there; the run
//! must reach the point, and its result is checked against the invariants. After a crash other code runs: retries, the
//! sweep, repeated requests. The kinds of points that only such runs reach are points too, and a second crash happens
//! there, until every kind has had a crash.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};

use local::simulation::faults::ANSWER;
use local::simulation::{Crash, Plan, Point, Side, World};

use crate::clients::{Clients, Ledger};
use crate::flows::{FLOWS, Flow};
use crate::ground::ground;
use crate::invariants;
use crate::outsiders::{Outsiders, rest};

const SEED: u64 = 1;

/// Runs a flow until the world has settled; returns the points that it passed.
fn run(flow: &Flow, crashes: &[Crash]) -> Vec<Point> {
    let plan = if crashes.is_empty() { Plan::Calm } else { Plan::CrashesAt(crashes.to_vec()) };
    let run_name = format!("{} with {crashes:?}", flow.name);
    World::run(
        ground(),
        SEED,
        |_| plan,
        async |world| {
            let (ledger, outsiders) = (Ledger::default(), Outsiders::of(world));
            let clients = Clients { world, ledger: &ledger, attempts_max: 5 };
            (flow.scenario)(&clients, &outsiders).await;
            let mut broken = rest(world, &outsiders).await;
            broken.extend(invariants::broken(world, &ledger, &outsiders).await);
            let points = world.points();
            let at: Vec<String> = crashes.iter().map(|crash| format!("{}", points[crash.point])).collect();
            assert!(
                broken.is_empty(),
                "{run_name} (of {} points; at {at:?}):\n{}\n{}",
                points.len(),
                broken.join("\n"),
                world.log().join("\n")
            );
            assert_eq!(world.crashes(), crashes.len(), "{run_name}: a point was not visited");
            points
        },
    )
    .unwrap()
}

#[test]
fn a_process_may_end_at_any_call() {
    let (next, crashes) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        while let Some(flow) = FLOWS.get(next.fetch_add(1, Ordering::SeqCst)) {
            crashes.fetch_add(visit(flow), Ordering::SeqCst);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    println!("{} crashes in {} flows", crashes.into_inner(), FLOWS.len());
}

/// Crashes a process at every point of a flow; returns the number of runs.
fn visit(flow: &Flow) -> usize {
    let points = run(flow, &[]);
    let mut found = Kinds::default();
    let mut crashes = 0;
    let is_own = |point: &Point| flow.functions.contains(&point.function.as_str());
    for point in &points {
        if is_own(point) {
            *found.counts.entry(point.to_string()).or_default() += 1;
        } else {
            found.known.insert(point.to_string());
        }
    }
    for (index, point) in points.iter().enumerate().filter(|(_, point)| is_own(point)) {
        crashes += found.crash(flow, &[], index, point);
    }
    for function in flow.functions {
        let has_points = found.counts.keys().any(|kind| kind.starts_with(function));
        assert!(has_points, "{} has no point in {function}", flow.name);
    }
    let own: usize = found.counts.values().sum();
    let mut recovery = Vec::new();
    while let Some((before, index, point)) = found.left.pop_front() {
        if found.known.insert(point.to_string()) {
            crashes += found.crash(flow, &before, index, &point);
            recovery.push(point.to_string());
        }
    }
    println!("{}: {own} points, {} kinds of points after crashes, {crashes} crashes", flow.name, recovery.len());
    println!("    points: {:?}\n    after crashes: {recovery:?}", found.counts);
    crashes
}

/// The kinds of points found.
#[derive(Default)]
struct Kinds {
    /// Points of the flow itself, each of which is visited.
    counts: BTreeMap<String, usize>,
    /// Kinds that were visited after another crash, or that are not part of the flow.
    known: BTreeSet<String>,
    /// Kinds that only a crash leads to, with that crash and the point.
    left: VecDeque<(Vec<Crash>, usize, Point)>,
}

impl Kinds {
    /// Crashes a process at a point, before and after the call, after the crashes in `before`; returns the number of
    /// runs.
    fn crash(&mut self, flow: &Flow, before: &[Crash], index: usize, point: &Point) -> usize {
        // Losing an answer before or after it is sent is the same.
        let sides: &[Side] = if point.operation == ANSWER { &[Side::Before] } else { &[Side::Before, Side::After] };
        for side in sides {
            let mut crashes = before.to_vec();
            crashes.push(Crash { point: index, side: *side });
            let passed = run(flow, &crashes);
            assert_eq!(&passed[index], point, "{}: another point is at {index}", flow.name);
            for (later, point) in passed.into_iter().enumerate().skip(index + 1) {
                let kind = point.to_string();
                if !self.known.contains(&kind) && !self.counts.contains_key(&kind) {
                    self.left.push_back((crashes.clone(), later, point));
                }
            }
        }
        sides.len()
    }
}
