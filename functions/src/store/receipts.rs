//! Receipts of inbound orders.
//!
//! A receipt is one item with all that its processing needs: the foreign body, and the rules of its transformation as
//! of its arrival. So a transformation may change or disappear while receipts wait. At the end the outcome replaces
//! both, and the receipt is kept for another 30 days.
//!
//! Each version is written whole, on condition of the one before; a job is for one version. A waiting receipt is in the
//! index `due`, where the sweep finds it if its job was lost.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use serde_json::value::RawValue;
use serde_with::skip_serializing_none;
use shared::ids::MerchantId;
use shared::order::DeadJob;
use shared::order_network::inbound::{ReceiptId, ReceiptStatus, TransformationId};
use shared::order_network::transform::Transformation;
use shared::time::Timestamp;

use super::entity::Stored;
use super::keys::{Key, due_shard};
use super::kind::Kind;
use super::table::to_item;
use super::transformations::NamedTransformation;
use super::{StoreError, Table, body};

/// How long a receipt is kept after its end: longer than a dead letter (14 days), which may restart it.
const KEPT_SECONDS: i64 = 30 * 24 * 3600;

/// The part of a receipt that the pipeline needs, and all that it reads of a stream record.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReceiptState {
    #[serde(flatten)]
    pub(crate) key: Key,
    pub(crate) version: u64,
    pub(crate) receipt_status: ReceiptStatus,
    /// Milliseconds since the epoch.
    pub(crate) received_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) request_id: Option<String>,
    /// The job that gave up.
    pub(crate) dead: Option<DeadJob>,
    /// How often the sweep has queued it again at this version, and since when it is due. Written by the sweep only.
    #[serde(default, skip_serializing)]
    pub(crate) requeued: u32,
    #[serde(default, skip_serializing)]
    pub(crate) due_since: Option<i64>,
}

#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    #[serde(flatten)]
    pub(crate) state: ReceiptState,
    /// Whether warnings reject it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) strict: bool,
    pub(crate) transformation_id: Option<TransformationId>,
    pub(crate) transformation_version: Option<u64>,
    transformation_rules: Option<ByteBuf>,
    foreign_body: Option<ByteBuf>,
    outcome: Option<ByteBuf>,
    /// The status that a direct request would have got.
    pub(crate) response_code: Option<u16>,
    pub(crate) order_id: Option<String>,
    pub(crate) safe_id: Option<String>,
    pub(crate) external_id: Option<String>,
    /// Why every attempt failed.
    pub(crate) failure_reason: Option<String>,
    due_shard: Option<String>,
    /// Seconds since the epoch.
    due_at: Option<i64>,
    /// DynamoDB's time to live, in seconds since the epoch.
    expires_at: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct NewReceipt<'r> {
    pub(crate) merchant: &'r MerchantId,
    pub(crate) id: &'r ReceiptId,
    pub(crate) received_at: Timestamp,
    /// The foreign body as sent.
    pub(crate) foreign: &'r str,
    pub(crate) transformation: Option<&'r Stored<NamedTransformation>>,
    pub(crate) strict: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) status: ReceiptStatus,
    pub(crate) response_code: u16,
    pub(crate) order_id: Option<String>,
    pub(crate) safe_id: Option<String>,
    pub(crate) external_id: Option<String>,
    /// Warnings of an accepted order, or the error of a rejected one.
    pub(crate) details: Box<RawValue>,
}

fn fault(error: impl std::fmt::Display) -> StoreError {
    StoreError::Fault(format!("a receipt is unreadable: {error}"))
}

impl ReceiptState {
    pub(crate) fn id(&self) -> Result<ReceiptId, StoreError> {
        match self.key.kind() {
            Some(Kind::Receipt) => ReceiptId::parse(self.key.subject()).map_err(fault),
            _ => Err(fault("its key is of another kind")),
        }
    }
}

impl Receipt {
    /// A receipt that waits to be processed.
    pub(crate) fn received(new: &NewReceipt<'_>, table: &Table) -> Result<Self, StoreError> {
        let state = ReceiptState {
            key: Key::receipt(new.merchant, new.id),
            version: 1,
            receipt_status: ReceiptStatus::Received,
            received_at: new.received_at,
            ended_at: None,
            request_id: table.request_id.clone(),
            dead: None,
            requeued: 0,
            due_since: None,
        };
        let rules = new.transformation.map(|stored| body::json::deflate(&stored.transformation));
        let receipt = Self {
            state,
            strict: new.strict,
            transformation_id: new.transformation.map(|transformation| transformation.id.clone()),
            transformation_version: new.transformation.map(|transformation| transformation.version),
            transformation_rules: rules.transpose().map_err(fault)?,
            foreign_body: Some(body::deflate(new.foreign.as_bytes()).map(ByteBuf::from).map_err(fault)?),
            outcome: None,
            response_code: None,
            order_id: None,
            safe_id: None,
            external_id: None,
            failure_reason: None,
            due_shard: None,
            due_at: None,
            expires_at: None,
        };
        Ok(receipt.waiting(table))
    }

    pub(crate) fn foreign(&self) -> Result<String, StoreError> {
        let stored = self.foreign_body.as_ref().ok_or_else(|| fault("its body is gone"))?;
        String::from_utf8(body::inflate(stored).map_err(fault)?).map_err(fault)
    }

    /// The rules as of its arrival.
    pub(crate) fn transformation(&self) -> Result<Option<Transformation>, StoreError> {
        self.transformation_rules.as_ref().map(|stored| body::json::inflate(stored)).transpose().map_err(fault)
    }

    pub(crate) fn told(&self) -> Result<Option<Box<RawValue>>, StoreError> {
        self.outcome.as_ref().map(|stored| body::json::inflate(stored)).transpose().map_err(fault)
    }

    /// The receipt with its outcome, which replaces the foreign body and the rules.
    pub(crate) fn ended(self, outcome: Outcome, now: Timestamp) -> Result<Self, StoreError> {
        let details = body::json::deflate(&outcome.details).map_err(fault)?;
        Ok(Self {
            transformation_rules: None,
            foreign_body: None,
            outcome: Some(details),
            response_code: Some(outcome.response_code),
            order_id: outcome.order_id,
            safe_id: outcome.safe_id,
            external_id: outcome.external_id,
            ..self.over(outcome.status, now)
        })
    }

    /// The receipt after its last attempt failed. Body and rules stay, in case its dead letter is moved back.
    pub(crate) fn failed(self, reason: &str, dead: Option<DeadJob>, now: Timestamp) -> Self {
        let mut failed = self.over(ReceiptStatus::Failed, now);
        failed.state.dead = dead;
        Self { failure_reason: Some(reason.to_owned()), response_code: Some(503), ..failed }
    }

    /// The receipt as it was before it failed, at a new version.
    pub(crate) fn restarted(mut self, table: &Table) -> Self {
        self.state.version = self.state.version.saturating_add(1);
        self.state.receipt_status = ReceiptStatus::Received;
        self.state.ended_at = None;
        self.state.dead = None;
        Self { failure_reason: None, response_code: None, expires_at: None, ..self }.waiting(table)
    }

    fn waiting(self, table: &Table) -> Self {
        let shard = due_shard(&self.state.key).to_owned();
        Self { due_shard: Some(shard), due_at: Some(table.overdue_at().seconds()), ..self }
    }

    fn over(mut self, status: ReceiptStatus, now: Timestamp) -> Self {
        self.state.version = self.state.version.saturating_add(1);
        self.state.receipt_status = status;
        self.state.ended_at = Some(now);
        let expires_at = Some(now.seconds().saturating_add(KEPT_SECONDS));
        Self { due_shard: None, due_at: None, expires_at, ..self }
    }

    /// DynamoDB removes expired items up to two days late.
    fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now.seconds())
    }
}

impl Table {
    pub(crate) async fn receipt(&self, key: &Key) -> Result<Option<Receipt>, StoreError> {
        let receipt = self.load::<Receipt>(key).await?;
        Ok(receipt.filter(|receipt| !receipt.has_expired(self.context.now())))
    }

    /// Replaces the previous version of a receipt: false if it has changed.
    pub(crate) async fn replace_receipt(&self, next: &Receipt) -> Result<bool, StoreError> {
        self.put_next(to_item(next)?, next.state.version).await
    }
}
