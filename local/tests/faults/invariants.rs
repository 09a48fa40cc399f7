//! What must hold when a world has come to rest. Each rule gives the ways in which it is broken.

use std::collections::{BTreeMap, BTreeSet};

use local::simulation::{Item, World};
use serde_json::Value;

use crate::clients::Ledger;
use crate::ground::{CARD_CENTS, MERCHANTS, WALLET_CENTS};

/// The table of a world at rest, and what clients were told of it.
pub(crate) struct Rest<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) items: Vec<Item>,
    pub(crate) panics: Vec<String>,
}

type Rule = fn(&Rest<'_>) -> Vec<String>;

const RULES: &[(&str, Rule)] = &[
    ("no function panics", |rest| rest.panics.clone()),
    ("what was acknowledged is there, under one id", acknowledged_is_there),
    ("every order is one that a client sent", orders_were_sent),
    ("every order is fulfilled exactly once", fulfilled_once),
    ("an external id is one order's", external_ids_are_unique),
    ("what is paid is what was ordered", money_law),
    ("a client order number is one order's", numbers_are_unique),
];

/// Every broken rule, in words.
pub(crate) fn broken(world: &World, ledger: &Ledger) -> Vec<String> {
    let rest = Rest { ledger, items: world.items(), panics: world.panics() };
    let named = |(name, rule): &(&str, Rule)| {
        rule(&rest).into_iter().map(|how| format!("{name}: {how}")).collect::<Vec<_>>()
    };
    RULES.iter().flat_map(named).collect()
}

pub(crate) fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

impl Rest<'_> {
    /// Items whose partition key holds `kind`.
    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Item> {
        let infix = format!("#{kind}");
        self.items.iter().filter(move |item| text(item, "pk").contains(&infix))
    }

    fn network_orders(&self) -> impl Iterator<Item = &Item> {
        self.of_kind("order#")
    }

    fn bulk_orders(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| text(item, "pk").ends_with("#v2"))
    }

    fn has(&self, pk: &str, sk: &str) -> bool {
        self.items.iter().any(|item| text(item, "pk") == pk && text(item, "sk") == sk)
    }
}

fn acknowledged_is_there(rest: &Rest<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let keys: BTreeSet<&str> = rest.network_orders().map(|item| text(item, "pk")).collect();
    for (safe_id, sent) in rest.ledger.orders.borrow().iter() {
        if sent.ids.len() > 1 || sent.created > 1 {
            broken.push(format!("{safe_id} was created {} times under {:?}", sent.created, sent.ids));
        }
        if sent.ids.is_empty() && !sent.refused {
            broken.push(format!("{safe_id} was never settled"));
        }
        for id in &sent.ids {
            if !keys.contains(format!("{}#order#{id}", sent.merchant.id).as_str()) {
                broken.push(format!("{safe_id}, acknowledged as {id}, is gone"));
            }
        }
    }
    for bought in rest.ledger.purchases.borrow().iter() {
        for id in &bought.ids {
            if !rest.has(&format!("{}#v2", bought.merchant.id), &format!("{id:0>19}")) {
                broken.push(format!("purchase {id} is gone"));
            }
        }
    }
    broken
}

fn orders_were_sent(rest: &Rest<'_>) -> Vec<String> {
    let orders = rest.ledger.orders.borrow();
    let count = rest.network_orders().count();
    let known = orders.values().filter(|sent| !sent.ids.is_empty()).count();
    if count == known { Vec::new() } else { vec![format!("{known} are known, {count} are there")] }
}

/// The version counts the changes: a step that was made twice would show.
fn fulfilled_once(rest: &Rest<'_>) -> Vec<String> {
    let wrong = |item: &&Item| {
        let lines = text(item, "line_states");
        let steps = if lines.len() > 1 { 3 } else { 2 };
        !lines.chars().all(|line| line == 'F') || text(item, "version") != (1 + steps).to_string()
    };
    let told = |item: &Item| {
        format!("{} is {} at version {}", text(item, "pk"), text(item, "line_states"), text(item, "version"))
    };
    rest.network_orders().chain(rest.bulk_orders()).filter(wrong).map(told).collect()
}

fn external_ids_are_unique(rest: &Rest<'_>) -> Vec<String> {
    let mut holders = BTreeMap::<(&str, String), BTreeSet<String>>::new();
    let orders = rest.ledger.orders.borrow();
    for sent in orders.values() {
        if let Some(external_id) = sent.body["externalId"].as_str() {
            holders.entry((sent.merchant.id, external_id.to_owned())).or_default().extend(sent.ids.iter().cloned());
        }
    }
    let mut broken = Vec::new();
    for ((merchant, external_id), holders) in holders {
        let guard = rest.of_kind("external#").find(|item| text(item, "pk") == format!("{merchant}#external#{external_id}"));
        let guarded = guard.map(|guard| text(guard, "order_id").to_owned());
        if holders.len() != 1 || guarded.as_ref() != holders.first() {
            broken.push(format!("{external_id} is borne by {holders:?} and guarded for {guarded:?}"));
        }
    }
    broken
}

/// Every wallet holds what it held, less what its orders cost; every order of cards costs by the card.
fn money_law(rest: &Rest<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for merchant in MERCHANTS {
        let wallet = rest.of_kind("wallet").find(|item| text(item, "pk").starts_with(merchant.id));
        let balance = wallet.map_or("", |wallet| text(wallet, "balance"));
        let paid = WALLET_CENTS - cents(balance);
        let orders = rest.bulk_orders().filter(|item| text(item, "pk").starts_with(merchant.id)).count();
        let counted = wallet.map_or("", |wallet| text(wallet, "order_count"));
        if counted.parse().unwrap_or(0) != orders {
            broken.push(format!("{} has {orders} orders, its wallet counts {counted:?}", merchant.id));
        }
        // Purchases are of one card each.
        let ordered = i64::try_from(orders).unwrap() * CARD_CENTS;
        if paid != ordered {
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

fn numbers_are_unique(rest: &Rest<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for bought in rest.ledger.purchases.borrow().iter() {
        let Some(number) = &bought.number else { continue };
        let pk = format!("{}#client#{number}", bought.merchant.id);
        let pointers: Vec<&Item> = rest.items.iter().filter(|item| text(item, "pk") == pk).collect();
        let found: BTreeSet<&str> =
            pointers.iter().map(|item| text(item, "transaction_id").trim_start_matches('0')).collect();
        let told: BTreeSet<&str> = bought.ids.iter().map(String::as_str).collect();
        if found.len() > 1 || (!told.is_empty() && found != told) {
            broken.push(format!("{number} is {found:?}, its client was told {told:?}"));
        }
    }
    broken
}
