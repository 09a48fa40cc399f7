//! `POST /order/v1/orders/validate` and `…/bulk/validate`: the verdict that a create would give on the body alone. Nothing
//! is read or stored, so whether a safe id or an external id is taken is not part of it.

use axum::Json;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use shared::ids::MerchantId;
use shared::network::problem::Violation;
use shared::validation::{self, Body, OrderVerdict};

use super::body::JsonBody;
use super::caller::NetworkCaller;
use super::network::is_strict;
use crate::app::create_orders::{drafts::refuse_body, require_own};
use crate::refusal::Refusal;

/// What a create would find.
#[derive(Debug, Serialize)]
pub(crate) struct Judged {
    valid: bool,
    errors: Vec<Violation>,
    warnings: Vec<Violation>,
}

/// The same for each order of a bulk, in the shape of every bulk.
#[derive(Debug, Serialize)]
pub(crate) struct JudgedBulk {
    bulk: Vec<JudgedItem>,
}

#[derive(Debug, Serialize)]
struct JudgedItem {
    status: u16,
    response: Judged,
}

/// 200 with the verdict; 400 or 413 when the body is no order at all.
pub(crate) async fn validate(
    NetworkCaller(merchant): NetworkCaller,
    headers: HeaderMap,
    JsonBody(bytes): JsonBody,
) -> Result<Json<Judged>, Refusal> {
    let verdict = validation::validate(Body::Order, &bytes);
    refuse_body(&verdict)?;
    let strict = is_strict(&headers);
    let judged = verdict.orders().next().map(|order| judge(order, &bytes, &merchant, ("", strict)));
    judged.map(Json).ok_or_else(|| Refusal::rule(shared::Code::Internal))
}

/// 200 with a verdict for each order, in the order of the request; 400 or 413 when the body is no bulk.
pub(crate) async fn validate_bulk(
    NetworkCaller(merchant): NetworkCaller,
    headers: HeaderMap,
    JsonBody(bytes): JsonBody,
) -> Result<Json<JudgedBulk>, Refusal> {
    let verdict = validation::validate(Body::Orders, &bytes);
    refuse_body(&verdict)?;
    let strict = is_strict(&headers);
    let item = |(index, order)| {
        let place = format!("/bulk/{index}");
        JudgedItem { status: 200, response: judge(order, &bytes, &merchant, (&place, strict)) }
    };
    Ok(Json(JudgedBulk { bulk: verdict.orders().enumerate().map(item).collect() }))
}

/// `strict` makes every warning an error, as it does for a create; and as there, whose the order is matters once the rest
/// of it is right.
fn judge(order: OrderVerdict<'_>, body: &[u8], merchant: &MerchantId, (place, strict): (&str, bool)) -> Judged {
    let mut errors: Vec<Violation> = order.violations().map(Into::into).collect();
    let mut warnings: Vec<Violation> = order.warnings().map(Into::into).collect();
    if strict {
        errors.append(&mut warnings);
    }
    if errors.is_empty() {
        errors = anothers(body.get(order.span()).unwrap_or_default(), merchant, place);
    }
    Judged { valid: errors.is_empty(), errors, warnings }
}

/// What is wrong with the `merchantId` of an order that breaks no rule of its own.
fn anothers(order: &[u8], merchant: &MerchantId, place: &str) -> Vec<Violation> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        merchant_id: Option<String>,
    }
    let named = serde_json::from_slice::<Named>(order).ok().and_then(|named| named.merchant_id);
    let violations = require_own(merchant, named.as_deref()).err().map_or_else(Vec::new, |refusal| refusal.violations);
    let placed = |violation: Violation| Violation { pointer: format!("{place}{}", violation.pointer), ..violation };
    violations.into_iter().map(placed).collect()
}
