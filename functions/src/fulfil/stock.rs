//! The port of the bulk order API: lines get the next codes of their SKU.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::lock::Mutex;
use shared::bulk_api::PricedOrder;
use shared::order::{Allocation, Command, LineStatus, OrderState, transition};

use super::Worked;
use crate::store::stock::{Allocated, SKUS_MAX, Stock, Taken};
use crate::store::stored::StoredOrder;
use crate::store::{StoreError, Table};

/// Retries of the orders of one batch because other batches took codes; each may wait for a transaction.
const CONFLICTS_MAX: u32 = 6;

/// Gives codes to as many open lines as the stock covers completely. If it covers none, the job fails and is retried;
/// remaining lines get the job of the next version.
///
/// A conflict about a cursor is no failure: the job comes again a little later. The lock serialises the orders of one
/// batch, so only other batches cause conflicts; it counts them.
pub(super) async fn allocate(table: &Table, order: &StoredOrder, conflicts: &Mutex<u32>) -> Result<Worked, String> {
    let stored = &order.state;
    let state = stored.state()?;
    let order: PricedOrder = order.body()?;
    let mut conflicts = conflicts.lock().await;
    let mut round = 0;
    while *conflicts < CONFLICTS_MAX {
        table.context.pause(round).await;
        round = round.saturating_add(1);
        let plan = plan(table, &state, &order).await?;
        let command = Command::Allocate(plan.allocations);
        let next = transition(&state, &command, table.context.now()).map_err(|_| out_of_stock(&state, &order))?;
        let cause = Table::step("fulfil", &command, &stored.cause);
        match table.allocate(&stored.key, &next, cause, &plan.taken).await {
            Ok(Allocated::Done | Allocated::Overtaken) => return Ok(Worked::Done),
            Ok(Allocated::StockMoved) | Err(StoreError::Busy(_)) => *conflicts = conflicts.saturating_add(1),
            Err(fault) => return Err(fault.to_string()),
        }
    }
    let [byte] = table.context.random::<1>().unwrap_or([0]);
    Ok(Worked::Later(Duration::from_secs(1 + u64::from(byte % 5))))
}

fn out_of_stock(state: &OrderState, order: &PricedOrder) -> String {
    let open = state.lines.indexes(|line| line == LineStatus::Open);
    let skus: Vec<&str> = open.filter_map(|line| Some(order.products.get(line)?.sku.as_str())).collect();
    format!("out of stock: {}", skus.join(", "))
}

struct Plan {
    allocations: Vec<Allocation>,
    taken: Vec<Taken>,
}

async fn plan(table: &Table, state: &OrderState, order: &PricedOrder) -> Result<Plan, String> {
    let open: Vec<usize> = state.lines.indexes(|line| line == LineStatus::Open).collect();
    let mut wanted: BTreeMap<&str, Vec<(usize, u64)>> = BTreeMap::new();
    for line in open {
        let Some(product) = order.products.get(line) else { continue };
        if wanted.len() < SKUS_MAX || wanted.contains_key(product.sku.as_str()) {
            wanted.entry(&product.sku).or_default().push((line, u64::from(product.quantity)));
        }
    }
    let skus: Vec<&str> = wanted.keys().copied().collect();
    let stock = table.stock(&skus).await?;
    let mut plan = Plan { allocations: Vec::new(), taken: Vec::new() };
    for (sku, lines) in wanted {
        let Some(stock) = stock.get(sku) else { continue };
        let allocations = share(*stock, &lines);
        let count = allocations.iter().map(|allocation| allocation.count).sum();
        if count > 0 {
            plan.taken.push(Taken { sku: sku.to_owned(), next: stock.next, count });
            plan.allocations.extend(allocations);
        }
    }
    Ok(plan)
}

/// The lines, in their order, that the stock covers completely.
fn share(mut stock: Stock, lines: &[(usize, u64)]) -> Vec<Allocation> {
    let mut allocations = Vec::new();
    for (line, count) in lines {
        let Some(left) = stock.available.checked_sub(*count) else { continue };
        allocations.push(Allocation { line: *line, first: stock.next, count: *count });
        stock = Stock { next: stock.next.saturating_add(*count), available: left };
    }
    allocations
}

#[cfg(test)]
mod tests {
    use super::{Allocation, Stock, share};

    #[test]
    fn lines_are_filled_whole_from_consecutive_codes() {
        let stock = Stock { next: 11, available: 10 };
        let allocation = |line, first, count| Allocation { line, first, count };
        assert_eq!(share(stock, &[(0, 4), (2, 7), (3, 6)]), [allocation(0, 11, 4), allocation(3, 15, 6)]);
        assert!(share(stock, &[(0, 11)]).is_empty());
    }
}
