//! Stock: the codes of a SKU are numbered, and an order is given the next ones.
//!
//! A SKU has one cursor, `next` and `available`. An allocation moves it in the transaction that advances the order, so no
//! code is given twice, none is lost, and a job that comes again finds another version. It costs the same for one code
//! and for ten thousand.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use serde::Deserialize;
use shared::order::OrderState;

use super::cause::Cause;
use super::keys::Key;
use super::table::{from_item, key_item};
use super::{StoreError, Table};

/// What is left of a SKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Stock {
    /// Number of the next code.
    pub(crate) next: u64,
    /// How many there are from it on.
    pub(crate) available: u64,
}

/// Codes of one SKU that an allocation takes, from where the cursor stood.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) sku: String,
    pub(crate) next: u64,
    pub(crate) count: u64,
}

/// What became of an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allocated {
    /// Order and stock have moved.
    Done,
    /// The order is at another version; nothing has moved.
    Overtaken,
    /// Another order took codes meanwhile; nothing has moved.
    StockMoved,
}

/// SKUs of one allocation: a transaction has 100 writes, one of them the order's.
pub(crate) const SKUS_MAX: usize = 99;

impl Table {
    /// What is left of these SKUs; those without stock are left out.
    pub(crate) async fn stock(&self, skus: &[&str]) -> Result<HashMap<String, Stock>, StoreError> {
        let keys: Vec<Key> = skus.iter().map(|sku| Key::stock(sku)).collect();
        let mut found = HashMap::new();
        for item in self.get_many(&keys, true).await? {
            let pk = item.get("pk").and_then(|pk| pk.as_s().ok()).cloned().unwrap_or_default();
            let stock = from_item(item)?;
            found.extend(pk.strip_prefix("stock#").map(|sku| (sku.to_owned(), stock)));
        }
        Ok(found)
    }

    /// Moves an order on and takes its codes, or does neither. At most [`SKUS_MAX`] SKUs, each once.
    pub(crate) async fn allocate(
        &self,
        key: &Key,
        next: &OrderState,
        cause: Cause,
        taken: &[Taken],
    ) -> Result<Allocated, StoreError> {
        let order = self.advance_in_transaction(key, next, cause)?;
        let mut writes = vec![TransactWriteItem::builder().update(order).build()];
        for taken in taken {
            writes.push(TransactWriteItem::builder().update(self.take(taken)?).build());
        }
        let Err(reasons) = self.transact(&writes).await? else { return Ok(Allocated::Done) };
        let overtaken = reasons.first().is_some_and(|reason| reason.code() == Some("ConditionalCheckFailed"));
        Ok(if overtaken { Allocated::Overtaken } else { Allocated::StockMoved })
    }

    fn take(&self, taken: &Taken) -> Result<Update, StoreError> {
        Update::builder()
            .table_name(&*self.name)
            .set_key(Some(key_item(&Key::stock(&taken.sku))))
            .update_expression("SET #next = #next + :count, available = available - :count")
            .condition_expression("#next = :next AND available >= :count")
            .expression_attribute_names("#next", "next")
            .expression_attribute_values(":count", AttributeValue::N(taken.count.to_string()))
            .expression_attribute_values(":next", AttributeValue::N(taken.next.to_string()))
            .build()
            .map_err(StoreError::fault)
    }
}
