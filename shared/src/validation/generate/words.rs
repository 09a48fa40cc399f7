//! Rules in words, for descriptions and tables.

use super::super::table::{Check, Rule, Sign};
use crate::limits::{AMOUNT_DECIMALS_MAX, AMOUNT_MAX, COORDINATE_DECIMALS_MAX};

/// The bounds in words.
pub(super) fn bounds(rule: Rule) -> String {
    match rule {
        Rule::Id { min, max } | Rule::Text { min, max } | Rule::Lines { min, max } => {
            format!("{} characters", range(min, max))
        }
        Rule::Format(format) => format!("at most {} characters", format.max),
        Rule::Prose { max, .. } => format!("{} characters", range(1, max)),
        Rule::Parsed(parsed) => format!("at most {} characters", parsed.max),
        Rule::Any(any) => format!("at most {} bytes", any.bytes_max),
        Rule::Boolean | Rule::Object(_) | Rule::Order(_) | Rule::Choice(_) => String::new(),
        Rule::Integer { min, max } => format!("{min} to {max}"),
        Rule::Amount(Sign::NotNegative) => format!("0 to below {AMOUNT_MAX}"),
        Rule::Amount(Sign::Positive) => format!("above 0 and below {AMOUNT_MAX}"),
        Rule::Amount(Sign::Any) => format!("between -{AMOUNT_MAX} and {AMOUNT_MAX}"),
        Rule::Degrees { max } => format!("-{max} to {max}"),
        Rule::Array(array) => format!("{} entries", range(array.min, array.max)),
        Rule::Map(map) => format!("at most {} entries", map.entries_max),
    }
}

/// The form in words.
pub(super) fn form(rule: Rule) -> String {
    match rule {
        Rule::Id { .. } => "on one line".to_owned(),
        Rule::Text { .. } => "on one line, without a card number".to_owned(),
        Rule::Lines { .. } => "on one or more lines, without a card number".to_owned(),
        Rule::Prose { lines: true, .. } => "not blank, on one or more lines, without a card number".to_owned(),
        Rule::Prose { .. } => "not blank, on one line, without a card number".to_owned(),
        Rule::Choice(choice) => format!("one of `{}`", choice.names.join("`, `")),
        Rule::Parsed(parsed) => format!("`{}`: {}", parsed.name, parsed.is),
        Rule::Any(_) => "any JSON, kept as it was written".to_owned(),
        Rule::Format(format) => format!("`{}`: {}", format.name, format.is),
        Rule::Boolean => String::new(),
        Rule::Integer { .. } => "digits only".to_owned(),
        Rule::Amount(_) => format!("exact, with at most {AMOUNT_DECIMALS_MAX} decimals"),
        Rule::Degrees { .. } => format!("exact, with at most {COORDINATE_DECIMALS_MAX} decimals"),
        Rule::Object(object) | Rule::Order(object) => object.name.to_owned(),
        Rule::Array(array) => match form(array.entry) {
            form if form.is_empty() => array.entry.type_name().to_owned(),
            form => form,
        },
        Rule::Map(map) => {
            format!("names of {}, texts of {}, without a card number", bounds(map.name), bounds(map.value))
        }
    }
}

/// Form and bounds, as a description.
pub(super) fn description(rule: Rule) -> Option<String> {
    let parts = match rule {
        Rule::Format(format) => [format.is.to_owned(), bounds(rule)],
        Rule::Parsed(parsed) => [parsed.is.to_owned(), bounds(rule)],
        // The schema refers to the model or the entries itself.
        Rule::Object(_) | Rule::Order(_) | Rule::Array(_) => [bounds(rule), String::new()],
        _ => [form(rule), bounds(rule)],
    };
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

pub(super) fn check(check: Check) -> Option<&'static str> {
    match check {
        Check::None | Check::Transaction | Check::Domain(_) => None,
        Check::DuplicateCheckHasNumber => {
            Some("`clientOrderNumber` is required when `enableClientOrderNumberDupCheck` is true")
        }
        Check::ItemSubtotal => Some("a `customerSubtotal` other than `customerPrice` × `quantity` gives a warning"),
        Check::OrderTotals => Some(
            "a `customerTotal` other than the sum of the `customerTransactions`, and a `safeId` that stands twice in a \
             bulk, give a warning",
        ),
    }
}

fn range(min: usize, max: usize) -> String {
    if min == 0 { format!("at most {max}") } else { format!("{min} to {max}") }
}
