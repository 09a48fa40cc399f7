//! From the bytes of a body to the outcomes of its orders, for requests and for inbound orders.

use shared::Code;
use shared::ids::MerchantId;
use shared::order_network::problem::{Broken, Violation};
use shared::order_network::request::CreateOrder;
use shared::validation::{self, Body, OrderVerdict, Verdict};

use super::{Outcome, create_orders};
use crate::refusal::Refusal;
use crate::store::{StoreError, Table};

/// A valid order with its warnings, or the refusal.
pub(crate) type Draft = Result<(CreateOrder, Vec<Violation>), Refusal>;

pub(crate) fn draft(bytes: &[u8], verdict: OrderVerdict<'_>, strict: bool) -> Draft {
    let (broken, warnings) = Broken::of_order(verdict, strict);
    if !broken.violations.is_empty() {
        return Err(Refusal::broken(broken));
    }
    Ok((read_valid(bytes.get(verdict.span()).unwrap_or_default())?, warnings))
}

/// Creates the valid drafts and returns every outcome at its position.
pub(crate) async fn create_drafts(
    table: &Table,
    merchant: &MerchantId,
    drafts: Vec<Draft>,
) -> Vec<(Outcome, Vec<Violation>)> {
    let mut requests = Vec::new();
    let mut results: Vec<Result<Vec<Violation>, Refusal>> = Vec::new();
    for (index, draft) in drafts.into_iter().enumerate() {
        results.push(draft.map(|(request, warnings)| {
            requests.push((index, request));
            warnings
        }));
    }
    let mut outcomes = create_orders(table, merchant, requests).await.into_iter();
    let outcome = |result| match result {
        Ok(warnings) => {
            let missing = || Outcome::Refused(Refusal::rule(Code::Internal));
            (outcomes.next().unwrap_or_else(missing), warnings)
        }
        Err(refusal) => (Outcome::Refused(refusal), Vec::new()),
    };
    results.into_iter().map(outcome).collect()
}

pub(crate) fn refuse_body(verdict: &Verdict<'_>) -> Result<(), Refusal> {
    let violations: Vec<Violation> = verdict.violations().map(Into::into).collect();
    if violations.is_empty() { Ok(()) } else { Err(Refusal::invalid_beyond(violations, verdict.omitted())) }
}

/// The draft of a body with one order; `strict` turns warnings into errors.
pub(crate) fn draft_of_body(bytes: &[u8], strict: bool) -> Draft {
    let verdict = validation::validate(Body::Order, bytes);
    refuse_body(&verdict)?;
    let order = verdict.orders().next().ok_or_else(|| Refusal::rule(Code::Internal))?;
    draft(bytes, order, strict)
}

/// Parses validated JSON; a failure is an internal error.
pub(crate) fn read_valid<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    Ok(serde_json::from_slice(bytes).map_err(StoreError::fault)?)
}
