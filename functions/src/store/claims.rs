//! Claims of external ids without an order: found by the relay, released by the sweep.
//!
//! A claim and its order are written a few milliseconds apart ([`super::network_orders`]), so the relay nearly always
//! sees both. If it sees only the claim, it adds the claim to the index `due`.

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
    /// The claims whose order is missing. The eventually consistent read may miss a new order, which the sweep
    /// corrects. An unreadable order counts as present.
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

    async fn is_live(&self, claim: &Claim) -> Result<bool, StoreError> {
        let Some(key) = order_key(claim) else { return Ok(false) };
        let order = self.get(&key).await?;
        Ok(order.is_some_and(|order| may_bear(order, claim)))
    }

    /// Has the sweep check a claim once its order can no longer come; does nothing if the claim has changed or is
    /// already marked.
    pub(crate) async fn mark_claim(&self, claim: &Claim) -> Result<bool, StoreError> {
        let due_at = Timestamp::from_milliseconds(claim.claimed_at).plus(CLAIM_MS).seconds();
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

    /// Checks a marked claim: with an order it leaves the index, without one it is released once it has expired (true);
    /// a younger claim stays for the next check.
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

/// Whether the order has the claim's external id; true if the order is unreadable.
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
