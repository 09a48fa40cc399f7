//! Storing and reading orders of the order network API.
//!
//! An order is one insert: its key is derived from (merchant, safe id), so a repeated safe id finds the order itself. A
//! unique external id has a guard item, which is claimed before the order is inserted. One transaction for both would
//! double the price; a claim without an order is harmless:
//!
//! - A claim is *live* if its order exists and has the external id. Live claims never change hands.
//! - Any other claim may be taken over once it is [`CLAIM_MS`] old.
//! - An order is inserted only on a claim that its own request made, took over or renewed within [`INSERT_WITHIN_MS`],
//!   and SDK calls time out well before the rest of the period. So no order follows a claim that has passed to another
//!   one.
//! - A request releases a claim only while it owns it and no order has the external id.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use shared::ids::{MerchantId, OrderId, SafeId};
use shared::order::{Fulfilment, OrderState};
use shared::order_network::request::{CreateOrder, Item};
use shared::order_network::response;
use shared::time::Timestamp;

use super::cause::{Cause, Versioned};
use super::keys::Key;
use super::stored::StoredOrder;
use super::table::{self, Inserted};
use super::{StoreError, Table};

/// Age at which a claim without an order may be taken over.
pub const CLAIM_MS: i64 = 60_000;
/// Time limit for inserting an order after its claim.
pub const INSERT_WITHIN_MS: i64 = 20_000;

#[derive(Clone, Debug)]
pub(crate) struct NewOrder {
    pub(crate) id: OrderId,
    pub(crate) safe_id: SafeId,
    pub(crate) request: CreateOrder,
    pub(crate) state: OrderState,
    stored: StoredOrder,
}

#[derive(Clone, Debug)]
pub(crate) struct FoundOrder {
    pub(crate) request: CreateOrder,
    pub(crate) state: OrderState,
    stored: StoredOrder,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Claim {
    #[serde(flatten)]
    pub(super) key: Key,
    pub(crate) order_id: String,
    pub(crate) claimed_at: i64,
    /// When the sweep checks it, once the relay has found it without an order. Written by the relay and the sweep only.
    #[serde(default, skip_serializing)]
    pub(crate) due_at: Option<i64>,
}

impl NewOrder {
    /// Sets the order's id and writes its body in canonical form.
    pub(crate) fn new(
        merchant: &MerchantId,
        safe_id: SafeId,
        mut request: CreateOrder,
        (part, now): (usize, Timestamp),
        table: &Table,
    ) -> Result<Self, StoreError> {
        let id = OrderId::derive(merchant, &safe_id);
        request.safe_id = Some(safe_id.as_str().to_owned());
        request.merchant_id = None;
        let json = serde_json::to_vec(&request).map_err(StoreError::fault)?;
        let automatic = request.automatic_processing.unwrap_or(true);
        let mut state = OrderState::accepted(Fulfilment::Vendors, request.items.len(), automatic, now);
        // Test orders are not printed, so they do not wait for artwork.
        let is_test = request.is_test.unwrap_or(false);
        let is_unready = |(_, item): &(usize, &Item)| !is_test && item.fulfillment_ready == Some(false);
        state.unready = request.items.iter().enumerate().filter(is_unready).map(|(index, _)| index).collect();
        let stored =
            StoredOrder::new(Key::order(merchant, &id), &state, table.creation(part), table.overdue_at(), &json)?;
        Ok(Self { id, safe_id, request, state, stored })
    }

    /// The external id, unless it is empty.
    pub(crate) fn external_id(&self) -> Option<&str> {
        self.request.external_id.as_deref().filter(|id| !id.is_empty())
    }

    pub(crate) fn allows_duplicate(&self) -> bool {
        self.request.allow_external_order_id_duplication.unwrap_or(false)
    }

    pub(crate) fn body_hash(&self) -> &[u8] {
        &self.stored.body_hash
    }
}

impl FoundOrder {
    fn from_item(item: table::Item) -> Result<Self, StoreError> {
        Self::from_stored(table::from_item(item)?)
    }

    pub(super) fn with_key(item: table::Item) -> Result<(Key, Self), StoreError> {
        let order = Self::from_item(item)?;
        Ok((order.stored.state.key.clone(), order))
    }

    pub(crate) fn from_stored(stored: StoredOrder) -> Result<Self, StoreError> {
        Ok(Self { request: stored.body()?, state: stored.state.state()?, stored })
    }

    /// The external id, unless it is empty.
    pub(crate) fn external_id(&self) -> Option<&str> {
        self.request.external_id.as_deref().filter(|id| !id.is_empty())
    }

    pub(crate) fn body_hash(&self) -> &[u8] {
        &self.stored.body_hash
    }

    pub(crate) fn safe_id(&self) -> Result<SafeId, StoreError> {
        let text = self.request.safe_id.as_deref().unwrap_or_default();
        SafeId::parse(text).map_err(StoreError::fault)
    }

    /// Whether the same part of a request with the same key created it.
    pub(crate) fn has_mark_of(&self, order: &NewOrder) -> bool {
        let marks = order.stored.state.cause.marks.iter().flatten();
        marks.into_iter().any(|mark| self.has_mark(mark))
    }

    pub(crate) fn response(self, merchant: &MerchantId, id: &OrderId) -> Result<response::Order, StoreError> {
        let safe_id = self.safe_id()?;
        Ok(response::Order::new(merchant, id, &safe_id, self.request, &self.state))
    }
}

impl Versioned for FoundOrder {
    fn stamp(&self) -> (u64, &Cause) {
        self.stored.state.stamp()
    }
}

impl Table {
    /// Inserts orders with distinct ids, independently of each other.
    pub(crate) async fn insert_orders(&self, orders: &[&NewOrder]) -> Result<Vec<Inserted>, StoreError> {
        let items: Vec<table::Item> =
            orders.iter().map(|order| table::to_item(&order.stored)).collect::<Result<_, _>>()?;
        Ok(self.insert_many(items).await)
    }

    pub(crate) async fn order(&self, merchant: &MerchantId, id: &OrderId) -> Result<Option<FoundOrder>, StoreError> {
        self.get(&Key::order(merchant, id)).await?.map(FoundOrder::from_item).transpose()
    }

    /// The existing orders among these ids.
    pub(crate) async fn orders(
        &self,
        merchant: &MerchantId,
        ids: &[OrderId],
    ) -> Result<Vec<(OrderId, FoundOrder)>, StoreError> {
        let found = self.orders_lately(merchant, ids, true).await?;
        Ok(ids.iter().cloned().zip(found).filter_map(|(id, order)| Some((id, order?))).collect())
    }

    /// Claims distinct external ids for orders, independently of each other.
    pub(crate) async fn claim(
        &self,
        merchant: &MerchantId,
        claims: &[(&str, &OrderId)],
        now: Timestamp,
    ) -> Result<Vec<Inserted>, StoreError> {
        let claim = |(external_id, order): &(&str, &OrderId)| Claim {
            key: Key::external_id(merchant, external_id),
            order_id: order.to_string(),
            claimed_at: now.milliseconds(),
            due_at: None,
        };
        let items = claims.iter().map(claim).map(|claim| table::to_item(&claim)).collect::<Result<_, _>>()?;
        Ok(self.insert_many(items).await)
    }

    /// Makes orders findable by external ids that other orders have claimed.
    pub(crate) async fn point_to_orders(&self, merchant: &MerchantId, orders: &[&NewOrder]) -> Result<(), StoreError> {
        let pointer = |order: &&NewOrder| Some(Key::external_id_pointer(merchant, order.external_id()?, &order.id));
        let pointers = orders.iter().filter_map(pointer).map(|key| key.item()).collect();
        let results = self.insert_many(pointers).await;
        match results.iter().find(|result| !matches!(result, Inserted::New | Inserted::Taken)) {
            Some(_) => Err(StoreError::Busy("an external id was not written".to_owned())),
            None => Ok(()),
        }
    }

    /// The claims of these external ids, in their order.
    pub(crate) async fn claims(
        &self,
        merchant: &MerchantId,
        external_ids: &[&str],
    ) -> Result<Vec<Option<Claim>>, StoreError> {
        let keys: Vec<Key> = external_ids.iter().map(|id| Key::external_id(merchant, id)).collect();
        let items = self.get_many(&keys, true).await?.into_iter();
        let found: Vec<Claim> = items.map(table::from_item).collect::<Result<_, _>>()?;
        Ok(keys.iter().map(|key| found.iter().find(|claim| claim.key == *key).cloned()).collect())
    }

    /// Takes over or renews a claim: false if it has changed since it was read.
    pub(crate) async fn take_over(&self, claim: &Claim, order: &OrderId, now: Timestamp) -> Result<bool, StoreError> {
        self.update(&claim.key, |request| {
            request
                .update_expression("SET order_id = :order_id, claimed_at = :claimed_at")
                .condition_expression("order_id = :old_order_id AND claimed_at = :old_claimed_at")
                .expression_attribute_values(":order_id", AttributeValue::S(order.to_string()))
                .expression_attribute_values(":claimed_at", AttributeValue::N(now.milliseconds().to_string()))
                .expression_attribute_values(":old_order_id", AttributeValue::S(claim.order_id.clone()))
                .expression_attribute_values(":old_claimed_at", AttributeValue::N(claim.claimed_at.to_string()))
        })
        .await
    }

    /// Releases the claim of an order that was not inserted, unless it has passed to another.
    pub(crate) async fn release(
        &self,
        merchant: &MerchantId,
        (external_id, order): (&str, &OrderId),
        claimed_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.delete_if(&Key::external_id(merchant, external_id), |request| {
            request
                .condition_expression("order_id = :order_id AND claimed_at = :claimed_at")
                .expression_attribute_values(":order_id", AttributeValue::S(order.to_string()))
                .expression_attribute_values(":claimed_at", AttributeValue::N(claimed_at.milliseconds().to_string()))
        })
        .await
        .map(|_| ())
    }
}
