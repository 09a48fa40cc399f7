//! JSON to write, with members in the order in which they are given.
//!
//! The maps of `serde_json` keep an order that depends on a feature which any crate of a build can switch on; what is
//! committed must not.

/// A value to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Json {
    Null,
    Boolean(bool),
    Number(i64),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// Longer lines are broken.
const COLUMNS_MAX: usize = 120;

pub(super) fn text(text: impl Into<String>) -> Json {
    Json::Text(text.into())
}

/// A count or a length.
pub(super) fn count(count: usize) -> Json {
    Json::Number(i64::try_from(count).unwrap_or(i64::MAX))
}

pub(super) fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Json {
    Json::List(texts.into_iter().map(text).collect())
}

pub(super) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

impl Json {
    /// The object with one more member at its end.
    pub(super) fn with(mut self, name: &str, value: Self) -> Self {
        if let Self::Object(members) = &mut self {
            members.push((name.to_owned(), value));
        }
        self
    }

    /// The same, if there is something to say.
    pub(super) fn with_some(self, name: &str, value: Option<Self>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// A document: broken into lines where they would be too long.
    pub(super) fn document(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0, 0);
        out.push('\n');
        out
    }

    /// The value on one line.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Boolean(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
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
