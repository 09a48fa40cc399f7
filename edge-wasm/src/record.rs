//! The form in which a verdict leaves the module: one block of bytes that `package/core.js` turns into plain objects.
//!
//! ```text
//! words (u32, little endian)   orders, omitted, findings, rules
//!                              for each finding: order, rule, and the bytes of its pointer and value
//! text (UTF-8)                 pointer and value of each finding, one after the other; before those of the first finding of
//!                              a rule the message and the limit of the rule
//! words                        for each rule: kind and code, and the bytes of its message and limit
//! ```
//!
//! JSON would say the same, but a body without findings, which is nearly every body, then costs 16 bytes instead of an
//! entry for each order. One with 500 findings breaks few rules: each is put into words once, and findings refer to it.

use alloc::vec::Vec;

use shared::Code;
use shared::validation::{OrderVerdict, Verdict, Violation, Violations};

/// The order of a finding on the body as a whole.
const BODY: u32 = u32::MAX;
/// The length of a text that is not there.
const ABSENT: u32 = u32::MAX;
/// Set in the first word of the rule of a warning; the code's place in the catalogue stands below it.
const WARNING: u32 = 1 << 16;
/// Set in the first word of a rule whose messages end with the value.
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
/// Room for the texts of a finding: they seldom have to grow.
const FINDING_TEXT_BYTES: usize = 64;
/// Rules that are looked for before one is written again.
const KNOWN_MAX: usize = 8;

struct Record<'v> {
    /// The head and the words of the findings, and behind them the texts.
    bytes: Vec<u8>,
    /// Where the next words go.
    at: usize,
    /// The words of the rules.
    rules: Vec<u8>,
    /// The last rules, each with one who broke it and its place among all.
    known: Vec<(Violation<'v>, u32)>,
    /// How many rules there are.
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

    /// Writes the rule that a finding breaks; gives its place.
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

    /// Appends a text; gives its length and what is said of it.
    fn text<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> (u32, T) {
        let start = self.bytes.len();
        let said = write(&mut self.bytes);
        (word(self.bytes.len() - start), said)
    }

    /// Writes four words of the head or of a finding, for which there is room.
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

/// The place of a code in the catalogue.
fn place(code: Code) -> u32 {
    // `Code::ALL` stands in the order of the declaration (a test of the catalogue).
    code as u32
}

/// Counts and lengths are below the limit of a body, 4 MiB.
fn word(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
