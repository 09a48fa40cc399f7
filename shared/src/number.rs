//! Numbers as their digits: the grammar of JSON, and exact decimals from it without a float and without a loop over
//! the exponent.

use rust_decimal::Decimal;

/// How far a number goes.
pub(crate) struct Token {
    /// Bytes that belong to it.
    pub(crate) length: usize,
    /// Whether it may end there; if not, a digit is missing.
    pub(crate) complete: bool,
}

/// Measures the number that `bytes` starts with: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
pub(crate) fn measure(bytes: &[u8]) -> Token {
    let byte = |at: usize| bytes.get(at).copied();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();

    let mut length = usize::from(byte(0) == Some(b'-'));
    // A leading zero stands alone.
    let whole = if byte(length) == Some(b'0') { 1 } else { digits(length) };
    length += whole;
    if whole == 0 {
        return Token { length, complete: false };
    }
    if byte(length) == Some(b'.') {
        let fraction = digits(length + 1);
        length += 1 + fraction;
        if fraction == 0 {
            return Token { length, complete: false };
        }
    }
    if matches!(byte(length), Some(b'e' | b'E')) {
        length += 1 + usize::from(matches!(byte(length + 1), Some(b'+' | b'-')));
        let exponent = digits(length);
        length += exponent;
        if exponent == 0 {
            return Token { length, complete: false };
        }
    }
    Token { length, complete: true }
}

/// Whether the whole of `text` is a number of JSON.
pub(crate) fn is_number(text: &str) -> bool {
    let token = measure(text.as_bytes());
    token.complete && token.length == text.len()
}

/// Why a number is not a decimal of the asked size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// Too many digits before the point.
    Magnitude,
    /// Too many digits after the point, not counting trailing zeros.
    Decimals,
}

/// The exact value of a JSON number with at most so many digits before and after the point.
///
/// Works on the places of the digits, so `1e999999999` costs as little as `1`. Digits before and after the point
/// together are at most 28 (what a [`Decimal`] holds).
pub(crate) fn exact(text: &str, whole_max: i64, decimals_max: i64) -> Result<Decimal, Excess> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));

    let digits = || whole.bytes().chain(fraction.bytes());
    let (Some(first), Some(behind)) = (digits().position(is_significant), digits().rev().position(is_significant))
    else {
        return Ok(Decimal::ZERO);
    };
    let count = whole.len() + fraction.len() - first - behind;
    // The value is 0.d₁d₂…dₙ × 10^magnitude, where d₁ and dₙ are not zero.
    let magnitude = signed(whole.len()).saturating_sub(signed(first)).saturating_add(self::exponent(exponent));
    if magnitude > whole_max {
        return Err(Excess::Magnitude);
    }
    let decimals = signed(count).saturating_sub(magnitude);
    if decimals > decimals_max {
        return Err(Excess::Decimals);
    }

    // At most whole_max + decimals_max digits are left, and at most whole_max zeros behind them.
    let value = digits().skip(first).take(count).fold(0_i128, |value, digit| value * 10 + i128::from(digit - b'0'));
    let zeros = u32::try_from(-decimals).unwrap_or_default();
    let scale = u32::try_from(decimals).unwrap_or_default();
    let value = if negative { -value } else { value } * 10_i128.pow(zeros);
    Decimal::try_from_i128_with_scale(value, scale).map_err(|_| Excess::Magnitude)
}

fn is_significant(digit: u8) -> bool {
    digit != b'0'
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The exponent, held at a bound that no body can make up for by its digits.
fn exponent(text: &str) -> i64 {
    const BOUND: i64 = 1 << 40;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = digits.bytes().fold(0_i64, |value, digit| (value * 10 + i64::from(digit - b'0')).min(BOUND));
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::{Excess, exact, is_number};

    #[test]
    fn the_grammar_is_that_of_json() {
        for good in ["0", "-0", "10", "1.5", "0.0", "1e2", "1E+2", "1.25e-10", "-12.5E0"] {
            assert!(is_number(good), "{good}");
        }
        for bad in ["", "-", "+1", "01", ".5", "1.", "1e", "1e+", "0x10", "NaN", "Infinity", "1,5", " 1", "1 ", "--1"] {
            assert!(!is_number(bad), "{bad}");
        }
    }

    #[test]
    fn values_are_exact_and_bounded() {
        let text = |number| exact(number, 12, 4).map(|value| value.to_string());
        let table = [
            ("0", "0"),
            ("-0", "0"),
            ("0.0000000", "0"),
            ("0e999999999", "0"),
            ("200.5", "200.5"),
            ("1.50000", "1.5"),
            ("1e2", "100"),
            ("12.5e1", "125"),
            ("125e-2", "1.25"),
            ("0.0001", "0.0001"),
            ("1e-4", "0.0001"),
            ("999999999999.9999", "999999999999.9999"),
            ("-7.25", "-7.25"),
            ("0.00001e1", "0.0001"),
            ("100", "100"),
            ("1000000e-6", "1"),
            ("0.000000000001e12", "1"),
        ];
        for (number, value) in table {
            assert_eq!(text(number), Ok(value.to_owned()), "{number}");
        }
        for large in ["1000000000000", "1e12", "1e400", "1e999999999999999999999", "-1e13", "0.1e14"] {
            assert_eq!(text(large), Err(Excess::Magnitude), "{large}");
        }
        for fine in ["0.00001", "0.30000000000000004", "1e-5", "1e-400", "1e-999999999999999999999", "1.23456"] {
            assert_eq!(text(fine), Err(Excess::Decimals), "{fine}");
        }
    }
}
