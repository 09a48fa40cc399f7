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
use shared::validation::{OrderVerdict, Verdict, Violation, Violations};

/// The order of a finding on the body as a whole.
const BODY: u32 = u32::MAX;
/// The length of a text that is not there.
const ABSENT: u32 = u32::MAX;
/// Set in the second word of a warning; the code's place in the catalogue stands below it.
const WARNING: u32 = 1 << 16;

/// Writes a verdict.
pub(crate) fn record(verdict: &Verdict<'_>) -> Vec<u8> {
    let of_orders = |order: OrderVerdict<'_>| order.violations().len() + order.warnings().len();
    let findings = verdict.violations().len() + verdict.orders().map(of_orders).sum::<usize>();
    let mut record = Record::new(findings);
    record.words([verdict.orders().len(), verdict.omitted(), findings].map(word));
    record.findings(BODY, 0, verdict.violations());
    for (index, order) in verdict.orders().enumerate() {
        record.findings(word(index), 0, order.violations());
        record.findings(word(index), WARNING, order.warnings());
    }
    record.bytes
}

/// The words of the head, and of one finding.
const HEAD_WORDS: usize = 3;
const FINDING_WORDS: usize = 6;
const WORD_BYTES: usize = size_of::<u32>();
/// Room for the texts of a finding: they seldom have to grow.
const FINDING_TEXT_BYTES: usize = 96;

struct Record {
    /// Room for all words, and behind it the texts so far.
    bytes: Vec<u8>,
    /// Where the next words belong.
    at: usize,
}

impl Record {
    fn new(findings: usize) -> Self {
        let words = (HEAD_WORDS + findings * FINDING_WORDS) * WORD_BYTES;
        let mut bytes = Vec::with_capacity(words + findings * FINDING_TEXT_BYTES);
        bytes.resize(words, 0);
        Self { bytes, at: 0 }
    }

    fn words<const COUNT: usize>(&mut self, words: [u32; COUNT]) {
        let room = self.bytes.get_mut(self.at..).unwrap_or_default();
        for (room, word) in room.as_chunks_mut().0.iter_mut().zip(words) {
            *room = word.to_le_bytes();
        }
        self.at += COUNT * WORD_BYTES;
    }

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
        self.words([
            order,
            kind | place(found.code()),
            pointer,
            message,
            if has_limit { limit } else { ABSENT },
            if has_value { value } else { ABSENT },
        ]);
    }

    /// Appends a text and gives its length.
    fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> u32 {
        let start = self.bytes.len();
        write(&mut self.bytes);
        word(self.bytes.len() - start)
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
