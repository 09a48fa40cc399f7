//! The body of an inbound order: `{body, transformationId?, merchantId?}`, every broken rule of it at once.

use serde_json::Value;
use shared::Code;
use shared::ids::MerchantId;
use shared::limits::INBOUND_BYTES_MAX;
use shared::network::inbound::TransformationId;
use shared::network::merge::Members;
use shared::network::problem::Violation;
use shared::network::transform::{Tree, Unreadable};

use crate::app::inbound::Submission;
use crate::http::object::{Findings, Object};
use crate::refusal::Refusal;

const BODY: &str = "/body";

type Read<T> = Result<(T, Vec<Violation>), Refusal>;

/// What is sent, by the merchant whose the credentials are.
pub(super) fn submission(bytes: &[u8], merchant: &MerchantId, strict: bool) -> Read<Submission> {
    let (object, mut findings) = Object::read(bytes, merchant)?;
    let mut submission = Submission { foreign: String::new(), transformation: None, strict };
    for (name, value) in object.members() {
        match name {
            "body" if value.is_null() => {}
            "body" => {
                submission.foreign = body_of(bytes, &mut findings);
            }
            "transformationId" if value.is_null() => {}
            "transformationId" => submission.transformation = uuid(&mut findings, "/transformationId", value),
            _ => findings.unknown(name, &["body", "transformationId"]),
        }
    }
    object.require(&mut findings, &["body"]);
    Ok((submission, findings.settle(strict)?))
}

/// The foreign body alone, of a request that may have the other members as well.
pub(crate) fn foreign(bytes: &[u8], merchant: &MerchantId) -> Result<String, Refusal> {
    let (object, mut findings) = Object::read(bytes, merchant)?;
    let foreign = if object.has("body") { body_of(bytes, &mut findings) } else { String::new() };
    object.require(&mut findings, &["body"]);
    findings.settle(false)?;
    Ok(foreign)
}

/// The member `body` as it was written: any JSON that is not too long and not too deep.
fn body_of(bytes: &[u8], findings: &mut Findings) -> String {
    let members = Members::read(std::str::from_utf8(bytes).unwrap_or_default()).unwrap_or_default();
    let body = members.get("body").map(|raw| raw.get()).unwrap_or_default();
    let broken = if body.len() > INBOUND_BYTES_MAX {
        let message = format!("must have at most {INBOUND_BYTES_MAX} bytes, but has {}", body.len());
        (Code::PayloadTooLarge, message)
    } else {
        match Tree::read(body) {
            Ok(_) => return body.to_owned(),
            Err(Unreadable::TooDeep) => (Code::TooDeep, Unreadable::TooDeep.to_string()),
            Err(Unreadable::NotJson) => (Code::NotJson, Code::NotJson.title().to_owned()),
        }
    };
    findings.add(Violation::new(broken.0, BODY.to_owned(), broken.1, None));
    String::new()
}

fn uuid(findings: &mut Findings, pointer: &str, value: &Value) -> Option<TransformationId> {
    let id = TransformationId::parse(findings.text(pointer, value)?).ok();
    if id.is_none() {
        findings.broken(Code::InvalidFormat, pointer, "a UUID", value);
    }
    id
}
