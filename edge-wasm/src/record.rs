//! The form in which a verdict leaves the module: one block of bytes that `package/verdict.js` turns into plain objects.
//!
//! ```text
//! words (u32, little endian)   orders, omitted, findings
//!                              then for each finding: order, kind and code, and the lengths of its four texts
//! text (UTF-8)                 pointer, message, limit and value of each finding, one after the other
//! ```
//!
//! JSON would say the same, but a body without findings, which is nearly every body, then costs 12 bytes instead of an
//! entry for each order, and one with 500 findings is decoded as one string instead of being parsed.

use alloc::string::String;
use alloc::vec::Vec;

use shared::Code;
use shared::validation::{Verdict, Violation, Violations};

/// The order of a finding on the body as a whole.
const BODY: u32 = u32::MAX;
/// The length of a text that is not there.
const ABSENT: u32 = u32::MAX;
/// Set in the second word of a warning; the code's place in the catalogue stands below it.
const WARNING: u32 = 1 << 16;

/// Writes a verdict.
pub(crate) fn record(verdict: &Verdict<'_>) -> Vec<u8> {
    let mut record = Record::default();
    record.findings(BODY, 0, verdict.violations());
    for (index, order) in verdict.orders().enumerate() {
        record.findings(word(index), 0, order.violations());
        record.findings(word(index), WARNING, order.warnings());
    }
    record.finish(verdict.orders().len(), verdict.omitted())
}

#[derive(Default)]
struct Record {
    findings: u32,
    words: Vec<u8>,
    text: String,
}

impl Record {
    fn findings(&mut self, order: u32, kind: u32, findings: Violations<'_>) {
        for finding in findings {
            self.finding(order, kind, &finding);
        }
    }

    fn finding(&mut self, order: u32, kind: u32, found: &Violation<'_>) {
        self.findings += 1;
        self.word(order);
        self.word(kind | place(found.code()));
        self.text(|text| {
            text.push_str(found.pointer());
            true
        });
        self.text(|text| {
            found.write_message(text);
            true
        });
        self.text(|text| found.write_limit(text));
        self.text(|text| {
            text.push_str(found.value().unwrap_or_default());
            found.value().is_some()
        });
    }

    /// Appends a text and its length, as JavaScript counts it.
    fn text(&mut self, write: impl FnOnce(&mut String) -> bool) {
        let start = self.text.len();
        let written = write(&mut self.text);
        let length = self.text.get(start..).map_or(0, utf16_length);
        self.word(if written { length } else { ABSENT });
    }

    fn word(&mut self, word: u32) {
        self.words.extend_from_slice(&word.to_le_bytes());
    }

    fn finish(self, orders: usize, omitted: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(12 + self.words.len() + self.text.len());
        for head in [word(orders), word(omitted), self.findings] {
            bytes.extend_from_slice(&head.to_le_bytes());
        }
        bytes.extend_from_slice(&self.words);
        bytes.extend_from_slice(self.text.as_bytes());
        bytes
    }
}

/// The place of a code in the catalogue.
fn place(code: Code) -> u32 {
    // `Code::ALL` stands in the order of the declaration (a test of the catalogue).
    code as u32
}

/// UTF-16 units: one for each character, two for those that take four bytes of UTF-8.
fn utf16_length(text: &str) -> u32 {
    let starts = text.bytes().filter(|byte| byte & 0xc0 != 0x80).count();
    let pairs = text.bytes().filter(|byte| *byte >= 0xf0).count();
    word(starts + pairs)
}

/// Counts and lengths are below the limit of a body, 4 MiB.
fn word(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
