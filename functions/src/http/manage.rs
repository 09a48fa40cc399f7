//! Handlers that change the state of an order of the order network API (choices file, rows 13, 14 and the extra rows).
//!
//! Each answers 200 with the order and its `ETag`, also when the order was so already; 404; 412 where `If-Match` names
//! another version; 422 with the reason where the order's state does not allow it.

use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde_json::Value;
use shared::Code;
use shared::ids::{MerchantId, OrderId};
use shared::limits::{CANCELLED_ITEMS_MAX, REASON_CHARACTERS_MAX};
use shared::network::problem::Violation;
use shared::order::{CancelledLine, Command, Units};

use super::body::{JsonBody, OptionalJsonBody};
use super::caller::NetworkCaller;
use super::network::{envelope, is_strict, not_found};
use super::object::{Findings, Object};
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
    let id = order_id_of(&order_id)?;
    let body = CancelBody::read(&bytes, &merchant)?;
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
    let id = order_id_of(&order_id)?;
    let (reason, warnings) = reason_of(&bytes, &merchant, is_strict(&headers))?;
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
    let id = order_id_of(&order_id)?;
    let warnings = nothing_of(&bytes, &merchant, is_strict(&headers))?;
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
    let id = order_id_of(&order_id)?;
    let warnings = nothing_of(&bytes, &merchant, is_strict(&headers))?;
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
    let id = order_id_of(&order_id)?;
    let warnings = nothing_of(&bytes, &merchant, is_strict(&headers))?;
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
    let change = Change { merchant, id, actor: None, reason, version: version_of(headers)?, part: 0 };
    let order = change_order(table, &change, command).await?;
    let order = order.ok_or_else(|| not_found("orderId", id.as_str()))?;
    envelope(order, merchant, id, warnings)
}

/// The versions of `If-Match`, a list in one header or several; none without one, and with `*`, which any order matches.
pub(super) fn version_of(headers: &HeaderMap) -> Result<Option<Versions>, Refusal> {
    let mut values =
        headers.get_all(header::IF_MATCH).iter().map(|value| value.to_str().unwrap_or_default()).peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    let tags: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    if tags.contains(&"*") {
        return Ok(None);
    }
    // A tag is opaque: only one that was given is one.
    let version = |tag: &&str| -> Option<u64> {
        let version = tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()?;
        (format!("\"{version}\"") == **tag).then_some(version)
    };
    let versions: Vec<u64> = tags.iter().filter_map(version).collect();
    if versions.is_empty() {
        return Err(Refusal::new(Code::PreconditionFailed, "the If-Match is no ETag that was given"));
    }
    Ok(Some(Versions(versions)))
}

/// A body that has no members and may be left out: what is in it all the same is noticed.
fn nothing_of(bytes: &[u8], merchant: &MerchantId, strict: bool) -> Result<Vec<Violation>, Refusal> {
    let (object, mut findings) = Object::read_optional(bytes, merchant)?;
    object.members().for_each(|(name, _)| findings.unknown(name, &[]));
    findings.settle(strict)
}

/// A reason for people: the one member of a body.
fn reason_of(bytes: &[u8], merchant: &MerchantId, strict: bool) -> Result<(String, Vec<Violation>), Refusal> {
    let (object, mut findings) = Object::read(bytes, merchant)?;
    let mut reason = None;
    for (name, value) in object.members() {
        match name {
            "reason" if value.is_null() => {}
            "reason" => reason = read_reason(&mut findings, value),
            other => findings.unknown(other, &["reason"]),
        }
    }
    object.require(&mut findings, &["reason"]);
    let warnings = findings.settle(strict)?;
    Ok((reason.unwrap_or_default(), warnings))
}

pub(super) fn read_reason(findings: &mut Findings, value: &Value) -> Option<String> {
    read_reason_at(findings, "/reason", value)
}

/// A reason may have lines, and no other control characters: it is shown, logged and stored. So it holds no card number.
pub(super) fn read_reason_at(findings: &mut Findings, pointer: &str, value: &Value) -> Option<String> {
    let text = findings.text(pointer, value)?.trim();
    let has_card_number = findings.card_number(pointer, text);
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
        let (object, mut findings) = Object::read(bytes, merchant)?;
        let (mut reason, mut items) = (None, None);
        for (name, value) in object.members() {
            match name {
                "reason" | "items" if value.is_null() => {}
                "reason" => reason = read_reason(&mut findings, value),
                "items" => items = Some(read_items(&mut findings, value)),
                other => findings.refuse_unknown_in("", other, &["reason", "items"]),
            }
        }
        object.require(&mut findings, &["reason"]);
        findings.settle(false)?;
        Ok(Self { reason: reason.unwrap_or_default(), items })
    }

    /// The command for this order.
    fn command(&self, id: &OrderId, order: &FoundOrder) -> Result<Command, Refusal> {
        let Some(items) = &self.items else { return Ok(Command::Cancel(None)) };
        let mut lines = Vec::new();
        let mut findings = Findings::default();
        for (index, item) in items.iter().enumerate() {
            let line = id.item_index(&item.id).and_then(|line| Some((line, order.request.items.get(line)?)));
            let Some((line, ordered)) = line else {
                let at = format!("/items/{index}/itemId");
                findings.broken(Code::NoSuchItem, &at, "the id of an item of the order", &item.id.as_str().into());
                continue;
            };
            let units = item.quantity.map(|count| Units { count, ordered: ordered.quantity });
            lines.push(CancelledLine { line, units });
        }
        findings.settle(false)?;
        Ok(Command::Cancel(Some(lines)))
    }
}

fn read_items(findings: &mut Findings, value: &Value) -> Vec<CancelledItem> {
    let Some(entries) = value.as_array() else {
        findings.broken(Code::WrongType, "/items", "an array", value);
        return Vec::new();
    };
    if entries.is_empty() {
        findings.broken(Code::TooFew, "/items", "an array of at least 1 entry", value);
    }
    if entries.len() > CANCELLED_ITEMS_MAX {
        let rule = format!("an array of at most {CANCELLED_ITEMS_MAX} entries");
        findings.broken(Code::TooMany, "/items", &rule, value);
        return Vec::new();
    }
    let mut items = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let pointer = format!("/items/{index}");
        let Some(members) = entry.as_object() else {
            findings.broken(Code::WrongType, &pointer, "an object", entry);
            continue;
        };
        for name in members.keys().filter(|name| !matches!(name.as_str(), "itemId" | "quantity")) {
            findings.refuse_unknown_in(&pointer, name, &["itemId", "quantity"]);
        }
        let quantity = members.get("quantity").filter(|quantity| !quantity.is_null());
        let count =
            |value: &Value| value.as_u64().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
        let id = match members.get("itemId").filter(|id| !id.is_null()) {
            Some(id) => findings.text(&format!("{pointer}/itemId"), id),
            None => {
                findings.required(&format!("{pointer}/itemId"));
                None
            }
        };
        if let Some(value) = quantity.filter(|value| count(value).is_none()) {
            findings.broken(Code::OutOfRange, &format!("{pointer}/quantity"), "a whole number of at least 1", value);
        }
        let Some(id) = id else { continue };
        items.push(CancelledItem { id: id.to_owned(), quantity: quantity.and_then(count) });
    }
    items
}
