//! Rules of the bulk order API: stock, wallets, client order numbers.

use std::collections::BTreeSet;

use local::simulation::Item;

use super::{Rest, members, number, text};
use crate::ground::{CARD_CENTS, MERCHANTS, STOCK_CODES, WALLET_CENTS};

/// The allocated codes are exactly those taken from stock, and none was allocated twice.
pub(super) fn codes_are_allocated_once(rest: &Rest<'_>) -> Vec<String> {
    let mut given: Vec<(u64, u64)> = rest
        .bulk_orders()
        .flat_map(|order| members(order, "allocations"))
        .map(|allocation| (number(allocation, "first"), number(allocation, "count")))
        .collect();
    given.sort_unstable();
    let mut next = 1;
    let mut broken = Vec::new();
    for (first, count) in given {
        if first != next {
            broken.push(format!("the next code is {next}, but an order has those from {first}"));
        }
        next = first + count;
    }
    let stock = rest.partition("stock#CARD").next().unwrap();
    let cursor = (text(stock, "next"), text(stock, "available"));
    if cursor != (next.to_string().as_str(), (STOCK_CODES + 1 - next).to_string().as_str()) {
        broken.push(format!("codes below {next} are allocated, but the cursor is {cursor:?}"));
    }
    broken
}

/// Every wallet holds its initial balance less the cost of its orders; every card order costs the price per card.
pub(super) fn wallets_balance(rest: &Rest<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for merchant in MERCHANTS {
        let wallet = rest.partition(&format!("{}#wallet", merchant.id)).next();
        let balance = wallet.map_or("", |wallet| text(wallet, "balance"));
        let paid = WALLET_CENTS - cents(balance);
        let orders = rest.partition(&format!("{}#v2", merchant.id)).count();
        let counted = wallet.map_or("", |wallet| text(wallet, "order_count"));
        if counted.parse().unwrap_or(0) != orders {
            broken.push(format!("{} has {orders} orders, its wallet counts {counted:?}", merchant.id));
        }
        // Each purchase is one card.
        let ordered = i64::try_from(orders).unwrap() * CARD_CENTS;
        if paid != ordered || cents(balance) < 0 {
            broken.push(format!("{} ordered for {ordered} and paid {paid}", merchant.id));
        }
    }
    broken
}

fn cents(amount: &str) -> i64 {
    let (units, decimals) = amount.split_once('.').unwrap_or((amount, ""));
    let decimals = format!("{decimals:0<2}");
    units.parse::<i64>().unwrap() * 100 + decimals.parse::<i64>().unwrap()
}

pub(super) fn numbers_are_unique(rest: &Rest<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for bought in rest.ledger.purchases.borrow().iter() {
        let Some(number) = &bought.number else { continue };
        let pointers: Vec<&Item> = rest.partition(&format!("{}#client#{number}", bought.merchant.id)).collect();
        let found: BTreeSet<&str> =
            pointers.iter().map(|item| text(item, "transaction_id").trim_start_matches('0')).collect();
        let reported: BTreeSet<&str> = bought.ids.iter().map(String::as_str).collect();
        if found.len() > 1 || (!reported.is_empty() && found != reported) {
            broken.push(format!("{number} is {found:?}, its client was told {reported:?}"));
        }
    }
    broken
}
