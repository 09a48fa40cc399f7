//! The stored shape of an order of either API: its state in plain attributes, its body deflated.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use serde_with::skip_serializing_none;
use sha2::{Digest, Sha256};
use shared::ids::{OrderId, SafeId};
use shared::order::{Allocation, Failure, Fulfilment, Lines, OrderState, Refund, Shipment, next_step};
use shared::order_network::request::CreateOrder;
use shared::order_network::response;
use shared::time::Timestamp;

use super::StoreError;
use super::body;
use super::cause::{Cause, Versioned};
use super::keys::{Key, due_shard, listed, listed_at};
use super::kind::Kind;

/// The part of an order that the pipeline needs, and all that it reads of a stream record.
#[skip_serializing_none]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredState {
    #[serde(flatten)]
    pub(crate) key: Key,
    pub(crate) version: u64,
    /// One letter per line. (`lines` is a reserved word of DynamoDB.)
    line_states: String,
    /// Whether processing waits for a start command.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    waits: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unready: Vec<usize>,
    hold: Option<String>,
    failure: Option<Failure>,
    recall_failure: Option<Failure>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shipments: Vec<Shipment>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allocations: Vec<Allocation>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cancelled_units: Vec<(usize, u32)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refunds: Vec<Refund>,
    /// When each line last changed, in milliseconds after the order's creation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changed: Vec<i64>,
    created_at: i64,
    /// Absent if it equals the time of creation, so that an order with a mark fits into one write unit.
    updated_at: Option<i64>,
    /// How often the sweep has queued it again at this version. Written by the sweep only; every change removes it.
    #[serde(default, skip_serializing)]
    pub(crate) requeued: u32,
    /// When it first became overdue at this version, in seconds since the epoch; written and removed like `requeued`.
    #[serde(default, skip_serializing)]
    pub(crate) due_since: Option<i64>,
    #[serde(flatten)]
    pub(crate) cause: Cause,
}

/// Members that an order may lack; a change removes those that the new state lacks.
pub(crate) const OPTIONAL: [&str; 17] = [
    "updated_at",
    "waits",
    "unready",
    "hold",
    "failure",
    "recall_failure",
    "shipments",
    "allocations",
    "cancelled_units",
    "refunds",
    "changed",
    "requeued",
    "due_since",
    "action",
    "actor",
    "reason",
    "request_id",
];

#[skip_serializing_none]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredOrder {
    #[serde(flatten)]
    pub(crate) state: StoredState,
    body: ByteBuf,
    /// First half of the SHA-256 of the body at creation: tells a repeated order from a different one, even after an
    /// update.
    pub(crate) body_hash: ByteBuf,
    /// Partition and sort key of the index `listed`; bulk API orders are listed by their own key.
    list_pk: Option<String>,
    list_sk: Option<String>,
    /// Partition of the index of unfinished orders; absent once the order is final.
    due_shard: Option<String>,
    /// Seconds since the epoch.
    due_at: Option<i64>,
}

impl StoredState {
    pub(crate) fn new(key: Key, state: &OrderState, cause: Cause) -> Self {
        Self {
            key,
            version: state.version,
            line_states: state.lines.letters(),
            waits: !state.automatic,
            unready: state.unready.clone(),
            hold: state.hold.clone(),
            failure: state.failure.clone(),
            recall_failure: state.recall_failure.clone(),
            shipments: state.shipments.clone(),
            allocations: state.allocations.clone(),
            cancelled_units: state.cancelled_units.clone(),
            refunds: state.refunds.clone(),
            changed: state.changed_at.iter().map(|at| at.milliseconds_since(state.created_at)).collect(),
            created_at: state.created_at.milliseconds(),
            updated_at: (state.updated_at != state.created_at).then(|| state.updated_at.milliseconds()),
            requeued: 0,
            due_since: None,
            cause,
        }
    }

    pub(crate) fn state(&self) -> Result<OrderState, StoreError> {
        let fulfilment = match self.key.kind() {
            Some(Kind::Order) => Fulfilment::Vendors,
            Some(Kind::BulkOrder) => Fulfilment::Stock,
            _ => return Err(StoreError::Fault(format!("`{}` is the key of no order", self.key.pk))),
        };
        let created_at = Timestamp::from_milliseconds(self.created_at);
        Ok(OrderState {
            fulfilment,
            version: self.version,
            lines: Lines::parse(&self.line_states).map_err(StoreError::fault)?,
            automatic: !self.waits,
            unready: self.unready.clone(),
            hold: self.hold.clone(),
            failure: self.failure.clone(),
            recall_failure: self.recall_failure.clone(),
            shipments: self.shipments.clone(),
            allocations: self.allocations.clone(),
            cancelled_units: self.cancelled_units.clone(),
            refunds: self.refunds.clone(),
            changed_at: self.changed.iter().map(|after| created_at.plus(*after)).collect(),
            created_at,
            updated_at: Timestamp::from_milliseconds(self.updated_at.unwrap_or(self.created_at)),
        })
    }

    /// Size in bytes of the stored members, written as JSON.
    pub(crate) fn bytes(state: &OrderState) -> Result<usize, StoreError> {
        let key = Key { pk: String::new(), sk: String::new() };
        let stored = Self::new(key, state, Cause::default());
        Ok(serde_json::to_vec(&stored).map_err(StoreError::fault)?.len())
    }
}

impl Versioned for StoredState {
    fn stamp(&self) -> (u64, &Cause) {
        (self.version, &self.cause)
    }
}

impl StoredOrder {
    /// A new order with the JSON of its body; the sweep checks it at `overdue_at`.
    pub(crate) fn new(
        key: Key,
        state: &OrderState,
        cause: Cause,
        overdue_at: Timestamp,
        json: &[u8],
    ) -> Result<Self, StoreError> {
        let due = next_step(state).map(|_| (due_shard(&key).to_owned(), overdue_at.seconds()));
        let (due_shard, due_at) = due.unzip();
        let (list_pk, list_sk) = listed_place(&key, state).unzip();
        Ok(Self {
            list_pk,
            list_sk,
            state: StoredState::new(key, state, cause),
            body: ByteBuf::from(body::deflate(json).map_err(StoreError::fault)?),
            body_hash: ByteBuf::from(body_hash(json)),
            due_shard,
            due_at,
        })
    }

    pub(crate) fn body<T: serde::de::DeserializeOwned>(&self) -> Result<T, StoreError> {
        body::json::inflate(&self.body).map_err(StoreError::fault)
    }

    /// The form that readers see: the whole order for the order network API, only the statuses for the bulk API.
    pub(crate) fn shown(&self, state: &OrderState) -> Result<Box<RawValue>, StoreError> {
        let key = &self.state.key;
        let (Some(Kind::Order), Some(merchant)) = (key.kind(), key.merchant()) else {
            let products: Vec<Value> = state.lines.iter().map(|line| json!({ "status": line.as_str() })).collect();
            let shown = to_raw_value(&json!({ "status": state.status().as_str(), "products": products }));
            return shown.map_err(StoreError::fault);
        };
        let id = OrderId::parse(&key.sk).map_err(StoreError::fault)?;
        let request: CreateOrder = self.body()?;
        let safe_id = SafeId::parse(request.safe_id.as_deref().unwrap_or_default());
        let safe_id = safe_id.map_err(StoreError::fault)?;
        let order = response::Order::new(&merchant, &id, &safe_id, request, state);
        to_raw_value(&order).map_err(StoreError::fault)
    }
}

/// Partition and sort key of a network order in the index `listed`. The partition follows the status; the sort key
/// never changes.
pub(crate) fn listed_place(key: &Key, state: &OrderState) -> Option<(String, String)> {
    if key.kind() != Some(Kind::Order) {
        return None;
    }
    let merchant = key.pk.split('#').next()?;
    Some((listed(merchant, state.status()), listed_at(state.created_at, &key.sk)))
}

pub(crate) fn body_attribute(json: &[u8]) -> Result<AttributeValue, StoreError> {
    let deflated = body::deflate(json).map_err(StoreError::fault)?;
    Ok(AttributeValue::B(Blob::new(deflated)))
}

/// A 16-byte hash of a body.
fn body_hash(json: &[u8]) -> Vec<u8> {
    Sha256::digest(json).iter().take(16).copied().collect()
}
