//! Creating orders of the order network API, one or many, each independent of the others, as if sent alone and in turn.
//!
//! Orders of one call are processed in *waves*. In a wave no two orders share an id or an unsettled external id, so all
//! its claims go out together ([`claims`]) and then all its inserts: two steps for any number of orders, in requests of
//! 25. An order that shares a name with an earlier one waits for the next wave, which may answer it from what the call
//! has learned. A typical bulk is one wave; a bulk that repeats one external id is two. Orders that are not processed
//! within [`CALL_MS`] get `TRY_AGAIN`, so that the answer reaches the client.
//!
//! A repeated call under an idempotency key begins with the orders that an earlier attempt created: their marks
//! identify them, and they are returned as created. The rest is processed as if that attempt had continued.

mod claims;
pub(crate) mod drafts;
mod originals;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use shared::Code;
use shared::ids::{MerchantId, OrderId, SafeId};
use shared::order_network::problem::Violation;
use shared::order_network::request::CreateOrder;
use shared::order_network::response;
use shared::time::Timestamp;

use crate::refusal::{Facts, Refusal};
use crate::store::cause::Versioned;
use crate::store::network_orders::{FoundOrder, INSERT_WITHIN_MS, NewOrder};
use crate::store::table::Inserted;
use crate::store::{StoreError, Table};

#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Created(Arc<response::Order>),
    /// It was stored before with the same body; nothing was written.
    Replayed(Arc<response::Order>),
    Refused(Refusal),
}

/// No wave begins later than this: the function has 29 seconds.
const CALL_MS: i64 = 15_000;

/// Creates orders, each with its index in the request, and returns their outcomes in the same order.
pub(crate) async fn create_orders(
    table: &Table,
    merchant: &MerchantId,
    requests: Vec<(usize, CreateOrder)>,
) -> Vec<Outcome> {
    let called_at = table.context.now();
    let mut creation = Creation::new(table, merchant, requests, table.accepted_at());
    if table.is_retry() {
        creation.settle_own().await;
    }
    creation.reject_reprints_of_unknown_orders().await;
    loop {
        let wave = creation.next_wave();
        if wave.is_empty() || table.context.now().milliseconds_since(called_at) > CALL_MS {
            break;
        }
        creation.work(&wave).await;
    }
    let unsettled = || Outcome::Refused(Refusal::rule(Code::TryAgain));
    creation.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unsettled)).collect()
}

struct Creation<'a> {
    table: &'a Table,
    merchant: &'a MerchantId,
    /// `None` if the request could not be prepared; its outcome is set then.
    orders: Vec<Option<NewOrder>>,
    outcomes: Vec<Option<Outcome>>,
    /// Orders that the call has stored or found.
    stored: HashMap<OrderId, Stored>,
    /// External ids of stored orders, with the order's id.
    holders: HashMap<String, String>,
}

/// What a repeated safe id needs to know of a stored order.
struct Stored {
    body_hash: Vec<u8>,
    order: Arc<response::Order>,
}

impl<'a> Creation<'a> {
    fn new(
        table: &'a Table,
        merchant: &'a MerchantId,
        requests: Vec<(usize, CreateOrder)>,
        accepted_at: Timestamp,
    ) -> Self {
        let (mut orders, mut outcomes) = (Vec::new(), Vec::new());
        for (part, request) in requests {
            let prepared = prepare(table, merchant, part, request, accepted_at);
            outcomes.push(prepared.as_ref().err().map(|refusal| Outcome::Refused(refusal.clone())));
            orders.push(prepared.ok());
        }
        Self { table, merchant, orders, outcomes, stored: HashMap::new(), holders: HashMap::new() }
    }

    /// Settles orders that an earlier attempt of the request has created.
    async fn settle_own(&mut self) {
        let ids: Vec<OrderId> = self.orders.iter().flatten().map(|order| order.id.clone()).collect();
        let found: HashMap<OrderId, FoundOrder> = match self.table.orders(self.merchant, &ids).await {
            Ok(found) => found.into_iter().collect(),
            Err(error) => {
                let all: Vec<usize> = (0..self.orders.len()).collect();
                return self.refuse_rest(&all, &error.into());
            }
        };
        let is_own = |order: &NewOrder| found.get(&order.id).is_some_and(|existing| existing.has_mark_of(order));
        let own = self.orders.iter().enumerate().filter(|(_, order)| order.as_ref().is_some_and(is_own));
        for index in own.map(|(index, _)| index).collect::<Vec<_>>() {
            self.settle_created(index);
        }
    }

    fn order(&self, index: usize) -> Option<&NewOrder> {
        self.orders.get(index).and_then(Option::as_ref)
    }

    fn is_open(&self, index: usize) -> bool {
        self.outcomes.get(index).is_some_and(Option::is_none)
    }

    fn settle(&mut self, index: usize, outcome: Outcome) {
        if let Some(slot) = self.outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
    }

    /// Refuses the orders that are still open.
    fn refuse_rest(&mut self, indexes: &[usize], refusal: &Refusal) {
        for index in indexes {
            if self.is_open(*index) {
                self.settle(*index, Outcome::Refused(refusal.clone()));
            }
        }
    }

    /// Remembers a stored order for later ones with the same id or external id.
    fn remember(&mut self, id: &OrderId, external_id: Option<String>, stored: Stored) {
        if let Some(external_id) = external_id {
            self.holders.entry(external_id).or_insert_with(|| id.to_string());
        }
        self.stored.insert(id.clone(), stored);
    }

    /// The open orders that share no unsettled name with an earlier open one. Settles orders whose outcome is known.
    fn next_wave(&mut self) -> Vec<usize> {
        let (mut ids, mut external_ids) = (HashSet::new(), HashSet::new());
        let (mut wave, mut known) = (Vec::new(), Vec::new());
        for (index, order) in self.orders.iter().enumerate() {
            let Some(order) = order.as_ref().filter(|_| self.is_open(index)) else { continue };
            if let Some(outcome) = self.known_outcome(order) {
                known.push((index, outcome));
                continue;
            }
            let new_id = ids.insert(&order.id);
            let unsettled = order.external_id().filter(|external_id| !self.holders.contains_key(*external_id));
            if unsettled.is_none_or(|external_id| external_ids.insert(external_id)) && new_id {
                wave.push(index);
            }
        }
        for (index, outcome) in known {
            self.settle(index, outcome);
        }
        wave
    }

    /// The outcome if this call already knows it: the id is stored, or the external id is another order's.
    fn known_outcome(&self, order: &NewOrder) -> Option<Outcome> {
        if let Some(stored) = self.stored.get(&order.id) {
            let same = stored.body_hash == order.body_hash();
            return Some(if same {
                Outcome::Replayed(Arc::clone(&stored.order))
            } else {
                Outcome::Refused(safe_id_exists(order))
            });
        }
        let holder = self.holders.get(order.external_id()?).filter(|holder| *holder != order.id.as_str())?;
        (!order.allows_duplicate()).then(|| Outcome::Refused(external_id_exists(order, holder)))
    }

    async fn work(&mut self, wave: &[usize]) {
        let claimed_at = self.table.context.now();
        let won = match self.claim(wave, claimed_at).await {
            Ok(won) => won,
            Err(error) => return self.refuse_rest(wave, &error.into()),
        };
        if self.table.context.now().milliseconds_since(claimed_at) > INSERT_WITHIN_MS {
            return self.refuse_rest(wave, &Refusal::rule(Code::TryAgain));
        }
        if let Err(error) = self.insert(wave, &won, claimed_at).await {
            self.refuse_rest(wave, &error.into());
        }
    }

    /// Inserts and settles the open orders of the wave.
    async fn insert(&mut self, wave: &[usize], won: &HashSet<usize>, claimed_at: Timestamp) -> Result<(), StoreError> {
        let open: Vec<usize> = wave.iter().copied().filter(|index| self.is_open(*index)).collect();
        let orders: Vec<&NewOrder> = open.iter().filter_map(|index| self.order(*index)).collect();
        self.point_to(&orders).await?;
        let results = self.table.insert_orders(&orders).await?;
        let mut taken = Vec::new();
        for (index, result) in open.into_iter().zip(results) {
            match result {
                Inserted::New => self.settle_created(index),
                Inserted::Taken => taken.push(index),
                Inserted::Busy => self.settle(index, Outcome::Refused(Refusal::rule(Code::TryAgain))),
                Inserted::Failed => self.settle(index, Outcome::Refused(Refusal::rule(Code::Internal))),
            }
        }
        if taken.is_empty() { Ok(()) } else { self.compare(&taken, won, claimed_at).await }
    }

    /// Makes orders findable by external ids that other orders have claimed. Pointers to missing orders do no harm.
    async fn point_to(&self, orders: &[&NewOrder]) -> Result<(), StoreError> {
        let has_other_holder = |order: &&&NewOrder| {
            let holder = order.external_id().and_then(|external_id| self.holders.get(external_id));
            holder.is_some_and(|holder| holder != order.id.as_str())
        };
        let pointing: Vec<&NewOrder> = orders.iter().filter(has_other_holder).copied().collect();
        self.table.point_to_orders(self.merchant, &pointing).await
    }

    fn settle_created(&mut self, index: usize) {
        let Some(order) = self.order(index) else { return };
        let wire = response::Order::new(self.merchant, &order.id, &order.safe_id, order.request.clone(), &order.state);
        let wire = Arc::new(wire);
        let stored = Stored { body_hash: order.body_hash().to_vec(), order: Arc::clone(&wire) };
        let (id, external_id) = (order.id.clone(), order.external_id().map(str::to_owned));
        self.remember(&id, external_id, stored);
        self.settle(index, Outcome::Created(wire));
    }

    /// Settles orders whose id is taken: the same order again, or a different one.
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
            let bears = existing.external_id() == order.external_id();
            if let Some(name) = self.name(*index).filter(|_| !bears && won.contains(index)) {
                self.table.release(self.merchant, name, claimed_at).await?;
            }
            // An insert that was repeated because its response was lost meets itself. The time would not tell it from
            // an equal request of the same millisecond.
            let is_repeated = existing.is_of_request(self.table.request_id.as_deref());
            if existing.has_mark_of(order) || (is_repeated && existing.body_hash() == order.body_hash()) {
                self.settle_created(*index);
                continue;
            }
            let (id, external_id) = (order.id.clone(), existing.external_id().map(str::to_owned));
            let (same, body_hash) = (existing.body_hash() == order.body_hash(), existing.body_hash().to_vec());
            let refusal = safe_id_exists(order);
            let wire = Arc::new(existing.response(self.merchant, &id)?);
            self.remember(&id, external_id, Stored { body_hash, order: Arc::clone(&wire) });
            self.settle(*index, if same { Outcome::Replayed(wire) } else { Outcome::Refused(refusal) });
        }
        self.refuse_rest(taken, &Refusal::rule(Code::TryAgain));
        Ok(())
    }
}

/// Sets the safe id of an order: its own, or a new one from the table's context or the request's key. Rejects another
/// merchant's id.
fn prepare(
    table: &Table,
    merchant: &MerchantId,
    part: usize,
    request: CreateOrder,
    accepted_at: Timestamp,
) -> Result<NewOrder, Refusal> {
    Refusal::unless_own(merchant, request.merchant_id.as_deref().unwrap_or_default())?;
    let safe_id = match request.safe_id.as_deref().filter(|safe_id| !safe_id.is_empty()) {
        Some(text) => SafeId::parse(text).map_err(|_| Refusal::rule(Code::ValidationFailed))?,
        None => SafeId::generate(table.bytes("safe id", part).map_err(|_| Refusal::rule(Code::Internal))?),
    };
    Ok(NewOrder::new(merchant, safe_id, request, (part, accepted_at), table)?)
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
    let violation = Violation::by_text(code, pointer, message.clone(), value);
    let facts = Facts { order_id: Some(holder.to_owned()), ..Facts::default() };
    Refusal { violations: vec![violation], facts: Box::new(facts), ..Refusal::new(code, message) }
}
