//! The index `listed`: a merchant's network orders by status and time of creation, and the notes of each resource by
//! time.
//!
//! An order is in one partition per merchant and status, so a list by status is one query and a list of all orders
//! merges seven. That costs a list seven small requests, but saves each order one index write compared with an
//! additional index by time. The index holds keys only and is eventually consistent: a new order may be missing, and
//! the order itself has the correct status.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;
use serde::Deserialize;
use shared::ids::{MerchantId, OrderId};
use shared::order::OrderStatus;

use super::keys::{external_ids, listed, orders_of_short_id};
use super::network_orders::FoundOrder;
use super::table::from_item;
use super::{StoreError, Table, keys};

/// The first and last sort key, both inclusive, and the direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) low: String,
    pub(crate) high: String,
    pub(crate) is_ascending: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its sort key, where the next page continues.
    pub(crate) place: String,
    pub(crate) order: OrderId,
}

#[derive(Deserialize)]
pub(super) struct Entry {
    #[serde(flatten)]
    pub(super) key: keys::Key,
    pub(super) list_sk: String,
}

impl Table {
    /// The first entries of the range in these statuses, in order of their sort keys.
    pub(crate) async fn listed(
        &self,
        merchant: &MerchantId,
        statuses: &[OrderStatus],
        range: &Range,
        entries_max: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        let partitions = statuses.iter().map(|status| listed(merchant.as_str(), *status));
        let queries = partitions.map(|partition| self.listed_in(partition, range, entries_max));
        let mut entries: Vec<Listed> = try_join_all(queries).await?.into_iter().flatten().collect();
        entries.sort_by(|a, b| a.place.cmp(&b.place));
        if !range.is_ascending {
            entries.reverse();
        }
        // An order that is changing its status may be in both partitions.
        entries.dedup();
        entries.truncate(entries_max);
        Ok(entries)
    }

    async fn listed_in(&self, partition: String, range: &Range, entries_max: usize) -> Result<Vec<Listed>, StoreError> {
        let entry = |entry: Entry| {
            let order = OrderId::parse(&entry.key.sk).map_err(StoreError::fault)?;
            Ok(Listed { place: entry.list_sk, order })
        };
        self.entries(&partition, range, entries_max).await?.into_iter().map(entry).collect()
    }

    pub(super) async fn entries(
        &self,
        partition: &str,
        range: &Range,
        entries_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        // DynamoDB rejects an empty range; here it has no entries.
        if range.low > range.high {
            return Ok(Vec::new());
        }
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let items = self
            .query(entries_max, |query| {
                query
                    .index_name("listed")
                    .key_condition_expression("list_pk = :partition AND list_sk BETWEEN :low AND :high")
                    .expression_attribute_values(":partition", text(partition))
                    .expression_attribute_values(":low", text(&range.low))
                    .expression_attribute_values(":high", text(&range.high))
                    .scan_index_forward(range.is_ascending)
            })
            .await?;
        items.into_iter().map(from_item).collect()
    }

    /// The ids of the orders with a short id, read from the keys alone.
    pub(crate) async fn ids_of_short_id(
        &self,
        merchant: &MerchantId,
        short_id: &str,
    ) -> Result<Vec<OrderId>, StoreError> {
        let keys = self.sort_keys(orders_of_short_id(merchant, short_id)).await?;
        Ok(keys.into_iter().filter_map(|key| OrderId::parse(&key).ok()).collect())
    }

    /// The orders that may have an external id: the one that claimed it, and further ones.
    pub(crate) async fn ids_of_external_id(
        &self,
        merchant: &MerchantId,
        external_id: &str,
    ) -> Result<Vec<OrderId>, StoreError> {
        let claim = self.claims(merchant, &[external_id]).await?.into_iter().flatten().map(|claim| claim.order_id);
        let further = self.sort_keys(external_ids(merchant, external_id)).await?;
        let ids: HashSet<OrderId> = claim.chain(further).filter_map(|id| OrderId::parse(&id).ok()).collect();
        Ok(ids.into_iter().collect())
    }

    async fn sort_keys(&self, partition: String) -> Result<Vec<String>, StoreError> {
        let items = self
            .query(NAMESAKES_MAX, |query| {
                query
                    .key_condition_expression("pk = :partition")
                    .expression_attribute_values(":partition", AttributeValue::S(partition.clone()))
                    .projection_expression("pk, sk")
                    .consistent_read(true)
            })
            .await?;
        items.into_iter().map(|item| from_item::<keys::Key>(item).map(|key| key.sk)).collect()
    }

    /// Reads orders in the order of the ids; an eventually consistent read costs half.
    pub(crate) async fn orders_lately(
        &self,
        merchant: &MerchantId,
        ids: &[OrderId],
        is_consistent: bool,
    ) -> Result<Vec<Option<FoundOrder>>, StoreError> {
        let keys: Vec<keys::Key> = ids.iter().map(|id| keys::Key::order(merchant, id)).collect();
        let mut found = std::collections::HashMap::new();
        for item in self.get_many(&keys, is_consistent).await? {
            let (key, order) = FoundOrder::with_key(item)?;
            found.insert(key, order);
        }
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }
}

/// Maximum number of orders with the same name.
const NAMESAKES_MAX: usize = 1_000;
