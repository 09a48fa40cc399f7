//! JSON to write, with members in the order in which they are given.
//!
//! The maps of `serde_json` keep an order that depends on a feature which any crate of a build can switch on; what is
//! committed must not.

/// A value to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// Nothing.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Number(i64),
    /// A number as it is written.
    Digits(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Self>),
    /// An object.
    Object(Vec<(String, Self)>),
}

/// Members come in the order of their names, whatever the features of `serde_json`.
impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Boolean(value),
            serde_json::Value::Number(number) => Self::Digits(number.to_string()),
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Array(entries) => Self::List(entries.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(members) => {
                let mut members: Vec<_> = members.into_iter().map(|(name, value)| (name, Self::from(value))).collect();
                members.sort_by(|(one, _), (other, _)| one.cmp(other));
                Self::Object(members)
            }
        }
    }
}

/// Longer lines are broken.
const COLUMNS_MAX: usize = 120;

/// A string.
pub fn text(text: impl Into<String>) -> Json {
    Json::Text(text.into())
}

/// A count or a length.
pub(super) fn count(count: usize) -> Json {
    Json::Number(i64::try_from(count).unwrap_or(i64::MAX))
}

/// An array of strings.
pub fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Json {
    Json::List(texts.into_iter().map(text).collect())
}

/// An object.
#[must_use]
pub fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

impl Json {
    /// The object with one more member at its end.
    #[must_use]
    pub fn with(mut self, name: &str, value: Self) -> Self {
        if let Self::Object(members) = &mut self {
            members.push((name.to_owned(), value));
        }
        self
    }

    /// The same, if there is something to say.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<Self>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// A document: broken into lines where they would be too long.
    #[must_use]
    pub fn document(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0, 0);
        out.push('\n');
        out
    }

    /// The same as YAML: strings are quoted as in JSON, so nothing of it can be read as anything else.
    #[must_use]
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        self.write_yaml(&mut out, 0);
        out
    }

    fn write_yaml(&self, out: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        let parts: Vec<(String, &Self)> = match self {
            Self::List(entries) => entries.iter().map(|entry| ("-".to_owned(), entry)).collect(),
            Self::Object(members) => {
                members.iter().map(|(name, value)| (format!("{}:", quoted(name)), value)).collect()
            }
            scalar => return out.push_str(&format!("{indent}{}\n", scalar.line())),
        };
        for (label, value) in parts {
            match value {
                Self::List(inner) if !inner.is_empty() => {
                    out.push_str(&format!("{indent}{label}\n"));
                    value.write_yaml(out, depth + 1);
                }
                Self::Object(inner) if !inner.is_empty() => {
                    out.push_str(&format!("{indent}{label}\n"));
                    value.write_yaml(out, depth + 1);
                }
                scalar => out.push_str(&format!("{indent}{label} {}\n", scalar.line())),
            }
        }
    }

    /// The value on one line.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Boolean(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Digits(digits) => digits.clone(),
            Self::Text(text) => quoted(text),
            Self::List(entries) => {
                let entries: Vec<_> = entries.iter().map(Self::line).collect();
                format!("[{}]", entries.join(", "))
            }
            Self::Object(members) => {
                let members: Vec<_> =
                    members.iter().map(|(name, value)| format!("{}: {}", quoted(name), value.line())).collect();
                if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(", ")) }
            }
        }
    }

    /// Writes the value behind `used` columns of a line that is indented by `depth` levels.
    fn write(&self, out: &mut String, depth: usize, used: usize) {
        let line = self.line();
        match self {
            Self::List(entries) if used + line.len() > COLUMNS_MAX => {
                let parts = entries.iter().map(|entry| (String::new(), entry));
                write_broken(out, depth, ['[', ']'], parts);
            }
            Self::Object(members) if used + line.len() > COLUMNS_MAX => {
                let parts = members.iter().map(|(name, value)| (format!("{}: ", quoted(name)), value));
                write_broken(out, depth, ['{', '}'], parts);
            }
            _ => out.push_str(&line),
        }
    }
}

/// Writes one part a line, each behind its label.
fn write_broken<'j>(
    out: &mut String,
    depth: usize,
    [open, close]: [char; 2],
    parts: impl Iterator<Item = (String, &'j Json)>,
) {
    out.push(open);
    let indent = "  ".repeat(depth + 1);
    for (index, (label, value)) in parts.enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&indent);
        out.push_str(&label);
        // One column is left for the comma.
        value.write(out, depth + 1, indent.len() + label.len() + 1);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(close);
}

/// A JSON string, which is also a string of JavaScript.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            control if control.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::{Json, count, object, text, texts};

    #[test]
    fn short_values_stay_on_one_line_and_long_ones_are_broken() {
        let short = object([("a", count(1)), ("b", texts(["x", "y"])), ("c", object([]))]);
        assert_eq!(short.document(), "{ \"a\": 1, \"b\": [\"x\", \"y\"], \"c\": {} }\n");
        let long = object([("long", text("x".repeat(110))), ("list", Json::List(vec![Json::Null, short]))]);
        let lines: Vec<_> = long.document().lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[2], "  \"list\": [null, { \"a\": 1, \"b\": [\"x\", \"y\"], \"c\": {} }]");
    }

    #[test]
    fn what_is_written_is_json() {
        let value = object([("\"\\\n\u{7f}\u{0}é", Json::Boolean(true)), ("n", Json::Number(-1)), ("z", Json::Null)]);
        let read: serde_json::Value = serde_json::from_str(&value.document()).unwrap();
        assert_eq!(read["\"\\\n\u{7f}\u{0}é"], true);
        assert_eq!(read["n"], -1);
    }
}
