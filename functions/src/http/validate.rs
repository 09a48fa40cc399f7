//! Validates the bodies of creates. Nothing is read from the table or stored, so conflicts of safe ids or external ids are
//! not reported.

use axum::Json;
use serde::{Deserialize, Serialize};
use shared::Code;
use shared::ids::MerchantId;
use shared::order_network::problem::{Broken, Violation};
use shared::validation::{self, Body, OrderVerdict};

use super::RequestId;
use super::batch::check_envelope;
use super::body::{OrderBytes, OrdersBytes};
use super::caller::NetworkCaller;
use super::preference::Strict;
use super::route::{Route, routes};
use crate::app::create_orders::drafts::refuse_body;
use crate::refusal::{NetworkBody, Refusal};

pub(super) const ROUTES: &[Route] = routes! {
    OrdersCreate POST "/order/v1/orders/validate" validate, "validateOrder", "Says what a create would find in an order.", [];
    OrdersCreate POST "/order/v1/orders/bulk/validate" validate_batch, "validateOrders", "Says what a create would find in each order of a batch.", [TooManyOrders];
};

/// What a create would report.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "Verdict"))]
struct Judged {
    valid: bool,
    errors: Vec<Violation>,
    warnings: Vec<Violation>,
}

/// The verdicts on a batch, in the shape of every batch answer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "BatchVerdict"))]
struct JudgedBatch {
    bulk: Vec<JudgedEntry>,
    /// Warnings about the body outside its orders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Violation>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "BatchVerdictEntry"))]
struct JudgedEntry {
    status: u16,
    response: JudgedResponse,
}

/// The answer that the order would have had as a single call.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", schemars(rename = "BatchVerdictResponse"))]
enum JudgedResponse {
    Verdict(Judged),
    /// The entry is not an order.
    Refused(NetworkBody),
}

/// 200 with the verdict; 400 or 413 if the body is not an order.
async fn validate(
    NetworkCaller(merchant): NetworkCaller,
    Strict(strict): Strict,
    OrderBytes(bytes): OrderBytes,
) -> Result<Json<Judged>, Refusal> {
    let verdict = validation::validate(Body::Order, &bytes);
    refuse_body(&verdict)?;
    let judge = Judge { merchant: &merchant, body: &bytes, strict };
    let judged = verdict.orders().next().map(|order| judge.order(order, ""));
    judged.map(Json).ok_or_else(|| Refusal::rule(Code::Internal))
}

/// 200 with a verdict per order, in request order; 400 or 413 if the body is not a batch.
async fn validate_batch(
    NetworkCaller(merchant): NetworkCaller,
    RequestId(request_id): RequestId,
    Strict(strict): Strict,
    OrdersBytes(bytes): OrdersBytes,
) -> Result<Json<JudgedBatch>, Refusal> {
    let verdict = validation::validate(Body::Orders, &bytes);
    refuse_body(&verdict)?;
    let warnings = check_envelope(&bytes, &verdict, &merchant, strict)?;
    let judge = Judge { merchant: &merchant, body: &bytes, strict };
    let item = |(index, order)| judge.entry(order, &format!("/bulk/{index}"), &request_id);
    Ok(Json(JudgedBatch { bulk: verdict.orders().enumerate().map(item).collect(), warnings }))
}

/// The context of a validation.
struct Judge<'a> {
    merchant: &'a MerchantId,
    body: &'a [u8],
    /// Warnings are errors, as in a create.
    strict: bool,
}

impl Judge<'_> {
    /// The verdict on the order at `place` in the body.
    fn order(&self, order: OrderVerdict<'_>, place: &str) -> Judged {
        let (Broken { violations: mut errors, .. }, warnings) = Broken::of_order(order, self.strict);
        if errors.is_empty() {
            errors = self.of_another(self.body.get(order.span()).unwrap_or_default(), place);
        }
        Judged { valid: errors.is_empty(), errors, warnings }
    }

    /// The entry of a batch at `place`; anything but an object is not an order.
    fn entry(&self, order: OrderVerdict<'_>, place: &str, request_id: &str) -> JudgedEntry {
        let judged = self.order(order, place);
        if !judged.errors.iter().any(|error| error.pointer == place && error.error_code == Code::WrongType) {
            return JudgedEntry { status: 200, response: JudgedResponse::Verdict(judged) };
        }
        let refusal = Refusal::invalid(judged.errors);
        let body = refusal.network_body(request_id);
        JudgedEntry { status: refusal.code.status(), response: JudgedResponse::Refused(body) }
    }

    /// Checks the merchant of an order last, as a create does.
    fn of_another(&self, order: &[u8], place: &str) -> Vec<Violation> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Named {
            merchant_id: Option<String>,
        }
        let named = serde_json::from_slice::<Named>(order).ok().and_then(|named| named.merchant_id).unwrap_or_default();
        let refusal = Refusal::unless_own(self.merchant, &named).err();
        let violations = refusal.into_iter().flat_map(|refusal| refusal.violations);
        violations.map(|violation| violation.within(place)).collect()
    }
}
