//! Storing and reading orders of the bulk order API.
//!
//! Acceptance is one transaction: the order, the debit of its wallet and the pointer from its client order number. So
//! no charge is without an order and no order without a charge, and of concurrent requests with one client order number
//! exactly one is the first.
//!
//! A client order number is a partition of pointers: the first order is under the sort key `first`, where the duplicate
//! check finds it; later ones, sent with the check off, are under their own ids. The list of a partition is strongly
//! consistent, so a client that lost an answer finds its order.
//!
//! Under an idempotency key the transaction id is derived from the key, and the order has its mark in the same
//! transaction. A later attempt finds the order under that id and recognises it, so a key pays once.
//!
//! The wallet also counts the orders that it paid, which gives lists their total.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use shared::bulk_api::{OrderResponse, PricedOrder, Product};
use shared::ids::{MerchantId, TransactionId};
use shared::money::{Money, parse_stored_amount};
use shared::order::{Fulfilment, OrderState};
use shared::time::Timestamp;

use super::keys::{self, FIRST, Key};
use super::stored::StoredOrder;
use super::table::{Item, from_item, key_item, to_item};
use super::{StoreError, Table};

#[derive(Clone, Debug)]
pub(crate) struct NewBulkOrder {
    pub(crate) order: PricedOrder,
    pub(crate) total: Money,
    /// Whether a taken client order number rejects the order.
    pub(crate) must_be_new: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Placed {
    /// Stored and paid; the response as of then.
    Accepted(Box<OrderResponse>),
    Duplicate(TransactionId),
    /// The balance of the wallet.
    InsufficientFunds(Money),
    NoWallet,
}

#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// Newest first.
    pub(crate) orders: Vec<OrderResponse>,
    /// Number of orders on all pages.
    pub(crate) total: usize,
}

/// Attempts at a transaction whose transaction id or pointer is taken.
const DRAWS_MAX: usize = 4;

/// The transaction id of a new order, and the sort key of its pointer.
struct Names {
    /// How many earlier ids were taken.
    draw: usize,
    transaction: TransactionId,
    pointer: String,
}

impl Table {
    /// The products with these SKUs. A price may be half a second old.
    pub(crate) async fn products(&self, skus: &[&str]) -> Result<HashMap<String, Product>, StoreError> {
        let keys: Vec<Key> = skus.iter().map(|sku| Key::product(sku)).collect();
        let mut products = HashMap::new();
        for item in self.get_many(&keys, false).await? {
            let json = item.get("product").and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
            let product: Product = serde_json::from_str(&json).map_err(StoreError::fault)?;
            products.insert(product.sku.clone(), product);
        }
        Ok(products)
    }

    /// Accepts an order and charges its wallet, or does neither.
    pub(crate) async fn place(
        &self,
        merchant: &MerchantId,
        new: &NewBulkOrder,
        now: Timestamp,
    ) -> Result<Placed, StoreError> {
        let state = OrderState::accepted(Fulfilment::Stock, new.order.products.len(), true, now);
        let mut names = Names { draw: 0, transaction: self.transaction(0, now)?, pointer: FIRST.to_owned() };
        for _ in 0..DRAWS_MAX {
            let placed = self.transact(&self.writes(merchant, new, &state, &names)?).await;
            let accepted = || accepted(names.transaction, new.order.clone(), &state);
            let reasons = match placed {
                Ok(Ok(())) => return accepted(),
                Ok(Err(reasons)) => reasons,
                // The response may be lost and the order accepted: the client must learn of it, or it would pay twice.
                Err(StoreError::Busy(reason)) => {
                    let is_there = self.get(&Key::bulk_order(merchant, names.transaction)).await?.is_some();
                    return if is_there { accepted() } else { Err(StoreError::Busy(reason)) };
                }
                Err(fault) => return Err(fault),
            };
            // Another attempt may have succeeded since this one looked.
            if let Some(own) = self.own_bulk_order(merchant, now).await? {
                return Ok(Placed::Accepted(Box::new(own)));
            }
            match refusal(&reasons, new)? {
                Refusal::Final(placed) => return Ok(placed),
                Refusal::NumberTaken => names.pointer = names.transaction.padded(),
                Refusal::IdTaken => {
                    names.draw = names.draw.saturating_add(1);
                    names.transaction = self.transaction(names.draw, now)?;
                    if names.pointer != FIRST {
                        names.pointer = names.transaction.padded();
                    }
                }
            }
        }
        Err(StoreError::Busy("no free transaction id was drawn".to_owned()))
    }

    fn transaction(&self, draw: usize, now: Timestamp) -> Result<TransactionId, StoreError> {
        let low = self.bytes::<4>("transaction", draw).map_err(StoreError::fault)?;
        Ok(TransactionId::new(now, u32::from_le_bytes(low)))
    }

    /// The order that this idempotency key created, as of its acceptance.
    pub(crate) async fn own_bulk_order(
        &self,
        merchant: &MerchantId,
        accepted_at: Timestamp,
    ) -> Result<Option<OrderResponse>, StoreError> {
        let Some(mark) = self.mark(0) else { return Ok(None) };
        for draw in 0..DRAWS_MAX {
            let transaction = self.transaction(draw, accepted_at)?;
            let Some(item) = self.get(&Key::bulk_order(merchant, transaction)).await? else { return Ok(None) };
            let stored: StoredOrder = from_item(item)?;
            if stored.state.cause.marks.iter().flatten().any(|known| *known == mark) {
                let order: PricedOrder = stored.body()?;
                let state = OrderState::accepted(Fulfilment::Stock, order.products.len(), true, accepted_at);
                return wire(transaction, order, &state).map(Some);
            }
        }
        Ok(None)
    }

    fn writes(
        &self,
        merchant: &MerchantId,
        new: &NewBulkOrder,
        state: &OrderState,
        Names { transaction, pointer, .. }: &Names,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let json = serde_json::to_vec(&new.order).map_err(StoreError::fault)?;
        let order = StoredOrder::new(
            Key::bulk_order(merchant, *transaction),
            state,
            self.creation(0),
            self.overdue_at(),
            &json,
        )?;
        let mut writes = vec![self.new_put(to_item(&order)?)?, self.debit(merchant, new.total)?];
        if let Some(number) = &new.order.client_order_number {
            let mut item = Key::client_order_number(merchant, number, pointer).item();
            item.insert("transaction_id".to_owned(), AttributeValue::S(transaction.padded()));
            writes.push(self.new_put(item)?);
        }
        Ok(writes)
    }

    fn debit(&self, merchant: &MerchantId, total: Money) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&*self.name)
            .set_key(Some(key_item(&Key::wallet(merchant, total.currency))))
            .update_expression("SET balance = balance - :total ADD order_count :one")
            .condition_expression("balance >= :total")
            .expression_attribute_values(":total", AttributeValue::N(total.amount.normalize().to_string()))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(StoreError::fault)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    pub(crate) async fn bulk_orders(
        &self,
        merchant: &MerchantId,
        skip: usize,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let wallets = self.query(100, |query| partition(query, keys::wallets(merchant)));
        let orders = self.query(skip.saturating_add(limit), |query| {
            partition(query, keys::bulk_orders(merchant)).scan_index_forward(false)
        });
        let (wallets, orders) = futures_util::future::try_join(wallets, orders).await?;
        let count =
            |wallet: &Item| wallet.get("order_count").and_then(|count| count.as_n().ok()?.parse::<usize>().ok());
        let orders = orders.into_iter().skip(skip).map(response).collect::<Result<_, _>>()?;
        Ok(Page { orders, total: wallets.iter().filter_map(count).sum() })
    }

    /// The orders with a client order number, newest first.
    pub(crate) async fn bulk_orders_by_client_number(
        &self,
        merchant: &MerchantId,
        number: &str,
        skip: usize,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let pointers =
            self.query(usize::MAX, |query| partition(query, keys::client_order_number(merchant, number))).await?;
        let mut transactions: Vec<TransactionId> = pointers.iter().map(transaction_id).collect::<Result<_, _>>()?;
        transactions.sort_by(|a, b| b.cmp(a));
        let wanted: Vec<Key> = transactions
            .iter()
            .skip(skip)
            .take(limit)
            .map(|transaction| Key::bulk_order(merchant, *transaction))
            .collect();
        let mut items = self.get_many(&wanted, true).await?;
        items.sort_by_key(|item| std::cmp::Reverse(item.get("sk").and_then(|sk| sk.as_s().ok()).cloned()));
        let orders = items.into_iter().map(response).collect::<Result<_, _>>()?;
        Ok(Page { orders, total: transactions.len() })
    }

    pub(crate) async fn bulk_order(
        &self,
        merchant: &MerchantId,
        transaction: TransactionId,
    ) -> Result<Option<OrderResponse>, StoreError> {
        self.get(&Key::bulk_order(merchant, transaction)).await?.map(response).transpose()
    }
}

enum Refusal {
    Final(Placed),
    /// Another order has the client order number, which is allowed: this one needs its own pointer.
    NumberTaken,
    IdTaken,
}

/// Maps failed conditions by position: order, wallet, client order number. A duplicate takes precedence over
/// insufficient funds, so a repeated request always learns of the first order.
fn refusal(reasons: &[CancellationReason], new: &NewBulkOrder) -> Result<Refusal, StoreError> {
    let failed = |index: usize| reasons.get(index).filter(|reason| reason.code() == Some("ConditionalCheckFailed"));
    if let Some(pointer) = failed(2) {
        if !new.must_be_new {
            return Ok(Refusal::NumberTaken);
        }
        let first =
            pointer.item().ok_or_else(|| StoreError::Fault("the order in the way did not come back".to_owned()))?;
        return Ok(Refusal::Final(Placed::Duplicate(transaction_id(first)?)));
    }
    if failed(0).is_some() {
        return Ok(Refusal::IdTaken);
    }
    let Some(wallet) = failed(1).and_then(CancellationReason::item) else {
        return Ok(Refusal::Final(Placed::NoWallet));
    };
    let balance = wallet.get("balance").and_then(|balance| parse_stored_amount(balance.as_n().ok()?));
    let amount = balance.ok_or_else(|| StoreError::Fault("the balance of a wallet is unreadable".to_owned()))?;
    Ok(Refusal::Final(Placed::InsufficientFunds(Money { amount, ..new.total })))
}

type QueryBuilder = aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

pub(super) fn partition(query: QueryBuilder, pk: String) -> QueryBuilder {
    query
        .consistent_read(true)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S(pk))
}

fn transaction_id(pointer: &Item) -> Result<TransactionId, StoreError> {
    let text = pointer.get("transaction_id").and_then(|id| id.as_s().ok());
    text.and_then(|text| TransactionId::parse(text).ok())
        .ok_or_else(|| StoreError::Fault("a pointer has no transaction id".to_owned()))
}

fn response(item: Item) -> Result<OrderResponse, StoreError> {
    let stored: StoredOrder = from_item(item)?;
    let transaction = TransactionId::parse(&stored.state.key.sk)
        .map_err(|_| StoreError::Fault("an order's key holds no transaction id".to_owned()))?;
    wire(transaction, stored.body()?, &stored.state.state()?)
}

fn accepted(transaction: TransactionId, order: PricedOrder, state: &OrderState) -> Result<Placed, StoreError> {
    wire(transaction, order, state).map(Box::new).map(Placed::Accepted)
}

fn wire(transaction: TransactionId, order: PricedOrder, state: &OrderState) -> Result<OrderResponse, StoreError> {
    OrderResponse::new(transaction.to_string(), order, state)
        .ok_or_else(|| StoreError::Fault("the amounts of a stored order do not fit".to_owned()))
}
