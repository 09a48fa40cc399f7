//! The scenario of random faults: clients of two merchants who order, buy, cancel, hold and release.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::clients::{Clients, order};
use crate::ground::{MERCHANTS, Merchant};

/// Orders per run.
pub(crate) const ORDERS: usize = 200;
/// The latest time of an order.
const ARRIVALS_MS: u64 = 240_000;
/// Maximum time before a client changes an order.
const THOUGHT_MS_MAX: u64 = 20_000;

/// The percentages of a run.
struct Mixture {
    /// Lines that the HTTP vendor makes.
    over_http: usize,
    /// Orders that are cancelled, entirely or in part.
    cancelled: usize,
    /// Orders that wait for a start or are put on hold.
    stopped: usize,
}

/// Several concurrent clients: bulks, single orders, purchases; names are sometimes reused.
pub(crate) async fn play(clients: &Clients<'_>) {
    let one_of = |rates: [usize; 4]| rates[below(clients, rates.len())];
    let mixture = Mixture {
        over_http: one_of([0, 10, 20, 40]),
        cancelled: one_of([0, 5, 10, 30]),
        stopped: one_of([0, 0, 5, 15]),
    };
    subscribe(clients).await;
    let mut orders = (0..ORDERS).peekable();
    let mut bulks = Vec::new();
    while orders.peek().is_some() {
        let merchant = MERCHANTS[below(clients, 2)];
        let bulk: Vec<usize> = orders.by_ref().take(1 + below(clients, 60)).collect();
        bulks.push((merchant, bulk, below(clients, 10), clients.world.below(ARRIVALS_MS)));
    }
    let works = bulks.into_iter().map(|(merchant, bulk, kind, delay_ms)| {
        let mixture = &mixture;
        async move {
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            order_all(clients, mixture, merchant, bulk, kind).await;
        }
    });
    join_all(works).await;
}

/// Some runs have a subscription to everything; others have one to some events, or none.
async fn subscribe(clients: &Clients<'_>) {
    const KINDS: [&str; 4] = ["OrderCreation", "OrderUpdate", "ShipmentCreated", "ShipmentUpdate"];
    match below(clients, 16) {
        0 => clients.subscribe(MERCHANTS[0], &KINDS).await,
        1..5 => clients.subscribe(MERCHANTS[1], &[KINDS[below(clients, 4)]]).await,
        5 => {
            clients.subscribe(MERCHANTS[0], &KINDS[..1]).await;
            clients.subscribe(MERCHANTS[1], &KINDS[3..]).await;
        }
        _ => {}
    }
}

async fn order_all(clients: &Clients<'_>, mixture: &Mixture, merchant: Merchant, bulk: Vec<usize>, kind: usize) {
    match kind {
        0 | 1 => {
            for index in bulk {
                let number = (index % 2 == 0).then(|| format!("number-{index}"));
                clients.buy(merchant, 1, number).await;
            }
        }
        2 => {
            for index in bulk {
                let body = an_order(clients, mixture, merchant, index);
                clients.create(merchant, body.clone()).await;
                change(clients, mixture, &body).await;
            }
        }
        _ => {
            let order = |index| an_order(clients, mixture, merchant, index);
            let bodies: Vec<Value> = bulk.into_iter().map(order).collect();
            clients.create_bulk(merchant, bodies.clone()).await;
            join_all(bodies.iter().map(|body| change(clients, mixture, body))).await;
        }
    }
}

/// A client that changes its mind.
async fn change(clients: &Clients<'_>, mixture: &Mixture, body: &Value) {
    let safe_id = body["safeId"].as_str().unwrap();
    let chance = below(clients, 100);
    if chance >= mixture.cancelled + mixture.stopped {
        return;
    }
    tokio::time::sleep(Duration::from_millis(clients.world.below(THOUGHT_MS_MAX))).await;
    if chance < mixture.cancelled {
        let lines = body["items"].as_array().map_or(0, Vec::len);
        let one = (below(clients, 2) == 0).then(|| vec![below(clients, lines)]);
        clients.cancel(safe_id, one).await;
    } else {
        clients.hold(safe_id).await;
        tokio::time::sleep(Duration::from_millis(clients.world.below(THOUGHT_MS_MAX))).await;
        clients.let_continue(safe_id).await;
    }
}

fn an_order(clients: &Clients<'_>, mixture: &Mixture, merchant: Merchant, index: usize) -> Value {
    let external_id = match below(clients, 4) {
        0 => None,
        // Another order may have the same one.
        1 => Some(format!("shared-{}", below(clients, ORDERS / 4))),
        _ => Some(format!("external-{index}")),
    };
    let sku = |_| if below(clients, 100) < mixture.over_http { "press-mug" } else { "mug" };
    let lines = [1, 1, 1, 1, 2, 3][below(clients, 6)];
    let skus: Vec<&str> = (0..lines).map(sku).collect();
    let first = merchant.id.get(..4).unwrap_or_default();
    let mut order = order(&format!("order-{first}-{index}"), external_id.as_deref(), &skus);
    if below(clients, 100) < mixture.stopped {
        order["automaticProcessing"] = json!(false);
    }
    order
}

fn below(clients: &Clients<'_>, end: usize) -> usize {
    usize::try_from(clients.world.below(u64::try_from(end).unwrap())).unwrap()
}
