//! The flows whose every call is a point at which a process may end.

use std::future::Future;
use std::pin::Pin;

use crate::clients::{Clients, order};
use crate::ground::MERCHANTS;

type Scenario = for<'a> fn(&'a Clients<'a>) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// One flow.
#[derive(Clone, Copy)]
pub(crate) struct Flow {
    pub(crate) name: &'static str,
    /// The functions whose calls are the flow's; each of them must have one.
    pub(crate) functions: &'static [&'static str],
    pub(crate) scenario: Scenario,
}

pub(crate) const FLOWS: &[Flow] = &[
    Flow {
        name: "create",
        functions: &["AuthorizerFunction", "OrdersCreateFunction"],
        scenario: |clients| Box::pin(clients.create(MERCHANTS[0], order("one", Some("external"), 1))),
    },
    Flow {
        name: "bulk create",
        functions: &["AuthorizerFunction", "OrdersCreateFunction"],
        scenario: |clients| Box::pin(clients.create_bulk(MERCHANTS[0], three_orders())),
    },
    Flow {
        name: "create of the bulk order API",
        functions: &["AuthorizerFunction", "OrdersCreateFunction"],
        scenario: |clients| Box::pin(clients.buy(MERCHANTS[0], 1, Some("number".to_owned()))),
    },
    Flow {
        name: "fulfil",
        functions: &["RelayFunction", "FulfilFunction"],
        scenario: |clients| Box::pin(clients.create_bulk(MERCHANTS[0], three_orders())),
    },
];

fn three_orders() -> Vec<serde_json::Value> {
    vec![order("one", Some("external-1"), 1), order("two", Some("external-2"), 2), order("three", None, 3)]
}
