//! Claiming the external ids of a wave (the rules stand in [`crate::store::network_orders`]).
//!
//! Each order that needs a claim goes round until it is decided: it makes the claim, renews its own, takes a dead one
//! over, or meets a live one. An order that allows duplicates claims as well, because its external id must be found by
//! those that do not; it passes where another live order has the claim.

use std::collections::HashSet;

use shared::Code;
use shared::ids::OrderId;
use shared::time::Timestamp;

use super::{Creation, Outcome, external_id_exists};
use crate::refusal::Refusal;
use crate::store::StoreError;
use crate::store::network_orders::{CLAIM_MS, Claim, FoundOrder};
use crate::store::table::Inserted;

/// How often an undecided claim is looked at: with the pauses between about a second, in which another request's order
/// follows its claim.
const ROUNDS_MAX: u32 = 8;

/// What was found about one claim that is taken.
enum Taken {
    /// The request's order has it now.
    Won,
    /// The order may be inserted, or meet itself, without it.
    Passed,
    /// Another live order has it.
    Held(String),
    /// It was given up, has changed hands, or its order may still come: look again.
    Undecided,
}

impl Creation<'_> {
    /// Claims the wave's external ids and settles the orders that may not have theirs: the indexes whose claims are the
    /// request's own.
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

    /// The external id of an order, and the id that is to bear it.
    pub(super) fn name(&self, index: usize) -> Option<(&str, &OrderId)> {
        let order = self.order(index)?;
        Some((order.external_id()?, &order.id))
    }

    /// Makes claims where there are none: the indexes where there are.
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

    /// Looks at claims that are taken: settles and notes what is decided, returns what is not.
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
            // Its order is there: the insert will meet it. Else it is an earlier attempt's, and must not grow old.
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

    /// A live order has the claim: the end for an order that must be the only one.
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
