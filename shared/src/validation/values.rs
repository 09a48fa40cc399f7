//! The checks of single values: strings, numbers and amounts.

use rust_decimal::Decimal;

use super::broken::Broken;
use super::facts::Value;
use super::format::Format;
use super::table::{Rule, Sign};
use crate::limits::{AMOUNT_DECIMALS_MAX, AMOUNT_MAX, COORDINATE_DECIMALS_MAX};
use crate::number::{self, Excess};

/// Takes what is broken.
type Report<'r> = dyn FnMut(&Broken<'_>) + 'r;

/// Digits of an amount before the point.
const AMOUNT_DIGITS: u32 = AMOUNT_MAX.ilog10();
/// Digits of degrees before the point.
const DEGREES_DIGITS: i64 = 3;
// Counting digits is comparing with the limit.
const _: () = assert!(AMOUNT_MAX == 10_i64.pow(AMOUNT_DIGITS));

/// Whether the value of a member is never shown back.
pub(super) fn is_secret(rule: Rule) -> bool {
    matches!(rule, Rule::Format(Format { secret: true, .. }))
}

/// Checks the characters of a string, or the text of a number, of the type that the rule asks for; gives the value of a
/// valid one.
pub(super) fn check<'v>(rule: Rule, text: &'v str, report: &mut Report<'_>) -> Option<Value<'v>> {
    match rule {
        Rule::Text { min, max } => {
            let control = is_free_of_controls(text, false, report);
            (has_length(text, min, max, report) && control).then_some(Value::Text(text))
        }
        Rule::Lines { min, max } => {
            let control = is_free_of_controls(text, true, report);
            (has_length(text, min, max, report) && control).then_some(Value::Text(text))
        }
        Rule::Format(format) => {
            let readable = has_length(text, 0, format.max, report) && is_free_of_controls(text, false, report);
            if readable && (text.is_empty() || !(format.check)(text)) {
                report(&Broken::Form(format));
                return None;
            }
            readable.then_some(Value::Text(text))
        }
        Rule::Integer { min, max } => integer(text, min, max, report).map(Value::Integer),
        Rule::Amount(sign) => amount(text, sign, report).map(Value::Amount),
        Rule::Degrees { max } => degrees(text, max, report).map(Value::Amount),
        _ => None,
    }
}

fn has_length(text: &str, min: usize, max: usize, report: &mut Report<'_>) -> bool {
    // Most strings are shorter in bytes than they may be in characters.
    if (min..=max).contains(&text.len()) && min <= 1 {
        return true;
    }
    let has = text.chars().count();
    if has < min {
        report(&Broken::TooShort { min, has });
    } else if has > max {
        report(&Broken::TooLong { max, has });
    }
    (min..=max).contains(&has)
}

fn is_free_of_controls(text: &str, lines: bool, report: &mut Report<'_>) -> bool {
    let control = text.chars().find(|c| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t')));
    if let Some(character) = control {
        report(&Broken::Control { character });
    }
    control.is_none()
}

/// Digits only: whoever writes `2.0` or `1e2` computed a quantity with floats.
fn integer(text: &str, min: i64, max: i64, report: &mut Report<'_>) -> Option<i64> {
    if text.contains(['.', 'e', 'E']) {
        report(&Broken::NotAnInteger);
        return None;
    }
    let value = text.parse().ok().filter(|value| (min..=max).contains(value));
    if value.is_none() {
        report(&Broken::IntegerRange { min, max });
    }
    value
}

fn amount(text: &str, sign: Sign, report: &mut Report<'_>) -> Option<Decimal> {
    if !number::is_number(text) {
        report(&Broken::NotANumber);
        return None;
    }
    let value = match number::exact(text, i64::from(AMOUNT_DIGITS), i64::from(AMOUNT_DECIMALS_MAX)) {
        Ok(value) => value,
        Err(excess) => {
            report(&match excess {
                Excess::Magnitude => Broken::AmountRange(sign),
                Excess::Decimals => Broken::TooManyDecimals { max: AMOUNT_DECIMALS_MAX },
            });
            return None;
        }
    };
    if sign == Sign::NotNegative && value.is_sign_negative() {
        report(&Broken::AmountRange(sign));
        return None;
    }
    Some(value)
}

fn degrees(text: &str, max: i64, report: &mut Report<'_>) -> Option<Decimal> {
    let value = number::exact(text, DEGREES_DIGITS, i64::from(COORDINATE_DECIMALS_MAX));
    match value {
        Ok(value) if value.abs() <= Decimal::from(max) => return Some(value),
        Err(Excess::Decimals) => report(&Broken::TooManyDecimals { max: COORDINATE_DECIMALS_MAX }),
        _ => report(&Broken::DegreesRange { max }),
    }
    None
}
