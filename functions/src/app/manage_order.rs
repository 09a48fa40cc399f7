//! Changing an order: read it, ask the state machine, write the next version if nobody has written meanwhile.

use shared::Code;
use shared::ids::{MerchantId, OrderId};
use shared::limits::STATE_BYTES_MAX;
use shared::order::{Command, OrderState, Progress, Rejected, transition};

use crate::refusal::Refusal;
use crate::store::idempotency::with_mark;
use crate::store::keys::Key;
use crate::store::network_orders::FoundOrder;
use crate::store::stored::{Cause, StoredState};
use crate::store::{StoreError, Table};

/// How often a change that met another is made again on what the order has become.
const ROUNDS_MAX: u32 = 10;

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

/// Versions of an order, of which each will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Versions(pub(crate) Vec<u64>);

/// Does to the order what `command` makes of it: the order after that, or none when the merchant has no such order. A
/// command that has its effect already succeeds and writes nothing, so a client may send it again. Under an idempotency
/// key that is so whatever the order has become since, and whatever version the client had seen.
pub(crate) async fn change_order(
    table: &Table,
    change: &Change<'_>,
    command: impl Fn(&FoundOrder) -> Result<Command, Refusal>,
) -> Result<Option<FoundOrder>, Refusal> {
    for round in 0..ROUNDS_MAX {
        table.context.pause(round).await;
        let Some(mut order) = table.order(change.merchant, change.id).await? else { return Ok(None) };
        let mark = table.mark(change.part);
        if mark.as_ref().is_some_and(|mark| order.has_mark(mark)) {
            return Ok(Some(order));
        }
        if change.version.as_ref().is_some_and(|Versions(versions)| !versions.contains(&order.state.version)) {
            let message = format!("the order is at version \"{}\"", order.state.version);
            return Err(Refusal::new(Code::PreconditionFailed, message));
        }
        let command = command(&order)?;
        let next = match transition(&order.state, &command, table.context.now()) {
            Ok(next) => next,
            Err(Rejected::AlreadySo) => return Ok(Some(order)),
            Err(Rejected::NotAllowed(reason)) => return Err(Refusal::new(Code::StateNotAllowed, reason)),
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
        if table.advance(&Key::order(change.merchant, change.id), &next, cause).await? {
            order.state = next;
            return Ok(Some(order));
        }
    }
    Err(Refusal::new(Code::TryAgain, "the order was changed by others each time"))
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
