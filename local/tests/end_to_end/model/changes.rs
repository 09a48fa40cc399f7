//! Commands that change orders.

use serde_json::{Value, json};

use super::aggregate::{Cut, Line, NotAllowed, amount};
use super::shipment::{Parcel, Progress};
use super::updates::{ItemEdit, OrderEdit, Violation, item_patch, item_violations, order_patch, order_violations};
use super::world::{Expected, Request, STATE_NOT_ALLOWED, Step, Tag, Target, World, refuse, tagged};

const ORDERS: &str = "/order/v1/orders";

impl World {
    /// The expected answer to a change that the state may or may not allow.
    fn settled(&self, index: usize, status: u16, outcome: Result<(), NotAllowed>) -> Expected {
        match outcome {
            Ok(()) => Expected::order(status, &self.orders[index]),
            Err(_) => refuse(STATE_NOT_ALLOWED),
        }
    }

    fn step(&self, request: Request, tag: &Tag, target: &Target, expected: Expected) -> Step {
        Step { request: tagged(request, tag), expected, touched: self.order_of(target).into_iter().collect() }
    }

    pub(super) fn patch_order(&mut self) -> Step {
        let target = self.target();
        let tag = self.tag(&target);
        let edits = self.order_edits();
        let request = Request::patch(format!("{ORDERS}/{}", self.id_of(&target)), &order_patch(&edits));
        let expected = self.patched((&target, &tag), &edits);
        self.step(request, &tag, &target, expected)
    }

    fn patched(&mut self, (target, tag): (&Target, &Tag), edits: &[OrderEdit]) -> Expected {
        match self.addressed(target, tag, of_patch(order_violations(edits))) {
            Err(expected) => expected,
            Ok(index) => {
                let outcome = self.orders[index].update(edits);
                self.settled(index, 200, outcome)
            }
        }
    }

    fn order_edits(&mut self) -> Vec<OrderEdit> {
        let rng = &mut self.rng;
        let mut edits = Vec::new();
        if rng.u32(0..100) < 40 {
            let city = rng.choice(["Springfield", "Shelbyville", "Ogdenville"]).unwrap();
            edits.push(OrderEdit::City(city.to_owned()));
        }
        if rng.u32(0..100) < 50 {
            edits.push(OrderEdit::note(rng.choice([None, Some("a"), Some("b")]).unwrap()));
        }
        if rng.u32(0..100) < 30 {
            edits.push(OrderEdit::Total(rng.i64(0..100_000)));
        }
        if rng.u32(0..100) < 20 {
            edits.push(OrderEdit::Sample(rng.bool()));
        }
        match rng.u32(0..100) {
            0..5 => edits.push(OrderEdit::Fixed(rng.choice(["safeId", "items", "isTest", "currencyCode"]).unwrap())),
            5..9 => {
                edits.retain(|edit| !matches!(edit, OrderEdit::Sample(_)));
                edits.push(OrderEdit::WrongType);
            }
            9..13 => edits.push(OrderEdit::NoLine),
            13..18 => edits.push(OrderEdit::Unknown),
            _ => {}
        }
        edits
    }

    pub(super) fn patch_orders(&mut self) -> Step {
        let (mut bodies, mut entries) = (Vec::new(), Vec::new());
        for index in 0..self.rng.usize(1..5) {
            let (target, edits) = (self.target(), self.order_edits());
            let mut body = order_patch(&edits);
            body["orderId"] = json!(self.id_of(&target));
            bodies.push(body);
            let mut expected = self.patched((&target, &Tag::None), &edits);
            for (_, pointer) in &mut expected.violations {
                pointer.insert_str(0, &format!("/bulk/{index}"));
            }
            entries.push(Expected { version: None, ..expected });
        }
        let request = Request::patch(format!("{ORDERS}/bulk"), &json!({"bulk": bodies}));
        Step { request, expected: Expected::bulk(entries), touched: Vec::new() }
    }

    pub(super) fn patch_item(&mut self) -> Step {
        let target = self.target();
        let tag = self.tag(&target);
        let edits = self.item_edits();
        let count = self.order_of(&target).map_or(1, |index| self.orders[index].items.len());
        // The index beyond the last is not found.
        let item = if self.chance(4) { count } else { self.rng.usize(0..count) };
        let id = self.order_of(&target).map_or_else(|| self.stranger.item.clone(), |order| self.item_id(order, item));
        let request = Request::patch(format!("{ORDERS}/{}/items/{id}", self.id_of(&target)), &item_patch(&edits));
        // An item of another order is not found.
        let addressed = if item == count { &Target::Malformed } else { &target };
        let expected = match self.addressed(addressed, &tag, of_patch(item_violations(&edits))) {
            Err(expected) => expected,
            Ok(index) => {
                let outcome = self.orders[index].update_item(item, &edits);
                self.settled(index, 200, outcome)
            }
        };
        self.step(request, &tag, &target, expected)
    }

    fn item_edits(&mut self) -> Vec<ItemEdit> {
        let rng = &mut self.rng;
        let mut edits = Vec::new();
        if rng.u32(0..100) < 35 {
            edits.push(ItemEdit::Quantity(rng.i64(0..6)));
        }
        if rng.u32(0..100) < 25 {
            edits.push(ItemEdit::Price(rng.i64(1..3000)));
        }
        if rng.u32(0..100) < 30 {
            let note = rng.choice([None, Some("a"), Some("b")]).unwrap();
            edits.push(ItemEdit::Note(note.map(str::to_owned)));
        }
        if rng.u32(0..100) < 30 {
            edits.push(ItemEdit::Ready(rng.u32(0..100) < 85));
        }
        match rng.u32(0..100) {
            0..10 => edits.push(ItemEdit::Sku(rng.choice(["HAND-1", "KNIT-1"]).unwrap().to_owned())),
            10..14 => edits.push(ItemEdit::NoSku),
            14..19 => edits.push(ItemEdit::Unknown),
            _ => {}
        }
        edits
    }

    pub(super) fn cancel(&mut self) -> Step {
        let target = self.target();
        let tag = self.tag(&target);
        let mut body = json!({"reason": "not wanted"});
        let (mut cuts, mut broken, mut unknown): (Option<Vec<Cut>>, Vec<Violation>, Vec<Violation>) =
            Default::default();
        if let (Some(order), true) = (self.order_of(&target), self.chance(75)) {
            let (mut named, mut bodies) = (Vec::new(), Vec::new());
            let rows = self.rng.usize(1..3);
            for row in 0..rows {
                let item = self.rng.usize(0..self.orders[order].items.len());
                if self.chance(3) {
                    unknown.push(("NO_SUCH_ITEM", format!("/items/{row}/itemId")));
                    bodies.push(json!({"itemId": self.stranger.item}));
                    continue;
                }
                let units = self.chance(60).then(|| self.rng.i64(0..4));
                if units == Some(0) {
                    broken.push(("OUT_OF_RANGE", format!("/items/{row}/quantity")));
                }
                named.push((item, units));
                bodies.push(json!({"itemId": self.item_id(order, item), "quantity": units}));
            }
            body["items"] = json!(bodies);
            cuts = Some(named);
        }
        match self.rng.u32(0..100) {
            0..3 => {
                body["reason"] = json!(" ");
                broken.push(("TOO_SHORT", "/reason".to_owned()));
            }
            3..6 => {
                body["itms"] = json!([]);
                broken.push(("UNKNOWN_MEMBER", "/itms".to_owned()));
            }
            _ => {}
        }
        let request = Request::post(format!("{ORDERS}/{}/cancel", self.id_of(&target)), &body);
        let expected = match self.addressed(&target, &tag, of_rows(broken, unknown)) {
            Err(expected) => expected,
            Ok(index) => {
                let outcome = self.orders[index].cancel(cuts.as_deref());
                self.settled(index, 200, outcome)
            }
        };
        self.step(request, &tag, &target, expected)
    }

    pub(super) fn hold(&mut self) -> Step {
        let target = self.target();
        let tag = self.tag(&target);
        let reason = *self.rng.choice(&["Is the address right?", "Wait", ""]).unwrap();
        let reason = if reason.is_empty() && self.chance(70) { "Wait" } else { reason };
        let broken = if reason.is_empty() { vec![("TOO_SHORT", "/reason".to_owned())] } else { Vec::new() };
        let path = format!("{ORDERS}/{}/customerCareHold", self.id_of(&target));
        let request = Request::post(path, &json!({"reason": reason}));
        let expected = match self.addressed(&target, &tag, (broken.clone(), broken)) {
            Err(expected) => expected,
            Ok(index) => {
                let outcome = self.orders[index].hold(reason);
                self.settled(index, 200, outcome)
            }
        };
        self.step(request, &tag, &target, expected)
    }

    /// Release, start or refresh: commands without a body.
    pub(super) fn bare(&mut self) -> Step {
        let target = self.target();
        let tag = self.tag(&target);
        let name = *self
            .rng
            .choice(&["customerCareHold/release", "startProcessing", "startProcessing", "refreshProcessing"])
            .unwrap();
        let request = Request::post(format!("{ORDERS}/{}/{name}", self.id_of(&target)), &json!({}));
        let expected = match self.addressed(&target, &tag, Default::default()) {
            Err(expected) => expected,
            Ok(index) => {
                let order = &mut self.orders[index];
                let outcome = match name {
                    "startProcessing" => order.start(),
                    "refreshProcessing" => order.refresh(),
                    _ => order.release(),
                };
                self.settled(index, 200, outcome)
            }
        };
        self.step(request, &tag, &target, expected)
    }

    pub(super) fn refund(&mut self) -> Step {
        let target = self.target();
        let tag = self.tag(&target);
        let (mut rows, mut bodies) = (Vec::new(), Vec::new());
        let (mut broken, mut unknown): (Vec<Violation>, Vec<Violation>) = Default::default();
        for place in 0..self.rng.usize(0..4) {
            let is_shipping = self.chance(40);
            let order = self.order_of(&target);
            let item = order.map_or(0, |order| self.rng.usize(0..self.orders[order].items.len()));
            let balance = order.map_or(0, |order| self.orders[order].items[item].balance(is_shipping));
            let most = if self.chance(20) { balance + 500 } else { (balance + 1) / 2 };
            let cents = self.rng.i64(0..=most.max(1));
            let mut id = order.map_or_else(|| self.stranger.item.clone(), |order| self.item_id(order, item));
            if cents == 0 {
                broken.push(("OUT_OF_RANGE", format!("/refunds/{place}/amount")));
            }
            if self.chance(2) {
                id = "x".to_owned();
                unknown.push(("NO_SUCH_ITEM", format!("/refunds/{place}/itemId")));
            }
            rows.push((item, is_shipping, cents));
            bodies.push(
                json!({"itemId": id, "isShippingRefund": is_shipping, "amount": amount(cents), "reason": "torn"}),
            );
        }
        if bodies.is_empty() {
            broken.push(("TOO_FEW", "/refunds".to_owned()));
        }
        let body = json!({"orderId": self.id_of(&target), "refunds": bodies});
        let expected = match self.addressed(&target, &tag, of_rows(broken, unknown)) {
            Err(expected) => expected,
            Ok(index) => match self.orders[index].refund(&rows) {
                Ok(()) => Expected::order(201, &self.orders[index]),
                Err(places) => Expected {
                    violations: places
                        .iter()
                        .map(|place| ("REFUND_EXCEEDS_BALANCE", format!("/refunds/{place}/amount")))
                        .collect(),
                    ..Expected::refused(422, "REFUND_EXCEEDS_BALANCE")
                },
            },
        };
        self.step(Request::post(format!("{ORDERS}/refunds"), &body), &tag, &target, expected)
    }

    /// A report by a vendor, or by a person on its behalf. `None` before there is a shipment.
    pub(super) fn report(&mut self) -> Option<Step> {
        let (order, number) = self.any_shipment()?;
        let target = if self.chance(4) { Target::Other(self.stranger.order.clone()) } else { Target::Own(order) };
        let tag = self.tag(&target);
        let (progress, body, broken) = match &target {
            Target::Own(_) => self.progress(order, number),
            _ => (Progress::InProduction, json!({"shipmentStatus": 3}), Vec::new()),
        };
        let id = match &target {
            Target::Own(_) => self.orders[order].shipment_ids[number].clone(),
            _ => self.stranger.shipment.clone(),
        };
        let vendor = self.orders[order].shipments[number].vendor.clone();
        let by = match self.rng.u32(0..100) {
            0..50 => None,
            50..95 => Some(vendor.clone()),
            _ => Some(if vendor == "hand" { "knit" } else { "hand" }.to_owned()),
        };
        let is_hidden = by.as_ref().is_some_and(|by| *by != vendor);
        let mut request = tagged(Request::post(format!("/shipment/v1/{id}/progress"), &body), &tag);
        if let Some(by) = by {
            request = request.with("vendor", by);
        }
        // Another vendor's shipment is not found.
        let addressed = if is_hidden { &Target::Malformed } else { &target };
        let expected = match self.addressed(addressed, &tag, (broken.clone(), broken)) {
            Err(expected) => expected,
            Ok(_) => match self.orders[order].report(number, &progress) {
                Ok(()) => {
                    let body = Some(self.shipment(order, number));
                    Expected { status: 200, body, version: Some(self.orders[order].version), ..Expected::default() }
                }
                Err(_) => refuse(STATE_NOT_ALLOWED),
            },
        };
        Some(Step { request, expected, touched: vec![order] })
    }

    fn progress(&mut self, order: usize, number: usize) -> (Progress, Value, Vec<Violation>) {
        match self.rng.u32(0..100) {
            0..3 => {
                let broken = vec![("INVALID_FORMAT", "/shipmentStatus".to_owned())];
                (Progress::InProduction, json!({"shipmentStatus": 1}), broken)
            }
            3..6 => {
                let broken = vec![("REQUIRED", "/reason".to_owned())];
                (Progress::Rejected(String::new()), json!({"shipmentStatus": 6}), broken)
            }
            6..20 => (Progress::InProduction, json!({"shipmentStatus": "InProduction"}), Vec::new()),
            20..35 => (Progress::Delivered, json!({"shipmentStatus": 5}), Vec::new()),
            35..50 => {
                let reason = "no cotton".to_owned();
                (Progress::Rejected(reason.clone()), json!({"shipmentStatus": 6, "reason": reason}), Vec::new())
            }
            50..65 => {
                let parcel = Parcel { lines: Vec::new(), tracking: None };
                (Progress::Shipped(vec![parcel]), json!({"shipmentStatus": 4}), Vec::new())
            }
            _ => self.parcels(order, number),
        }
    }

    /// One or two parcels, mostly of what is left of the shipment.
    fn parcels(&mut self, order: usize, number: usize) -> (Progress, Value, Vec<Violation>) {
        let (mut parcels, mut bodies, mut broken) = (Vec::new(), Vec::new(), Vec::new());
        for place in 0..self.rng.usize(1..3) {
            let of = &self.orders[order];
            let to_come = |line: &usize| of.items[*line].line == Line::Processing;
            let mut lines: Vec<usize> = of.shipments[number].lines.iter().copied().filter(to_come).collect();
            let count = of.items.len();
            self.rng.shuffle(&mut lines);
            lines.truncate(self.rng.usize(1..3));
            if self.chance(20) {
                // Perhaps another vendor's item, one already sent, or one beyond the last.
                let any = self.rng.usize(0..=count);
                if !lines.contains(&any) {
                    lines.push(any);
                }
            }
            let tracking = self.chance(70).then(|| format!("1Z{}", self.rng.u32(0..3)));
            let mut ids: Vec<String> = lines.iter().map(|line| self.item_id(order, *line)).collect();
            if self.chance(3) {
                broken.push(("NO_SUCH_ITEM", format!("/packages/{place}/orderItemIDs/{}", ids.len())));
                ids.push(self.stranger.item.clone());
            }
            let mut body = json!({"carrierTrackingNumber": tracking});
            if !ids.is_empty() {
                body["orderItemIDs"] = json!(ids);
            }
            bodies.push(body);
            parcels.push(Parcel { lines, tracking });
        }
        (Progress::Shipped(parcels), json!({"shipmentStatus": 4, "packages": bodies}), broken)
    }
}

/// Splits a patch's violations into those found without its order and those found with it: removing a member.
fn of_patch(broken: Vec<Violation>) -> (Vec<Violation>, Vec<Violation>) {
    (broken.iter().filter(|(code, _)| *code != "REQUIRED").cloned().collect(), broken)
}

/// The same for rows that name items: once each row is valid, the order decides which items exist.
fn of_rows(broken: Vec<Violation>, unknown: Vec<Violation>) -> (Vec<Violation>, Vec<Violation>) {
    let with_order = if broken.is_empty() { unknown } else { broken.clone() };
    (broken, with_order)
}

impl OrderEdit {
    pub(super) fn note(note: Option<&str>) -> Self {
        Self::Note(note.map(str::to_owned))
    }
}
