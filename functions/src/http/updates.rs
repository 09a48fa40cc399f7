//! Updates of orders and items by merge patches.
//!
//! Each single call returns 200 with the order and its `ETag`, even if nothing changed; 400 with all violations of the
//! patch and of the resulting order; 412 if `If-Match` names another version; 422 with the reason if the order's state
//! does not allow it. Without `If-Match`, a patch that conflicts with another change is merged into the new version.

use std::collections::HashMap;

use futures_util::StreamExt;
use shared::Code;
use shared::ids::{MerchantId, OrderId};
use shared::limits::BULK_CONCURRENCY;
use shared::order::Command;
use shared::order_network::merge::Members;
use shared::order_network::patch::{Patch, Target};
use shared::order_network::problem::{Broken, Violation, in_document_order};
use shared::validation::{self, Body};

use super::RequestId;
use super::answer::Versioned;
use super::batch::{BatchAnswer, BatchWriter, check_envelope};
use super::body::{ItemPatchBytes, OrderPatchBytes, OrderPatchesBytes};
use super::caller::NetworkCaller;
use super::conditional::IfMatch;
use super::orders::{OrderEnvelope, not_found, not_found_at_order_id, order_id_of, versioned};
use super::parameters::{PathParameter, PathParameters};
use super::preference::Strict;
use super::route::{Route, routes};
use crate::app::create_orders::Outcome;
use crate::app::manage_order::{Change, Plan, change_order_and_body};
use crate::app::precondition::Versions;
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::network_orders::FoundOrder;

pub(super) const ROUTES: &[Route] = routes! {
    OrdersManage PATCH "/order/v1/orders/{orderId}" update, "updateOrder", "Changes an order's own members by a merge patch.", [NotUpdatable, StateNotAllowed];
    OrdersManage PATCH "/order/v1/orders/{orderId}/items/{orderItemId}" update_item, "updateOrderItem", "Changes an item by a merge patch, while it is Open; fulfillmentReady at any time.", [NotUpdatable, StateNotAllowed];
    OrdersManage PATCH "/order/v1/orders/bulk" update_batch, "updateOrders", "Changes up to 500 orders by merge patches, each with a status of its own.", [TooManyOrders];
};

async fn update(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    Strict(strict): Strict,
    IfMatch(version): IfMatch,
    PathParameter(order_id): PathParameter,
    OrderPatchBytes(bytes): OrderPatchBytes,
) -> Result<Versioned<OrderEnvelope>, Refusal> {
    let patch = read_patch(Target::Order, &bytes)?;
    let request = Request { merchant: &merchant, version, strict };
    let id = order_id_of(&order_id).map_err(|missing| request.missing(&patch, missing))?;
    let (order, warnings) = request.apply(&table, &id, &patch, (Target::Order, 0)).await?;
    versioned(order, &merchant, &id, warnings)
}

async fn update_item(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    Strict(strict): Strict,
    IfMatch(version): IfMatch,
    PathParameters((order_id, item_id)): PathParameters<(String, String)>,
    ItemPatchBytes(bytes): ItemPatchBytes,
) -> Result<Versioned<OrderEnvelope>, Refusal> {
    let id = order_id_of(&order_id);
    let line = id.as_ref().ok().and_then(|id| id.item_index(&item_id));
    // A patch has the same violations for every item, even one whose id is invalid.
    let patch = read_patch(Target::Item(line.unwrap_or_default()), &bytes)?;
    let request = Request { merchant: &merchant, version, strict };
    let known = id.and_then(|id| Ok((id, line.ok_or_else(|| not_found("item id", &item_id))?)));
    let (id, line) = known.map_err(|missing| request.missing(&patch, missing))?;
    let (order, warnings) = request.apply(&table, &id, &patch, (Target::Item(line), 0)).await?;
    versioned(order, &merchant, &id, warnings)
}

/// Entries are independent; those of the same order are applied in request order.
async fn update_batch(
    NetworkCaller(merchant): NetworkCaller,
    RequestId(request_id): RequestId,
    table: Table,
    Strict(strict): Strict,
    IfMatch(version): IfMatch,
    OrderPatchesBytes(bytes): OrderPatchesBytes,
) -> Result<BatchAnswer, Refusal> {
    let verdict = validation::validate(Body::Orders, &bytes);
    // Patches need not satisfy the rules of a create.
    let violations: Vec<Violation> = verdict.violations().map(Into::into).collect();
    if !violations.is_empty() {
        return Err(Refusal::invalid(violations));
    }
    let warnings = check_envelope(&bytes, &verdict, &merchant, strict)?;
    if version.is_some() {
        // One version cannot apply to many orders, and ignoring the header would overwrite changes silently.
        let message = "a bulk has no version: leave If-Match out, or patch the orders one by one";
        return Err(Refusal::new(Code::PreconditionFailed, message));
    }
    let request = Request { merchant: &merchant, version: None, strict };
    let entries = verdict.orders().map(|order| request.read_entry(bytes.get(order.span()).unwrap_or_default()));
    let entries: Vec<Result<Entry, Refusal>> = entries.collect();
    let outcomes = request.apply_all(&table, entries).await;
    let mut writer = BatchWriter::new(request_id);
    let mut bulk = Vec::new();
    for (index, outcome) in outcomes.into_iter().enumerate() {
        bulk.push(match outcome {
            Ok((id, order, warnings)) => {
                let order = order.response(&merchant, &id)?;
                writer.entry(index, Outcome::Replayed(order.into()), warnings)?
            }
            Err(refusal) => writer.refused(index, refusal)?,
        });
    }
    Ok(BatchAnswer { bulk, warnings })
}

/// One entry of a batch.
struct Entry {
    id: OrderId,
    patch: Patch,
}

fn read_patch(target: Target, bytes: &[u8]) -> Result<Patch, Refusal> {
    Patch::read(target, bytes).map_err(Refusal::broken)
}

/// Removes the id from an entry.
fn read_order_id(members: &mut Members) -> Result<String, Violation> {
    let wrong = |code: Code, message: &str| Violation::new(code, "/orderId".to_owned(), message.to_owned(), None);
    let count = members.iter().filter(|(name, _)| *name == "orderId").count();
    let id = members.remove("orderId").filter(|id| id.get() != "null");
    let id = id.ok_or_else(|| wrong(Code::Required, "is required"))?;
    if count > 1 {
        return Err(wrong(Code::DuplicateMember, "must stand at most once in its object"));
    }
    let not_text = |_| Violation::must_be(Code::WrongType, "/orderId".to_owned(), "a string", id.get());
    serde_json::from_str(id.get()).map_err(not_text)
}

type Updated = (OrderId, FoundOrder, Vec<Violation>);

/// The context shared by the patches of a call.
struct Request<'r> {
    merchant: &'r MerchantId,
    version: Option<Versions>,
    strict: bool,
}

impl Request<'_> {
    /// An entry is a patch that also contains the id of its order.
    fn read_entry(&self, bytes: &[u8]) -> Result<Entry, Refusal> {
        let Some(mut members) = std::str::from_utf8(bytes).ok().and_then(Members::read) else {
            return Err(read_patch(Target::Order, bytes).err().unwrap_or_else(|| Refusal::rule(Code::Internal)));
        };
        let document = members.clone();
        let id = read_order_id(&mut members);
        let json = members.to_json().map_err(|_| Refusal::rule(Code::Internal))?;
        let patch = read_patch(Target::Order, json.as_bytes())?;
        match id {
            Ok(text) => match OrderId::parse(&text) {
                Ok(id) => Ok(Entry { id, patch }),
                Err(_) => Err(self.missing(&patch, not_found_at_order_id(&text))),
            },
            Err(violation) => {
                let Broken { mut violations, omitted } = patch.alone(self.strict);
                violations.push(violation);
                in_document_order(&document, &mut violations);
                Err(Refusal::broken(Broken::first(violations, omitted)))
            }
        }
    }

    /// The refusal of a patch whose order or item does not exist; violations of the patch itself come first.
    fn missing(&self, patch: &Patch, missing: Refusal) -> Refusal {
        let broken = patch.alone(self.strict);
        if !broken.violations.is_empty() {
            return Refusal::broken(broken);
        }
        Refusal::unless_own(self.merchant, &patch.merchant()).err().unwrap_or(missing)
    }

    async fn apply(
        &self,
        table: &Table,
        id: &OrderId,
        patch: &Patch,
        (target, part): (Target, usize),
    ) -> Result<(FoundOrder, Vec<Violation>), Refusal> {
        let change =
            Change { merchant: self.merchant, id, actor: None, reason: None, version: self.version.clone(), part };
        let plan = |order: &FoundOrder| {
            if let Target::Item(line) = target
                && order.state.lines.get(line).is_none()
            {
                return Err(self.missing(patch, not_found("item id", &id.item_id(line))));
            }
            let patched = patch.apply(&order.request, self.strict).map_err(Refusal::broken)?;
            Refusal::unless_own(self.merchant, &patch.merchant())?;
            // A patch that only marks an item as ready leaves the body as it is.
            let body = (patched.order != order.request).then_some(patched.order);
            let command = match patched.update.only_ready() {
                Some(line) => Command::Ready(vec![line]),
                None => Command::Update(patched.update),
            };
            Ok(Plan { command, body, warnings: patched.warnings })
        };
        let changed = change_order_and_body(table, &change, plan).await?;
        changed.ok_or_else(|| self.missing(patch, not_found("orderId", id.as_str())))
    }

    /// The outcome of each entry, at its position.
    async fn apply_all(&self, table: &Table, entries: Vec<Result<Entry, Refusal>>) -> Vec<Result<Updated, Refusal>> {
        let mut outcomes: Vec<Result<Updated, Refusal>> = Vec::new();
        let mut of_orders: HashMap<OrderId, Vec<(usize, Patch)>> = HashMap::new();
        for (index, entry) in entries.into_iter().enumerate() {
            // Entries that are not reached in time.
            outcomes.push(Err(entry.as_ref().err().cloned().unwrap_or_else(|| Refusal::rule(Code::TryAgain))));
            if let Ok(entry) = entry {
                of_orders.entry(entry.id).or_default().push((index, entry.patch));
            }
        }
        let started = table.context.now();
        let work = of_orders.into_iter().map(|(id, patches)| async move {
            let mut results = Vec::new();
            for (index, patch) in patches {
                if table.context.now().milliseconds_since(started) > CALL_MS {
                    break;
                }
                let result = self.apply(table, &id, &patch, (Target::Order, index)).await;
                // In a batch the id is in the body.
                let result = result.map_err(|refusal| match refusal.code {
                    Code::NotFound => not_found_at_order_id(id.as_str()),
                    _ => refusal,
                });
                results.push((index, result.map(|(order, warnings)| (id.clone(), order, warnings))));
            }
            results
        });
        let mut work = futures_util::stream::iter(work).buffer_unordered(BULK_CONCURRENCY);
        while let Some(results) = work.next().await {
            for (index, result) in results {
                if let Some(slot) = outcomes.get_mut(index) {
                    *slot = result;
                }
            }
        }
        outcomes
    }
}

/// No update of a batch starts later than this: the function times out after 29 seconds.
const CALL_MS: i64 = 15_000;
