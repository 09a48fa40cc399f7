//! Pages of entities: of a partition of the table, or of the index `listed`.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::entity::{Entity, Stored};
use super::listing::Range;
use super::table::item_key;
use super::{StoreError, Table};

#[derive(Clone, Debug)]
pub(crate) enum List {
    /// A partition of the table by sort key, strongly consistent.
    Partition(String),
    /// A partition of the index `listed`, newest first. The index is eventually consistent, so a page may lack an
    /// entity that was created or deleted a moment ago.
    Listed(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Page<E: Entity> {
    /// Each with its position in the list.
    pub(crate) rows: Vec<(Stored<E>, String)>,
    /// The position after which the list continues; `None` at its end.
    pub(crate) next: Option<String>,
}

impl Table {
    /// One page of a list: `size` entities after the position `after`, without the first `skip`.
    pub(crate) async fn page<E: Entity>(
        &self,
        list: List,
        after: Option<&str>,
        (skip, size): (usize, usize),
    ) -> Result<Page<E>, StoreError> {
        // One more than is shown says whether there is more.
        let wanted = skip.saturating_add(size).saturating_add(1);
        match list {
            List::Partition(pk) => {
                // Every sort key is behind this one.
                let after = after.unwrap_or("!");
                let items = self.query(wanted, |query| {
                    query
                        .consistent_read(true)
                        .key_condition_expression("pk = :pk AND sk > :after")
                        .expression_attribute_values(":pk", AttributeValue::S(pk.clone()))
                        .expression_attribute_values(":after", AttributeValue::S(after.to_owned()))
                });
                let row = |item| Stored::<E>::from_item(item).map(|stored| (stored.key().sk, stored));
                let rows = items.await?.into_iter().skip(skip).map(row).collect::<Result<Vec<_>, _>>()?;
                let (rows, next) = cut(rows, size);
                Ok(Page { rows: rows.into_iter().map(|(place, stored)| (stored, place)).collect(), next })
            }
            List::Listed(partition) => {
                // A colon stands after the digits.
                let high = after.unwrap_or(":").to_owned();
                let range = Range { low: "0".to_owned(), high, is_ascending: false };
                // The entry at which the list goes on comes again.
                let wanted = wanted.saturating_add(usize::from(after.is_some()));
                let entries = self.entries(&partition, &range, wanted).await?.into_iter();
                let entries = entries.map(|entry| (entry.list_sk, entry.key));
                let (places, next) = cut(entries.filter(|(place, _)| Some(place.as_str()) != after).skip(skip), size);
                let keys: Vec<_> = places.iter().map(|(_, key)| key.clone()).collect();
                let mut found = HashMap::new();
                for item in self.get_many(&keys, false).await? {
                    if let Some(key) = item_key(&item) {
                        found.insert(key, Stored::<E>::from_item(item)?);
                    }
                }
                let row = |(place, key)| Some((found.remove(&key)?, place));
                let rows = places.into_iter().filter_map(row).filter(|(stored, _)| !stored.is_deleted()).collect();
                Ok(Page { rows, next })
            }
        }
    }
}

/// The first rows, and the last position if there are more rows.
fn cut<T>(rows: impl IntoIterator<Item = (String, T)>, size: usize) -> (Vec<(String, T)>, Option<String>) {
    let mut rows: Vec<_> = rows.into_iter().collect();
    let has_more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| has_more).map(|(place, _)| place.clone());
    (rows, next)
}
