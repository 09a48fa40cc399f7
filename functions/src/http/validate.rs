//! `POST /order/v1/orders/validate` and `…/bulk/validate`: the verdict that a create would give on the body alone. Nothing
//! is read or stored, so whether a safe id or an external id is taken is not part of it.

use axum::Json;
use axum::http::HeaderMap;
use serde::Serialize;
use shared::network::problem::Violation;
use shared::validation::{self, Body, OrderVerdict};

use super::body::JsonBody;
use super::caller::NetworkCaller;
use super::network::is_strict;
use crate::app::create_orders::drafts::refuse_body;
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
    NetworkCaller(_): NetworkCaller,
    headers: HeaderMap,
    JsonBody(bytes): JsonBody,
) -> Result<Json<Judged>, Refusal> {
    let verdict = validation::validate(Body::Order, &bytes);
    refuse_body(&verdict)?;
    let judged = verdict.orders().next().map(|order| judge(order, is_strict(&headers)));
    judged.map(Json).ok_or_else(|| Refusal::rule(shared::Code::Internal))
}

/// 200 with a verdict for each order, in the order of the request; 400 or 413 when the body is no bulk.
pub(crate) async fn validate_bulk(
    NetworkCaller(_): NetworkCaller,
    headers: HeaderMap,
    JsonBody(bytes): JsonBody,
) -> Result<Json<JudgedBulk>, Refusal> {
    let verdict = validation::validate(Body::Orders, &bytes);
    refuse_body(&verdict)?;
    let strict = is_strict(&headers);
    let item = |order| JudgedItem { status: 200, response: judge(order, strict) };
    Ok(Json(JudgedBulk { bulk: verdict.orders().map(item).collect() }))
}

/// `strict` makes every warning an error, as it does for a create.
fn judge(order: OrderVerdict<'_>, strict: bool) -> Judged {
    let mut errors: Vec<Violation> = order.violations().map(Into::into).collect();
    let mut warnings: Vec<Violation> = order.warnings().map(Into::into).collect();
    if strict {
        errors.append(&mut warnings);
    }
    Judged { valid: errors.is_empty(), errors, warnings }
}
