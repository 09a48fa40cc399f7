//! Handlers of the order network API (`/order/v1`).

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use shared::Code;
use shared::ids::{MerchantId, OrderId, SafeId};
use shared::limits::BULK_ANSWER_BYTES_MAX;
use shared::network::problem::Violation;
use shared::network::response::{Order, OrderEnvelope, OrderSummary};
use shared::order::Fulfilment;
use shared::validation::{self, Body, Verdict};

use super::RequestId;
use super::body::JsonBody;
use super::caller::NetworkCaller;
use super::idempotency::REPLAYED;
use super::object;
use super::parameters::PathParameter;
use super::query::RawQuery;
use crate::app::create_orders::Outcome;
use crate::app::create_orders::drafts::{create_drafts, draft, draft_of_body, refuse_body};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::network_orders::FoundOrder;

/// `POST /order/v1/orders`: 201 with the order and its `ETag`, 200 when it was there already; 400, 403, 409.
pub(crate) async fn create(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    JsonBody(bytes): JsonBody,
) -> Result<Response, Refusal> {
    let draft = draft_of_body(&bytes, is_strict(&headers));
    let outcome = create_drafts(&table, &merchant, vec![draft]).await.into_iter().next();
    let (outcome, warnings) = outcome.ok_or_else(|| Refusal::rule(Code::Internal))?;
    let (status, order) = match outcome {
        Outcome::Created(order) => (StatusCode::CREATED, order),
        Outcome::Replayed(order) => (StatusCode::OK, order),
        Outcome::Refused(refusal) => return Err(refusal),
    };
    let location = HeaderValue::from_str(&format!("/order/v1/orders/{}", order.id())).ok();
    let mut response = tagged(order.version(), (status, Json(OrderEnvelope { order: &*order, warnings })));
    if let Some(location) = location.filter(|_| status == StatusCode::CREATED) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if status == StatusCode::OK {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// The answer to a bulk: one entry per order, in the order of the request.
#[derive(Debug, Serialize)]
pub(crate) struct BulkResponse {
    pub(super) bulk: Vec<BulkResponseItem>,
    /// What was noticed beside the orders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<Violation>,
}

/// What the single call would have answered.
#[derive(Debug, Serialize)]
pub(super) struct BulkResponseItem {
    status: u16,
    response: Box<RawValue>,
}

/// `POST /order/v1/orders/bulk`: 200 with a status per order; 400 or 413 when the body is no bulk.
pub(crate) async fn create_bulk(
    NetworkCaller(merchant): NetworkCaller,
    RequestId(request_id): RequestId,
    table: Table,
    headers: HeaderMap,
    JsonBody(bytes): JsonBody,
) -> Result<Json<BulkResponse>, Refusal> {
    let verdict = validation::validate(Body::Orders, &bytes);
    refuse_body(&verdict)?;
    let warnings = beside_orders(&bytes, &verdict, &merchant, is_strict(&headers))?;
    let drafts = verdict.orders().map(|order| draft(&bytes, order, is_strict(&headers))).collect();
    let mut answer = BulkAnswer::new(request_id);
    let outcomes = create_drafts(&table, &merchant, drafts).await.into_iter().enumerate();
    let items = outcomes.map(|(index, (outcome, warnings))| answer.item(index, outcome, warnings));
    Ok(Json(BulkResponse { bulk: items.collect::<Result<_, _>>()?, warnings }))
}

/// What stands in a bulk beside its orders: a `merchantId`, which must be the caller's, and what nobody knows. The orders
/// are not read again: the text before the first and that behind the last are a small object.
pub(super) fn beside_orders(
    body: &[u8],
    verdict: &Verdict<'_>,
    merchant: &MerchantId,
    strict: bool,
) -> Result<Vec<Violation>, Refusal> {
    let mut spans = verdict.orders().map(|order| order.span());
    let first = spans.next().unwrap_or_default();
    let last = spans.last().unwrap_or(first.clone());
    let text = [body.get(..first.start).unwrap_or_default(), body.get(last.end..).unwrap_or_default()].concat();
    let (members, mut findings) = object::read(&text, merchant)?;
    for member in members.iter().filter(|(name, _)| *name != "bulk") {
        findings.unknown("", member, &["bulk"]);
    }
    findings.settle(strict)
}

/// Writes the entries of a bulk's answer, and watches its size: what is stored must be answered, so when there is no more
/// room an entry is answered in short.
pub(super) struct BulkAnswer {
    request_id: String,
    bytes: usize,
}

/// Pointers of the use case start at the entry, those of the validation at the body: with all of them from the body on.
fn placed(index: usize, found: Vec<Violation>) -> Vec<Violation> {
    let place = format!("/bulk/{index}");
    let placed = |violation: Violation| {
        if violation.pointer.starts_with("/bulk/") { violation } else { violation.within(&place) }
    };
    found.into_iter().map(placed).collect()
}

impl BulkAnswer {
    pub(super) const fn new(request_id: String) -> Self {
        Self { request_id, bytes: 0 }
    }

    /// The entry of an order that was read.
    pub(super) fn found(&mut self, index: usize, order: &Order) -> Result<BulkResponseItem, Refusal> {
        Ok(BulkResponseItem { status: 200, response: self.order(index, order, Vec::new())? })
    }

    /// The entry of an order that was refused.
    pub(super) fn refused(&mut self, index: usize, refusal: Refusal) -> Result<BulkResponseItem, Refusal> {
        Ok(BulkResponseItem { status: refusal.code.status(), response: self.refusal(index, refusal)? })
    }

    pub(super) fn item(
        &mut self,
        index: usize,
        outcome: Outcome,
        warnings: Vec<Violation>,
    ) -> Result<BulkResponseItem, Refusal> {
        let (status, response) = match outcome {
            Outcome::Created(order) => (201, self.order(index, &order, warnings)?),
            Outcome::Replayed(order) => (200, self.order(index, &order, warnings)?),
            Outcome::Refused(refusal) => return self.refused(index, refusal),
        };
        Ok(BulkResponseItem { status, response })
    }

    fn order(&mut self, index: usize, order: &Order, mut warnings: Vec<Violation>) -> Result<Box<RawValue>, Refusal> {
        warnings = placed(index, warnings);
        let whole = raw(&OrderEnvelope { order, warnings })?;
        if self.has_room(&whole) {
            return Ok(whole);
        }
        let code = Code::AnswerShortened;
        let warnings = vec![Violation::new(code, format!("/bulk/{index}"), code.title().to_owned(), None)];
        raw(&OrderEnvelope { order: OrderSummary::from(order), warnings })
    }

    fn refusal(&mut self, index: usize, mut refusal: Refusal) -> Result<Box<RawValue>, Refusal> {
        refusal.violations = placed(index, refusal.violations);
        let whole = raw(&refusal.network_body(&self.request_id))?;
        if self.has_room(&whole) {
            return Ok(whole);
        }
        refusal.violations.clear();
        refusal.message.push_str("; the answer has no room for them");
        raw(&refusal.network_body(&self.request_id))
    }

    /// Takes the room that an entry needs, if it is there.
    fn has_room(&mut self, entry: &RawValue) -> bool {
        let escaped = entry.get().bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
        let bytes = self.bytes.saturating_add(entry.get().len()).saturating_add(escaped);
        let fits = bytes <= BULK_ANSWER_BYTES_MAX;
        if fits {
            self.bytes = bytes;
        }
        fits
    }
}

pub(super) fn raw(value: &impl Serialize) -> Result<Box<RawValue>, Refusal> {
    serde_json::value::to_raw_value(value).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        Refusal::rule(Code::Internal)
    })
}

/// `GET /order/v1/orders/{orderId}`: 200 with the order and its `ETag`; 404.
pub(crate) async fn by_id(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(order_id): PathParameter,
) -> Result<Response, Refusal> {
    let id = OrderId::parse(&order_id).map_err(|_| not_found("orderId", &order_id))?;
    read(&table, &merchant, &id).await?.ok_or_else(|| not_found("orderId", &order_id))
}

/// `GET /order/v1/orders/safeId/{safeId}`: the same by the merchant's own name.
pub(crate) async fn by_safe_id(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(safe_id): PathParameter,
) -> Result<Response, Refusal> {
    let known = SafeId::parse(&safe_id).map_err(|_| not_found("safeId", &safe_id))?;
    let id = OrderId::derive(&merchant, &known);
    read(&table, &merchant, &id).await?.ok_or_else(|| not_found("safeId", &safe_id))
}

async fn read(table: &Table, merchant: &MerchantId, id: &OrderId) -> Result<Option<Response>, Refusal> {
    let Some(found) = table.order(merchant, id).await? else { return Ok(None) };
    envelope(found, merchant, id, Vec::new()).map(Some)
}

/// An order with its `ETag`.
pub(super) fn envelope(
    found: FoundOrder,
    merchant: &MerchantId,
    id: &OrderId,
    warnings: Vec<Violation>,
) -> Result<Response, Refusal> {
    let version = found.state.version;
    let order = found.response(merchant, id)?;
    Ok(tagged(version, Json(OrderEnvelope { order, warnings })))
}

/// An answer with the `ETag` of a thing at a version.
pub(super) fn tagged(version: u64, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// `GET /order/v1/orders/countByStatus`: how many orders stand at each status, `{"counts": {"Open": 0, …}}`. It follows
/// the orders within seconds.
pub(crate) async fn count_by_status(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    query: RawQuery,
) -> Result<Json<Counts>, Refusal> {
    let (_, warnings) = query.known(&[])?;
    let counts = table.order_counts(merchant.as_str(), Fulfilment::Vendors).await?;
    let counts = counts.into_iter().map(|(status, count)| (status.as_str(), count)).collect();
    Ok(Json(Counts { counts, warnings }))
}

#[derive(Serialize)]
pub(crate) struct Counts {
    counts: BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Violation>,
}

/// No order has the id that a body names at `/orderId`.
pub(super) fn not_found_at_order_id(id: &str) -> Refusal {
    not_found("orderId", id).at("/orderId", id)
}

pub(super) fn not_found(member: &str, value: &str) -> Refusal {
    Refusal::not_found("order", member, value)
}

/// `Prefer: handling=strict` (RFC 7240) makes every warning an error.
pub(super) fn is_strict(headers: &HeaderMap) -> bool {
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let is_strict = |preference: &str| preference.replace('"', "").trim().eq_ignore_ascii_case("handling=strict");
    preferences.flat_map(|value| value.split([',', ';'])).any(is_strict)
}
