//! Changing an order: the state machine decides what it becomes, and [`super::change`] writes that.

use shared::Code;
use shared::ids::{MerchantId, OrderId};
use shared::limits::STATE_BYTES_MAX;
use shared::money::{Currency, Money};
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

/// Whose order is to be changed, by whom and on which condition.
#[derive(Clone, Debug)]
pub(crate) struct Change<'c> {
    pub(crate) merchant: &'c MerchantId,
    pub(crate) id: &'c OrderId,
    /// `vendor:<id>`; none where it is the merchant.
    pub(crate) actor: Option<String>,
    /// Why, in the words of whoever asked.
    pub(crate) reason: Option<String>,
    /// The versions that the client has seen, where it insists on one of them (`If-Match`).
    pub(crate) version: Option<Versions>,
    /// Which of the request's changes this is: its index in a bulk, or 0.
    pub(crate) part: usize,
}

/// What is to be done to an order as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) command: Command,
    /// The body that the order is to have, where it changes.
    pub(crate) body: Option<CreateOrder>,
    /// What was noticed on the way.
    pub(crate) warnings: Vec<Violation>,
}

impl From<Command> for Plan {
    fn from(command: Command) -> Self {
        Self { command, body: None, warnings: Vec::new() }
    }
}

/// Does to the order what `command` makes of it: the order after that, or none when the merchant has no such order. A
/// command that has its effect already succeeds and writes nothing, so a client may send it again. Under an idempotency
/// key that is so whatever the order has become since, and whatever version the client had seen.
pub(crate) async fn change_order(
    table: &Table,
    change: &Change<'_>,
    command: impl Fn(&FoundOrder) -> Result<Command, Refusal>,
) -> Result<Option<FoundOrder>, Refusal> {
    let changed = change_order_and_body(table, change, |order| command(order).map(Plan::from)).await?;
    Ok(changed.map(|(order, _)| order))
}

/// The same where the body changes too. The plan is made anew on what the order has become, so of two changes that meet
/// neither is lost. The warnings are those of the plan that was carried out.
pub(crate) async fn change_order_and_body(
    table: &Table,
    change: &Change<'_>,
    plan: impl Fn(&FoundOrder) -> Result<Plan, Refusal>,
) -> Result<Option<(FoundOrder, Vec<Violation>)>, Refusal> {
    Ok(match carry_out(table, &PlannedChange { change, plan: &plan }).await? {
        Outcome::Gone(_) => None,
        Outcome::Repeated(order) => {
            // What was odd about the request is so still.
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

/// A change of an order by a plan.
struct PlannedChange<'c, P> {
    change: &'c Change<'c>,
    plan: P,
}

/// An order as it was read, and what it is to become.
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
        // After the plan: what is not there for the caller has no version either, and a condition must not tell of it.
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

/// Every refund that is too much, with what is left.
fn exceeds_balance(change: &Change<'_>, order: &FoundOrder, command: &Command, excesses: &[Excess]) -> Refusal {
    let code = Code::RefundExceedsBalance;
    let currency = order.request.currency_code.unwrap_or(Currency::USD);
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

/// Whether the order grows beyond its limit. What adds a reason at most finds the room that the limit leaves; a restart takes
/// its room later, when the lines are assigned anew.
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
