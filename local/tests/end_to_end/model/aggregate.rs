//! The specification of an order in the simplest terms. It deliberately does not use the domain crate, so that a
//! mistake there is not repeated here.

use serde_json::{Value, json};

use super::shipment::{ASSIGNED, CANCELLED, DELIVERED, IN_PRODUCTION, Parcel, Progress, REJECTED, SHIPPED, Shipment};

/// Status of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Open,
    Processing,
    Fulfilled,
    Cancelled,
    Failed,
}

impl Line {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Processing => "Processing",
            Self::Fulfilled => "Fulfilled",
            Self::Cancelled => "Cancelled",
            Self::Failed => "Failed",
        }
    }

    /// Neither sent nor cancelled.
    const fn is_owed(self) -> bool {
        !matches!(self, Self::Fulfilled | Self::Cancelled)
    }
}

/// An item. Amounts are in cents.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) sku: String,
    /// The ordered quantity.
    pub(super) quantity: i64,
    pub(super) cancelled: i64,
    pub(super) price: Option<i64>,
    pub(super) subtotal: Option<i64>,
    pub(super) discount: i64,
    pub(super) shipping: i64,
    pub(super) note: Option<String>,
    pub(super) line: Line,
    /// `fulfillmentReady`, if it was sent.
    pub(super) ready: Option<bool>,
    /// Refunds of its price and of its shipping.
    pub(super) refunded: [i64; 2],
    pub(super) refunds: usize,
}

impl Item {
    /// The refundable rest of the price or the shipping.
    pub(super) fn balance(&self, is_shipping: bool) -> i64 {
        let price = self.price.map(|price| price * self.quantity).or(self.subtotal).unwrap_or(0) - self.discount;
        let paid = if is_shipping { self.shipping } else { price.max(0) };
        paid - self.refunded[usize::from(is_shipping)]
    }

    pub(super) const fn left(&self) -> i64 {
        self.quantity - self.cancelled
    }

    /// The item's vendor: every vendor's SKUs start with its id.
    fn vendor(&self) -> String {
        self.sku.split('-').next().unwrap().to_lowercase()
    }
}

/// An order.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) safe_id: String,
    pub(super) external_id: Option<String>,
    /// The body that it was created with.
    pub(super) created: Value,
    pub(super) city: String,
    pub(super) note: Option<String>,
    pub(super) total: Option<i64>,
    pub(super) is_sample: bool,
    pub(super) items: Vec<Item>,
    pub(super) automatic: bool,
    pub(super) hold: Option<String>,
    pub(super) failure: Option<String>,
    pub(super) shipments: Vec<Shipment>,
    /// As reported by the answers.
    pub(super) shipment_ids: Vec<String>,
    pub(super) version: u64,
}

/// The state does not allow the command.
#[derive(Debug)]
pub(super) struct NotAllowed;

type Outcome = Result<(), NotAllowed>;

/// Units of an item to cancel; all of them without a count.
pub(super) type Cut = (usize, Option<i64>);

impl Order {
    /// The status that follows from the items alone.
    fn status_of_items(&self) -> &'static str {
        let has = |line: Line| self.items.iter().any(|item| item.line == line);
        match (has(Line::Open) || has(Line::Processing), has(Line::Failed), has(Line::Fulfilled)) {
            (true, _, true) => "PartiallyFulfilled",
            (true, _, false) if has(Line::Processing) => "Processing",
            (true, _, false) => "Open",
            (false, true, _) => "Failed",
            (false, false, true) => "Fulfilled",
            (false, false, false) => "Cancelled",
        }
    }

    fn has_ended(&self) -> bool {
        matches!(self.status_of_items(), "Fulfilled" | "Cancelled" | "Failed")
    }

    pub(super) fn status(&self) -> &'static str {
        if self.hold.is_some() && !self.has_ended() { "CustomerCareHold" } else { self.status_of_items() }
    }

    /// The members of the wire order that the model knows.
    pub(super) fn wire(&self) -> Value {
        let items: Vec<Value> = self.items.iter().map(|item| self.wire_item(item)).collect();
        json!({
            "id": Some(&self.id).filter(|id| !id.is_empty()), "safeId": self.safe_id, "externalId": self.external_id, "status": self.status(),
            "statusDesc": self.hold.as_ref().or(self.failure.as_ref()), "automaticProcessing": self.automatic,
            "shippingAddress": {"city": self.city}, "meta": self.note.as_ref().map_or(json!({}), |note| json!({"note": note})),
            "customerTotal": money(self.total), "isSample": self.is_sample, "items": items,
        })
    }

    fn wire_item(&self, item: &Item) -> Value {
        let is_cancelled = item.line == Line::Cancelled;
        let refunds = (item.refunds > 0).then(|| {
            json!({"remainingPriceBalance": amount(item.balance(false)), "remainingShippingBalance": amount(item.balance(true))})
        });
        json!({
            "sku": item.sku, "quantity": item.quantity, "status": item.line.name(),
            "cancelledQuantity": if is_cancelled { item.quantity } else { item.cancelled },
            "statusDesc": self.failure.as_ref().filter(|_| item.line == Line::Failed),
            "customerPrice": money(item.price), "fulfillmentReady": item.ready, "refundData": refunds,
            "meta": item.note.as_ref().map_or(json!({}), |note| json!({"note": note})),
        })
    }

    /// Raises the version if something changed.
    fn changed(&mut self, is_changed: bool) -> Outcome {
        if self.is_final() {
            self.hold = None;
        }
        self.version += u64::from(is_changed);
        Ok(())
    }

    /// Assigns vendors to the open items of an order that runs; returns whether there were any.
    pub(super) fn settle(&mut self) -> bool {
        let open: Vec<usize> = (0..self.items.len()).filter(|index| self.items[*index].line == Line::Open).collect();
        if !self.automatic || self.hold.is_some() || open.is_empty() {
            return false;
        }
        let first = self.shipments.len();
        for index in open {
            self.items[index].line = Line::Processing;
            let vendor = self.items[index].vendor();
            match self.shipments.iter_mut().skip(first).find(|shipment| shipment.vendor == vendor) {
                Some(shipment) => shipment.lines.push(index),
                None => {
                    let parcels = Vec::new();
                    self.shipments.push(Shipment { vendor, status: ASSIGNED, lines: vec![index], parcels });
                }
            }
        }
        self.version += 1;
        true
    }

    /// Nothing is left to do or to retry.
    fn is_final(&self) -> bool {
        matches!(self.status_of_items(), "Fulfilled" | "Cancelled")
    }

    pub(super) fn hold(&mut self, reason: &str) -> Outcome {
        let is_late = self.status_of_items() == "PartiallyFulfilled" && self.hold.is_none();
        if self.has_ended() || is_late {
            return Err(NotAllowed);
        }
        let before = self.hold.replace(reason.to_owned());
        self.changed(before.as_deref() != Some(reason))
    }

    pub(super) fn release(&mut self) -> Outcome {
        if self.is_final() {
            return Err(NotAllowed);
        }
        let before = self.hold.take();
        self.changed(before.is_some())
    }

    pub(super) fn start(&mut self) -> Outcome {
        if self.has_ended() {
            return Err(NotAllowed);
        }
        let mut is_new = !self.automatic;
        self.automatic = true;
        for item in &mut self.items {
            is_new |= item.ready == Some(false);
            item.ready = item.ready.map(|_| true);
        }
        self.changed(is_new)
    }

    /// Failed items return to the vendor that still has them, or are assigned anew.
    pub(super) fn refresh(&mut self) -> Outcome {
        if self.is_final() {
            return Err(NotAllowed);
        }
        let failed = self.lines(|line| line == Line::Failed);
        for index in &failed {
            let is_with_vendor = self.shipments.iter().any(|one| one.is_live() && one.lines.contains(index));
            self.items[*index].line = if is_with_vendor { Line::Processing } else { Line::Open };
        }
        self.failure = None;
        self.changed(!failed.is_empty())
    }

    fn lines(&self, wanted: impl Fn(Line) -> bool) -> Vec<usize> {
        (0..self.items.len()).filter(|index| wanted(self.items[*index].line)).collect()
    }

    pub(super) fn cancel(&mut self, cuts: Option<&[Cut]>) -> Outcome {
        if self.status_of_items() == "Fulfilled" {
            return Err(NotAllowed);
        }
        let Some(cuts) = cuts else {
            let owed = self.lines(Line::is_owed);
            self.call_off(&owed);
            return self.changed(!owed.is_empty());
        };
        let (mut whole, mut units) = (Vec::new(), Vec::new());
        for index in 0..self.items.len() {
            let asked: Vec<Option<i64>> = cuts.iter().filter(|(item, _)| *item == index).map(|(_, n)| *n).collect();
            let item = &self.items[index];
            let count: Option<i64> = asked.iter().copied().sum();
            if asked.is_empty() || (item.line == Line::Cancelled && count.is_none()) {
                continue;
            }
            let count = count.unwrap_or(item.left());
            if matches!(item.line, Line::Fulfilled | Line::Cancelled) || count > item.left() {
                return Err(NotAllowed);
            }
            if count == item.left() {
                whole.push(index);
            } else if item.line == Line::Failed {
                return Err(NotAllowed);
            } else {
                units.push((index, count));
            }
        }
        for (index, count) in &units {
            self.items[*index].cancelled += count;
        }
        self.call_off(&whole);
        self.changed(!whole.is_empty() || !units.is_empty())
    }

    fn call_off(&mut self, lines: &[usize]) {
        for index in lines {
            self.items[*index].line = Line::Cancelled;
        }
        self.withdraw(lines, None);
        self.forget_failure();
    }

    /// Closes shipments that have nothing left to make.
    fn withdraw(&mut self, lines: &[usize], except: Option<usize>) {
        for (index, shipment) in self.shipments.iter_mut().enumerate() {
            let is_concerned = shipment.lines.iter().any(|line| lines.contains(line));
            let is_done = !shipment.lines.iter().any(|line| self.items[*line].line.is_owed());
            if shipment.is_live() && is_concerned && is_done && except != Some(index) {
                shipment.status = if shipment.parcels.is_empty() { CANCELLED } else { SHIPPED };
            }
        }
    }

    fn forget_failure(&mut self) {
        if self.lines(|line| line == Line::Failed).is_empty() {
            self.failure = None;
        }
    }

    /// Refunds all items, or none and returns the positions that exceed the balance.
    pub(super) fn refund(&mut self, rows: &[(usize, bool, i64)]) -> Result<(), Vec<usize>> {
        let mut items = self.items.clone();
        let mut excesses = Vec::new();
        for (place, (index, is_shipping, cents)) in rows.iter().enumerate() {
            let item = &mut items[*index];
            if *cents > item.balance(*is_shipping) {
                excesses.push(place);
            } else {
                item.refunded[usize::from(*is_shipping)] += cents;
                item.refunds += 1;
            }
        }
        if !excesses.is_empty() {
            return Err(excesses);
        }
        self.items = items;
        self.version += 1;
        Ok(())
    }

    pub(super) fn report(&mut self, number: usize, progress: &Progress) -> Outcome {
        let status = self.shipments[number].status;
        let next = match (progress, status) {
            (Progress::InProduction, ASSIGNED | IN_PRODUCTION) => IN_PRODUCTION,
            (Progress::Delivered, SHIPPED | DELIVERED) => DELIVERED,
            (Progress::Rejected(_), REJECTED) => REJECTED,
            (Progress::Rejected(reason), ASSIGNED | IN_PRODUCTION) => {
                for index in self.shipments[number].lines.clone() {
                    if self.items[index].line == Line::Processing {
                        self.items[index].line = Line::Failed;
                    }
                }
                self.failure = Some(reason.clone());
                REJECTED
            }
            (Progress::Shipped(parcels), _) => return self.ship_all(number, parcels),
            _ => return Err(NotAllowed),
        };
        self.shipments[number].status = next;
        self.changed(next != status)
    }

    /// All parcels count, or none.
    fn ship_all(&mut self, number: usize, parcels: &[Parcel]) -> Outcome {
        let (mut next, mut sent) = (self.clone(), 0);
        for parcel in parcels {
            sent += usize::from(next.ship(number, parcel)?);
        }
        *self = next;
        self.changed(sent > 0)
    }

    /// Returns whether the parcel is new. Sent items are sent, even if we had given up on them.
    fn ship(&mut self, number: usize, parcel: &Parcel) -> Result<bool, NotAllowed> {
        let shipment = self.shipments[number].clone();
        let line = |index: &usize| self.items.get(*index).map(|item| item.line);
        let is_to_come = |index: &usize| matches!(line(index), Some(Line::Processing | Line::Failed));
        let all: Vec<usize> = shipment.lines.iter().copied().filter(is_to_come).collect();
        let lines = if parcel.lines.is_empty() { all } else { parcel.lines.clone() };
        let same = |known: &Parcel| {
            known.tracking == parcel.tracking && (parcel.lines.is_empty() || known.lines == parcel.lines)
        };
        if !lines.iter().any(is_to_come) && shipment.parcels.iter().any(same) {
            return Ok(false);
        }
        let is_of_it = |index: &usize| shipment.lines.contains(index) && is_to_come(index);
        let is_closed = matches!(shipment.status, CANCELLED | SHIPPED | DELIVERED);
        if is_closed || lines.is_empty() || !lines.iter().all(is_of_it) {
            return Err(NotAllowed);
        }
        for index in &lines {
            self.items[*index].line = Line::Fulfilled;
        }
        let is_done = !shipment.lines.iter().any(|line| self.items[*line].line.is_owed());
        let own = &mut self.shipments[number];
        own.parcels.push(Parcel { lines: lines.clone(), tracking: parcel.tracking.clone() });
        own.status = match own.status {
            _ if is_done => SHIPPED,
            REJECTED => REJECTED,
            _ => IN_PRODUCTION,
        };
        self.withdraw(&lines, Some(number));
        self.forget_failure();
        Ok(true)
    }
}

/// Cents as an order on the wire shows them.
fn money(cents: Option<i64>) -> Value {
    cents.map_or(Value::Null, |cents| json!({"currency": "USD", "amount": amount(cents)}))
}

/// Cents as a JSON number with the exact digits.
pub(super) fn amount(cents: i64) -> Value {
    let digits = format!("{}.{:02}", cents / 100, cents % 100);
    serde_json::from_str(digits.trim_end_matches('0').trim_end_matches('.')).unwrap()
}
