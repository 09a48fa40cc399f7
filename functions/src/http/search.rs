//! Handlers that find orders and items of the order network API
//! (docs/apis/order-network-api.md#search-orders-and-items).
//!
//! Every list answers `{"<plural>": […], "page", "pageSize", "nextCursor"}`. A page ends early, with a cursor, where its
//! rows would not fit into an answer, or where the search has read as many orders as one request may; one that was asked
//! for by its number is refused there.

use axum::Json;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use shared::Code;
use shared::ids::{MerchantId, OrderId, SafeId};
use shared::limits::{BULK_ANSWER_BYTES_MAX, READ_ORDERS_MAX};
use shared::network::response::ItemEnvelope;
use shared::order::{LineStatus, OrderStatus};
use shared::time::Timestamp;

use super::caller::NetworkCaller;
use super::network::{BulkAnswer, BulkResponse, not_found, raw, tagged};
use super::paging::Cursors;
use super::parameters::PathParameter;
use super::query::{Asked, PageAnswer, RawQuery, refuse};
use super::{RequestId, network};
use crate::app::search_orders::{Filter, Found, ItemFilter, OrderFilter, Period, Position, Rows, Search, search};
use crate::refusal::Refusal;
use crate::store::Table;

/// What searches know beside the page.
const FILTERS: [&str; 15] = [
    "orderId",
    "safeId",
    "externalId",
    "shortId",
    "status",
    "sku",
    "email",
    "countryCode",
    "isTest",
    "createdFrom",
    "createdTo",
    "updatedFrom",
    "updatedTo",
    "q",
    "sort",
];

/// A page of orders.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Orders {
    orders: Vec<Box<RawValue>>,
    #[serde(flatten)]
    page: PageAnswer,
}

/// A page of items.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderItems {
    order_items: Vec<Box<RawValue>>,
    #[serde(flatten)]
    page: PageAnswer,
}

/// `GET /order/v1/orders` and `GET /order/v1/orders/search`: 200 with a page of orders, the newest first; 400.
pub(crate) async fn orders(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    cursors: Cursors,
    query: RawQuery,
) -> Result<Json<Orders>, Refusal> {
    let query = Query(query.read(&FILTERS)?);
    let filter = query.order_filter(&merchant)?;
    let (orders, next_cursor) = query.find(&table, &merchant, &cursors, "orders", filter).await?;
    Ok(Json(Orders { orders, page: query.0.answered(next_cursor) }))
}

/// `GET /order/v1/orderItems`: 200 with a page of items, those of the newest order first; 400.
pub(crate) async fn items(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    cursors: Cursors,
    query: RawQuery,
) -> Result<Json<OrderItems>, Refusal> {
    let query = Query(query.read(&FILTERS)?);
    let filter = query.item_filter(&merchant)?;
    let (order_items, next_cursor) = query.find(&table, &merchant, &cursors, "orderItems", filter).await?;
    Ok(Json(OrderItems { order_items, page: query.0.answered(next_cursor) }))
}

/// `GET /order/v1/orders/items/{orderItemId}`: 200 with the item and its order's `ETag`; 404.
pub(crate) async fn item(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(item_id): PathParameter,
) -> Result<Response, Refusal> {
    let missing = || not_found("item id", &item_id);
    let id = OrderId::of_item(&item_id).map_err(|_| missing())?;
    let index = id.item_index(&item_id).ok_or_else(missing)?;
    let found = table.order(&merchant, &id).await?.ok_or_else(missing)?;
    let version = found.state.version;
    let order_item = found.response(&merchant, &id)?.into_items().into_iter().nth(index).ok_or_else(missing)?;
    Ok(tagged(version, Json(ItemEnvelope { order_id: id.to_string(), order_item })))
}

/// `GET /order/v1/orders/bulk?ids=a,b,c`: 200 with a status and an order for each, in the order of the ids; 400.
pub(crate) async fn orders_by_ids(
    NetworkCaller(merchant): NetworkCaller,
    RequestId(request_id): RequestId,
    table: Table,
    query: RawQuery,
) -> Result<Json<BulkResponse>, Refusal> {
    let (pairs, warnings) = query.known(&["ids"])?;
    let given = pairs.iter().filter(|(name, _)| name == "ids").flat_map(|(_, value)| value.split(','));
    let ids: Vec<&str> = given.map(str::trim).filter(|id| !id.is_empty()).collect();
    if ids.is_empty() {
        let message = format!("`ids` is required: 1 to {READ_ORDERS_MAX} order ids with commas between");
        return Err(Refusal::parameter("ids", message, None));
    }
    if ids.len() > READ_ORDERS_MAX {
        let message = format!("`ids` is 1 to {READ_ORDERS_MAX} order ids with commas between, not {}", ids.len());
        return Err(Refusal::parameter("ids", message, None));
    }
    let known: Vec<OrderId> = ids.iter().filter_map(|id| OrderId::parse(id).ok()).collect();
    let mut found = std::collections::HashMap::new();
    for (id, order) in known.iter().zip(table.orders_lately(&merchant, &known, true).await?) {
        if let Some(order) = order {
            found.insert(id.as_str(), order);
        }
    }
    let mut answer = BulkAnswer::new(request_id);
    let mut bulk = Vec::new();
    for (index, text) in ids.iter().enumerate() {
        bulk.push(match found.get(text) {
            Some(order) => {
                let id = OrderId::parse(text).map_err(|_| Refusal::rule(Code::Internal))?;
                answer.found(index, &order.clone().response(&merchant, &id)?)?
            }
            None => answer.refused(index, not_found("orderId", text))?,
        });
    }
    Ok(Json(network::BulkResponse { bulk, warnings }))
}

/// A search's query.
struct Query(Asked);

impl Query {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.text(name)
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    fn statuses<T>(&self, known: &[(T, &'static str)]) -> Result<Vec<T>, Refusal>
    where
        T: Copy + PartialEq,
    {
        let mut statuses = Vec::new();
        for name in self.0.statuses() {
            let found = known.iter().find(|(_, text)| *text == name).map(|(status, _)| *status);
            let names: Vec<&str> = known.iter().map(|(_, text)| *text).collect();
            let status = found.ok_or_else(|| refuse("status", &format!("one of {}", names.join(", ")), name))?;
            if !statuses.contains(&status) {
                statuses.push(status);
            }
        }
        Ok(statuses)
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(refuse(name, "`true` or `false`", other)),
        }
    }

    fn period(&self, from: &str, to: &str) -> Result<Period, Refusal> {
        let read = |name: &str, end_of_day: bool| {
            let Some(text) = self.text(name) else { return Ok(None) };
            let day = || Timestamp::parse_date(text, end_of_day);
            let at = Timestamp::parse_rfc3339(text).or_else(day);
            at.map(Some).ok_or_else(|| refuse(name, "a date, or a date and time of RFC 3339", text))
        };
        Ok(Period { from: read(from, false)?, to: read(to, true)? })
    }

    fn is_ascending(&self) -> Result<bool, Refusal> {
        match self.text("sort") {
            None | Some("-createdAt") => Ok(false),
            Some("createdAt") => Ok(true),
            Some(other) => Err(refuse("sort", "`createdAt` or `-createdAt`", other)),
        }
    }

    /// The order that `orderId` and `safeId` can both mean; one that no order can have means none.
    fn id(&self, merchant: &MerchantId) -> Option<Option<OrderId>> {
        let by_id = self.text("orderId").map(|id| OrderId::parse(id).ok());
        let by_safe_id = self.text("safeId").map(|id| Some(OrderId::derive(merchant, &SafeId::parse(id).ok()?)));
        match (by_id, by_safe_id) {
            (Some(id), Some(other)) => Some(id.filter(|id| Some(id) == other.as_ref())),
            (id, other) => id.or(other),
        }
    }

    fn order_filter(&self, merchant: &MerchantId) -> Result<OrderFilter, Refusal> {
        Ok(OrderFilter {
            id: self.id(merchant),
            external_id: self.owned("externalId"),
            short_id: self.owned("shortId"),
            statuses: self.statuses(&OrderStatus::ALL.map(|status| (status, status.as_str())))?,
            sku: self.owned("sku"),
            email: self.owned("email"),
            country_code: self.owned("countryCode"),
            is_test: self.flag("isTest")?,
            created: self.period("createdFrom", "createdTo")?,
            updated: self.period("updatedFrom", "updatedTo")?,
            prefix: self.owned("q"),
        })
    }

    /// `status`, `sku`, `externalId` and `shortId` are the item's own here; the rest is the order's.
    fn item_filter(&self, merchant: &MerchantId) -> Result<ItemFilter, Refusal> {
        let order = OrderFilter {
            id: self.id(merchant),
            sku: self.owned("sku"),
            email: self.owned("email"),
            country_code: self.owned("countryCode"),
            is_test: self.flag("isTest")?,
            created: self.period("createdFrom", "createdTo")?,
            updated: self.period("updatedFrom", "updatedTo")?,
            prefix: self.owned("q"),
            ..OrderFilter::default()
        };
        let known = LineStatus::LETTERS.map(|(status, _)| (status.as_str(), status.as_str()));
        Ok(ItemFilter {
            order,
            statuses: self.statuses(&known)?,
            sku: self.owned("sku"),
            external_id: self.owned("externalId"),
            short_id: self.owned("shortId"),
        })
    }

    /// The rows of the page, written, and where the list goes on.
    async fn find<F>(
        &self,
        table: &Table,
        merchant: &MerchantId,
        cursors: &Cursors,
        list: &str,
        filter: F,
    ) -> Result<(Vec<Box<RawValue>>, Option<String>), Refusal>
    where
        F: Rows<Row: Serialize> + Filter,
    {
        let is_ascending = self.is_ascending()?;
        // A place in one order is none in the other.
        let list = &format!("{list}{}", if is_ascending { " createdAt" } else { "" });
        let position = |cursor: &String| -> Result<Position, Refusal> {
            let text = cursors.open(list, cursor)?;
            Position::parse(&text)
                .ok_or_else(|| Refusal::parameter("cursor", Code::InvalidParameter.title(), Some(cursor)))
        };
        let after = self.0.page.cursor.as_ref().map(position).transpose()?;
        let asked = Search { filter, is_ascending, skip: self.0.page.skip(), size: self.0.page.size, after };
        let Found { rows, next } = search(table, merchant, &asked).await?;
        let (mut written, mut bytes) = (Vec::new(), 0_usize);
        let mut next = next;
        for (row, before) in rows {
            let row = raw(&row)?;
            bytes = bytes.saturating_add(row.get().len()).saturating_add(row.get().matches('"').count());
            if bytes > BULK_ANSWER_BYTES_MAX && !written.is_empty() {
                next = Some(before);
                break;
            }
            written.push(row);
        }
        self.0.page.require_whole(written.len(), next.is_some())?;
        Ok((written, next.map(|next| cursors.seal(list, &next.to_string()))))
    }
}
