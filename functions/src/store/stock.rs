//! Stock: the codes of a SKU are numbered, and an order gets the next ones.
//!
//! A SKU has one cursor, `next` and `available`. An allocation moves it in the transaction that advances the order, so
//! codes are neither given twice nor lost, and a repeated job finds another version. The cost does not depend on the
//! number of codes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use serde::Deserialize;
use shared::order::OrderState;

use super::cause::Cause;
use super::keys::Key;
use super::table::{from_item, key_item};
use super::{StoreError, Table};

/// The remaining stock of a SKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Stock {
    /// Number of the next code.
    pub(crate) next: u64,
    /// Codes from `next` on.
    pub(crate) available: u64,
}

/// Codes of one SKU that an allocation takes, starting at the cursor.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) sku: String,
    pub(crate) next: u64,
    pub(crate) count: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allocated {
    Done,
    /// The order has another version; nothing was written.
    Overtaken,
    /// Another order took codes in the meantime; nothing was written.
    StockMoved,
}

/// SKUs of one allocation: a transaction has 100 writes, one of them for the order.
pub(crate) const SKUS_MAX: usize = 99;

impl Table {
    /// The stock of these SKUs; SKUs without stock are left out.
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

    /// Advances an order and takes its codes in one transaction. At most [`SKUS_MAX`] distinct SKUs.
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
