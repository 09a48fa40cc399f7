//! Handlers that change the state of an order of the order network API
//! (docs/apis/order-network-api.md#cancel-an-order-or-items and the two sections after it).
//!
//! Each answers 200 with the order and its `ETag`, also when the order was so already; 404; 412 where `If-Match` names
//! another version; 422 with the reason where the order's state does not allow it. As everywhere in this API the first of
//! these that holds is told: 400 and 403 for what the body says, 404, 412, 422.

use axum::http::{HeaderMap, header};
use axum::response::Response;
use shared::Code;
use shared::ids::{MerchantId, OrderId};
use shared::limits::{CANCELLED_ITEMS_MAX, REASON_CHARACTERS_MAX};
use shared::network::problem::Violation;
use shared::order::{CancelledLine, Command, Units};

use super::body::{JsonBody, OptionalJsonBody};
use super::caller::NetworkCaller;
use super::network::{envelope, is_strict, not_found};
use super::object::{self, Findings, Value};
use super::parameters::PathParameter;
use crate::app::manage_order::{Change, change_order};
use crate::app::precondition::Versions;
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::network_orders::FoundOrder;

/// `POST /order/v1/orders/{orderId}/cancel`: `{reason, items?: [{itemId, quantity?}]}`.
pub(crate) async fn cancel(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    PathParameter(order_id): PathParameter,
    JsonBody(bytes): JsonBody,
) -> Result<Response, Refusal> {
    let body = CancelBody::read(&bytes, &merchant)?;
    let id = order_id_of(&order_id)?;
    let command = |order: &FoundOrder| body.command(&id, order);
    change(&table, &merchant, &id, &headers, Some(body.reason.clone()), Vec::new(), command).await
}

/// `POST /order/v1/orders/{orderId}/customerCareHold`: `{reason}`; another reason takes the place of the one before.
pub(crate) async fn hold(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    PathParameter(order_id): PathParameter,
    JsonBody(bytes): JsonBody,
) -> Result<Response, Refusal> {
    let (reason, warnings) = reason_of(&bytes, &merchant, is_strict(&headers))?;
    let id = order_id_of(&order_id)?;
    let command = Command::Hold(reason.clone());
    change(&table, &merchant, &id, &headers, Some(reason), warnings, |_| Ok(command.clone())).await
}

/// `POST /order/v1/orders/{orderId}/customerCareHold/release`.
pub(crate) async fn release(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    PathParameter(order_id): PathParameter,
    OptionalJsonBody(bytes): OptionalJsonBody,
) -> Result<Response, Refusal> {
    let warnings = nothing_of(&bytes, &merchant, is_strict(&headers))?;
    let id = order_id_of(&order_id)?;
    change(&table, &merchant, &id, &headers, None, warnings, |_| Ok(Command::Release)).await
}

/// `POST /order/v1/orders/{orderId}/startProcessing`: an order that waits begins, with all its items.
pub(crate) async fn start(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    PathParameter(order_id): PathParameter,
    OptionalJsonBody(bytes): OptionalJsonBody,
) -> Result<Response, Refusal> {
    let warnings = nothing_of(&bytes, &merchant, is_strict(&headers))?;
    let id = order_id_of(&order_id)?;
    change(&table, &merchant, &id, &headers, None, warnings, |_| Ok(Command::Start)).await
}

/// `POST /order/v1/orders/{orderId}/refreshProcessing`: what failed is tried again.
pub(crate) async fn refresh(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    PathParameter(order_id): PathParameter,
    OptionalJsonBody(bytes): OptionalJsonBody,
) -> Result<Response, Refusal> {
    let warnings = nothing_of(&bytes, &merchant, is_strict(&headers))?;
    let id = order_id_of(&order_id)?;
    change(&table, &merchant, &id, &headers, None, warnings, |_| Ok(Command::Restart)).await
}

pub(super) fn order_id_of(order_id: &str) -> Result<OrderId, Refusal> {
    OrderId::parse(order_id).map_err(|_| not_found("orderId", order_id))
}

async fn change(
    table: &Table,
    merchant: &MerchantId,
    id: &OrderId,
    headers: &HeaderMap,
    reason: Option<String>,
    warnings: Vec<Violation>,
    command: impl Fn(&FoundOrder) -> Result<Command, Refusal>,
) -> Result<Response, Refusal> {
    let change = Change { merchant, id, actor: None, reason, version: version_of(headers), part: 0 };
    let order = change_order(table, &change, command).await?;
    let order = order.ok_or_else(|| not_found("orderId", id.as_str()))?;
    envelope(order, merchant, id, warnings)
}

/// The versions of `If-Match`, a list in one header or several; none without one, and with `*`, which anything matches.
pub(super) fn version_of(headers: &HeaderMap) -> Option<Versions> {
    let values = headers.get_all(header::IF_MATCH).iter().map(|value| value.to_str().unwrap_or_default());
    let values: Vec<&str> = values.collect();
    if values.iter().all(|value| value.trim() == "*") {
        return None;
    }
    let tags: Vec<&str> = values.into_iter().flat_map(outside_quotes).map(str::trim).collect();
    // A tag is opaque: only one that was given is one. Where none was, no version will do.
    let version = |tag: &&str| -> Option<u64> {
        let version = tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()?;
        (format!("\"{version}\"") == **tag).then_some(version)
    };
    Some(Versions(tags.iter().filter_map(version).collect()))
}

/// What stands between commas: a tag may hold commas itself (RFC 9110, section 8.8.3).
fn outside_quotes(list: &str) -> Vec<&str> {
    let mut is_quoted = false;
    list.split(|character| {
        is_quoted ^= character == '"';
        character == ',' && !is_quoted
    })
    .collect()
}

/// A body that has no members and may be left out: what is in it all the same is noticed.
fn nothing_of(bytes: &[u8], merchant: &MerchantId, strict: bool) -> Result<Vec<Violation>, Refusal> {
    let (members, mut findings) = object::read_optional(bytes, merchant)?;
    members.iter().for_each(|member| findings.unknown("", member, &[]));
    findings.settle(strict)
}

/// A reason for people: the one member of a body.
fn reason_of(bytes: &[u8], merchant: &MerchantId, strict: bool) -> Result<(String, Vec<Violation>), Refusal> {
    let (members, mut findings) = object::read(bytes, merchant)?;
    let mut reason = None;
    for (name, value) in members.iter() {
        match name {
            "reason" if value.is_null() => {}
            "reason" => reason = read_reason(&mut findings, "/reason", value),
            _ => findings.unknown("", (name, value), &["reason"]),
        }
    }
    findings.require("", &members, &["reason"]);
    let warnings = findings.settle(strict)?;
    Ok((reason.unwrap_or_default(), warnings))
}

/// A reason may have lines, and no other control characters: it is shown, logged and stored. So it holds no card number.
pub(super) fn read_reason(findings: &mut Findings, pointer: &str, value: Value<'_>) -> Option<String> {
    let text = findings.text(pointer, value)?;
    let text = text.trim();
    let has_card_number = findings.card_number(pointer, value);
    if text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t')) {
        let rule = "a text without control characters but line breaks and tabs";
        findings.broken(Code::ControlCharacter, pointer, rule, value);
        return None;
    }
    let characters = text.chars().count();
    if characters == 0 {
        findings.broken(Code::TooShort, pointer, "a text of at least 1 character that is no white space", value);
        return None;
    }
    if characters > REASON_CHARACTERS_MAX {
        let rule = format!("a text of at most {REASON_CHARACTERS_MAX} characters");
        findings.broken(Code::TooLong, pointer, &rule, value);
        return None;
    }
    (!has_card_number).then(|| text.to_owned())
}

/// What is to be cancelled and why.
struct CancelBody {
    reason: String,
    /// None for all.
    items: Option<Vec<CancelledItem>>,
}

struct CancelledItem {
    id: String,
    quantity: Option<u32>,
}

impl CancelBody {
    /// An unknown member is an error here: misspelt `items` would cancel the whole order, which nothing takes back.
    fn read(bytes: &[u8], merchant: &MerchantId) -> Result<Self, Refusal> {
        let (members, mut findings) = object::read(bytes, merchant)?;
        let (mut reason, mut items) = (None, None);
        for (name, value) in members.iter() {
            match name {
                "reason" | "items" if value.is_null() => {}
                "reason" => reason = read_reason(&mut findings, "/reason", value),
                "items" => items = Some(findings.rows("/items", value, (1, CANCELLED_ITEMS_MAX), read_item)),
                _ => findings.refuse_unknown("", (name, value), &["reason", "items"]),
            }
        }
        findings.require("", &members, &["reason"]);
        findings.settle(false)?;
        Ok(Self { reason: reason.unwrap_or_default(), items })
    }

    /// The command for this order.
    fn command(&self, id: &OrderId, order: &FoundOrder) -> Result<Command, Refusal> {
        let Some(items) = &self.items else { return Ok(Command::Cancel(None)) };
        let (mut lines, mut missing) = (Vec::new(), Vec::new());
        for (index, item) in items.iter().enumerate() {
            let line = id.item_index(&item.id).and_then(|line| Some((line, order.request.items.get(line)?)));
            let Some((line, ordered)) = line else {
                missing.push(no_such_item(format!("/items/{index}/itemId"), &item.id));
                continue;
            };
            let units = item.quantity.map(|count| Units { count, ordered: ordered.quantity });
            lines.push(CancelledLine { line, units });
        }
        if missing.is_empty() { Ok(Command::Cancel(Some(lines))) } else { Err(Refusal::invalid(missing)) }
    }
}

/// The text at `pointer` is the id of no item of the order.
pub(super) fn no_such_item(pointer: String, id: &str) -> Violation {
    let json = serde_json::Value::from(id).to_string();
    Violation::must_be(Code::NoSuchItem, pointer, "the id of an item of the order", &json)
}

fn read_item(findings: &mut Findings, pointer: &str, entry: Value<'_>) -> Option<CancelledItem> {
    let members = findings.object(pointer, entry)?;
    let (mut id, mut quantity) = (None, None);
    for (name, value) in members.iter() {
        match name {
            "itemId" | "quantity" if value.is_null() => {}
            "itemId" => id = findings.text(&format!("{pointer}/itemId"), value),
            "quantity" => quantity = read_quantity(findings, &format!("{pointer}/quantity"), value),
            _ => findings.refuse_unknown(pointer, (name, value), &["itemId", "quantity"]),
        }
    }
    findings.require(pointer, &members, &["itemId"]);
    Some(CancelledItem { id: id?, quantity })
}

fn read_quantity(findings: &mut Findings, pointer: &str, value: Value<'_>) -> Option<u32> {
    let count = value.integer().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
    if count.is_none() {
        let is_whole = value.is_number() && !value.json().contains('.');
        let code = if is_whole { Code::OutOfRange } else { Code::WrongType };
        findings.broken(code, pointer, "a whole number of at least 1", value);
    }
    count
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, header};

    use super::version_of;
    use crate::app::precondition::Versions;

    #[test]
    fn a_condition_is_a_list_of_tags_each_of_which_is_whole() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::IF_MATCH, value.parse().unwrap());
            }
            version_of(&headers).map(|Versions(versions)| versions)
        };
        for (values, versions) in [
            (&[][..], None),
            (&["*"], None),
            (&[" * "], None),
            (&["\"3\""], Some(vec![3])),
            (&["\"3\" , \"4\"", "\"5\""], Some(vec![3, 4, 5])),
            (&["\"a,*,b\""], Some(Vec::new())),
            (&["\"9\", *"], Some(vec![9])),
            (&["W/\"3\""], Some(Vec::new())),
            (&["\"03\"", "3", ""], Some(Vec::new())),
        ] {
            assert_eq!(read(values), versions, "{values:?}");
        }
    }
}
