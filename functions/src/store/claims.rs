//! Claims of external ids that no order has followed: noticed by the relay, released by the sweep.
//!
//! A claim and its order are two writes a few milliseconds apart ([`super::network_orders`]), so the relay sees them
//! together nearly always. Where it sees a claim without its order, the claim gets a place in the index `due`.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use shared::ids::OrderId;
use shared::time::Timestamp;

use super::keys::{Key, due_shard};
use super::kind::Kind;
use super::network_orders::{CLAIM_MS, Claim, FoundOrder};
use super::table::{Item, from_item, item_key};
use super::{StoreError, Table};

impl Table {
    /// Those of the claims that no order bears. An order that has just come may be overlooked, which the sweep mends; one
    /// that nobody can read may bear the id, so its claim stays.
    pub(crate) async fn dead_claims<'c>(&self, claims: &[&'c Claim]) -> Result<Vec<&'c Claim>, StoreError> {
        let keys: Vec<Key> = claims.iter().filter_map(|claim| order_key(claim)).collect();
        let items = self.get_many(&keys, false).await?;
        let orders: HashMap<Key, Item> = items.into_iter().filter_map(|item| Some((item_key(&item)?, item))).collect();
        let is_dead = |claim: &&&Claim| {
            let order = order_key(claim).and_then(|key| orders.get(&key));
            !order.is_some_and(|order| may_bear(order.clone(), claim))
        };
        Ok(claims.iter().filter(is_dead).copied().collect())
    }

    /// Whether the claim's order exists and, as far as it can be read, bears the external id.
    async fn is_live(&self, claim: &Claim) -> Result<bool, StoreError> {
        let Some(key) = order_key(claim) else { return Ok(false) };
        let order = self.get(&key).await?;
        Ok(order.is_some_and(|order| may_bear(order, claim)))
    }

    /// Has the sweep look at a claim once it is too old for its order to come; nothing where it has changed, or was
    /// marked before.
    pub(crate) async fn mark_claim(&self, claim: &Claim) -> Result<bool, StoreError> {
        let due_at = Timestamp::from_milliseconds(claim.claimed_at.saturating_add(CLAIM_MS)).seconds();
        self.update(&claim.key, |request| {
            request
                .update_expression("SET due_shard = :due_shard, due_at = :due_at")
                .condition_expression("claimed_at = :claimed_at AND attribute_not_exists(due_at)")
                .expression_attribute_values(":due_shard", AttributeValue::S(due_shard(&claim.key).to_owned()))
                .expression_attribute_values(":due_at", AttributeValue::N(due_at.to_string()))
                .expression_attribute_values(":claimed_at", AttributeValue::N(claim.claimed_at.to_string()))
        })
        .await
    }

    /// Looks at a claim that was marked: one that an order bears leaves the index, one that nobody can use any more is
    /// released (whether it was), a younger one is looked at again.
    pub(crate) async fn settle_claim(&self, key: &Key, now: Timestamp) -> Result<bool, StoreError> {
        let Some(item) = self.get(key).await? else { return Ok(false) };
        let claim: Claim = from_item(item)?;
        let claimed_at = AttributeValue::N(claim.claimed_at.to_string());
        if self.is_live(&claim).await? {
            self.update(key, |request| {
                request
                    .update_expression("REMOVE due_shard, due_at")
                    .condition_expression("claimed_at = :claimed_at")
                    .expression_attribute_values(":claimed_at", claimed_at)
            })
            .await?;
            return Ok(false);
        }
        if now.milliseconds_since(Timestamp::from_milliseconds(claim.claimed_at)) <= CLAIM_MS {
            return Ok(false);
        }
        self.delete_if(key, |request| {
            request
                .condition_expression("claimed_at = :claimed_at AND order_id = :order_id")
                .expression_attribute_values(":claimed_at", claimed_at)
                .expression_attribute_values(":order_id", AttributeValue::S(claim.order_id.clone()))
        })
        .await?;
        Ok(true)
    }
}

fn order_key(claim: &Claim) -> Option<Key> {
    Some(Key::order(&claim.key.merchant()?, &OrderId::parse(&claim.order_id).ok()?))
}

/// Whether the order bears the claim's external id, as far as it can be read.
fn may_bear(order: Item, claim: &Claim) -> bool {
    match FoundOrder::with_key(order) {
        Ok((_, order)) => bears(&order, claim),
        Err(error) => {
            tracing::error!(%error, pk = claim.key.pk, "the order of a claim is unreadable");
            true
        }
    }
}

fn bears(order: &FoundOrder, claim: &Claim) -> bool {
    claim.key.kind() == Some(Kind::Claim) && order.external_id() == Some(claim.key.subject())
}
