//! Commands that create orders.

use serde_json::{Value, json};

use super::aggregate::{Item, Line, Order, amount};
use super::updates::Violation;
use super::world::{Expected, Request, Step, World, refuse};

const ORDERS: &str = "/order/v1/orders";

/// The body of a create, and its expected effect.
struct Draft {
    body: Value,
    kind: Kind,
}

enum Kind {
    /// Valid.
    Valid(Box<Order>),
    /// Repeats the body of the order at an index.
    Same(usize),
    /// Another body under the safe id of the order at an index.
    Other,
    Broken(Violation),
    Foreign,
    /// An unknown member: an error if the call is strict.
    Odd(Box<Order>),
}

impl World {
    pub(super) fn create(&mut self) -> Step {
        if self.chance(2) {
            let request = Request { body: "{\"items\":".to_owned(), ..Request::post(ORDERS, &json!({})) };
            let expected = Expected::invalid(vec![("NOT_JSON", String::new())]);
            return Step { request, expected, touched: Vec::new() };
        }
        let strict = self.chance(10);
        let draft = self.draft();
        let request = preferring(Request::post(ORDERS, &draft.body), strict);
        let (expected, touched) = self.outcome(draft.kind, strict);
        Step { request, expected: Expected { version: None, ..expected }, touched: touched.into_iter().collect() }
    }

    pub(super) fn create_bulk(&mut self) -> Step {
        let strict = self.chance(10);
        let (mut bodies, mut entries, mut touched) = (Vec::new(), Vec::new(), Vec::new());
        let mut names = Vec::new();
        for index in 0..self.rng.usize(0..5) {
            let draft = self.draft();
            let name = draft.body["safeId"].clone();
            // A safe id that occurs twice in a bulk causes a warning, which is an error for a strict client.
            let repeats = strict && names.contains(&name) && !matches!(draft.kind, Kind::Broken(_));
            names.push(name);
            bodies.push(draft.body);
            let (mut expected, made) = match repeats {
                true => (Expected::invalid(vec![("DUPLICATE_SAFE_ID", "/safeId".to_owned())]), None),
                false => self.outcome(draft.kind, strict),
            };
            for (_, pointer) in &mut expected.violations {
                pointer.insert_str(0, &format!("/bulk/{index}"));
            }
            entries.push(Expected { version: None, replayed: false, ..expected });
            touched.extend(made);
        }
        let request = preferring(Request::post(format!("{ORDERS}/bulk"), &json!({"bulk": bodies})), strict);
        let expected = match entries.is_empty() {
            true => Expected::invalid(vec![("TOO_FEW", "/bulk".to_owned())]),
            false => Expected::bulk(entries),
        };
        Step { request, expected, touched }
    }

    /// The outcome of a draft; adds the order if it creates one.
    fn outcome(&mut self, kind: Kind, strict: bool) -> (Expected, Option<usize>) {
        let order = match kind {
            Kind::Broken(violation) => return (Expected::invalid(vec![violation]), None),
            Kind::Foreign => return (refuse((403, "MERCHANT_MISMATCH")), None),
            Kind::Other => return (refuse((409, "SAFE_ID_EXISTS")), None),
            Kind::Odd(_) if strict => return (Expected::invalid(vec![("UNKNOWN_MEMBER", "/colour".to_owned())]), None),
            Kind::Same(index) => {
                return (Expected { replayed: true, ..Expected::order(200, &self.orders[index]) }, None);
            }
            Kind::Valid(order) | Kind::Odd(order) => order,
        };
        let is_taken = order.external_id.is_some() && self.orders.iter().any(|it| it.external_id == order.external_id);
        if is_taken && order.created["allowExternalOrderIdDuplication"] != true {
            return (refuse((409, "EXTERNAL_ID_EXISTS")), None);
        }
        let mut expected = Expected::order(201, &order);
        expected.created = Some(self.orders.len());
        self.orders.push(*order);
        (expected, Some(self.orders.len() - 1))
    }

    fn draft(&mut self) -> Draft {
        let known = self.any_order();
        let kind = self.rng.u32(0..100);
        if let (0..12, Some(index)) = (kind, known) {
            return Draft { body: self.orders[index].created.clone(), kind: Kind::Same(index) };
        }
        let order = Box::new(self.new_order());
        let mut body = order.created.clone();
        let kind = match (kind, known) {
            (12..18, Some(index)) => {
                body["safeId"] = json!(self.orders[index].safe_id);
                body["externalId"] = json!(self.orders[index].external_id);
                body["allowExternalOrderIdDuplication"] = json!(true);
                body["languageCode"] = json!("PT");
                Kind::Other
            }
            (18..21, _) => {
                body["items"][0]["quantity"] = json!(0);
                Kind::Broken(("OUT_OF_RANGE", "/items/0/quantity".to_owned()))
            }
            (21..24, _) => {
                body["shippingAddress"] = Value::Null;
                Kind::Broken(("REQUIRED", "/shippingAddress".to_owned()))
            }
            (24..26, _) => {
                body["isTest"] = json!("yes");
                Kind::Broken(("WRONG_TYPE", "/isTest".to_owned()))
            }
            (26..28, _) => {
                body["safeId"] = json!("a b");
                Kind::Broken(("INVALID_FORMAT", "/safeId".to_owned()))
            }
            (28..31, _) => {
                body["merchantId"] = json!("ffffffff-ffff-4fff-bfff-ffffffffffff");
                Kind::Foreign
            }
            (31..37, _) => {
                body["colour"] = json!("red");
                Kind::Odd(order)
            }
            _ => Kind::Valid(order),
        };
        Draft { body, kind }
    }

    fn new_order(&mut self) -> Order {
        self.named += 1;
        let external_id = self.chance(30).then(|| format!("external-{}", self.rng.u32(0..12)));
        let allows_duplicate = self.chance(30);
        let count = self.rng.usize(1..4);
        let items: Vec<Item> = (0..count).map(|_| self.new_item()).collect();
        let mut order = Order {
            id: String::new(),
            safe_id: format!("order-{}", self.named),
            external_id,
            created: Value::Null,
            city: "Springfield".to_owned(),
            note: self.chance(50).then(|| "created".to_owned()),
            total: None,
            is_sample: false,
            items,
            automatic: self.chance(40),
            hold: None,
            failure: None,
            shipments: Vec::new(),
            shipment_ids: Vec::new(),
            version: 1,
        };
        order.created = body_of(&order, allows_duplicate);
        order
    }

    fn new_item(&mut self) -> Item {
        let rng = &mut self.rng;
        let sku = rng.choice(["HAND-1", "HAND-2", "KNIT-1"]).unwrap().to_owned();
        let cents = |rng: &mut fastrand::Rng, percent: u32| (rng.u32(0..100) < percent).then(|| rng.i64(1..3000));
        let price = cents(rng, 70);
        Item {
            sku,
            quantity: rng.i64(1..6),
            cancelled: 0,
            price,
            // A total would have to match the price, or a strict call rejects it.
            subtotal: cents(rng, 50).filter(|_| price.is_none()),
            discount: cents(rng, 30).unwrap_or(0),
            shipping: cents(rng, 50).unwrap_or(0),
            note: None,
            line: Line::Open,
            ready: *rng.choice(&[None, None, None, Some(true), Some(false)]).unwrap(),
            refunded: [0, 0],
            refunds: 0,
        }
    }
}

fn preferring(request: Request, strict: bool) -> Request {
    if strict { request.with("prefer", "handling=strict") } else { request }
}

/// The body that creates an order.
fn body_of(order: &Order, allows_duplicate: bool) -> Value {
    let item = |item: &Item| {
        let mut body = json!({"sku": item.sku, "quantity": item.quantity});
        let amounts = [
            ("customerPrice", item.price),
            ("customerSubtotal", item.subtotal),
            ("customerDiscountsOrPromotions", Some(item.discount).filter(|cents| *cents > 0)),
            ("customerShippingPrice", Some(item.shipping).filter(|cents| *cents > 0)),
        ];
        for (name, cents) in amounts {
            if let Some(cents) = cents {
                body[name] = amount(cents);
            }
        }
        if let Some(ready) = item.ready {
            body["fulfillmentReady"] = json!(ready);
        }
        body
    };
    let mut body = json!({
        "safeId": order.safe_id, "automaticProcessing": order.automatic,
        "shippingAddress": {"firstName": "Ada", "line1": "1 Main St", "city": order.city, "countryCode": "US"},
        "items": order.items.iter().map(item).collect::<Vec<_>>(),
    });
    if let Some(external_id) = &order.external_id {
        body["externalId"] = json!(external_id);
        body["allowExternalOrderIdDuplication"] = json!(allows_duplicate);
    }
    if let Some(note) = &order.note {
        body["meta"] = json!({"note": note});
    }
    body
}
