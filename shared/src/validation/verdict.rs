//! What a body breaks, as callers see it: views into what was found, whose texts are made when they are asked for.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::findings::{Finding, Findings, OrderFindings, Span};
use super::json;
use super::sentence::append;
use super::text::{Form, Text};
use crate::Code;
use crate::limits::ATTEMPTED_VALUE_BYTES_MAX;

/// Room for nearly every message, and for nearly every limit: they seldom have to grow.
const MESSAGE_BYTES: usize = 96;
const LIMIT_BYTES: usize = 24;

/// What a body breaks.
#[derive(Clone, Debug)]
pub struct Verdict<'b> {
    body: &'b [u8],
    findings: Findings,
}

impl<'b> Verdict<'b> {
    pub(super) fn new(body: &'b [u8], findings: Findings) -> Self {
        Self { body, findings }
    }

    /// Whether the body and every order in it may be accepted.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.findings.whole.is_empty() && self.orders().all(|order| order.is_valid())
    }

    /// Of the body as a whole: it is not JSON, too large, or its envelope is wrong. If there is one, the body is refused
    /// whole and there are no [`orders`](Self::orders).
    #[must_use]
    pub fn violations(&self) -> Violations<'_> {
        self.view(&self.findings.whole)
    }

    /// The verdict on each order, in document order; exactly one for the bodies of a single order.
    pub fn orders(&self) -> impl ExactSizeIterator<Item = OrderVerdict<'_>> {
        self.findings.orders.iter().map(|findings| OrderVerdict { verdict: self, findings })
    }

    /// The verdict on the order at a place in the body.
    #[must_use]
    pub fn order(&self, index: usize) -> Option<OrderVerdict<'_>> {
        self.findings.orders.get(index).map(|findings| OrderVerdict { verdict: self, findings })
    }

    /// Findings, violations and warnings alike, that are not listed: those beyond
    /// [`VIOLATIONS_MAX`](crate::limits::VIOLATIONS_MAX) of their kind, and those in the orders of a body that is refused
    /// whole. The first violation and the first warning of each order are always listed, so an order without violations
    /// is valid whatever this says.
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

/// What one order breaks.
#[derive(Clone, Copy, Debug)]
pub struct OrderVerdict<'v> {
    verdict: &'v Verdict<'v>,
    findings: &'v OrderFindings,
}

impl<'v> OrderVerdict<'v> {
    /// Whether the order may be accepted.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.findings.violations.range().is_empty()
    }

    /// The bytes of the order in the body.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.findings.order.range()
    }

    /// Why it is refused.
    #[must_use]
    pub fn violations(&self) -> Violations<'v> {
        self.verdict.of_orders(self.findings.violations)
    }

    /// What is odd about it; never a reason to refuse it.
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

/// One place in a body that breaks a rule.
#[derive(Clone, Copy, Debug)]
pub struct Violation<'v> {
    body: &'v [u8],
    pointers: &'v [u8],
    finding: &'v Finding,
}

impl<'v> Violation<'v> {
    /// Which kind of rule.
    #[must_use]
    pub fn code(&self) -> Code {
        self.finding.broken.code()
    }

    /// The place, as a JSON pointer (RFC 6901) from the root of the body, for example `/bulk/0/items/1/quantity`; of an
    /// absent member, where it should be. A pointer ends before a name of more than
    /// [`POINTER_NAME_BYTES_MAX`](crate::limits::POINTER_NAME_BYTES_MAX), and before one that holds a card number.
    #[must_use]
    pub fn pointer(&self) -> &'v str {
        core::str::from_utf8(self.pointer_bytes()).unwrap_or_default()
    }

    /// The byte of the body at which it is told: a violation comes before all of which it is told at a later one.
    #[must_use]
    pub fn at(&self) -> usize {
        self.finding.at as usize
    }

    /// The bytes of the pointer, which are UTF-8.
    fn pointer_bytes(&self) -> &'v [u8] {
        self.pointers.get(self.finding.pointer.range()).unwrap_or_default()
    }

    /// Appends the [`pointer`](Self::pointer).
    pub fn write_pointer(&self, out: &mut Vec<u8>) {
        append(out, self.pointer_bytes());
    }

    /// The rule in words, lower case, without a full stop.
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

    /// Whether this one breaks the very rule that the other one breaks, so that both have the same code, limit and message but for
    /// the value in it. It may say no where it is so: it is asked to write a text once instead of often.
    #[must_use]
    pub fn is_of_same_rule(&self, other: &Self) -> bool {
        self.finding.broken.is_same(&other.finding.broken)
    }

    /// Appends the [`message`](Self::message) without the value, and says whether it would stand in it, as ``, not `…` ``.
    pub fn write_rule(&self, out: &mut Vec<u8>) -> bool {
        self.finding.broken.write_message(out, None);
        self.finding.broken.shows_value()
    }

    /// The bound of the rule: a number, a range such as `1..10000` (`..<` excludes the end), the JSON type or the name
    /// of the form that is asked for, or the amount that is expected.
    #[must_use]
    pub fn limit(&self) -> Option<String> {
        let mut limit = Vec::with_capacity(LIMIT_BYTES);
        self.write_limit(&mut limit).then(|| String::from_utf8(limit).unwrap_or_default())
    }

    /// Appends the [`limit`](Self::limit) in UTF-8; false if there is none.
    pub fn write_limit(&self, out: &mut Vec<u8>) -> bool {
        self.finding.broken.write_limit(out)
    }

    /// The attempted value as JSON text, cut to [`ATTEMPTED_VALUE_BYTES_MAX`] bytes. Left out for objects and arrays, for
    /// unknown and repeated members, for digits of cards, and where a card number stands in it.
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

    /// The bytes of the value, which are UTF-8.
    fn value_bytes(&self) -> Option<&'v [u8]> {
        let bytes = self.body.get(self.finding.value.range()).filter(|bytes| !bytes.is_empty())?;
        if Text::new(bytes, Form::Escaped).holds_card_number() {
            return None;
        }
        let mut cut = bytes.len().min(ATTEMPTED_VALUE_BYTES_MAX);
        // Not between the bytes of a character.
        while bytes.get(cut).is_some_and(|byte| byte & 0xc0 == 0x80) {
            cut -= 1;
        }
        bytes.get(..cut)
    }
}
