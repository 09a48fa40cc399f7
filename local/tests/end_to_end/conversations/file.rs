//! Readable JSON in conversation files.

use serde_json::Value;

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
