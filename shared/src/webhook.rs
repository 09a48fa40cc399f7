//! Webhooks: who is told of what, how often, and under which name (spec of our choices, Webhooks).
//!
//! A *subscription* is a URL and the kinds of events that it is told of. One event for one subscription is a
//! *delivery*; it bears one webhook id over all its attempts, and however often the event itself comes by, because the
//! id is a hash of what happened. The receiver can therefore drop what it has had.
//!
//! # When an attempt is made
//!
//! The steps of the spec are waits, each counted from the end of the attempt before it: the first attempt is made
//! immediately, the second 5 s after the first has failed, the third 5 min after the second, and so on. Ten steps are ten
//! attempts, the last of them about 76 hours after the first.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{NotAnId, hex, uuid};

/// What a subscription can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum EventKind {
    /// An order was accepted; or an inbound order could not become one.
    OrderCreation,
    /// An order changed.
    OrderUpdate,
    /// A shipment was assigned to a vendor.
    ShipmentCreated,
    /// A shipment changed.
    ShipmentUpdate,
    /// An inbound order has become an order, or was refused, or has failed.
    InboundOrderProcessed,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::OrderCreation,
        Self::OrderUpdate,
        Self::ShipmentCreated,
        Self::ShipmentUpdate,
        Self::InboundOrderProcessed,
    ];

    /// Their names on the wire.
    pub const NAMES: [&'static str; 5] = [
        Self::OrderCreation.as_str(),
        Self::OrderUpdate.as_str(),
        Self::ShipmentCreated.as_str(),
        Self::ShipmentUpdate.as_str(),
        Self::InboundOrderProcessed.as_str(),
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrderCreation => "OrderCreation",
            Self::OrderUpdate => "OrderUpdate",
            Self::ShipmentCreated => "ShipmentCreated",
            Self::ShipmentUpdate => "ShipmentUpdate",
            Self::InboundOrderProcessed => "InboundOrderProcessed",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A subscription: a random UUID in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubscriptionId(String);

impl SubscriptionId {
    /// A UUID (version 4) of random bytes.
    #[must_use]
    pub fn new(random: [u8; 16]) -> Self {
        Self(uuid(random))
    }

    /// Reads a dashed UUID in lower case.
    ///
    /// # Errors
    /// The text is not one.
    pub fn parse(text: &str) -> Result<Self, NotAnId> {
        // A merchant's id has the same form.
        crate::ids::MerchantId::parse(text).ok().filter(|id| id.as_str() == text).ok_or(NotAnId)?;
        Ok(Self(text.to_owned()))
    }

    /// The UUID.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for SubscriptionId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        Self::parse(&text)
    }
}

impl From<SubscriptionId> for String {
    fn from(id: SubscriptionId) -> Self {
        id.0
    }
}

/// The name of a delivery: `msg_` and 32 hex digits, the same whenever the parts are.
#[must_use]
pub fn webhook_id(
    subscription: &SubscriptionId,
    order: (&str, &str),
    version: u64,
    kind: EventKind,
    shipment: Option<&str>,
) -> String {
    let version = version.to_string();
    let parts = [subscription.as_str(), order.0, order.1, &version, kind.as_str(), shipment.unwrap_or_default()];
    let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part).chain_update([0]));
    named(&hash.finalize())
}

/// The name of a delivery that no event causes: a test.
#[must_use]
pub fn random_webhook_id(random: [u8; 16]) -> String {
    named(&random)
}

fn named(bytes: &[u8]) -> String {
    format!("msg_{}", hex(bytes.get(..16).unwrap_or(bytes)))
}

/// Seconds before each attempt, counted from the end of the one before it.
const WAITS_SECONDS: [u64; 10] =
    [0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600];
/// How many attempts a delivery has.
pub const ATTEMPTS_MAX: u32 = 10;

/// How long to wait before the attempt with this number (from 0), a tenth shorter to a tenth longer as `random` has it (0
/// to 255), so that deliveries which failed together do not come back together. None after the last.
#[must_use]
pub fn wait_before(attempt: u32, random: u8) -> Option<Duration> {
    let seconds = WAITS_SECONDS.get(usize::try_from(attempt).ok()?)?;
    let milliseconds = seconds.saturating_mul(1000);
    let spread = (milliseconds / 5).saturating_mul(u64::from(random)) / 255;
    Some(Duration::from_millis(milliseconds.saturating_sub(milliseconds / 10).saturating_add(spread)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription() -> SubscriptionId {
        SubscriptionId::new([0xff; 16])
    }

    #[test]
    fn subscription_ids_are_uuids_of_version_4() {
        assert_eq!(subscription().as_str(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(SubscriptionId::new([0; 16]).as_str(), "00000000-0000-4000-8000-000000000000");
        assert_eq!(SubscriptionId::parse(subscription().as_str()), Ok(subscription()));
        for text in ["", "x", "FFFFFFFF-ffff-4fff-bfff-ffffffffffff", "ffffffffffff4fffbfffffffffffffffffff"] {
            assert!(SubscriptionId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_delivery_has_one_name_and_every_other_has_another() {
        let id = |order, version, kind, shipment| webhook_id(&subscription(), order, version, kind, shipment);
        let one = id(("a", "b"), 1, EventKind::OrderUpdate, None);
        assert_eq!(one, id(("a", "b"), 1, EventKind::OrderUpdate, None));
        assert_eq!((one.len(), one.starts_with("msg_")), (36, true));
        for other in [
            id(("ab", ""), 1, EventKind::OrderUpdate, None),
            id(("a", "b"), 2, EventKind::OrderUpdate, None),
            id(("a", "b"), 1, EventKind::OrderCreation, None),
            id(("a", "b"), 1, EventKind::OrderUpdate, Some("s")),
            webhook_id(&SubscriptionId::new([0; 16]), ("a", "b"), 1, EventKind::OrderUpdate, None),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn waits_are_those_of_the_spec_with_a_tenth_of_jitter() {
        let seconds = |attempt, random| wait_before(attempt, random).map(|wait| wait.as_secs_f64());
        assert_eq!((seconds(0, 0), seconds(0, 255)), (Some(0.0), Some(0.0)));
        assert_eq!((seconds(1, 0), seconds(1, 255)), (Some(4.5), Some(5.5)));
        assert_eq!((seconds(9, 0), seconds(9, 255)), (Some(77_760.0), Some(95_040.0)));
        assert_eq!(seconds(ATTEMPTS_MAX, 128), None);
        assert_eq!(WAITS_SECONDS.iter().sum::<u64>(), 272_105, "about 76 hours");
    }

    #[test]
    fn kinds_are_read_by_their_exact_names() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
        assert_eq!(EventKind::parse("orderCreation"), None);
    }
}
