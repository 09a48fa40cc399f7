//! Random faults: many seeds, each with its own world and rates, with the table in memory.
//!
//! `ORDERMILL_FAULT_RUNS` sets the number of runs (default 1,000), `ORDERMILL_FAULT_SEED` the first seed; `cargo mill
//! faults` sets both. With `ORDERMILL_FAULT_LOG`, a failed run prints everything that happened.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use local::simulation::{Ground, Item, Plan, World};

use crate::clients::{Clients, Ledger};
use crate::ground::{ground, ground_in_memory};
use crate::invariants;
use crate::outsiders::{Outsiders, rest};
use crate::scenario;

const RUNS: u64 = 1_000;

/// The result of a run.
struct Ran {
    broken: Vec<String>,
    tally: BTreeMap<&'static str, u64>,
    calls: BTreeMap<String, u64>,
    trace: u64,
    items: Vec<Item>,
    log: Vec<String>,
}

fn run(ground: &Ground, seed: u64) -> Ran {
    World::run(ground, seed, Plan::drawn, async |world| {
        let (ledger, outsiders) = (Ledger::default(), Outsiders::of(world));
        let clients = Clients { world, ledger: &ledger, attempts_max: 4 };
        outsiders.work_during(world, scenario::play(&clients)).await;
        // Then the faults stop, and clients settle what they left open.
        let mut broken = rest(world, &outsiders).await;
        clients.finish().await;
        broken.extend(rest(world, &outsiders).await);
        broken.extend(invariants::broken(world, &ledger, &outsiders).await);
        let (tally, calls) = (world.tally(), world.calls());
        Ran { broken, tally, calls, trace: world.trace(), items: world.items(), log: world.log() }
    })
    .unwrap()
}

/// A number from an environment variable.
pub(crate) fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |value| value.parse().unwrap())
}

#[test]
fn whatever_fails_the_books_balance() {
    let (first, runs) = (number("ORDERMILL_FAULT_SEED", 1), number("ORDERMILL_FAULT_RUNS", RUNS));
    let (next, started) = (AtomicU64::new(first), Instant::now());
    let (failed, tally) = (Mutex::new(Vec::new()), Mutex::new(BTreeMap::<&str, u64>::new()));
    let calls = Mutex::new(BTreeMap::<String, u64>::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            if seed >= first + runs || !failed.lock().unwrap().is_empty() {
                return;
            }
            let ran = run(ground_in_memory(), seed);
            for (name, count) in &ran.tally {
                *tally.lock().unwrap().entry(name).or_default() += count;
            }
            for (name, count) in &ran.calls {
                *calls.lock().unwrap().entry(name.clone()).or_default() += count;
            }
            if !ran.broken.is_empty() {
                failed.lock().unwrap().push((seed, ran));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    println!("{runs} runs from seed {first} in {:?}: {:?}", started.elapsed(), tally.lock().unwrap());
    println!(
        "calls a run: {:?}",
        calls.lock().unwrap().iter().map(|(name, count)| (name, count / runs)).collect::<Vec<_>>()
    );
    for (seed, ran) in failed.lock().unwrap().iter() {
        println!("{}", ran.log.join("\n"));
        println!(
            "seed {seed}: {}\nfaults: {:?}\nreproduce: cargo mill faults --seed {seed} --runs 1",
            ran.broken.join("\n"),
            ran.tally
        );
    }
    assert!(failed.lock().unwrap().is_empty(), "at least one run failed");
}

#[test]
fn a_seed_repeats_its_run() {
    let (one, other) = (run(ground_in_memory(), 7), run(ground_in_memory(), 7));
    assert_eq!((one.trace, one.tally), (other.trace, other.tally));
    assert_ne!(one.trace, run(ground_in_memory(), 8).trace);
}

/// What the in-memory runs prove holds for the embedded database too: the runs match call by call, to the last item.
#[test]
fn a_seed_runs_the_same_on_the_embedded_database() {
    const SEEDS: std::ops::Range<u64> = 1..7;
    let compare = |seed| {
        let (memory, embedded) = (run(ground_in_memory(), seed), run(ground(), seed));
        assert_eq!(embedded.broken, Vec::<String>::new(), "seed {seed}");
        assert_eq!((memory.trace, &memory.tally), (embedded.trace, &embedded.tally), "seed {seed}");
        let (memory, embedded) = (by_key(memory.items), by_key(embedded.items));
        assert!(!memory.is_empty());
        for (key, item) in &memory {
            assert_eq!(Some(item), embedded.get(key), "seed {seed}: {key}");
        }
        assert_eq!(memory.len(), embedded.len(), "seed {seed}");
    };
    std::thread::scope(|scope| {
        let (odd, even): (Vec<u64>, Vec<u64>) = SEEDS.partition(|seed| seed % 2 == 1);
        for seeds in [odd, even] {
            scope.spawn(move || seeds.into_iter().for_each(compare));
        }
    });
}

/// Items by key, because a scan has its own order.
fn by_key(items: Vec<Item>) -> BTreeMap<String, Item> {
    items.into_iter().map(|item| (format!("{} {}", item["pk"], item["sk"]), item)).collect()
}
