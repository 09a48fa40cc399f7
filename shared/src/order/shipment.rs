//! Shipments: what one vendor makes and sends of an order. They live inside the order, so that shipments move items and
//! items move the order in one write.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How a vendor is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Port {
    /// A signed request to its endpoint; it reports by the progress call.
    Http,
    /// A person, who reports by the progress call.
    Manual,
    /// The built-in vendor: ships by itself after a while and calls nobody. Test orders always go to it.
    Simulated,
}

/// Where a shipment stands; an integer on the wire (choices file, shipment service).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum ShipmentStatus {
    /// It exists, for no vendor yet.
    Created = 1,
    /// A vendor is to make it.
    Assigned = 2,
    /// The vendor has accepted it.
    InProduction = 3,
    /// All of it is on its way.
    Shipped = 4,
    /// It has arrived.
    Delivered = 5,
    /// The vendor will not make it.
    Rejected = 6,
    /// All of it was cancelled.
    Cancelled = 7,
}

impl ShipmentStatus {
    const ALL: [Self; 7] = [
        Self::Created,
        Self::Assigned,
        Self::InProduction,
        Self::Shipped,
        Self::Delivered,
        Self::Rejected,
        Self::Cancelled,
    ];

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

    /// The name in documentation and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Assigned => "Assigned",
            Self::InProduction => "InProduction",
            Self::Shipped => "Shipped",
            Self::Delivered => "Delivered",
            Self::Rejected => "Rejected",
            Self::Cancelled => "Cancelled",
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

/// A number is no shipment status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no shipment status")]
pub struct NotAStatus(u8);

impl TryFrom<u8> for ShipmentStatus {
    type Error = NotAStatus;

    fn try_from(number: u8) -> Result<Self, NotAStatus> {
        Self::ALL.into_iter().find(|status| status.number() == number).ok_or(NotAStatus(number))
    }
}

/// What one vendor makes of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// From 1 within the order; part of its id.
    pub number: u16,
    /// Who makes it.
    pub vendor: String,
    /// How that one is reached.
    pub port: Port,
    /// Where it stands.
    pub status: ShipmentStatus,
    /// Indexes of its lines in the order's body.
    pub lines: Vec<usize>,
    /// Nobody can have sent it to its vendor yet. Where this is not known, somebody may have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsent: bool,
    /// Lines that the vendor may be making, that are not wanted of it any more, and of which it must still be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recall: Vec<usize>,
    /// What was sent, in parcels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Package>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Shipment {
    /// Whether a reader of the shipment sees a difference; what we still have to tell the vendor is our own affair.
    #[must_use]
    pub fn is_seen_to_differ(&self, other: &Self) -> bool {
        let seen = |shipment: &Self| Self { unsent: false, recall: Vec::new(), ..shipment.clone() };
        seen(self) != seen(other)
    }

    /// Whether a parcel of it holds the line.
    pub(super) fn has_sent(&self, line: usize) -> bool {
        self.packages.iter().any(|package| package.lines.contains(&line))
    }
}

/// One parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Indexes of its lines in the order's body.
    pub lines: Vec<usize>,
    /// Who carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The carrier's service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The carrier's number for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    /// Where the carrier shows its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When it was handed to the carrier.
    pub shipped_at: Timestamp,
}

/// What a vendor reports of a shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is being made.
    InProduction,
    /// Parcels are on their way, all of them or none. One without lines holds all that was left.
    Shipped(Vec<Package>),
    /// It has arrived.
    Delivered,
    /// It will not be made.
    Rejected {
        /// For the merchant.
        reason: String,
    },
}
