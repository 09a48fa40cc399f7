//! `POST /order/v1/orders/refunds` (choices file, row 18): what is paid back of an order's items.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use rust_decimal::Decimal;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::Code;
use shared::ids::{MerchantId, OrderId};
use shared::limits::{AMOUNT_DECIMALS_MAX, AMOUNT_MAX, REFUNDS_MAX};
use shared::money;
use shared::network::merge::Members;
use shared::network::problem::Violation;
use shared::network::refund::Paid;
use shared::order::{AskedRefund, Command, Refund, refund_id};
use shared::time::Timestamp;

use super::body::JsonBody;
use super::caller::NetworkCaller;
use super::manage::{read_reason_at, version_of};
use super::network::{envelope, is_strict, not_found_at_order_id};
use super::object::{Findings, Object};
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
        Change { merchant: &merchant, id: &id, actor: None, reason: None, version: version_of(&headers)?, part: 0 };
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
        let (object, mut findings) = Object::read(bytes, merchant)?;
        let (mut order_id, mut rows) = (None, None);
        for (name, value) in object.members() {
            match name {
                "orderId" | "refunds" if value.is_null() => {}
                "orderId" => order_id = findings.text("/orderId", value),
                "refunds" => rows = Some(read_rows(&mut findings, value, bytes)),
                other => findings.refuse_unknown_in("", other, &["orderId", "refunds"]),
            }
        }
        object.require(&mut findings, &["orderId", "refunds"]);
        let order_id = order_id.unwrap_or_default().to_owned();
        let warnings = findings.settle(strict)?;
        Ok(Self { order_id, rows: rows.unwrap_or_default(), warnings })
    }

    /// The command for this order; the ids of its refunds follow from `seed`.
    fn command(&self, id: &OrderId, order: &FoundOrder, seed: &[u8; 16], at: Timestamp) -> Result<Command, Refusal> {
        let (mut asked, mut findings) = (Vec::new(), Findings::default());
        for (index, row) in self.rows.iter().enumerate() {
            let line = id.item_index(&row.item_id);
            let Some((line, item)) = line.and_then(|line| Some((line, order.request.items.get(line)?))) else {
                let at = format!("/refunds/{index}/itemId");
                findings.broken(Code::NoSuchItem, &at, "the id of an item of the order", &row.item_id.as_str().into());
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
        findings.settle(false)?;
        Ok(Command::Refund(asked))
    }
}

/// `bytes` is the whole body: amounts are read from its digits, which the values have not kept.
fn read_rows(findings: &mut Findings, value: &Value, bytes: &[u8]) -> Vec<Row> {
    let Some(entries) = value.as_array() else {
        findings.broken(Code::WrongType, "/refunds", "an array", value);
        return Vec::new();
    };
    if entries.is_empty() {
        findings.broken(Code::TooFew, "/refunds", "an array of at least 1 entry", value);
    }
    if entries.len() > REFUNDS_MAX {
        let rule = format!("an array of at most {REFUNDS_MAX} entries");
        findings.broken(Code::TooMany, "/refunds", &rule, value);
        return Vec::new();
    }
    let exact = exact_amounts(bytes);
    let mut rows = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let digits = exact.get(index).and_then(Option::as_deref);
        rows.extend(read_row(findings, &format!("/refunds/{index}"), entry, digits));
    }
    rows
}

/// The amount of each row as it was written.
fn exact_amounts(bytes: &[u8]) -> Vec<Option<String>> {
    let body = std::str::from_utf8(bytes).ok().and_then(Members::read).unwrap_or_default();
    let rows = body.get("refunds").map(RawValue::get).unwrap_or_default();
    let rows: Vec<Box<RawValue>> = serde_json::from_str(rows).unwrap_or_default();
    let amount = |row: &RawValue| Some(Members::read(row.get())?.get("amount")?.get().trim_matches('"').to_owned());
    rows.iter().map(|row| amount(row)).collect()
}

fn read_row(findings: &mut Findings, pointer: &str, entry: &Value, digits: Option<&str>) -> Option<Row> {
    let Some(members) = entry.as_object() else {
        findings.broken(Code::WrongType, pointer, "an object", entry);
        return None;
    };
    let at = |name: &str| format!("{pointer}/{name}");
    for name in ["itemId", "amount", "reason"] {
        if members.get(name).is_none_or(Value::is_null) {
            findings.required(&at(name));
        }
    }
    const KNOWN: [&str; 4] = ["itemId", "isShippingRefund", "amount", "reason"];
    for name in members.keys().filter(|name| !KNOWN.contains(&name.as_str())) {
        findings.refuse_unknown_in(pointer, name, &KNOWN);
    }
    let sent = |name: &str| members.get(name).filter(|value| !value.is_null());
    let item_id = sent("itemId").and_then(|value| findings.text(&at("itemId"), value));
    let is_shipping = match sent("isShippingRefund") {
        Some(value) => findings.flag(&at("isShippingRefund"), value),
        None => Some(false),
    };
    let amount = sent("amount").and_then(|value| read_amount(findings, &at("amount"), value, digits));
    let reason = sent("reason").and_then(|value| read_reason_at(findings, &at("reason"), value));
    Some(Row { item_id: item_id?.to_owned(), is_shipping: is_shipping?, amount: amount?, reason: reason? })
}

fn read_amount(findings: &mut Findings, pointer: &str, value: &Value, digits: Option<&str>) -> Option<Decimal> {
    let Some(digits) = digits.filter(|_| value.is_number() || value.is_string()) else {
        findings.broken(Code::WrongType, pointer, "a number or decimal string", value);
        return None;
    };
    let amount = match money::read_amount(digits) {
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
    // As it was written: the value has not kept all digits.
    let written = if value.is_number() { digits.to_owned() } else { value.to_string() };
    findings.add(Violation::must_be(code, pointer.to_owned(), &rule, &written));
    None
}
