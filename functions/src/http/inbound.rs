//! Inbound orders (`/order/v1/inbound/orders`, and `/v1/inbound/orders`, the path of the original).

use serde::Serialize;
use serde_json::value::RawValue;
use shared::body::inbound::InboundOrder;
use shared::order_network::inbound::{ReceiptId, ReceiptStatus};
use shared::time::Timestamp;

use super::answer::{Accepted, Envelope, Shown, Versioned};
use super::body::Body;
use super::caller::NetworkCaller;
use super::parameters::PathParameter;
use super::preference::Strict;
use super::route::{Route, routes};
use crate::app::inbound::{Submission, receive};
use crate::refusal::Refusal;
use crate::store::keys::Key;
use crate::store::receipts::Receipt;
use crate::store::{StoreError, Table};

pub(super) const ROUTES: &[Route] = routes! {
    OrdersCreate POST "/order/v1/inbound/orders" create, "createInboundOrder", "Takes an order in another system's form, and answers with a receipt at once.", [NotFound];
    OrdersCreate POST "/v1/inbound/orders" create, "createInboundOrderAtRoot", "The same under the path that the order network has.", [NotFound];
    OrdersQuery GET "/order/v1/inbound/orders/{receiptId}" read, "readInboundOrder", "Reads what has become of an inbound order.", [];
    OrdersQuery GET "/v1/inbound/orders/{receiptId}" read, "readInboundOrderAtRoot", "The same under the path that the order network has.", [];
};

/// The collection of receipts, for orders that came by either path.
const RECEIPTS: &str = "/order/v1/inbound/orders";

/// A receipt as returned to clients, without the body that was sent.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schemars(rename = "Receipt"))]
struct ReceiptView {
    id: String,
    status: ReceiptStatus,
    received_at: String,
    ended_at: Option<String>,
    transformation_id: Option<String>,
    transformation_version: Option<u64>,
    order_id: Option<String>,
    safe_id: Option<String>,
    external_id: Option<String>,
    /// The id of the created order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schemars(with = "Option<Vec<serde_json::Value>>"))]
    warnings: Option<Box<RawValue>>,
    /// Why it was refused: the error body that the single call would have returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schemars(with = "Option<serde_json::Value>"))]
    error: Option<Box<RawValue>>,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

impl Shown for ReceiptView {
    const NAME: &'static str = "receipt";
    const PLURAL: &'static str = "receipts";
}

/// The message for an internal failure; the details are in the log and in the stored receipt.
const FAILED: &str = "a service did not answer at any attempt; the operator can start it again, or send it again";

impl ReceiptView {
    fn new(receipt: &Receipt) -> Result<Self, StoreError> {
        let told = receipt.told()?;
        let status = receipt.state.receipt_status;
        let (warnings, error) = if status == ReceiptStatus::Accepted { (told, None) } else { (None, told) };
        Ok(Self {
            status,
            ended_at: receipt.state.ended_at.map(Timestamp::to_rfc3339_milliseconds),
            order_id: receipt.order_id.clone(),
            safe_id: receipt.safe_id.clone(),
            external_id: receipt.external_id.clone(),
            warnings,
            error,
            reason: (status == ReceiptStatus::Failed).then_some(FAILED),
            ..Self::received(receipt)?
        })
    }

    /// The receipt as first stored, whatever its present state.
    fn received(receipt: &Receipt) -> Result<Self, StoreError> {
        Ok(Self {
            id: receipt.state.id()?.to_string(),
            status: ReceiptStatus::Received,
            received_at: receipt.state.received_at.to_rfc3339_milliseconds(),
            ended_at: None,
            transformation_id: receipt.transformation_id.as_ref().map(ToString::to_string),
            transformation_version: receipt.transformation_version,
            order_id: None,
            safe_id: None,
            external_id: None,
            warnings: None,
            error: None,
            reason: None,
        })
    }
}

async fn create(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    Strict(strict): Strict,
    Body { value, warnings, .. }: Body<InboundOrder>,
) -> Result<Accepted<Envelope<ReceiptView>>, Refusal> {
    let foreign = value.foreign.0.get().to_owned();
    let submission = Submission { foreign, transformation: value.transformation_id, strict };
    let shown = ReceiptView::received(&receive(&table, &merchant, submission).await?)?;
    Ok(Accepted { location: format!("{RECEIPTS}/{}", shown.id), body: Envelope { shown, warnings } })
}

async fn read(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(text): PathParameter,
) -> Result<Versioned<Envelope<ReceiptView>>, Refusal> {
    let found = match ReceiptId::parse(&text) {
        Ok(id) => table.receipt(&Key::receipt(&merchant, &id)).await?,
        Err(_) => None,
    };
    let receipt = found.ok_or_else(|| Refusal::not_found("inbound order", "receipt", &text))?;
    Ok(Versioned { version: receipt.state.version, body: Envelope::of(ReceiptView::new(&receipt)?) })
}
