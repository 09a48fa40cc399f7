//! The error body of the order network API (spec of our choices, common rules), and of one item of a bulk.

use serde::Serialize;

use crate::Code;

/// One place in a body and the rule that it breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// The rule's code.
    pub error_code: Code,
    /// The rule and the value, for people.
    pub error_message: String,
    /// Last member of the pointer in PascalCase.
    pub property_name: String,
    /// What was sent, cut short; null when nothing was.
    pub attempted_value: Option<String>,
    /// RFC 6901, from the root of the body.
    pub pointer: String,
}

impl Violation {
    /// A violation at `pointer`.
    #[must_use]
    pub fn new(code: Code, pointer: String, message: String, value: Option<String>) -> Self {
        let property_name = property_name(&pointer);
        Self { error_code: code, error_message: message, property_name, attempted_value: value, pointer }
    }
}

impl From<crate::validation::Violation<'_>> for Violation {
    fn from(violation: crate::validation::Violation<'_>) -> Self {
        let value = violation.value().map(str::to_owned);
        Self::new(violation.code(), violation.pointer().to_owned(), violation.message(), value)
    }
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// The same of the body that holds at `place` the one that it was found in.
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        let pointer = format!("{place}{}", self.pointer);
        Self { property_name: property_name(&pointer), pointer, ..self }
    }
}

/// `/bulk/0/items/1/quantity` is about `Quantity`, `/bulk/0` about `Bulk`.
fn property_name(pointer: &str) -> String {
    let member = pointer.rsplit('/').find(|part| !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit()));
    let mut letters = member.unwrap_or_default().chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::property_name;

    #[test]
    fn the_property_is_the_last_member_in_pascal_case() {
        for (pointer, name) in
            [("/bulk/0/items/1/quantity", "Quantity"), ("/bulk/0", "Bulk"), ("", ""), ("/safeId", "SafeId")]
        {
            assert_eq!(property_name(pointer), name);
        }
    }
}
