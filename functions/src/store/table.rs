//! The one table, call by call: each asks for its consumed capacity and adds it to the meter.
//!
//! What is here is DynamoDB's vocabulary; what an order is stands in the modules beside this one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementErrorCodeEnum, BatchStatementRequest, CancellationReason, KeysAndAttributes,
    ReturnConsumedCapacity, TransactWriteItem,
};
use futures_util::future::{join_all, try_join_all};

use shared::time::Timestamp;

use super::error::{StoreError, reasons, store_error};
use super::idempotency::IdempotencyKey;
use super::keys::Key;
use crate::context::Context;
use crate::cost::{Access, Meter};

/// An item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// What became of one item of an insert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// It is there now.
    New,
    /// Its key was taken; nothing was written.
    Taken,
    /// Not known, or refused for now; it may be inserted again.
    Busy,
    /// Refused for a reason that the log has; inserting it again does not help.
    Failed,
}

/// Statements of one `BatchExecuteStatement`.
const STATEMENTS_MAX: usize = 25;
/// Keys of one `BatchGetItem`.
const KEYS_MAX: usize = 100;
/// How often what the service left over is asked for again.
const ATTEMPTS_MAX: u32 = 5;

/// The table, on behalf of one request.
#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) client: Client,
    pub(crate) name: Arc<str>,
    pub(crate) context: Context,
    pub(crate) meter: Meter,
    /// The request on whose behalf it is, where there is one.
    pub(crate) request_id: Option<String>,
    /// The idempotency key of that request, where it has one.
    pub(crate) key: Option<IdempotencyKey>,
    /// How long after a write its follow-up is overdue.
    pub(crate) overdue: Duration,
}

impl Table {
    /// When the sweep is to look after what is written now.
    pub(crate) fn overdue_at(&self) -> Timestamp {
        let overdue_ms = i64::try_from(self.overdue.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_milliseconds(self.context.now().milliseconds().saturating_add(overdue_ms))
    }

    /// One item, strongly consistent.
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

    /// The items under `keys` that exist, in any order. Duplicate keys are read once.
    pub(crate) async fn get_many(&self, keys: &[Key], consistent: bool) -> Result<Vec<Item>, StoreError> {
        let mut distinct: Vec<&Key> = keys.iter().collect();
        distinct.sort_by(|a, b| (&a.pk, &a.sk).cmp(&(&b.pk, &b.sk)));
        distinct.dedup();
        let batches = distinct.chunks(KEYS_MAX).map(|batch| self.get_batch(batch, consistent));
        Ok(try_join_all(batches).await?.into_iter().flatten().collect())
    }

    async fn get_batch(&self, keys: &[&Key], consistent: bool) -> Result<Vec<Item>, StoreError> {
        let mut wanted = Some(keys_and_attributes(keys.iter().map(|key| key_item(key)).collect(), consistent)?);
        let mut items = Vec::new();
        for attempt in 0..ATTEMPTS_MAX {
            let Some(request) = wanted.take() else { return Ok(items) };
            self.context.pause(attempt).await;
            let answer = self
                .client
                .batch_get_item()
                .request_items(&*self.name, request)
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
                .send()
                .await
                .map_err(store_error)?;
            self.meter.dynamodb(Access::Read, answer.consumed_capacity());
            items.extend(answer.responses.unwrap_or_default().remove(&*self.name).unwrap_or_default());
            wanted = answer.unprocessed_keys.unwrap_or_default().remove(&*self.name);
        }
        if wanted.is_none() { Ok(items) } else { Err(StoreError::Busy("keys were left unread".to_owned())) }
    }

    /// Inserts items whose keys must be free, each by itself: neither one that is taken nor a request that fails stops the
    /// others. No two of them may have one key.
    pub(crate) async fn insert_many(&self, items: Vec<Item>) -> Vec<Inserted> {
        let mut batches = Vec::new();
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            batches.push(self.insert_batch(items.by_ref().take(STATEMENTS_MAX).collect()));
        }
        join_all(batches).await.into_iter().flatten().collect()
    }

    async fn insert_batch(&self, items: Vec<Item>) -> Vec<Inserted> {
        let count = items.len();
        self.try_insert_batch(items).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a batch of {count} inserts failed");
            vec![Inserted::Failed; count]
        })
    }

    /// A batch whose outcome is not known leaves its items busy.
    async fn try_insert_batch(&self, items: Vec<Item>) -> Result<Vec<Inserted>, StoreError> {
        let statements: Vec<_> = items.into_iter().map(|item| self.insert_statement(item)).collect::<Result<_, _>>()?;
        let mut results = vec![Inserted::Busy; statements.len()];
        for attempt in 0..ATTEMPTS_MAX {
            let open: Vec<usize> = results
                .iter()
                .enumerate()
                .filter(|(_, result)| **result == Inserted::Busy)
                .map(|(index, _)| index)
                .collect();
            if open.is_empty() {
                break;
            }
            self.context.pause(attempt).await;
            let batch = open.iter().filter_map(|index| statements.get(*index).cloned()).collect();
            let executed = match self.execute(batch).await {
                Ok(executed) => executed,
                Err(StoreError::Busy(reason)) => {
                    tracing::warn!(reason, "the outcome of an insert is not known");
                    break;
                }
                Err(fault) => return Err(fault),
            };
            for (index, result) in open.into_iter().zip(executed) {
                if let Some(slot) = results.get_mut(index) {
                    *slot = result;
                }
            }
        }
        Ok(results)
    }

    async fn execute(&self, statements: Vec<BatchStatementRequest>) -> Result<Vec<Inserted>, StoreError> {
        let answer = self
            .client
            .batch_execute_statement()
            .set_statements(Some(statements))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
            .send()
            .await
            .map_err(store_error)?;
        self.meter.dynamodb(Access::Write, answer.consumed_capacity());
        let result = |code: Option<&BatchStatementErrorCodeEnum>, message: Option<&str>| match code {
            None => Ok(Inserted::New),
            Some(BatchStatementErrorCodeEnum::DuplicateItem) => Ok(Inserted::Taken),
            Some(
                BatchStatementErrorCodeEnum::ThrottlingError
                | BatchStatementErrorCodeEnum::ProvisionedThroughputExceeded
                | BatchStatementErrorCodeEnum::RequestLimitExceeded
                | BatchStatementErrorCodeEnum::InternalServerError
                | BatchStatementErrorCodeEnum::TransactionConflict,
            ) => Ok(Inserted::Busy),
            Some(other) => Err(StoreError::Fault(format!("{} ({})", other.as_str(), message.unwrap_or_default()))),
        };
        answer
            .responses
            .unwrap_or_default()
            .iter()
            .map(|response| {
                let error = response.error();
                result(error.and_then(|error| error.code()), error.and_then(|error| error.message()))
            })
            .collect()
    }

    fn insert_statement(&self, item: Item) -> Result<BatchStatementRequest, StoreError> {
        let (names, values): (Vec<_>, Vec<_>) = item.into_iter().unzip();
        let members: Vec<String> = names.iter().map(|name| format!("'{name}': ?")).collect();
        BatchStatementRequest::builder()
            .statement(format!("INSERT INTO \"{}\" VALUE {{{}}}", self.name, members.join(", ")))
            .set_parameters(Some(values))
            .build()
            .map_err(|error| StoreError::Fault(error.to_string()))
    }

    /// Writes all or nothing. The reasons stand at the positions of the writes; a conflict with another transaction is
    /// tried again here, because the SDK does not.
    pub(crate) async fn transact(
        &self,
        writes: &[TransactWriteItem],
    ) -> Result<Result<(), Vec<CancellationReason>>, StoreError> {
        for attempt in 0..ATTEMPTS_MAX * 2 {
            self.context.pause(attempt).await;
            let answer = self
                .client
                .transact_write_items()
                .set_transact_items(Some(writes.to_vec()))
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
                .send()
                .await;
            let error = match answer {
                Ok(answer) => {
                    self.meter.dynamodb(Access::Write, answer.consumed_capacity());
                    return Ok(Ok(()));
                }
                Err(error) => error,
            };
            // A cancelled transaction reports no capacity; the request itself is counted.
            self.meter.dynamodb(Access::Write, []);
            let reasons = match error.as_service_error() {
                Some(service) if service.is_transaction_canceled_exception() => reasons(service),
                _ => return Err(store_error(error)),
            };
            // Beside a conflict, a condition that failed may not be the whole truth.
            let any = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
            if any("ConditionalCheckFailed") && !any("TransactionConflict") {
                return Ok(Err(reasons));
            }
            let passing = |code: &str| {
                let busy = matches!(code, "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded");
                busy || matches!(code, "None" | "ConditionalCheckFailed")
            };
            if let Some(fault) = reasons.iter().find(|reason| !reason.code().is_none_or(passing)) {
                return Err(StoreError::Fault(format!("{fault:?}")));
            }
        }
        Err(StoreError::Busy("the transaction met others each time".to_owned()))
    }

    /// Changes one item if its condition holds: whether it did. A conflict with a transaction is tried again here, because
    /// the SDK does not.
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
            let error = match request.clone().send().await {
                Ok(answer) => {
                    self.meter.dynamodb(Access::Write, answer.consumed_capacity());
                    return Ok(true);
                }
                Err(error) => error,
            };
            if error.code() == Some("TransactionConflictException") && attempt < ATTEMPTS_MAX {
                self.meter.dynamodb(Access::Write, []);
            } else if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) {
                self.meter.dynamodb(Access::Write, []);
                return Ok(false);
            } else {
                return Err(store_error(error));
            }
        }
    }

    /// Puts one item, in place of the one that is there, if its condition holds: whether it did.
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
        match condition(request).send().await {
            Ok(answer) => {
                self.meter.dynamodb(Access::Write, answer.consumed_capacity());
                Ok(true)
            }
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                self.meter.dynamodb(Access::Write, []);
                Ok(false)
            }
            Err(error) => Err(store_error(error)),
        }
    }

    /// Deletes one item if its condition holds: whether it did. It does not for a delete of ours that was sent again.
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
        match condition(request).send().await {
            Ok(answer) => {
                self.meter.dynamodb(Access::Write, answer.consumed_capacity());
                Ok(true)
            }
            Err(error)
                if error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                self.meter.dynamodb(Access::Write, []);
                Ok(false)
            }
            Err(error) => Err(store_error(error)),
        }
    }

    /// Every item of one partition of the table or of an index, as `narrow` has it; stops at `items_max`.
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
}

/// The key attributes of an item.
pub(crate) fn key_item(key: &Key) -> Item {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}

/// The key of an item.
pub(crate) fn item_key(item: &Item) -> Option<Key> {
    let text = |name: &str| item.get(name)?.as_s().ok().cloned();
    Some(Key { pk: text("pk")?, sk: text("sk")? })
}

fn keys_and_attributes(keys: Vec<Item>, consistent: bool) -> Result<KeysAndAttributes, StoreError> {
    KeysAndAttributes::builder()
        .set_keys(Some(keys))
        .consistent_read(consistent)
        .build()
        .map_err(|error| StoreError::Fault(error.to_string()))
}
