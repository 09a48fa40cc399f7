//! A merchant's orders as the model has them, and what an answer must be.

use std::fmt;

use fastrand::Rng;
use serde_json::{Value, json};

use super::aggregate::{Line, Order};
use super::shipment::{Parcel, REJECTED, SHIPPED};
use super::updates::Violation;

/// A request, as it is printed when it is answered otherwise than the model says.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Request {
    pub(super) fn get(path: String) -> Self {
        Self { method: "GET", path, headers: Vec::new(), body: String::new() }
    }

    pub(super) fn post(path: impl Into<String>, body: &Value) -> Self {
        Self { method: "POST", path: path.into(), headers: Vec::new(), body: body.to_string() }
    }

    pub(super) fn patch(path: impl Into<String>, body: &Value) -> Self {
        Self { method: "PATCH", ..Self::post(path, body) }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl fmt::Display for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, headers, body } = self;
        write!(formatter, "{method} {path} {headers:?} {body}")
    }
}

/// What must be answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected {
    pub(super) status: u16,
    /// Of a refusal.
    pub(super) code: Option<&'static str>,
    /// Rules that must be among the broken ones.
    pub(super) violations: Vec<Violation>,
    /// Members that must be so.
    pub(super) body: Option<Value>,
    /// The version in the `ETag`.
    pub(super) version: Option<u64>,
    pub(super) replayed: bool,
    /// The order whose id the answer tells.
    pub(super) created: Option<usize>,
    /// The entries of a bulk.
    pub(super) bulk: Option<Vec<Self>>,
    /// The orders of a list, in any order.
    pub(super) orders: Option<Vec<Value>>,
}

impl Expected {
    pub(super) fn refused(status: u16, code: &'static str) -> Self {
        Self { status, code: Some(code), ..Self::default() }
    }

    pub(super) fn invalid(violations: Vec<Violation>) -> Self {
        Self { violations, ..Self::refused(400, "VALIDATION_FAILED") }
    }

    pub(super) fn order(status: u16, order: &Order) -> Self {
        Self { status, body: Some(json!({"order": order.wire()})), version: Some(order.version), ..Self::default() }
    }

    pub(super) fn bulk(entries: Vec<Self>) -> Self {
        Self { status: 200, bulk: Some(entries), ..Self::default() }
    }
}

pub(super) const NOT_FOUND: (u16, &str) = (404, "NOT_FOUND");
pub(super) const STATE_NOT_ALLOWED: (u16, &str) = (422, "STATE_NOT_ALLOWED");
pub(super) const STALE: (u16, &str) = (412, "PRECONDITION_FAILED");

pub(super) fn refuse((status, code): (u16, &'static str)) -> Expected {
    Expected::refused(status, code)
}

/// A request, what must come of it, and the orders that it may have set going.
pub(super) struct Step {
    pub(super) request: Request,
    pub(super) expected: Expected,
    pub(super) touched: Vec<usize>,
}

/// Which order a request names.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Own(usize),
    /// Another merchant's, or nobody's.
    Other(String),
    /// No id at all.
    Malformed,
}

/// What a request says in `If-Match`.
#[derive(Clone, Debug)]
pub(super) enum Tag {
    None,
    /// The present version is among these.
    Good(String),
    Stale(String),
    /// No tag of an order at all.
    Garbage,
}

/// Ids of another merchant.
#[derive(Clone, Debug)]
pub(super) struct Stranger {
    pub(super) order: String,
    pub(super) safe_id: String,
    pub(super) item: String,
    pub(super) shipment: String,
}

/// One merchant.
pub(super) struct World {
    pub(super) rng: Rng,
    pub(super) orders: Vec<Order>,
    pub(super) stranger: Stranger,
    pub(super) named: usize,
}

impl World {
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(0..100) < percent
    }

    /// An order of the merchant, of the newest more often, so that some of them live long; none before the first.
    pub(super) fn any_order(&mut self) -> Option<usize> {
        let count = self.orders.len();
        let newest = count.saturating_sub(6);
        let from = if self.chance(70) { newest } else { 0 };
        (count > 0).then(|| self.rng.usize(from..count))
    }

    pub(super) fn target(&mut self) -> Target {
        match (self.rng.u32(0..100), self.any_order()) {
            (0..2, _) => Target::Malformed,
            (2..4, _) => Target::Other("a".repeat(21) + "000"),
            (4..7, _) | (_, None) => Target::Other(self.stranger.order.clone()),
            (_, Some(index)) => Target::Own(index),
        }
    }

    pub(super) fn id_of(&self, target: &Target) -> String {
        match target {
            Target::Own(index) => self.orders[*index].id.clone(),
            Target::Other(id) => id.clone(),
            Target::Malformed => "no-id".to_owned(),
        }
    }

    pub(super) fn order_of(&self, target: &Target) -> Option<usize> {
        match target {
            Target::Own(index) => Some(*index),
            _ => None,
        }
    }

    pub(super) fn tag(&mut self, target: &Target) -> Tag {
        let version = self.order_of(target).map_or(1, |index| self.orders[index].version);
        match self.rng.u32(0..100) {
            0..60 => Tag::None,
            60..78 => Tag::Good(format!("\"{version}\"")),
            78..82 => Tag::Good("*".to_owned()),
            82..86 => Tag::Good(format!("\"99999\", \"{version}\"")),
            86..91 => Tag::Stale(format!("\"{}\"", version + 1)),
            91..97 => Tag::Stale(format!("\"{}\"", version - 1)),
            _ => Tag::Garbage,
        }
    }

    /// The order that a change is made to, or why it is not, in the order in which that is told: what the body breaks, the
    /// order, its version. What it breaks is known in part without the order (`alone`).
    #[expect(clippy::result_large_err, reason = "a test's own answers are few")]
    pub(super) fn addressed(
        &self,
        target: &Target,
        tag: &Tag,
        (alone, broken): (Vec<Violation>, Vec<Violation>),
    ) -> Result<usize, Expected> {
        match (target, tag) {
            (Target::Own(_), _) if !broken.is_empty() => Err(Expected::invalid(broken)),
            (Target::Own(_), Tag::Garbage | Tag::Stale(_)) => Err(refuse(STALE)),
            (Target::Own(index), _) => Ok(*index),
            _ if !alone.is_empty() => Err(Expected::invalid(alone)),
            _ => Err(refuse(NOT_FOUND)),
        }
    }

    pub(super) fn item_id(&self, order: usize, item: usize) -> String {
        let id = &self.orders[order].id;
        format!("{}{:03x}", id.get(..21).unwrap(), item + 1)
    }

    /// A shipment as it is read.
    pub(super) fn shipment(&self, order: usize, number: usize) -> Value {
        let (of, shipment) = (&self.orders[order], &self.orders[order].shipments[number]);
        let ids = |lines: &[usize]| lines.iter().map(|line| self.item_id(order, *line)).collect::<Vec<_>>();
        let parcel =
            |parcel: &Parcel| json!({"carrierTrackingNumber": parcel.tracking, "orderItemIDs": ids(&parcel.lines)});
        let item = |line: &usize| {
            let item = &of.items[*line];
            json!({"sku": item.sku, "quantity": item.left(), "status": number_of(item.line)})
        };
        json!({
            "id": of.shipment_ids[number], "orderId": of.id, "vendorId": shipment.vendor, "shipmentStatus": shipment.status,
            "isRejectedByVendor": shipment.status == REJECTED, "orderItemIDs": ids(&shipment.lines),
            "packages": shipment.parcels.iter().map(parcel).collect::<Vec<_>>(),
            "orderItems": shipment.lines.iter().map(item).collect::<Vec<_>>(),
        })
    }

    /// A shipment, of those that are not sent yet more often.
    pub(super) fn any_shipment(&mut self) -> Option<(usize, usize)> {
        let all = |order: usize, orders: &[Order]| (0..orders[order].shipments.len()).map(move |one| (order, one));
        let found: Vec<(usize, usize)> = (0..self.orders.len()).flat_map(|order| all(order, &self.orders)).collect();
        let is_young = |(order, one): &&(usize, usize)| self.orders[*order].shipments[*one].status < SHIPPED;
        let young: Vec<(usize, usize)> = found.iter().filter(is_young).copied().collect();
        let prefers_young = self.chance(70);
        let among = if prefers_young && !young.is_empty() { young } else { found };
        (!among.is_empty()).then(|| among[self.rng.usize(0..among.len())])
    }
}

/// The status of an item as the shipment service has it.
const fn number_of(line: Line) -> u8 {
    match line {
        Line::Open => 1,
        Line::Processing => 2,
        Line::Fulfilled => 3,
        Line::Cancelled => 4,
        Line::Failed => 5,
    }
}

/// Sets the `If-Match` of a tag.
pub(super) fn tagged(request: Request, tag: &Tag) -> Request {
    match tag {
        Tag::None => request,
        Tag::Good(text) | Tag::Stale(text) => request.with("if-match", text),
        Tag::Garbage => request.with("if-match", "W/\"1\""),
    }
}
