//! Identifiers: each type can only hold a valid value.
//!
//! An order's id is a hash of (merchant, safe id), so both names lead to the one key under which the order is stored,
//! and a repeated safe id finds the order itself. An item's id contains its order's id, so it leads to the same key.

use std::fmt;

mod order;
mod transaction;

pub use self::order::{OrderId, SHIPMENT_NUMBER_MAX, SafeId, ShipmentId};
pub use self::transaction::TransactionId;

/// A text is not an identifier of the requested kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind")]
pub struct NotAnId;

/// A random identifier of a stored thing.
pub trait RandomId: Clone + fmt::Debug + fmt::Display + PartialEq + Sized {
    /// A new id from random bytes, of which a shorter id takes the first.
    fn from_random(random: [u8; 16]) -> Self;

    /// Reads an id; `None` if the text has another form.
    fn read(text: &str) -> Option<Self>;
}

/// Implements access to the text of an identifier.
macro_rules! text_id {
    ($($name:ident),+) => {$(
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )+};
}
pub(crate) use text_id;

/// Implements the conversions for `#[serde(try_from = "String", into = "String")]`.
macro_rules! stored_id {
    ($($name:ident),+) => {$(
        impl TryFrom<String> for $name {
            type Error = $crate::ids::NotAnId;

            fn try_from(text: String) -> Result<Self, $crate::ids::NotAnId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}
pub(crate) use stored_id;

/// Declares identifiers that are read by one function; with `new` they are random, of so many bytes.
macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident read $read:path $(, new $new:path, $bytes:literal)?;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            $(
                /// A new id from random bytes.
                #[must_use]
                pub fn new(random: [u8; $bytes]) -> Self {
                    Self($new(random))
                }
            )?

            /// Reads an id.
            ///
            /// # Errors
            ///
            /// The text has another form.
            pub fn parse(text: &str) -> Result<Self, $crate::ids::NotAnId> {
                $read(text).map(Self).ok_or($crate::ids::NotAnId)
            }
        }

        $(
            impl $crate::ids::RandomId for $name {
                fn from_random(random: [u8; 16]) -> Self {
                    const { assert!($bytes <= 16) }
                    let mut bytes = [0; $bytes];
                    bytes.iter_mut().zip(random).for_each(|(byte, random)| *byte = random);
                    Self::new(bytes)
                }

                fn read(text: &str) -> Option<Self> {
                    Self::parse(text).ok()
                }
            }
        )?

        $crate::ids::text_id!($name);
        $crate::ids::stored_id!($name);
    )+};
}
pub(crate) use ids;

ids! {
    /// The tenant: a lower-case UUID, read in either case.
    MerchantId read read_uuid;
}

/// A dashed UUID in either case, in lower case.
pub(crate) fn read_uuid(text: &str) -> Option<String> {
    let dash = |index: usize| matches!(index, 8 | 13 | 18 | 23);
    let is_right = |(index, byte): (usize, u8)| if dash(index) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    (text.len() == 36 && text.bytes().enumerate().all(is_right)).then(|| text.to_ascii_lowercase())
}

/// A dashed UUID in lower case.
pub(crate) fn read_lower_uuid(text: &str) -> Option<String> {
    read_uuid(text).filter(|id| id == text)
}

/// 24 lower-case hex digits.
pub(crate) fn read_hex(text: &str) -> Option<String> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == 24 && text.bytes().all(is_hex)).then(|| text.to_owned())
}

/// Twelve bytes as hex digits.
pub(crate) fn hex_id(random: [u8; 12]) -> String {
    hex(&random)
}

/// A lower-case version 4 UUID from random bytes.
#[must_use]
pub fn uuid(mut random: [u8; 16]) -> String {
    random[6] = (random[6] & 0x0f) | 0x40;
    random[8] = (random[8] & 0x3f) | 0x80;
    let digits = hex(&random);
    let dash = |(index, digit)| match index {
        8 | 12 | 16 | 20 => vec!['-', digit],
        _ => vec![digit],
    };
    digits.chars().enumerate().flat_map(dash).collect()
}

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + (nibble - 10) });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::{MerchantId, OrderId, SafeId, ShipmentId, TransactionId};
    use crate::time::Timestamp;

    fn merchant() -> MerchantId {
        MerchantId::parse("B234EE56-7890-4f12-a123-4567890abcde").unwrap()
    }

    #[test]
    fn an_order_id_depends_only_on_merchant_and_safe_id() {
        let order = OrderId::derive(&merchant(), &SafeId::parse("UniqueSafeID123450").unwrap());
        assert_eq!(OrderId::parse(order.as_str()), Ok(order.clone()));
        assert_ne!(order, OrderId::derive(&merchant(), &SafeId::parse("UniqueSafeID123451").unwrap()));
        assert_eq!(order.item_id(0).len(), 24);
        assert!(order.item_id(499).ends_with("1f4"));
        assert_eq!(order.short_id().len(), 9);
    }

    #[test]
    fn a_shipment_id_leads_to_its_order() {
        let order = OrderId::derive(&merchant(), &SafeId::parse("UniqueSafeID123450").unwrap());
        for number in [1, 2, 4095] {
            let id = ShipmentId::new(&order, number);
            let text = id.to_string();
            assert_eq!(ShipmentId::parse(&text.to_uppercase()).unwrap(), id, "{text}");
            assert_eq!((text.len(), text.as_bytes()[14], text.as_bytes()[19]), (36, b'8', b'8'));
            let mut other = text.clone();
            other.replace_range(35.., if text.ends_with('0') { "1" } else { "0" });
            assert!(ShipmentId::parse(&other).is_err(), "{other}");
        }
        assert!(ShipmentId::parse("3ed09cf5-80c4-4450-8c64-245f2e2061bc").is_err());
        assert!(ShipmentId::parse("").is_err());
        assert_eq!(order.item_index(&order.item_id(11)), Some(11));
        assert_eq!(order.item_index(order.as_str()), None);
        assert_eq!(order.item_index("65ad"), None);
    }

    #[test]
    fn invalid_ids_are_rejected() {
        assert!(MerchantId::parse("b234ee56-7890-4f12-a123-4567890abcd").is_err());
        assert!(SafeId::parse("").is_err());
        assert!(SafeId::parse("a/b").is_err());
        assert!(SafeId::parse(&"a".repeat(65)).is_err());
        assert!(OrderId::parse("65ADD270441DE72442397000").is_err());
        assert!(TransactionId::parse("9223372036854775808").is_err());
        assert!(TransactionId::parse("-1").is_err());
    }

    #[test]
    fn transaction_ids_grow_with_time_and_fit_in_63_bits() {
        let early = TransactionId::new(Timestamp::from_milliseconds(1_767_225_600_000), u32::MAX);
        let late = TransactionId::new(Timestamp::from_milliseconds(1_767_225_600_001), 0);
        assert!(early < late && early.padded() < late.padded());
        assert!(TransactionId::parse(&late.to_string()).is_ok());
    }
}
