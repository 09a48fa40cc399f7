//! Searching orders and items of the order network API: by the narrowest key that the filters name, page by page.
//!
//! | the filters name | read |
//! |---|---|
//! | `safeId`, `orderId` | that order |
//! | `externalId`, `shortId` | the few orders that bear it |
//! | else | the index `listed`, by status where one is named, between the times of creation |
//!
//! The other filters are compared with each order. Such a search ends its page early after reading [`ORDERS_READ_MAX`]
//! orders, with a cursor that continues from there, so a search with few matches stays cheap and no request reads a
//! whole table.
//!
//! The position of a row is its order's place in the index plus the number of rows of that order before it, so a page
//! can end in the middle of an order's items.

mod filter;

pub(crate) use filter::{Filter, ItemFilter, OrderFilter, Period};

use serde::Serialize;
use shared::ids::{MerchantId, OrderId};
use shared::order::OrderStatus;
use shared::order_network::response::{Item, Order};

use crate::store::listing::{Listed, Range};
use crate::store::network_orders::FoundOrder;
use crate::store::{StoreError, Table, keys};

/// Orders that one request reads at most.
pub(crate) const ORDERS_READ_MAX: usize = 1_000;
/// Orders per read: the keys of one `BatchGetItem`.
const CHUNK: usize = 100;

/// The rows that an order contributes.
pub(crate) trait Rows {
    type Row;

    fn rows(&self, order: Order) -> Vec<Self::Row>;
}

impl Rows for OrderFilter {
    type Row = Order;

    fn rows(&self, order: Order) -> Vec<Order> {
        if self.takes(&order) { vec![order] } else { Vec::new() }
    }
}

/// An item, and whose it is.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundItem {
    order_id: String,
    #[serde(flatten)]
    item: Item,
}

impl Rows for ItemFilter {
    type Row = FoundItem;

    fn rows(&self, order: Order) -> Vec<FoundItem> {
        if !self.order.takes(&order) {
            return Vec::new();
        }
        let order_id = order.id().to_owned();
        let items = order.into_items().into_iter().filter(|item| self.takes_item(item));
        items.map(|item| FoundItem { order_id: order_id.clone(), item }).collect()
    }
}

/// A position in a list: the place of an order, and how many of its rows were returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) place: String,
    pub(crate) rows_given: usize,
}

impl Position {
    /// Parses what [`Display`](std::fmt::Display) writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (place, rows_given) = text.rsplit_once('~')?;
        Some(Self { place: place.to_owned(), rows_given: rows_given.parse().ok()? })
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}~{}", self.place, self.rows_given)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Search<F> {
    pub(crate) filter: F,
    pub(crate) is_ascending: bool,
    /// Rows to skip, from the start or from the position.
    pub(crate) skip: usize,
    pub(crate) size: usize,
    pub(crate) after: Option<Position>,
}

#[derive(Debug)]
pub(crate) struct Found<R> {
    pub(crate) rows: Vec<(R, Position)>,
    /// `None` at the end.
    pub(crate) next: Option<Position>,
}

struct Pass<'s, F: Rows> {
    table: &'s Table,
    merchant: &'s MerchantId,
    search: &'s Search<F>,
    skip: usize,
    read: usize,
    rows: Vec<(F::Row, Position)>,
}

enum Looked {
    /// All its rows were returned or skipped.
    Whole,
    /// The page was full before its last row.
    Full(Position),
}

/// Finds a page.
pub(crate) async fn search<F: Rows + Filter>(
    table: &Table,
    merchant: &MerchantId,
    search: &Search<F>,
) -> Result<Found<F::Row>, StoreError> {
    let pass = Pass { table, merchant, search, skip: search.skip, read: 0, rows: Vec::new() };
    let named = named(table, merchant, search.filter.order()).await?;
    match named {
        Some(ids) => pass.read_named(&ids).await,
        None => pass.read_listed().await,
    }
}

/// The orders that a named filter leads to; `None` without one.
async fn named(table: &Table, merchant: &MerchantId, filter: &OrderFilter) -> Result<Option<Vec<OrderId>>, StoreError> {
    Ok(match (&filter.id, &filter.external_id, &filter.short_id) {
        (Some(id), ..) => Some(id.iter().cloned().collect()),
        (_, Some(external_id), _) => Some(table.ids_of_external_id(merchant, external_id).await?),
        (_, _, Some(short_id)) => Some(table.ids_of_short_id(merchant, short_id).await?),
        _ => None,
    })
}

impl<F: Rows + Filter> Pass<'_, F> {
    /// Reads the few orders that a name leads to, in list order.
    async fn read_named(mut self, ids: &[OrderId]) -> Result<Found<F::Row>, StoreError> {
        let orders = self.table.orders_lately(self.merchant, ids, true).await?;
        let mut found: Vec<(Listed, FoundOrder)> = ids
            .iter()
            .zip(orders)
            .filter_map(|(id, order)| {
                let order = order?;
                let place = keys::listed_at(order.state.created_at, id.as_str());
                Some((Listed { place, order: id.clone() }, order))
            })
            .collect();
        found.sort_by(|(a, _), (b, _)| a.place.cmp(&b.place));
        if !self.search.is_ascending {
            found.reverse();
        }
        let range = self.search.range();
        found.retain(|(entry, _)| (range.low.as_str()..=range.high.as_str()).contains(&entry.place.as_str()));
        for (entry, order) in found {
            if let Looked::Full(next) = self.look(&entry, order)? {
                return Ok(Found { rows: self.rows, next: Some(next) });
            }
        }
        Ok(Found { rows: self.rows, next: None })
    }

    async fn read_listed(mut self) -> Result<Found<F::Row>, StoreError> {
        let filter = self.search.filter.order();
        let statuses = if filter.statuses.is_empty() { &OrderStatus::ALL[..] } else { &filter.statuses };
        let mut range = self.search.range();
        let mut last: Option<String> = None;
        loop {
            // If every order is a row, the orders before the page need not be read.
            let passed = if self.search.filter.is_every_order_a_row() { self.skip } else { 0 };
            let wanted = self.search.size.saturating_sub(self.rows.len()).saturating_add(1).min(CHUNK);
            let chunk = if self.search.filter.is_every_order_a_row() { wanted } else { CHUNK };
            // The range includes the last entry of the previous chunk.
            let overlap = usize::from(last.is_some() || self.search.after.is_some());
            let asked = passed.saturating_add(chunk).saturating_add(overlap);
            let entries = self.table.listed(self.merchant, statuses, &range, asked).await?;
            let is_last = entries.len() < asked;
            let entries: Vec<Listed> =
                entries.into_iter().filter(|entry| Some(&entry.place) != last.as_ref()).skip(passed).collect();
            self.skip = self.skip.saturating_sub(passed);
            let ids: Vec<OrderId> = entries.iter().map(|entry| entry.order.clone()).collect();
            let orders = self.table.orders_lately(self.merchant, &ids, false).await?;
            for (entry, order) in entries.iter().zip(orders) {
                if self.read >= ORDERS_READ_MAX {
                    let before = last.map(|place| Position { place, rows_given: usize::MAX });
                    return Ok(Found { rows: self.rows, next: before });
                }
                self.read = self.read.saturating_add(1);
                if let Some(order) = order
                    && let Looked::Full(next) = self.look(entry, order)?
                {
                    return Ok(Found { rows: self.rows, next: Some(next) });
                }
                last = Some(entry.place.clone());
            }
            if is_last {
                return Ok(Found { rows: self.rows, next: None });
            }
            if let Some(place) = &last {
                range.go_on_at(place);
            }
        }
    }

    /// Adds the rows of one order.
    fn look(&mut self, entry: &Listed, order: FoundOrder) -> Result<Looked, StoreError> {
        let rows = self.search.filter.rows(order.response(self.merchant, &entry.order)?);
        let given = match &self.search.after {
            Some(after) if after.place == entry.place => after.rows_given,
            _ => 0,
        };
        for (index, row) in rows.into_iter().enumerate().skip(given) {
            if self.skip > 0 {
                self.skip = self.skip.saturating_sub(1);
                continue;
            }
            if self.rows.len() >= self.search.size {
                return Ok(Looked::Full(self.before(entry, index)));
            }
            self.rows.push((row, self.before(entry, index)));
        }
        Ok(Looked::Whole)
    }

    fn before(&self, entry: &Listed, index: usize) -> Position {
        Position { place: entry.place.clone(), rows_given: index }
    }
}

impl Range {
    /// Narrows the range to start at a place.
    fn go_on_at(&mut self, place: &str) {
        if self.is_ascending {
            place.clone_into(&mut self.low);
        } else {
            place.clone_into(&mut self.high);
        }
    }
}

impl<F: Filter> Search<F> {
    fn range(&self) -> Range {
        let (low, high) = self.filter.order().created.places();
        let mut range = Range { low, high, is_ascending: self.is_ascending };
        if let Some(after) = &self.after {
            range.go_on_at(&after.place);
        }
        range
    }
}
