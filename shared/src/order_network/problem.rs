//! The error body of the order network API (docs/http.md#error-bodies), and of one item of a bulk.

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::merge::Members;
use crate::limits::{ATTEMPTED_VALUE_BYTES_MAX, VIOLATIONS_MAX};
use crate::validation::{self, OrderVerdict};
use crate::{Code, card};

/// One place in a body and the rule that it breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// The rule's code.
    pub error_code: Code,
    /// The rule and the value, for people.
    pub error_message: String,
    /// Last member of the pointer, or the parameter, in PascalCase.
    pub property_name: String,
    /// What was sent; null when nothing was.
    pub attempted_value: Option<Attempted>,
    /// RFC 6901, from the root of the body; empty for a parameter.
    pub pointer: String,
}

impl Violation {
    /// A violation of a query parameter, which has no pointer; the shown value is shortened.
    #[must_use]
    pub fn of_parameter(code: Code, name: &str, message: String, value: Option<&str>) -> Self {
        let value = value.filter(|value| !card::is_in(value)).map(|value| Value::from(cut(value)).to_string());
        let shown = if card::is_in(name) { "" } else { cut(name) };
        Self { property_name: pascal_case(shown), ..Self::new(code, String::new(), message, value) }
    }

    /// A violation at `pointer`; `value` is the JSON that was sent, or the part that may be shown.
    #[must_use]
    pub fn new(code: Code, pointer: String, message: String, value: Option<String>) -> Self {
        let property_name = property_name(&pointer);
        let attempted_value = value.map(Attempted);
        Self { error_code: code, error_message: message, property_name, attempted_value, pointer }
    }

    /// A value that must be `rule`; `json` is what was sent, which is shown if it may be.
    #[must_use]
    pub fn must_be(code: Code, pointer: String, rule: &str, json: &str) -> Self {
        let shown = shown(json);
        let not = shown.map(|shown| format!(", not `{shown}`")).unwrap_or_default();
        Self::new(code, pointer, format!("must be {rule}{not}"), shown.map(str::to_owned))
    }

    /// A violation by a text, which is shortened.
    #[must_use]
    pub fn by_text(code: Code, pointer: &str, message: String, text: &str) -> Self {
        let shown = (!card::is_in(text)).then(|| Value::from(cut(text)).to_string());
        Self::new(code, pointer.to_owned(), message, shown)
    }
}

/// The violations of a body: the listed ones and the number of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Broken {
    /// In document order, at most [`VIOLATIONS_MAX`].
    pub violations: Vec<Violation>,
    /// The number of violations that are not listed.
    pub omitted: usize,
}

impl Broken {
    /// Lists the first of these violations in document order; `omitted` others are already left out.
    #[must_use]
    pub fn first(mut violations: Vec<Violation>, omitted: usize) -> Self {
        let beyond = violations.len().saturating_sub(VIOLATIONS_MAX);
        violations.truncate(VIOLATIONS_MAX);
        Self { violations, omitted: omitted.saturating_add(beyond) }
    }

    /// The violations and warnings of an order; `strict` turns warnings into violations.
    #[must_use]
    pub fn of_order(verdict: OrderVerdict<'_>, strict: bool) -> (Self, Vec<Violation>) {
        if !strict {
            let broken = Self::first(verdict.violations().map(Into::into).collect(), verdict.omitted_violations());
            return (broken, verdict.warnings().map(Into::into).collect());
        }
        let mut all: Vec<_> = verdict.violations().chain(verdict.warnings()).collect();
        all.sort_by_key(validation::Violation::at);
        let omitted = verdict.omitted_violations().saturating_add(verdict.omitted_warnings());
        (Self::first(all.into_iter().map(Into::into).collect(), omitted), Vec::new())
    }
}

/// Sorts violations of a document by the places of their pointers.
pub fn in_document_order(document: &Members, violations: &mut Vec<Violation>) {
    let pointers: Vec<&str> = violations.iter().map(|violation| violation.pointer.as_str()).collect();
    let places = document.places(&pointers);
    let mut placed: Vec<_> = places.into_iter().zip(violations.drain(..)).collect();
    placed.sort_by(|(one, _), (other, _)| one.cmp(other));
    violations.extend(placed.into_iter().map(|(_, violation)| violation));
}

/// The part of a JSON text that may be shown: nothing for objects and arrays, or if it contains a card number.
fn shown(json: &str) -> Option<&str> {
    (!json.starts_with(['[', '{']) && !card::is_in(json)).then(|| cut(json))
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(ATTEMPTED_VALUE_BYTES_MAX)).unwrap_or_default()
}

/// The JSON that was sent at the place of a violation, or its beginning.
///
/// Strings, booleans and plain numbers of up to 15 digits are shown as sent, because every JSON parser reads those
/// exactly; truncated strings are shown as far as they go; other numbers are shown as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted(String);

impl Serialize for Attempted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serde_json::from_str(&self.0) {
            Ok(value @ (Value::String(_) | Value::Bool(_) | Value::Null)) => value.serialize(serializer),
            Ok(Value::Number(_)) if is_plain_number(&self.0) => match RawValue::from_string(self.0.clone()) {
                Ok(number) => number.serialize(serializer),
                Err(_) => serializer.serialize_str(&self.0),
            },
            Ok(_) => serializer.serialize_str(&self.0),
            Err(_) => serializer.serialize_str(self.0.strip_prefix('"').unwrap_or(&self.0)),
        }
    }
}

/// Whether a JSON number has at most 15 digits, at most six of them after the point, no exponent and no redundant zero:
/// it survives parsing and printing unchanged.
fn is_plain_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "1"));
    let is_short = digits.bytes().filter(u8::is_ascii_digit).count() <= 15 && fraction.len() <= 6;
    let is_plain = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    is_short && is_plain && !fraction.ends_with('0') && text != "-0"
}

impl From<validation::Violation<'_>> for Violation {
    fn from(violation: validation::Violation<'_>) -> Self {
        let value = violation.value().map(str::to_owned);
        Self::new(violation.code(), violation.pointer().to_owned(), violation.message(), value)
    }
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Id of the request, as in the log.
    pub request_id: String,
    /// What happened.
    pub code: Code,
    /// The same for people.
    pub message: String,
    /// Every place that breaks a rule, in document order.
    pub errors: Vec<Violation>,
}

impl Violation {
    /// The same violation in a body that contains the original one at `place`.
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        let pointer = format!("{place}{}", self.pointer);
        self.at(pointer)
    }

    /// The same violation with another pointer.
    #[must_use]
    pub fn at(self, pointer: String) -> Self {
        Self { property_name: property_name(&pointer), pointer, ..self }
    }
}

/// `/bulk/0/items/1/quantity` gives `Quantity`, `/bulk/0` gives `Bulk`.
fn property_name(pointer: &str) -> String {
    let member = pointer.rsplit('/').find(|part| !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit()));
    pascal_case(member.unwrap_or_default())
}

fn pascal_case(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Attempted, Broken, property_name};
    use crate::limits::VIOLATIONS_MAX;
    use crate::validation::{Body, validate};

    #[test]
    fn what_was_sent_is_shown_as_every_reader_reads_it() {
        for (sent, shown) in [
            (r#""a \"b\" \u00e9""#, r#""a \"b\" é""#),
            (r#""cut of"#, r#""cut of""#),
            ("true", "true"),
            ("null", "null"),
            ("0", "0"),
            ("-123456789012345", "-123456789012345"),
            ("1234567890123456", r#""1234567890123456""#),
            ("-0", r#""-0""#),
            ("1.5", "1.5"),
            ("-0.000001", "-0.000001"),
            ("0.0000001", r#""0.0000001""#),
            ("1.50", r#""1.50""#),
            ("1e5", r#""1e5""#),
            ("123456789012.3456", r#""123456789012.3456""#),
            ("1e400", r#""1e400""#),
            (
                "12345678901234567890123456789012345678901234567890123456789012.",
                r#""12345678901234567890123456789012345678901234567890123456789012.""#,
            ),
            ("[1]", r#""[1]""#),
        ] {
            assert_eq!(serde_json::to_string(&Attempted(sent.to_owned())).unwrap(), shown);
        }
    }

    #[test]
    fn of_an_order_the_first_of_the_document_are_listed_and_all_are_counted() {
        // Each item breaks one rule, at its end, and has three unknown members.
        let body = format!("{{\"items\":[{}]}}", vec![r#"{"sku":"a","x":1,"y":1,"z":1}"#; 500].join(","));
        let verdict = validate(Body::Order, body.as_bytes());
        let order = verdict.orders().next().unwrap();
        let (broken, warnings) = Broken::of_order(order, false);
        // The address is missing as well.
        assert_eq!((broken.violations.len(), broken.omitted, warnings.len()), (501, 0, VIOLATIONS_MAX));
        let (broken, warnings) = Broken::of_order(order, true);
        assert_eq!((broken.violations.len(), broken.omitted, warnings.len()), (VIOLATIONS_MAX, 1001, 0));
        let pointers: Vec<&str> = broken.violations.iter().take(5).map(|found| found.pointer.as_str()).collect();
        assert_eq!(pointers, ["/items/0/x", "/items/0/y", "/items/0/z", "/items/0/quantity", "/items/1/x"]);
    }

    #[test]
    fn the_property_is_the_last_member_in_pascal_case() {
        for (pointer, name) in
            [("/bulk/0/items/1/quantity", "Quantity"), ("/bulk/0", "Bulk"), ("", ""), ("/safeId", "SafeId")]
        {
            assert_eq!(property_name(pointer), name);
        }
    }
}
