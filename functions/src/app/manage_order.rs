//! Changing an order: the state machine decides, and [`super::change`] writes.

use shared::Code;
use shared::ids::{MerchantId, OrderId};
use shared::limits::STATE_BYTES_MAX;
use shared::money::Money;
use shared::order::{AskedRefund, Command, Excess, OrderState, Progress, Rejected, transition};
use shared::order_network::problem::Violation;
use shared::order_network::request::CreateOrder;

use super::change::{self, Decision, Outcome, carry_out, overtaken};
use super::precondition::Versions;
use crate::refusal::Refusal;
use crate::store::cause::Cause;
use crate::store::keys::Key;
use crate::store::network_orders::FoundOrder;
use crate::store::stored::StoredState;
use crate::store::{StoreError, Table};

#[derive(Clone, Debug)]
pub(crate) struct Change<'c> {
    pub(crate) merchant: &'c MerchantId,
    pub(crate) id: &'c OrderId,
    /// `vendor:<id>`; `None` for the merchant.
    pub(crate) actor: Option<String>,
    /// As stated by the caller.
    pub(crate) reason: Option<String>,
    /// The acceptable versions (`If-Match`).
    pub(crate) version: Option<Versions>,
    /// The index of this change among those of the request.
    pub(crate) part: usize,
}

/// The planned change of an order as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) command: Command,
    /// The new body, if it changes.
    pub(crate) body: Option<CreateOrder>,
    pub(crate) warnings: Vec<Violation>,
}

impl From<Command> for Plan {
    fn from(command: Command) -> Self {
        Self { command, body: None, warnings: Vec::new() }
    }
}

/// Applies a command to an order: returns the changed order, or `None` if the merchant has no such order. A command
/// that already took effect succeeds and writes nothing, so a client may repeat it. Under an idempotency key that holds
/// whatever the order and its version have become since.
pub(crate) async fn change_order(
    table: &Table,
    change: &Change<'_>,
    command: impl Fn(&FoundOrder) -> Result<Command, Refusal>,
) -> Result<Option<FoundOrder>, Refusal> {
    let changed = change_order_and_body(table, change, |order| command(order).map(Plan::from)).await?;
    Ok(changed.map(|(order, _)| order))
}

/// Like [`change_order`], where the body may change too. The plan is made anew for each version of the order, so
/// concurrent changes are never lost. The warnings are those of the plan that was carried out.
pub(crate) async fn change_order_and_body(
    table: &Table,
    change: &Change<'_>,
    plan: impl Fn(&FoundOrder) -> Result<Plan, Refusal>,
) -> Result<Option<(FoundOrder, Vec<Violation>)>, Refusal> {
    Ok(match carry_out(table, &PlannedChange { change, plan: &plan }).await? {
        Outcome::Gone(_) => None,
        Outcome::Repeated(order) => {
            // The warnings about the request still apply.
            let warnings = plan(&order).map(|plan| plan.warnings).unwrap_or_default();
            Some((order, warnings))
        }
        Outcome::Kept(kept) => Some(kept),
        Outcome::Overtaken => return Err(overtaken("order")),
        Outcome::Written(Next { mut order, state, body, warnings, .. }) => {
            order.state = state;
            order.request = body.unwrap_or(order.request);
            Some((order, warnings))
        }
    })
}

struct PlannedChange<'c, P> {
    change: &'c Change<'c>,
    plan: P,
}

/// An order as it was read, and its next state.
struct Next {
    order: FoundOrder,
    state: OrderState,
    cause: Cause,
    body: Option<CreateOrder>,
    warnings: Vec<Violation>,
}

impl<P: Fn(&FoundOrder) -> Result<Plan, Refusal>> change::Change<FoundOrder> for PlannedChange<'_, P> {
    type Kept = (FoundOrder, Vec<Violation>);
    type Next = Next;
    type Error = Refusal;

    fn part(&self) -> usize {
        self.change.part
    }

    async fn read(&self, table: &Table) -> Result<Option<FoundOrder>, StoreError> {
        table.order(self.change.merchant, self.change.id).await
    }

    fn decide(&self, table: &Table, order: FoundOrder) -> Result<Decision<Self::Kept, Next>, Refusal> {
        let change = self.change;
        let Plan { command, body, warnings } = (self.plan)(&order)?;
        // After the plan: an order that the caller may not see has no version for it either, and the condition must not
        // reveal one.
        Versions::require(change.version.as_ref(), "order", order.state.version)?;
        let state = match transition(&order.state, &command, table.context.now()) {
            Ok(state) => state,
            Err(Rejected::AlreadySo) => return Ok(Decision::Keep((order, warnings))),
            Err(Rejected::NotAllowed(reason)) => return Err(Refusal::new(Code::StateNotAllowed, reason)),
            Err(Rejected::ExceedsBalance(excesses)) => {
                return Err(exceeds_balance(change, &order, &command, &excesses));
            }
        };
        if is_too_large(&command, &order.state, &state)? {
            return Err(Refusal::new(Code::StateNotAllowed, "the order holds as much as one order may"));
        }
        let (actor, reason) = (change.actor.clone(), change.reason.clone());
        let cause = Cause { actor, reason, ..table.change(command.name(), change.part, &order) };
        Ok(Decision::Write(state.version, Next { order, state, cause, body, warnings }))
    }

    async fn write(&self, table: &Table, next: &Next) -> Result<bool, StoreError> {
        let (key, cause) = (Key::order(self.change.merchant, self.change.id), next.cause.clone());
        let json = next.body.as_ref().map(serde_json::to_vec).transpose().map_err(StoreError::fault)?;
        table.advance(&key, &next.state, cause, json.as_deref()).await
    }
}

/// Every excessive refund, with the remaining balance.
fn exceeds_balance(change: &Change<'_>, order: &FoundOrder, command: &Command, excesses: &[Excess]) -> Refusal {
    let code = Code::RefundExceedsBalance;
    let currency = order.request.currency();
    let asked = if let Command::Refund(asked) = command { asked.as_slice() } else { &[] };
    let violations = excesses.iter().filter_map(|excess| {
        let refund = &asked.get(excess.index)?.refund;
        let left = Money { amount: excess.balance, currency };
        let part = if refund.is_shipping { "shipping" } else { "price" };
        let is_of_it =
            |row: &AskedRefund| row.refund.line == refund.line && row.refund.is_shipping == refund.is_shipping;
        let before = asked.iter().take(excess.index).any(is_of_it);
        let after = if before { " after the rows before this one" } else { "" };
        let item = change.id.item_id(refund.line);
        let message = format!("the balance of the {part} of item `{item}` is {left}{after}");
        let pointer = format!("/refunds/{}/amount", excess.index);
        Some(Violation::new(code, pointer, message, Some(refund.amount.normalize().to_string())))
    });
    let violations: Vec<Violation> = violations.collect();
    let message = violations.first().map_or_else(String::new, |first| first.error_message.clone());
    Refusal { violations, ..Refusal::new(code, message) }
}

/// Whether the order grows beyond its limit. Commands that add at most a reason fit into the reserve of the limit; a
/// restart needs its room later, when the lines are assigned anew.
fn is_too_large(command: &Command, before: &OrderState, next: &OrderState) -> Result<bool, StoreError> {
    if always_fits(command) {
        return Ok(false);
    }
    let bytes = StoredState::bytes(next)?;
    let grows = matches!(command, Command::Restart) || bytes > StoredState::bytes(before)?;
    Ok(grows && bytes > STATE_BYTES_MAX)
}

const fn always_fits(command: &Command) -> bool {
    use Progress::{Delivered, InProduction, Rejected};
    match command {
        Command::Hold(_) | Command::Cancel(_) | Command::Release | Command::Start | Command::Ready(_) => true,
        Command::Report(_, progress) => matches!(progress, Delivered | InProduction | Rejected { .. }),
        _ => false,
    }
}
