//! Commands that read.

use serde_json::json;

use super::aggregate::Order;
use super::world::{Expected, NOT_FOUND, Request, Step, Target, World, refuse};

const ORDERS: &str = "/order/v1/orders";

/// The orders that a list contains.
type Wanted = Box<dyn Fn(&Order) -> bool>;

impl World {
    pub(super) fn read(&mut self) -> Step {
        let (request, expected) = match self.rng.u32(0..100) {
            0..25 => self.read_by_id(),
            25..40 => self.read_by_safe_id(),
            40..55 => self.read_item(),
            55..65 => self.read_many(),
            65..75 => self.list(),
            75..85 => self.read_shipments(),
            _ => self.read_shipment(),
        };
        Step { request, expected, touched: Vec::new() }
    }

    fn read_by_id(&mut self) -> (Request, Expected) {
        let target = self.target();
        let expected = self.order_of(&target).map(|index| Expected::order(200, &self.orders[index]));
        let request = Request::get(format!("{ORDERS}/{}", self.id_of(&target)));
        (request, expected.unwrap_or_else(|| refuse(NOT_FOUND)))
    }

    fn read_by_safe_id(&mut self) -> (Request, Expected) {
        let target = self.target();
        let (name, expected) = match &target {
            Target::Own(index) => {
                let order = &self.orders[*index];
                (order.safe_id.clone(), Expected::order(200, order))
            }
            Target::Other(_) => (self.stranger.safe_id.clone(), refuse(NOT_FOUND)),
            Target::Malformed => ("a%20b".to_owned(), refuse(NOT_FOUND)),
        };
        (Request::get(format!("{ORDERS}/safeId/{name}")), expected)
    }

    fn read_item(&mut self) -> (Request, Expected) {
        let target = self.target();
        let Target::Own(index) = target else {
            return (Request::get(format!("{ORDERS}/items/{}", self.stranger.item)), refuse(NOT_FOUND));
        };
        let order = &self.orders[index];
        let item = self.rng.usize(0..=order.items.len());
        let request = Request::get(format!("{ORDERS}/items/{}", self.item_id(index, item)));
        let order = &self.orders[index];
        let Some(wire) = order.wire()["items"].get(item).cloned() else { return (request, refuse(NOT_FOUND)) };
        let body = Some(json!({"orderItem": wire}));
        (request, Expected { status: 200, body, version: Some(order.version), ..Expected::default() })
    }

    fn read_many(&mut self) -> (Request, Expected) {
        let targets: Vec<Target> = (0..self.rng.usize(0..5)).map(|_| self.target()).collect();
        let ids: Vec<String> = targets.iter().map(|target| self.id_of(target)).collect();
        let entry = |target: &Target| match self.order_of(target) {
            Some(index) => Expected { version: None, ..Expected::order(200, &self.orders[index]) },
            None => refuse(NOT_FOUND),
        };
        let expected = match targets.is_empty() {
            true => refuse((400, "INVALID_PARAMETER")),
            false => Expected::bulk(targets.iter().map(entry).collect()),
        };
        (Request::get(format!("{ORDERS}/bulk?ids={}", ids.join(","))), expected)
    }

    /// All orders, those with a status, or those with an external id.
    fn list(&mut self) -> (Request, Expected) {
        let (query, wanted): (String, Wanted) = match self.rng.u32(0..100) {
            0..10 => return (Request::get(format!("{ORDERS}?pageSize=0")), refuse((400, "INVALID_PARAMETER"))),
            10..50 => (String::new(), Box::new(|_| true)),
            50..80 => {
                let names = ["Open", "Processing", "PartiallyFulfilled", "Fulfilled", "CustomerCareHold", "Cancelled"];
                let status = self.rng.choice(names).unwrap();
                (format!("&status=Failed,{status}"), Box::new(move |it| ["Failed", status].contains(&it.status())))
            }
            _ => {
                let name = format!("external-{}", self.rng.u32(0..12));
                (format!("&externalId={name}"), Box::new(move |it| it.external_id.as_ref() == Some(&name)))
            }
        };
        let orders = self.orders.iter().filter(|order| wanted(order)).map(Order::wire).collect();
        let request = Request::get(format!("{ORDERS}/search?pageSize=200{query}"));
        (request, Expected { status: 200, orders: Some(orders), ..Expected::default() })
    }

    fn read_shipments(&mut self) -> (Request, Expected) {
        let target = self.target();
        let request = Request::get(format!("/shipment/v1/orders/{}/shipments", self.id_of(&target)));
        let Some(index) = self.order_of(&target) else { return (request, refuse(NOT_FOUND)) };
        let all: Vec<_> = (0..self.orders[index].shipments.len()).map(|one| self.shipment(index, one)).collect();
        let (body, version) = (Some(json!({"shipments": all})), Some(self.orders[index].version));
        (request, Expected { status: 200, body, version, ..Expected::default() })
    }

    fn read_shipment(&mut self) -> (Request, Expected) {
        let Some((order, number)) = self.any_shipment().filter(|_| self.rng.u32(0..100) > 5) else {
            return (Request::get(format!("/shipment/v1/{}", self.stranger.shipment)), refuse(NOT_FOUND));
        };
        let request = Request::get(format!("/shipment/v1/{}", self.orders[order].shipment_ids[number]));
        let own = self.orders[order].shipments[number].vendor.clone();
        let by = *self.rng.choice(&["", "hand", "knit"]).unwrap();
        let request = if by.is_empty() { request } else { request.with("vendor", by) };
        if !by.is_empty() && by != own {
            return (request, refuse(NOT_FOUND));
        }
        let (body, version) = (Some(self.shipment(order, number)), Some(self.orders[order].version));
        (request, Expected { status: 200, body, version, ..Expected::default() })
    }
}
