//! Claiming the external ids of a wave (see [`crate::store::network_orders`] for the rules).
//!
//! Each order that needs a claim is retried until it is decided: it makes the claim, renews its own, takes over a dead
//! one, or meets a live one. Orders that allow duplicates claim too, because orders that do not must find their
//! external id; they pass if another live order has the claim.

use std::collections::HashSet;

use shared::Code;
use shared::ids::OrderId;
use shared::time::Timestamp;

use super::{Creation, Outcome, external_id_exists};
use crate::refusal::Refusal;
use crate::store::StoreError;
use crate::store::network_orders::{CLAIM_MS, Claim, FoundOrder};
use crate::store::table::Inserted;

/// Rounds for an undecided claim: with pauses about a second, in which another request inserts its order.
const ROUNDS_MAX: u32 = 8;

enum Taken {
    Won,
    /// The order may be inserted, or find itself, without it.
    Passed,
    /// Another live order has it.
    Held(String),
    /// It was released, has changed hands, or its order may still come: check again.
    Undecided,
}

impl Creation<'_> {
    /// Claims the wave's external ids and settles the orders that cannot have theirs. Returns the indexes of the orders
    /// whose claims this request has made.
    pub(super) async fn claim(&mut self, wave: &[usize], claimed_at: Timestamp) -> Result<HashSet<usize>, StoreError> {
        let mut won = HashSet::new();
        let mut open: Vec<usize> = wave.iter().copied().filter(|index| self.needs_claim(*index)).collect();
        for round in 0..ROUNDS_MAX {
            if open.is_empty() {
                return Ok(won);
            }
            self.table.context.pause(round).await;
            let taken = self.insert_claims(&open, claimed_at, &mut won).await?;
            open = self.judge(taken, claimed_at, &mut won).await?;
        }
        let refusal = Refusal::new(Code::TryAgain, "another request is creating an order with this externalId");
        self.refuse_rest(&open, &refusal);
        Ok(won)
    }

    fn needs_claim(&self, index: usize) -> bool {
        self.name(index).is_some_and(|(external_id, _)| !self.holders.contains_key(external_id))
    }

    /// The external id of an order, and the order's id.
    pub(super) fn name(&self, index: usize) -> Option<(&str, &OrderId)> {
        let order = self.order(index)?;
        Some((order.external_id()?, &order.id))
    }

    /// Makes new claims; returns the indexes of those that are taken.
    async fn insert_claims(
        &mut self,
        open: &[usize],
        claimed_at: Timestamp,
        won: &mut HashSet<usize>,
    ) -> Result<Vec<usize>, StoreError> {
        let names: Vec<(&str, &OrderId)> = open.iter().filter_map(|index| self.name(*index)).collect();
        let results = self.table.claim(self.merchant, &names, claimed_at).await?;
        let mut taken = Vec::new();
        for (index, result) in open.iter().copied().zip(results) {
            match result {
                Inserted::New => {
                    won.insert(index);
                }
                Inserted::Taken => taken.push(index),
                Inserted::Busy => self.settle(index, Outcome::Refused(Refusal::rule(Code::TryAgain))),
                Inserted::Failed => self.settle(index, Outcome::Refused(Refusal::rule(Code::Internal))),
            }
        }
        Ok(taken)
    }

    /// Checks taken claims: settles decided orders and returns the undecided ones.
    async fn judge(
        &mut self,
        taken: Vec<usize>,
        claimed_at: Timestamp,
        won: &mut HashSet<usize>,
    ) -> Result<Vec<usize>, StoreError> {
        if taken.is_empty() {
            return Ok(taken);
        }
        let names: Vec<&str> = taken.iter().filter_map(|index| self.name(*index)).map(|(name, _)| name).collect();
        let claims = self.table.claims(self.merchant, &names).await?;
        let holders: Vec<OrderId> =
            claims.iter().flatten().filter_map(|claim| OrderId::parse(&claim.order_id).ok()).collect();
        let found = self.table.orders(self.merchant, &holders).await?;
        let mut undecided = Vec::new();
        for (index, claim) in taken.into_iter().zip(claims) {
            match self.judge_one(index, claim, &found, claimed_at).await? {
                Taken::Won => {
                    won.insert(index);
                }
                Taken::Passed => {}
                Taken::Held(holder) => self.meet(index, holder),
                Taken::Undecided => undecided.push(index),
            }
        }
        Ok(undecided)
    }

    async fn judge_one(
        &self,
        index: usize,
        claim: Option<Claim>,
        found: &[(OrderId, FoundOrder)],
        claimed_at: Timestamp,
    ) -> Result<Taken, StoreError> {
        let (Some(claim), Some(order)) = (claim, self.order(index)) else { return Ok(Taken::Undecided) };
        let holder = found.iter().find(|(id, _)| id.as_str() == claim.order_id).map(|(_, holder)| holder);
        if claim.order_id == order.id.as_str() {
            // If its order exists, the insert will find it. Otherwise the claim is an earlier attempt's and must be
            // renewed.
            return match holder {
                Some(_) => Ok(Taken::Passed),
                None => self.take(&claim, &order.id, claimed_at).await,
            };
        }
        if holder.is_some_and(|holder| holder.external_id() == order.external_id()) {
            return Ok(Taken::Held(claim.order_id));
        }
        let age_ms = claimed_at.milliseconds_since(Timestamp::from_milliseconds(claim.claimed_at));
        if age_ms > CLAIM_MS { self.take(&claim, &order.id, claimed_at).await } else { Ok(Taken::Undecided) }
    }

    async fn take(&self, claim: &Claim, order: &OrderId, claimed_at: Timestamp) -> Result<Taken, StoreError> {
        let taken = self.table.take_over(claim, order, claimed_at).await?;
        Ok(if taken { Taken::Won } else { Taken::Undecided })
    }

    /// Settles an order that must be unique if a live order has the claim.
    fn meet(&mut self, index: usize, holder: String) {
        let Some(order) = self.order(index) else { return };
        let external_id = order.external_id().unwrap_or_default().to_owned();
        let refusal = (!order.allows_duplicate()).then(|| external_id_exists(order, &holder));
        self.holders.insert(external_id, holder);
        if let Some(refusal) = refusal {
            self.settle(index, Outcome::Refused(refusal));
        }
    }
}
