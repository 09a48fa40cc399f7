//! The verdict as JSON: one byte form, that of `JSON.stringify`, the same from a Lambda function, a browser and a test.

use alloc::string::String;

use super::sentence::Sentence;
use super::{Verdict, Violation};

/// Writes a verdict.
pub(super) fn verdict(verdict: &Verdict<'_>) -> String {
    let mut out = String::new();
    out.words(&["{\"valid\":", if verdict.is_valid() { "true" } else { "false" }]);
    list(&mut out, ",\"violations\":[", verdict.violations());
    out.push_str(",\"orders\":[");
    for (index, order) in verdict.orders().enumerate() {
        out.push_str(if index == 0 { "{\"index\":" } else { ",{\"index\":" });
        out.number(index as u64);
        list(&mut out, ",\"violations\":[", order.violations());
        list(&mut out, ",\"warnings\":[", order.warnings());
        out.push('}');
    }
    out.push_str("],\"omitted\":");
    out.number(verdict.omitted() as u64);
    out.push('}');
    out
}

fn list<'v>(out: &mut String, name: &str, violations: impl Iterator<Item = Violation<'v>>) {
    out.push_str(name);
    for (index, violation) in violations.enumerate() {
        if index > 0 {
            out.push(',');
        }
        member(out, "{\"pointer\":\"", violation.pointer());
        member(out, ",\"code\":\"", violation.code().as_str());
        member(out, ",\"message\":\"", &violation.message());
        if let Some(limit) = violation.limit() {
            member(out, ",\"limit\":\"", &limit);
        }
        if let Some(value) = violation.value() {
            member(out, ",\"value\":\"", value);
        }
        out.push('}');
    }
    out.push(']');
}

/// Writes a string member; only what JSON demands is escaped.
fn member(out: &mut String, name: &str, text: &str) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    out.push_str(name);
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
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
