//! Many items at once: reads by key, and inserts that are independent of one another.

use aws_sdk_dynamodb::types::{
    BatchStatementErrorCodeEnum, BatchStatementRequest, KeysAndAttributes, ReturnConsumedCapacity,
};
use futures_util::future::{join_all, try_join_all};
use serde::de::DeserializeOwned;

use super::{ATTEMPTS_MAX, Item, Table, from_item, item_key, key_item};
use crate::cost::Access;
use crate::store::error::{StoreError, store_error};
use crate::store::keys::Key;

/// The outcome of inserting one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    New,
    /// Its key was taken; nothing was written.
    Taken,
    /// Unknown, or rejected for now; the insert may be repeated.
    Busy,
    /// Rejected for good; the log has the reason.
    Failed,
}

/// Statements per `BatchExecuteStatement`.
const STATEMENTS_MAX: usize = 25;
/// Keys per `BatchGetItem`.
const KEYS_MAX: usize = 100;

impl Table {
    /// The existing items under `keys`, in any order. Duplicate keys are read once.
    pub(crate) async fn get_many(&self, keys: &[Key], consistent: bool) -> Result<Vec<Item>, StoreError> {
        let mut distinct: Vec<&Key> = keys.iter().collect();
        distinct.sort_by(|a, b| (&a.pk, &a.sk).cmp(&(&b.pk, &b.sk)));
        distinct.dedup();
        let batches = distinct.chunks(KEYS_MAX).map(|batch| self.get_batch(batch, consistent));
        Ok(try_join_all(batches).await?.into_iter().flatten().collect())
    }

    /// The existing items under these keys, each with its own parse result.
    pub(crate) async fn read_each<T: DeserializeOwned>(
        &self,
        keys: &[Key],
    ) -> Result<Vec<(Key, Result<T, StoreError>)>, StoreError> {
        let items = self.get_many(keys, true).await?;
        let read = |item| item_key(&item).map(|key| (key, from_item(item)));
        Ok(items.into_iter().filter_map(read).collect())
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

    /// Inserts items with distinct keys, independently of each other: neither a taken key nor a failed request stops the
    /// others.
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

    /// Items with an unknown outcome are returned as busy.
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
            .map_err(StoreError::fault)
    }
}

fn keys_and_attributes(keys: Vec<Item>, consistent: bool) -> Result<KeysAndAttributes, StoreError> {
    KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(consistent).build().map_err(StoreError::fault)
}
