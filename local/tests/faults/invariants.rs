//! Invariants of a settled world. Each rule returns its violations.
//!
//! The rules compare three independent witnesses: what clients and external machines sent and received, what the table
//! holds, and the history in its stream.

mod money;
mod notifications;
mod orders;
mod outside;

use std::collections::{BTreeMap, HashMap};
use std::sync::MutexGuard;

use local::simulation::{Change, Item, World};
use serde_json::Value;

use crate::clients::Ledger;
use crate::outsiders::{Notes, Outsiders};

/// A settled world, and everything that was reported about it.
pub(crate) struct Rest<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) notes: MutexGuard<'a, Notes>,
    pub(crate) items: Vec<Item>,
    pub(crate) changes: Vec<Change>,
    pub(crate) panics: Vec<String>,
    pub(crate) unknown: Vec<String>,
    /// Positions of items, by partition key.
    partitions: HashMap<String, Vec<usize>>,
}

type Rule = fn(&Rest<'_>) -> Vec<String>;

const RULES: &[(&str, Rule)] = &[
    ("no function panics", |rest| rest.panics.clone()),
    ("the table knows every call", |rest| rest.unknown.clone()),
    ("acknowledged orders exist, under one id", orders::acknowledged_is_there),
    ("every order was sent by a client", orders::were_sent),
    ("every receipt exists and became an order", orders::receipts_are_orders),
    ("every line is delivered exactly once, or cancelled", orders::delivered_once),
    ("exactly the lines that clients cancelled are cancelled", orders::cancelled_as_asked),
    ("no step happens twice", orders::no_step_twice),
    ("an external id belongs to one order", orders::external_ids_are_unique),
    ("an order is listed by its status", orders::listed_by_status),
    ("every item names its kind", |rest| rest.nameless()),
    ("every change has one audit event", notifications::every_change_has_an_event),
    ("the counts are exact", notifications::counts_are_exact),
    ("every subscriber receives every event under one id", notifications::webhooks_arrive),
    ("outsiders see nothing wrong", outside::nothing_wrong),
    ("the vendor made exactly the fulfilled items, once", outside::made_is_fulfilled),
    ("codes are allocated once", money::codes_are_allocated_once),
    ("merchants paid for what they ordered", money::wallets_balance),
    ("a client order number belongs to one order", money::numbers_are_unique),
];

/// Descriptions of all violations.
pub(crate) async fn broken(world: &World, ledger: &Ledger, outsiders: &Outsiders) -> Vec<String> {
    let items = world.items();
    // Only subscribers need the history, and the stream is long.
    let has_subscribers = items.iter().any(|item| text(item, "entity") == "subscription");
    let changes = if has_subscribers { world.changes().await.unwrap() } else { Vec::new() };
    let mut partitions: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        partitions.entry(text(item, "pk").to_owned()).or_default().push(index);
    }
    let (panics, unknown) = (world.panics(), world.unknown());
    let rest = Rest { ledger, notes: outsiders.notes(), items, changes, panics, unknown, partitions };
    let named =
        |(name, rule): &(&str, Rule)| rule(&rest).into_iter().map(|how| format!("{name}: {how}")).collect::<Vec<_>>();
    RULES.iter().flat_map(named).collect()
}

impl Rest<'_> {
    /// Items of a kind, as they name it themselves.
    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| text(item, "entity") == kind)
    }

    /// Items without a kind, and those of a kind that their key is not of.
    fn nameless(&self) -> Vec<String> {
        let is_of_its_kind = |item: &&Item| match text(item, "entity") {
            kind @ ("product" | "stock" | "credential") => text(item, "pk").split('#').next() == Some(kind),
            kind => {
                let part = text(item, "pk").split('#').nth(1).unwrap_or_default();
                let expected: &[&str] = match part {
                    "order" => &["order"],
                    "v2" => &["bulk_order"],
                    "external" => &["claim", "external_id"],
                    "client" => &["client_order_number"],
                    "audit" => &["audit_event"],
                    "counts" => &["order_counts"],
                    "webhook" => &["subscription", "subscription_count", "delivery"],
                    "inbound" => &["receipt"],
                    "key" => &["key"],
                    "answer" => &["answer"],
                    "transformation" => &["transformation"],
                    "vendor" => &["vendor"],
                    "wallet" => &["wallet"],
                    "note" => &["note"],
                    _ => &[],
                };
                expected.contains(&kind)
            }
        };
        self.items.iter().filter(|item| !is_of_its_kind(item)).map(name).collect()
    }

    fn partition(&self, pk: &str) -> impl Iterator<Item = &Item> {
        self.partitions.get(pk).into_iter().flatten().map(|index| &self.items[*index])
    }

    fn network_orders(&self) -> impl Iterator<Item = &Item> {
        self.of_kind("order")
    }

    fn bulk_orders(&self) -> impl Iterator<Item = &Item> {
        self.of_kind("bulk_order")
    }

    fn orders(&self) -> impl Iterator<Item = &Item> {
        self.network_orders().chain(self.bulk_orders())
    }

    fn has(&self, pk: &str, sk: &str) -> bool {
        self.partition(pk).any(|item| text(item, "sk") == sk)
    }

    /// How often each action occurs in an order's audit events.
    fn actions(&self, order: &Item) -> BTreeMap<&str, usize> {
        let mut actions = BTreeMap::new();
        for event in self.partition(&events_of(order)) {
            *actions.entry(text(event, "action")).or_default() += 1;
        }
        actions
    }
}

/// The partition of an order's audit events.
fn events_of(order: &Item) -> String {
    format!("{}#audit#{}", merchant(order), text(order, "sk"))
}

fn merchant(item: &Item) -> &str {
    text(item, "pk").split('#').next().unwrap()
}

fn is_network(order: &Item) -> bool {
    text(order, "entity") == "order"
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
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
    as_number(&value[member])
}

/// The table stores numbers as text.
fn as_number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}
