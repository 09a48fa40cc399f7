//! Handlers that read the log of changes of an order, or of one of its items (choices file, rows 15 to 17).
//!
//! The log is written from the table's stream, so it follows an order within moments, and no way of writing can forget it.

use axum::Json;
use serde::Serialize;
use shared::ids::{MerchantId, OrderId, SafeId};
use shared::network::audit::{AuditEvent, Reference, of_item};

use super::caller::NetworkCaller;
use super::network::not_found;
use super::paging::{Cursors, PageParameters};
use super::parameters::{PathParameter, QueryParameters};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::audit::StoredEvent;

/// A page of the log, newest first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditLogs {
    audit_logs: Vec<AuditEvent>,
    page: Option<usize>,
    page_size: usize,
    next_cursor: Option<String>,
}

/// `GET /order/v1/orders/{orderId}/auditLogs`: 200 with a page of the order's log; 404.
pub(crate) async fn of_order(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    cursors: Cursors,
    PathParameter(order_id): PathParameter,
    QueryParameters(parameters): QueryParameters<PageParameters>,
) -> Result<Json<AuditLogs>, Refusal> {
    let missing = || not_found("orderId", &order_id);
    let id = OrderId::parse(&order_id).map_err(|_| missing())?;
    Log { table: &table, merchant: &merchant, cursors: &cursors, id: &id, item: None }.page(parameters, missing).await
}

/// `GET /order/v1/orders/safeId/{safeId}/auditLogs`: the same by the merchant's own name.
pub(crate) async fn of_safe_id(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    cursors: Cursors,
    PathParameter(safe_id): PathParameter,
    QueryParameters(parameters): QueryParameters<PageParameters>,
) -> Result<Json<AuditLogs>, Refusal> {
    let missing = || not_found("safeId", &safe_id);
    let id = OrderId::derive(&merchant, &SafeId::parse(&safe_id).map_err(|_| missing())?);
    Log { table: &table, merchant: &merchant, cursors: &cursors, id: &id, item: None }.page(parameters, missing).await
}

/// `GET /order/v1/orders/items/{orderItemId}/auditLogs`: its order's creation, and what changed of the item itself.
pub(crate) async fn of_order_item(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    cursors: Cursors,
    PathParameter(item_id): PathParameter,
    QueryParameters(parameters): QueryParameters<PageParameters>,
) -> Result<Json<AuditLogs>, Refusal> {
    let missing = || not_found("item id", &item_id);
    let id = OrderId::of_item(&item_id).map_err(|_| missing())?;
    let item = id.item_index(&item_id).ok_or_else(missing)?;
    Log { table: &table, merchant: &merchant, cursors: &cursors, id: &id, item: Some(item) }
        .page(parameters, missing)
        .await
}

/// Whose log is read.
struct Log<'r> {
    table: &'r Table,
    merchant: &'r MerchantId,
    cursors: &'r Cursors,
    id: &'r OrderId,
    /// Index of the item, where it is an item's.
    item: Option<usize>,
}

impl Log<'_> {
    async fn page(
        &self,
        parameters: PageParameters,
        missing: impl Fn() -> Refusal,
    ) -> Result<Json<AuditLogs>, Refusal> {
        let page = parameters.read()?;
        let list = format!("auditLogs {}", self.name());
        let before = page.cursor.as_deref().map(|cursor| self.cursors.open(&list, cursor)).transpose()?;
        // An order without an event may not be there; one whose item is asked for may have fewer.
        if self.item.is_some() || before.is_none() {
            let order = self.table.order(self.merchant, self.id).await?.ok_or_else(&missing)?;
            if self.item.is_some_and(|item| item >= order.state.lines.count()) {
                return Err(missing());
            }
        }
        let (mut shown, mut skip, mut next) = (Vec::new(), page.skip(), before);
        loop {
            let events = self.table.audit_events(self.merchant, self.id, next.as_deref(), EVENTS_READ).await?;
            let is_last = events.len() < EVENTS_READ;
            for event in events {
                let place = event.place().to_owned();
                if let Some(event) = self.shown(event) {
                    if skip > 0 {
                        skip = skip.saturating_sub(1);
                    } else if shown.len() < page.size {
                        shown.push(event);
                    } else {
                        let next_cursor = next.map(|next| self.cursors.seal(&list, &next));
                        return Ok(Json(AuditLogs {
                            audit_logs: shown,
                            page: page.number,
                            page_size: page.size,
                            next_cursor,
                        }));
                    }
                }
                next = Some(place);
            }
            if is_last {
                return Ok(Json(AuditLogs {
                    audit_logs: shown,
                    page: page.number,
                    page_size: page.size,
                    next_cursor: None,
                }));
            }
        }
    }

    fn name(&self) -> String {
        self.item.map_or_else(|| self.id.to_string(), |item| self.id.item_id(item))
    }

    /// The event as it is told of whatever the log is of; none where it has nothing of it.
    fn shown(&self, event: StoredEvent) -> Option<AuditEvent> {
        let kind = if self.item.is_some() { "OrderItem" } else { "Order" };
        let resource = Reference { kind, id: self.name() };
        let id = format!("{}-{}", self.name(), event.version());
        let mut event = event.told(id, self.merchant, resource);
        if let Some(item) = self.item {
            let is_creation = event.changes.is_empty() && event.action == "Create";
            event.changes = of_item(&event.changes, item);
            if event.changes.is_empty() && !is_creation {
                return None;
            }
        }
        Some(event)
    }
}

/// Events that are read at a time.
const EVENTS_READ: usize = 201;
