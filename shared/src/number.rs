//! Numbers as digits: the JSON grammar, and exact decimals from it without a float and without a loop over the
//! exponent.

/// The extent of a number.
pub(crate) struct Token {
    pub(crate) length: usize,
    /// Whether the number is complete; if not, a digit is missing.
    pub(crate) complete: bool,
}

/// Measures the number at the start of `bytes`: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
pub(crate) fn measure(bytes: &[u8]) -> Token {
    let byte = |at: usize| bytes.get(at).copied();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();

    let mut length = usize::from(byte(0) == Some(b'-'));
    // No digit may follow a leading zero.
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

/// A short number in the usual notation: no exponent, no redundant zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    /// All digits, without the point.
    pub(crate) mantissa: u64,
    /// Digits before the point.
    pub(crate) whole: u32,
    /// Digits after the point.
    pub(crate) decimals: u32,
    pub(crate) negative: bool,
    pub(crate) length: usize,
}

impl Digits {
    /// A number of this many digits is below 10¹⁸ and fits into 64 bits.
    const COUNT_MAX: u32 = 18;

    /// Reads the number at the start of `bytes`; `None` if there is none or it has another notation.
    #[inline(always)]
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (negative, mut rest) = match bytes {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, bytes),
        };
        let mut mantissa = 0_u64;
        let whole = take_digits(&mut rest, &mut mantissa);
        // Digits after a leading zero are redundant, if allowed at all.
        if whole == 0 || (whole > 1 && bytes.get(usize::from(negative)) == Some(&b'0')) {
            return None;
        }
        let mut decimals = 0;
        if let [b'.', fraction @ ..] = rest {
            rest = fraction;
            decimals = take_digits(&mut rest, &mut mantissa);
            if decimals == 0 {
                return None;
            }
        }
        let exponent = matches!(rest, [b'e' | b'E', ..]);
        let length = bytes.len() - rest.len();
        (whole + decimals <= Self::COUNT_MAX && !exponent).then_some(Self {
            mantissa,
            whole,
            decimals,
            negative,
            length,
        })
    }
}

/// Consumes digits, appends them to a number, and counts them.
#[inline(always)]
fn take_digits(bytes: &mut &[u8], number: &mut u64) -> u32 {
    let mut count = 0;
    while let [byte, rest @ ..] = *bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        // Overflow may wrap here: the caller rejects that many digits.
        *number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        count += 1;
        *bytes = rest;
    }
    count
}

/// Whether all of `text` is a JSON number.
pub(crate) fn is_number(text: &str) -> bool {
    let token = measure(text.as_bytes());
    token.complete && token.length == text.len()
}

/// Why a number does not fit the requested size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// Too many digits before the point.
    Magnitude,
    /// Too many digits after the point, not counting trailing zeros.
    Decimals,
}

/// Reads a JSON number exactly: passes the digits of |number| × 10^`decimals` to `digit`, most significant first, and
/// returns whether the number is negative.
///
/// Passes at most `whole` + `decimals` digits. More digits before the point, or more after it (trailing zeros do not
/// count), are an [`Excess`], and then `digit` is never called. Works on digit positions, so `1e999999999` costs as
/// little as `1`.
pub(crate) fn exact(text: &str, whole: i64, decimals: i64, mut digit: impl FnMut(u8)) -> Result<bool, Excess> {
    let (negative, text) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        text => (false, text),
    };
    let (mantissa, exponent) = split(text, |byte| matches!(byte, b'e' | b'E'));
    let (before_point, after_point) = split(mantissa, |byte| byte == b'.');

    let digits = || before_point.iter().chain(after_point).copied();
    let (Some(first), Some(behind)) = (digits().position(is_significant), digits().rev().position(is_significant))
    else {
        return Ok(false);
    };
    let count = signed(before_point.len() + after_point.len() - first - behind);
    // The value is 0.d₁d₂…dₙ × 10^magnitude, where d₁ and dₙ are not zero.
    let magnitude = signed(before_point.len()).saturating_sub(signed(first)).saturating_add(self::exponent(exponent));
    if magnitude > whole {
        return Err(Excess::Magnitude);
    }
    if count.saturating_sub(magnitude) > decimals {
        return Err(Excess::Decimals);
    }
    digits().skip(first).take(usize::try_from(count).unwrap_or_default()).for_each(|byte| digit(byte - b'0'));
    (count.saturating_sub(magnitude)..decimals).for_each(|_| digit(0));
    Ok(negative)
}

/// Splits at the first byte that matches; the second part is empty if none does.
fn split(text: &[u8], is: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let at = text.iter().position(|byte| is(*byte)).unwrap_or(text.len());
    (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default())
}

fn is_significant(digit: u8) -> bool {
    digit != b'0'
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The exponent, clamped to a bound that no body has enough digits to offset.
fn exponent(text: &[u8]) -> i64 {
    const BOUND: i64 = 1 << 40;
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let value = digits.iter().fold(0_i64, |value, digit| (value * 10 + i64::from(digit - b'0')).min(BOUND));
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::{Digits, Excess, exact, is_number, measure};

    fn decimal(text: &str, whole: i64, decimals: u32) -> Result<Decimal, Excess> {
        let mut value = 0_i128;
        let negative = exact(text, whole, i64::from(decimals), |digit| value = value * 10 + i128::from(digit))?;
        Ok(Decimal::from_i128_with_scale(if negative { -value } else { value }, decimals).normalize())
    }

    #[test]
    fn the_grammar_matches_json() {
        for good in ["0", "-0", "10", "1.5", "0.0", "1e2", "1E+2", "1.25e-10", "-12.5E0"] {
            assert!(is_number(good), "{good}");
        }
        for bad in ["", "-", "+1", "01", ".5", "1.", "1e", "1e+", "0x10", "NaN", "Infinity", "1,5", " 1", "1 ", "--1"] {
            assert!(!is_number(bad), "{bad}");
        }
    }

    #[test]
    fn short_numbers_match_the_exact_parser() {
        let parts = ["", "-", "0", "00", "7", "01", "10", "199", "123456789012345678", "1234567890123456789"];
        let ends = ["", ".", ".0", ".5", ".25", ".000000000000001", "e1", "E-2", ".5e3", "-", ",", "}", " "];
        let mut read = 0;
        for text in parts.iter().flat_map(|part| ends.iter().map(move |end| format!("{part}{end}"))) {
            for text in [text.clone(), format!("-{text}")] {
                let Some(digits) = Digits::read(text.as_bytes()) else { continue };
                read += 1;
                let token = measure(text.as_bytes());
                assert!(token.complete && token.length == digits.length, "{text}");
                let value = Decimal::new(digits.mantissa as i64, digits.decimals);
                let number = text.get(..token.length).expect("numbers are ASCII");
                let exactly = decimal(number, 18, digits.decimals).expect("short numbers fit");
                assert_eq!(if digits.negative { -value } else { value }, exactly, "{text}");
                assert_eq!(digits.decimals == 0, !number.contains('.'), "{text}");
            }
        }
        assert!(read > 60, "{read}");
    }

    #[test]
    fn values_are_exact_and_bounded() {
        let text = |number| decimal(number, 12, 4).map(|value| value.to_string());
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
