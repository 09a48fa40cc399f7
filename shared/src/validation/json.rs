//! The verdict as JSON, byte for byte as `JSON.stringify` writes it, everywhere the same.

use alloc::string::String;
use alloc::vec::Vec;

use super::sentence::{Sentence, append};
use super::{Verdict, Violation};

pub(super) fn verdict(verdict: &Verdict<'_>) -> String {
    let mut out = Vec::new();
    out.words(&["{\"valid\":", if verdict.is_valid() { "true" } else { "false" }]);
    list(&mut out, ",\"violations\":[", verdict.violations());
    out.words(&[",\"orders\":["]);
    for (index, order) in verdict.orders().enumerate() {
        out.words(&[if index == 0 { "{\"index\":" } else { ",{\"index\":" }]);
        out.number(index as u64);
        list(&mut out, ",\"violations\":[", order.violations());
        list(&mut out, ",\"warnings\":[", order.warnings());
        out.push(b'}');
    }
    out.words(&["],\"omitted\":"]);
    out.number(verdict.omitted() as u64);
    out.push(b'}');
    String::from_utf8(out).unwrap_or_default()
}

fn list<'v>(out: &mut Vec<u8>, name: &str, violations: impl Iterator<Item = Violation<'v>>) {
    out.words(&[name]);
    for (index, violation) in violations.enumerate() {
        if index > 0 {
            out.push(b',');
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
        out.push(b'}');
    }
    out.push(b']');
}

/// Writes a string member; escapes only what JSON requires.
fn member(out: &mut Vec<u8>, name: &str, text: &str) {
    const HEX: [u8; 16] = *b"0123456789abcdef";
    append(out, name.as_bytes());
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
        let (plain, odd) = rest.split_at_checked(at).unwrap_or_default();
        append(out, plain);
        let Some((byte, behind)) = odd.split_first() else { break };
        rest = behind;
        out.push(b'\\');
        match byte {
            b'"' | b'\\' => out.push(*byte),
            0x8 => out.push(b'b'),
            0xc => out.push(b'f'),
            b'\n' => out.push(b'n'),
            b'\r' => out.push(b'r'),
            b'\t' => out.push(b't'),
            _ => {
                append(out, if *byte < 0x10 { b"u000" } else { b"u001" });
                out.push(HEX.get(usize::from(byte % 16)).copied().unwrap_or_default());
            }
        }
    }
    append(out, rest);
    out.push(b'"');
}
