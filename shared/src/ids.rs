//! Identifiers: each type can only hold a valid value.
//!
//! An order's id is a hash of (merchant, safe id), so both names lead to the one key under which the order is stored,
//! and a repeated safe id finds the order itself. An item's id contains its order's id, so it leads to the same key.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::time::Timestamp;

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

text_id!(SafeId, OrderId);

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

/// The merchant's name for a network order: 1 to 64 characters of `[A-Za-z0-9._~-]`, unique per merchant forever.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SafeId(String);

impl SafeId {
    /// Reads a safe id.
    ///
    /// # Errors
    /// It is empty, too long, contains another character, or is `.` or `..`.
    pub fn parse(text: &str) -> Result<Self, NotAnId> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'-');
        let fits = (1..=crate::limits::SAFE_ID_CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(unreserved);
        // As a path segment, these would change the path.
        let fits = fits && !matches!(text, "." | "..");
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAnId) }
    }

    /// A safe id for an order that was sent without one: 128 random bits in hex.
    #[must_use]
    pub fn generate(random: [u8; 16]) -> Self {
        Self(hex(&random))
    }
}

/// Hex digits of an order's id that its items share; the last three digits number the items.
const STEM_DIGITS: usize = 21;

/// A network order's id: 24 lower-case hex digits, the last three zero.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(String);

impl OrderId {
    /// The id of the order that `merchant` calls `safe_id`: 84 bits of a hash. For a merchant with a billion orders,
    /// the chance that any two collide is 3 in 100 million; the later one is then rejected.
    #[must_use]
    pub fn derive(merchant: &MerchantId, safe_id: &SafeId) -> Self {
        let digest =
            Sha256::new().chain_update(merchant.as_str()).chain_update("\0").chain_update(safe_id.as_str()).finalize();
        let mut id: String = hex(&digest).chars().take(STEM_DIGITS).collect();
        id.push_str("000");
        Self(id)
    }

    /// Reads an order's id: 24 lower-case hex digits ending in `000`.
    pub fn parse(text: &str) -> Result<Self, NotAnId> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 24 && text.bytes().all(hex) && text.ends_with("000") {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnId)
        }
    }

    /// The order that an item's id belongs to.
    ///
    /// # Errors
    /// It is not 24 lower-case hex digits, or it is the id of an order.
    pub fn of_item(item_id: &str) -> Result<Self, NotAnId> {
        let (stem, number) = item_id.split_at_checked(STEM_DIGITS).ok_or(NotAnId)?;
        let order = Self::parse(&format!("{stem}000"))?;
        if order.item_index(item_id).is_some() && number != "000" { Ok(order) } else { Err(NotAnId) }
    }

    /// The id of the item at `index` (from 0).
    #[must_use]
    pub fn item_id(&self, index: usize) -> String {
        let stem = self.0.get(..STEM_DIGITS).unwrap_or_default();
        format!("{stem}{:03x}", index.saturating_add(1))
    }

    /// The index of the item with that id; `None` if it belongs to another order.
    #[must_use]
    pub fn item_index(&self, item_id: &str) -> Option<usize> {
        let (stem, number) = item_id.split_at_checked(STEM_DIGITS)?;
        let number = usize::from_str_radix(number, 16).ok()?;
        let index = number.checked_sub(1)?;
        (self.0.starts_with(stem) && self.item_id(index) == item_id).then_some(index)
    }

    /// `O` and eight digits, easy to read out on the phone; not guaranteed unique.
    #[must_use]
    pub fn short_id(&self) -> String {
        short_id('O', &self.0)
    }

    /// The same for the item at `index`, starting with `I`.
    #[must_use]
    pub fn item_short_id(&self, index: usize) -> String {
        short_id('I', &self.item_id(index))
    }
}

fn short_id(letter: char, id: &str) -> String {
    let digest = Sha256::digest(id);
    let number = digest.iter().take(4).fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    format!("{letter}{:08}", number % 100_000_000)
}

/// A shipment: a UUID that contains its order's id, so it leads to the order without an index.
///
/// Version 8 of RFC 9562: 21 digits of the order, 3 of the shipment's number within it, 6 of a hash of both, which
/// identifies a foreign UUID before anything is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShipmentId {
    order: OrderId,
    number: u16,
}

/// Maximum shipments per order that an id can number.
pub const SHIPMENT_NUMBER_MAX: u16 = 0xfff;

impl ShipmentId {
    /// The id of the shipment with that number, 1 to [`SHIPMENT_NUMBER_MAX`].
    #[must_use]
    pub fn new(order: &OrderId, number: u16) -> Self {
        Self { order: order.clone(), number: number.min(SHIPMENT_NUMBER_MAX) }
    }

    /// Reads a dashed UUID in either case.
    ///
    /// # Errors
    /// It is not an id that [`Self::new`] can produce.
    pub fn parse(text: &str) -> Result<Self, NotAnId> {
        let text = text.to_ascii_lowercase();
        let digits: String = text.bytes().filter(u8::is_ascii_hexdigit).map(char::from).collect();
        let part = |range: std::ops::Range<usize>| digits.get(range).ok_or(NotAnId);
        let (stem, number) = (format!("{}{}{}", part(0..12)?, part(13..16)?, part(17..23)?), part(23..26)?);
        let id = Self {
            order: OrderId::parse(&format!("{stem}000"))?,
            number: u16::from_str_radix(number, 16).map_err(|_| NotAnId)?,
        };
        if id.to_string() == text { Ok(id) } else { Err(NotAnId) }
    }

    /// The shipment's order.
    #[must_use]
    pub const fn order(&self) -> &OrderId {
        &self.order
    }

    /// The shipment's number within the order.
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.number
    }

    /// `S` and ten digits, easy to read out on the phone; not guaranteed unique.
    #[must_use]
    pub fn short_id(&self) -> String {
        long_short_id('S', &self.to_string())
    }

    /// The UUID of the package at `index` (from 0).
    #[must_use]
    pub fn package_id(&self, index: usize) -> String {
        let digest = hex(&Sha256::digest(format!("{self}/package/{index}")));
        let part = |range: std::ops::Range<usize>| digest.get(range).unwrap_or_default().to_owned();
        format!("{}-{}-8{}-8{}-{}", part(0..8), part(8..12), part(12..15), part(15..18), part(18..30))
    }

    /// `P` and ten digits for the package at `index`.
    #[must_use]
    pub fn package_short_id(&self, index: usize) -> String {
        long_short_id('P', &self.package_id(index))
    }
}

impl fmt::Display for ShipmentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{}{:03x}", self.order.0.get(..STEM_DIGITS).unwrap_or_default(), self.number);
        let check = hex(&Sha256::digest(&digits));
        let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
        let (first, second, third) = (part(0..8), part(8..12), part(12..15));
        let (fourth, fifth) = (part(15..18), part(18..24));
        write!(formatter, "{first}-{second}-8{third}-8{fourth}-{fifth}{}", check.get(..6).unwrap_or_default())
    }
}

fn long_short_id(letter: char, id: &str) -> String {
    let digest = Sha256::digest(id);
    let number = digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{letter}{:010}", number % 10_000_000_000)
}

/// A bulk API order: the decimal digits of a number below 2^63 that grows with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(u64);

/// 2024-01-01T00:00:00Z: 41 bits of milliseconds from here last until 2093.
const TRANSACTION_EPOCH_MS: i64 = 1_704_067_200_000;
/// Random low bits: two orders of one merchant in the same millisecond collide with a chance of 1 in 4 million, and
/// then a new id is drawn.
const TRANSACTION_RANDOM_BITS: u32 = 22;

impl TransactionId {
    /// A new id: time in the high bits, randomness in the low bits.
    #[must_use]
    pub fn new(now: Timestamp, random: u32) -> Self {
        let milliseconds = u64::try_from(now.milliseconds().saturating_sub(TRANSACTION_EPOCH_MS)).unwrap_or(0);
        let low = u64::from(random) & ((1 << TRANSACTION_RANDOM_BITS) - 1);
        Self(((milliseconds & ((1 << 41) - 1)) << TRANSACTION_RANDOM_BITS) | low)
    }

    /// Reads the digits.
    ///
    /// # Errors
    /// They are not a number below 2^63.
    pub fn parse(text: &str) -> Result<Self, NotAnId> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAnId);
        }
        let number = text.parse::<u64>().map_err(|_| NotAnId)?;
        if number < 1 << 63 { Ok(Self(number)) } else { Err(NotAnId) }
    }

    /// Nineteen digits, so that the texts sort like the numbers.
    #[must_use]
    pub fn padded(self) -> String {
        format!("{:019}", self.0)
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
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
