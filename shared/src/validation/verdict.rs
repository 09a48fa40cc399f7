//! The violations of a body, as callers see them: views into the findings, whose texts are made on request.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::findings::{Finding, Findings, OrderFindings, Span};
use super::json;
use super::sentence::append;
use super::text::{Form, Text};
use crate::Code;
use crate::limits::ATTEMPTED_VALUE_BYTES_MAX;

/// Capacity for nearly every message and limit, so that they seldom grow.
const MESSAGE_BYTES: usize = 96;
const LIMIT_BYTES: usize = 24;

/// The result of a validation.
#[derive(Clone, Debug)]
pub struct Verdict<'b> {
    body: &'b [u8],
    findings: Findings,
}

impl<'b> Verdict<'b> {
    pub(super) fn new(body: &'b [u8], findings: Findings) -> Self {
        Self { body, findings }
    }

    /// Whether the body and every order in it are valid.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.findings.whole.is_empty() && self.orders().all(|order| order.is_valid())
    }

    /// Violations of the body as a whole: it is not JSON, too large, or its envelope is wrong. If there are any, the
    /// whole body is rejected and there are no [`orders`](Self::orders).
    #[must_use]
    pub fn violations(&self) -> Violations<'_> {
        self.view(&self.findings.whole)
    }

    /// The verdict on each order, in document order; exactly one for the bodies of a single order.
    pub fn orders(&self) -> impl ExactSizeIterator<Item = OrderVerdict<'_>> {
        self.findings.orders.iter().map(|findings| OrderVerdict { verdict: self, findings })
    }

    /// The verdict on the order at an index.
    #[must_use]
    pub fn order(&self, index: usize) -> Option<OrderVerdict<'_>> {
        self.findings.orders.get(index).map(|findings| OrderVerdict { verdict: self, findings })
    }

    /// Violations and warnings that are not listed: those beyond [`VIOLATIONS_MAX`](crate::limits::VIOLATIONS_MAX) of
    /// their kind, and those in the orders of a body that is rejected as a whole. The first violation and the first
    /// warning of each order are always listed, so an order without listed violations is valid.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.findings.omitted
    }

    /// The verdict as JSON, in one stable byte form, that of `JSON.stringify`:
    /// `{"valid","violations":[{"pointer","code","message","limit","value"}],"orders":[{"index","violations","warnings"}],"omitted"}`,
    /// without `limit` and `value` where there is none.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::verdict(self)
    }

    fn view<'v>(&'v self, findings: &'v [Finding]) -> Violations<'v> {
        Violations { body: self.body, pointers: &self.findings.pointers, findings: findings.iter() }
    }

    fn of_orders(&self, span: Span) -> Violations<'_> {
        self.view(self.findings.of_orders.get(span.range()).unwrap_or_default())
    }
}

/// The result for one order.
#[derive(Clone, Copy, Debug)]
pub struct OrderVerdict<'v> {
    verdict: &'v Verdict<'v>,
    findings: &'v OrderFindings,
}

impl<'v> OrderVerdict<'v> {
    /// Whether the order is valid.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.findings.violations.range().is_empty()
    }

    /// The bytes of the order in the body.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.findings.order.range()
    }

    /// The reasons for its rejection.
    #[must_use]
    pub fn violations(&self) -> Violations<'v> {
        self.verdict.of_orders(self.findings.violations)
    }

    /// Warnings, which never cause a rejection.
    #[must_use]
    pub fn warnings(&self) -> Violations<'v> {
        self.verdict.of_orders(self.findings.warnings)
    }

    /// Violations of the order that are not listed.
    #[must_use]
    pub fn omitted_violations(&self) -> usize {
        self.findings.omitted_violations as usize
    }

    /// Warnings of the order that are not listed.
    #[must_use]
    pub fn omitted_warnings(&self) -> usize {
        self.findings.omitted_warnings as usize
    }
}

/// Violations in document order.
#[derive(Clone, Debug)]
pub struct Violations<'v> {
    body: &'v [u8],
    pointers: &'v [u8],
    findings: core::slice::Iter<'v, Finding>,
}

impl<'v> Iterator for Violations<'v> {
    type Item = Violation<'v>;

    fn next(&mut self) -> Option<Violation<'v>> {
        self.findings.next().map(|finding| Violation { body: self.body, pointers: self.pointers, finding })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.findings.size_hint()
    }
}

impl ExactSizeIterator for Violations<'_> {}

/// A place in a body that breaks a rule.
#[derive(Clone, Copy, Debug)]
pub struct Violation<'v> {
    body: &'v [u8],
    pointers: &'v [u8],
    finding: &'v Finding,
}

impl<'v> Violation<'v> {
    /// The code of the rule.
    #[must_use]
    pub fn code(&self) -> Code {
        self.finding.broken.code()
    }

    /// The place, as a JSON pointer (RFC 6901) from the root of the body, for example `/bulk/0/items/1/quantity`; for a
    /// missing member, where it should be. A pointer ends before a name longer than
    /// [`POINTER_NAME_BYTES_MAX`](crate::limits::POINTER_NAME_BYTES_MAX) or containing a card number.
    #[must_use]
    pub fn pointer(&self) -> &'v str {
        core::str::from_utf8(self.pointer_bytes()).unwrap_or_default()
    }

    /// The byte of the body by which violations are ordered.
    #[must_use]
    pub fn at(&self) -> usize {
        self.finding.at as usize
    }

    fn pointer_bytes(&self) -> &'v [u8] {
        self.pointers.get(self.finding.pointer.range()).unwrap_or_default()
    }

    /// Appends the [`pointer`](Self::pointer).
    pub fn write_pointer(&self, out: &mut Vec<u8>) {
        append(out, self.pointer_bytes());
    }

    /// The rule as a sentence, lower case, without a full stop.
    #[must_use]
    pub fn message(&self) -> String {
        let mut message = Vec::with_capacity(MESSAGE_BYTES);
        self.write_message(&mut message);
        String::from_utf8(message).unwrap_or_default()
    }

    /// Appends the [`message`](Self::message) in UTF-8.
    pub fn write_message(&self, out: &mut Vec<u8>) {
        self.finding.broken.write_message(out, self.value_bytes());
    }

    /// Whether both break the same rule, so that code, limit and message are equal except for the value in it. May
    /// return false for equal rules: it serves to write a text once instead of often.
    #[must_use]
    pub fn is_of_same_rule(&self, other: &Self) -> bool {
        self.finding.broken.is_same(&other.finding.broken)
    }

    /// Appends the [`message`](Self::message) without the value; true if the value would be part of it, as ``, not `…`
    /// ``.
    pub fn write_rule(&self, out: &mut Vec<u8>) -> bool {
        self.finding.broken.write_message(out, None);
        self.finding.broken.shows_value()
    }

    /// The bound of the rule: a number, a range such as `1..10000` (`..<` excludes the end), the required JSON type or
    /// name of a form, or the expected amount.
    #[must_use]
    pub fn limit(&self) -> Option<String> {
        let mut limit = Vec::with_capacity(LIMIT_BYTES);
        self.write_limit(&mut limit).then(|| String::from_utf8(limit).unwrap_or_default())
    }

    /// Appends the [`limit`](Self::limit) in UTF-8; false if there is none.
    pub fn write_limit(&self, out: &mut Vec<u8>) -> bool {
        self.finding.broken.write_limit(out)
    }

    /// The attempted value as JSON text, cut to [`ATTEMPTED_VALUE_BYTES_MAX`] bytes. Absent for objects and arrays, for
    /// unknown and repeated members, for card digits, and if it contains a card number.
    #[must_use]
    pub fn value(&self) -> Option<&'v str> {
        self.value_bytes().and_then(|bytes| core::str::from_utf8(bytes).ok())
    }

    /// Appends the [`value`](Self::value); false if there is none.
    pub fn write_value(&self, out: &mut Vec<u8>) -> bool {
        let value = self.value_bytes();
        append(out, value.unwrap_or_default());
        value.is_some()
    }

    fn value_bytes(&self) -> Option<&'v [u8]> {
        let bytes = self.body.get(self.finding.value.range()).filter(|bytes| !bytes.is_empty())?;
        if Text::new(bytes, Form::Escaped).holds_card_number() {
            return None;
        }
        let mut cut = bytes.len().min(ATTEMPTED_VALUE_BYTES_MAX);
        // Not within a character.
        while bytes.get(cut).is_some_and(|byte| byte & 0xc0 == 0x80) {
            cut -= 1;
        }
        bytes.get(..cut)
    }
}
