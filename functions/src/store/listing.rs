//! The index `listed`: a merchant's network orders by status and time of creation, and the notes of each thing by time.
//!
//! An order stands in one partition for each merchant and status, so a list by status is one query, and a list of all is
//! the merge of seven. That costs a list seven small requests, and each order one write of the index less than an index
//! by time beside it. The index holds keys only and follows the table within moments: an order may be missing that has
//! just been created, and the order itself says what its status is.

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

/// Between which places of the index to look, both included, and from which end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) low: String,
    pub(crate) high: String,
    pub(crate) is_ascending: bool,
}

/// An entry of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its place, by which a list goes on.
    pub(crate) place: String,
    pub(crate) order: OrderId,
}

/// The same as the index has it: the key of a thing, and its place.
#[derive(Deserialize)]
pub(super) struct Entry {
    #[serde(flatten)]
    pub(super) key: keys::Key,
    pub(super) list_sk: String,
}

impl Table {
    /// The first entries of the range, of these statuses, in order of their place.
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
        // An order that is just changing its status may stand in both partitions.
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

    /// The first entries of a range of one partition of the index.
    pub(super) async fn entries(
        &self,
        partition: &str,
        range: &Range,
        entries_max: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        // The table refuses such a range, where a client that asks for it finds nothing.
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

    /// The orders that bear a short id; the ids follow from the key alone.
    pub(crate) async fn ids_of_short_id(
        &self,
        merchant: &MerchantId,
        short_id: &str,
    ) -> Result<Vec<OrderId>, StoreError> {
        let keys = self.sort_keys(orders_of_short_id(merchant, short_id)).await?;
        Ok(keys.into_iter().filter_map(|key| OrderId::parse(&key).ok()).collect())
    }

    /// The orders that may bear an external id: whoever has claimed it, and those that bear it beside.
    pub(crate) async fn ids_of_external_id(
        &self,
        merchant: &MerchantId,
        external_id: &str,
    ) -> Result<Vec<OrderId>, StoreError> {
        let claim = self.claims(merchant, &[external_id]).await?.into_iter().flatten().map(|claim| claim.order_id);
        let beside = self.sort_keys(external_ids(merchant, external_id)).await?;
        let ids: HashSet<OrderId> = claim.chain(beside).filter_map(|id| OrderId::parse(&id).ok()).collect();
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

    /// These orders as they were a moment ago, at half the price of reading them as they are; in the order of the ids.
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

/// Orders that one name can lead to.
const NAMESAKES_MAX: usize = 1_000;
