//! Refunds of an order's items.

use shared::Code;
use shared::body::refund::AddRefunds;
use shared::ids::OrderId;
use shared::money::{Currency, Number};
use shared::order::{AskedRefund, Command, Refund, refund_id};
use shared::order_network::problem::Violation;
use shared::order_network::refund::Paid;
use shared::time::Timestamp;

use super::answer::Created;
use super::body::Body;
use super::caller::NetworkCaller;
use super::conditional::IfMatch;
use super::manage::{no_such_item, trimmed};
use super::orders::{OrderEnvelope, not_found_at_order_id, versioned};
use super::route::{Route, routes};
use crate::app::manage_order::{Change, change_order};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::network_orders::FoundOrder;

pub(super) const ROUTES: &[Route] = routes! {
    OrdersManage POST "/order/v1/orders/refunds" refund, "refundOrder", "Pays back amounts of an order's items, all of them or none.", [NotFound, NoSuchItem, StateNotAllowed, RefundExceedsBalance];
};

async fn refund(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    IfMatch(version): IfMatch,
    body: Body<AddRefunds>,
) -> Result<Created<OrderEnvelope>, Refusal> {
    let seed = table.bytes("refund", 0).map_err(|_| Refusal::rule(Code::Internal))?;
    let missing = || not_found_at_order_id(&body.value.order_id);
    let id = OrderId::parse(&body.value.order_id).map_err(|_| missing())?;
    let change = Change { merchant: &merchant, id: &id, actor: None, reason: None, version, part: 0 };
    let command = |order: &FoundOrder| command(&body.value, &id, order, (&seed, table.context.now()));
    let order = change_order(&table, &change, command).await?.ok_or_else(missing)?;
    let answer = versioned(order, &merchant, &id, body.warnings)?;
    Ok(Created { location: None, version: answer.version, body: answer.body })
}

/// The command for this order; the ids of its refunds are derived from `seed`.
fn command(
    body: &AddRefunds,
    id: &OrderId,
    order: &FoundOrder,
    (seed, at): (&[u8; 16], Timestamp),
) -> Result<Command, Refusal> {
    let (mut asked, mut violations) = (Vec::new(), Vec::new());
    for (index, row) in body.refunds.iter().enumerate() {
        let line = id.item_index(&row.item_id);
        let found = line.and_then(|line| Some((line, order.request.items.get(line)?)));
        if found.is_none() {
            violations.push(no_such_item(format!("/refunds/{index}/itemId"), &row.item_id));
        }
        violations.extend(too_fine(order.request.currency(), row.amount).map(|message| {
            let (code, pointer) = (Code::TooManyDecimals, format!("/refunds/{index}/amount"));
            Violation::new(code, pointer, message, serde_json::to_string(&row.amount).ok())
        }));
        let Some((line, item)) = found else { continue };
        let is_shipping = row.is_shipping.unwrap_or_default();
        let refund = Refund {
            line,
            is_shipping,
            amount: row.amount.0,
            reason: trimmed(&row.reason),
            transaction_id: refund_id(seed, index),
            at,
        };
        asked.push(AskedRefund { refund, paid: Paid::of(item).part(is_shipping) });
    }
    if violations.is_empty() { Ok(Command::Refund(asked)) } else { Err(Refusal::invalid(violations)) }
}

/// The message for an amount that is finer than the currency's minor unit and so cannot be paid.
fn too_fine(currency: Currency, amount: Number) -> Option<String> {
    let decimals = currency.exponent();
    let is_fine = amount.0.normalize().scale() > decimals;
    is_fine.then(|| format!("must have at most {decimals} digits after the point in {currency}"))
}
