//! The verdict that a create would give on the body alone. Nothing is read or stored, so whether a safe id or an external
//! id is taken is not part of it.

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

/// What a create would find.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "Verdict"))]
struct Judged {
    valid: bool,
    errors: Vec<Violation>,
    warnings: Vec<Violation>,
}

/// The same for each order of a batch, in the shape of every batch.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "BatchVerdict"))]
struct JudgedBatch {
    bulk: Vec<JudgedEntry>,
    /// What was odd beside the orders.
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

/// What the single call would have answered.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", schemars(rename = "BatchVerdictResponse"))]
enum JudgedResponse {
    Verdict(Judged),
    /// The entry is no order at all.
    Refused(NetworkBody),
}

/// 200 with the verdict; 400 or 413 when the body is no order at all.
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

/// 200 with a verdict for each order, in the order of the request; 400 or 413 when the body is no bulk.
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

/// For whom and how a body is judged.
struct Judge<'a> {
    merchant: &'a MerchantId,
    body: &'a [u8],
    /// Every warning is an error, as it is for a create.
    strict: bool,
}

impl Judge<'_> {
    /// The verdict on the order that stands at `place` in the body.
    fn order(&self, order: OrderVerdict<'_>, place: &str) -> Judged {
        let (Broken { violations: mut errors, .. }, warnings) = Broken::of_order(order, self.strict);
        if errors.is_empty() {
            errors = self.of_another(self.body.get(order.span()).unwrap_or_default(), place);
        }
        Judged { valid: errors.is_empty(), errors, warnings }
    }

    /// The entry of a bulk that stands at `place`: what is no object is no order.
    fn entry(&self, order: OrderVerdict<'_>, place: &str, request_id: &str) -> JudgedEntry {
        let judged = self.order(order, place);
        if !judged.errors.iter().any(|error| error.pointer == place && error.error_code == Code::WrongType) {
            return JudgedEntry { status: 200, response: JudgedResponse::Verdict(judged) };
        }
        let refusal = Refusal::invalid(judged.errors);
        let body = refusal.network_body(request_id);
        JudgedEntry { status: refusal.code.status(), response: JudgedResponse::Refused(body) }
    }

    /// Whose an order is matters, as for a create, once the rest of it is right.
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
