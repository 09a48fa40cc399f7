//! Inbound orders: their identifiers and status.
//!
//! An inbound order is another system's JSON. The client gets a *receipt* at once and an order later; a
//! *transformation* ([`super::transform`]) maps one to the other.

use serde::{Deserialize, Serialize};

use crate::ids::{MerchantId, NotAnId, SafeId, stored_id, text_id, uuid};
use crate::names::wire_names;

/// Declares an identifier that is a random UUID in lower case.
macro_rules! uuids {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// A UUID (version 4) of random bytes.
            #[must_use]
            pub fn new(random: [u8; 16]) -> Self {
                Self(uuid(random))
            }

            /// Reads a dashed UUID in either case.
            pub fn parse(text: &str) -> Result<Self, NotAnId> {
                // A merchant's id has the same form.
                MerchantId::parse(text).map(|id| Self(id.as_str().to_owned()))
            }
        }

        text_id!($name);
        stored_id!($name);
    )+};
}

uuids! {
    /// A transformation.
    TransformationId;
    /// The receipt of an inbound order.
    ReceiptId;
}

impl ReceiptId {
    /// The safe id of an order whose body has none: always the same, so that the order is created once. A UUID is a
    /// safe id, so this never fails.
    pub fn safe_id(&self) -> Result<SafeId, NotAnId> {
        SafeId::parse(&self.0)
    }
}

/// Where an inbound order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum ReceiptStatus {
    /// It waits for its turn.
    Received,
    /// It is an order.
    Accepted,
    /// It broke rules, or was in the way of another; it will not become an order.
    Refused,
    /// Every attempt failed for a reason that was none of its own; it may be tried again.
    Failed,
}

wire_names!(ReceiptStatus { Received, Accepted, Refused, Failed });

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
