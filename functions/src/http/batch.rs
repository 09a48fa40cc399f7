//! Many orders in one call: the request is `{"bulk": […]}`, and the answer has a status for each order.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use shared::Code;
use shared::body::change::Batch;
use shared::ids::MerchantId;
use shared::order_network::problem::Violation;
use shared::order_network::response::{Order, OrderSummary};
use shared::time::Timestamp;
use shared::validation::Verdict;

use super::answer::{Envelope, Room, raw};
use super::body::{Body, Reading};
use crate::app::create_orders::Outcome;
use crate::refusal::Refusal;

/// 200 with one entry per order, in request order.
#[derive(Debug, Serialize)]
pub(crate) struct BatchAnswer {
    pub(super) bulk: Vec<BatchEntry>,
    /// Warnings about the body outside its orders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<Violation>,
}

/// The answer that the order would have had as a single call.
#[derive(Debug, Serialize)]
pub(super) struct BatchEntry {
    pub(super) status: u16,
    pub(super) response: Box<RawValue>,
}

/// The statuses of the entries, attached to the response for layers that see no typed answer.
#[derive(Clone, Debug)]
pub(super) struct EntryStatuses(pub(super) Vec<u16>);

impl IntoResponse for BatchAnswer {
    fn into_response(self) -> Response {
        let statuses = EntryStatuses(self.bulk.iter().map(|entry| entry.status).collect());
        let mut response = Json(self).into_response();
        response.extensions_mut().insert(statuses);
        response
    }
}

/// Checks the members of a batch outside its orders: `merchantId` must be the caller's, and unknown members get warnings.
/// The orders are not parsed again: the text before the first one and after the last one makes a small object.
pub(super) fn check_envelope(
    body: &[u8],
    verdict: &Verdict<'_>,
    merchant: &MerchantId,
    strict: bool,
) -> Result<Vec<Violation>, Refusal> {
    let mut spans = verdict.orders().map(|order| order.span());
    let first = spans.next().unwrap_or_default();
    let last = spans.last().unwrap_or(first.clone());
    let text = [body.get(..first.start).unwrap_or_default(), body.get(last.end..).unwrap_or_default()].concat();
    let now = Timestamp::from_milliseconds(0);
    let read: Body<Batch> = Reading { merchant, strict, allow_loopback: false, now }.read(&text)?;
    Ok(read.warnings)
}

/// Writes the entries of the answer within its size limit. Stored orders must be reported, so entries that no longer fit
/// are shortened.
pub(super) struct BatchWriter {
    request_id: String,
    room: Room,
}

/// Makes all pointers start at the body: those of the validation do, those of the use case start at the entry.
fn placed(index: usize, found: Vec<Violation>) -> Vec<Violation> {
    let place = format!("/bulk/{index}");
    let placed = |violation: Violation| {
        if violation.pointer.starts_with("/bulk/") { violation } else { violation.within(&place) }
    };
    found.into_iter().map(placed).collect()
}

impl BatchWriter {
    pub(super) fn new(request_id: String) -> Self {
        Self { request_id, room: Room::default() }
    }

    /// The entry of an order that was found.
    pub(super) fn found(&mut self, index: usize, order: &Order) -> Result<BatchEntry, Refusal> {
        Ok(BatchEntry { status: 200, response: self.order(index, order, Vec::new())? })
    }

    /// The entry of an order that was refused.
    pub(super) fn refused(&mut self, index: usize, refusal: Refusal) -> Result<BatchEntry, Refusal> {
        Ok(BatchEntry { status: refusal.code.status(), response: self.refusal(index, refusal)? })
    }

    pub(super) fn entry(
        &mut self,
        index: usize,
        outcome: Outcome,
        warnings: Vec<Violation>,
    ) -> Result<BatchEntry, Refusal> {
        let (status, response) = match outcome {
            Outcome::Created(order) => (201, self.order(index, &order, warnings)?),
            Outcome::Replayed(order) => (200, self.order(index, &order, warnings)?),
            Outcome::Refused(refusal) => return self.refused(index, refusal),
        };
        Ok(BatchEntry { status, response })
    }

    fn order(&mut self, index: usize, order: &Order, warnings: Vec<Violation>) -> Result<Box<RawValue>, Refusal> {
        let whole = raw(&Envelope { shown: order, warnings: placed(index, warnings) })?;
        if self.room.takes(&whole) {
            return Ok(whole);
        }
        let code = Code::AnswerShortened;
        let warnings = vec![Violation::new(code, format!("/bulk/{index}"), code.title().to_owned(), None)];
        raw(&Envelope { shown: OrderSummary::from(order), warnings })
    }

    fn refusal(&mut self, index: usize, mut refusal: Refusal) -> Result<Box<RawValue>, Refusal> {
        refusal.violations = placed(index, refusal.violations);
        let whole = raw(&refusal.network_body(&self.request_id))?;
        if self.room.takes(&whole) {
            return Ok(whole);
        }
        refusal.violations.clear();
        refusal.message.push_str("; the answer has no room for them");
        raw(&refusal.network_body(&self.request_id))
    }
}
