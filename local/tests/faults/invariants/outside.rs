//! Rules about external machines.

use std::collections::BTreeSet;

use shared::ids::{OrderId, ShipmentId};

use super::{Rest, as_number, members, members_of, merchant, name, number, text};

pub(super) fn nothing_wrong(rest: &Rest<'_>) -> Vec<String> {
    rest.notes.wrong.clone()
}

/// Each shipment of the vendor belongs to an order, was submitted under one key, and contained the fulfilled items.
pub(super) fn made_is_fulfilled(rest: &Rest<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let mut known = BTreeSet::new();
    for order in rest.network_orders() {
        let id = OrderId::parse(text(order, "sk")).unwrap();
        for shipment in members(order, "shipments").filter(|shipment| shipment["port"] == "http") {
            let shipment_id = ShipmentId::new(&id, u16::try_from(number(shipment, "number")).unwrap()).to_string();
            let packed = members_of(shipment, "packages").flat_map(|package| members_of(package, "lines"));
            let packed: BTreeSet<String> =
                packed.map(|line| id.item_id(usize::try_from(as_number(line)).unwrap())).collect();
            let made = rest.notes.made.get(&shipment_id);
            known.insert(shipment_id.clone());
            let Some(made) = made else {
                if !packed.is_empty() {
                    broken.push(format!("{shipment_id} of {} was shipped but never submitted", name(order)));
                }
                continue;
            };
            if made.keys.len() != 1 || !made.keys.contains(&shipment_id) {
                broken.push(format!("{shipment_id} was submitted under {:?}", made.keys));
            }
            if made.order != text(order, "sk") || made.merchant != merchant(order) {
                broken.push(format!("{shipment_id} was submitted as of {} {}", made.merchant, made.order));
            }
            let wanted: BTreeSet<String> = made.items.iter().cloned().collect();
            let shipped: BTreeSet<String> = made.shipped.iter().cloned().collect();
            if wanted != packed || shipped != packed || made.shipped.len() != packed.len() {
                broken.push(format!("{shipment_id} of {} holds {packed:?}, the vendor has {made:?}", name(order)));
            }
        }
    }
    broken
        .extend(rest.notes.made.keys().filter(|id| !known.contains(*id)).map(|id| format!("{id} belongs to no order")));
    broken
}
