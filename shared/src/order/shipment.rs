//! Shipments: the part of an order that one vendor makes and sends. They are stored inside the order, so a shipment and
//! its items change in one write.

use serde::{Deserialize, Serialize};

use crate::keyword::names;
use crate::time::Timestamp;

/// How a vendor is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Port {
    /// A signed request to its endpoint; it reports through the progress call.
    Http,
    /// A person, who reports through the progress call.
    Manual,
    /// The built-in vendor: ships automatically after a delay and calls nobody. Test orders always go to it.
    Simulated,
}

/// Status of a shipment; an integer on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum ShipmentStatus {
    /// Created, with no vendor yet.
    Created = 1,
    /// Assigned to a vendor.
    Assigned = 2,
    /// Accepted by the vendor.
    InProduction = 3,
    /// Everything in it is on its way.
    Shipped = 4,
    /// Delivered.
    Delivered = 5,
    /// Rejected by the vendor.
    Rejected = 6,
    /// Everything in it was cancelled.
    Cancelled = 7,
}

names!(ShipmentStatus { Created, Assigned, InProduction, Shipped, Delivered, Rejected, Cancelled });

impl ShipmentStatus {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Created => 1,
            Self::Assigned => 2,
            Self::InProduction => 3,
            Self::Shipped => 4,
            Self::Delivered => 5,
            Self::Rejected => 6,
            Self::Cancelled => 7,
        }
    }

    /// Whether the vendor can still ship it.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Created | Self::Assigned | Self::InProduction)
    }
}

impl From<ShipmentStatus> for u8 {
    fn from(status: ShipmentStatus) -> Self {
        status.number()
    }
}

/// A number is not a shipment status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no shipment status")]
pub struct NotAStatus(u8);

impl TryFrom<u8> for ShipmentStatus {
    type Error = NotAStatus;

    fn try_from(number: u8) -> Result<Self, NotAStatus> {
        Self::ALL.into_iter().find(|status| status.number() == number).ok_or(NotAStatus(number))
    }
}

/// The part of an order that one vendor makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// From 1 within the order; part of its id.
    pub number: u16,
    /// The vendor.
    pub vendor: String,
    /// How the vendor is reached.
    pub port: Port,
    /// Its status.
    pub status: ShipmentStatus,
    /// Indexes of its lines in the order's body.
    pub lines: Vec<usize>,
    /// Nobody can have sent it to its vendor yet. If false, somebody may have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsent: bool,
    /// Lines that the vendor may be making, that are no longer wanted from it, and of which it must still be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recall: Vec<usize>,
    /// Parcels sent so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Package>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Shipment {
    /// Whether a reader of the shipment sees a difference; lines we still have to recall are internal.
    #[must_use]
    pub fn is_seen_to_differ(&self, other: &Self) -> bool {
        let seen = |shipment: &Self| Self { unsent: false, recall: Vec::new(), ..shipment.clone() };
        seen(self) != seen(other)
    }

    /// Whether one of its parcels contains the line.
    pub(super) fn has_sent(&self, line: usize) -> bool {
        self.packages.iter().any(|package| package.lines.contains(&line))
    }
}

/// One parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Indexes of its lines in the order's body.
    pub lines: Vec<usize>,
    /// The carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The carrier's service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The carrier's tracking number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    /// The carrier's tracking page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When it was handed to the carrier.
    pub shipped_at: Timestamp,
}

/// A vendor's report on a shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Production has started.
    InProduction,
    /// Parcels are on their way; all of them count or none. One without lines contains everything that was left.
    Shipped(Vec<Package>),
    /// It was delivered.
    Delivered,
    /// It will not be made.
    Rejected {
        /// The reason, for the merchant.
        reason: String,
    },
}
