//! Rules of orders and their lines.

use std::collections::{BTreeMap, BTreeSet};

use local::simulation::Item;

use super::{Rest, as_number, is_network, members, members_of, merchant, name, number, text};

pub(super) fn acknowledged_is_there(rest: &Rest<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let ids: BTreeSet<(&str, &str)> = rest.network_orders().map(|item| (merchant(item), text(item, "sk"))).collect();
    for (safe_id, sent) in rest.ledger.orders.borrow().iter() {
        if sent.ids.len() > 1 || sent.created > 1 {
            broken.push(format!("{safe_id} was created {} times under {:?}", sent.created, sent.ids));
        }
        if sent.ids.is_empty() && !sent.refused {
            broken.push(format!("{safe_id} was never settled"));
        }
        for id in &sent.ids {
            if !ids.contains(&(sent.merchant.id, id.as_str())) {
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

pub(super) fn were_sent(rest: &Rest<'_>) -> Vec<String> {
    let orders = rest.ledger.orders.borrow();
    let count = rest.network_orders().count();
    let known = orders.values().filter(|sent| !sent.ids.is_empty()).count();
    if count == known { Vec::new() } else { vec![format!("{known} orders are known, {count} exist")] }
}

/// Inbound orders in these tests are valid, whether or not their client received the receipt.
pub(super) fn receipts_are_orders(rest: &Rest<'_>) -> Vec<String> {
    let gone = |(merchant, receipt): &&(&str, String)| !rest.has(&format!("{merchant}#inbound#{receipt}"), "receipt");
    let receipts = rest.ledger.receipts.borrow();
    let gone = receipts.iter().filter(gone).map(|(_, receipt)| format!("receipt {receipt} is gone"));
    let is_order = |receipt: &&Item| {
        let is_own =
            |order: &Item| merchant(order) == merchant(receipt) && text(order, "sk") == text(receipt, "order_id");
        text(receipt, "receipt_status") == "Accepted" && rest.network_orders().any(is_own)
    };
    let open = rest.of_kind("receipt").filter(|receipt| !is_order(receipt)).map(name);
    gone.chain(open).collect()
}

/// Every line that was not cancelled is in one parcel or has one allocation of codes, and no cancelled line is or has.
pub(super) fn delivered_once(rest: &Rest<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for order in rest.orders() {
        let lines = text(order, "line_states");
        let mut given: Vec<u64> = members(order, "allocations").map(|allocation| number(allocation, "line")).collect();
        for package in members(order, "shipments").flat_map(|shipment| members_of(shipment, "packages")) {
            given.extend(members_of(package, "lines").map(as_number));
        }
        given.sort_unstable();
        let fulfilled: Vec<u64> = (0..).zip(lines.chars()).filter(|(_, line)| *line == 'F').map(|(at, _)| at).collect();
        if !lines.chars().all(|line| matches!(line, 'F' | 'C')) || given != fulfilled {
            broken.push(format!("{} is {lines}, its lines were delivered as {given:?}", name(order)));
        }
        let left = members(order, "shipments").flat_map(|shipment| members_of(shipment, "recall")).count();
        if left > 0 || order.contains_key("failure") || order.contains_key("due_at") || order.contains_key("hold") {
            broken.push(format!("{} has something left to do", name(order)));
        }
    }
    broken
}

/// Lines are cancelled only if a client requested it, and always if the client got a success.
pub(super) fn cancelled_as_asked(rest: &Rest<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let sent = rest.ledger.orders.borrow();
    let by_id: BTreeMap<(&str, &str), _> =
        sent.values().flat_map(|sent| sent.ids.iter().map(move |id| ((sent.merchant.id, id.as_str()), sent))).collect();
    for order in rest.network_orders() {
        let Some(sent) = by_id.get(&(merchant(order), text(order, "sk"))) else { continue };
        for (line, state) in text(order, "line_states").chars().enumerate() {
            let names = |lines: &Option<Vec<usize>>| lines.as_ref().is_none_or(|lines| lines.contains(&line));
            let is_requested = sent.cancels.iter().any(|cancel| names(&cancel.lines));
            let is_acknowledged =
                sent.cancels.iter().any(|cancel| cancel.acknowledged && cancel.lines.is_some() && names(&cancel.lines));
            if (state == 'C' && !is_requested) || (state != 'C' && is_acknowledged) {
                broken.push(format!("line {line} of {} is {state}, its client asked {:?}", name(order), sent.cancels));
            }
        }
    }
    broken
}

/// A repeated step would show as more changes than the life of an order has: one assignment or allocation, one report
/// for each parcel and each delivery, and no more restarts than failures.
pub(super) fn no_step_twice(rest: &Rest<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for order in rest.orders() {
        let actions = rest.actions(order);
        let count = |action: &str| actions.get(action).copied().unwrap_or(0);
        let shipments = || members(order, "shipments");
        let parcels = shipments().map(|shipment| members_of(shipment, "packages").count()).sum::<usize>();
        let arrivals = shipments().filter(|shipment| number(shipment, "status") == 5).count();
        let (made, other) = if is_network(order) { ("Assign", "Allocate") } else { ("Allocate", "Assign") };
        let is_made = text(order, "line_states").contains('F') || shipments().next().is_some();
        let fits = count("Create") == 1
            && count(made) == usize::from(is_made)
            && count(other) == 0
            && count("Report") == parcels + arrivals
            && count("Restart") <= count("GiveUp");
        if !fits {
            let made = format!("{parcels} parcels and {arrivals} arrivals");
            broken.push(format!("{} with {made} went through {actions:?}", name(order)));
        }
    }
    broken
}

pub(super) fn external_ids_are_unique(rest: &Rest<'_>) -> Vec<String> {
    let mut holders = BTreeMap::<(&str, String), BTreeSet<String>>::new();
    let orders = rest.ledger.orders.borrow();
    for sent in orders.values() {
        if let Some(external_id) = sent.body["externalId"].as_str() {
            holders.entry((sent.merchant.id, external_id.to_owned())).or_default().extend(sent.ids.iter().cloned());
        }
    }
    let mut broken = Vec::new();
    for ((merchant, external_id), holders) in &holders {
        let guard = rest.partition(&format!("{merchant}#external#{external_id}")).next();
        let guarded = guard.map(|guard| text(guard, "order_id").to_owned());
        if holders.len() != 1 || guarded.as_ref() != holders.first() {
            broken.push(format!("{external_id} belongs to {holders:?} but its claim names {guarded:?}"));
        }
    }
    let guards = rest.of_kind("claim").chain(rest.of_kind("external_id")).count();
    if guards != holders.len() {
        broken.push(format!("there are {guards} claims of {} external ids", holders.len()));
    }
    broken
}

/// An order is in the list of its status.
pub(super) fn listed_by_status(rest: &Rest<'_>) -> Vec<String> {
    let is_listed =
        |order: &&Item| text(order, "list_pk").strip_prefix(merchant(order)) == Some(&format!("#{}", status(order)));
    let lost = rest.network_orders().filter(|order| !is_listed(order));
    lost.map(|order| format!("{} is in {}", name(order), text(order, "list_pk"))).collect()
}

/// Orders in these tests end fulfilled or cancelled, or not at all.
pub(super) fn status(order: &Item) -> &'static str {
    let lines = text(order, "line_states");
    let all = |letters: &str| lines.chars().all(|line| letters.contains(line));
    match lines {
        _ if all("C") => "Cancelled",
        _ if all("FC") => "Fulfilled",
        _ if all("FCX") => "Failed",
        _ => "Open",
    }
}
