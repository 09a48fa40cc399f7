//! Identifiers of network orders, their items, shipments and packages.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{MerchantId, NotAnId, hex, text_id};

text_id!(SafeId, OrderId);

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
