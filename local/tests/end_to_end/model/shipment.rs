//! Shipments of an order, and the vendors' reports.

/// The part of an order that one vendor makes.
#[derive(Clone, Debug)]
pub(super) struct Shipment {
    pub(super) vendor: String,
    /// The number on the wire.
    pub(super) status: u8,
    pub(super) lines: Vec<usize>,
    pub(super) parcels: Vec<Parcel>,
}

pub(super) const ASSIGNED: u8 = 2;
pub(super) const IN_PRODUCTION: u8 = 3;
pub(super) const SHIPPED: u8 = 4;
pub(super) const DELIVERED: u8 = 5;
pub(super) const REJECTED: u8 = 6;
pub(super) const CANCELLED: u8 = 7;

impl Shipment {
    pub(super) const fn is_live(&self) -> bool {
        matches!(self.status, ASSIGNED | IN_PRODUCTION)
    }
}

/// A parcel: its lines (none means all that are left) and the tracking number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parcel {
    pub(super) lines: Vec<usize>,
    pub(super) tracking: Option<String>,
}

/// A vendor's report.
#[derive(Clone, Debug)]
pub(super) enum Progress {
    InProduction,
    Shipped(Vec<Parcel>),
    Delivered,
    Rejected(String),
}
