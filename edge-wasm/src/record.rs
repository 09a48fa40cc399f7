//! The format in which a verdict leaves the module: one block of bytes that `package/core.js` turns into plain objects.
//!
//! ```text
//! words (u32, little endian)   orders, omitted, findings, rules
//!                              for each finding: order, rule, and the bytes of its pointer and value
//! text (UTF-8)                 pointer and value of each finding, one after the other; before those of the first finding of
//!                              a rule the message and the limit of the rule
//! words                        for each rule: kind and code, and the bytes of its message and limit
//! ```
//!
//! JSON would carry the same information, but a body without findings, which is nearly every body, costs only 16 bytes
//! here instead of an entry per order. A body with 500 findings breaks few rules: each rule is written once, and
//! findings refer to it.

use alloc::vec::Vec;

use shared::Code;
use shared::validation::{OrderVerdict, Verdict, Violation, Violations};

/// The order index of a finding on the body as a whole.
const BODY: u32 = u32::MAX;
/// The length of an absent text.
const ABSENT: u32 = u32::MAX;
/// Flag in the first word of a rule: a warning. The code's catalogue index is in the lower bits.
const WARNING: u32 = 1 << 16;
/// Flag in the first word of a rule: its messages end with the value.
const SHOWS_VALUE: u32 = 1 << 17;

/// Writes a verdict.
pub(crate) fn record(verdict: &Verdict<'_>) -> Vec<u8> {
    let of_orders = |order: OrderVerdict<'_>| order.violations().len() + order.warnings().len();
    let findings = verdict.violations().len() + verdict.orders().map(of_orders).sum::<usize>();
    let words = (HEAD_WORDS + findings * FINDING_WORDS) * WORD_BYTES;
    let mut bytes = Vec::with_capacity(words + findings * FINDING_TEXT_BYTES);
    bytes.resize(words, 0);
    let mut record = Record { bytes, at: 0, rules: Vec::new(), known: Vec::new(), count: 0 };
    record.write([verdict.orders().len(), verdict.omitted(), findings, 0].map(word));
    record.findings(BODY, 0, verdict.violations());
    for (index, order) in verdict.orders().enumerate() {
        record.findings(word(index), 0, order.violations());
        record.findings(word(index), WARNING, order.warnings());
    }
    record.end()
}

/// Words of the head, and of one finding.
const HEAD_WORDS: usize = 4;
const FINDING_WORDS: usize = 4;
const WORD_BYTES: usize = size_of::<u32>();
const FINDING_BYTES: usize = FINDING_WORDS * WORD_BYTES;
/// Initial capacity for a finding's texts, which rarely have to grow.
const FINDING_TEXT_BYTES: usize = 64;
/// How many of the latest rules are searched before one is written again.
const KNOWN_MAX: usize = 8;

struct Record<'v> {
    /// The head and the words of the findings, followed by the texts.
    bytes: Vec<u8>,
    /// Where to write the next words.
    at: usize,
    /// The words of the rules.
    rules: Vec<u8>,
    /// The latest rules, each with an example violation and its index.
    known: Vec<(Violation<'v>, u32)>,
    /// Number of rules.
    count: u32,
}

impl<'v> Record<'v> {
    fn findings(&mut self, order: u32, kind: u32, findings: Violations<'v>) {
        for found in findings {
            let known = self.known.iter().find(|(known, _)| known.is_of_same_rule(&found)).map(|(_, rule)| *rule);
            let rule = known.unwrap_or_else(|| self.rule(kind, found));
            let (pointer, ()) = self.text(|text| found.write_pointer(text));
            let (value, has_value) = self.text(|text| found.write_value(text));
            self.write([order, rule, pointer, if has_value { value } else { ABSENT }]);
        }
    }

    /// Writes the rule of a violation, if necessary; returns its index.
    #[cold]
    fn rule(&mut self, kind: u32, found: Violation<'v>) -> u32 {
        let (message, shows_value) = self.text(|text| found.write_rule(text));
        let (limit, has_limit) = self.text(|text| found.write_limit(text));
        let shows_value = if shows_value { SHOWS_VALUE } else { 0 };
        let place = kind | shows_value | place(found.code());
        let words = [place, message, if has_limit { limit } else { ABSENT }];
        self.rules.extend_from_slice(words.map(u32::to_le_bytes).as_flattened());
        if self.known.len() == KNOWN_MAX {
            self.known.remove(0);
        }
        let rule = self.count;
        self.known.push((found, rule));
        self.count += 1;
        rule
    }

    /// Appends a text; returns its length and the result of `write`.
    fn text<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> (u32, T) {
        let start = self.bytes.len();
        let said = write(&mut self.bytes);
        (word(self.bytes.len() - start), said)
    }

    /// Writes four words of the head or of a finding, for which space is reserved.
    fn write(&mut self, words: [u32; FINDING_WORDS]) {
        if let Some(room) = self.bytes.get_mut(self.at..).and_then(|rest| rest.first_chunk_mut::<FINDING_BYTES>()) {
            room.copy_from_slice(words.map(u32::to_le_bytes).as_flattened());
        }
        self.at += FINDING_BYTES;
    }

    /// The whole record.
    fn end(self) -> Vec<u8> {
        let mut record = self.bytes;
        if let Some(count) = record.get_mut((HEAD_WORDS - 1) * WORD_BYTES..).and_then(|rest| rest.first_chunk_mut()) {
            *count = self.count.to_le_bytes();
        }
        record.extend_from_slice(&self.rules);
        record
    }
}

/// The index of a code in the catalogue.
fn place(code: Code) -> u32 {
    // `Code::ALL` is in declaration order (a test of the catalogue checks that).
    code as u32
}

/// Counts and lengths are below the limit of a body, 4 MiB.
fn word(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
