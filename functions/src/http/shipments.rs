//! Handlers of the shipment service (`/shipment/v1`), its first part: reading, and the vendor's progress.
//!
//! A shipment is part of its order and its id contains the order's, so each is one read by key. A vendor sees its own
//! shipments with its own token; a merchant sees all of its orders' and reports for the vendors that have no program.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use shared::Code;
use shared::ids::{OrderId, ShipmentId};
use shared::limits::{KEYWORD_CHARACTERS_MAX, PACKAGES_MAX, REASON_CHARACTERS_MAX, URL_CHARACTERS_MAX};
use shared::network::shipment::{ShipmentOrder, ShipmentResponse};
use shared::order::{Command, Package, Progress, ShipmentStatus};
use shared::time::Timestamp;
use shared::vendor::Vendor;

use super::body::JsonBody;
use super::caller::{NetworkCaller, ShipmentCaller};
use super::manage::version_of;
use super::network::{is_strict, not_found};
use super::object::{Findings, Object};
use super::parameters::PathParameter;
use crate::app::manage_order::{Change, change_order};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::network_orders::FoundOrder;

/// `GET /shipment/v1/{shipmentId}`: 200 with the shipment and its order's `ETag`; 404.
pub(crate) async fn read(
    caller: ShipmentCaller,
    table: Table,
    PathParameter(shipment_id): PathParameter,
) -> Result<Response, Refusal> {
    let id = ShipmentId::parse(&shipment_id).map_err(|_| unknown(&shipment_id))?;
    let order = table.order(&caller.merchant, id.order()).await?.ok_or_else(|| unknown(&shipment_id))?;
    answer(&table, &caller, &id, &order).await
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shipments {
    shipments: Vec<ShipmentResponse>,
    page: u32,
    page_size: usize,
    next_cursor: Option<String>,
}

/// `GET /shipment/v1/orders/{orderId}/shipments`: 200 with all of them, oldest first; 404 without such an order.
pub(crate) async fn of_order(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(order_id): PathParameter,
) -> Result<Response, Refusal> {
    let id = OrderId::parse(&order_id).map_err(|_| not_found("orderId", &order_id))?;
    let order = table.order(&merchant, &id).await?.ok_or_else(|| not_found("orderId", &order_id))?;
    let vendors = table.vendors(&merchant).await?;
    let of = ShipmentOrder { merchant: &merchant, id: &id, request: &order.request, state: &order.state };
    let shipments: Vec<ShipmentResponse> = order
        .state
        .shipments
        .iter()
        .map(|shipment| of.shipment(shipment, name_of(&vendors, &shipment.vendor)))
        .collect();
    let page_size = shipments.len();
    Ok(tagged(&order, Json(Shipments { shipments, page: 1, page_size, next_cursor: None })))
}

/// `POST /shipment/v1/{shipmentId}/progress`: `{shipmentStatus, packages?, reason?}` from whoever makes the shipment.
///
/// `shipmentStatus` is 3 `InProduction`, 4 `Shipped`, 5 `Delivered` or 6 `Rejected`, as number or name. Each package has
/// `carrierName`, `carrierMethodName`, `carrierTrackingNumber`, `carrierLink`, `shippedDate` and `orderItemIDs`, all of
/// which may be absent; without `orderItemIDs` it holds all that was left. 200 with the shipment, also when it was told
/// before; 400; 404; 412; 422 with the reason.
pub(crate) async fn progress(
    caller: ShipmentCaller,
    table: Table,
    headers: HeaderMap,
    PathParameter(shipment_id): PathParameter,
    JsonBody(bytes): JsonBody,
) -> Result<Response, Refusal> {
    let id = ShipmentId::parse(&shipment_id).map_err(|_| unknown(&shipment_id))?;
    let reports = read_progress(&bytes, &id, table.context.now(), is_strict(&headers))?;
    let mut version = version_of(&headers)?;
    let mut order = None;
    for report in reports {
        let reason = match &report {
            Progress::Rejected { reason } => Some(reason.clone()),
            _ => None,
        };
        let actor = caller.vendor.as_ref().map(|vendor| format!("vendor:{vendor}"));
        let change = Change { merchant: &caller.merchant, id: id.order(), actor, reason, version: version.take() };
        let command = |order: &FoundOrder| {
            let shipment = order.state.shipment(id.number()).filter(|shipment| caller.may_see(&shipment.vendor));
            shipment.map(|_| Command::Report(id.number(), report.clone())).ok_or_else(|| unknown(&shipment_id))
        };
        order = change_order(&table, &change, command).await?;
    }
    let order = order.ok_or_else(|| unknown(&shipment_id))?;
    answer(&table, &caller, &id, &order).await
}

async fn answer(
    table: &Table,
    caller: &ShipmentCaller,
    id: &ShipmentId,
    order: &FoundOrder,
) -> Result<Response, Refusal> {
    let shipment = order.state.shipment(id.number()).filter(|shipment| caller.may_see(&shipment.vendor));
    let shipment = shipment.ok_or_else(|| unknown(&id.to_string()))?;
    let vendors = table.vendors(&caller.merchant).await?;
    let (request, state) = (&order.request, &order.state);
    let of = ShipmentOrder { merchant: &caller.merchant, id: id.order(), request, state };
    Ok(tagged(order, Json(of.shipment(shipment, name_of(&vendors, &shipment.vendor)))))
}

fn name_of(vendors: &[Vendor], id: &str) -> Option<String> {
    vendors.iter().find(|vendor| vendor.id == id).map(|vendor| vendor.name.clone())
}

fn tagged(order: &FoundOrder, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{}\"", order.state.version)) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

fn unknown(shipment_id: &str) -> Refusal {
    let shown: String = shipment_id.chars().take(shared::limits::ATTEMPTED_VALUE_BYTES_MAX).collect();
    Refusal::new(Code::NotFound, format!("no shipment has the id `{shown}`"))
}

/// What a body reports, in the order in which it happened.
fn read_progress(bytes: &[u8], id: &ShipmentId, now: Timestamp, strict: bool) -> Result<Vec<Progress>, Refusal> {
    let (object, mut findings) = (Object::read(bytes)?, Findings::default());
    let (mut status, mut packages, mut reason) = (None, Vec::new(), None);
    for (name, value) in object.members() {
        match name {
            "shipmentStatus" => status = read_status(&mut findings, value),
            "packages" if value.is_null() => {}
            "packages" => packages = read_packages(&mut findings, value, id.order(), now),
            "reason" if value.is_null() => {}
            "reason" => reason = read_text(&mut findings, "/reason", value, REASON_CHARACTERS_MAX),
            other => findings.unknown(other),
        }
    }
    if !object.members().any(|(name, _)| name == "shipmentStatus") {
        findings.required("/shipmentStatus");
    }
    if status == Some(ShipmentStatus::Rejected) && reason.is_none() {
        findings.required("/reason");
    }
    findings.settle(strict)?;
    Ok(match status {
        Some(ShipmentStatus::Shipped) if packages.is_empty() => vec![Progress::Shipped(empty_package(now))],
        Some(ShipmentStatus::Shipped) => packages.into_iter().map(Progress::Shipped).collect(),
        Some(ShipmentStatus::Delivered) => vec![Progress::Delivered],
        Some(ShipmentStatus::Rejected) => vec![Progress::Rejected { reason: reason.unwrap_or_default() }],
        _ => vec![Progress::InProduction],
    })
}

/// The states that a vendor reports.
const REPORTED: [ShipmentStatus; 4] =
    [ShipmentStatus::InProduction, ShipmentStatus::Shipped, ShipmentStatus::Delivered, ShipmentStatus::Rejected];

fn read_status(findings: &mut Findings, value: &Value) -> Option<ShipmentStatus> {
    let is_it = |status: &ShipmentStatus| {
        value.as_u64() == Some(u64::from(status.number())) || value.as_str() == Some(status.as_str())
    };
    let status = REPORTED.into_iter().find(is_it);
    if status.is_none() {
        let known: Vec<String> =
            REPORTED.iter().map(|status| format!("{} {}", status.number(), status.as_str())).collect();
        findings.broken(Code::InvalidFormat, "/shipmentStatus", &format!("one of {}", known.join(", ")), value);
    }
    status
}

fn empty_package(shipped_at: Timestamp) -> Package {
    Package { lines: Vec::new(), carrier: None, method: None, tracking: None, link: None, shipped_at }
}

fn read_packages(findings: &mut Findings, value: &Value, order: &OrderId, now: Timestamp) -> Vec<Package> {
    let Some(entries) = value.as_array() else {
        findings.broken(Code::WrongType, "/packages", "an array", value);
        return Vec::new();
    };
    if entries.len() > PACKAGES_MAX {
        findings.broken(Code::TooMany, "/packages", &format!("an array of at most {PACKAGES_MAX} entries"), value);
        return Vec::new();
    }
    let package = |(index, entry): (usize, &Value)| read_package(findings, index, entry, order, now);
    entries.iter().enumerate().filter_map(package).collect()
}

fn read_package(
    findings: &mut Findings,
    index: usize,
    entry: &Value,
    order: &OrderId,
    now: Timestamp,
) -> Option<Package> {
    let pointer = format!("/packages/{index}");
    let Some(members) = entry.as_object() else {
        findings.broken(Code::WrongType, &pointer, "an object", entry);
        return None;
    };
    let mut package = empty_package(now);
    for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        let at = format!("{pointer}/{name}");
        match name.as_str() {
            "carrierName" => package.carrier = read_text(findings, &at, value, KEYWORD_CHARACTERS_MAX),
            "carrierMethodName" => package.method = read_text(findings, &at, value, KEYWORD_CHARACTERS_MAX),
            "carrierTrackingNumber" => package.tracking = read_text(findings, &at, value, KEYWORD_CHARACTERS_MAX),
            "carrierLink" => package.link = read_link(findings, &at, value),
            "shippedDate" => package.shipped_at = read_date(findings, &at, value).unwrap_or(now),
            "orderItemIDs" => package.lines = read_lines(findings, &at, value, order),
            _ => {}
        }
    }
    Some(package)
}

fn read_text(findings: &mut Findings, pointer: &str, value: &Value, characters_max: usize) -> Option<String> {
    let text = findings.text(pointer, value)?.trim();
    if text.chars().any(char::is_control) {
        findings.broken(Code::ControlCharacter, pointer, "a text without control characters", value);
        return None;
    }
    if text.chars().count() > characters_max {
        findings.broken(Code::TooLong, pointer, &format!("a text of at most {characters_max} characters"), value);
        return None;
    }
    (!text.is_empty()).then(|| text.to_owned())
}

/// A link is shown to people: it must lead to the web and nowhere else.
fn read_link(findings: &mut Findings, pointer: &str, value: &Value) -> Option<String> {
    let link = read_text(findings, pointer, value, URL_CHARACTERS_MAX)?;
    if link.starts_with("https://") || link.starts_with("http://") {
        return Some(link);
    }
    findings.broken(Code::InvalidFormat, pointer, "a URL that begins with https:// or http://", value);
    None
}

fn read_date(findings: &mut Findings, pointer: &str, value: &Value) -> Option<Timestamp> {
    let date = findings.text(pointer, value)?;
    let at = Timestamp::parse_rfc3339(date);
    if at.is_none() {
        findings.broken(Code::InvalidFormat, pointer, "a date and time of RFC 3339", value);
    }
    at
}

fn read_lines(findings: &mut Findings, pointer: &str, value: &Value, order: &OrderId) -> Vec<usize> {
    let Some(ids) = value.as_array() else {
        findings.broken(Code::WrongType, pointer, "an array", value);
        return Vec::new();
    };
    if ids.is_empty() {
        findings.broken(Code::TooFew, pointer, "an array of at least 1 entry", value);
    }
    let mut lines = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        match id.as_str().and_then(|id| order.item_index(id)) {
            Some(line) if !lines.contains(&line) => lines.push(line),
            Some(_) => {}
            None => {
                let at = format!("{pointer}/{index}");
                findings.broken(Code::NoSuchItem, &at, "the id of an item of the order", id);
            }
        }
    }
    lines
}
