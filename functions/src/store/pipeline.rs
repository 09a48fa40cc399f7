//! The pipeline's access to stored orders: read a state, write the next one, find what is overdue.
//!
//! The sparse index `due` holds everything that must be checked if nothing happens in time: orders whose next step is
//! ours, claims of external ids without an order, pending webhooks. The sweep acts at `due_at`; a pausing job moves it
//! past its pause.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, Update};
use serde::Deserialize;
use shared::order::{OrderState, next_step};
use shared::time::Timestamp;

use super::cause::Cause;
use super::keys::{Key, due_shard};
use super::stored::{OPTIONAL, StoredState, body_attribute, listed_place};
use super::table::{Item, from_item, key_item};
use super::{StoreError, Table};

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Due {
    #[serde(flatten)]
    pub(crate) key: Key,
    /// Seconds since the epoch.
    pub(crate) due_at: i64,
}

struct Expression {
    text: String,
    names: Vec<(String, String)>,
    values: Vec<(String, AttributeValue)>,
}

impl Table {
    /// Writes the next state of an order, and a new body if there is one: false if the order has another version.
    pub(crate) async fn advance(
        &self,
        key: &Key,
        next: &OrderState,
        cause: Cause,
        body: Option<&[u8]>,
    ) -> Result<bool, StoreError> {
        let Expression { mut text, names, mut values } = self.next_state(key, next, cause)?;
        if let Some(json) = body {
            text.insert_str("SET ".len(), "body = :body, ");
            values.push((":body".to_owned(), body_attribute(json)?));
        }
        self.update(key, |request| {
            request
                .update_expression(text)
                .condition_expression("version = :version_before")
                .set_expression_attribute_names(Some(names.into_iter().collect()))
                .set_expression_attribute_values(Some(values.into_iter().collect()))
        })
        .await
    }

    /// Like [`Self::advance`] without a body, as part of a transaction.
    pub(crate) fn advance_in_transaction(
        &self,
        key: &Key,
        next: &OrderState,
        cause: Cause,
    ) -> Result<Update, StoreError> {
        let Expression { text, names, values } = self.next_state(key, next, cause)?;
        Update::builder()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .update_expression(text)
            .condition_expression("version = :version_before")
            .set_expression_attribute_names(Some(names.into_iter().collect()))
            .set_expression_attribute_values(Some(values.into_iter().collect()))
            .build()
            .map_err(StoreError::fault)
    }

    /// Sets every member of the state and removes absent ones. An order whose next step is ours is in the index `due`;
    /// its position stays the same from step to step, because a change would cost two index writes.
    fn next_state(&self, key: &Key, next: &OrderState, cause: Cause) -> Result<Expression, StoreError> {
        let stored = StoredState::new(key.clone(), next, cause);
        let item: Item = serde_dynamo::to_item(stored).map_err(StoreError::fault)?;
        let before = next.version.saturating_sub(1).to_string();
        let mut expression = Expression {
            text: String::new(),
            names: Vec::new(),
            values: vec![(":version_before".to_owned(), AttributeValue::N(before))],
        };
        let removed: Vec<&str> = OPTIONAL.into_iter().filter(|name| !item.contains_key(*name)).collect();
        let mut sets = Vec::new();
        let mut members: Vec<_> =
            item.into_iter().filter(|(name, _)| !matches!(name.as_str(), "pk" | "sk" | "created_at")).collect();
        members.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (name, value) in members {
            sets.push(format!("#{name} = :{name}"));
            expression.values.push((format!(":{name}"), value));
            expression.names.push((format!("#{name}"), name));
        }
        let mut removes: Vec<String> = removed.iter().map(|name| format!("#{name}")).collect();
        expression.names.extend(removed.iter().map(|name| (format!("#{name}"), (*name).to_owned())));
        if let Some((list_pk, _)) = listed_place(key, next) {
            sets.push("list_pk = :list_pk".to_owned());
            expression.values.push((":list_pk".to_owned(), AttributeValue::S(list_pk)));
        }
        if next_step(next).is_some() {
            let due_at = self.overdue_at().seconds().to_string();
            sets.push("due_shard = :due_shard, due_at = if_not_exists(due_at, :due_at)".to_owned());
            expression.values.push((":due_shard".to_owned(), AttributeValue::S(due_shard(key).to_owned())));
            expression.values.push((":due_at".to_owned(), AttributeValue::N(due_at)));
        } else {
            removes.extend(["due_shard".to_owned(), "due_at".to_owned()]);
        }
        let remove = if removes.is_empty() { String::new() } else { format!(" REMOVE {}", removes.join(", ")) };
        expression.text = format!("SET {}{remove}", sets.join(", "));
        Ok(expression)
    }

    /// Postpones the check of an order that was queued again, and counts that: false if its version has changed.
    pub(crate) async fn postpone(&self, key: &Key, version: u64) -> Result<bool, StoreError> {
        let due_at = self.overdue_at().seconds().to_string();
        self.update(key, |request| {
            request
                .update_expression(
                    "SET due_at = :due_at, due_since = if_not_exists(due_since, due_at) ADD requeued :one",
                )
                .condition_expression("version = :version AND attribute_exists(due_at)")
                .expression_attribute_values(":due_at", AttributeValue::N(due_at))
                .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
                .expression_attribute_values(":version", AttributeValue::N(version.to_string()))
        })
        .await
    }

    /// Keeps the sweep from an order whose job pauses, unless it would not check the order before that anyway.
    pub(crate) async fn put_off_order(&self, key: &Key, version: u64, pause: Duration) -> Result<(), StoreError> {
        let pause_seconds = i64::try_from(pause.as_secs()).unwrap_or(i64::MAX).saturating_add(1);
        let again_at = self.context.now().seconds().saturating_add(pause_seconds).to_string();
        let due_at = self.overdue_at().seconds().saturating_add(pause_seconds).to_string();
        self.update(key, |request| {
            request
                .update_expression("SET due_at = :due_at")
                .condition_expression("version = :version AND due_at <= :again_at")
                .expression_attribute_values(":due_at", AttributeValue::N(due_at))
                .expression_attribute_values(":again_at", AttributeValue::N(again_at))
                .expression_attribute_values(":version", AttributeValue::N(version.to_string()))
        })
        .await
        .map(|_| ())
    }

    /// Removes an item from the index `due`: an unreadable one, or an order that waits for nothing of ours at this
    /// version.
    pub(crate) async fn leave_due(&self, key: &Key, version: Option<u64>) -> Result<(), StoreError> {
        let version = version.map(|version| AttributeValue::N(version.to_string()));
        self.update(key, |request| {
            let request = request.update_expression("REMOVE due_shard, due_at, due_since, requeued");
            match version {
                Some(version) => {
                    request.condition_expression("version = :version").expression_attribute_values(":version", version)
                }
                None => request.condition_expression("attribute_exists(pk)"),
            }
        })
        .await
        .map(|_| ())
    }

    /// What is due by `now` in these shards: at most `items_max`, the oldest of each shard.
    pub(crate) async fn due(&self, shards: &[&str], now: Timestamp, items_max: usize) -> Result<Vec<Due>, StoreError> {
        let shard_max = items_max.div_ceil(shards.len().max(1));
        let shards = shards.iter().map(|shard| self.due_in(shard, now, shard_max));
        Ok(futures_util::future::try_join_all(shards).await?.into_iter().flatten().collect())
    }

    async fn due_in(&self, shard: &str, now: Timestamp, items_max: usize) -> Result<Vec<Due>, StoreError> {
        let items = self
            .query(items_max, |query| {
                query
                    .index_name("due")
                    .key_condition_expression("due_shard = :shard AND due_at < :now")
                    .expression_attribute_values(":shard", AttributeValue::S(shard.to_owned()))
                    .expression_attribute_values(":now", AttributeValue::N(now.seconds().to_string()))
            })
            .await?;
        items.into_iter().map(from_item).collect()
    }
}
