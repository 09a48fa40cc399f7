//! Creating an order of the bulk order API: price it from the catalogue, pay from a wallet, store it.
//!
//! Two requests to DynamoDB: the products in one read, then one transaction ([`crate::store::bulk_orders`]).

use shared::Code;
use shared::bulk_api::{CreateBulkOrder, LineProblem, OrderResponse, PricedOrder, PricingError};
use shared::ids::MerchantId;
use shared::money::{Currency, Money};
use shared::order_network::problem::Violation;
use shared::time::Timestamp;

use crate::refusal::{Facts, Refusal};
use crate::store::Table;
use crate::store::bulk_orders::{NewBulkOrder, Placed};

/// Creates the order, or changes nothing and returns the reason.
pub(crate) async fn create_bulk_order(
    table: &Table,
    merchant: &MerchantId,
    request: CreateBulkOrder,
    now: Timestamp,
) -> Result<OrderResponse, Refusal> {
    // An order that an earlier attempt paid for is not priced again: the catalogue may have changed.
    if table.is_retry()
        && let Some(own) = table.own_bulk_order(merchant, now).await?
    {
        return Ok(own);
    }
    let skus: Vec<&str> = request.products.iter().map(|product| product.sku.as_str()).collect();
    let products = table.products(&skus).await?;
    let (pay_with, must_be_new) =
        (request.pay_with_currency, request.enable_client_order_number_dup_check.unwrap_or(false));
    let order = PricedOrder::price(request, |sku| products.get(sku).cloned()).map_err(not_priced)?;
    let total = order.grand_total().map_err(|problem| Refusal::invalid(vec![violation(problem)]))?;
    check_currency(total.currency, pay_with)?;
    let new = NewBulkOrder { order, total, must_be_new };
    match table.place(merchant, &new, now).await? {
        Placed::Accepted(order) => Ok(*order),
        Placed::Duplicate(first) => Err(duplicate(first.to_string(), new.order.client_order_number)),
        Placed::InsufficientFunds(available) => Err(insufficient_funds(total, available)),
        Placed::NoWallet => {
            Err(Refusal::new(Code::UnsupportedCurrency, format!("the account has no wallet in {}", total.currency)))
        }
    }
}

fn not_priced(error: PricingError) -> Refusal {
    match error {
        PricingError::Lines(problems) => Refusal::invalid(problems.into_iter().map(violation).collect()),
        PricingError::MixedCurrency(currencies) => {
            let of_line = |(line, currency): (usize, &Currency)| {
                let message = format!("the currency of this product is {currency}");
                Violation::by_text(Code::MixedCurrency, &format!("/products/{line}"), message, &currency.to_string())
            };
            let violations = currencies.iter().enumerate().map(of_line).collect();
            Refusal { violations, ..Refusal::rule(Code::MixedCurrency) }
        }
    }
}

fn violation(problem: LineProblem) -> Violation {
    let member = if matches!(problem.code, Code::NoPrice | Code::AmountTooLarge) { "quantity" } else { "sku" };
    Violation::new(problem.code, format!("/products/{}/{member}", problem.line), problem.message, None)
}

/// An order is paid in the currency of its products; exchange rates are not available.
fn check_currency(products: Currency, pay_with: Option<Currency>) -> Result<(), Refusal> {
    match pay_with {
        Some(currency) if currency != products => Err(Refusal::new(
            Code::UnsupportedCurrency,
            format!(
                "there is no exchange rate from {products} to {currency}: leave payWithCurrency out to pay in {products}"
            ),
        )),
        _ => Ok(()),
    }
}

fn duplicate(transaction_id: String, number: Option<String>) -> Refusal {
    let number = number.unwrap_or_default();
    let message = format!("order {transaction_id} has the clientOrderNumber `{number}`");
    let facts = Facts { transaction_id: Some(transaction_id), client_order_number: Some(number), ..Facts::default() };
    Refusal { facts: Box::new(facts), ..Refusal::new(Code::ClientOrderNumberDuplicate, message) }
}

fn insufficient_funds(required: Money, available: Money) -> Refusal {
    let message = format!("the order costs {required}, the wallet holds {available}");
    let facts = Facts {
        required: Some(required.plain()),
        available: Some(available.plain()),
        currency: Some(required.currency.to_string()),
        ..Facts::default()
    };
    Refusal { facts: Box::new(facts), ..Refusal::new(Code::InsufficientFunds, message) }
}
