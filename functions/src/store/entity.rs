//! Entities: what has an id, a merchant, a version, and perhaps a place in a list and a log.
//!
//! An entity is one item. It is written whole, on the condition of the version before it, with the cause of the change in
//! it; so two changes never lose one another, a request recognises its own write, and the stream says who did what. What
//! is special about an entity is in its [`Entity`]; everything else about it is here, and in [`crate::app::entity`].

use std::fmt::{Debug, Display};
use std::ops::Deref;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::Code;
use shared::ids::MerchantId;
use shared::order_network::audit;
use shared::time::Timestamp;

use super::audit::{Audited, Event};
use super::cause::{Cause, Versioned};
use super::keys::{Key, audit_of_entity, listed_at};
use super::kind::{ENTITY, Kind};
use super::table::{Item, from_item, key_item, to_item};
use super::{StoreError, Table};
use crate::context::NoRandomness;

/// What one kind of entity holds beside the members that all have, as it is stored.
pub(crate) trait Entity: Clone + Debug + PartialEq + Serialize + DeserializeOwned {
    /// Its id.
    type Id: Clone + Debug + Display + PartialEq;
    /// Its name in messages and in the keys of its log: "note".
    const NAME: &'static str;
    /// How many of them a merchant may have, where there is a limit.
    const LIMIT: Option<Limit> = None;

    /// An id for a new one; the same when the request comes again under its key.
    fn draw_id(table: &Table) -> Result<Self::Id, NoRandomness>;

    /// Reads an id as clients write it.
    fn parse_id(text: &str) -> Option<Self::Id>;

    /// Where it is stored.
    fn key(merchant: &MerchantId, id: &Self::Id) -> Key;

    /// The id in a key; the sort key, unless it says otherwise.
    fn id_of(key: &Key) -> Option<Self::Id> {
        Self::parse_id(&key.sk)
    }

    /// The partition of the index `listed` in which it stands by the time of its creation.
    fn list(&self, _merchant: &MerchantId) -> Option<String> {
        None
    }

    /// What stays of it when it is deleted; by default its item goes.
    fn tombstone(&self) -> Option<Self> {
        None
    }

    /// Whether this is a tombstone.
    fn is_deleted(&self) -> bool {
        false
    }
}

/// An entity whose changes are told in an audit log. The relay writes it from the stream.
pub(crate) trait Logged: Entity {
    /// What a reader of the entity is shown, which is what the log compares.
    fn shown(stored: &Stored<Self>) -> Result<Box<RawValue>, StoreError>;
}

/// How many entities of a kind a merchant may have. Their count is an item of its own, which moves in one transaction
/// with each that comes or goes; so the limit is exact.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) max: usize,
    /// Why one more is refused.
    pub(crate) code: Code,
    /// Where the count is stored.
    pub(crate) counter: fn(&MerchantId) -> Key,
}

/// An entity at a version.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stored<E: Entity> {
    pub(crate) merchant: MerchantId,
    pub(crate) id: E::Id,
    /// Raised by one with every change; its `ETag`.
    pub(crate) version: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Why it is at its version.
    pub(crate) cause: Cause,
    pub(crate) value: E,
}

/// Its item.
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
    /// Partition of the index `listed`, and the place in it.
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
    /// The next version, with another value. A cause without marks leaves it those it has.
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

    /// Reads it back, from the table or from its stream.
    pub(crate) fn from_item(item: impl Into<serde_dynamo::Item>) -> Result<Self, StoreError> {
        let record: Record<E> = from_item(item)?;
        let Record { key, version, created_at, updated_at, cause, value, .. } = record;
        let names = key.merchant().zip(E::id_of(&key)).filter(|(merchant, id)| E::key(merchant, id) == key);
        let fault = || StoreError::Fault(format!("the key of a {} is of another kind", E::NAME));
        let (merchant, id) = names.ok_or_else(fault)?;
        Ok(Self { merchant, id, version, created_at, updated_at, cause, value })
    }
}

/// What became of a new entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Created {
    /// It is there now.
    New,
    /// Its id was taken; nothing was written.
    Taken,
    /// The merchant has as many as it may.
    TooMany,
}

impl Table {
    /// An entity, strongly consistent, when the merchant has it, or had it and a tombstone is left.
    pub(crate) async fn read<E: Entity>(
        &self,
        merchant: &MerchantId,
        id: &E::Id,
    ) -> Result<Option<Stored<E>>, StoreError> {
        self.get(&E::key(merchant, id)).await?.map(Stored::from_item).transpose()
    }

    /// Inserts an entity if its id is free and the merchant may have one more.
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

    /// Puts the next version of an entity in the place of the one before it: false when that has changed or is gone.
    pub(crate) async fn replace<E: Entity>(&self, next: &Stored<E>) -> Result<bool, StoreError> {
        self.put_next(next.to_item()?, next.version).await
    }

    /// Deletes an entity at the version before its last one, which is a tombstone where the entity leaves one: false when
    /// it has changed or is gone.
    pub(crate) async fn delete<E: Entity>(&self, last: &Stored<E>) -> Result<bool, StoreError> {
        if last.is_deleted() {
            return self.replace(last).await;
        }
        let Some(limit) = E::LIMIT else { return self.delete_before(&last.key(), last.version).await };
        let writes = [self.new_delete(&last.key(), last.version)?, self.count(&limit, &last.merchant, -1)?];
        Ok(self.transact(&writes).await?.is_ok())
    }

    /// Moves the count by one, within its limit.
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

/// A change of an entity that has a log, as the stream tells it.
#[derive(Clone, Debug)]
pub(crate) struct EntityChange {
    log: String,
    version: u64,
    at: Timestamp,
    cause: Cause,
    pub(super) changes: Vec<audit::Change>,
}

impl EntityChange {
    /// From the entity before, if there was one, to the entity after.
    pub(crate) fn between<E: Logged>(before: Option<&Stored<E>>, after: Stored<E>) -> Result<Self, StoreError> {
        let changes = match before {
            Some(before) => audit::changes(&E::shown(before)?, &E::shown(&after)?),
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
