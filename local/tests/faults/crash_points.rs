//! Every point of every flow: the process ends before the call, and after it.

use std::collections::BTreeMap;

use local::simulation::faults::ANSWER;
use local::simulation::{Plan, Point, Side, World};

use crate::clients::{Clients, Ledger};
use crate::flows::{FLOWS, Flow};
use crate::ground::ground;
use crate::invariants;

const SEED: u64 = 1;

/// Runs a flow until the world is at rest: the points that it came by.
fn run(flow: &Flow, plan: Plan) -> Vec<Point> {
    let told = format!("{} with {plan:?}", flow.name);
    let crashes = plan != Plan::Calm;
    World::run(
        ground(),
        SEED,
        |_| plan,
        async |world| {
            let ledger = Ledger::default();
            let clients = Clients { world, ledger: &ledger, attempts_max: 5 };
            (flow.scenario)(&clients).await;
            world.settle().await.unwrap();
            let points = world.points();
            let broken = invariants::broken(world, &ledger);
            assert!(
                broken.is_empty(),
                "{told} (point {}):\n{}\n{}",
                points.len(),
                broken.join("\n"),
                world.log().join("\n")
            );
            assert_eq!(world.has_crashed(), crashes, "{told}: the point was not visited");
            points
        },
    )
    .unwrap()
}

#[test]
fn a_process_may_end_at_any_call() {
    let visited: Vec<usize> = std::thread::scope(|scope| {
        let threads: Vec<_> = FLOWS.iter().map(|flow| scope.spawn(|| visit(flow))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    println!("{} crashes in {} flows", visited.iter().sum::<usize>(), FLOWS.len());
}

/// Ends a process at every point of a flow: how many runs that took.
fn visit(flow: &Flow) -> usize {
    let points = run(flow, Plan::Calm);
    let mut counts = BTreeMap::<&str, BTreeMap<&str, usize>>::new();
    let (mut own, mut crashes) = (0, 0);
    for (index, point) in points.iter().enumerate() {
        if !flow.functions.contains(&point.function.as_str()) {
            continue;
        }
        own += 1;
        *counts.entry(&point.function).or_default().entry(&point.operation).or_default() += 1;
        for side in [Side::Before, Side::After] {
            // Before an answer is lost, and after it, is the same.
            if point.operation == ANSWER && side == Side::After {
                continue;
            }
            let passed = run(flow, Plan::CrashAt { point: index, side });
            assert_eq!(&passed[index], point, "{}: another point stands at {index}", flow.name);
            crashes += 1;
        }
    }
    for function in flow.functions {
        assert!(counts.contains_key(function), "{} has no point in {function}", flow.name);
    }
    println!("{}: {own} points, {crashes} crashes: {counts:?}", flow.name);
    crashes
}
