//! Webhooks: who receives which events, how often, and under which name.
//!
//! A *subscription* is a URL and the kinds of events it receives. One event for one subscription is a *delivery*. It
//! keeps one webhook id over all its attempts, and however often the event itself is repeated, because the id is a hash
//! of what happened. The receiver can therefore drop duplicates.
//!
//! # When an attempt is made
//!
//! Each step of the schedule is a wait, counted from the end of the previous attempt: the first attempt is made
//! immediately, the second 5 s after the first has failed, the third 5 min after the second, and so on. Ten steps are
//! ten attempts, the last about 76 hours after the first.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{NotAnId, hex, stored_id, text_id, uuid};
use crate::names::wire_names;

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum EventKind {
    /// An order was accepted, or an inbound order could not become one.
    OrderCreation,
    /// An order changed.
    OrderUpdate,
    /// A shipment was assigned to a vendor.
    ShipmentCreated,
    /// A shipment changed.
    ShipmentUpdate,
    /// An inbound order became an order, was rejected, or failed.
    InboundOrderProcessed,
}

wire_names!(EventKind { OrderCreation, OrderUpdate, ShipmentCreated, ShipmentUpdate, InboundOrderProcessed });

impl fmt::Display for EventKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A subscription: a random lower-case UUID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubscriptionId(String);

impl SubscriptionId {
    /// A version 4 UUID from random bytes.
    #[must_use]
    pub fn new(random: [u8; 16]) -> Self {
        Self(uuid(random))
    }

    /// Reads a dashed lower-case UUID.
    pub fn parse(text: &str) -> Result<Self, NotAnId> {
        // A merchant's id has the same form.
        crate::ids::MerchantId::parse(text).ok().filter(|id| id.as_str() == text).ok_or(NotAnId)?;
        Ok(Self(text.to_owned()))
    }
}

text_id!(SubscriptionId);
stored_id!(SubscriptionId);

/// The webhook id of a delivery: `msg_` and 32 hex digits, determined by the arguments.
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

/// The webhook id of a delivery without an event: a test.
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
/// The number of attempts per delivery.
pub const ATTEMPTS_MAX: u32 = 10;

/// How long to wait before the attempt with this number (from 0), with up to 10 % jitter either way by `random` (0 to
/// 255), so that deliveries that failed together are not retried together. `None` after the last.
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
    fn webhook_ids_are_stable_and_unique() {
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
    fn waits_follow_the_schedule_with_ten_percent_jitter() {
        let seconds = |attempt, random| wait_before(attempt, random).map(|wait| wait.as_secs_f64());
        assert_eq!((seconds(0, 0), seconds(0, 255)), (Some(0.0), Some(0.0)));
        assert_eq!((seconds(1, 0), seconds(1, 255)), (Some(4.5), Some(5.5)));
        assert_eq!((seconds(9, 0), seconds(9, 255)), (Some(77_760.0), Some(95_040.0)));
        assert_eq!(seconds(ATTEMPTS_MAX, 128), None);
        assert_eq!(WAITS_SECONDS.iter().sum::<u64>(), 272_105, "about 76 hours");
    }

    #[test]
    fn kinds_parse_only_from_their_exact_names() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
        assert_eq!(EventKind::parse("orderCreation"), None);
    }
}
