//! The flows whose every call is a point where a process may crash.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde_json::Value;

use crate::clients::{Clients, order};
use crate::ground::MERCHANTS;
use crate::outsiders::Outsiders;

type Scenario = for<'a> fn(&'a Clients<'a>, &'a Outsiders) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// One flow.
#[derive(Clone, Copy)]
pub(crate) struct Flow {
    pub(crate) name: &'static str,
    /// The functions whose calls belong to the flow; each of them must make one.
    pub(crate) functions: &'static [&'static str],
    pub(crate) scenario: Scenario,
}

const CREATION: &[&str] = &["AuthorizerFunction", "OrdersCreateFunction"];
const PIPELINE: &[&str] = &["RelayFunction", "FulfilFunction"];
const CHANGE: &[&str] = &["AuthorizerFunction", "OrdersManageFunction", "RelayFunction", "FulfilFunction"];

pub(crate) const FLOWS: &[Flow] = &[
    Flow {
        name: "create",
        functions: CREATION,
        scenario: |clients, _| Box::pin(clients.create(MERCHANTS[0], order("one", Some("external"), &["mug"]))),
    },
    Flow {
        name: "create in bulk",
        functions: CREATION,
        scenario: |clients, _| Box::pin(clients.create_bulk(MERCHANTS[0], three_orders("mug"))),
    },
    Flow {
        name: "create, bulk order API",
        functions: CREATION,
        scenario: |clients, _| Box::pin(clients.buy(MERCHANTS[0], 1, Some("number".to_owned()))),
    },
    Flow {
        name: "turn an inbound order into an order",
        functions: &["AuthorizerFunction", "OrdersCreateFunction", "RelayFunction", "InboundFunction"],
        scenario: |clients, _| Box::pin(clients.submit(MERCHANTS[0], order("one", Some("external"), &["mug"]))),
    },
    Flow {
        name: "fulfil by the built-in vendor",
        functions: PIPELINE,
        scenario: |clients, _| Box::pin(clients.create_bulk(MERCHANTS[0], three_orders("mug"))),
    },
    Flow {
        name: "fulfil by a vendor over HTTP",
        functions: PIPELINE,
        scenario: |clients, _| Box::pin(clients.create_bulk(MERCHANTS[0], three_orders("press-mug"))),
    },
    Flow {
        name: "fulfil from stock",
        functions: PIPELINE,
        scenario: |clients, _| Box::pin(clients.buy(MERCHANTS[0], 1, None)),
    },
    Flow { name: "cancel", functions: CHANGE, scenario: |clients, _| Box::pin(cancel_of_a_line(clients)) },
    Flow {
        name: "cancel while a job is in flight",
        functions: CHANGE,
        scenario: |clients, outsiders| Box::pin(cancel_in_flight(clients, outsiders)),
    },
    Flow {
        name: "ship",
        functions: &["AuthorizerFunction", "OrdersManageFunction", "RelayFunction"],
        scenario: |clients, outsiders| Box::pin(ship(clients, outsiders)),
    },
    Flow {
        name: "deliver",
        functions: &["RelayFunction", "NotifyFunction"],
        scenario: |clients, _| Box::pin(deliver(clients)),
    },
];

fn three_orders(sku: &str) -> Vec<Value> {
    let skus = [sku, "mug", "press-shirt"];
    vec![
        order("one", Some("external-1"), &skus[..1]),
        order("two", Some("external-2"), &skus[..2]),
        order("three", None, &[sku, sku, sku]),
    ]
}

/// A line is cancelled after the vendor has accepted it and its neighbour, and before it ships.
async fn cancel_of_a_line(clients: &Clients<'_>) {
    clients.create(MERCHANTS[0], order("one", None, &["press-mug", "press-shirt", "mug"])).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    clients.cancel("one", Some(vec![1])).await;
}

/// The whole order is cancelled while its submission to the vendor is in flight.
async fn cancel_in_flight(clients: &Clients<'_>, outsiders: &Outsiders) {
    clients.create(MERCHANTS[0], order("one", None, &["press-mug", "press-shirt"])).await;
    for _ in 0..10_000 {
        if !outsiders.notes().made.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    clients.cancel("one", None).await;
}

/// A vendor ships in two parcels, which are delivered.
async fn ship(clients: &Clients<'_>, outsiders: &Outsiders) {
    clients.create(MERCHANTS[0], order("one", None, &["press-mug", "press-shirt", "press-cap"])).await;
    outsiders.work_during(clients.world, tokio::time::sleep(Duration::from_secs(120))).await;
}

/// Every event is delivered, to two subscriptions.
async fn deliver(clients: &Clients<'_>) {
    clients.subscribe(MERCHANTS[0], &["OrderCreation", "OrderUpdate", "ShipmentCreated", "ShipmentUpdate"]).await;
    clients.subscribe(MERCHANTS[0], &["OrderUpdate"]).await;
    clients.create(MERCHANTS[0], order("one", None, &["mug", "press-mug"])).await;
}
