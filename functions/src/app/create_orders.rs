//! Creating orders of the order network API, one or many: each independent of the others, as if it had come alone and
//! in turn.
//!
//! Orders of one call are worked in *waves*. In a wave no two orders have one id or one external id, so all its claims
//! go out together and then all its inserts: two steps for any number of orders, in requests of 25. An order that has a
//! name in common with an earlier one waits for the next wave, where it finds what became of that one. A usual bulk is
//! one wave. Names that this call has already settled are answered from memory.

use std::collections::{HashMap, HashSet};

use shared::Code;
use shared::ids::{MerchantId, OrderId, SafeId};
use shared::network::problem::Violation;
use shared::network::request::CreateOrder;
use shared::network::response;
use shared::time::Timestamp;

use crate::context::now;
use crate::refusal::{Facts, Refusal};
use crate::store::network_orders::{CLAIM_MS, Claim, INSERT_WITHIN_MS, NewOrder};
use crate::store::table::{Inserted, pause};
use crate::store::{StoreError, Table};

/// What became of one order.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It is stored.
    Created(Box<response::Order>),
    /// It was stored before, with the same body; nothing was written.
    Replayed(Box<response::Order>),
    /// It is not stored.
    Refused(Refusal),
}

/// How often a claim whose order has not come yet is looked at again: with its pauses about a second.
const LOOKS_MAX: u32 = 7;

/// Creates orders: what became of each, at its position.
pub(crate) async fn create_orders(table: &Table, merchant: &MerchantId, requests: Vec<CreateOrder>) -> Vec<Outcome> {
    let accepted_at = now();
    let mut creation = Creation {
        table,
        merchant,
        orders: Vec::with_capacity(requests.len()),
        outcomes: Vec::with_capacity(requests.len()),
        stored: HashSet::new(),
        holders: HashMap::new(),
    };
    for request in requests {
        creation.add(request, accepted_at);
    }
    loop {
        let wave = creation.next_wave();
        if wave.is_empty() {
            break;
        }
        creation.work(&wave).await;
    }
    let unsettled = || Outcome::Refused(Refusal::rule(Code::Internal));
    creation.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unsettled)).collect()
}

struct Creation<'a> {
    table: &'a Table,
    merchant: &'a MerchantId,
    /// None where the request could not be prepared; its outcome is set then.
    orders: Vec<Option<NewOrder>>,
    outcomes: Vec<Option<Outcome>>,
    /// Orders that this call has found stored or has stored.
    stored: HashSet<OrderId>,
    /// External ids that one of them bears.
    holders: HashMap<String, OrderId>,
}

impl Creation<'_> {
    fn add(&mut self, request: CreateOrder, accepted_at: Timestamp) {
        match prepare(self.merchant, request, accepted_at) {
            Ok(order) => {
                self.orders.push(Some(order));
                self.outcomes.push(None);
            }
            Err(refusal) => {
                self.orders.push(None);
                self.outcomes.push(Some(Outcome::Refused(refusal)));
            }
        }
    }

    fn order(&self, index: usize) -> Option<&NewOrder> {
        self.orders.get(index).and_then(Option::as_ref)
    }

    fn settle(&mut self, index: usize, outcome: Outcome) {
        if let (Outcome::Created(_) | Outcome::Replayed(_), Some(order)) = (&outcome, self.order(index)) {
            let (id, external_id) = (order.id.clone(), order.external_id().map(str::to_owned));
            if let Some(external_id) = external_id {
                self.holders.entry(external_id).or_insert_with(|| id.clone());
            }
            self.stored.insert(id);
        }
        if let Some(slot) = self.outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
    }

    /// The unsettled orders that share no name with an unsettled one before them.
    fn next_wave(&mut self) -> Vec<usize> {
        let (mut ids, mut external_ids) = (HashSet::new(), HashSet::new());
        let (mut wave, mut refused) = (Vec::new(), Vec::new());
        for (index, order) in self.orders.iter().enumerate() {
            let Some(order) = order.as_ref().filter(|_| self.outcomes.get(index).is_some_and(Option::is_none)) else {
                continue;
            };
            let external_id = order.external_id();
            let holder =
                external_id.and_then(|external_id| self.holders.get(external_id)).filter(|holder| **holder != order.id);
            if let Some(holder) = holder.filter(|_| !order.allows_duplicate()) {
                refused.push((index, external_id_exists(order, holder.as_str())));
                continue;
            }
            let new_id = ids.insert(order.id.clone());
            let new_external_id = external_id.is_none_or(|external_id| external_ids.insert(external_id.to_owned()));
            if new_id && new_external_id {
                wave.push(index);
            }
        }
        for (index, refusal) in refused {
            self.settle(index, Outcome::Refused(refusal));
        }
        wave
    }

    async fn work(&mut self, wave: &[usize]) {
        let claimed_at = now();
        let won = match self.claim(wave, claimed_at).await {
            Ok(won) => won,
            Err(error) => return self.refuse_rest(wave, &error.into()),
        };
        if now().milliseconds_since(claimed_at) > INSERT_WITHIN_MS {
            return self.refuse_rest(wave, &Refusal::rule(Code::TryAgain));
        }
        if let Err(error) = self.insert(wave, &won, claimed_at).await {
            self.refuse_rest(wave, &error.into());
        }
    }

    /// Whatever of the wave is not settled yet could not be worked.
    fn refuse_rest(&mut self, wave: &[usize], refusal: &Refusal) {
        for index in wave {
            if self.outcomes.get(*index).is_some_and(Option::is_none) {
                self.settle(*index, Outcome::Refused(refusal.clone()));
            }
        }
    }

    /// Claims the wave's external ids and settles the orders that may not have theirs: the indexes of new claims.
    async fn claim(&mut self, wave: &[usize], claimed_at: Timestamp) -> Result<HashSet<usize>, StoreError> {
        let wanted: Vec<usize> = wave.iter().copied().filter(|index| self.needs_claim(*index)).collect();
        if wanted.is_empty() {
            return Ok(HashSet::new());
        }
        let names: Vec<(&str, &OrderId)> = wanted.iter().filter_map(|index| self.name(*index)).collect();
        let results = self.table.claim(self.merchant, &names, claimed_at).await?;
        let (mut won, mut taken, mut busy) = (HashSet::new(), Vec::new(), Vec::new());
        for (index, result) in wanted.into_iter().zip(results) {
            match result {
                Inserted::New => {
                    won.insert(index);
                }
                Inserted::Taken => taken.push(index),
                Inserted::Busy => busy.push(index),
            }
        }
        self.refuse_rest(&busy, &Refusal::rule(Code::TryAgain));
        for attempt in 0..LOOKS_MAX {
            if taken.is_empty() {
                return Ok(won);
            }
            pause(attempt).await;
            taken = self.judge(taken, claimed_at, &mut won).await?;
        }
        self.refuse_rest(
            &taken,
            &Refusal::new(Code::TryAgain, "another request is creating an order with this externalId"),
        );
        Ok(won)
    }

    fn needs_claim(&self, index: usize) -> bool {
        self.name(index).is_some_and(|(external_id, _)| !self.holders.contains_key(external_id))
    }

    fn name(&self, index: usize) -> Option<(&str, &OrderId)> {
        let order = self.order(index)?;
        Some((order.external_id()?, &order.id))
    }

    /// Looks at claims that others hold: settles what is decided, takes over what was left behind, returns what is not
    /// decided yet.
    async fn judge(
        &mut self,
        taken: Vec<usize>,
        claimed_at: Timestamp,
        won: &mut HashSet<usize>,
    ) -> Result<Vec<usize>, StoreError> {
        let names: Vec<&str> =
            taken.iter().filter_map(|index| self.name(*index)).map(|(external_id, _)| external_id).collect();
        let claims = self.table.claims(self.merchant, &names).await?;
        let mut holders = Vec::new();
        for claim in claims.iter().flatten() {
            holders.extend(OrderId::parse(&claim.order_id).ok());
        }
        let found = self.table.orders(self.merchant, &holders).await?;
        let mut undecided = Vec::new();
        for (index, claim) in taken.into_iter().zip(claims) {
            let Some(order) = self.order(index) else { continue };
            let Some(claim) = claim.filter(|claim| claim.order_id != order.id.as_str()) else { continue };
            let bears = |request: &CreateOrder| request.external_id.as_deref() == order.external_id();
            let live = found.iter().any(|(id, found)| id.as_str() == claim.order_id && bears(&found.request));
            if order.allows_duplicate() {
                continue;
            }
            if live {
                let refusal = external_id_exists(order, &claim.order_id);
                self.settle(index, Outcome::Refused(refusal));
            } else if self.take_over(order, &claim, claimed_at).await? {
                won.insert(index);
            } else {
                undecided.push(index);
            }
        }
        Ok(undecided)
    }

    async fn take_over(&self, order: &NewOrder, claim: &Claim, claimed_at: Timestamp) -> Result<bool, StoreError> {
        let age_ms = claimed_at.milliseconds_since(Timestamp::from_milliseconds(claim.claimed_at));
        Ok(age_ms > CLAIM_MS && self.table.take_over(claim, &order.id, claimed_at).await?)
    }

    /// Inserts what is unsettled of the wave and settles it.
    async fn insert(&mut self, wave: &[usize], won: &HashSet<usize>, claimed_at: Timestamp) -> Result<(), StoreError> {
        let open: Vec<usize> =
            wave.iter().copied().filter(|index| self.outcomes.get(*index).is_some_and(Option::is_none)).collect();
        let orders: Vec<&NewOrder> = open.iter().filter_map(|index| self.order(*index)).collect();
        let results = self.table.insert_orders(&orders).await?;
        let mut taken = Vec::new();
        for (index, result) in open.into_iter().zip(results) {
            match result {
                Inserted::New => self.settle_created(index),
                Inserted::Taken => taken.push(index),
                Inserted::Busy => self.settle(index, Outcome::Refused(Refusal::rule(Code::TryAgain))),
            }
        }
        if taken.is_empty() { Ok(()) } else { self.compare(&taken, won, claimed_at).await }
    }

    fn settle_created(&mut self, index: usize) {
        let Some(order) = self.order(index).cloned() else { return };
        let wire = response::Order::new(self.merchant, &order.id, &order.safe_id, order.request, &order.state);
        self.settle(index, Outcome::Created(Box::new(wire)));
    }

    /// Settles orders whose id is taken: the same order again, or another one under its name.
    async fn compare(
        &mut self,
        taken: &[usize],
        won: &HashSet<usize>,
        claimed_at: Timestamp,
    ) -> Result<(), StoreError> {
        let ids: Vec<OrderId> =
            taken.iter().filter_map(|index| self.order(*index)).map(|order| order.id.clone()).collect();
        let mut found: HashMap<OrderId, _> = self.table.orders(self.merchant, &ids).await?.into_iter().collect();
        for index in taken {
            let Some(order) = self.order(*index) else { continue };
            let Some(existing) = found.remove(&order.id) else { continue };
            // An insert whose answer was lost, and that was sent again, meets itself; an order that this call has
            // stored under the same id before is another one.
            let own = existing.state.created_at == order.state.created_at && !self.stored.contains(&order.id);
            let outcome = if order.is_repeated_by(&existing) {
                let wire = Box::new(existing.response(self.merchant, &order.id)?);
                if own { Outcome::Created(wire) } else { Outcome::Replayed(wire) }
            } else {
                if let Some(name) = self.name(*index).filter(|_| won.contains(index)) {
                    self.table.release(self.merchant, name, claimed_at).await?;
                }
                Outcome::Refused(safe_id_exists(order))
            };
            self.settle(*index, outcome);
        }
        self.refuse_rest(taken, &Refusal::rule(Code::TryAgain));
        Ok(())
    }
}

/// Names the order: by its safe id, or by one that is drawn. The credentials' merchant must be the body's.
fn prepare(merchant: &MerchantId, request: CreateOrder, accepted_at: Timestamp) -> Result<NewOrder, Refusal> {
    if let Some(named) = request.merchant_id.as_deref().filter(|named| !named.is_empty())
        && !named.eq_ignore_ascii_case(merchant.as_str())
    {
        let violation = Violation::new(
            Code::MerchantMismatch,
            "/merchantId".to_owned(),
            format!("the credentials are those of `{merchant}`"),
            Some(named.to_owned()),
        );
        return Err(Refusal { violations: vec![violation], ..Refusal::rule(Code::MerchantMismatch) });
    }
    let safe_id = match request.safe_id.as_deref().filter(|safe_id| !safe_id.is_empty()) {
        Some(text) => SafeId::parse(text).map_err(|_| Refusal::rule(Code::ValidationFailed))?,
        None => SafeId::generate(crate::context::random().map_err(|_| Refusal::rule(Code::Internal))?),
    };
    Ok(NewOrder::new(merchant, safe_id, request, accepted_at)?)
}

fn external_id_exists(order: &NewOrder, holder: &str) -> Refusal {
    let external_id = order.external_id().unwrap_or_default();
    conflict(Code::ExternalIdExists, "/externalId", external_id, holder)
}

fn safe_id_exists(order: &NewOrder) -> Refusal {
    conflict(Code::SafeIdExists, "/safeId", order.safe_id.as_str(), order.id.as_str())
}

fn conflict(code: Code, pointer: &str, value: &str, holder: &str) -> Refusal {
    let member = pointer.trim_start_matches('/');
    let message = format!("order {holder} has the {member} `{value}`");
    let violation = Violation::new(code, pointer.to_owned(), message.clone(), Some(value.to_owned()));
    let facts = Facts { order_id: Some(holder.to_owned()), ..Facts::default() };
    Refusal { violations: vec![violation], facts: Box::new(facts), ..Refusal::new(code, message) }
}
