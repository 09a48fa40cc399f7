//! The one table, call by call: each requests its consumed capacity and adds it to the meter. The other modules of
//! [`crate::store`] know what is stored.

mod batch;
mod transaction;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ConsumedCapacity, ReturnConsumedCapacity};
use serde::Serialize;
use serde::de::DeserializeOwned;

use shared::time::Timestamp;

use super::error::{StoreError, store_error};
use super::keys::Key;
use super::kind::ENTITY;
use super::request_key::IdempotencyKey;
use crate::context::{Context, NoRandomness};
use crate::cost::{Access, Meter};

pub(crate) use batch::Inserted;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// Attempts at what the service left unprocessed.
const ATTEMPTS_MAX: u32 = 5;

/// The table, on behalf of one request.
#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) client: Client,
    pub(crate) name: Arc<str>,
    pub(crate) context: Context,
    pub(crate) meter: Meter,
    pub(crate) request_id: Option<String>,
    pub(crate) key: Option<IdempotencyKey>,
    /// How long after a write its follow-up is overdue.
    pub(crate) overdue: Duration,
}

impl Table {
    /// When the sweep checks what is written now.
    pub(crate) fn overdue_at(&self) -> Timestamp {
        self.context.now().after(self.overdue)
    }

    /// When the request was accepted: now, or when the first attempt under its key began.
    pub(crate) fn accepted_at(&self) -> Timestamp {
        self.key.as_ref().map_or_else(|| self.context.now(), |key| key.begun_at)
    }

    /// Whether an earlier attempt may have taken effect.
    pub(crate) fn is_retry(&self) -> bool {
        self.key.as_ref().is_some_and(|key| key.is_retry)
    }

    /// Up to 32 bytes for an id or a secret: random, or derived from the idempotency key, so that a retry creates the
    /// same thing. `purpose` and `index` separate the values of one request.
    pub(crate) fn bytes<const COUNT: usize>(&self, purpose: &str, index: usize) -> Result<[u8; COUNT], NoRandomness> {
        match &self.key {
            Some(key) => Ok(key.bytes(purpose, index)),
            None => self.context.random(),
        }
    }

    /// The mark that part `part` of the request leaves on what it creates or changes; `None` without a key. Two marks
    /// of one item collide with a probability of 1 in 10^17.
    pub(crate) fn mark(&self, part: usize) -> Option<String> {
        self.key.as_ref().map(|key| shared::ids::hex(&key.bytes::<8>("mark", part)))
    }

    /// Reads one item, strongly consistent.
    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
            .send()
            .await
            .map_err(store_error)?;
        self.meter.dynamodb(Access::Read, answer.consumed_capacity());
        Ok(answer.item)
    }

    /// Reads and parses one item, strongly consistent.
    pub(crate) async fn load<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        self.get(key).await?.map(from_item).transpose()
    }

    /// Updates one item: false if its condition failed. Retries conflicts with transactions, which the SDK does not.
    pub(crate) async fn update(
        &self,
        key: &Key,
        change: impl FnOnce(UpdateItemFluentBuilder) -> UpdateItemFluentBuilder,
    ) -> Result<bool, StoreError> {
        let request = self
            .client
            .update_item()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let request = change(request);
        let mut attempt = 0;
        loop {
            self.context.pause(attempt).await;
            attempt = attempt.saturating_add(1);
            let result = request.clone().send().await.map(|answer| answer.consumed_capacity);
            let is_conflict = result.as_ref().is_err_and(|error| error.code() == Some("TransactionConflictException"));
            if !is_conflict || attempt >= ATTEMPTS_MAX {
                return self.written(result);
            }
            self.meter.dynamodb(Access::Write, []);
        }
    }

    /// Puts one item: false if its condition failed.
    pub(crate) async fn put_if(
        &self,
        item: Item,
        condition: impl FnOnce(PutItemFluentBuilder) -> PutItemFluentBuilder,
    ) -> Result<bool, StoreError> {
        let request = self
            .client
            .put_item()
            .table_name(&*self.name)
            .set_item(Some(item))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        self.written(condition(request).send().await.map(|answer| answer.consumed_capacity))
    }

    /// Meters a write: false for a failed condition, which is charged.
    fn written<E, R>(&self, result: Result<Option<ConsumedCapacity>, SdkError<E, R>>) -> Result<bool, StoreError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let (capacity, is_written) = match result {
            Ok(capacity) => (capacity, true),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => (None, false),
            Err(error) => return Err(store_error(error)),
        };
        self.meter.dynamodb(Access::Write, &capacity);
        Ok(is_written)
    }

    /// Inserts an item: false if its key is taken.
    pub(crate) async fn put_new(&self, item: Item) -> Result<bool, StoreError> {
        self.put_if(item, |request| request.condition_expression(IS_NEW)).await
    }

    /// Inserts an item in its stored form: false if its key is taken.
    pub(crate) async fn insert(&self, new: &impl Serialize) -> Result<bool, StoreError> {
        self.put_new(to_item(new)?).await
    }

    /// Replaces the version before `next`: false if it has changed or is gone.
    pub(crate) async fn put_next(&self, item: Item, next: u64) -> Result<bool, StoreError> {
        let before = version_before(next);
        self.put_if(item, |request| {
            request.condition_expression(IS_BEFORE).expression_attribute_values(":before", before)
        })
        .await
    }

    /// Deletes the version before `next`: false if it has changed or is gone.
    pub(crate) async fn delete_before(&self, key: &Key, next: u64) -> Result<bool, StoreError> {
        let before = version_before(next);
        self.delete_if(key, |request| {
            request.condition_expression(IS_BEFORE).expression_attribute_values(":before", before)
        })
        .await
    }

    /// Deletes one item: false if its condition failed, also for our own delete that was sent twice.
    pub(crate) async fn delete_if(
        &self,
        key: &Key,
        condition: impl FnOnce(DeleteItemFluentBuilder) -> DeleteItemFluentBuilder,
    ) -> Result<bool, StoreError> {
        let request = self
            .client
            .delete_item()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        self.written(condition(request).send().await.map(|answer| answer.consumed_capacity))
    }

    /// All items of one partition of the table or of an index, up to `items_max`; `narrow` sets the condition.
    pub(crate) async fn query(
        &self,
        items_max: usize,
        narrow: impl Fn(QueryFluentBuilder) -> QueryFluentBuilder,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut start = None;
        while items.len() < items_max {
            let request = self
                .client
                .query()
                .table_name(&*self.name)
                .limit(i32::try_from(items_max.saturating_sub(items.len())).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
            let answer = narrow(request).send().await.map_err(store_error)?;
            self.meter.dynamodb(Access::Read, answer.consumed_capacity());
            items.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(items)
    }

    /// The items of a partition with sort keys below `before`, in descending order.
    pub(crate) async fn query_below(
        &self,
        pk: &str,
        before: Option<&str>,
        items_max: usize,
    ) -> Result<Vec<Item>, StoreError> {
        // The sort keys start with a digit, and a colon sorts after the digits.
        let before = before.unwrap_or(":");
        self.query(items_max, |query| {
            query
                .scan_index_forward(false)
                .key_condition_expression("pk = :pk AND sk < :before")
                .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
                .expression_attribute_values(":before", AttributeValue::S(before.to_owned()))
        })
        .await
    }
}

const IS_NEW: &str = "attribute_not_exists(pk)";
const IS_BEFORE: &str = "version = :before";

fn version_before(next: u64) -> AttributeValue {
    AttributeValue::N(next.saturating_sub(1).to_string())
}

/// Serialises an item and adds its kind.
pub(crate) fn to_item(stored: &impl Serialize) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(stored).map_err(StoreError::fault)?;
    let kind = item_key(&item).and_then(|key| key.kind());
    item.extend(kind.map(|kind| (ENTITY.to_owned(), AttributeValue::S(kind.as_str().to_owned()))));
    Ok(item)
}

/// Deserialises an item of the table or of its stream.
pub(crate) fn from_item<T: DeserializeOwned>(item: impl Into<serde_dynamo::Item>) -> Result<T, StoreError> {
    let item: serde_dynamo::Item = item.into();
    let kind = item
        .get(ENTITY)
        .and_then(|kind| if let serde_dynamo::AttributeValue::S(kind) = kind { Some(kind.clone()) } else { None });
    let kind = kind.unwrap_or_else(|| "item".to_owned());
    serde_dynamo::from_item(item).map_err(|error| StoreError::Fault(format!("the {kind} is unreadable: {error}")))
}

pub(crate) fn key_item(key: &Key) -> Item {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}

pub(crate) fn item_key(item: &Item) -> Option<Key> {
    let text = |name: &str| item.get(name)?.as_s().ok().cloned();
    Some(Key { pk: text("pk")?, sk: text("sk")? })
}
