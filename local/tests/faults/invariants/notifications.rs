//! Rules about the consequences of changes: audit events, counts, webhooks. The stream has the changes.

use std::collections::{BTreeMap, BTreeSet};

use local::simulation::{Change, Item};
use serde_json::Value;
use shared::ids::{OrderId, ShipmentId};

use super::orders::status;
use super::{Rest, events_of, is_network, members, merchant, name, text};

/// Each version of an order has one event, and nothing else has any.
pub(super) fn every_change_has_an_event(rest: &Rest<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let mut events: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for event in rest.of_kind("audit_event") {
        events.entry(text(event, "pk")).or_default().insert(text(event, "sk"));
    }
    for order in rest.orders() {
        let version = text(order, "version").parse::<u64>().unwrap();
        let expected: BTreeSet<String> = (1..=version).map(|version| format!("{version:010}")).collect();
        let found = events.remove(events_of(order).as_str()).unwrap_or_default();
        if !found.iter().copied().eq(expected.iter().map(String::as_str)) {
            broken.push(format!("{} has the events {found:?}", name(order)));
        }
    }
    broken.extend(events.keys().map(|pk| format!("{pk} has events but is not an order")));
    broken
}

/// The counts by status match a recount.
pub(super) fn counts_are_exact(rest: &Rest<'_>) -> Vec<String> {
    let mut recount = BTreeMap::<(String, String), i64>::new();
    for order in rest.orders() {
        let api = if is_network(order) { "network" } else { "bulk" };
        *recount.entry((format!("{} {api}", merchant(order)), status(order).to_owned())).or_default() += 1;
    }
    let mut counted = BTreeMap::new();
    for counts in rest.of_kind("order_counts") {
        let item = format!("{} {}", merchant(counts), text(counts, "sk"));
        for (status, count) in counts.iter().filter(|(member, _)| !matches!(member.as_str(), "pk" | "sk" | "entity")) {
            let count: i64 = count.as_str().unwrap().parse().unwrap();
            if count != 0 {
                counted.insert((item.clone(), status.clone()), count);
            }
        }
    }
    if counted == recount { Vec::new() } else { vec![format!("counted {counted:?}, recounted {recount:?}")] }
}

/// An event for a subscription: the order, its version, the kind of the event, the shipment.
type Event = (String, u64, &'static str, String);

/// Each event has one delivery per matching subscription, and its subscriber received it, only under its own id.
pub(super) fn webhooks_arrive(rest: &Rest<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let mut ids = BTreeSet::new();
    for subscription in rest.of_kind("subscription") {
        let id = text(subscription, "sk").trim_start_matches("subscription#");
        let expected: BTreeSet<Event> = rest
            .changes
            .iter()
            .filter(|change| is_covered(subscription, change))
            .flat_map(events)
            .filter(|event| members(subscription, "event_kinds").any(|kind| kind == event.2))
            .collect();
        let mut found = BTreeSet::new();
        for delivery in rest.partition(&format!("{}#webhook#{id}", merchant(subscription))) {
            let webhook_id = text(delivery, "webhook_id");
            let event = event_of(&delivery["job"]);
            if !found.insert(event.clone()) || !ids.insert(webhook_id.to_owned()) {
                broken.push(format!("{event:?} has two deliveries, one of them {webhook_id}"));
            }
            let heard = rest.notes.heard.get(webhook_id);
            let is_heard = heard.is_some_and(|heard| {
                let path = format!("/{}", merchant(subscription));
                let bodies = heard.bodies.iter().map(String::as_str);
                bodies.eq([text(delivery, "payload")]) && heard.paths.iter().eq([&path])
            });
            if text(delivery, "delivery_state") != "Delivered" || !is_heard {
                let state = text(delivery, "delivery_state");
                broken.push(format!("{webhook_id} of {event:?} is {state}, its subscriber heard {heard:?}"));
            }
        }
        for event in expected.symmetric_difference(&found) {
            let how = if found.contains(event) { "never was" } else { "was not delivered" };
            broken.push(format!("{event:?} {how} to {id}"));
        }
    }
    let unknown = rest.notes.heard.keys().filter(|id| !ids.contains(*id));
    broken.extend(unknown.map(|id| format!("a subscriber received {id}, which is not a delivery")));
    broken
}

/// Whether a change belongs to an order that the subscription covers.
fn is_covered(subscription: &Item, change: &Change) -> bool {
    let after = &change.after;
    let at = |item: &Item, member: &str| text(item, member).parse::<i64>().unwrap_or_default();
    is_network(after)
        && merchant(after) == merchant(subscription)
        && text(after, "version") != text(&change.before, "version")
        && at(subscription, "created_at") <= at(after, changed_at(after))
}

/// The member with the time of an order's last change: `updated_at` is stored only if it differs from `created_at`.
fn changed_at(order: &Item) -> &'static str {
    if order.contains_key("updated_at") { "updated_at" } else { "created_at" }
}

/// The events that a change must cause.
fn events(change: &Change) -> Vec<Event> {
    let (before, after) = (&change.before, &change.after);
    let version: u64 = text(after, "version").parse().unwrap();
    let event = |kind, shipment: String| (text(after, "sk").to_owned(), version, kind, shipment);
    let mut events = Vec::new();
    let shipments = |order| members(order, "shipments").count();
    let differs = |member: &str| before.get(member) != after.get(member);
    let reason = |order: &Item, member: &str| order.get(member).map(|failure| failure["reason"].clone());
    let fails_otherwise = |member: &str| reason(before, member) != reason(after, member);
    if before.is_empty() {
        events.push(event("OrderCreation", String::new()));
    } else if differs("line_states")
        || differs("hold")
        || fails_otherwise("failure")
        || fails_otherwise("recall_failure")
        || shipments(before) != shipments(after)
    {
        events.push(event("OrderUpdate", String::new()));
    }
    let order = OrderId::parse(text(after, "sk")).unwrap();
    for shipment in members(after, "shipments") {
        let known = members(before, "shipments").find(|known| known["number"] == shipment["number"]);
        let number = shipment["number"].as_str().unwrap().parse().unwrap();
        let id = || ShipmentId::new(&order, number).to_string();
        match known {
            None => events.push(event("ShipmentCreated", id())),
            Some(known) if seen(known) != seen(shipment) => events.push(event("ShipmentUpdate", id())),
            Some(_) => {}
        }
    }
    events
}

/// The part of a shipment that readers see, without pending recalls.
fn seen(shipment: &Value) -> Value {
    let mut seen = shipment.clone();
    for unseen in ["recall", "unsent"] {
        seen.as_object_mut().unwrap().remove(unseen);
    }
    seen
}

/// The event that a delivery's job names.
fn event_of(job: &Value) -> Event {
    const KINDS: [&str; 4] = ["OrderCreation", "OrderUpdate", "ShipmentCreated", "ShipmentUpdate"];
    let member = |name: &str| job[name].as_str().unwrap_or_default();
    let kind = KINDS.into_iter().find(|kind| *kind == member("event")).unwrap_or("unknown");
    let order = job["order"]["sk"].as_str().unwrap_or_default().to_owned();
    (order, member("version").parse().unwrap_or_default(), kind, member("shipment").to_owned())
}
