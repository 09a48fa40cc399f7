//! The body of an inbound order: `{body, transformationId?, merchantId?}`, every broken rule of it at once.

use shared::Code;
use shared::ids::MerchantId;
use shared::limits::INBOUND_BYTES_MAX;
use shared::network::inbound::TransformationId;
use shared::network::problem::Violation;
use shared::network::transform::{Tree, Unreadable};

use crate::app::inbound::Submission;
use crate::http::object::{self, Findings, Value};
use crate::refusal::Refusal;

/// What is sent, by the merchant whose the credentials are.
pub(super) fn submission(
    bytes: &[u8],
    merchant: &MerchantId,
    strict: bool,
) -> Result<(Submission, Vec<Violation>), Refusal> {
    let (members, mut findings) = object::read(bytes, merchant)?;
    let (mut foreign, mut transformation) = (None, None);
    for (name, value) in members.iter() {
        match name {
            "body" | "transformationId" if value.is_null() => {}
            "body" => foreign = body(&mut findings, value),
            "transformationId" => transformation = uuid(&mut findings, "/transformationId", value),
            _ => findings.unknown("", (name, value), &["body", "transformationId"]),
        }
    }
    findings.require("", &members, &["body"]);
    let warnings = findings.settle(strict)?;
    Ok((Submission { foreign: foreign.unwrap_or_default(), transformation, strict }, warnings))
}

/// The foreign body alone, to try the transformation `id` on, of a request that may be that of an inbound order.
pub(crate) fn foreign(
    bytes: &[u8],
    (merchant, id): (&MerchantId, &str),
    strict: bool,
) -> Result<(String, Vec<Violation>), Refusal> {
    let (members, mut findings) = object::read(bytes, merchant)?;
    let mut foreign = None;
    for (name, value) in members.iter() {
        match name {
            "body" | "transformationId" if value.is_null() => {}
            "body" => foreign = body(&mut findings, value),
            "transformationId" if value.text().is_some_and(|named| named == id) => {}
            "transformationId" => {
                findings.ignored("/transformationId".to_owned(), value, "is passed over: the path names another");
            }
            _ => findings.unknown("", (name, value), &["body", "transformationId"]),
        }
    }
    findings.require("", &members, &["body"]);
    Ok((foreign.unwrap_or_default(), findings.settle(strict)?))
}

/// The foreign body as it was written: any JSON that is not too long and not too deep.
fn body(findings: &mut Findings, value: Value<'_>) -> Option<String> {
    const PLACE: &str = "/body";
    let text = value.json();
    if text.len() > INBOUND_BYTES_MAX {
        let message = format!("must have at most {INBOUND_BYTES_MAX} bytes, but has {}", text.len());
        findings.told(Code::PayloadTooLarge, PLACE, message, value);
        return None;
    }
    match Tree::read(text) {
        Ok(_) => return Some(text.to_owned()),
        Err(Unreadable::TooDeep) => findings.told(Code::TooDeep, PLACE, Unreadable::TooDeep.to_string(), value),
        Err(Unreadable::NotJson) => findings.told(Code::NotJson, PLACE, Code::NotJson.title().to_owned(), value),
    }
    None
}

fn uuid(findings: &mut Findings, pointer: &str, value: Value<'_>) -> Option<TransformationId> {
    let id = TransformationId::parse(&findings.text(pointer, value)?).ok();
    if id.is_none() {
        findings.broken(Code::InvalidFormat, pointer, "a UUID", value);
    }
    id
}
