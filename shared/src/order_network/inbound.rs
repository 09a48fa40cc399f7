//! Inbound orders: their identifiers and status.
//!
//! An inbound order is another system's JSON, for which the client has a *receipt* at once and an order later. A
//! *transformation* ([`super::transform`]) says how the one becomes the other.

use crate::ids::{NotAnId, SafeId, ids, read_uuid, uuid};
use crate::keyword::keywords;

ids! {
    /// A transformation: a random UUID, read in either case.
    TransformationId read read_uuid, new uuid, 16;
    /// The receipt of an inbound order: a random UUID, read in either case.
    ReceiptId read read_uuid, new uuid, 16;
}

impl ReceiptId {
    /// The safe id of an order whose body has none: always the same, so that the order is created once. A UUID is a
    /// safe id, so this never fails.
    pub fn safe_id(&self) -> Result<SafeId, NotAnId> {
        SafeId::parse(&self.0)
    }
}

keywords! {
    /// Where an inbound order stands.
    ReceiptStatus {
        /// It waits for its turn.
        Received,
        /// It is an order.
        Accepted,
        /// It broke rules, or was in the way of another; it will not become an order.
        Refused,
        /// Every attempt failed for a reason that was none of its own; it may be tried again.
        Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::ReceiptId;

    #[test]
    fn a_receipt_names_its_order() {
        let receipt = ReceiptId::new([0xff; 16]);
        assert_eq!(receipt.safe_id().unwrap().as_str(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(ReceiptId::parse("FFFFFFFF-ffff-4fff-bfff-ffffffffffff"), Ok(receipt));
        assert!(ReceiptId::parse("ffffffff").is_err());
    }
}
