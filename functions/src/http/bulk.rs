//! Handlers of the bulk order API (`/v2`).

use axum::Json;
use serde::{Deserialize, Serialize};
use shared::Code;
use shared::bulk::{CreateBulkOrder, OrderResponse};
use shared::ids::TransactionId;
use shared::validation::{self, Body};

use super::RequestId;
use super::body::JsonBody;
use super::caller::BulkCaller;
use super::parameters::QueryParameters;
use crate::app::create_bulk_order::create_bulk_order;
use crate::app::create_orders::drafts::read_valid;
use crate::refusal::{Refusal, shown};
use crate::store::Table;
use crate::store::bulk_orders::Page;

/// Every success of this API.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Envelope<T> {
    request_id: String,
    data: T,
}

/// `PaginationResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pagination {
    total: usize,
    page: usize,
    page_size: usize,
    total_page: usize,
    items: Vec<ListedOrder>,
}

/// An order in a list: it carries its number for people as well.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedOrder {
    ez_order_number: String,
    #[serde(flatten)]
    order: OrderResponse,
}

/// `POST /v2/orders`: accepts an order and charges its wallet. 200, 400, 402, 409, 422.
pub(crate) async fn create(
    BulkCaller(merchant): BulkCaller,
    RequestId(request_id): RequestId,
    table: Table,
    JsonBody(bytes): JsonBody,
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

/// Parameters of the list. Texts, so that each that cannot be read is named.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ListParameters {
    limit: Option<String>,
    page: Option<String>,
    transaction_id: Option<String>,
    client_order_number: Option<String>,
}

/// Orders of a list that can be reached by page; deeper ones by their transaction id.
const ROWS_MAX: usize = 10_000;
const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 100;

/// `GET /v2/orders`: a page of the caller's orders, newest first. An unknown filter value gives an empty page.
pub(crate) async fn list(
    BulkCaller(merchant): BulkCaller,
    RequestId(request_id): RequestId,
    table: Table,
    QueryParameters(parameters): QueryParameters<ListParameters>,
) -> Result<Json<Envelope<Pagination>>, Refusal> {
    let limit = number("limit", parameters.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let page = number("page", parameters.page, 1, ROWS_MAX)?;
    let skip = page.saturating_sub(1).saturating_mul(limit);
    if skip.saturating_add(limit) > ROWS_MAX {
        return Err(Refusal::new(
            Code::InvalidParameter,
            format!("pages reach {ROWS_MAX} orders: ask by transactionId instead"),
        ));
    }
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (transaction, client_number) = (filled(parameters.transaction_id), filled(parameters.client_order_number));
    let found = match (transaction, client_number) {
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

fn number(name: &str, value: Option<String>, default: usize, max: usize) -> Result<usize, Refusal> {
    let Some(text) = value.filter(|text| !text.is_empty()) else { return Ok(default) };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok());
    let parsed = digits.flatten().filter(|number| (1..=max).contains(number));
    parsed.ok_or_else(|| {
        Refusal::new(Code::InvalidParameter, format!("`{name}` is a number from 1 to {max}, not `{}`", shown(&text)))
    })
}
