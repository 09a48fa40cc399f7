//! The format of a conversation file: exchanges, each with a title, directives, a request and the answer.

use serde_json::Value;

/// One request and its answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange {
    /// What it shows.
    pub(super) title: String,
    /// Name and argument.
    pub(super) directives: Vec<(String, String)>,
    pub(super) method: String,
    /// The request, with names in place of ids.
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    /// The answer; its first line is the status.
    pub(super) answer: String,
}

impl Exchange {
    /// The argument of a directive; `None` without the directive.
    pub(super) fn directive(&self, name: &str) -> Option<&str> {
        self.directives.iter().find(|(known, _)| known == name).map(|(_, argument)| argument.as_str())
    }

    pub(super) fn status(&self) -> u16 {
        self.answer.lines().next().and_then(|line| line.parse().ok()).unwrap_or_default()
    }

    /// The answer's body, if there is one.
    pub(super) fn answer_body(&self) -> Value {
        let body = self.answer.split_once("\n\n").map(|(_, body)| body).unwrap_or_default();
        serde_json::from_str(body).unwrap_or_default()
    }

    /// The exchange in file format, with this answer.
    pub(super) fn written(&self, answer: &str) -> String {
        let mut text = format!("### {}\n", self.title);
        for (name, argument) in &self.directives {
            text.push_str(format!("@{name} {argument}").trim_end());
            text.push('\n');
        }
        text.push_str(&format!("{} {}\n", self.method, self.path));
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\n"));
        }
        if !self.body.is_empty() {
            text.push_str(&format!("\n{}\n", self.body));
        }
        text.push_str(&format!("\n=> {}\n", answer.trim_end()));
        text
    }
}

/// The text before the first exchange, and the exchanges.
pub(super) fn parse(text: &str) -> (String, Vec<Exchange>) {
    let mut parts = format!("\n{text}").split("\n### ").map(str::to_owned).collect::<Vec<_>>().into_iter();
    let head = parts.next().unwrap_or_default();
    (head.trim().to_owned(), parts.map(|part| exchange(&part)).collect())
}

fn exchange(part: &str) -> Exchange {
    let (request, answer) = part.split_once("\n=> ").unwrap_or((part, ""));
    let (head, body) = request.trim_end().split_once("\n\n").unwrap_or((request.trim_end(), ""));
    let mut lines = head.lines();
    let mut exchange = Exchange {
        title: lines.next().unwrap_or_default().to_owned(),
        body: body.trim().to_owned(),
        answer: answer.trim_end().to_owned(),
        ..Exchange::default()
    };
    for line in lines {
        if let Some(directive) = line.strip_prefix('@') {
            let (name, argument) = directive.split_once(' ').unwrap_or((directive, ""));
            exchange.directives.push((name.to_owned(), argument.to_owned()));
        } else if exchange.method.is_empty() {
            let (method, path) = line.split_once(' ').unwrap_or_else(|| panic!("`{line}` is not a request"));
            (exchange.method, exchange.path) = (method.to_owned(), path.to_owned());
        } else {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("`{line}` is not a header"));
            exchange.headers.push((name.to_owned(), value.to_owned()));
        }
    }
    assert!(!exchange.method.is_empty(), "`{}` has no request", exchange.title);
    exchange
}

/// Readable JSON, in lines as long as the limit allows.
pub(super) fn pretty(value: &Value, indent: usize) -> String {
    const WIDTH: usize = 120;
    let line = one_line(value);
    let is_leaf = !value.is_object() && !value.is_array();
    if is_leaf || indent + line.len() <= WIDTH {
        return line;
    }
    let (parts, [open, close]) = match value {
        Value::Object(members) => {
            let part = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), pretty(value, indent + 2))
            };
            (members.iter().map(part).collect::<Vec<_>>(), ['{', '}'])
        }
        Value::Array(entries) => (entries.iter().map(|entry| pretty(entry, indent + 2)).collect(), ['[', ']']),
        _ => return line,
    };
    // Fills each line; a part that spans several lines gets its own.
    let mut lines: Vec<String> = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let part = format!("{part}{}", if index + 1 < parts.len() { "," } else { "" });
        match lines.last_mut() {
            Some(last)
                if !last.contains('\n') && !part.contains('\n') && indent + 3 + last.len() + part.len() <= WIDTH =>
            {
                last.push_str(&format!(" {part}"));
            }
            _ => lines.push(part),
        }
    }
    let inner = " ".repeat(indent + 2);
    let lines: String = lines.iter().map(|line| format!("{inner}{line}\n")).collect();
    format!("{open}\n{lines}{}{close}", " ".repeat(indent))
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| format!("{}: {}", Value::from(name.as_str()), one_line(value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        Value::Array(entries) => format!("[{}]", entries.iter().map(one_line).collect::<Vec<_>>().join(", ")),
        leaf => leaf.to_string(),
    }
}
