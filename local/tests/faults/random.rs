//! Random faults: many seeds, each a world of its own with rates of its own.
//!
//! `ORDERMILL_FAULT_RUNS` sets how many (1,000 without), `ORDERMILL_FAULT_SEED` the first; `cargo mill faults` sets both.
//! With `ORDERMILL_FAULT_LOG` a failed run tells all that happened.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use local::simulation::{Plan, World};
use serde_json::Value;

use crate::clients::{Clients, Ledger, order};
use crate::ground::{MERCHANTS, ground};
use crate::invariants;

/// Orders of a run, about.
const ORDERS: usize = 200;
const RUNS: u64 = 1_000;

/// What a run came to.
struct Ran {
    broken: Vec<String>,
    tally: BTreeMap<&'static str, u64>,
    calls: BTreeMap<String, u64>,
    trace: u64,
    log: Vec<String>,
}

fn run(seed: u64) -> Ran {
    World::run(ground(), seed, Plan::drawn, async |world| {
        let ledger = Ledger::default();
        scenario(&Clients { world, ledger: &ledger, attempts_max: 4 }).await;
        let mut broken = Vec::new();
        broken.extend(world.settle().await.err().map(|error| error.to_string()));
        Clients { world, ledger: &ledger, attempts_max: 4 }.finish().await;
        broken.extend(world.settle().await.err().map(|error| error.to_string()));
        broken.extend(invariants::broken(world, &ledger));
        Ran { broken, tally: world.tally(), calls: world.calls(), trace: world.trace(), log: world.log() }
    })
    .unwrap()
}

/// Several clients of two merchants at a time: bulks, single orders, purchases; names are used twice now and then.
async fn scenario(clients: &Clients<'_>) {
    let mut orders = (0..ORDERS).peekable();
    let mut bulks = Vec::new();
    while orders.peek().is_some() {
        let merchant = MERCHANTS[below(clients, 2)];
        let bulk: Vec<usize> = orders.by_ref().take(1 + below(clients, 60)).collect();
        bulks.push((merchant, bulk, below(clients, 10), clients.world.below(600_000)));
    }
    let works = bulks.into_iter().map(|(merchant, bulk, kind, delay_ms)| async move {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        match kind {
            0 | 1 => {
                for index in bulk {
                    let number = (index % 2 == 0).then(|| format!("number-{index}"));
                    clients.buy(merchant, 1, number).await;
                }
            }
            2 => {
                for index in bulk {
                    clients.create(merchant, an_order(clients, merchant.id, index)).await;
                }
            }
            _ => {
                let bodies: Vec<Value> = bulk.into_iter().map(|index| an_order(clients, merchant.id, index)).collect();
                clients.create_bulk(merchant, bodies).await;
            }
        }
    });
    join_all(works).await;
}

fn an_order(clients: &Clients<'_>, merchant: &str, index: usize) -> Value {
    let external_id = match below(clients, 4) {
        0 => None,
        // One that another order may have too.
        1 => Some(format!("shared-{}", below(clients, ORDERS / 4))),
        _ => Some(format!("external-{index}")),
    };
    let first = merchant.get(..4).unwrap_or_default();
    order(&format!("order-{first}-{index}"), external_id.as_deref(), 1 + below(clients, 3))
}

fn below(clients: &Clients<'_>, end: usize) -> usize {
    usize::try_from(clients.world.below(u64::try_from(end).unwrap())).unwrap()
}

fn number(variable: &str, default: u64) -> u64 {
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
            let ran = run(seed);
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
            "seed {seed}: {}\nfaults: {:?}\nagain: cargo mill faults --seed {seed} --runs 1",
            ran.broken.join("\n"),
            ran.tally
        );
    }
    assert!(failed.lock().unwrap().is_empty(), "a run failed");
}

#[test]
fn a_seed_repeats_its_run() {
    let (one, other) = (run(7), run(7));
    assert_eq!((one.trace, one.tally), (other.trace, other.tally));
    assert_ne!(one.trace, run(8).trace);
}
