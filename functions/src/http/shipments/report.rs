//! The body of a progress report, every broken rule of it at once.

use shared::Code;
use shared::ids::{MerchantId, OrderId};
use shared::limits::{CARRIER_LINK_BYTES_MAX, ITEMS_MAX, KEYWORD_CHARACTERS_MAX, PACKAGES_MAX};
use shared::network::problem::Violation;
use shared::order::{Package, Progress, ShipmentStatus};
use shared::time::Timestamp;

use crate::http::manage::read_reason;
use crate::http::object::{self, Findings, Value};
use crate::refusal::Refusal;

/// What a body reports, and what was noticed in it; without an order no item is known.
pub(super) fn read(
    bytes: &[u8],
    (merchant, order): (&MerchantId, Option<&OrderId>),
    now: Timestamp,
    strict: bool,
) -> Result<(Progress, Vec<Violation>), Refusal> {
    let (members, mut findings) = object::read(bytes, merchant)?;
    let (mut status, mut packages, mut reason) = (None, Vec::new(), None);
    for (name, value) in members.iter() {
        match name {
            "shipmentStatus" | "packages" if value.is_null() => {}
            "shipmentStatus" => status = read_status(&mut findings, value),
            "packages" => {
                packages = findings.rows("/packages", value, (0, PACKAGES_MAX), |findings, pointer, entry| {
                    read_package(findings, pointer, entry, (order, now))
                });
            }
            "reason" if is_blank(value) => {}
            "reason" => reason = read_reason(&mut findings, "/reason", value),
            _ => findings.unknown("", (name, value), &["shipmentStatus", "packages", "reason"]),
        }
    }
    findings.require("", &members, &["shipmentStatus"]);
    let sent = |member: &str| members.get(member).filter(|value| !is_blank(*value));
    if status == Some(ShipmentStatus::Rejected) && sent("reason").is_none() {
        findings.absent("", &members, "reason");
    }
    for (member, of) in [("packages", ShipmentStatus::Shipped), ("reason", ShipmentStatus::Rejected)] {
        if let Some(value) = sent(member)
            && status.is_some_and(|status| status != of)
        {
            let why = format!("belongs to shipmentStatus {}", of.number());
            findings.ignored(format!("/{member}"), value, &why);
        }
    }
    let warnings = findings.settle(strict)?;
    let progress = match status {
        Some(ShipmentStatus::Shipped) if packages.is_empty() => Progress::Shipped(vec![empty_package(now)]),
        Some(ShipmentStatus::Shipped) => Progress::Shipped(packages),
        Some(ShipmentStatus::Delivered) => Progress::Delivered,
        Some(ShipmentStatus::Rejected) => Progress::Rejected { reason: reason.unwrap_or_default() },
        _ => Progress::InProduction,
    };
    Ok((progress, warnings))
}

/// Null, or a text of spaces: as if it were not there.
fn is_blank(value: Value<'_>) -> bool {
    value.is_null() || value.text().is_some_and(|text| text.trim().is_empty())
}

/// The states that a vendor reports.
const REPORTED: [ShipmentStatus; 4] =
    [ShipmentStatus::InProduction, ShipmentStatus::Shipped, ShipmentStatus::Delivered, ShipmentStatus::Rejected];

fn read_status(findings: &mut Findings, value: Value<'_>) -> Option<ShipmentStatus> {
    let is_it = |status: &ShipmentStatus| {
        value.integer() == Some(i64::from(status.number())) || value.text().as_deref() == Some(status.as_str())
    };
    let status = REPORTED.into_iter().find(is_it);
    if status.is_none() {
        let known: Vec<String> =
            REPORTED.iter().map(|status| format!("{} {}", status.number(), status.as_str())).collect();
        findings.broken(Code::InvalidFormat, "/shipmentStatus", &format!("one of {}", known.join(", ")), value);
    }
    status
}

fn empty_package(shipped_at: Timestamp) -> Package {
    Package { lines: Vec::new(), carrier: None, method: None, tracking: None, link: None, shipped_at }
}

const PACKAGE_MEMBERS: [&str; 6] =
    ["carrierName", "carrierMethodName", "carrierTrackingNumber", "carrierLink", "shippedDate", "orderItemIDs"];

fn read_package(
    findings: &mut Findings,
    pointer: &str,
    entry: Value<'_>,
    (order, now): (Option<&OrderId>, Timestamp),
) -> Option<Package> {
    let members = findings.object(pointer, entry)?;
    let mut package = empty_package(now);
    for (name, value) in members.iter() {
        let at = format!("{pointer}/{name}");
        match name {
            name if PACKAGE_MEMBERS.contains(&name) && value.is_null() => {}
            "carrierName" => package.carrier = read_words(findings, &at, value),
            "carrierMethodName" => package.method = read_words(findings, &at, value),
            "carrierTrackingNumber" => package.tracking = read_text(findings, &at, value, KEYWORD_CHARACTERS_MAX),
            "carrierLink" => package.link = read_link(findings, &at, value),
            "shippedDate" => package.shipped_at = read_date(findings, &at, value, now).unwrap_or(now),
            "orderItemIDs" => package.lines = read_lines(findings, &at, value, order),
            _ => findings.unknown(pointer, (name, value), &PACKAGE_MEMBERS),
        }
    }
    Some(package)
}

/// A text of people. Tracking numbers and links are none: their digits may look like those of a card.
fn read_words(findings: &mut Findings, pointer: &str, value: Value<'_>) -> Option<String> {
    let text = read_text(findings, pointer, value, KEYWORD_CHARACTERS_MAX)?;
    (!findings.card_number(pointer, value)).then_some(text)
}

fn read_text(findings: &mut Findings, pointer: &str, value: Value<'_>, characters_max: usize) -> Option<String> {
    let text = findings.text(pointer, value)?;
    let text = text.trim();
    if text.chars().any(char::is_control) {
        findings.broken(Code::ControlCharacter, pointer, "a text without control characters", value);
        return None;
    }
    if text.chars().count() > characters_max {
        findings.broken(Code::TooLong, pointer, &format!("a text of at most {characters_max} characters"), value);
        return None;
    }
    (!text.is_empty()).then(|| text.to_owned())
}

/// A link is shown to people: it must lead to the web and nowhere else.
fn read_link(findings: &mut Findings, pointer: &str, value: Value<'_>) -> Option<String> {
    let link = read_text(findings, pointer, value, CARRIER_LINK_BYTES_MAX)?;
    if link.len() > CARRIER_LINK_BYTES_MAX {
        findings.broken(Code::TooLong, pointer, &format!("a text of at most {CARRIER_LINK_BYTES_MAX} bytes"), value);
        return None;
    }
    if link.starts_with("https://") || link.starts_with("http://") {
        return Some(link);
    }
    findings.broken(Code::InvalidFormat, pointer, "a URL that begins with https:// or http://", value);
    None
}

/// When a parcel was, or is to be, handed over: other dates are a year that was typed wrong, or a clock that was never set.
fn read_date(findings: &mut Findings, pointer: &str, value: Value<'_>, now: Timestamp) -> Option<Timestamp> {
    const YEAR_MS: i64 = 366 * 24 * 3600 * 1000;
    /// 2000-01-01T00:00:00Z.
    const EARLIEST: Timestamp = Timestamp::from_milliseconds(946_684_800_000);
    let date = findings.text(pointer, value)?;
    let Some(at) = Timestamp::parse_rfc3339(&date) else {
        findings.broken(Code::InvalidFormat, pointer, "a date and time of RFC 3339", value);
        return None;
    };
    if at < EARLIEST || at.milliseconds_since(now) > YEAR_MS {
        findings.broken(Code::OutOfRange, pointer, "a date from 2000 to a year from now", value);
        return None;
    }
    Some(at)
}

fn read_lines(findings: &mut Findings, pointer: &str, value: Value<'_>, order: Option<&OrderId>) -> Vec<usize> {
    let mut lines = Vec::new();
    for (index, id) in findings.array(pointer, value, (1, ITEMS_MAX)).unwrap_or_default().into_iter().enumerate() {
        match id.text().and_then(|id| order?.item_index(&id)) {
            Some(line) if !lines.contains(&line) => lines.push(line),
            Some(_) => {}
            None => {
                let at = format!("{pointer}/{index}");
                findings.broken(Code::NoSuchItem, &at, "the id of an item of the order", id);
            }
        }
    }
    lines
}
