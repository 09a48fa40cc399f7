//! The bulk order API (`/v2`): its wire types and how an order is priced.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::Code;
use crate::card;
use crate::limits::AMOUNT_MAX;
use crate::money::{Currency, Money, Number};
use crate::order::{LineStatus, OrderState, OrderStatus};

/// The body of `POST /v2/orders`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateBulkOrder {
    /// The caller's own reference.
    pub client_order_number: Option<String>,
    /// Whether a repeated `client_order_number` is rejected.
    pub enable_client_order_number_dup_check: Option<bool>,
    /// The lines.
    pub products: Vec<ProductRequest>,
    /// The currency to pay in, if it differs from the products' currency.
    pub pay_with_currency: Option<Currency>,
}

/// One line of the request.
#[derive(Clone, Debug, Deserialize)]
pub struct ProductRequest {
    /// Catalogue SKU.
    pub sku: String,
    /// Units wanted, at least 1.
    pub quantity: u32,
}

/// The fields of a catalogue product that an order needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// Catalogue SKU.
    pub sku: String,
    /// Display name.
    pub name: String,
    /// Currency of its prices.
    pub currency: Currency,
    /// Whether it is currently on sale.
    pub is_active: bool,
    /// Unit prices by quantity; the ranges do not overlap.
    pub prices: Vec<PriceTier>,
}

/// A unit price for a range of quantities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceTier {
    /// Price of one unit.
    pub price: Number,
    /// Minimum quantity.
    pub from_quantity: u32,
    /// Maximum quantity; `None` means unbounded.
    pub to_quantity: Option<u32>,
}

/// A priced order, as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PricedOrder {
    /// The caller's own reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_order_number: Option<String>,
    /// Currency of every amount.
    pub currency: Currency,
    /// The lines.
    pub products: Vec<PricedLine>,
}

/// A priced line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PricedLine {
    /// Catalogue SKU.
    pub sku: String,
    /// Units.
    pub quantity: u32,
    /// Price of one unit.
    pub unit_price: Number,
}

/// A problem with one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProblem {
    /// The violated rule.
    pub code: Code,
    /// Index of the line.
    pub line: usize,
    /// The rule and the offending value, for people.
    pub message: String,
}

/// Why an order cannot be priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PricingError {
    /// All lines that cannot be sold.
    Lines(Vec<LineProblem>),
    /// The products have different currencies: the currency of each line.
    MixedCurrency(Vec<Currency>),
}

impl PricedOrder {
    /// Prices every line by the tier that matches its quantity.
    ///
    /// # Errors
    /// All lines that cannot be sold; if there are none, lines with different currencies.
    pub fn price(request: CreateBulkOrder, product: impl Fn(&str) -> Option<Product>) -> Result<Self, PricingError> {
        let priced = request.products.into_iter().enumerate().map(|(line, wanted)| price_line(line, wanted, &product));
        let (mut lines, mut currencies, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for result in priced {
            match result {
                Ok((line, currency)) => {
                    lines.push(line);
                    currencies.push(currency);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(PricingError::Lines(problems));
        }
        let currency = currencies.first().copied().unwrap_or(Currency::USD);
        if currencies.iter().any(|other| *other != currency) {
            return Err(PricingError::MixedCurrency(currencies));
        }
        Ok(Self { client_order_number: request.client_order_number, currency, products: lines })
    }

    /// The sum of the lines.
    ///
    /// # Errors
    /// The sum reaches [`AMOUNT_MAX`]; names the line at which it does.
    pub fn grand_total(&self) -> Result<Money, LineProblem> {
        let mut total = Money::zero(self.currency);
        for (line, product) in self.products.iter().enumerate() {
            let sum = product.total(self.currency).and_then(|amount| total.plus(amount)).ok();
            total = sum.filter(|sum| sum.amount < Decimal::from(AMOUNT_MAX)).ok_or_else(|| LineProblem {
                code: Code::AmountTooLarge,
                line,
                message: format!("the total is not below {AMOUNT_MAX}"),
            })?;
        }
        Ok(total)
    }
}

impl PricedLine {
    fn unit(&self, currency: Currency) -> Money {
        Money { amount: self.unit_price.0, currency }
    }

    fn total(&self, currency: Currency) -> Result<Money, crate::money::MoneyError> {
        Ok(self.unit(currency).times(self.quantity)?.rounded_half_up())
    }
}

fn price_line(
    line: usize,
    wanted: ProductRequest,
    product: impl Fn(&str) -> Option<Product>,
) -> Result<(PricedLine, Currency), LineProblem> {
    let problem = |code: Code, message: String| LineProblem { code, line, message };
    let found = product(&wanted.sku)
        .ok_or_else(|| problem(Code::UnknownSku, format!("no product has the SKU `{}`", card::masked(&wanted.sku))))?;
    if !found.is_active {
        return Err(problem(Code::InactiveSku, format!("`{}` is not on sale", wanted.sku)));
    }
    let covers = |tier: &&PriceTier| {
        tier.from_quantity <= wanted.quantity
            && tier.to_quantity.is_none_or(|to_quantity| wanted.quantity <= to_quantity)
    };
    let tier = found.prices.iter().find(covers).ok_or_else(|| {
        problem(Code::NoPrice, format!("`{}` has no price for {} units", wanted.sku, wanted.quantity))
    })?;
    Ok((PricedLine { sku: wanted.sku, quantity: wanted.quantity, unit_price: tier.price }, found.currency))
}

/// `OrderResponse` on the wire.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "BulkOrder"))]
#[serde(rename_all = "camelCase")]
pub struct OrderResponse {
    /// Our id.
    pub transaction_id: String,
    /// The caller's reference; null when none was sent.
    pub client_order_number: Option<String>,
    /// Sum of the lines.
    pub grand_total: MoneyResponse,
    /// RFC 3339 in UTC, with seconds precision.
    pub created_at: String,
    /// `PROCESSING`, `COMPLETED` or `CANCELLED`.
    pub status: &'static str,
    /// One entry per line.
    pub products: Vec<ProductResponse>,
}

/// `ProductResponse` on the wire.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "BulkOrderProduct"))]
#[serde(rename_all = "camelCase")]
pub struct ProductResponse {
    /// Catalogue SKU.
    pub sku: String,
    /// Units.
    pub quantity: u32,
    /// Price of one unit.
    pub unit_price: MoneyResponse,
    /// Price of all units.
    pub total_price: MoneyResponse,
    /// Status of the line.
    pub status: &'static str,
}

/// `MoneyResponse` on the wire: plain digits at the currency's minor unit, never a grouping comma.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "BulkOrderMoney"))]
pub struct MoneyResponse {
    /// For example `1197.50`.
    pub amount: String,
    /// ISO 4217.
    pub currency: Currency,
}

impl From<Money> for MoneyResponse {
    fn from(money: Money) -> Self {
        Self { amount: money.plain(), currency: money.currency }
    }
}

impl OrderResponse {
    /// The wire form of a stored order. `None` if its amounts overflow, which validation rules out.
    #[must_use]
    pub fn new(transaction_id: String, order: PricedOrder, state: &OrderState) -> Option<Self> {
        let grand_total = order.grand_total().ok()?.into();
        let currency = order.currency;
        let product = |(line, status): (PricedLine, LineStatus)| {
            let (unit_price, total_price) = (line.unit(currency).into(), line.total(currency).ok()?.into());
            Some(ProductResponse {
                sku: line.sku,
                quantity: line.quantity,
                unit_price,
                total_price,
                status: line_status(status),
            })
        };
        Some(Self {
            transaction_id,
            client_order_number: order.client_order_number,
            grand_total,
            created_at: state.created_at.to_rfc3339_seconds(),
            status: order_status(state),
            products: order.products.into_iter().zip(state.lines.iter()).map(product).collect::<Option<_>>()?,
        })
    }
}

/// A failed line can be restarted, so this API reports it as still in progress.
const fn line_status(status: LineStatus) -> &'static str {
    match status {
        LineStatus::Open | LineStatus::Processing | LineStatus::Failed => "PROCESSING",
        LineStatus::Fulfilled => "COMPLETED",
        LineStatus::Cancelled => "CANCELLED",
    }
}

/// Completed if any unit was delivered and nothing is left to do.
fn order_status(state: &OrderState) -> &'static str {
    match state.status() {
        OrderStatus::Fulfilled => "COMPLETED",
        OrderStatus::Cancelled => "CANCELLED",
        OrderStatus::Open
        | OrderStatus::Processing
        | OrderStatus::PartiallyFulfilled
        | OrderStatus::CustomerCareHold
        | OrderStatus::Failed => "PROCESSING",
    }
}

#[cfg(test)]
mod tests {
    use super::{CreateBulkOrder, OrderResponse, PricedOrder, PricingError, Product};
    use crate::order::{Fulfilment, Lines, OrderState};
    use crate::time::Timestamp;

    fn product(sku: &str) -> Option<Product> {
        let catalogue = r#"[
            {"sku":"8PX-UF-Y5U","name":"a","currency":"USD","isActive":true,
             "prices":[{"price":9.7,"fromQuantity":1,"toQuantity":99},{"price":9.5,"fromQuantity":100,"toQuantity":null}]},
            {"sku":"TTR-WI-YWN","name":"b","currency":"USD","isActive":true,"prices":[{"price":24.75,"fromQuantity":1,"toQuantity":50}]},
            {"sku":"EUR","name":"c","currency":"EUR","isActive":true,"prices":[{"price":1,"fromQuantity":1,"toQuantity":null}]},
            {"sku":"GOLD","name":"e","currency":"USD","isActive":true,"prices":[{"price":50000000,"fromQuantity":1,"toQuantity":null}]},
            {"sku":"OFF","name":"d","currency":"USD","isActive":false,"prices":[]}]"#;
        serde_json::from_str::<Vec<Product>>(catalogue).unwrap().into_iter().find(|product| product.sku == sku)
    }

    fn price(lines: &[(&str, u32)]) -> Result<PricedOrder, PricingError> {
        let products: Vec<_> =
            lines.iter().map(|(sku, quantity)| serde_json::json!({"sku": sku, "quantity": quantity})).collect();
        let request: CreateBulkOrder = serde_json::from_value(serde_json::json!({"products": products})).unwrap();
        PricedOrder::price(request, product)
    }

    #[test]
    fn totals_match_the_seed_data() {
        assert_eq!(price(&[("8PX-UF-Y5U", 100)]).unwrap().grand_total().unwrap().plain(), "950.00");
        let order = price(&[("8PX-UF-Y5U", 100), ("TTR-WI-YWN", 10)]).unwrap();
        let now = Timestamp::from_milliseconds(1_697_533_200_000);
        let state =
            OrderState { lines: Lines::parse("PF").unwrap(), ..OrderState::accepted(Fulfilment::Stock, 2, true, now) };
        let response = serde_json::to_value(OrderResponse::new("1234".to_owned(), order, &state).unwrap()).unwrap();
        assert_eq!(
            response,
            serde_json::json!({
                "transactionId": "1234", "clientOrderNumber": null, "createdAt": "2023-10-17T09:00:00Z", "status": "PROCESSING",
                "grandTotal": {"amount": "1197.50", "currency": "USD"},
                "products": [
                    {"sku": "8PX-UF-Y5U", "quantity": 100, "unitPrice": {"amount": "9.50", "currency": "USD"},
                     "totalPrice": {"amount": "950.00", "currency": "USD"}, "status": "PROCESSING"},
                    {"sku": "TTR-WI-YWN", "quantity": 10, "unitPrice": {"amount": "24.75", "currency": "USD"},
                     "totalPrice": {"amount": "247.50", "currency": "USD"}, "status": "COMPLETED"}]
            })
        );
    }

    #[test]
    fn every_unsellable_line_is_reported() {
        let Err(PricingError::Lines(problems)) =
            price(&[("NONE", 1), ("OFF", 1), ("8PX-UF-Y5U", 1), ("TTR-WI-YWN", 51)])
        else {
            panic!("expected a pricing error")
        };
        let named: Vec<_> = problems.iter().map(|problem| (problem.line, problem.code.as_str())).collect();
        assert_eq!(named, [(0, "UNKNOWN_SKU"), (1, "INACTIVE_SKU"), (3, "NO_PRICE")]);
    }

    #[test]
    fn a_total_that_is_too_large_is_reported_at_the_line_that_exceeds_it() {
        assert!(price(&[("GOLD", 9_999), ("GOLD", 9_999)]).unwrap().grand_total().is_ok());
        let problem =
            price(&[("GOLD", 10_000), ("GOLD", 10_000), ("8PX-UF-Y5U", 1)]).unwrap().grand_total().unwrap_err();
        assert_eq!((problem.code.as_str(), problem.line), ("AMOUNT_TOO_LARGE", 1));
    }

    #[test]
    fn mixed_currencies_are_rejected() {
        assert!(matches!(price(&[("8PX-UF-Y5U", 1), ("EUR", 1)]), Err(PricingError::MixedCurrency(_))));
    }
}
