//! Handlers of inbound orders (`/order/v1/inbound/orders`, and `/v1/inbound/orders` as the order network has it).

mod body;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use shared::network::inbound::{ReceiptId, ReceiptStatus};
use shared::network::problem::Violation;
use shared::time::Timestamp;

pub(super) use self::body::foreign;
use super::body::JsonBody;
use super::caller::NetworkCaller;
use super::network::{is_strict, tagged};
use super::parameters::PathParameter;
use crate::app::inbound::receive;
use crate::refusal::Refusal;
use crate::store::keys::Key;
use crate::store::receipts::Receipt;
use crate::store::{StoreError, Table};

/// A receipt, with what was noticed in the request.
#[derive(Debug, Serialize)]
pub(crate) struct Envelope {
    receipt: ReceiptView,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Violation>,
}

/// A receipt as a client sees it. The body that was sent is not shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
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
    /// Of the order that it has become.
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Box<RawValue>>,
    /// Why it is refused: the body that the single call would have answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Box<RawValue>>,
    /// Why every attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// What a client is told of a failure of ours; the log and the receipt's item have the rest.
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

    /// As it was when it was received, whatever has become of it since.
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

/// `POST /order/v1/inbound/orders`: 202 with a receipt; 400, 403, 404 for an unknown transformation, 413.
pub(crate) async fn create(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    JsonBody(bytes): JsonBody,
) -> Result<Response, Refusal> {
    let (submission, warnings) = body::submission(&bytes, &merchant, is_strict(&headers))?;
    let receipt = ReceiptView::received(&receive(&table, &merchant, submission).await?)?;
    let location = HeaderValue::from_str(&format!("/order/v1/inbound/orders/{}", receipt.id)).ok();
    let mut response = (StatusCode::ACCEPTED, Json(Envelope { receipt, warnings })).into_response();
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `GET /order/v1/inbound/orders/{receiptId}`: 200 with where it stands and its `ETag`; 404.
pub(crate) async fn read(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(text): PathParameter,
) -> Result<Response, Refusal> {
    let found = match ReceiptId::parse(&text) {
        Ok(id) => table.receipt(&Key::receipt(&merchant, &id)).await?,
        Err(_) => None,
    };
    let receipt = found.ok_or_else(|| Refusal::not_found("inbound order", "receipt", &text))?;
    let shown = Envelope { receipt: ReceiptView::new(&receipt)?, warnings: Vec::new() };
    Ok(tagged(receipt.state.version, Json(shown)))
}
