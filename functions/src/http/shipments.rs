//! The shipment service (`/shipment/v1`): reading shipments, and progress reports.
//!
//! A shipment is part of its order, and its id contains the order's, so each takes one read by key. A vendor's token sees
//! the vendor's own shipments. A merchant sees those of all its orders, and reports for vendors without an integration.

use serde::Serialize;
use serde_json::value::RawValue;
use shared::body::report::{ReportProgress, ReportedPackage};
use shared::ids::{OrderId, ShipmentId};
use shared::order::{Command, Package, Progress, ShipmentStatus};
use shared::order_network::merge::Members;
use shared::order_network::problem::Violation;
use shared::order_network::shipment::{ShipmentOrder, ShipmentResponse};
use shared::time::Timestamp;
use shared::vendor::Vendor;

use super::answer::{Shown, Versioned};
use super::body::{Draft, with_violations};
use super::caller::{NetworkCaller, ShipmentCaller};
use super::conditional::IfMatch;
use super::manage::{no_such_item, trimmed};
use super::orders::{not_found, order_id_of};
use super::paging::{List, Page};
use super::parameters::PathParameter;
use super::query::NoParameters;
use super::route::{Route, routes};
use crate::app::manage_order::{Change, change_order};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::network_orders::FoundOrder;

pub(super) const ROUTES: &[Route] = routes! {
    OrdersQuery GET "/shipment/v1/{shipmentId}" read, "readShipment", "Reads a shipment; its ETag is that of its order.", [];
    OrdersQuery GET "/shipment/v1/orders/{orderId}/shipments" of_order, "listShipmentsOfOrder", "Lists the shipments of an order, oldest first.", [];
    OrdersManage POST "/shipment/v1/{shipmentId}/progress" progress, "reportProgress", "Reports what its vendor has done with a shipment.", [NoSuchItem, StateNotAllowed];
};

impl Shown for ShipmentResponse {
    const NAME: &'static str = "shipment";
    const PLURAL: &'static str = "shipments";
}

/// A shipment with the warnings about the request.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct ShipmentAnswer {
    #[serde(flatten)]
    shipment: ShipmentResponse,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Violation>,
}

async fn read(
    caller: ShipmentCaller,
    table: Table,
    PathParameter(shipment_id): PathParameter,
) -> Result<Versioned<ShipmentAnswer>, Refusal> {
    let id = ShipmentId::parse(&shipment_id).map_err(|_| unknown(&shipment_id))?;
    let order = table.order(&caller.merchant, id.order()).await?.ok_or_else(|| unknown(&shipment_id))?;
    answer(&table, &caller, &id, &order, Vec::new()).await
}

async fn of_order(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(order_id): PathParameter,
    list: List<NoParameters>,
) -> Result<Versioned<Page<ShipmentResponse>>, Refusal> {
    let name = format!("shipments {order_id}");
    let start = match list.after(&name)? {
        Some(place) => place.parse().unwrap_or_default(),
        None => list.skip(),
    };
    let id = order_id_of(&order_id)?;
    let order = table.order(&merchant, &id).await?.ok_or_else(|| not_found("orderId", &order_id))?;
    let vendors = table.vendors(&merchant).await?;
    let of = ShipmentOrder { merchant: &merchant, id: &id, request: &order.request, state: &order.state };
    // New shipments are appended, so a place in the list stays valid.
    let rows = order.state.shipments.iter().enumerate().skip(start).take(list.size().saturating_add(1));
    let rows = rows.map(|(index, shipment)| {
        (of.shipment(shipment, name_of(&vendors, &shipment.vendor)), index.saturating_add(1).to_string())
    });
    let rows = rows.collect();
    Ok(Versioned { version: order.state.version, body: list.answer(&name, rows, false)? })
}

async fn progress(
    caller: ShipmentCaller,
    table: Table,
    IfMatch(version): IfMatch,
    PathParameter(shipment_id): PathParameter,
    draft: Draft<ReportProgress>,
) -> Result<Versioned<ShipmentAnswer>, Refusal> {
    let Draft { read, document } = draft;
    let id = ShipmentId::parse(&shipment_id).map_err(|_| unknown(&shipment_id));
    let body = match read {
        Ok(body) => body,
        Err(refusal) => {
            let Ok(id) = id else { return Err(refusal) };
            let order = table.order(&caller.merchant, id.order()).await?;
            let shipment = order.as_ref().and_then(|order| order.state.shipment(id.number()));
            let is_there = shipment.is_some_and(|shipment| caller.may_see(&shipment.vendor));
            return Err(if is_there {
                with_violations(refusal, &document, missing_items(&document, id.order()))
            } else {
                refusal
            });
        }
    };
    let id = id?;
    let now = table.context.now();
    let reason = body.value.reason.as_deref().map(trimmed).filter(|_| body.value.status.0 == ShipmentStatus::Rejected);
    let actor = caller.vendor.as_ref().map(|vendor| format!("vendor:{vendor}"));
    let change = Change { merchant: &caller.merchant, id: id.order(), actor, reason, version, part: 0 };
    let command = |order: &FoundOrder| {
        let shipment = order.state.shipment(id.number()).filter(|shipment| caller.may_see(&shipment.vendor));
        shipment.ok_or_else(|| unknown(&shipment_id))?;
        let missing: Vec<Violation> = missing_items(&document, id.order()).collect();
        if !missing.is_empty() {
            return Err(Refusal::invalid(missing));
        }
        Ok(Command::Report(id.number(), reported(&body.value, id.order(), now)))
    };
    let order = change_order(&table, &change, command).await?;
    let order = order.ok_or_else(|| unknown(&shipment_id))?;
    answer(&table, &caller, &id, &order, body.warnings).await
}

/// The report that a valid body makes about a shipment of the order.
fn reported(body: &ReportProgress, order: &OrderId, now: Timestamp) -> Progress {
    match body.status.0 {
        ShipmentStatus::Shipped => Progress::Shipped(packages(body.packages.as_deref(), order, now)),
        ShipmentStatus::Delivered => Progress::Delivered,
        ShipmentStatus::Rejected => Progress::Rejected { reason: trimmed(body.reason.as_deref().unwrap_or_default()) },
        _ => Progress::InProduction,
    }
}

/// A violation for each item that the order does not have, whatever the status and even if the body is otherwise invalid.
fn missing_items(document: &Members, order: &OrderId) -> impl Iterator<Item = Violation> {
    let entries = |array: &RawValue| serde_json::from_str::<Vec<Box<RawValue>>>(array.get()).unwrap_or_default();
    let packages = document.get("packages").map(entries).unwrap_or_default();
    packages.into_iter().enumerate().flat_map(move |(index, package)| {
        let items = Members::read(package.get()).and_then(|package| Some(entries(package.get("orderItemIDs")?)));
        items.unwrap_or_default().into_iter().enumerate().filter_map(move |(place, item)| {
            let item: String = serde_json::from_str(item.get()).ok()?;
            let pointer = || format!("/packages/{index}/orderItemIDs/{place}");
            order.item_index(&item).is_none().then(|| no_such_item(pointer(), &item))
        })
    })
}

/// The parcels; if the body names none, one parcel with all remaining items.
fn packages(sent: Option<&[ReportedPackage]>, order: &OrderId, now: Timestamp) -> Vec<Package> {
    let package = |sent: &ReportedPackage| {
        let text = |text: &Option<String>| text.as_deref().map(trimmed).filter(|text| !text.is_empty());
        let mut lines = Vec::new();
        for line in sent.item_ids.iter().flatten().filter_map(|item| order.item_index(item)) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        Package {
            lines,
            carrier: text(&sent.carrier),
            method: text(&sent.method),
            tracking: text(&sent.tracking),
            link: text(&sent.link),
            shipped_at: sent.shipped_at.as_deref().and_then(Timestamp::parse_rfc3339).unwrap_or(now),
        }
    };
    let all = Package { lines: Vec::new(), carrier: None, method: None, tracking: None, link: None, shipped_at: now };
    match sent.unwrap_or_default() {
        [] => vec![all],
        sent => sent.iter().map(package).collect(),
    }
}

async fn answer(
    table: &Table,
    caller: &ShipmentCaller,
    id: &ShipmentId,
    order: &FoundOrder,
    warnings: Vec<Violation>,
) -> Result<Versioned<ShipmentAnswer>, Refusal> {
    let shipment = order.state.shipment(id.number()).filter(|shipment| caller.may_see(&shipment.vendor));
    let shipment = shipment.ok_or_else(|| unknown(&id.to_string()))?;
    let vendors = table.vendors(&caller.merchant).await?;
    let (request, state) = (&order.request, &order.state);
    let of = ShipmentOrder { merchant: &caller.merchant, id: id.order(), request, state };
    let shipment = of.shipment(shipment, name_of(&vendors, &shipment.vendor));
    Ok(Versioned { version: order.state.version, body: ShipmentAnswer { shipment, warnings } })
}

fn name_of(vendors: &[Vendor], id: &str) -> Option<String> {
    vendors.iter().find(|vendor| vendor.id == id).map(|vendor| vendor.name.clone())
}

fn unknown(shipment_id: &str) -> Refusal {
    Refusal::not_found("shipment", "id", shipment_id)
}
