//! Handlers that read the log of changes of an order, of one of its items (choices file, rows 15 to 17), or of a note.
//!
//! The log is written from the table's stream, so it follows a thing within moments, and no way of writing can forget it.

use axum::Json;
use serde::Serialize;
use shared::ids::{MerchantId, OrderId, SafeId};
use shared::network::audit::{AuditEvent, Reference, of_item};
use shared::network::note::NoteId;

use super::caller::NetworkCaller;
use super::network::not_found;
use super::paging::Cursors;
use super::parameters::PathParameter;
use super::query::{PageAnswer, RawQuery};
use crate::app::entity::Target;
use crate::refusal::Refusal;
use crate::store::audit::StoredEvent;
use crate::store::entity::Entity;
use crate::store::notes::Note;
use crate::store::{StoreError, Table, keys};

/// A page of the log, newest first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditLogs {
    audit_logs: Vec<AuditEvent>,
    #[serde(flatten)]
    page: PageAnswer,
}

/// `GET /order/v1/orders/{orderId}/auditLogs`: 200 with a page of the order's log; 404.
pub(crate) async fn of_order(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    cursors: Cursors,
    PathParameter(order_id): PathParameter,
    query: RawQuery,
) -> Result<Json<AuditLogs>, Refusal> {
    let of = OrderId::parse(&order_id).ok().map(Thing::Order);
    let log = Log { table: &table, merchant: &merchant, cursors: &cursors };
    log.page(of, query, || not_found("orderId", &order_id)).await
}

/// `GET /order/v1/orders/safeId/{safeId}/auditLogs`: the same by the merchant's own name.
pub(crate) async fn of_safe_id(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    cursors: Cursors,
    PathParameter(safe_id): PathParameter,
    query: RawQuery,
) -> Result<Json<AuditLogs>, Refusal> {
    let of = SafeId::parse(&safe_id).ok().map(|known| Thing::Order(OrderId::derive(&merchant, &known)));
    let log = Log { table: &table, merchant: &merchant, cursors: &cursors };
    log.page(of, query, || not_found("safeId", &safe_id)).await
}

/// `GET /order/v1/orders/items/{orderItemId}/auditLogs`: its order's creation, and what changed of the item itself.
pub(crate) async fn of_order_item(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    cursors: Cursors,
    PathParameter(item_id): PathParameter,
    query: RawQuery,
) -> Result<Json<AuditLogs>, Refusal> {
    let item = |id: OrderId| id.item_index(&item_id).map(|index| Thing::Item(id, index));
    let of = OrderId::of_item(&item_id).ok().and_then(item);
    let log = Log { table: &table, merchant: &merchant, cursors: &cursors };
    log.page(of, query, || not_found("item id", &item_id)).await
}

/// `GET /note/v1/notes/{noteId}/auditLogs`: 200 with a page of the note's log, also once it is deleted; 404.
pub(crate) async fn of_note(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    cursors: Cursors,
    PathParameter(note_id): PathParameter,
    query: RawQuery,
) -> Result<Json<AuditLogs>, Refusal> {
    let of = NoteId::parse(&note_id).ok().map(Thing::Note);
    let log = Log { table: &table, merchant: &merchant, cursors: &cursors };
    log.page(of, query, || Target { merchant: &merchant, id: &note_id, versions: None }.not_found::<Note>()).await
}

/// What a log is of.
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

    /// Whether the merchant has it, or had it.
    async fn is_known(&self, table: &Table, merchant: &MerchantId) -> Result<bool, StoreError> {
        Ok(match self {
            Self::Order(id) => table.order(merchant, id).await?.is_some(),
            Self::Item(id, item) => {
                table.order(merchant, id).await?.is_some_and(|order| *item < order.state.lines.count())
            }
            Self::Note(id) => table.read::<Note>(merchant, id).await?.is_some(),
        })
    }

    /// The event as it is told of this; none where it has nothing of it.
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

/// A log that is read.
struct Log<'r> {
    table: &'r Table,
    merchant: &'r MerchantId,
    cursors: &'r Cursors,
}

impl Log<'_> {
    /// A page of the log; `missing` refuses where nothing has the id, or nothing can have it.
    async fn page(
        &self,
        of: Option<Thing>,
        query: RawQuery,
        missing: impl Fn() -> Refusal,
    ) -> Result<Json<AuditLogs>, Refusal> {
        let asked = query.read(&[])?;
        let page = &asked.page;
        let list = format!("auditLogs {}", of.as_ref().map(|of| of.reference().id).unwrap_or_default());
        let before = page.cursor.as_deref().map(|cursor| self.cursors.open(&list, cursor)).transpose()?;
        let of = of.ok_or_else(&missing)?;
        // A thing without an event may not be there; an order whose item is asked for may have fewer.
        let is_item = matches!(of, Thing::Item(..));
        if (is_item || before.is_none()) && !of.is_known(self.table, self.merchant).await? {
            return Err(missing());
        }
        let partition = of.partition(self.merchant);
        let (mut shown, mut skip, mut next) = (Vec::new(), page.skip(), before);
        loop {
            let events = self.table.audit_events(&partition, next.as_deref(), EVENTS_READ).await?;
            let is_last = events.len() < EVENTS_READ;
            for event in events {
                let place = event.place().to_owned();
                if let Some(event) = of.shown(event, self.merchant) {
                    if skip > 0 {
                        skip = skip.saturating_sub(1);
                    } else if shown.len() < page.size {
                        shown.push(event);
                    } else {
                        let next_cursor = next.map(|next| self.cursors.seal(&list, &next));
                        return Ok(Json(AuditLogs { audit_logs: shown, page: asked.answered(next_cursor) }));
                    }
                }
                next = Some(place);
            }
            if is_last {
                return Ok(Json(AuditLogs { audit_logs: shown, page: asked.answered(None) }));
            }
        }
    }
}

/// Events that are read at a time.
const EVENTS_READ: usize = 201;
