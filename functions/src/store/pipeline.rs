//! What the pipeline does with stored orders: read one state, write the next, find those that are late.

use aws_sdk_dynamodb::types::AttributeValue;
use shared::order::OrderState;
use shared::time::Timestamp;

use super::keys::{DUE_SHARDS, Key};
use super::stored::StoredState;
use super::{StoreError, Table};

impl Table {
    /// The state of an order.
    pub(crate) async fn state(&self, key: &Key) -> Result<Option<OrderState>, StoreError> {
        let Some(item) = self.get(key).await? else { return Ok(None) };
        let stored: StoredState =
            serde_dynamo::from_item(item).map_err(|error| StoreError::Fault(error.to_string()))?;
        Ok(Some(stored.state()?))
    }

    /// Writes the next state of an order if it is still at the version before it: whether it was.
    pub(crate) async fn advance(&self, key: &Key, next: &OrderState) -> Result<bool, StoreError> {
        // An order that has ended leaves the index of unfinished ones.
        let remove = if next.status().has_ended() { " REMOVE due_shard, due_at" } else { "" };
        self.update(key, |request| {
            request
                .update_expression(format!(
                    "SET version = :version, line_states = :line_states, updated_at = :updated_at{remove}"
                ))
                .condition_expression("version = :version_before")
                .expression_attribute_values(":version", AttributeValue::N(next.version.to_string()))
                .expression_attribute_values(
                    ":version_before",
                    AttributeValue::N(next.version.saturating_sub(1).to_string()),
                )
                .expression_attribute_values(":line_states", AttributeValue::S(next.lines.letters()))
                .expression_attribute_values(
                    ":updated_at",
                    AttributeValue::N(next.updated_at.milliseconds().to_string()),
                )
        })
        .await
    }

    /// Keys of the items that were due before `deadline`; at most `items_max`, and at least some of the oldest of each
    /// shard.
    pub(crate) async fn overdue(&self, deadline: Timestamp, items_max: usize) -> Result<Vec<Key>, StoreError> {
        let shard_max = items_max.div_ceil(DUE_SHARDS.len());
        let shards = DUE_SHARDS.iter().map(|shard| self.overdue_in(shard, deadline, shard_max));
        Ok(futures_util::future::try_join_all(shards).await?.into_iter().flatten().collect())
    }

    /// The states of the orders under these keys that exist.
    pub(crate) async fn states(&self, keys: &[Key]) -> Result<Vec<(Key, OrderState)>, StoreError> {
        let mut orders = Vec::new();
        for item in self.get_many(keys, true).await? {
            let stored: StoredState =
                serde_dynamo::from_item(item).map_err(|error| StoreError::Fault(error.to_string()))?;
            orders.push((stored.key.clone(), stored.state()?));
        }
        Ok(orders)
    }

    async fn overdue_in(&self, shard: &str, deadline: Timestamp, orders_max: usize) -> Result<Vec<Key>, StoreError> {
        let items = self
            .query(orders_max, |query| {
                query
                    .index_name("due")
                    .key_condition_expression("due_shard = :shard AND due_at < :deadline")
                    .expression_attribute_values(":shard", AttributeValue::S(shard.to_owned()))
                    .expression_attribute_values(":deadline", AttributeValue::N(deadline.seconds().to_string()))
            })
            .await?;
        let key = |item| serde_dynamo::from_item(item).map_err(|error| StoreError::Fault(error.to_string()));
        items.into_iter().map(key).collect()
    }
}
