//! The body of a vendor's progress report.

use serde::Deserialize;

use crate::Code;
use crate::body::change::REASON;
use crate::limits::{CARRIER_LINK_BYTES_MAX, ID_CHARACTERS_MAX, ITEMS_MAX, KEYWORD_CHARACTERS_MAX, PACKAGES_MAX};
use crate::order::ShipmentStatus;
use crate::time::Timestamp;
use crate::validation::Context;
use crate::validation::table::{Array, Choice, Issue, LINK, Parsed, Rule, Wrong};

/// A status as number or name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "serde_json::Value")]
pub struct Reported(pub ShipmentStatus);

impl Reported {
    /// The statuses that a vendor reports.
    const CHOICE: Choice =
        Choice { names: &["InProduction", "Shipped", "Delivered", "Rejected"], numbers: &[3, 4, 5, 6] };
}

impl TryFrom<serde_json::Value> for Reported {
    type Error = &'static str;

    fn try_from(sent: serde_json::Value) -> Result<Self, Self::Error> {
        let place = match &sent {
            serde_json::Value::String(name) => Self::CHOICE.names.iter().position(|known| known == name),
            other => Self::CHOICE.numbers.iter().position(|known| other.as_i64() == Some(i64::from(*known))),
        };
        let number = place.and_then(|place| u8::try_from(*Self::CHOICE.numbers.get(place)?).ok());
        let status = number.and_then(|number| ShipmentStatus::try_from(number).ok());
        status.map(Self).ok_or("no status that a vendor reports")
    }
}

/// A name that people read.
const NAME: Rule = Rule::Text { min: 1, max: KEYWORD_CHARACTERS_MAX };

const ITEM_IDS: Array = Array::between(1, ITEMS_MAX, Rule::Id { min: 1, max: ID_CHARACTERS_MAX });

object! {
    /// One parcel.
    ReportedPackage [check link_fits] {
        /// Who carries it.
        "carrierName" carrier: String = NAME, optional;
        /// The carrier's service.
        "carrierMethodName" method: String = NAME, optional;
        /// The carrier's number for it.
        "carrierTrackingNumber" tracking: String = Rule::Id { min: 1, max: KEYWORD_CHARACTERS_MAX }, optional;
        /// The carrier's page for it.
        "carrierLink" link: String = Rule::Format(&LINK), optional;
        /// When the carrier has it; now when absent.
        "shippedDate" shipped_at: String = Rule::Parsed(&SHIPPED_DATE), optional;
        /// The items in it; all that was left when absent.
        "orderItemIDs" item_ids: Vec<String> = Rule::Array(&ITEM_IDS), optional;
    }
}

body! {
    /// What a vendor reports of a shipment. A report counts as a whole or not at all.
    ReportProgress [check fits_status] {
        /// 3 `InProduction`, 4 `Shipped`, 5 `Delivered` or 6 `Rejected`, as number or name.
        "shipmentStatus" status: Reported = Rule::Choice(&Reported::CHOICE), required;
        /// The parcels of a shipment that is `Shipped`; one with all its items when absent.
        "packages" packages: Vec<ReportedPackage> = Rule::Array(&Array::between(0, PACKAGES_MAX, Rule::Object(&ReportedPackage::OBJECT))), optional;
        /// Why the shipment is `Rejected`; required then.
        "reason" reason: String = REASON, optional;
    }
}

/// A link is stored with its order, whose room is counted in bytes.
fn link_fits(text: &str) -> Vec<Issue> {
    const { assert!(CARRIER_LINK_BYTES_MAX == 512) };
    let link = serde_json::from_str::<ReportedPackage>(text).ok().and_then(|package| package.link).unwrap_or_default();
    if link.len() <= CARRIER_LINK_BYTES_MAX {
        return Vec::new();
    }
    vec![Issue::violation("carrierLink", Code::TooLong, "must have at most 512 bytes")]
}

/// Checks status, packages and reason against each other.
fn fits_status(text: &str) -> Vec<Issue> {
    let Ok(report) = serde_json::from_str::<ReportProgress>(text) else { return Vec::new() };
    let Reported(status) = report.status;
    let mut issues = Vec::new();
    if report.packages.is_some() && status != ShipmentStatus::Shipped {
        issues.push(Issue::warning("packages", "belongs to shipmentStatus 4"));
    }
    let reason = report.reason.filter(|reason| !reason.is_empty());
    match (reason, status) {
        (None, ShipmentStatus::Rejected) => {
            issues.push(Issue::violation("reason", Code::Required, "is required when `shipmentStatus` is 6"));
        }
        (Some(_), other) if other != ShipmentStatus::Rejected => {
            issues.push(Issue::warning("reason", "belongs to shipmentStatus 6"));
        }
        _ => {}
    }
    issues
}

/// When a parcel was, or is to be, handed over: other dates are a year that was typed wrong, or a clock that was never set.
static SHIPPED_DATE: Parsed = Parsed {
    name: "shipped-date",
    is: "an RFC 3339 date and time from 2000 to a year from now",
    max: ID_CHARACTERS_MAX,
    check: check_shipped_date,
};

fn check_shipped_date(text: &str, context: &Context) -> Result<(), Wrong> {
    const YEAR_MS: i64 = 366 * 24 * 3600 * 1000;
    /// 2000-01-01T00:00:00Z.
    const EARLIEST: Timestamp = Timestamp::from_milliseconds(946_684_800_000);
    let at = Timestamp::parse_rfc3339(text)
        .ok_or(Wrong { code: Code::InvalidFormat, rule: "a date and time of RFC 3339" })?;
    if at < EARLIEST || at.milliseconds_since(context.now) > YEAR_MS {
        return Err(Wrong { code: Code::OutOfRange, rule: "a date from 2000 to a year from now" });
    }
    Ok(())
}
