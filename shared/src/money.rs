//! Money: an exact decimal amount with its currency.
//!
//! Amounts never pass through a binary float: they are read from the digits of the JSON text and written as digits.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::Code;
use crate::number;

/// An ISO 4217 code: three upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// A text is not a currency code.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a currency is three letters (ISO 4217), not `{0}`")]
pub struct NotACurrency(String);

impl Currency {
    /// The US dollar, the default of the order network API.
    pub const USD: Self = Self(*b"USD");

    /// Reads a code in either case: three ASCII letters.
    pub fn parse(text: &str) -> Result<Self, NotACurrency> {
        let letters: [u8; 3] = text.as_bytes().try_into().map_err(|_| NotACurrency(text.to_owned()))?;
        if letters.iter().all(u8::is_ascii_alphabetic) {
            Ok(Self(letters.map(|letter| letter.to_ascii_uppercase())))
        } else {
            Err(NotACurrency(text.to_owned()))
        }
    }

    /// The code, for example `USD`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Decimals of the minor unit (ISO 4217): usually 2, but 0 for the yen, 3 for the Kuwaiti dinar, 4 for the Unidad
    /// de Fomento.
    #[must_use]
    pub fn exponent(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// An amount in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// The amount in units of the currency (not of its minor unit).
    pub amount: Decimal,
    /// The currency.
    pub currency: Currency,
}

/// A sum of different currencies, or an amount too large to hold.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MoneyError {
    /// The amounts have different currencies.
    #[error("`{0}` and `{1}` do not add up")]
    MixedCurrency(Currency, Currency),
    /// The result has too many digits.
    #[error("the amount is too large")]
    TooLarge,
}

impl Money {
    /// Zero in a currency.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self { amount: Decimal::ZERO, currency }
    }

    /// The exact sum; an error if the currencies differ or it does not fit.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::MixedCurrency(self.currency, other.currency));
        }
        let amount = self.amount.checked_add(other.amount).ok_or(MoneyError::TooLarge)?;
        Ok(Self { amount, ..self })
    }

    /// The exact product with a number of units; an error if it does not fit.
    pub fn times(self, quantity: u32) -> Result<Self, MoneyError> {
        let amount = self.amount.checked_mul(Decimal::from(quantity)).ok_or(MoneyError::TooLarge)?;
        Ok(Self { amount, ..self })
    }

    /// Rounds half up to the minor unit of the currency.
    #[must_use]
    pub fn rounded_half_up(self) -> Self {
        let places = self.currency.exponent();
        let amount = self.amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
        Self { amount, ..self }
    }

    /// The amount in plain digits, with at least the decimals of the minor unit: `1197.50`.
    #[must_use]
    pub fn plain(self) -> String {
        let mut amount = self.amount.normalize();
        if amount.scale() < self.currency.exponent() {
            amount.rescale(self.currency.exponent());
        }
        amount.to_string()
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.plain(), self.currency)
    }
}

/// Maximum digits before and after the point: those of the largest amount, and of the finest coordinate.
const DIGITS_MAX: (i64, u32) = (13, 15);

/// Reads an amount in any form of a JSON number. Uses the validation's parser with wider bounds.
///
/// # Errors
///
/// `INVALID_FORMAT` if the text is not a number; `OUT_OF_RANGE` or `TOO_MANY_DECIMALS` if it has too many digits before
/// or after the point.
pub fn read_amount(text: &str) -> Result<Decimal, Code> {
    let (whole, decimals) = DIGITS_MAX;
    if !number::is_number(text) {
        return Err(Code::InvalidFormat);
    }
    let mut value = 0_i128;
    let negative = number::exact(text, whole, i64::from(decimals), |digit| value = value * 10 + i128::from(digit))
        .map_err(|excess| match excess {
            number::Excess::Magnitude => Code::OutOfRange,
            number::Excess::Decimals => Code::TooManyDecimals,
        })?;
    let value = Decimal::try_from_i128_with_scale(if negative { -value } else { value }, decimals);
    value.map(|value| value.normalize()).map_err(|_| Code::OutOfRange)
}

/// Reads an amount stored in DynamoDB, with up to the 28 digits that a decimal holds.
#[must_use]
pub fn parse_stored_amount(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

/// A bare decimal in JSON: a number, or a string of the same form, read and written digit by digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(pub Decimal);

impl Number {
    /// Reads a decimal; null and the empty string give `None`; an error if it is not a decimal or has too many digits.
    pub fn deserialize_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        use serde::de::Error;
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let unquoted = raw.get().starts_with('"').then(|| serde_json::from_str::<String>(raw.get())).transpose();
        let text = unquoted.map_err(Error::custom)?.unwrap_or_else(|| raw.get().to_owned());
        if text.is_empty() || text == "null" {
            return Ok(None);
        }
        let not_a_decimal = || Error::custom(format!("`{text}` is not a decimal that can be read"));
        read_amount(&text).map(|amount| Some(Self(amount))).map_err(|_| not_a_decimal())
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.normalize().to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let missing = || serde::de::Error::custom("a decimal is missing");
        Self::deserialize_or_empty(deserializer)?.ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::{Currency, Money, Number, read_amount};

    fn money(amount: &str, currency: &str) -> Money {
        Money { amount: read_amount(amount).unwrap(), currency: Currency::parse(currency).unwrap() }
    }

    #[test]
    fn amounts_print_at_the_minor_unit() {
        for (amount, currency, plain) in [
            ("950", "USD", "950.00"),
            ("247.5", "USD", "247.50"),
            ("0.0125", "USD", "0.0125"),
            ("1200", "JPY", "1200"),
            ("1.5", "KWD", "1.500"),
            ("1e3", "EUR", "1000.00"),
        ] {
            assert_eq!(money(amount, currency).plain(), plain);
        }
    }

    #[test]
    fn sums_and_products_are_exact_and_checked() {
        let line = money("9.5", "USD").times(100).unwrap();
        assert_eq!(line.plus(money("247.5", "USD")).unwrap().plain(), "1197.50");
        assert!(line.plus(money("1", "EUR")).is_err());
        assert!(Money { amount: rust_decimal::Decimal::MAX, ..line }.times(2).is_err());
    }

    #[test]
    fn half_a_cent_rounds_up() {
        assert_eq!(money("0.125", "USD").rounded_half_up().plain(), "0.13");
        assert_eq!(money("11.47413", "USD").rounded_half_up().plain(), "11.47");
    }

    #[test]
    fn numbers_keep_their_digits_through_json() {
        for (read, written) in [
            ("200.5", "200.5"),
            ("\"0.10\"", "0.1"),
            ("-118.243683000000001", "-118.243683000000001"),
            ("1.000000000000000000000000000000000000", "1"),
            ("1e2", "100"),
        ] {
            let number: Number = serde_json::from_str(read).unwrap();
            assert_eq!(serde_json::to_string(&number).unwrap(), written);
        }
    }
}
