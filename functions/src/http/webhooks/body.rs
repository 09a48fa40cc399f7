//! The bodies of the webhook routes, every broken rule of each at once.

use shared::Code;
use shared::ids::MerchantId;
use shared::limits::{DESCRIPTION_CHARACTERS_MAX, SECRET_OVERLAP_SECONDS_MAX};
use shared::network::problem::Violation;
use shared::webhook::EventKind;

use crate::app::webhooks::{NewSubscription, SubscriptionPatch};
use crate::http::object::{self, Findings, Value};
use crate::outbound::guard;
use crate::refusal::Refusal;

/// How a body is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'r> {
    /// Whose request it is.
    pub(super) merchant: &'r MerchantId,
    /// A warning is an error (`Prefer: handling=strict`).
    pub(super) strict: bool,
    /// Subscribers may be on this machine.
    pub(super) allow_loopback: bool,
}

type Read<T> = Result<(T, Vec<Violation>), Refusal>;

/// `{url, events, description?, isEnabled?}`.
pub(super) fn subscription(bytes: &[u8], reading: Reading<'_>) -> Read<NewSubscription> {
    let (members, mut findings) = object::read(bytes, reading.merchant)?;
    // A null is an absent member.
    let patch = read(&members, reading, &mut findings, |_, _| {});
    findings.require("", &members, &["url", "events"]);
    let warnings = findings.settle(reading.strict)?;
    let new = NewSubscription {
        url: patch.url.unwrap_or_default(),
        events: patch.events.unwrap_or_default(),
        description: patch.description.flatten(),
        is_enabled: patch.is_enabled.unwrap_or(true),
    };
    Ok((new, warnings))
}

/// A merge patch (RFC 7396) of the same members; only the description can be taken away.
pub(super) fn patch(bytes: &[u8], reading: Reading<'_>) -> Read<SubscriptionPatch> {
    let (members, mut findings) = object::read(bytes, reading.merchant)?;
    let patch = read(&members, reading, &mut findings, |findings, name| findings.absent("", &members, name));
    Ok((patch, findings.settle(reading.strict)?))
}

/// `{overlapSeconds?}`: for how long the secrets before it sign as well; a day when it does not say.
pub(super) fn overlap_seconds(bytes: &[u8], reading: Reading<'_>) -> Read<i64> {
    const DEFAULT: i64 = 24 * 3600;
    let (members, mut findings) = object::read_optional(bytes, reading.merchant)?;
    let mut seconds = DEFAULT;
    for (name, value) in members.iter() {
        match name {
            "overlapSeconds" if value.is_null() => {}
            "overlapSeconds" => {
                match value.integer().filter(|seconds| (0..=SECRET_OVERLAP_SECONDS_MAX).contains(seconds)) {
                    Some(given) => seconds = given,
                    None => {
                        let code = if value.is_number() { Code::OutOfRange } else { Code::WrongType };
                        let rule = format!("an integer from 0 to {SECRET_OVERLAP_SECONDS_MAX}");
                        findings.broken(code, "/overlapSeconds", &rule, value);
                    }
                }
            }
            _ => findings.unknown("", (name, value), &["overlapSeconds"]),
        }
    }
    Ok((seconds, findings.settle(reading.strict)?))
}

/// Reads the members; `null` says what is to be said of a null where a member cannot be taken away.
fn read(
    members: &object::Members<'_>,
    reading: Reading<'_>,
    findings: &mut Findings,
    null: impl Fn(&mut Findings, &str),
) -> SubscriptionPatch {
    let mut patch = SubscriptionPatch::default();
    for (name, value) in members.iter() {
        let pointer = format!("/{name}");
        match name {
            "description" if value.is_null() => patch.description = Some(None),
            "url" | "events" | "isEnabled" if value.is_null() => null(findings, name),
            "url" => patch.url = url(findings, &pointer, value, reading.allow_loopback),
            "events" => patch.events = events(findings, &pointer, value),
            "description" => patch.description = description(findings, &pointer, value).map(Some),
            "isEnabled" => patch.is_enabled = findings.flag(&pointer, value),
            _ => findings.unknown("", (name, value), &["url", "events", "description", "isEnabled"]),
        }
    }
    patch
}

fn url(findings: &mut Findings, pointer: &str, value: Value<'_>, allow_loopback: bool) -> Option<String> {
    let text = findings.text(pointer, value)?;
    match guard::destination(&text, allow_loopback) {
        Ok(_) => Some(text),
        Err(refused) => {
            let is_long = refused == guard::UrlRefused::TooLong;
            let code = if is_long { Code::TooLong } else { Code::InvalidFormat };
            findings.broken(code, pointer, &refused.to_string(), value);
            None
        }
    }
}

/// A list without repetitions, as a set is what is meant.
fn events(findings: &mut Findings, pointer: &str, value: Value<'_>) -> Option<Vec<EventKind>> {
    let mut kinds = Vec::new();
    for (index, value) in findings.array(pointer, value, (1, EventKind::ALL.len()))?.into_iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        let Some(name) = findings.text(&pointer, value) else { continue };
        match EventKind::parse(&name) {
            Some(kind) if !kinds.contains(&kind) => kinds.push(kind),
            Some(_) => {}
            None => {
                let names: Vec<String> = EventKind::ALL.iter().map(|kind| format!("`{kind}`")).collect();
                findings.broken(Code::InvalidFormat, &pointer, &format!("one of {}", names.join(", ")), value);
            }
        }
    }
    Some(kinds)
}

fn description(findings: &mut Findings, pointer: &str, value: Value<'_>) -> Option<String> {
    let text = findings.text(pointer, value)?;
    if findings.card_number(pointer, value) {
        return None;
    }
    let length = text.chars().count();
    let (code, message) = if length > DESCRIPTION_CHARACTERS_MAX {
        (Code::TooLong, format!("must have at most {DESCRIPTION_CHARACTERS_MAX} characters, but has {length}"))
    } else if text.chars().any(char::is_control) {
        (Code::ControlCharacter, "must hold no control characters".to_owned())
    } else {
        return Some(text);
    };
    findings.told(code, pointer, message, value);
    None
}

#[cfg(test)]
mod tests {
    use super::{Reading, overlap_seconds, patch, subscription};
    use crate::refusal::Refusal;
    use std::sync::LazyLock;

    use shared::Code;
    use shared::ids::MerchantId;
    use shared::webhook::EventKind;

    fn reading() -> Reading<'static> {
        static MERCHANT: LazyLock<MerchantId> =
            LazyLock::new(|| MerchantId::parse("b234ee56-7890-4f12-a123-4567890abcde").unwrap());
        Reading { merchant: &MERCHANT, strict: false, allow_loopback: false }
    }

    fn broken<T: std::fmt::Debug>(read: Result<T, Refusal>) -> Vec<(Code, String)> {
        read.unwrap_err().violations.into_iter().map(|broken| (broken.error_code, broken.pointer)).collect()
    }

    #[test]
    fn a_whole_body_is_read() {
        let body = br#"{"isEnabled": false, "events": ["OrderUpdate", "OrderUpdate"], "url": "https://example.com/", "description": null, "urls": 1}"#;
        let (new, warnings) = subscription(body, reading()).unwrap();
        assert_eq!((new.url.as_str(), new.is_enabled, new.description), ("https://example.com/", false, None));
        assert_eq!(new.events, [EventKind::OrderUpdate]);
        assert_eq!((warnings.len(), warnings[0].pointer.as_str()), (1, "/urls"));
        let strict = broken(subscription(body, Reading { strict: true, ..reading() }));
        assert_eq!(strict, [(Code::UnknownMember, "/urls".to_owned())]);
    }

    #[test]
    fn every_broken_rule_is_named_in_the_order_of_the_document() {
        let long = "x".repeat(201);
        let body = format!(
            r#"{{"isEnabled": 1, "events": ["OrderCreation", "x", 2], "description": "{long}", "url": "http://10.0.0.1/"}}"#
        );
        let found = broken(subscription(body.as_bytes(), reading()));
        let expected = [
            (Code::WrongType, "/isEnabled"),
            (Code::InvalidFormat, "/events/1"),
            (Code::WrongType, "/events/2"),
            (Code::TooLong, "/description"),
            (Code::InvalidFormat, "/url"),
        ];
        assert_eq!(found, expected.map(|(code, pointer)| (code, pointer.to_owned())));
        let missing = broken(subscription(br#"{"url": null}"#, reading()));
        assert_eq!(missing, [(Code::Required, "/url".to_owned()), (Code::Required, "/events".to_owned())]);
        let none = broken(subscription(br#"{"url": "https://a.com", "events": []}"#, reading()));
        assert_eq!(none, [(Code::TooFew, "/events".to_owned())]);
        let control = broken(subscription(
            br#"{"url": "https://a.com", "events": ["OrderUpdate"], "description": "\u0007"}"#,
            reading(),
        ));
        assert_eq!(control, [(Code::ControlCharacter, "/description".to_owned())]);
        let other = br#"{"merchantId": "c345ff67-8901-4a23-b234-567890abcdef", "description": "a"}"#;
        assert_eq!(broken(patch(other, reading())), [(Code::MerchantMismatch, "/merchantId".to_owned())]);
        let card = broken(patch(br#"{"description": "of 4111 1111 1111 1111"}"#, reading()));
        assert_eq!(card, [(Code::CardNumber, "/description".to_owned())]);
    }

    #[test]
    fn a_patch_changes_what_it_names_and_takes_away_the_description_only() {
        let (patched, _) = patch(br#"{"description": null}"#, reading()).unwrap();
        assert_eq!((patched.description, patched.url, patched.is_enabled), (Some(None), None, None));
        let found = broken(patch(br#"{"isEnabled": null, "url": null}"#, reading()));
        assert_eq!(found, [(Code::Required, "/isEnabled".to_owned()), (Code::Required, "/url".to_owned())]);
    }

    #[test]
    fn an_overlap_is_a_week_at_most_and_a_day_by_itself() {
        assert_eq!(overlap_seconds(b"", reading()).unwrap().0, 86_400);
        assert_eq!(overlap_seconds(b"{}", reading()).unwrap().0, 86_400);
        assert_eq!(overlap_seconds(br#"{"overlapSeconds": 604800}"#, reading()).unwrap().0, 604_800);
        for (body, code) in [
            (&br#"{"overlapSeconds": 604801}"#[..], Code::OutOfRange),
            (br#"{"overlapSeconds": -1}"#, Code::OutOfRange),
            (br#"{"overlapSeconds": 1.5}"#, Code::OutOfRange),
            (br#"{"overlapSeconds": "1"}"#, Code::WrongType),
        ] {
            assert_eq!(broken(overlap_seconds(body, reading())), [(code, "/overlapSeconds".to_owned())]);
        }
    }
}
