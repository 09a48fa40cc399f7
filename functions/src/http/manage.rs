//! Handlers that change the state of an order of the order network API.
//!
//! Each returns 200 with the order and its `ETag`, even if the order was already in that state; 412 if `If-Match` names
//! another version; 422 with the reason if the order's state does not allow the change.

use shared::Code;
use shared::body::change::{Cancel, Nothing, Reason};
use shared::ids::OrderId;
use shared::order::{CancelledLine, Command, Units};
use shared::order_network::problem::Violation;

use super::answer::Versioned;
use super::body::{Body, OptionalBody};
use super::orders::{OrderEnvelope, not_found, order_id_of, versioned};
use super::route::{Route, routes};
use super::target::Change;
use crate::app::manage_order::{Change as OrderChange, change_order};
use crate::refusal::Refusal;
use crate::store::network_orders::FoundOrder;

pub(super) const ROUTES: &[Route] = routes! {
    OrdersManage POST "/order/v1/orders/{orderId}/cancel" cancel, "cancelOrder", "Cancels an order, some of its items, or units of them.", [NoSuchItem, StateNotAllowed];
    OrdersManage POST "/order/v1/orders/{orderId}/customerCareHold" hold, "holdOrder", "Holds an order, or gives its hold another reason.", [StateNotAllowed];
    OrdersManage POST "/order/v1/orders/{orderId}/customerCareHold/release" release, "releaseOrder", "Releases an order that is held.", [StateNotAllowed];
    OrdersManage POST "/order/v1/orders/{orderId}/startProcessing" start, "startOrder", "Starts an order that waits, with all its items.", [StateNotAllowed];
    OrdersManage POST "/order/v1/orders/{orderId}/refreshProcessing" refresh, "refreshOrder", "Tries again what failed of an order.", [StateNotAllowed];
};

/// Changes the order that the path names.
async fn change_by(
    change: Change,
    reason: Option<String>,
    warnings: Vec<Violation>,
    command: impl Fn(&OrderId, &FoundOrder) -> Result<Command, Refusal>,
) -> Result<Versioned<OrderEnvelope>, Refusal> {
    let id = order_id_of(&change.id)?;
    let (merchant, version) = (&change.merchant, change.versions);
    let wanted = OrderChange { merchant, id: &id, actor: None, reason, version, part: 0 };
    let order = change_order(&change.table, &wanted, |order| command(&id, order)).await?;
    let order = order.ok_or_else(|| not_found("orderId", id.as_str()))?;
    versioned(order, merchant, &id, warnings)
}

async fn cancel(change: Change, body: Body<Cancel>) -> Result<Versioned<OrderEnvelope>, Refusal> {
    let reason = trimmed(&body.value.reason);
    change_by(change, Some(reason), body.warnings, |id, order| cancel_command(&body.value, id, order)).await
}

async fn hold(change: Change, body: Body<Reason>) -> Result<Versioned<OrderEnvelope>, Refusal> {
    let reason = trimmed(&body.value.reason);
    let command = Command::Hold(reason.clone());
    change_by(change, Some(reason), body.warnings, |_, _| Ok(command.clone())).await
}

async fn release(
    change: Change,
    OptionalBody(body): OptionalBody<Nothing>,
) -> Result<Versioned<OrderEnvelope>, Refusal> {
    change_by(change, None, body.warnings, |_, _| Ok(Command::Release)).await
}

async fn start(change: Change, OptionalBody(body): OptionalBody<Nothing>) -> Result<Versioned<OrderEnvelope>, Refusal> {
    change_by(change, None, body.warnings, |_, _| Ok(Command::Start)).await
}

async fn refresh(
    change: Change,
    OptionalBody(body): OptionalBody<Nothing>,
) -> Result<Versioned<OrderEnvelope>, Refusal> {
    change_by(change, None, body.warnings, |_, _| Ok(Command::Restart)).await
}

/// The stored form of a reason.
pub(super) fn trimmed(reason: &str) -> String {
    reason.trim().to_owned()
}

/// The command that cancels the lines that the body names.
fn cancel_command(body: &Cancel, id: &OrderId, order: &FoundOrder) -> Result<Command, Refusal> {
    let Some(items) = &body.items else { return Ok(Command::Cancel(None)) };
    let (mut lines, mut missing) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        let line = id.item_index(&item.item_id).and_then(|line| Some((line, order.request.items.get(line)?)));
        let Some((line, ordered)) = line else {
            missing.push(no_such_item(format!("/items/{index}/itemId"), &item.item_id));
            continue;
        };
        let units = item.quantity.map(|count| Units { count, ordered: ordered.quantity });
        lines.push(CancelledLine { line, units });
    }
    if missing.is_empty() { Ok(Command::Cancel(Some(lines))) } else { Err(Refusal::invalid(missing)) }
}

/// The violation for an id that does not belong to an item of the order.
pub(super) fn no_such_item(pointer: String, id: &str) -> Violation {
    let json = serde_json::Value::from(id).to_string();
    Violation::must_be(Code::NoSuchItem, pointer, "the id of an item of the order", &json)
}
