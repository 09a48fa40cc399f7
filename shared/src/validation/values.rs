//! The checks of single values: strings, numbers and amounts.
//!
//! An amount is a whole number of ten-thousandths, the finest unit of any currency, so sums and comparisons are exact
//! integer operations, with less code than decimals (a property test compares both).
//!
//! Each check exists twice. `accepts` (of [`Plain`](super::field::Plain)) and `accepts_number` handle the usual
//! notation (plain ASCII, few digits) and only accept; `check_*` handle everything and report violations. Whatever the
//! first accepts the second accepts with the same value (a property test compares them), so the first is a mere
//! shortcut.

use super::broken::Broken;
use super::facts::Value;
use super::format::Format;
use super::table::{Rule, Sign};
use super::text::Text;
use crate::limits::{AMOUNT_DECIMALS_MAX, AMOUNT_MAX, COORDINATE_DECIMALS_MAX};
use crate::number::{self, Digits, Excess};

type Report<'r> = dyn FnMut(Broken) + 'r;

/// Digits of an amount before the point.
const AMOUNT_DIGITS: u32 = AMOUNT_MAX.ilog10();
/// Digits of degrees before the point.
const DEGREES_DIGITS: i64 = 3;
/// Powers of ten.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
static UNITS: [i64; COORDINATE_DECIMALS_MAX as usize + 1] = {
    let mut units = [1; COORDINATE_DECIMALS_MAX as usize + 1];
    let mut power = 1;
    while power < units.len() {
        units[power] = units[power - 1] * 10;
        power += 1;
    }
    units
};

// Counting digits must be equivalent to comparing with the limit.
const _: () = assert!(AMOUNT_MAX == 10_i64.pow(AMOUNT_DIGITS));

/// Whether the value is never shown.
pub(super) fn is_secret(rule: Rule) -> bool {
    matches!(rule, Rule::Format(Format { secret: true, .. }))
}

/// The value of a number, if it is valid and written with few digits and no exponent.
#[inline(always)]
pub(super) fn accepts_number<'a>(rule: &Rule, digits: Digits) -> Option<Value<'a>> {
    let Digits { mantissa, decimals, negative, .. } = digits;
    let value = i64::try_from(mantissa).ok()?;
    match *rule {
        Rule::Integer { min, max } => {
            (decimals == 0 && !negative && value >= min.into() && value <= max.into()).then_some(Value::Integer(value))
        }
        Rule::Amount(sign) if !negative && digits.whole <= AMOUNT_DIGITS && takes(sign, value) => {
            let unit = UNITS.get(AMOUNT_DECIMALS_MAX.checked_sub(decimals)? as usize)?;
            Some(Value::Amount(value * unit))
        }
        // Fewer whole degrees than the bound: the decimals do not matter.
        Rule::Degrees { max } if decimals <= COORDINATE_DECIMALS_MAX => {
            (value / UNITS.get(decimals as usize)? < max.into()).then_some(Value::Degrees)
        }
        _ => None,
    }
}

/// Checks a string of the right type; returns the value if it is valid.
pub(super) fn check_text<'a>(rule: Rule, text: Text<'a>, report: &mut Report<'_>) -> Option<Value<'a>> {
    if let (Rule::Format(format), Some(plain)) = (rule, text.plain()) {
        // Only the length and the form of a plain string can be wrong.
        if (1..=format.max).contains(&plain.len()) && format.check(plain, plain.len()) {
            return Some(Value::Text(text));
        }
        report(plain_form(format, plain.len()));
        return None;
    }
    let characters = text.resolve();
    let valid = match rule {
        Rule::Id { min, max } | Rule::Text { min, max } => check_characters(&characters, min, max, false, report),
        Rule::Lines { min, max } => check_characters(&characters, min, max, true, report),
        Rule::Format(format) => {
            // A string without its form has one finding, the simplest one.
            let readable =
                has_length(&characters, 0, format.max, report) && is_free_of_controls(&characters, false, report);
            let fits = readable && format.fits(&characters);
            if readable && !fits {
                report(Broken::Form(format));
            }
            fits
        }
        Rule::Amount(sign) => return amount(&characters, sign, report).map(Value::Amount),
        _ => false,
    };
    valid.then_some(Value::Text(text))
}

/// What is wrong with a plain string of `has` characters that does not have its form.
pub(super) fn plain_form(format: &'static Format, has: usize) -> Broken {
    if has > format.max { Broken::TooLong { max: format.max, has } } else { Broken::Form(format) }
}

/// Checks a number of the right type; returns the value if it is valid.
pub(super) fn check_number<'a>(rule: Rule, text: &str, report: &mut Report<'_>) -> Option<Value<'a>> {
    match rule {
        Rule::Integer { min, max } => integer(text, min.into(), max.into(), report).map(Value::Integer),
        Rule::Amount(sign) => amount(text, sign, report).map(Value::Amount),
        Rule::Degrees { max } => degrees(text, max.into(), report).then_some(Value::Degrees),
        #[cfg(feature = "domain")]
        Rule::Choice(choice) => {
            let number = text.parse().ok().filter(|number| choice.numbers.contains(number));
            if number.is_none() {
                report(Broken::Domain(super::extension::DomainBroken::NotOneOf(choice)));
            }
            number.map(|number| Value::Integer(number.into()))
        }
        _ => None,
    }
}

/// Checks control characters (line breaks are allowed in lines) and length in characters.
pub(super) fn check_characters(text: &str, min: usize, max: usize, lines: bool, report: &mut Report<'_>) -> bool {
    let control = is_free_of_controls(text, lines, report);
    has_length(text, min, max, report) && control
}

fn has_length(text: &str, min: usize, max: usize, report: &mut Report<'_>) -> bool {
    let has = text.bytes().filter(|byte| byte & 0xc0 != 0x80).count();
    if has < min {
        report(Broken::TooShort { min, has });
    } else if has > max {
        report(Broken::TooLong { max, has });
    }
    (min..=max).contains(&has)
}

fn is_free_of_controls(text: &str, lines: bool, report: &mut Report<'_>) -> bool {
    let control = text.chars().find(|c| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t')));
    if let Some(character) = control {
        report(Broken::Control { character });
    }
    control.is_none()
}

/// Digits only: `2.0` or `1e2` indicates that a quantity was computed with floats.
fn integer(text: &str, min: i64, max: i64, report: &mut Report<'_>) -> Option<i64> {
    if text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        report(Broken::NotAnInteger);
        return None;
    }
    let value = text.parse().ok().filter(|value| (min..=max).contains(value));
    if value.is_none() {
        report(Broken::IntegerRange { min, max });
    }
    value
}

fn amount(text: &str, sign: Sign, report: &mut Report<'_>) -> Option<i64> {
    if !number::is_number(text) {
        report(Broken::NotANumber);
        return None;
    }
    let value = match scaled(text, i64::from(AMOUNT_DIGITS), AMOUNT_DECIMALS_MAX) {
        Ok(value) => value,
        Err(excess) => {
            report(match excess {
                Excess::Magnitude => Broken::AmountRange(sign),
                Excess::Decimals => Broken::TooManyDecimals { max: AMOUNT_DECIMALS_MAX },
            });
            return None;
        }
    };
    if !takes(sign, value) {
        report(Broken::AmountRange(sign));
        return None;
    }
    Some(value)
}

/// Whether the rule allows the sign of an amount.
#[inline(always)]
const fn takes(sign: Sign, value: i64) -> bool {
    match sign {
        Sign::NotNegative => value >= 0,
        Sign::Any => true,
        #[cfg(feature = "domain")]
        Sign::Positive => value > 0,
    }
}

fn degrees(text: &str, max: i64, report: &mut Report<'_>) -> bool {
    let bound = UNITS.last().map_or(0, |unit| max * unit);
    match scaled(text, DEGREES_DIGITS, COORDINATE_DECIMALS_MAX) {
        Ok(value) if (-bound..=bound).contains(&value) => return true,
        Err(Excess::Decimals) => report(Broken::TooManyDecimals { max: COORDINATE_DECIMALS_MAX }),
        _ => report(Broken::DegreesRange { max }),
    }
    false
}

/// A number × 10^`decimals`, of at most 18 digits.
fn scaled(text: &str, whole: i64, decimals: u32) -> Result<i64, Excess> {
    let mut value = 0_i64;
    let negative = number::exact(text, whole, i64::from(decimals), |digit| value = value * 10 + i64::from(digit))?;
    Ok(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::field::Plain;
    use super::super::rules;
    use super::super::table::Object;
    use super::super::text::Form;
    use super::*;

    /// Every rule of scalars in the tables.
    fn rules_of(object: &'static Object, found: &mut Vec<&'static Rule>) {
        for field in object.fields {
            let mut rule = &field.rule;
            while let Rule::Array(array) = rule {
                rule = &array.entry;
            }
            match rule {
                Rule::Object(object) | Rule::Order(object) => rules_of(object, found),
                Rule::Map(map) => found.extend([&map.name, &map.value]),
                _ => found.push(rule),
            }
        }
    }

    fn every_rule() -> Vec<&'static Rule> {
        let mut found = Vec::new();
        for rules in [&rules::BULK_ORDER_BODY, &rules::ORDERS_BODY] {
            if let Rule::Object(object) | Rule::Order(object) = rules.root {
                rules_of(object, &mut found);
            }
        }
        assert!(found.len() > 100);
        found
    }

    fn is_same(one: Option<Value<'_>>, other: Option<Value<'_>>) -> bool {
        match (one, other) {
            (Some(Value::Integer(one)), Some(Value::Integer(other))) => one == other,
            (Some(Value::Amount(one)), Some(Value::Amount(other))) => one == other,
            (Some(Value::Degrees), Some(Value::Degrees)) => true,
            (Some(Value::Text(one)), Some(Value::Text(other))) => one.is_same(other),
            (None, None) => true,
            _ => false,
        }
    }

    /// Whatever the shortcut accepts, the slow path accepts with the same value.
    fn compare_text(text: &str) {
        for rule in every_rule() {
            let text = Text::new(text.as_bytes(), Form::Plain);
            let mut broken = 0;
            let value = check_text(*rule, text, &mut |_| broken += 1);
            if text.plain().is_some_and(|plain| Plain::new(rule).accepts(rule, plain, plain.len())) {
                assert!(is_same(value, Some(Value::Text(text))) && broken == 0);
            } else {
                // The shortcut accepts every valid string except amounts.
                assert!(value.is_none() || matches!(rule, Rule::Amount(_)), "{text:?}");
            }
        }
    }

    fn compare_number(text: &str) {
        for rule in every_rule() {
            let Some(digits) = Digits::read(text.as_bytes()) else { continue };
            let Some(value) = accepts_number(rule, digits) else { continue };
            let mut broken = 0;
            assert!(is_same(Some(value), check_number(*rule, text, &mut |_| broken += 1)) && broken == 0, "{text}");
        }
    }

    proptest! {
        #[test]
        fn short_cuts_accept_what_is_valid(text in "[ -!#-\\[\\]-~]{0,70}") {
            compare_text(&text);
        }

        #[test]
        fn short_cuts_accept_what_is_nearly_of_a_form(
            text in "(https?://)?([a-z0-9-]{1,3}[.@:]){0,4}[a-z0-9]{0,4}(/[!-~&&[^\"\\\\]]{0,9})?|[0-9T:.Z+-]{8,26}|[A-Za-z]{2,3}|[0-9]{3,5}"
        ) {
            compare_text(&text);
        }

        #[test]
        fn short_cuts_read_numbers_exactly(text in "-?(0|[1-9][0-9]{0,14})([.][0-9]{1,17})?") {
            compare_number(&text);
        }
    }
}
