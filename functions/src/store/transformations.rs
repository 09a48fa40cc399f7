//! Transformations of inbound orders: one item each, written whole on the condition of the version that was read.
//!
//! No earlier version is kept: every receipt holds the rules that it was received with ([`super::receipts`]).

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use shared::ids::MerchantId;
use shared::network::inbound::TransformationId;
use shared::network::transform::Transformation;
use shared::time::Timestamp;

use super::keys::{self, Key};
use super::table::Item;
use super::{StoreError, Table, body};

/// A stored transformation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredTransformation {
    pub(crate) merchant: MerchantId,
    pub(crate) id: TransformationId,
    /// Raised by one with every change; its `ETag`.
    pub(crate) version: u64,
    pub(crate) name: String,
    pub(crate) transformation: Transformation,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// What changes under keys have left ([`super::idempotency`]).
    pub(crate) marks: Vec<String>,
}

/// Its item. (`name` is a reserved word of DynamoDB.)
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    key: Key,
    version: u64,
    title: String,
    transformation_rules: ByteBuf,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    marks: Vec<String>,
}

fn fault(error: impl std::fmt::Display) -> StoreError {
    StoreError::Fault(format!("a transformation is unreadable: {error}"))
}

/// Rules as they are stored, here and on receipts.
pub(super) fn deflated(transformation: &Transformation) -> Result<ByteBuf, StoreError> {
    let json = serde_json::to_vec(transformation).map_err(fault)?;
    body::deflate(&json).map(ByteBuf::from).map_err(fault)
}

/// Rules as they were stored.
pub(super) fn inflated(stored: &[u8]) -> Result<Transformation, StoreError> {
    serde_json::from_slice(&body::inflate(stored).map_err(fault)?).map_err(fault)
}

impl StoredTransformation {
    fn key(&self) -> Key {
        Key::transformation(&self.merchant, &self.id)
    }

    fn to_item(&self) -> Result<Item, StoreError> {
        let stored = Stored {
            key: self.key(),
            version: self.version,
            title: self.name.clone(),
            transformation_rules: deflated(&self.transformation)?,
            created_at: self.created_at,
            updated_at: self.updated_at,
            marks: self.marks.clone(),
        };
        serde_dynamo::to_item(stored).map_err(fault)
    }

    fn from_item(merchant: &MerchantId, item: Item) -> Result<Self, StoreError> {
        let stored: Stored = serde_dynamo::from_item(item).map_err(fault)?;
        Ok(Self {
            merchant: merchant.clone(),
            id: TransformationId::parse(&stored.key.sk).map_err(fault)?,
            version: stored.version,
            name: stored.title,
            transformation: inflated(&stored.transformation_rules)?,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            marks: stored.marks,
        })
    }
}

impl Table {
    /// A transformation of the merchant.
    pub(crate) async fn transformation(
        &self,
        merchant: &MerchantId,
        id: &TransformationId,
    ) -> Result<Option<StoredTransformation>, StoreError> {
        let item = self.get(&Key::transformation(merchant, id)).await?;
        item.map(|item| StoredTransformation::from_item(merchant, item)).transpose()
    }

    /// The merchant's transformations in the order of their ids: `limit` of them after `skip`, of those after an id.
    pub(crate) async fn transformations(
        &self,
        merchant: &MerchantId,
        after: Option<&str>,
        (skip, limit): (usize, usize),
    ) -> Result<Vec<StoredTransformation>, StoreError> {
        // Every sort key is behind this one.
        let after = after.unwrap_or("!").to_owned();
        let items = self
            .query(skip.saturating_add(limit), |query| {
                query
                    .consistent_read(true)
                    .key_condition_expression("pk = :pk AND sk > :after")
                    .expression_attribute_values(":pk", AttributeValue::S(keys::transformations(merchant)))
                    .expression_attribute_values(":after", AttributeValue::S(after.clone()))
            })
            .await?;
        items.into_iter().skip(skip).map(|item| StoredTransformation::from_item(merchant, item)).collect()
    }

    /// Inserts a transformation: false when its id is taken.
    pub(crate) async fn insert_transformation(&self, new: &StoredTransformation) -> Result<bool, StoreError> {
        self.put_if(new.to_item()?, |request| request.condition_expression("attribute_not_exists(pk)")).await
    }

    /// Puts the next version in the place of the one before it: false when that has changed or is gone.
    pub(crate) async fn replace_transformation(&self, next: &StoredTransformation) -> Result<bool, StoreError> {
        let before = AttributeValue::N(next.version.saturating_sub(1).to_string());
        self.put_if(next.to_item()?, |request| {
            request.condition_expression("version = :before").expression_attribute_values(":before", before)
        })
        .await
    }

    /// Deletes a transformation that is still at this version: whether it was.
    pub(crate) async fn delete_transformation(&self, found: &StoredTransformation) -> Result<bool, StoreError> {
        let version = AttributeValue::N(found.version.to_string());
        self.delete_if(&found.key(), |request| {
            request.condition_expression("version = :version").expression_attribute_values(":version", version)
        })
        .await
    }
}
