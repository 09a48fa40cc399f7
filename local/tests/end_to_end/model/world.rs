//! A merchant's orders in the model, and expected answers.

use std::fmt;

use fastrand::Rng;
use serde_json::{Value, json};

use super::aggregate::{Line, Order};
use super::shipment::{Parcel, REJECTED, SHIPPED};
use super::updates::Violation;

/// A request, as printed if its answer differs from the model.
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

/// The expected answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected {
    pub(super) status: u16,
    /// The code of an error.
    pub(super) code: Option<&'static str>,
    /// Violations that must be among those reported.
    pub(super) violations: Vec<Violation>,
    /// Expected members.
    pub(super) body: Option<Value>,
    /// The version in the `ETag`.
    pub(super) version: Option<u64>,
    pub(super) replayed: bool,
    /// The order whose id the answer returns.
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

/// A request, its expected answer, and the orders that it may have started.
pub(super) struct Step {
    pub(super) request: Request,
    pub(super) expected: Expected,
    pub(super) touched: Vec<usize>,
}

/// Which order a request names.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Own(usize),
    /// Another merchant's order, or one that does not exist.
    Other(String),
    /// A malformed id.
    Malformed,
}

/// The `If-Match` header of a request.
#[derive(Clone, Debug)]
pub(super) enum Tag {
    None,
    /// The current version is among these.
    Good(String),
    Stale(String),
    /// Not an order's tag.
    Garbage,
}

/// Ids of another merchant's resources.
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

    /// An order of the merchant, preferring the newest ones so that some live long; `None` before the first.
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

    /// The order to change, or the error in its precedence: violations of the body, then the order, then its version.
    /// Some violations are known without the order (`alone`).
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

    /// A shipment as read through the API.
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

    /// A shipment, preferring those that are not sent yet.
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

/// The status number of an item in the shipment service.
const fn number_of(line: Line) -> u8 {
    match line {
        Line::Open => 1,
        Line::Processing => 2,
        Line::Fulfilled => 3,
        Line::Cancelled => 4,
        Line::Failed => 5,
    }
}

/// Sets the `If-Match` header for a tag.
pub(super) fn tagged(request: Request, tag: &Tag) -> Request {
    match tag {
        Tag::None => request,
        Tag::Good(text) | Tag::Stale(text) => request.with("if-match", text),
        Tag::Garbage => request.with("if-match", "W/\"1\""),
    }
}
