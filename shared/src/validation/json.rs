//! The verdict as JSON: one byte form, the same from a Lambda function, a browser and a test.

use super::{Verdict, Violation};

/// Writes a verdict.
pub(super) fn verdict(verdict: &Verdict) -> String {
    let mut out = String::from("{\"valid\":");
    out.push_str(if verdict.is_valid() { "true" } else { "false" });
    list(&mut out, ",\"violations\":", &verdict.violations);
    out.push_str(",\"orders\":[");
    for (index, order) in verdict.orders.iter().enumerate() {
        out.push_str(if index == 0 { "{\"index\":" } else { ",{\"index\":" });
        out.push_str(&index.to_string());
        list(&mut out, ",\"violations\":", &order.violations);
        list(&mut out, ",\"warnings\":", &order.warnings);
        out.push('}');
    }
    out.push_str("],\"omitted\":");
    out.push_str(&verdict.omitted.to_string());
    out.push('}');
    out
}

fn list(out: &mut String, name: &str, violations: &[Violation]) {
    out.push_str(name);
    out.push('[');
    for (index, violation) in violations.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        member(out, "{\"pointer\":", &violation.pointer);
        member(out, ",\"code\":", violation.code.as_str());
        member(out, ",\"message\":", &violation.message);
        if let Some(limit) = &violation.limit {
            member(out, ",\"limit\":", limit);
        }
        if let Some(value) = &violation.value {
            member(out, ",\"value\":", value);
        }
        out.push('}');
    }
    out.push(']');
}

/// Writes a string member; only what JSON demands is escaped.
fn member(out: &mut String, name: &str, text: &str) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    out.push_str(name);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' => {
                out.push_str("\\u00");
                out.push(if character < '\u{10}' { '0' } else { '1' });
                out.push(HEX.get(character as usize % 16).copied().unwrap_or_default());
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}
