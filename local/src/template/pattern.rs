//! The subset of Lambda's event filter patterns that this stack supports.
//!
//! A pattern is a JSON object of the same shape as the event: an object descends one level, and all its members must
//! match; a list holds conditions, one of which must match. Conditions are a string, `{"exists": …}`, `{"prefix": "…"}`
//! and `{"anything-but": …}`. As on AWS, conditions apply to values that are neither object nor list: `exists` does not
//! match an object, and a list in the event matches if one of its elements does.

use serde_json::{Map, Value};

/// Lambda's limit.
const CHARACTERS_MAX: usize = 4096;

/// A pattern that events are matched against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    members: Vec<(String, Expected)>,
}

/// The requirement on a member.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    /// The member is an object whose members match.
    Object(Pattern),
    /// One of these conditions holds.
    OneOf(Vec<Condition>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    Equals(String),
    Exists(bool),
    Prefix(String),
    NoneOf(Vec<String>),
    NotPrefix(String),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// The unsupported part.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() > CHARACTERS_MAX {
            return Err(format!("a pattern has at most {CHARACTERS_MAX} characters"));
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Self::of(&members),
            Ok(_) => Err("a pattern is a JSON object".to_owned()),
            Err(error) => Err(format!("a pattern is JSON: {error}")),
        }
    }

    fn of(members: &Map<String, Value>) -> Result<Self, String> {
        if members.is_empty() {
            return Err("an object in a pattern names at least one member".to_owned());
        }
        let members = members.iter().map(|(name, value)| Ok((name.clone(), Expected::of(name, value)?)));
        Ok(Self { members: members.collect::<Result<_, String>>()? })
    }

    /// The top-level members of the event that the pattern refers to.
    pub(super) fn roots(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| name.as_str())
    }

    /// Whether an event matches.
    pub fn matches(&self, event: &Value) -> bool {
        match event {
            Value::Array(elements) => elements.iter().any(|element| self.matches(element)),
            _ => self.members.iter().all(|(name, expected)| expected.matches(event.get(name))),
        }
    }
}

impl Expected {
    fn of(name: &str, value: &Value) -> Result<Self, String> {
        match value {
            Value::Object(members) => Pattern::of(members).map(Self::Object),
            Value::Array(conditions) if conditions.is_empty() => Err(format!("`{name}` has an empty list")),
            Value::Array(conditions) => conditions
                .iter()
                .map(|condition| Condition::of(name, condition))
                .collect::<Result<_, _>>()
                .map(Self::OneOf),
            _ => Err(format!("`{name}` is an object or a list of conditions, not `{value}`")),
        }
    }

    fn matches(&self, found: Option<&Value>) -> bool {
        match self {
            // Missing members are searched as well, because `exists` may occur further down.
            Self::Object(pattern) => pattern.matches(found.unwrap_or(&Value::Null)),
            Self::OneOf(conditions) => conditions.iter().any(|condition| condition.matches(found)),
        }
    }
}

impl Condition {
    fn of(name: &str, value: &Value) -> Result<Self, String> {
        let refused = || Err(format!("`{name}` has the condition `{value}`, which this stack does not understand"));
        let operator = match value {
            Value::String(text) => return Ok(Self::Equals(text.clone())),
            Value::Object(members) if members.len() == 1 => members.iter().next(),
            _ => None,
        };
        let Some((operator, operand)) = operator else { return refused() };
        match (operator.as_str(), operand) {
            ("exists", Value::Bool(exists)) => Ok(Self::Exists(*exists)),
            ("prefix", Value::String(prefix)) => Ok(Self::Prefix(prefix.clone())),
            ("anything-but", Value::Array(texts)) if !texts.is_empty() => {
                let texts: Option<Vec<String>> = texts.iter().map(|text| text.as_str().map(str::to_owned)).collect();
                texts.map(Self::NoneOf).map_or_else(refused, Ok)
            }
            ("anything-but", Value::Object(members)) if members.len() == 1 => {
                let prefix = members.get("prefix").and_then(Value::as_str);
                prefix.map(|prefix| Self::NotPrefix(prefix.to_owned())).map_or_else(refused, Ok)
            }
            _ => refused(),
        }
    }

    fn matches(&self, found: Option<&Value>) -> bool {
        let leaves: Vec<&Value> = match found {
            None | Some(Value::Object(_)) => Vec::new(),
            Some(Value::Array(elements)) => elements.iter().filter(|element| !element.is_object()).collect(),
            Some(leaf) => vec![leaf],
        };
        let any_text = |good: &dyn Fn(&str) -> bool| leaves.iter().any(|leaf| leaf.as_str().is_some_and(good));
        match self {
            Self::Equals(text) => any_text(&|found| found == text),
            Self::Exists(exists) => leaves.is_empty() != *exists,
            Self::Prefix(prefix) => any_text(&|found| found.starts_with(prefix)),
            // A missing member matches no value.
            Self::NoneOf(texts) => any_text(&|found| texts.iter().all(|text| text != found)),
            Self::NotPrefix(prefix) => any_text(&|found| !found.starts_with(prefix)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use serde_json::{Value, json};

    fn matches(pattern: &Value, event: &Value) -> bool {
        Pattern::parse(&pattern.to_string()).unwrap().matches(event)
    }

    #[test]
    fn conditions_match_as_on_aws() {
        let record = json!({
            "eventName": "INSERT",
            "dynamodb": {"NewImage": {
                "pk": {"S": "m1#webhook"}, "tags": {"L": ["a", "b"]}, "empty": {"S": ""}, "flag": {"BOOL": true},
            }},
        });
        let image = |condition: Value| json!({"dynamodb": {"NewImage": condition}});
        for (pattern, expected) in [
            (json!({"eventName": ["INSERT"]}), true),
            (json!({"eventName": ["MODIFY", "INSERT"]}), true),
            (json!({"eventName": ["insert"]}), false),
            (json!({"eventName": ["INSERT"], "eventSource": ["aws:dynamodb"]}), false),
            (image(json!({"pk": {"S": ["m1#webhook"]}})), true),
            (image(json!({"pk": {"S": [{"prefix": "m1#"}]}})), true),
            (image(json!({"pk": {"S": [{"prefix": "m2#"}]}})), false),
            (image(json!({"pk": {"S": [{"prefix": "m2#"}, {"prefix": "m1#"}]}})), true),
            (image(json!({"pk": {"S": [{"anything-but": ["m1#order"]}]}})), true),
            (image(json!({"pk": {"S": [{"anything-but": ["m1#order", "m1#webhook"]}]}})), false),
            (image(json!({"pk": {"S": [{"anything-but": {"prefix": "m2"}}]}})), true),
            (image(json!({"pk": {"S": [{"anything-but": {"prefix": "m1"}}]}})), false),
            (image(json!({"pk": {"S": [{"exists": true}]}})), true),
            (image(json!({"pk": {"S": [{"exists": false}]}})), false),
            (image(json!({"empty": {"S": [{"exists": true}]}})), true),
            (image(json!({"flag": {"BOOL": [{"exists": true}]}})), true),
            (image(json!({"absent": {"S": [{"exists": false}]}})), true),
            (image(json!({"absent": {"S": [{"exists": true}]}})), false),
            (image(json!({"absent": {"S": [{"anything-but": ["x"]}]}})), false),
            // Surprisingly, an object does not count as a value.
            (image(json!({"pk": [{"exists": true}]})), false),
            (image(json!({"pk": [{"exists": false}]})), true),
            // One matching list element is enough.
            (image(json!({"tags": {"L": ["b"]}})), true),
            (image(json!({"tags": {"L": ["c"]}})), false),
            // All members of an object must match.
            (image(json!({"pk": {"S": [{"prefix": "m1"}]}, "absent": {"S": [{"exists": false}]}})), true),
            (image(json!({"pk": {"S": [{"prefix": "m1"}]}, "absent": {"S": [{"exists": true}]}})), false),
        ] {
            assert_eq!(matches(&pattern, &record), expected, "{pattern}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (pattern, expected) in [
            ("", "a pattern is JSON: EOF while parsing a value at line 1 column 0"),
            ("[]", "a pattern is a JSON object"),
            ("{}", "an object in a pattern names at least one member"),
            (r#"{"a": "x"}"#, r#"`a` is an object or a list of conditions, not `"x"`"#),
            (r#"{"a": []}"#, "`a` has an empty list"),
            (r#"{"a": [1]}"#, "`a` has the condition `1`, which this stack does not understand"),
            (
                r#"{"a": {"b": [{"numeric": [">", 1]}]}}"#,
                r#"`b` has the condition `{"numeric":[">",1]}`, which this stack does not understand"#,
            ),
            (
                r#"{"a": [{"anything-but": "x"}]}"#,
                r#"`a` has the condition `{"anything-but":"x"}`, which this stack does not understand"#,
            ),
            (
                r#"{"a": [{"exists": true, "prefix": "x"}]}"#,
                r#"`a` has the condition `{"exists":true,"prefix":"x"}`, which this stack does not understand"#,
            ),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap_err(), expected);
        }
        let long = json!({"a": ["x".repeat(4096)]}).to_string();
        assert_eq!(Pattern::parse(&long).unwrap_err(), "a pattern has at most 4096 characters");
    }
}
