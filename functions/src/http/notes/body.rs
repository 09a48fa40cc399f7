//! The bodies of the note routes, every broken rule of each at once.

use shared::Code;
use shared::ids::MerchantId;
use shared::limits::{ID_CHARACTERS_MAX, NAME_CHARACTERS_MAX};
use shared::network::note::{Author, Content, NotAText, NoteText, ResourceKind, TextFormat};
use shared::network::problem::Violation;

use crate::app::notes::Named;
use crate::http::object::{self, Findings, Value};
use crate::refusal::Refusal;

/// `{resource: {type, id}, text, format?, isInternal?, author?: {id, name}}`.
#[derive(Debug)]
pub(super) struct NewNote {
    pub(super) named: Named,
    pub(super) content: Content,
    pub(super) warnings: Vec<Violation>,
}

/// The same without a resource, or with the one that the note has.
#[derive(Debug)]
pub(super) struct Replacement {
    pub(super) named: Option<Named>,
    pub(super) content: Content,
    pub(super) warnings: Vec<Violation>,
}

/// Whose request it is, and how its body is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'r> {
    pub(super) merchant: &'r MerchantId,
    /// A warning is an error (`Prefer: handling=strict`).
    pub(super) strict: bool,
}

/// What was read; what has a default may be absent or null.
#[derive(Default)]
struct Note {
    named: Option<Named>,
    text: Option<NoteText>,
    format: Option<TextFormat>,
    is_internal: Option<bool>,
    author: Option<Author>,
}

pub(super) fn new_note(bytes: &[u8], reading: Reading<'_>) -> Result<NewNote, Refusal> {
    let (members, mut findings) = object::read(bytes, reading.merchant)?;
    let note = note(&members, &mut findings, |_, _, _| false);
    findings.require("", &members, &["resource", "text"]);
    let warnings = findings.settle(reading.strict)?;
    let (named, content) = reading.settle(note)?;
    Ok(NewNote { named: named.ok_or_else(|| Refusal::rule(Code::Internal))?, content, warnings })
}

/// The note of the path as it was read may be sent back whole: `id` must then be its own, and its times are passed over.
pub(super) fn replacement(bytes: &[u8], id: &str, reading: Reading<'_>) -> Result<Replacement, Refusal> {
    let (members, mut findings) = object::read(bytes, reading.merchant)?;
    let note = note(&members, &mut findings, |findings, name, value| {
        if name == "id" && value.text().as_deref() != Some(id) {
            let message = format!("stays as it is: the note has the id `{id}`");
            findings.told(Code::NotUpdatable, "/id", message, value);
        }
        matches!(name, "id" | "createdAt" | "updatedAt")
    });
    findings.require("", &members, &["text"]);
    let warnings = findings.settle(reading.strict)?;
    let (named, content) = reading.settle(note)?;
    Ok(Replacement { named, content, warnings })
}

impl Reading<'_> {
    /// What was read, once no rule is broken: without an author the merchant itself has written it.
    fn settle(self, note: Note) -> Result<(Option<Named>, Content), Refusal> {
        let Note { named, text, format, is_internal, author } = note;
        let caller = || Author { id: self.merchant.to_string(), name: "Merchant".to_owned() };
        let content = Content {
            text: text.ok_or_else(|| Refusal::rule(Code::Internal))?,
            format: format.unwrap_or_default(),
            is_internal: is_internal.unwrap_or_default(),
            author: author.unwrap_or_else(caller),
        };
        Ok((named, content))
    }
}

/// Reads the members; `other` looks at those that only some bodies know, and says whether it does.
fn note(
    members: &object::Members<'_>,
    findings: &mut Findings,
    other: impl Fn(&mut Findings, &str, Value<'_>) -> bool,
) -> Note {
    let mut read = Note::default();
    for (name, value) in members.iter() {
        match name {
            "resource" | "text" | "format" | "isInternal" | "author" if value.is_null() => {}
            "resource" => read.named = resource(findings, value),
            "text" => read.text = text(findings, value),
            "format" => {
                let known = TextFormat::ALL.map(TextFormat::as_str);
                read.format = keyword(findings, "/format", value, &known).as_deref().and_then(TextFormat::parse);
            }
            "isInternal" => read.is_internal = findings.flag("/isInternal", value),
            "author" => read.author = author(findings, value),
            _ if other(findings, name, value) => {}
            _ => findings.unknown("", (name, value), &["resource", "text", "format", "isInternal", "author"]),
        }
    }
    read
}

fn resource(findings: &mut Findings, value: Value<'_>) -> Option<Named> {
    let [kind, id] = object_of(findings, "/resource", value, ["type", "id"])?;
    let known = ResourceKind::ALL.map(ResourceKind::as_str);
    let kind = kind.and_then(|kind| keyword(findings, "/resource/type", kind, &known));
    let id = id.and_then(|id| line(findings, "/resource/id", id, ID_CHARACTERS_MAX));
    Some(Named { kind: ResourceKind::parse(&kind?)?, id: id? })
}

fn author(findings: &mut Findings, value: Value<'_>) -> Option<Author> {
    let [id, name] = object_of(findings, "/author", value, ["id", "name"])?;
    let id = id.and_then(|id| line(findings, "/author/id", id, ID_CHARACTERS_MAX));
    let name = name.and_then(|value| {
        let name = line(findings, "/author/name", value, NAME_CHARACTERS_MAX)?;
        (!findings.card_number("/author/name", value)).then_some(name)
    });
    Some(Author { id: id?, name: name? })
}

/// The two members of an object, which it must have.
fn object_of<'b>(
    findings: &mut Findings,
    pointer: &str,
    value: Value<'b>,
    names: [&str; 2],
) -> Option<[Option<Value<'b>>; 2]> {
    let members = findings.object(pointer, value)?;
    for member in members.iter().filter(|(name, _)| !names.contains(name)) {
        findings.unknown(pointer, member, &names);
    }
    findings.require(pointer, &members, &names);
    Some(names.map(|name| members.get(name)))
}

fn text(findings: &mut Findings, value: Value<'_>) -> Option<NoteText> {
    let sent = findings.text("/text", value)?;
    let has_card_number = findings.card_number("/text", value);
    match NoteText::parse(&sent) {
        Ok(text) => (!has_card_number).then_some(text),
        Err(rule) => {
            let code = match rule {
                NotAText::Blank => Code::TooShort,
                NotAText::TooLong => Code::TooLong,
                NotAText::ControlCharacter => Code::ControlCharacter,
            };
            findings.broken(code, "/text", &rule.to_string(), value);
            None
        }
    }
}

fn keyword(findings: &mut Findings, pointer: &str, value: Value<'_>, known: &[&str]) -> Option<String> {
    let text = findings.text(pointer, value)?;
    if known.contains(&text.as_str()) {
        return Some(text);
    }
    let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    findings.broken(Code::InvalidFormat, pointer, &format!("one of {}", names.join(", ")), value);
    None
}

/// A text of one line.
fn line(findings: &mut Findings, pointer: &str, value: Value<'_>, characters_max: usize) -> Option<String> {
    let text = findings.text(pointer, value)?;
    let (code, rule) = if text.trim().is_empty() {
        (Code::TooShort, "a text of at least 1 character that is no white space".to_owned())
    } else if text.chars().count() > characters_max {
        (Code::TooLong, format!("a text of at most {characters_max} characters"))
    } else if text.chars().any(char::is_control) {
        (Code::ControlCharacter, "a text without control characters".to_owned())
    } else {
        return Some(text);
    };
    findings.broken(code, pointer, &rule, value);
    None
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::Code;
    use shared::ids::MerchantId;

    use super::{Reading, new_note, replacement};

    const ID: &str = "0898f154eef04ff51bbbc0de";

    fn merchant() -> MerchantId {
        MerchantId::parse("b234ee56-7890-4f12-a123-4567890abcde").unwrap()
    }

    fn broken(body: &Value, strict: bool) -> Vec<(Code, String)> {
        let merchant = merchant();
        let refusal = new_note(body.to_string().as_bytes(), Reading { merchant: &merchant, strict }).unwrap_err();
        refusal.violations.into_iter().map(|violation| (violation.error_code, violation.pointer)).collect()
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let merchant = merchant();
        let reading = Reading { merchant: &merchant, strict: true };
        let body =
            json!({"resource": {"type": "Product", "id": "p"}, "text": " as it is\n", "author": null, "format": null});
        let note = new_note(body.to_string().as_bytes(), reading).unwrap();
        assert_eq!(
            serde_json::to_value(&note.content).unwrap(),
            json!({"text": " as it is\n", "format": "PlainText", "isInternal": false,
                   "author": {"id": merchant.as_str(), "name": "Merchant"}})
        );
        assert_eq!((note.named.kind.as_str(), note.named.id.as_str()), ("Product", "p"));
    }

    #[test]
    fn every_broken_rule_is_told_at_once() {
        let expected = |all: &[(Code, &str)]| -> Vec<(Code, String)> {
            all.iter().map(|(code, pointer)| (*code, (*pointer).to_owned())).collect()
        };
        assert_eq!(broken(&json!({}), false), expected(&[(Code::Required, "/resource"), (Code::Required, "/text")]));
        let body = json!({
            "author": {"id": "", "name": "x".repeat(201)}, "format": "Html", "isInternal": "no",
            "resource": {"type": "Invoice"}, "text": 5, "unknown": 1,
        });
        assert_eq!(
            broken(&body, true),
            expected(&[
                (Code::TooShort, "/author/id"),
                (Code::TooLong, "/author/name"),
                (Code::InvalidFormat, "/format"),
                (Code::WrongType, "/isInternal"),
                (Code::InvalidFormat, "/resource/type"),
                (Code::Required, "/resource/id"),
                (Code::WrongType, "/text"),
                (Code::UnknownMember, "/unknown"),
            ])
        );
        let body = |text: &str| json!({"resource": {"type": "Product", "id": "p", "x": 1}, "text": text});
        assert_eq!(broken(&body(" "), false), expected(&[(Code::TooShort, "/text")]));
        assert_eq!(broken(&body(&"x".repeat(10_001)), false), expected(&[(Code::TooLong, "/text")]));
        assert_eq!(broken(&body("a\u{7}"), false), expected(&[(Code::ControlCharacter, "/text")]));
        assert_eq!(broken(&body("no 4111 1111 1111 1111"), false), expected(&[(Code::CardNumber, "/text")]));
        assert_eq!(broken(&body("a"), true), expected(&[(Code::UnknownMember, "/resource/x")]));
        let foreign = json!({"resource": {"type": "Product", "id": "p"}, "text": "a",
                             "merchantId": "00000000-0000-4000-8000-000000000000"});
        assert_eq!(broken(&foreign, false), expected(&[(Code::MerchantMismatch, "/merchantId")]));
    }

    #[test]
    fn a_note_that_was_read_may_be_sent_back() {
        let merchant = merchant();
        let reading = Reading { merchant: &merchant, strict: true };
        let mut body = json!({
            "id": ID, "resource": {"type": "Product", "id": "p"}, "text": "a", "format": "Markdown", "isInternal": true,
            "author": {"id": "u", "name": "Ada"}, "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "x",
        });
        let read = replacement(body.to_string().as_bytes(), ID, reading).unwrap();
        assert_eq!((read.named.unwrap().id.as_str(), read.content.author.name.as_str()), ("p", "Ada"));
        body["id"] = json!("0898f154eef04ff51bbbc0dd");
        let refusal = replacement(body.to_string().as_bytes(), ID, reading).unwrap_err();
        assert_eq!(
            (refusal.violations[0].error_code, refusal.violations[0].pointer.as_str()),
            (Code::NotUpdatable, "/id")
        );
    }
}
