//! What must hold when a world has come to rest. Each rule gives the ways in which it is broken.

use std::collections::{BTreeMap, BTreeSet};

use local::simulation::{Item, World};
use serde_json::Value;

use crate::clients::Ledger;
use crate::ground::{CARD_CENTS, MERCHANTS, STOCK_CODES, WALLET_CENTS};

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
    ("no step is made twice", no_step_twice),
    ("every change is told once", every_change_is_told_once),
    ("the counts are exact", counts_are_exact),
    ("codes are given once", codes_are_given_once),
    ("an external id is one order's", external_ids_are_unique),
    ("what is paid is what was ordered", money_law),
    ("a client order number is one order's", numbers_are_unique),
];

/// Every broken rule, in words.
pub(crate) fn broken(world: &World, ledger: &Ledger) -> Vec<String> {
    let rest = Rest { ledger, items: world.items(), panics: world.panics() };
    let named =
        |(name, rule): &(&str, Rule)| rule(&rest).into_iter().map(|how| format!("{name}: {how}")).collect::<Vec<_>>();
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
        self.of_kind("order#").filter(|item| text(item, "sk") == "order")
    }

    fn orders(&self) -> impl Iterator<Item = &Item> {
        self.network_orders().chain(self.bulk_orders())
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

/// Every line is delivered, in one parcel or by one allocation of codes.
fn fulfilled_once(rest: &Rest<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for order in rest.orders() {
        let lines = text(order, "line_states");
        let mut given: Vec<u64> = members(order, "allocations").map(|allocation| number(allocation, "line")).collect();
        for package in members(order, "shipments").flat_map(|shipment| members_of(shipment, "packages")) {
            given.extend(members_of(package, "lines").map(|line| value_number(line)));
        }
        given.sort_unstable();
        let wanted: Vec<u64> = (0..u64::try_from(lines.len()).unwrap()).collect();
        if !lines.chars().all(|line| line == 'F') || given != wanted {
            broken.push(format!("{} is {lines}, its lines were delivered as {given:?}", name(order)));
        }
    }
    broken
}

/// Each version of an order has one event, and nothing else has.
fn every_change_is_told_once(rest: &Rest<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let mut events: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for event in rest.items.iter().filter(|item| text(item, "sk").starts_with("audit#")) {
        events.entry(text(event, "pk")).or_default().insert(text(event, "sk"));
    }
    for order in rest.orders() {
        let (pk, version) = (text(order, "pk"), text(order, "version").parse::<u64>().unwrap());
        let pk = if text(order, "sk") == "order" { pk.to_owned() } else { format!("{pk}#{}", text(order, "sk")) };
        let expected: BTreeSet<String> = (1..=version).map(|version| format!("audit#{version:010}")).collect();
        let found: BTreeSet<String> =
            events.remove(pk.as_str()).unwrap_or_default().into_iter().map(str::to_owned).collect();
        if found != expected {
            broken.push(format!("{} is at version {version}, told are {found:?}", name(order)));
        }
    }
    broken.extend(events.keys().map(|pk| format!("{pk} has events and is no order")));
    broken
}

/// Steps that were made twice would show as more changes than the life of an order has: one step each, and as many
/// restarts as failures.
fn no_step_twice(rest: &Rest<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for order in rest.orders() {
        let pk = text(order, "pk");
        let pk = if text(order, "sk") == "order" { pk.to_owned() } else { format!("{pk}#{}", text(order, "sk")) };
        let mut actions = BTreeMap::<&str, usize>::new();
        for event in rest.items.iter().filter(|item| text(item, "pk") == pk && text(item, "sk").starts_with("audit#")) {
            *actions.entry(text(event, "action")).or_default() += 1;
        }
        let count = |action: &str| actions.get(action).copied().unwrap_or(0);
        let parcels: usize = members(order, "shipments").map(|shipment| members_of(shipment, "packages").count()).sum();
        let made = if text(order, "sk") == "order" { count("Assign") } else { count("Allocate") };
        let fits =
            count("Create") == 1 && made == 1 && count("Report") == parcels && count("Restart") == count("GiveUp");
        if !fits {
            broken.push(format!("{} with {parcels} parcels went through {actions:?}", name(order)));
        }
    }
    broken
}

/// The counts by status are what a recount gives.
fn counts_are_exact(rest: &Rest<'_>) -> Vec<String> {
    let mut recount = BTreeMap::<(String, String), u64>::new();
    for order in rest.orders() {
        let api = if text(order, "sk") == "order" { "network" } else { "bulk" };
        let merchant = text(order, "pk").split('#').next().unwrap();
        *recount.entry((format!("{merchant}#counts {api}"), status(order).to_owned())).or_default() += 1;
    }
    let mut counted = BTreeMap::new();
    for counts in rest.of_kind("counts") {
        let item = format!("{} {}", text(counts, "pk"), text(counts, "sk"));
        for (status, count) in counts.iter().filter(|(member, _)| !matches!(member.as_str(), "pk" | "sk")) {
            let count: i64 = count.as_str().unwrap().parse().unwrap();
            if count != 0 {
                counted.insert((item.clone(), status.clone()), u64::try_from(count).unwrap_or(u64::MAX));
            }
        }
    }
    if counted == recount { Vec::new() } else { vec![format!("{counted:?} are counted, there are {recount:?}")] }
}

/// Orders of these tests end fulfilled, or not at all.
fn status(order: &Item) -> &'static str {
    let lines = text(order, "line_states");
    let all = |letters: &str| lines.chars().all(|line| letters.contains(line));
    match lines {
        _ if all("C") => "Cancelled",
        _ if all("FC") => "Fulfilled",
        _ if all("FCX") => "Failed",
        _ => "Open",
    }
}

/// The codes that orders were given are those that the stock has lost, and none was given twice.
fn codes_are_given_once(rest: &Rest<'_>) -> Vec<String> {
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
            broken.push(format!("codes go on at {next}, an order has those from {first}"));
        }
        next = first + count;
    }
    let stock = rest.items.iter().find(|item| text(item, "pk") == "stock#CARD").unwrap();
    let cursor = (text(stock, "next"), text(stock, "available"));
    if cursor != (next.to_string().as_str(), (STOCK_CODES + 1 - next).to_string().as_str()) {
        broken.push(format!("codes below {next} are given, the cursor is {cursor:?}"));
    }
    broken
}

fn name(order: &Item) -> String {
    format!("{} {} at version {}", text(order, "pk"), text(order, "sk"), text(order, "version"))
}

/// The members of a list of the item.
fn members<'a>(item: &'a Item, list: &str) -> impl Iterator<Item = &'a Value> {
    item.get(list).and_then(Value::as_array).into_iter().flatten()
}

fn members_of<'a>(value: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    value.get(list).and_then(Value::as_array).into_iter().flatten()
}

fn number(value: &Value, member: &str) -> u64 {
    value_number(&value[member])
}

/// Numbers of the table are texts.
fn value_number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
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
        let guard =
            rest.of_kind("external#").find(|item| text(item, "pk") == format!("{merchant}#external#{external_id}"));
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
