//! `POST /order/v1/orders/refunds` (docs/apis/order-network-api.md#refunds): what is paid back of an order's items.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use rust_decimal::Decimal;
use shared::Code;
use shared::ids::{MerchantId, OrderId};
use shared::limits::{AMOUNT_DECIMALS_MAX, AMOUNT_MAX, REFUNDS_MAX};
use shared::money;
use shared::network::problem::Violation;
use shared::network::refund::Paid;
use shared::order::{AskedRefund, Command, Refund, refund_id};
use shared::time::Timestamp;

use super::body::JsonBody;
use super::caller::NetworkCaller;
use super::manage::{no_such_item, read_reason, version_of};
use super::network::{envelope, is_strict, not_found_at_order_id};
use super::object::{self, Findings, Value};
use crate::app::manage_order::{Change, change_order};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::network_orders::FoundOrder;

/// `{orderId, refunds: [{itemId, isShippingRefund, amount, reason}]}`: 201 with the order; 400; 404; 422
/// `REFUND_EXCEEDS_BALANCE`. All of a call's refunds are made, or none.
pub(crate) async fn refund(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    JsonBody(bytes): JsonBody,
) -> Result<Response, Refusal> {
    let seed = table.bytes("refund", 0).map_err(|_| Refusal::rule(Code::Internal))?;
    let body = RefundBody::read(&bytes, &merchant, is_strict(&headers))?;
    let missing = || not_found_at_order_id(&body.order_id);
    let id = OrderId::parse(&body.order_id).map_err(|_| missing())?;
    let change =
        Change { merchant: &merchant, id: &id, actor: None, reason: None, version: version_of(&headers), part: 0 };
    let command = |order: &FoundOrder| body.command(&id, order, &seed, table.context.now());
    let order = change_order(&table, &change, command).await?;
    let order = order.ok_or_else(missing)?;
    let mut response = envelope(order, &merchant, &id, body.warnings)?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// `AddRefundModel`.
struct RefundBody {
    order_id: String,
    rows: Vec<Row>,
    warnings: Vec<Violation>,
}

/// `AddRefundItemModel`.
struct Row {
    item_id: String,
    is_shipping: bool,
    amount: Decimal,
    reason: String,
}

impl RefundBody {
    /// An unknown member is an error here, as for a cancel: a misspelt `isShippingRefund` would take the money from the
    /// other balance.
    fn read(bytes: &[u8], merchant: &MerchantId, strict: bool) -> Result<Self, Refusal> {
        let (members, mut findings) = object::read(bytes, merchant)?;
        let (mut order_id, mut rows) = (None, None);
        for (name, value) in members.iter() {
            match name {
                "orderId" | "refunds" if value.is_null() => {}
                "orderId" => order_id = findings.text("/orderId", value),
                "refunds" => rows = Some(findings.rows("/refunds", value, (1, REFUNDS_MAX), read_row)),
                _ => findings.refuse_unknown("", (name, value), &["orderId", "refunds"]),
            }
        }
        findings.require("", &members, &["orderId", "refunds"]);
        let warnings = findings.settle(strict)?;
        Ok(Self { order_id: order_id.unwrap_or_default(), rows: rows.unwrap_or_default(), warnings })
    }

    /// The command for this order; the ids of its refunds follow from `seed`.
    fn command(&self, id: &OrderId, order: &FoundOrder, seed: &[u8; 16], at: Timestamp) -> Result<Command, Refusal> {
        let (mut asked, mut missing) = (Vec::new(), Vec::new());
        for (index, row) in self.rows.iter().enumerate() {
            let line = id.item_index(&row.item_id);
            let Some((line, item)) = line.and_then(|line| Some((line, order.request.items.get(line)?))) else {
                missing.push(no_such_item(format!("/refunds/{index}/itemId"), &row.item_id));
                continue;
            };
            let refund = Refund {
                line,
                is_shipping: row.is_shipping,
                amount: row.amount,
                reason: row.reason.clone(),
                transaction_id: refund_id(seed, index),
                at,
            };
            asked.push(AskedRefund { refund, paid: Paid::of(item).part(row.is_shipping) });
        }
        if missing.is_empty() { Ok(Command::Refund(asked)) } else { Err(Refusal::invalid(missing)) }
    }
}

fn read_row(findings: &mut Findings, pointer: &str, entry: Value<'_>) -> Option<Row> {
    let members = findings.object(pointer, entry)?;
    let (mut item_id, mut is_shipping, mut amount, mut reason) = (None, Some(false), None, None);
    for (name, value) in members.iter() {
        let at = format!("{pointer}/{name}");
        match name {
            "itemId" | "isShippingRefund" | "amount" | "reason" if value.is_null() => {}
            "itemId" => item_id = findings.text(&at, value),
            "isShippingRefund" => is_shipping = findings.flag(&at, value),
            "amount" => amount = read_amount(findings, &at, value),
            "reason" => reason = read_reason(findings, &at, value),
            _ => {
                findings.refuse_unknown(pointer, (name, value), &["itemId", "isShippingRefund", "amount", "reason"]);
            }
        }
    }
    findings.require(pointer, &members, &["itemId", "amount", "reason"]);
    Some(Row { item_id: item_id?, is_shipping: is_shipping?, amount: amount?, reason: reason? })
}

/// An amount is read from its digits.
fn read_amount(findings: &mut Findings, pointer: &str, value: Value<'_>) -> Option<Decimal> {
    let digits = if value.is_number() { Some(value.json().to_owned()) } else { value.text() };
    let Some(digits) = digits else {
        findings.broken(Code::WrongType, pointer, "a number or decimal string", value);
        return None;
    };
    let amount = match money::read_amount(&digits) {
        Ok(amount) if amount <= Decimal::ZERO || amount >= Decimal::from(AMOUNT_MAX) => Err(Code::OutOfRange),
        Ok(amount) if amount.scale() > AMOUNT_DECIMALS_MAX => Err(Code::TooManyDecimals),
        read => read,
    };
    let code = match amount {
        Ok(amount) => return Some(amount),
        Err(code) => code,
    };
    let rule = match code {
        Code::TooManyDecimals => format!("of at most {AMOUNT_DECIMALS_MAX} decimals"),
        Code::OutOfRange => format!("above 0 and below {AMOUNT_MAX}"),
        _ => "a number or decimal string".to_owned(),
    };
    findings.broken(code, pointer, &rule, value);
    None
}
