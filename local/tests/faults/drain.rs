//! Ten thousand orders and two workers, while one message in a hundred fails twice.
//!
//! `ORDERMILL_DRAIN_ORDERS` sets the number of orders; `cargo mill bench pipeline` sets it and prints the figures.

use std::time::Instant;

use futures_util::StreamExt;
use local::simulation::{Plan, World};

use crate::clients::{Clients, Ledger, order};
use crate::ground::{MERCHANTS, ground};
use crate::invariants;
use crate::outsiders::Outsiders;
use crate::random::number;

const ORDERS: u64 = 10_000;
const BULK: usize = 100;
/// Concurrent bulks.
const BULKS_AT_A_TIME: usize = 4;
/// One message in this many fails.
const ONE_IN: u64 = 100;
const WORKERS: u32 = 2;

#[test]
fn ten_thousand_orders_drain_while_messages_fail() {
    let count = number("ORDERMILL_DRAIN_ORDERS", ORDERS);
    let two_workers = ground().with_workers(WORKERS);
    let plan = Plan::Stumbling { one_in: ONE_IN };
    let broken = World::run(
        &two_workers,
        1,
        |_| plan,
        async |world| {
            let (ledger, outsiders, started) = (Ledger::default(), Outsiders::of(world), Instant::now());
            let began_ms = world.now_ms();
            let clients = Clients { world, ledger: &ledger, attempts_max: 1 };
            let bodies: Vec<_> = (0..count).map(|index| order(&format!("order-{index}"), None, &["mug"])).collect();
            let bulks = bodies.chunks(BULK).map(|bulk| clients.create_bulk(MERCHANTS[0], bulk.to_vec()));
            futures_util::stream::iter(bulks).buffer_unordered(BULKS_AT_A_TIME).for_each(|()| async {}).await;
            let mut broken = Vec::from_iter(world.settle().await.err().map(|error| error.to_string()));
            let (seconds, tally) = (started.elapsed().as_secs_f64(), world.tally());
            broken.extend(invariants::broken(world, &ledger, &outsiders).await);
            if world.redrives() > 0 {
                broken.push("a dead-letter queue was not empty".to_owned());
            }
            let failed = tally.get("message failed").copied().unwrap_or(0);
            if count >= 1_000 && failed == 0 {
                broken.push("no message failed".to_owned());
            }
            let per_second = f64::from(u32::try_from(count).unwrap()) / seconds;
            let calls: u64 = world.calls().values().sum();
            println!("{count} orders fulfilled by {WORKERS} workers in {seconds:.1} s: {per_second:.0} orders/s");
            println!("    {failed} failures of messages, {calls} calls, {} s by the world's clock", {
                (world.now_ms() - began_ms) / 1000
            });
            broken
        },
    );
    let broken = broken.unwrap();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
