//! Inbound orders: another system's JSON is received at once and becomes an order later.
//!
//! ```text
//! POST …/inbound/orders ── receipt, in the table ── stream ── relay ── InboundQueue ── inbound ──┬─ Accepted, and the order
//!         │ 202                    │                                        ▲                   ├─ Refused, and why
//!      the client                  └── due ── sweep: its job was lost ──────┘                   └─ Failed, and a dead letter
//! ```
//!
//! - The receipt is the only write of the request. Everything else follows from the stream, so a crash after the write
//!   loses nothing, and queue messages hold ids only.
//! - A job is for one version of its receipt. A repeated job finds another version and does nothing.
//! - The order is created by the code of `POST /order/v1/orders`. Its safe id is the body's, or the receipt's id. So if
//!   a worker dies between order and receipt, the next one creates the same order, finds it, and accepts it: no
//!   duplicate, no conflict.
//! - What the single call would reject is `Refused`, with the same error; for values that a rule of the transformation
//!   produced, the violation also names the place in the foreign body. Other failures are retried with growing pauses
//!   and end as `Failed`; the dead letter, moved back, restarts the receipt.
//! - The end is reported by the webhook `InboundOrderProcessed`. `OrderCreation` is sent for every created order, and
//!   as unsuccessful for a receipt without one.

use serde::Serialize;
use serde_json::value::to_raw_value;
use shared::Code;
use shared::ids::{MerchantId, SafeId};
use shared::limits::{EXTERNAL_ID_CHARACTERS_MAX, INBOUND_OUTCOME_BYTES_MAX};
use shared::order_network::inbound::{ReceiptId, ReceiptStatus, TransformationId};
use shared::order_network::problem::Violation;
use shared::order_network::transform::{Finding, Transformation, Tree};
use shared::validation::{self, Body};

use super::create_orders;
use super::create_orders::drafts::{Draft, create_drafts, draft_of_body};
use crate::refusal::Refusal;
use crate::store::entity::Entity;
use crate::store::receipts::{NewReceipt, Outcome, Receipt};
use crate::store::transformations::NamedTransformation;
use crate::store::{StoreError, Table};

#[derive(Clone, Debug)]
pub(crate) struct Submission {
    /// The foreign body as sent.
    pub(crate) foreign: String,
    pub(crate) transformation: Option<TransformationId>,
    /// Whether warnings reject it.
    pub(crate) strict: bool,
}

/// Receives an inbound order. If the receipt's id is taken, the same key created it.
pub(crate) async fn receive(table: &Table, merchant: &MerchantId, sent: Submission) -> Result<Receipt, Refusal> {
    let transformation = match &sent.transformation {
        Some(id) => Some(table.read::<NamedTransformation>(merchant, id).await?.ok_or_else(|| unknown(id))?),
        None => None,
    };
    let id = ReceiptId::new(table.bytes("receipt", 0)?);
    let new = NewReceipt {
        merchant,
        id: &id,
        received_at: table.accepted_at(),
        foreign: &sent.foreign,
        transformation: transformation.as_ref(),
        strict: sent.strict,
    };
    let receipt = Receipt::received(&new, table)?;
    if table.insert(&receipt).await? {
        return Ok(receipt);
    }
    match table.receipt(&receipt.state.key).await? {
        // The transformation may have changed since the first attempt read it.
        Some(first) if table.is_retry() => Ok(first),
        // A write that was repeated because its response was lost meets itself.
        Some(first) if table.request_id.is_some() && first.state.request_id == table.request_id => Ok(first),
        _ => Err(Refusal::rule(Code::TryAgain)),
    }
}

fn unknown(id: &TransformationId) -> Refusal {
    let refusal = Refusal::not_found(NamedTransformation::NAME, "id", id.as_str());
    refusal.at("/transformationId", id.as_str())
}

/// A violation or warning, and where in the foreign body its value stands.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "MappedViolation"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mapped {
    #[serde(flatten)]
    pub(crate) violation: Violation,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_pointer: Option<String>,
}

impl Mapped {
    /// A warning about the request rather than the foreign body; the message says so.
    pub(crate) fn of_request(violation: Violation) -> Self {
        let error_message = format!("in the request this {}", violation.error_message);
        Self { violation: Violation { error_message, ..violation }, source_pointer: None }
    }
}

/// The order made from a foreign body, with everything found in it.
pub(crate) struct Drafted {
    pub(crate) body: String,
    safe_id: Option<String>,
    external_id: Option<String>,
    pub(crate) draft: Draft,
    findings: Vec<Finding>,
    transformation: Option<Transformation>,
}

/// Drafts the order of a foreign body. The draft contains every error: those of the transformation, and rules that the
/// resulting order breaks elsewhere.
pub(crate) fn draft(
    foreign: &str,
    transformation: Option<Transformation>,
    strict: bool,
) -> Result<Drafted, StoreError> {
    let tree = Tree::read(foreign).map_err(|error| StoreError::Fault(format!("a foreign body: {error}")))?;
    let (body, tree, findings) = match &transformation {
        Some(rules) => {
            let made = rules.apply(&tree);
            (made.body.to_string(), made.body, made.findings)
        }
        None => (foreign.to_owned(), tree, Vec::new()),
    };
    let draft = match draft_of_body(body.as_bytes(), strict) {
        draft if findings.is_empty() => draft,
        draft => Err(with_findings(&findings, draft)),
    };
    let safe_id = tree.text_of("safeId");
    let is_short = |id: &String| id.chars().count() <= EXTERNAL_ID_CHARACTERS_MAX;
    let external_id = tree.text_of("externalId").filter(is_short);
    Ok(Drafted { body, safe_id, external_id, draft, findings, transformation })
}

/// The errors of the transformation, and the order's violations at other places.
fn with_findings(findings: &[Finding], draft: Draft) -> Refusal {
    let mut violations: Vec<Violation> = findings.iter().map(|finding| finding.violation.clone()).collect();
    let follows = |place: &str| {
        let at = |found: &Finding| {
            let (one, other) = (format!("{place}/"), format!("{}/", found.violation.pointer));
            one.starts_with(&other) || other.starts_with(&one)
        };
        findings.iter().any(at)
    };
    let broken = draft.err().map(|refusal| refusal.violations).unwrap_or_default();
    violations.extend(broken.into_iter().filter(|broken| !follows(&broken.pointer)));
    Refusal::invalid(violations)
}

impl Drafted {
    /// Adds the places in the foreign body to violations.
    pub(crate) fn mapped(&self, violations: Vec<Violation>) -> Vec<Mapped> {
        let source = |violation: &Violation| {
            let found = self.findings.iter().find(|finding| finding.violation == *violation);
            match found {
                Some(finding) => finding.source.clone(),
                None => self.transformation.as_ref()?.source_of(&violation.pointer),
            }
        };
        let mapped = |violation: Violation| Mapped { source_pointer: source(&violation), violation };
        violations.into_iter().map(mapped).collect()
    }

    /// The warnings of the order, even if it is invalid.
    pub(crate) fn warnings(&self) -> Vec<Violation> {
        match &self.draft {
            Ok((_, warnings)) => warnings.clone(),
            Err(_) => {
                let verdict = validation::validate(Body::Order, self.body.as_bytes());
                verdict.orders().flat_map(|order| order.warnings().map(Into::into).collect::<Vec<_>>()).collect()
            }
        }
    }

    /// Rejects a body that names another merchant, as creation would.
    pub(crate) fn of(mut self, merchant: &MerchantId) -> Self {
        if let Ok((request, _)) = &self.draft
            && let Err(refusal) = Refusal::unless_own(merchant, request.merchant_id.as_deref().unwrap_or_default())
        {
            self.draft = Err(refusal);
        }
        self
    }

    /// Sets the safe id: the body's, or the receipt's own id. An invalid safe id is dropped.
    fn name(&mut self, receipt: &ReceiptId) -> Result<(), StoreError> {
        let name = match self.safe_id.take().filter(|own| !own.is_empty()) {
            Some(own) => SafeId::parse(&own).ok(),
            None => Some(receipt.safe_id().map_err(StoreError::fault)?),
        };
        self.safe_id = name.map(|name| name.as_str().to_owned());
        if let Ok((request, _)) = &mut self.draft {
            request.safe_id.clone_from(&self.safe_id);
        }
        Ok(())
    }
}

/// Creates the order of a receipt, once however often it is called, and returns the receipt with its outcome. An error
/// leaves it undecided; the call may be repeated.
pub(crate) async fn process(table: &Table, merchant: &MerchantId, receipt: Receipt) -> Result<Receipt, StoreError> {
    let mut drafted = draft(&receipt.foreign()?, receipt.transformation()?, receipt.strict)?;
    drafted.name(&receipt.state.id()?)?;
    let table = Table { request_id: receipt.state.request_id.clone(), ..table.clone() };
    let outcomes = create_drafts(&table, merchant, vec![drafted.draft.clone()]).await;
    let outcome = match outcomes.into_iter().next() {
        Some((create_orders::Outcome::Created(order), warnings)) => drafted.accepted(201, order.id(), warnings)?,
        Some((create_orders::Outcome::Replayed(order), warnings)) => drafted.accepted(200, order.id(), warnings)?,
        Some((create_orders::Outcome::Refused(refusal), _)) if refusal.code.status() < 500 => {
            drafted.refused(refusal, receipt.state.request_id.as_deref().unwrap_or_default())?
        }
        Some((create_orders::Outcome::Refused(refusal), _)) => return Err(StoreError::Busy(refusal.message)),
        None => return Err(StoreError::Fault("an order has no outcome".to_owned())),
    };
    receipt.ended(outcome, table.context.now())
}

impl Drafted {
    fn accepted(self, response_code: u16, order_id: &str, warnings: Vec<Violation>) -> Result<Outcome, StoreError> {
        let details = to_raw_value(&bounded(self.mapped(warnings))).map_err(StoreError::fault)?;
        Ok(Outcome {
            status: ReceiptStatus::Accepted,
            response_code,
            order_id: Some(order_id.to_owned()),
            safe_id: self.safe_id,
            external_id: self.external_id,
            details,
        })
    }

    fn refused(self, mut refusal: Refusal, request_id: &str) -> Result<Outcome, StoreError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Details<'t> {
            request_id: &'t str,
            code: Code,
            message: String,
            errors: Vec<Mapped>,
            #[serde(skip_serializing_if = "Option::is_none")]
            order_id: Option<String>,
        }
        let found = std::mem::take(&mut refusal.violations);
        let count = found.len();
        let errors = bounded(self.mapped(found));
        let message = match errors.len() {
            listed if listed < count => format!("{}; {listed} are listed here", refusal.message),
            _ => refusal.message,
        };
        let details =
            Details { request_id, code: refusal.code, message, errors, order_id: refusal.facts.order_id.clone() };
        Ok(Outcome {
            status: ReceiptStatus::Refused,
            response_code: refusal.code.status(),
            order_id: None,
            details: to_raw_value(&details).map_err(StoreError::fault)?,
            safe_id: self.safe_id,
            external_id: self.external_id,
        })
    }
}

/// As many as a receipt has room for.
fn bounded(mapped: Vec<Mapped>) -> Vec<Mapped> {
    let mut left = INBOUND_OUTCOME_BYTES_MAX;
    let fits = |mapped: &Mapped| {
        let bytes = serde_json::to_string(mapped).map_or(usize::MAX, |text| text.len());
        left = left.saturating_sub(bytes);
        left > 0
    };
    mapped.into_iter().take_while(fits).collect()
}
