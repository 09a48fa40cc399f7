//! The log of changes of an order, of one of its items, or of a note.
//!
//! The log is written from the table's stream: it lags by moments, and no code path that writes can bypass it.

use shared::ids::{MerchantId, OrderId, SafeId};
use shared::order_network::audit::{AuditEvent, Reference, of_item};
use shared::order_network::note::NoteId;

use super::answer::Shown;
use super::caller::NetworkCaller;
use super::orders::not_found;
use super::paging::{List, Page};
use super::parameters::PathParameter;
use super::query::NoParameters;
use super::route::{Route, routes};
use crate::refusal::Refusal;
use crate::store::audit::StoredEvent;
use crate::store::entity::Entity;
use crate::store::notes::Note;
use crate::store::{StoreError, Table, keys};

pub(super) const ROUTES: &[Route] = routes! {
    OrdersQuery GET "/order/v1/orders/{orderId}/auditLogs" of_order, "listAuditLogsOfOrder", "Lists the changes of an order, newest first.", [];
    OrdersQuery GET "/order/v1/orders/safeId/{safeId}/auditLogs" of_safe_id, "listAuditLogsOfSafeId", "Lists the changes of an order by the merchant's own name.", [];
    OrdersQuery GET "/order/v1/orders/items/{orderItemId}/auditLogs" of_order_item, "listAuditLogsOfOrderItem", "Lists the creation of an item's order, and the changes of the item itself.", [];
    OrdersQuery GET "/note/v1/notes/{noteId}/auditLogs" of_note, "listAuditLogsOfNote", "Lists the changes of a note, also once it is deleted.", [];
};

impl Shown for AuditEvent {
    const NAME: &'static str = "auditLog";
    const PLURAL: &'static str = "auditLogs";
}

async fn of_order(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(order_id): PathParameter,
    list: List<NoParameters>,
) -> Result<Page<AuditEvent>, Refusal> {
    let of = OrderId::parse(&order_id).ok().map(Thing::Order);
    page((&table, &merchant), of, list, || not_found("orderId", &order_id)).await
}

async fn of_safe_id(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(safe_id): PathParameter,
    list: List<NoParameters>,
) -> Result<Page<AuditEvent>, Refusal> {
    let of = SafeId::parse(&safe_id).ok().map(|known| Thing::Order(OrderId::derive(&merchant, &known)));
    page((&table, &merchant), of, list, || not_found("safeId", &safe_id)).await
}

async fn of_order_item(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(item_id): PathParameter,
    list: List<NoParameters>,
) -> Result<Page<AuditEvent>, Refusal> {
    let item = |id: OrderId| id.item_index(&item_id).map(|index| Thing::Item(id, index));
    let of = OrderId::of_item(&item_id).ok().and_then(item);
    page((&table, &merchant), of, list, || not_found("item id", &item_id)).await
}

async fn of_note(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(note_id): PathParameter,
    list: List<NoParameters>,
) -> Result<Page<AuditEvent>, Refusal> {
    let of = NoteId::parse(&note_id).ok().map(Thing::Note);
    page((&table, &merchant), of, list, || Refusal::not_found(Note::NAME, "id", &note_id)).await
}

/// The subject of a log.
enum Thing {
    Order(OrderId),
    /// The item at an index.
    Item(OrderId, usize),
    Note(NoteId),
}

impl Thing {
    fn reference(&self) -> Reference {
        match self {
            Self::Order(id) => Reference { kind: "Order", id: id.to_string() },
            Self::Item(id, item) => Reference { kind: "OrderItem", id: id.item_id(*item) },
            Self::Note(id) => Reference { kind: "Note", id: id.to_string() },
        }
    }

    /// The partition of its events; those of an item are its order's.
    fn partition(&self, merchant: &MerchantId) -> String {
        match self {
            Self::Order(id) | Self::Item(id, _) => keys::audit_of(merchant.as_str(), id.as_str()),
            Self::Note(id) => keys::audit_of_entity(merchant, Note::NAME, id),
        }
    }

    /// Whether it exists or existed, and is the merchant's.
    async fn is_known(&self, table: &Table, merchant: &MerchantId) -> Result<bool, StoreError> {
        Ok(match self {
            Self::Order(id) => table.order(merchant, id).await?.is_some(),
            Self::Item(id, item) => {
                table.order(merchant, id).await?.is_some_and(|order| *item < order.state.lines.count())
            }
            Self::Note(id) => table.read::<Note>(merchant, id).await?.is_some(),
        })
    }

    /// The part of the event that concerns the subject; `None` if nothing does.
    fn shown(&self, event: StoredEvent, merchant: &MerchantId) -> Option<AuditEvent> {
        let resource = self.reference();
        let id = format!("{}-{}", resource.id, event.version());
        let mut event = event.told(id, merchant, resource);
        if let Self::Item(_, item) = self {
            let is_creation = event.changes.is_empty() && event.action == "Create";
            event.changes = of_item(&event.changes, *item);
            if event.changes.is_empty() && !is_creation {
                return None;
            }
        }
        Some(event)
    }
}

/// Events per read.
const EVENTS_READ: usize = 201;

/// A page of a log. `missing` makes the refusal if the subject does not exist.
async fn page(
    (table, merchant): (&Table, &MerchantId),
    of: Option<Thing>,
    list: List<NoParameters>,
    missing: impl Fn() -> Refusal,
) -> Result<Page<AuditEvent>, Refusal> {
    let name = format!("auditLogs {}", of.as_ref().map(|of| of.reference().id).unwrap_or_default());
    let before = list.after(&name)?;
    let of = of.ok_or_else(&missing)?;
    // A subject without events may not exist.
    let is_item = matches!(of, Thing::Item(..));
    if (is_item || before.is_none()) && !of.is_known(table, merchant).await? {
        return Err(missing());
    }
    let partition = of.partition(merchant);
    let (mut rows, mut skip, mut next) = (Vec::new(), list.skip(), before);
    loop {
        let events = table.audit_events(&partition, next.as_deref(), EVENTS_READ).await?;
        let is_last = events.len() < EVENTS_READ;
        for event in events {
            let place = event.place().to_owned();
            if let Some(event) = of.shown(event, merchant) {
                if skip > 0 {
                    skip = skip.saturating_sub(1);
                } else if rows.len() < list.size() {
                    rows.push((event, place.clone()));
                } else {
                    return list.answer_to(&name, rows, next);
                }
            }
            next = Some(place);
        }
        if is_last {
            return list.answer_to(&name, rows, None);
        }
    }
}
