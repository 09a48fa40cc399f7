//! Creating and reading orders of the order network API (`/order/v1`).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use serde::Serialize;
use shared::Code;
use shared::ids::{MerchantId, OrderId, SafeId};
use shared::order::Fulfilment;
use shared::order_network::problem::Violation;
use shared::order_network::response::{Order, OrderSummary};
use shared::validation::{self, Body as OrderBody};

use super::RequestId;
use super::answer::{Collection, Created, CreatedOnce, Envelope, Shown, Versioned};
use super::batch::{BatchAnswer, BatchWriter, check_envelope};
use super::body::{OrderBytes, OrdersBytes};
use super::caller::NetworkCaller;
use super::parameters::PathParameter;
use super::preference::Strict;
use super::query::{NoParameters, Query};
use super::route::{Route, routes};
use crate::app::create_orders::Outcome;
use crate::app::create_orders::drafts::{create_drafts, draft, draft_of_body, refuse_body};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::network_orders::FoundOrder;

pub(super) const ROUTES: &[Route] = routes! {
    OrdersCreate POST "/order/v1/orders" create, "createOrder", "Creates an order.", [SafeIdExists, ExternalIdExists];
    OrdersCreate POST "/order/v1/orders/bulk" create_batch, "createOrders", "Creates up to 500 orders, each with a status of its own.", [TooManyOrders];
    OrdersQuery GET "/order/v1/orders/{orderId}" by_id, "readOrder", "Reads an order.", [];
    OrdersQuery GET "/order/v1/orders/safeId/{safeId}" by_safe_id, "readOrderBySafeId", "Reads an order by the merchant's own name.", [];
    OrdersQuery GET "/order/v1/orders/countByStatus" count_by_status, "countOrders", "Counts the orders at each status; the counts follow the orders within seconds.", [];
};

impl Shown for Order {
    const NAME: &'static str = "order";
    const PLURAL: &'static str = "orders";
}

impl Shown for OrderSummary {
    const NAME: &'static str = "order";
    const PLURAL: &'static str = "orders";
}

/// An order with the warnings about the request.
pub(super) type OrderEnvelope = Envelope<Order>;

/// 201 with the order; 200 if it already existed.
async fn create(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    Strict(strict): Strict,
    collection: Collection,
    OrderBytes(bytes): OrderBytes,
) -> Result<CreatedOnce<OrderEnvelope>, Refusal> {
    let draft = draft_of_body(&bytes, strict);
    let outcome = create_drafts(&table, &merchant, vec![draft]).await.into_iter().next();
    let (outcome, warnings) = outcome.ok_or_else(|| Refusal::rule(Code::Internal))?;
    Ok(match outcome {
        Outcome::Created(order) => CreatedOnce::New(Created {
            location: Some(collection.location(order.id())),
            version: order.version(),
            body: Envelope { shown: Arc::unwrap_or_clone(order), warnings },
        }),
        Outcome::Replayed(order) => CreatedOnce::Replayed(Versioned {
            version: order.version(),
            body: Envelope { shown: Arc::unwrap_or_clone(order), warnings },
        }),
        Outcome::Refused(refusal) => return Err(refusal),
    })
}

/// 200 with a status per order; 400 or 413 if the body is not a valid batch.
async fn create_batch(
    NetworkCaller(merchant): NetworkCaller,
    RequestId(request_id): RequestId,
    table: Table,
    Strict(strict): Strict,
    OrdersBytes(bytes): OrdersBytes,
) -> Result<BatchAnswer, Refusal> {
    let verdict = validation::validate(OrderBody::Orders, &bytes);
    refuse_body(&verdict)?;
    let warnings = check_envelope(&bytes, &verdict, &merchant, strict)?;
    let drafts = verdict.orders().map(|order| draft(&bytes, order, strict)).collect();
    let mut writer = BatchWriter::new(request_id);
    let outcomes = create_drafts(&table, &merchant, drafts).await.into_iter().enumerate();
    let entries = outcomes.map(|(index, (outcome, warnings))| writer.entry(index, outcome, warnings));
    Ok(BatchAnswer { bulk: entries.collect::<Result<_, _>>()?, warnings })
}

async fn by_id(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(order_id): PathParameter,
) -> Result<Versioned<OrderEnvelope>, Refusal> {
    let id = order_id_of(&order_id)?;
    read(&table, &merchant, &id).await?.ok_or_else(|| not_found("orderId", &order_id))
}

async fn by_safe_id(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(safe_id): PathParameter,
) -> Result<Versioned<OrderEnvelope>, Refusal> {
    let known = SafeId::parse(&safe_id).map_err(|_| not_found("safeId", &safe_id))?;
    let id = OrderId::derive(&merchant, &known);
    read(&table, &merchant, &id).await?.ok_or_else(|| not_found("safeId", &safe_id))
}

async fn read(table: &Table, merchant: &MerchantId, id: &OrderId) -> Result<Option<Versioned<OrderEnvelope>>, Refusal> {
    let Some(found) = table.order(merchant, id).await? else { return Ok(None) };
    versioned(found, merchant, id, Vec::new()).map(Some)
}

/// An order with its `ETag`.
pub(super) fn versioned(
    found: FoundOrder,
    merchant: &MerchantId,
    id: &OrderId,
    warnings: Vec<Violation>,
) -> Result<Versioned<OrderEnvelope>, Refusal> {
    let version = found.state.version;
    Ok(Versioned { version, body: Envelope { shown: found.response(merchant, id)?, warnings } })
}

/// The number of orders by status.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "OrderCounts"))]
pub(super) struct Counts {
    counts: BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Violation>,
}

async fn count_by_status(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    query: Query<NoParameters>,
) -> Result<Json<Counts>, Refusal> {
    let counts = table.order_counts(merchant.as_str(), Fulfilment::Vendors).await?;
    let counts = counts.into_iter().map(|(status, count)| (status.as_str(), count)).collect();
    Ok(Json(Counts { counts, warnings: query.warnings }))
}

/// Parses the order id in a path.
pub(super) fn order_id_of(order_id: &str) -> Result<OrderId, Refusal> {
    OrderId::parse(order_id).map_err(|_| not_found("orderId", order_id))
}

/// The refusal of a body whose `/orderId` names no order.
pub(super) fn not_found_at_order_id(id: &str) -> Refusal {
    not_found("orderId", id).at("/orderId", id)
}

pub(super) fn not_found(member: &str, value: &str) -> Refusal {
    Refusal::not_found("order", member, value)
}
