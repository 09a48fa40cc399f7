//! Searching orders and items of the order network API.
//!
//! A page ends early, with a cursor, if its rows exceed the size of an answer or the search has read as many orders as
//! one request may.

use std::collections::HashMap;

use shared::Code;
use shared::ids::{MerchantId, OrderId, SafeId};
use shared::keyword::Keyword;
use shared::limits::READ_ORDERS_MAX;
use shared::order::{LineStatus, OrderStatus};
use shared::order_network::response::{ItemEnvelope, Order};

use super::RequestId;
use super::answer::{Shown, Versioned};
use super::batch::{BatchAnswer, BatchWriter};
use super::caller::NetworkCaller;
use super::orders::not_found;
use super::paging::{List, Page};
use super::parameters::PathParameter;
use super::query::{AnyOf, One, Parameter, Query, Since, Unreadable, Until, query};
use super::route::{Route, routes};
use crate::app::search_orders::{
    Filter, Found, FoundItem, ItemFilter, OrderFilter, Period, Position, Rows, Search, search,
};
use crate::refusal::Refusal;
use crate::store::Table;

pub(super) const ROUTES: &[Route] = routes! {
    OrdersQuery GET "/order/v1/orders" orders, "listOrders", "Lists orders, newest first.", [];
    OrdersQuery GET "/order/v1/orders/search" orders, "searchOrders", "The same as `listOrders`.", [];
    OrdersQuery GET "/order/v1/orders/bulk" orders_by_ids, "readOrders", "Reads up to 100 orders, each with a status of its own.", [];
    OrdersQuery GET "/order/v1/orderItems" items, "listOrderItems", "Lists items, those of the newest order first.", [];
    OrdersQuery GET "/order/v1/orders/items/{orderItemId}" item, "readOrderItem", "Reads an item; its ETag is that of its order.", [];
};

impl Shown for FoundItem {
    const NAME: &'static str = "orderItem";
    const PLURAL: &'static str = "orderItems";
}

/// The sort order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Descending,
    Ascending,
}

impl Keyword for Sort {
    const ALL: &'static [Self] = &[Self::Descending, Self::Ascending];
    const NAMES: &'static [&'static str] = &["-createdAt", "createdAt"];

    fn as_str(self) -> &'static str {
        match self {
            Self::Descending => "-createdAt",
            Self::Ascending => "createdAt",
        }
    }
}

/// Declares the filters of a search. Those of orders and of items differ only in the type of their status.
macro_rules! filters {
    ($(#[doc = $doc:literal])+ $name:ident $status:ty) => {
        query! {
            $(#[doc = $doc])+
            $name {
                /// The order's id.
                "orderId" order_id: Option<String>;
                /// The order's safe id, which the merchant chose.
                "safeId" safe_id: Option<String>;
                /// The merchant's order number.
                "externalId" external_id: Option<String>;
                /// The short id, for people.
                "shortId" short_id: Option<String>;
                /// The statuses to include.
                "status" statuses: AnyOf<$status>;
                /// The SKU of an item.
                "sku" sku: Option<String>;
                /// The email address of the shipping address; case-insensitive.
                "email" email: Option<String>;
                /// The country code of the shipping address; case-insensitive.
                "countryCode" country_code: Option<String>;
                /// Whether the order is a test.
                "isTest" is_test: Option<bool>;
                /// Created at this time or later.
                "createdFrom" created_from: Option<Since>;
                /// Created at this time or earlier.
                "createdTo" created_to: Option<Until>;
                /// Changed at this time or later.
                "updatedFrom" updated_from: Option<Since>;
                /// Changed at this time or earlier.
                "updatedTo" updated_to: Option<Until>;
                /// A prefix of the short id, the external id or the safe id.
                "q" prefix: Option<String>;
                /// The sort order; `-createdAt` (newest first) by default.
                "sort" sort: Option<One<Sort>>;
            }
        }

        impl $name {
            /// The only order that `orderId` and `safeId` allow; `None` if they exclude each other or one is not an id.
            fn id(&self, merchant: &MerchantId) -> Option<Option<OrderId>> {
                let by_id = self.order_id.as_ref().map(|id| OrderId::parse(id).ok());
                let derive = |id: &String| Some(OrderId::derive(merchant, &SafeId::parse(id).ok()?));
                match (by_id, self.safe_id.as_ref().map(derive)) {
                    (Some(id), Some(other)) => Some(id.filter(|id| Some(id) == other.as_ref())),
                    (id, other) => id.or(other),
                }
            }

            /// The filters that concern the order.
            fn of_order(&self, merchant: &MerchantId) -> OrderFilter {
                let period = |since: Option<Since>, until: Option<Until>| Period {
                    from: since.map(|Since(at)| at),
                    to: until.map(|Until(at)| at),
                };
                OrderFilter {
                    id: self.id(merchant),
                    sku: self.sku.clone(),
                    email: self.email.clone(),
                    country_code: self.country_code.clone(),
                    is_test: self.is_test,
                    created: period(self.created_from, self.created_to),
                    updated: period(self.updated_from, self.updated_to),
                    prefix: self.prefix.clone(),
                    ..OrderFilter::default()
                }
            }

            fn is_ascending(&self) -> bool {
                matches!(self.sort, Some(One(Sort::Ascending)))
            }
        }
    };
}

filters! {
    /// Filters of orders.
    OrderFilters OrderStatus
}
filters! {
    /// Filters of items. Status, SKU, external id and short id are the item's; the other filters are its order's.
    ItemFilters LineStatus
}

async fn orders(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    list: List<OrderFilters>,
) -> Result<Page<Order>, Refusal> {
    let filters = &list.filters;
    let filter = OrderFilter {
        external_id: filters.external_id.clone(),
        short_id: filters.short_id.clone(),
        statuses: filters.statuses.0.clone(),
        ..filters.of_order(&merchant)
    };
    let is_ascending = filters.is_ascending();
    find((&table, &merchant), list, ("orders", is_ascending), filter).await
}

async fn items(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    list: List<ItemFilters>,
) -> Result<Page<FoundItem>, Refusal> {
    let filters = &list.filters;
    let filter = ItemFilter {
        order: filters.of_order(&merchant),
        statuses: filters.statuses.0.clone(),
        sku: filters.sku.clone(),
        external_id: filters.external_id.clone(),
        short_id: filters.short_id.clone(),
    };
    let is_ascending = filters.is_ascending();
    find((&table, &merchant), list, ("orderItems", is_ascending), filter).await
}

/// The page of a search.
async fn find<F, L>(
    (table, merchant): (&Table, &MerchantId),
    list: List<L>,
    (name, is_ascending): (&str, bool),
    filter: F,
) -> Result<Page<F::Row>, Refusal>
where
    F: Rows<Row: Shown> + Filter,
{
    // A cursor is valid for one sort order only.
    let name = format!("{name}{}", if is_ascending { " createdAt" } else { "" });
    let position = |text: String| {
        let refusal = || Refusal::parameter("cursor", Code::InvalidParameter.title(), None);
        Position::parse(&text).ok_or_else(refusal)
    };
    let after = list.after(&name)?.map(position).transpose()?;
    let asked = Search { filter, is_ascending, skip: list.skip(), size: list.size(), after };
    let Found { rows, next } = search(table, merchant, &asked).await?;
    // Each row comes with the place before it, where the next page starts if this one ends early.
    let ends = rows.iter().skip(1).map(|(_, before)| before.to_string());
    let ends: Vec<String> = ends.chain(next.iter().map(ToString::to_string)).collect();
    let rows = rows.into_iter().map(|(row, _)| row).zip(ends.into_iter().chain([String::new()]));
    list.answer_to(&name, rows.collect(), next.map(|next| next.to_string()))
}

async fn item(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(item_id): PathParameter,
) -> Result<Versioned<ItemEnvelope>, Refusal> {
    let missing = || not_found("item id", &item_id);
    let id = OrderId::of_item(&item_id).map_err(|_| missing())?;
    let index = id.item_index(&item_id).ok_or_else(missing)?;
    let found = table.order(&merchant, &id).await?.ok_or_else(missing)?;
    let version = found.state.version;
    let order_item = found.response(&merchant, &id)?.into_items().into_iter().nth(index).ok_or_else(missing)?;
    Ok(Versioned { version, body: ItemEnvelope { order_id: id.to_string(), order_item } })
}

/// Several order ids.
#[derive(Clone, Debug)]
pub(super) struct Ids(Vec<String>);

impl Parameter for Ids {
    const IS_LIST: bool = true;

    fn read<'v>(values: &[&'v str]) -> Result<Self, Unreadable<'v>> {
        let rule = format!("1 to {READ_ORDERS_MAX} order ids with commas between");
        match values.len() {
            1..=READ_ORDERS_MAX => Ok(Self(values.iter().map(|id| (*id).to_owned()).collect())),
            count => Err(Unreadable::Count { count, rule }),
        }
    }

    #[cfg(feature = "openapi")]
    fn describe() -> super::openapi::ParameterType {
        super::openapi::ParameterType::text().not_empty().several().at_most(READ_ORDERS_MAX).required()
    }
}

query! {
    /// The orders to read.
    ByIds {
        /// The order ids; the answer has the same order.
        "ids" ids: Ids;
    }
}

async fn orders_by_ids(
    NetworkCaller(merchant): NetworkCaller,
    RequestId(request_id): RequestId,
    table: Table,
    Query { value: ByIds { ids: Ids(ids) }, warnings }: Query<ByIds>,
) -> Result<BatchAnswer, Refusal> {
    let known: Vec<OrderId> = ids.iter().filter_map(|id| OrderId::parse(id).ok()).collect();
    let mut found = HashMap::new();
    for (id, order) in known.iter().zip(table.orders_lately(&merchant, &known, true).await?) {
        if let Some(order) = order {
            found.insert(id.as_str(), (id, order));
        }
    }
    let mut writer = BatchWriter::new(request_id);
    let mut bulk = Vec::new();
    for (index, text) in ids.iter().enumerate() {
        bulk.push(match found.get(text.as_str()) {
            Some((id, order)) => writer.found(index, &order.clone().response(&merchant, id)?)?,
            None => writer.refused(index, not_found("orderId", text))?,
        });
    }
    Ok(BatchAnswer { bulk, warnings })
}
