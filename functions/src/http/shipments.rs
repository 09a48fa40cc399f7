//! Handlers of the shipment service (`/shipment/v1`), its first part: reading, and the vendor's progress.
//!
//! A shipment is part of its order and its id contains the order's, so each is one read by key. A vendor sees its own
//! shipments with its own token; a merchant sees all of its orders' and reports for the vendors that have no program.

mod report;

use axum::Json;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use shared::ids::{OrderId, ShipmentId};
use shared::network::problem::Violation;
use shared::network::shipment::{ShipmentOrder, ShipmentResponse};
use shared::order::{Command, Progress};
use shared::vendor::Vendor;

use super::body::JsonBody;
use super::caller::{NetworkCaller, ShipmentCaller};
use super::manage::version_of;
use super::network::{is_strict, not_found, tagged};
use super::paging::Cursors;
use super::parameters::PathParameter;
use super::query::{PageAnswer, RawQuery};
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
    answer(&table, &caller, &id, &order, Vec::new()).await
}

/// A shipment, with what was noticed in the body.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    shipment: ShipmentResponse,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Violation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shipments {
    shipments: Vec<ShipmentResponse>,
    #[serde(flatten)]
    page: PageAnswer,
}

/// `GET /shipment/v1/orders/{orderId}/shipments`: 200 with a page of them, oldest first; 400; 404 without such an order.
pub(crate) async fn of_order(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    cursors: Cursors,
    PathParameter(order_id): PathParameter,
    query: RawQuery,
) -> Result<Response, Refusal> {
    let asked = query.read(&[])?;
    let list = format!("shipments {order_id}");
    let start = match &asked.page.cursor {
        Some(cursor) => cursors.open(&list, cursor)?.parse().unwrap_or_default(),
        None => asked.page.skip(),
    };
    let id = OrderId::parse(&order_id).map_err(|_| not_found("orderId", &order_id))?;
    let order = table.order(&merchant, &id).await?.ok_or_else(|| not_found("orderId", &order_id))?;
    let vendors = table.vendors(&merchant).await?;
    let of = ShipmentOrder { merchant: &merchant, id: &id, request: &order.request, state: &order.state };
    let shipments: Vec<ShipmentResponse> = order
        .state
        .shipments
        .iter()
        .skip(start)
        .take(asked.page.size)
        .map(|shipment| of.shipment(shipment, name_of(&vendors, &shipment.vendor)))
        .collect();
    // Shipments come behind those that are there, so a place in the list stays what it is.
    let end = start.saturating_add(shipments.len());
    let next_cursor = (end < order.state.shipments.len()).then(|| cursors.seal(&list, &end.to_string()));
    Ok(tagged(order.state.version, Json(Shipments { shipments, page: asked.answered(next_cursor) })))
}

/// `POST /shipment/v1/{shipmentId}/progress`: `{shipmentStatus, packages?, reason?}` from whoever makes the shipment.
///
/// `shipmentStatus` is 3 `InProduction`, 4 `Shipped`, 5 `Delivered` or 6 `Rejected`, as number or name. Each package has
/// `carrierName`, `carrierMethodName`, `carrierTrackingNumber`, `carrierLink`, `shippedDate` and `orderItemIDs`, all of
/// which may be absent; without `orderItemIDs` it holds all that was left. A report counts whole or not at all. 200 with
/// the shipment, also when it was told before; 400; 404; 412; 422 with the reason.
pub(crate) async fn progress(
    caller: ShipmentCaller,
    table: Table,
    headers: HeaderMap,
    PathParameter(shipment_id): PathParameter,
    JsonBody(bytes): JsonBody,
) -> Result<Response, Refusal> {
    let id = ShipmentId::parse(&shipment_id);
    let order = id.as_ref().ok().map(ShipmentId::order);
    let (progress, warnings) =
        report::read(&bytes, (&caller.merchant, order), table.context.now(), is_strict(&headers))?;
    let id = id.map_err(|_| unknown(&shipment_id))?;
    let reason = match &progress {
        Progress::Rejected { reason } => Some(reason.clone()),
        _ => None,
    };
    let actor = caller.vendor.as_ref().map(|vendor| format!("vendor:{vendor}"));
    let version = version_of(&headers);
    let change = Change { merchant: &caller.merchant, id: id.order(), actor, reason, version, part: 0 };
    let command = |order: &FoundOrder| {
        let shipment = order.state.shipment(id.number()).filter(|shipment| caller.may_see(&shipment.vendor));
        shipment.map(|_| Command::Report(id.number(), progress.clone())).ok_or_else(|| unknown(&shipment_id))
    };
    let order = change_order(&table, &change, command).await?;
    let order = order.ok_or_else(|| unknown(&shipment_id))?;
    answer(&table, &caller, &id, &order, warnings).await
}

async fn answer(
    table: &Table,
    caller: &ShipmentCaller,
    id: &ShipmentId,
    order: &FoundOrder,
    warnings: Vec<Violation>,
) -> Result<Response, Refusal> {
    let shipment = order.state.shipment(id.number()).filter(|shipment| caller.may_see(&shipment.vendor));
    let shipment = shipment.ok_or_else(|| unknown(&id.to_string()))?;
    let vendors = table.vendors(&caller.merchant).await?;
    let (request, state) = (&order.request, &order.state);
    let of = ShipmentOrder { merchant: &caller.merchant, id: id.order(), request, state };
    let shipment = of.shipment(shipment, name_of(&vendors, &shipment.vendor));
    Ok(tagged(order.state.version, Json(Answer { shipment, warnings })))
}

fn name_of(vendors: &[Vendor], id: &str) -> Option<String> {
    vendors.iter().find(|vendor| vendor.id == id).map(|vendor| vendor.name.clone())
}

fn unknown(shipment_id: &str) -> Refusal {
    Refusal::not_found("shipment", "id", shipment_id)
}
