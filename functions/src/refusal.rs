//! The refusal of a request, or of one order of a bulk: one type for both APIs, with a body in the shape of each.

use serde::Serialize;
use serde_with::skip_serializing_none;
use shared::ids::MerchantId;
use shared::limits::ATTEMPTED_VALUE_BYTES_MAX;
use shared::order_network::problem::{Attempted, Broken, Problem, Violation};
use shared::{Code, card};

use crate::context::NoRandomness;
use crate::store::StoreError;

/// A client's text, shortened for messages; hidden if it contains a card number.
pub(crate) fn shown(text: &str) -> String {
    if card::is_in(text) { "…".to_owned() } else { text.chars().take(ATTEMPTED_VALUE_BYTES_MAX).collect() }
}

/// A refusal. Each API shows only its own members.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) violations: Vec<Violation>,
    /// How many violations are not listed.
    pub(crate) omitted: usize,
    /// Members that some codes add.
    pub(crate) facts: Box<Facts>,
}

/// What a client needs to act on a refusal without reading its message.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "RefusalFacts"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Facts {
    /// The order that is in the way (order network API).
    pub(crate) order_id: Option<String>,
    /// The order that is in the way (bulk order API).
    pub(crate) transaction_id: Option<String>,
    /// The name that it has.
    pub(crate) client_order_number: Option<String>,
    /// What the order costs.
    pub(crate) required: Option<String>,
    /// What the wallet holds.
    pub(crate) available: Option<String>,
    /// Currency of both.
    pub(crate) currency: Option<String>,
}

impl Refusal {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), violations: Vec::new(), omitted: 0, facts: Box::default() }
    }

    /// A refusal with the catalogue's message.
    pub(crate) fn rule(code: Code) -> Self {
        Self::new(code, code.title())
    }

    pub(crate) fn parameter(name: &str, message: impl Into<String>, value: Option<&str>) -> Self {
        let message = message.into();
        let violation = Violation::of_parameter(Code::InvalidParameter, name, message.clone(), value);
        Self { violations: vec![violation], ..Self::new(Code::InvalidParameter, message) }
    }

    /// Not found: "no order has the orderId `…`".
    pub(crate) fn not_found(kind: &str, name: &str, id: &str) -> Self {
        Self::new(Code::NotFound, format!("no {kind} has the {name} `{}`", shown(id)))
    }

    /// Adds the place in the body.
    pub(crate) fn at(self, pointer: &str, text: &str) -> Self {
        let violation = Violation::by_text(self.code, pointer, self.message.clone(), text);
        Self { violations: vec![violation], ..self }
    }

    /// Rejects a body whose `/merchantId` names another merchant than the credentials.
    pub(crate) fn unless_own(merchant: &MerchantId, named: &str) -> Result<(), Self> {
        if named.is_empty() || named.eq_ignore_ascii_case(merchant.as_str()) {
            return Ok(());
        }
        let message = format!("the credentials are those of `{merchant}`");
        let violation = Violation::by_text(Code::MerchantMismatch, "/merchantId", message, named);
        Err(Self { violations: vec![violation], ..Self::rule(Code::MerchantMismatch) })
    }

    pub(crate) fn invalid(violations: Vec<Violation>) -> Self {
        Self::broken(Broken::first(violations, 0))
    }

    /// With `omitted` violations that are not listed.
    pub(crate) fn invalid_beyond(violations: Vec<Violation>, omitted: usize) -> Self {
        Self::broken(Broken { violations, omitted })
    }

    pub(crate) fn broken(Broken { violations, omitted }: Broken) -> Self {
        let too_large = violations.iter().find(|violation| violation.error_code.status() == 413);
        let (code, message) = match (violations.as_slice(), omitted) {
            // An oversized body is not a mistake in one place, and its other violations do not matter.
            _ if let Some(large) = too_large => (large.error_code, message_with_place(large)),
            ([_], 0) => (Code::ValidationFailed, "the body breaks 1 rule".to_owned()),
            (all, 0) => (Code::ValidationFailed, format!("the body breaks {} rules", all.len())),
            (listed, omitted) => {
                let (listed, all) = (listed.len(), listed.len().saturating_add(omitted));
                (Code::ValidationFailed, format!("the body breaks {all} rules, of which {listed} are listed"))
            }
        };
        Self { violations, omitted, ..Self::new(code, message) }
    }

    pub(crate) fn network_body(&self, request_id: &str) -> NetworkBody {
        let problem = Problem {
            request_id: request_id.to_owned(),
            code: self.code,
            message: self.message.clone(),
            errors: self.violations.clone(),
        };
        NetworkBody { problem, order_id: self.facts.order_id.clone() }
    }

    pub(crate) fn bulk_body(&self, request_id: &str) -> BulkBody {
        let detail = |violation: &Violation| BulkDetail {
            error: violation.error_code,
            message: violation.error_message.clone(),
            pointer: violation.pointer.clone(),
            value: violation.attempted_value.clone(),
        };
        BulkBody {
            request_id: request_id.to_owned(),
            error: self.code,
            message: self.message.clone(),
            facts: (*self.facts).clone(),
            details: self.violations.iter().map(detail).collect(),
        }
    }
}

fn message_with_place(violation: &Violation) -> String {
    let Violation { pointer, error_message, .. } = violation;
    match pointer.as_str() {
        // Such a message names the part with the limit.
        _ if !error_message.starts_with("must ") => error_message.clone(),
        "" => format!("the body {error_message}"),
        _ => format!("`{pointer}` {error_message}"),
    }
}

/// Logs the storage's message; the client learns only whether to retry.
impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy(reason) => {
                tracing::warn!(reason, "storage is busy");
                Self::rule(Code::TryAgain)
            }
            StoreError::Fault(reason) => {
                tracing::error!(reason, "storage refused");
                Self::rule(Code::Internal)
            }
        }
    }
}

impl From<NoRandomness> for Refusal {
    fn from(error: NoRandomness) -> Self {
        tracing::error!(%error, "no id or secret can be drawn");
        Self::rule(Code::Internal)
    }
}

/// Error body of the order network API.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "OrderNetworkError"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct NetworkBody {
    #[serde(flatten)]
    problem: Problem,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
}

/// Error body of the bulk order API.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "BulkOrderError"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkBody {
    request_id: String,
    error: Code,
    message: String,
    #[serde(flatten)]
    facts: Facts,
    details: Vec<BulkDetail>,
}

#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "BulkOrderViolation"))]
struct BulkDetail {
    error: Code,
    message: String,
    pointer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Attempted>,
}

#[cfg(test)]
mod tests {
    use shared::Code;
    use shared::limits::ORDER_BYTES_MAX;
    use shared::order_network::problem::Violation;
    use shared::validation::{Body, validate};

    use super::Refusal;

    #[test]
    fn what_is_too_large_is_named() {
        let message_of = |pointer: &str, message: &str| {
            let violation = Violation::new(Code::PayloadTooLarge, pointer.to_owned(), message.to_owned(), None);
            Refusal::invalid(vec![violation]).message
        };
        assert_eq!(message_of("/body", "must have at most 5 bytes"), "`/body` must have at most 5 bytes");
        assert_eq!(message_of("", "must have at most 5 bytes"), "the body must have at most 5 bytes");
        let wrong = Violation::new(Code::Required, "/a".to_owned(), "is required".to_owned(), None);
        let large = Violation::new(Code::PayloadTooLarge, "/b".to_owned(), "must be short".to_owned(), None);
        let among_others = Refusal::invalid(vec![wrong, large]);
        assert_eq!((among_others.code, among_others.violations.len()), (Code::PayloadTooLarge, 2));
        let body = format!("{{\"meta\":{{\"a\":\"{}\"}}}}", "x".repeat(ORDER_BYTES_MAX));
        let verdict = validate(Body::Order, body.as_bytes());
        let found = verdict.orders().flat_map(|order| order.violations());
        let large = found.filter(|found| found.code() == Code::PayloadTooLarge).map(Into::into).collect();
        assert_eq!(Refusal::invalid(large).message, "an order has at most 262144 bytes, but this one has 262161");
    }
}
