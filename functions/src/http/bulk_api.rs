//! The bulk order API (`/v2`).

use axum::Json;
use serde::Serialize;
use shared::bulk_api::{CreateBulkOrder, OrderResponse};
use shared::ids::TransactionId;
use shared::validation::{self, Body};

use super::RequestId;
use super::body::BulkOrderBytes;
use super::caller::BulkCaller;
use super::paging::Count;
use super::query::{Loose, Parameters, Reader, query};
use super::route::{Route, routes};
use crate::app::create_bulk_order::create_bulk_order;
use crate::app::create_orders::drafts::read_valid;
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::bulk_orders::Page;

pub(super) const ROUTES: &[Route] = routes! {
    OrdersCreate POST "/v2/orders" create, "createBulkOrder", "Accepts an order and charges its wallet.", [UnknownSku, InactiveSku, NoPrice, AmountTooLarge, MixedCurrency, InsufficientFunds, ClientOrderNumberDuplicate, UnsupportedCurrency];
    OrdersQuery GET "/v2/orders" list, "listBulkOrders", "Lists the orders of the account, newest first; a filter that nothing matches gives an empty page.", [];
};

/// The body of every success of this API.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schemars(rename = "BulkEnvelopeOf{T}"))]
struct Envelope<T> {
    request_id: String,
    data: T,
}

/// `PaginationResponse`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schemars(rename = "BulkOrderPagination"))]
struct Pagination {
    total: usize,
    page: usize,
    page_size: usize,
    total_page: usize,
    items: Vec<ListedOrder>,
}

/// An order in a list, with its human-readable number.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schemars(rename = "ListedBulkOrder"))]
struct ListedOrder {
    ez_order_number: String,
    #[serde(flatten)]
    order: OrderResponse,
}

async fn create(
    BulkCaller(merchant): BulkCaller,
    RequestId(request_id): RequestId,
    table: Table,
    BulkOrderBytes(bytes): BulkOrderBytes,
) -> Result<Json<Envelope<OrderResponse>>, Refusal> {
    let verdict = validation::validate(Body::BulkOrder, &bytes);
    if !verdict.is_valid() {
        let of_orders = verdict.orders().flat_map(|order| order.violations());
        let violations = verdict.violations().chain(of_orders).map(Into::into).collect();
        return Err(Refusal::invalid_beyond(violations, verdict.omitted()));
    }
    let request: CreateBulkOrder = read_valid(&bytes)?;
    let data = create_bulk_order(&table, &merchant, request, table.accepted_at()).await?;
    Ok(Json(Envelope { request_id, data }))
}

/// Orders that can be reached by page; later ones only by their transaction id.
const ROWS_MAX: usize = 10_000;
const LIMIT_DEFAULT: usize = 10;

query! {
    /// The filters and the page of the list query.
    Parameters_ {
        /// Orders per page; 10 by default.
        "limit" limit: Option<Count<100>>;
        /// The page, from 1. Pages cover the first 10,000 orders.
        "page" page: Option<Count<ROWS_MAX>>;
        /// Returns the order with this id.
        "transactionId" transaction_id: Option<String>;
        /// Returns the orders with this client order number.
        "clientOrderNumber" client_order_number: Option<String>;
    }
}

/// The requested page.
struct ListQuery {
    limit: usize,
    page: usize,
    filters: Parameters_,
}

impl ListQuery {
    fn skip(&self) -> usize {
        self.page.saturating_sub(1).saturating_mul(self.limit)
    }
}

impl Parameters for ListQuery {
    fn names() -> Vec<(&'static str, bool)> {
        Parameters_::names()
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let filters = Parameters_::read(reader)?;
        let number = |count: Option<usize>, default| count.unwrap_or(default);
        let limit = number(filters.limit.map(|Count(limit)| limit), LIMIT_DEFAULT);
        let page = number(filters.page.map(|Count(page)| page), 1);
        let query = Self { limit, page, filters };
        if query.skip().saturating_add(limit) > ROWS_MAX {
            let message = format!("pages reach {ROWS_MAX} orders: ask by transactionId instead");
            reader.add("page", message, Some(&page.to_string()));
            return None;
        }
        Some(query)
    }

    #[cfg(feature = "openapi")]
    fn describe() -> Vec<(&'static str, &'static str, super::openapi::ParameterType)> {
        Parameters_::describe()
    }
}

async fn list(
    BulkCaller(merchant): BulkCaller,
    RequestId(request_id): RequestId,
    table: Table,
    Loose(query): Loose<ListQuery>,
) -> Result<Json<Envelope<Pagination>>, Refusal> {
    let (skip, limit, page) = (query.skip(), query.limit, query.page);
    let found = match (query.filters.transaction_id, query.filters.client_order_number) {
        (Some(transaction), client_number) => {
            let order = match TransactionId::parse(&transaction) {
                Ok(transaction) => table.bulk_order(&merchant, transaction).await?,
                Err(_) => None,
            };
            let matches = |order: &OrderResponse| client_number.is_none() || order.client_order_number == client_number;
            let orders: Vec<_> = order.filter(matches).into_iter().collect();
            let total = orders.len();
            Page { orders: orders.into_iter().skip(skip).collect(), total }
        }
        (None, Some(client_number)) => {
            table.bulk_orders_by_client_number(&merchant, &client_number, skip, limit).await?
        }
        (None, None) => table.bulk_orders(&merchant, skip, limit).await?,
    };
    let listed = |order: OrderResponse| ListedOrder { ez_order_number: order.transaction_id.clone(), order };
    let items = found.orders.into_iter().map(listed).collect();
    let data =
        Pagination { total: found.total, page, page_size: limit, total_page: found.total.div_ceil(limit), items };
    Ok(Json(Envelope { request_id, data }))
}
