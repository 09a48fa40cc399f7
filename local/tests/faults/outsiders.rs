//! Realistic external machines: a vendor that accepts each idempotency key once, makes what it was sent, and reports
//! what it has shipped; and subscribers that record what they receive.
//!
//! Their calls, like the functions' calls to them, fail according to the world's plan.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use local::simulation::World;
use serde_json::{Value, json};

use crate::ground::{MERCHANTS, SUBSCRIBER_HOST, VENDOR_HOST};

/// What the vendor has for one shipment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    pub(crate) merchant: String,
    pub(crate) order: String,
    /// The idempotency keys under which it was submitted.
    pub(crate) keys: BTreeSet<String>,
    /// Items that are wanted and not recalled.
    pub(crate) items: Vec<String>,
    /// Items in parcels whose report was acknowledged.
    pub(crate) shipped: Vec<String>,
    /// Whether the report of its delivery was acknowledged.
    pub(crate) delivered: bool,
}

/// What subscribers received under one webhook id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// The subscribers, by path.
    pub(crate) paths: BTreeSet<String>,
    pub(crate) bodies: BTreeSet<String>,
    pub(crate) times: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// By shipment id.
    pub(crate) made: BTreeMap<String, Made>,
    /// Items of shipments that were cancelled before the vendor received them.
    pub(crate) unheard: BTreeMap<String, BTreeSet<String>>,
    /// By webhook id.
    pub(crate) heard: BTreeMap<String, Heard>,
    /// Requests that a vendor or a subscriber must never see.
    pub(crate) wrong: Vec<String>,
}

/// All external machines of one world. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outsiders(Arc<Mutex<Notes>>);

/// The vendor's polling interval; shorter than a world needs to settle.
const LOOK_MS_MAX: u64 = 15_000;

impl Outsiders {
    /// Connects them to a world.
    pub(crate) fn of(world: &World) -> Self {
        let outsiders = Self::default();
        let answering = outsiders.clone();
        world.outside.answer_with(move |request| answering.answer(request));
        outsiders
    }

    pub(crate) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap()
    }

    fn answer(&self, request: &Request<Bytes>) -> (StatusCode, String) {
        let mut notes = self.notes();
        let status = match request.uri().host() {
            Some(VENDOR_HOST) => notes.vendor(request),
            Some(SUBSCRIBER_HOST) => notes.subscriber(request),
            _ => StatusCode::NOT_FOUND,
        };
        (status, String::new())
    }

    /// Ships and reports while `others` runs, and one round longer.
    pub(crate) async fn work_during<T>(&self, world: &World, others: impl Future<Output = T>) -> T {
        let done = Cell::new(false);
        let others = async {
            let outcome = others.await;
            done.set(true);
            outcome
        };
        let own = async {
            while !done.get() {
                tokio::time::sleep(Duration::from_millis(1_000 + world.below(LOOK_MS_MAX))).await;
                self.report(world).await;
            }
        };
        futures_util::future::join(others, own).await.0
    }

    /// Whether the vendor has nothing left to ship.
    pub(crate) fn are_idle(&self) -> bool {
        self.notes().made.values().all(|made| made.next().is_none())
    }

    /// One round over everything that is to be shipped.
    async fn report(&self, world: &World) {
        let open: Vec<(String, Made)> = {
            let notes = self.notes();
            let open = notes.made.iter().filter(|(_, made)| made.next().is_some());
            open.map(|(id, made)| (id.clone(), made.clone())).collect()
        };
        let reports = open.iter().map(|(id, made)| async move {
            let merchant = MERCHANTS.iter().find(|merchant| merchant.id == made.merchant).unwrap();
            let Some(parcel) = made.next() else { return };
            let body = match &parcel {
                Parcel::Items(items) => json!({"shipmentStatus": "Shipped", "packages": [{
                    "carrierName": "Post", "carrierTrackingNumber": format!("T-{}", items.join("-")),
                    "orderItemIDs": items,
                }]}),
                Parcel::Arrival => json!({"shipmentStatus": "Delivered"}),
            };
            let path = format!("/shipment/v1/{id}/progress");
            let Some(reply) = world.send("POST", &path, merchant.vendor_headers, &body).await else { return };
            match reply.status {
                200 => self.note(id, parcel),
                // An item was cancelled, and its recall is in flight.
                422 | 429 | 500.. => {}
                other => self.notes().wrong.push(format!("a report of {id} was answered {other}: {}", reply.body)),
            }
        });
        futures_util::future::join_all(reports).await;
    }

    fn note(&self, id: &str, parcel: Parcel) {
        let mut notes = self.notes();
        let Some(made) = notes.made.get_mut(id) else { return };
        match parcel {
            Parcel::Items(items) => made.shipped.extend(items),
            Parcel::Arrival => made.delivered = true,
        }
    }
}

/// The next report.
enum Parcel {
    Items(Vec<String>),
    Arrival,
}

impl Made {
    /// The first of several items ships alone, then the rest; once everything is sent, it is delivered.
    fn next(&self) -> Option<Parcel> {
        let mut left: Vec<String> = self.items.iter().filter(|item| !self.shipped.contains(item)).cloned().collect();
        if left.is_empty() {
            return (!self.delivered && !self.items.is_empty()).then_some(Parcel::Arrival);
        }
        if self.shipped.is_empty() && left.len() > 2 {
            left.truncate(1);
        }
        Some(Parcel::Items(left))
    }
}

impl Notes {
    /// Handles a submission or a cancellation of items.
    fn vendor(&mut self, request: &Request<Bytes>) -> StatusCode {
        let key = header(request, "idempotency-key");
        let message: Value = serde_json::from_slice(request.body()).unwrap();
        let id = message["shipmentId"].as_str().unwrap().to_owned();
        let items: Vec<String> =
            message["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
        if key.is_empty() || header(request, "webhook-signature").is_empty() {
            self.wrong.push(format!("{id} came without a key or a signature"));
        }
        match message["type"].as_str() {
            Some("ShipmentSubmission") => self.submission(id, key, items, &message),
            Some("ShipmentCancellation") => self.cancellation(&id, &items),
            other => {
                self.wrong.push(format!("the vendor was sent {other:?}"));
                StatusCode::BAD_REQUEST
            }
        }
    }

    fn submission(&mut self, id: String, key: String, items: Vec<String>, message: &Value) -> StatusCode {
        let gone = self.unheard.get(&id).cloned().unwrap_or_default();
        if items.iter().any(|item| gone.contains(item)) {
            self.wrong.push(format!("{id} was submitted with items that were cancelled before"));
        }
        let text = |member: &str| message[member].as_str().unwrap_or_default().to_owned();
        let made = self.made.entry(id).or_insert_with(|| Made {
            merchant: text("merchantId"),
            order: text("orderId"),
            items,
            ..Made::default()
        });
        made.keys.insert(key);
        StatusCode::ACCEPTED
    }

    fn cancellation(&mut self, id: &str, items: &[String]) -> StatusCode {
        let Some(made) = self.made.get_mut(id) else {
            self.unheard.entry(id.to_owned()).or_default().extend(items.iter().cloned());
            return StatusCode::NOT_FOUND;
        };
        if let Some(sent) = items.iter().find(|item| made.shipped.contains(item)) {
            self.wrong.push(format!("{sent} was cancelled although its parcel was acknowledged"));
        }
        made.items.retain(|item| !items.contains(item));
        StatusCode::OK
    }

    fn subscriber(&mut self, request: &Request<Bytes>) -> StatusCode {
        let id = header(request, "webhook-id");
        if id.is_empty() || header(request, "webhook-signature").is_empty() {
            self.wrong.push("a webhook came without an id or a signature".to_owned());
        }
        let heard = self.heard.entry(id).or_default();
        heard.paths.insert(request.uri().path().to_owned());
        heard.bodies.insert(String::from_utf8_lossy(request.body()).into_owned());
        heard.times += 1;
        StatusCode::NO_CONTENT
    }
}

fn header(request: &Request<Bytes>, name: &str) -> String {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// Lets a world settle while everybody outside keeps working; returns the reasons if it does not.
pub(crate) async fn rest(world: &World, outsiders: &Outsiders) -> Vec<String> {
    let failures = RefCell::new(Vec::new());
    let settle = async {
        // The vendor may have been about to report when the world settled.
        for _ in 0..100 {
            if let Err(error) = world.settle().await {
                failures.borrow_mut().push(error.to_string());
                return;
            }
            if outsiders.are_idle() {
                return;
            }
        }
        failures.borrow_mut().push("the vendor could not report all that it made".to_owned());
    };
    outsiders.work_during(world, settle).await;
    failures.into_inner()
}
