//! Changing an order: read it, ask the state machine, write the next version if nobody has written meanwhile.

use shared::Code;
use shared::ids::{MerchantId, OrderId};
use shared::limits::STATE_BYTES_MAX;
use shared::money::{Currency, Money};
use shared::network::problem::Violation;
use shared::network::request::CreateOrder;
use shared::order::{AskedRefund, Command, Excess, OrderState, Progress, Rejected, transition};

use super::precondition::Versions;
use crate::refusal::Refusal;
use crate::store::idempotency::with_mark;
use crate::store::keys::Key;
use crate::store::network_orders::FoundOrder;
use crate::store::stored::{Cause, StoredState};
use crate::store::{StoreError, Table};

/// How often a change that met another is made again on what the order has become.
const ROUNDS_MAX: u32 = 16;

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
    let mut attempted: Option<(u64, Vec<Violation>)> = None;
    for round in 0..ROUNDS_MAX {
        table.context.pause(round).await;
        let Some(mut order) = table.order(change.merchant, change.id).await? else { return Ok(None) };
        let mark = table.mark(change.part);
        if mark.as_ref().is_some_and(|mark| order.has_mark(mark)) {
            // What was odd about the request is so still.
            let warnings = plan(&order).map(|plan| plan.warnings).unwrap_or_default();
            return Ok(Some((order, warnings)));
        }
        // A write whose answer was lost, and that was sent again, meets itself; done once more it could count twice.
        if let Some((version, warnings)) = attempted.take()
            && order.is_written_by(table.request_id.as_deref(), version)
        {
            return Ok(Some((order, warnings)));
        }
        let Plan { command, body, warnings } = plan(&order)?;
        // After the plan: what is not there for the caller has no version either, and a condition must not tell of it.
        Versions::require(change.version.as_ref(), "order", order.state.version)?;
        let next = match transition(&order.state, &command, table.context.now()) {
            Ok(next) => next,
            Err(Rejected::AlreadySo) => return Ok(Some((order, warnings))),
            Err(Rejected::NotAllowed(reason)) => return Err(Refusal::new(Code::StateNotAllowed, reason)),
            Err(Rejected::ExceedsBalance(excesses)) => {
                return Err(exceeds_balance(change, &order, &command, &excesses));
            }
        };
        if is_too_large(&command, &order.state, &next)? {
            return Err(Refusal::new(Code::StateNotAllowed, "the order holds as much as one order may"));
        }
        let cause = Cause {
            action: Some(command.name().to_owned()),
            actor: change.actor.clone(),
            reason: change.reason.clone(),
            request_id: table.request_id.clone(),
            marks: mark.map(|mark| with_mark(order.marks(), mark)),
        };
        if write(table, change, &next, cause, body.as_ref()).await? {
            order.state = next;
            order.request = body.unwrap_or(order.request);
            return Ok(Some((order, warnings)));
        }
        attempted = Some((next.version, warnings));
    }
    Err(Refusal::new(Code::TryAgain, "the order was changed by others each time"))
}

async fn write(
    table: &Table,
    change: &Change<'_>,
    next: &OrderState,
    cause: Cause,
    body: Option<&CreateOrder>,
) -> Result<bool, StoreError> {
    let key = Key::order(change.merchant, change.id);
    let Some(body) = body else { return table.advance(&key, next, cause).await };
    let json = serde_json::to_vec(body).map_err(|error| StoreError::Fault(error.to_string()))?;
    table.advance_with_body(&key, next, cause, &json).await
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
