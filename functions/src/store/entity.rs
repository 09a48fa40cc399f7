//! Entities: items with an id, a merchant and a version, and optionally a place in a list and an audit log.
//!
//! An entity is one item. It is written whole, on condition of the previous version, together with the cause of the
//! change. So concurrent changes never overwrite each other, a request recognises its own write, and the stream says
//! who did what. [`Entity`] holds what differs between kinds; the rest is here and in [`crate::app::entity`].

use std::fmt::Debug;
use std::ops::Deref;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;
use shared::Code;
use shared::ids::{MerchantId, RandomId};
use shared::order_network::audit;
use shared::time::Timestamp;

use super::audit::{Audited, Event};
use super::cause::{Cause, Versioned};
use super::keys::{Key, audit_of_entity, listed_at};
use super::kind::{ENTITY, Kind};
use super::table::{Item, from_item, key_item, to_item};
use super::{StoreError, Table};

/// The stored data of one kind of entity, beyond the members that all kinds share.
pub(crate) trait Entity: Clone + Debug + PartialEq + Serialize + DeserializeOwned {
    type Id: RandomId;
    /// The name in messages and in log keys, such as "note".
    const NAME: &'static str;
    /// The maximum number per merchant, if there is one.
    const LIMIT: Option<Limit> = None;

    fn key(merchant: &MerchantId, id: &Self::Id) -> Key;

    /// The id in a key; by default the sort key.
    fn id_of(key: &Key) -> Option<Self::Id> {
        Self::Id::read(&key.sk)
    }

    /// The partition of the index `listed` where it sorts by time of creation.
    fn list(&self, _merchant: &MerchantId) -> Option<String> {
        None
    }

    /// What remains after deletion; by default the item is removed.
    fn tombstone(&self) -> Option<Self> {
        None
    }

    fn is_deleted(&self) -> bool {
        false
    }
}

/// An entity that clients see.
pub(crate) trait Viewed: Entity {
    type View: Serialize;

    /// What clients see of it at a time.
    fn view(stored: &Stored<Self>, now: Timestamp) -> Self::View;
}

/// An entity with an audit log, which the relay writes from the stream. The log compares what clients see.
pub(crate) trait Logged: Viewed {}

/// Maximum number of entities per merchant. Their count is an item of its own, written in one transaction with each
/// creation and deletion, so the limit is exact.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) max: usize,
    pub(crate) code: Code,
    pub(crate) counter: fn(&MerchantId) -> Key,
}

/// An entity at a version.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stored<E: Entity> {
    pub(crate) merchant: MerchantId,
    pub(crate) id: E::Id,
    /// Raised by one with every change; also the `ETag`.
    pub(crate) version: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) cause: Cause,
    pub(crate) value: E,
}

#[derive(Serialize, Deserialize)]
struct Record<V> {
    #[serde(flatten)]
    key: Key,
    version: u64,
    /// Milliseconds since the epoch.
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(flatten)]
    cause: Cause,
    /// Partition and sort key of the index `listed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    list_pk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    list_sk: Option<String>,
    #[serde(flatten)]
    value: V,
}

impl<E: Entity> Deref for Stored<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.value
    }
}

impl<E: Entity> Versioned for Stored<E> {
    fn stamp(&self) -> (u64, &Cause) {
        (self.version, &self.cause)
    }
}

impl<E: Entity> Stored<E> {
    /// The next version, with another value. If the cause has no marks, the present ones stay.
    pub(crate) fn next(self, value: E, cause: Cause, now: Timestamp) -> Self {
        let marks = cause.marks.or(self.cause.marks);
        let (version, cause) = (self.version.saturating_add(1), Cause { marks, ..cause });
        Self { version, updated_at: now, cause, value, ..self }
    }

    pub(super) fn key(&self) -> Key {
        E::key(&self.merchant, &self.id)
    }

    pub(super) fn to_item(&self) -> Result<Item, StoreError> {
        let list = self.value.list(&self.merchant);
        to_item(&Record {
            key: self.key(),
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            cause: self.cause.clone(),
            list_sk: list.as_ref().map(|_| listed_at(self.created_at, &self.id.to_string())),
            list_pk: list,
            value: &self.value,
        })
    }

    /// Reads an item of the table or of its stream.
    pub(crate) fn from_item(item: impl Into<serde_dynamo::Item>) -> Result<Self, StoreError> {
        let record: Record<E> = from_item(item)?;
        let Record { key, version, created_at, updated_at, cause, value, .. } = record;
        let names = key.merchant().zip(E::id_of(&key)).filter(|(merchant, id)| E::key(merchant, id) == key);
        let fault = || StoreError::Fault(format!("the key of a {} is of another kind", E::NAME));
        let (merchant, id) = names.ok_or_else(fault)?;
        Ok(Self { merchant, id, version, created_at, updated_at, cause, value })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Created {
    New,
    /// Its id was taken; nothing was written.
    Taken,
    /// The merchant has reached its limit.
    TooMany,
}

impl Table {
    /// Reads an entity or its tombstone, strongly consistent.
    pub(crate) async fn read<E: Entity>(
        &self,
        merchant: &MerchantId,
        id: &E::Id,
    ) -> Result<Option<Stored<E>>, StoreError> {
        self.get(&E::key(merchant, id)).await?.map(Stored::from_item).transpose()
    }

    /// Inserts an entity if its id is free and the limit allows another one.
    pub(crate) async fn create<E: Entity>(&self, new: &Stored<E>) -> Result<Created, StoreError> {
        let item = new.to_item()?;
        let Some(limit) = E::LIMIT else {
            return Ok(if self.put_new(item).await? { Created::New } else { Created::Taken });
        };
        let writes = [self.new_put(item)?, self.count(&limit, &new.merchant, 1)?];
        let Err(reasons) = self.transact(&writes).await? else { return Ok(Created::New) };
        let is_taken = reasons.first().is_some_and(|reason| reason.code() == Some("ConditionalCheckFailed"));
        Ok(if is_taken { Created::Taken } else { Created::TooMany })
    }

    /// Replaces the previous version of an entity: false if it has changed or is gone.
    pub(crate) async fn replace<E: Entity>(&self, next: &Stored<E>) -> Result<bool, StoreError> {
        self.put_next(next.to_item()?, next.version).await
    }

    /// Deletes an entity, or replaces it with its tombstone: false if it has changed or is gone.
    pub(crate) async fn delete<E: Entity>(&self, last: &Stored<E>) -> Result<bool, StoreError> {
        if last.is_deleted() {
            return self.replace(last).await;
        }
        let Some(limit) = E::LIMIT else { return self.delete_before(&last.key(), last.version).await };
        let writes = [self.new_delete(&last.key(), last.version)?, self.count(&limit, &last.merchant, -1)?];
        Ok(self.transact(&writes).await?.is_ok())
    }

    /// Changes the count by one, within its limit.
    fn count(&self, limit: &Limit, merchant: &MerchantId, change: i64) -> Result<TransactWriteItem, StoreError> {
        let counter = (limit.counter)(merchant);
        let kind = counter.kind().map_or("", Kind::as_str);
        let (condition, bound) = match change {
            1.. => ("attribute_not_exists(held) OR held < :bound", limit.max),
            _ => ("held > :bound", 0),
        };
        let update = Update::builder()
            .table_name(&*self.name)
            .set_key(Some(key_item(&counter)))
            .update_expression("SET #entity = :entity ADD held :change")
            .condition_expression(condition)
            .expression_attribute_names("#entity", ENTITY)
            .expression_attribute_values(":entity", AttributeValue::S(kind.to_owned()))
            .expression_attribute_values(":change", AttributeValue::N(change.to_string()))
            .expression_attribute_values(":bound", AttributeValue::N(bound.to_string()))
            .build();
        Ok(TransactWriteItem::builder().update(update.map_err(StoreError::fault)?).build())
    }
}

/// A change of an entity with a log, read from the stream.
#[derive(Clone, Debug)]
pub(crate) struct EntityChange {
    log: String,
    version: u64,
    at: Timestamp,
    cause: Cause,
    pub(super) changes: Vec<audit::Change>,
}

impl EntityChange {
    pub(crate) fn between<E: Logged>(before: Option<&Stored<E>>, after: Stored<E>) -> Result<Self, StoreError> {
        let view = |stored: &Stored<E>| to_raw_value(&E::view(stored, stored.updated_at)).map_err(StoreError::fault);
        let changes = match before {
            Some(before) => audit::changes(&view(before)?, &view(&after)?),
            None => Vec::new(),
        };
        Ok(Self {
            log: audit_of_entity(&after.merchant, E::NAME, &after.id),
            version: after.version,
            at: after.updated_at,
            cause: after.cause,
            changes: audit::without_card_numbers(changes),
        })
    }
}

impl Audited for EntityChange {
    fn event(&self) -> Event {
        Event::new(Key::audit(self.log.clone(), self.version), self.at, &self.cause, &self.changes)
    }
}
