//! Realistic clients: they retry requests without an answer or with a transient error for a while, with the same body,
//! and then give up. The [`Ledger`] records what they sent and what they were told.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use local::simulation::{Reply, World};
use serde_json::{Value, json};
use shared::ids::OrderId;

use crate::ground::{MERCHANTS, Merchant, SUBSCRIBER_HOST};

/// A network order sent by a client.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) merchant: Merchant,
    pub(crate) body: Value,
    /// The ids returned for it; more than one breaks a rule.
    pub(crate) ids: BTreeSet<String>,
    /// How often it was answered 201.
    pub(crate) created: usize,
    /// Rejected permanently: another order has its external id.
    pub(crate) refused: bool,
    /// The requested cancels.
    pub(crate) cancels: Vec<Cancel>,
    /// Whether it was put on hold or waits for a start: its client lets it continue in the end.
    pub(crate) is_stopped: bool,
}

/// A requested cancel.
#[derive(Clone, Debug)]
pub(crate) struct Cancel {
    /// `None` for the whole order.
    pub(crate) lines: Option<Vec<usize>>,
    pub(crate) acknowledged: bool,
}

/// An order of the bulk order API.
#[derive(Clone, Debug)]
pub(crate) struct Bought {
    pub(crate) merchant: Merchant,
    pub(crate) number: Option<String>,
    /// The transaction ids returned for it.
    pub(crate) ids: BTreeSet<String>,
    /// Whether the wallet's balance was too low.
    pub(crate) refused: bool,
}

/// What clients sent and received.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) orders: RefCell<BTreeMap<String, Sent>>,
    pub(crate) purchases: RefCell<Vec<Bought>>,
    /// Receipts of inbound orders, with their merchants.
    pub(crate) receipts: RefCell<BTreeSet<(&'static str, String)>>,
}

/// The clients of one world.
pub(crate) struct Clients<'a> {
    pub(crate) world: &'a World,
    pub(crate) ledger: &'a Ledger,
    /// Maximum attempts per request.
    pub(crate) attempts_max: usize,
}

/// A network order with its own safe id, and a line for each SKU.
pub(crate) fn order(safe_id: &str, external_id: Option<&str>, skus: &[&str]) -> Value {
    let items: Vec<Value> = skus.iter().map(|sku| json!({"sku": sku, "quantity": 1})).collect();
    let mut order = json!({
        "safeId": safe_id,
        "shippingAddress": {"firstName": "Ada", "line1": "1 Main St", "city": "Springfield", "countryCode": "US"},
        "items": items,
    });
    if let Some(external_id) = external_id {
        order["externalId"] = json!(external_id);
    }
    order
}

impl Clients<'_> {
    /// Retries until there is a final answer.
    pub(crate) async fn send(
        &self,
        merchant: Merchant,
        method: &str,
        path: &str,
        body: &Value,
        mut is_done: impl FnMut(&Reply) -> bool,
    ) -> bool {
        for attempt in 0..self.attempts_max {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(500 + self.world.below(20_000))).await;
            }
            if let Some(reply) = self.world.send(method, path, merchant.headers, body).await
                && is_done(&reply)
                && !reply.is_passing()
            {
                return true;
            }
        }
        false
    }

    /// `POST /order/v1/orders`.
    pub(crate) async fn create(&self, merchant: Merchant, body: Value) {
        self.note(merchant, &body);
        self.send(merchant, "POST", "/order/v1/orders", &body, |reply| {
            self.record_answer(&body, reply.status, &reply.body);
            true
        })
        .await;
    }

    /// `POST /order/v1/orders/bulk`: retried until each order is settled.
    pub(crate) async fn create_bulk(&self, merchant: Merchant, bodies: Vec<Value>) {
        for body in &bodies {
            self.note(merchant, body);
        }
        let bulk = json!({ "bulk": bodies });
        self.send(merchant, "POST", "/order/v1/orders/bulk", &bulk, |reply| {
            let mut all_settled = true;
            for (body, item) in bodies.iter().zip(reply.body["bulk"].as_array().into_iter().flatten()) {
                let status = u16::try_from(item["status"].as_u64().unwrap_or(0)).unwrap_or(0);
                all_settled &= status < 500;
                self.record_answer(body, status, &item["response"]);
            }
            all_settled
        })
        .await;
    }

    /// `POST /order/v1/inbound/orders`, then polls the receipt until it has ended. A received order must become an
    /// order.
    pub(crate) async fn submit(&self, merchant: Merchant, body: Value) {
        const INBOUND: &str = "/order/v1/inbound/orders";
        self.note(merchant, &body);
        let mut receipt = None;
        self.send(merchant, "POST", INBOUND, &json!({ "body": body }), |reply| {
            match reply.status {
                202 => receipt = reply.body["receipt"]["id"].as_str().map(str::to_owned),
                429 | 500.. => {}
                other => panic!("a valid inbound order was answered {other}: {}", reply.body),
            }
            true
        })
        .await;
        let receipt = receipt.unwrap();
        self.ledger.receipts.borrow_mut().insert((merchant.id, receipt.clone()));
        for _ in 0..1_000 {
            tokio::time::sleep(Duration::from_secs(10)).await;
            let reply = self.world.send("GET", &format!("{INBOUND}/{receipt}"), merchant.headers, &Value::Null).await;
            let Some(reply) = reply.filter(|reply| !reply.is_passing()) else { continue };
            let shown = &reply.body["receipt"];
            match shown["status"].as_str() {
                Some("Received") => {}
                Some("Accepted") => return self.record_answer(&body, 200, &json!({"order": {"id": shown["orderId"]}})),
                _ => panic!("a valid inbound order became {}", reply.body),
            }
        }
    }

    fn note(&self, merchant: Merchant, body: &Value) {
        let safe_id = body["safeId"].as_str().unwrap().to_owned();
        let sent = Sent {
            merchant,
            body: body.clone(),
            ids: BTreeSet::new(),
            created: 0,
            refused: false,
            cancels: Vec::new(),
            is_stopped: body["automaticProcessing"] == json!(false),
        };
        self.ledger.orders.borrow_mut().entry(safe_id).or_insert(sent);
    }

    fn record_answer(&self, body: &Value, status: u16, answer: &Value) {
        let mut orders = self.ledger.orders.borrow_mut();
        let sent = orders.get_mut(body["safeId"].as_str().unwrap()).unwrap();
        match status {
            200 | 201 => {
                sent.ids.insert(answer["order"]["id"].as_str().unwrap().to_owned());
                sent.created += usize::from(status == 201);
            }
            409 => sent.refused = true,
            429 | 500.. => {}
            other => panic!("a valid order was answered {other}: {answer}"),
        }
    }

    /// `POST /order/v1/orders/{orderId}/cancel`: the whole order, or these lines of it. Skips an order whose id no
    /// client knows.
    pub(crate) async fn cancel(&self, safe_id: &str, lines: Option<Vec<usize>>) {
        let Some((merchant, id)) = self.known(safe_id) else { return };
        let mut body = json!({"reason": "changed my mind"});
        if let Some(lines) = &lines {
            let id = OrderId::parse(&id).unwrap();
            body["items"] = lines.iter().map(|line| json!({"itemId": id.item_id(*line)})).collect();
        }
        let index = {
            let mut orders = self.ledger.orders.borrow_mut();
            let cancels = &mut orders.get_mut(safe_id).unwrap().cancels;
            cancels.push(Cancel { lines, acknowledged: false });
            cancels.len() - 1
        };
        self.change(merchant, &id, "cancel", &body, |status| {
            if status == 200 {
                let mut orders = self.ledger.orders.borrow_mut();
                orders.get_mut(safe_id).unwrap().cancels[index].acknowledged = true;
            }
        })
        .await;
    }

    /// `POST /order/v1/orders/{orderId}/customerCareHold`.
    pub(crate) async fn hold(&self, safe_id: &str) {
        let Some((merchant, id)) = self.known(safe_id) else { return };
        self.ledger.orders.borrow_mut().get_mut(safe_id).unwrap().is_stopped = true;
        self.change(merchant, &id, "customerCareHold", &json!({"reason": "to be looked at"}), |_| {}).await;
    }

    /// `startProcessing` and `customerCareHold/release`: lets the order continue.
    pub(crate) async fn let_continue(&self, safe_id: &str) {
        let Some((merchant, id)) = self.known(safe_id) else { return };
        self.change(merchant, &id, "customerCareHold/release", &Value::Null, |_| {}).await;
        self.change(merchant, &id, "startProcessing", &Value::Null, |_| {}).await;
    }

    fn known(&self, safe_id: &str) -> Option<(Merchant, String)> {
        let orders = self.ledger.orders.borrow();
        let sent = orders.get(safe_id)?;
        Some((sent.merchant, sent.ids.first()?.clone()))
    }

    /// Changes an order, whose state may reject it.
    async fn change(&self, merchant: Merchant, id: &str, what: &str, body: &Value, record_answer: impl Fn(u16)) {
        let path = format!("/order/v1/orders/{id}/{what}");
        self.send(merchant, "POST", &path, body, |reply| {
            match reply.status {
                200 | 422 | 429 | 500.. => record_answer(reply.status),
                other => panic!("{path} was answered {other}: {}", reply.body),
            }
            true
        })
        .await;
    }

    /// `POST /webhook/v1/subscriptions` for these events, until one exists.
    pub(crate) async fn subscribe(&self, merchant: Merchant, events: &[&str]) {
        let body = json!({"url": format!("https://{SUBSCRIBER_HOST}/{}", merchant.id), "events": events});
        let is_there = self.send(merchant, "POST", "/webhook/v1/subscriptions", &body, |reply| {
            assert!(reply.status == 201 || reply.is_passing(), "a subscription was answered {}", reply.body);
            true
        });
        is_there.await;
    }

    /// `POST /v2/orders`: buys this many cards; with a client order number, a retry buys nothing twice.
    pub(crate) async fn buy(&self, merchant: Merchant, quantity: u64, number: Option<String>) {
        let mut body = json!({"products": [{"sku": "CARD", "quantity": quantity}]});
        if let Some(number) = &number {
            body["clientOrderNumber"] = json!(number);
            body["enableClientOrderNumberDupCheck"] = json!(true);
        }
        let mut bought = Bought { merchant, number, ids: BTreeSet::new(), refused: false };
        self.send(merchant, "POST", "/v2/orders", &body, |reply| {
            match reply.status {
                200 => bought.ids.extend(reply.body["data"]["transactionId"].as_str().map(str::to_owned)),
                409 => bought.ids.extend(reply.body["meta"]["transactionId"].as_str().map(str::to_owned)),
                402 => bought.refused = true,
                429 | 500.. => {}
                other => panic!("a valid purchase was answered {other}: {}", reply.body),
            }
            true
        })
        .await;
        self.ledger.purchases.borrow_mut().push(bought);
    }

    /// Retries everything that was not settled, now without faults.
    pub(crate) async fn finish(&self) {
        for merchant in MERCHANTS {
            let open: Vec<Value> = {
                let orders = self.ledger.orders.borrow();
                let open = orders.values().filter(|sent| sent.merchant == merchant && !sent.refused);
                open.map(|sent| sent.body.clone()).collect()
            };
            for bulk in open.chunks(100) {
                self.create_bulk(merchant, bulk.to_vec()).await;
            }
        }
        let stopped: Vec<String> = {
            let orders = self.ledger.orders.borrow();
            orders.iter().filter(|(_, sent)| sent.is_stopped).map(|(safe_id, _)| safe_id.clone()).collect()
        };
        for safe_id in stopped {
            self.let_continue(&safe_id).await;
        }
    }
}
