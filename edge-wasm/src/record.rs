//! The form in which a verdict leaves the module: one block of bytes that `package/core.js` turns into plain objects.
//!
//! ```text
//! words (u32, little endian)   orders, omitted, findings
//!                              then for each finding: order, kind and code, and the bytes of its four texts
//! text (UTF-8)                 pointer, message, limit and value of each finding, one after the other
//! ```
//!
//! JSON would say the same, but a body without findings, which is nearly every body, then costs 12 bytes instead of an
//! entry for each order, and one with 500 findings is decoded as one string instead of being parsed.

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

/// The words of one finding.
const FINDING_WORDS: usize = 6;

#[derive(Default)]
struct Record {
    findings: Vec<[[u8; 4]; FINDING_WORDS]>,
    text: Vec<u8>,
}

impl Record {
    fn findings(&mut self, order: u32, kind: u32, findings: Violations<'_>) {
        for finding in findings {
            self.finding(order, kind, &finding);
        }
    }

    fn finding(&mut self, order: u32, kind: u32, found: &Violation<'_>) {
        let pointer = self.write(|text| found.write_pointer(text));
        let message = self.write(|text| found.write_message(text));
        let (mut has_limit, mut has_value) = (false, false);
        let limit = self.write(|text| has_limit = found.write_limit(text));
        let value = self.write(|text| has_value = found.write_value(text));
        let words = [
            order,
            kind | place(found.code()),
            pointer,
            message,
            if has_limit { limit } else { ABSENT },
            if has_value { value } else { ABSENT },
        ];
        self.findings.push(words.map(u32::to_le_bytes));
    }

    /// Appends a text and gives its length.
    fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> u32 {
        let start = self.text.len();
        write(&mut self.text);
        word(self.text.len() - start)
    }

    fn finish(self, orders: usize, omitted: usize) -> Vec<u8> {
        let head = [word(orders), word(omitted), word(self.findings.len())].map(u32::to_le_bytes);
        [head.as_flattened(), self.findings.as_flattened().as_flattened(), &self.text].concat()
    }
}

/// The place of a code in the catalogue.
fn place(code: Code) -> u32 {
    // `Code::ALL` stands in the order of the declaration (a test of the catalogue).
    code as u32
}

/// Counts and lengths are below the limit of a body, 4 MiB.
fn word(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
