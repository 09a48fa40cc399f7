//! Changing an order: read it, ask the state machine, write the next version if nobody has written meanwhile.

use shared::Code;
use shared::ids::{MerchantId, OrderId};
use shared::order::{Command, Rejected, transition};

use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::keys::Key;
use crate::store::network_orders::FoundOrder;
use crate::store::stored::Cause;

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
    /// The version that the client has seen, where it insists on it (`If-Match`).
    pub(crate) version: Option<u64>,
}

/// Does to the order what `command` makes of it: the order after that, or none when the merchant has no such order. A
/// command that has its effect already succeeds and writes nothing, so a client may send it again.
pub(crate) async fn change_order(
    table: &Table,
    change: &Change<'_>,
    command: impl Fn(&FoundOrder) -> Result<Command, Refusal>,
) -> Result<Option<FoundOrder>, Refusal> {
    for round in 0..ROUNDS_MAX {
        table.context.pause(round).await;
        let Some(mut order) = table.order(change.merchant, change.id).await? else { return Ok(None) };
        if change.version.is_some_and(|version| version != order.state.version) {
            let message = format!("the order is at version \"{}\"", order.state.version);
            return Err(Refusal::new(Code::PreconditionFailed, message));
        }
        let command = command(&order)?;
        let next = match transition(&order.state, &command, table.context.now()) {
            Ok(next) => next,
            Err(Rejected::AlreadySo) => return Ok(Some(order)),
            Err(Rejected::NotAllowed(reason)) => return Err(Refusal::new(Code::StateNotAllowed, reason)),
        };
        let cause = Cause {
            action: Some(command.name().to_owned()),
            actor: change.actor.clone(),
            reason: change.reason.clone(),
            request_id: table.request_id.clone(),
        };
        if table.advance(&Key::order(change.merchant, change.id), &next, cause).await? {
            order.state = next;
            return Ok(Some(order));
        }
    }
    Err(Refusal::new(Code::TryAgain, "the order was changed by others each time"))
}
