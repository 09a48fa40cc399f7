//! Reads a body once and checks every value against the tables.
//!
//! Recursion follows the tables, whose nesting is fixed; unknown members are skipped. Values of the wrong type are
//! skipped too, so one mistake gives one violation.
//!
//! Nearly every value is valid and plainly written, and is read and accepted in one go. Everything else takes the slow
//! path (`judge`), which finds the violations.

use core::ops::Range;

use super::broken::Broken;
#[cfg(feature = "domain")]
use super::extension::Context;
use super::facts::{Amount, Facts, Value};
use super::field::Key;
use super::findings::{Findings, Path};
use super::members::Names;
use super::rules::BodyRules;
use super::safe_ids::SafeIds;
use super::scan::{Fault, Kind, Scan, Scanner, Stop};
use super::table::{Array, Check, Object, Rule, Slot};
use super::text::Text;
use super::values;
use crate::limits::ORDER_BYTES_MAX;

// Members used by the checks between members.
static CLIENT_ORDER_NUMBER: Key = Key::new("clientOrderNumber");
static CUSTOMER_SUBTOTAL: Key = Key::new("customerSubtotal");
static CUSTOMER_TOTAL: Key = Key::new("customerTotal");
static SAFE_ID: Key = Key::new("safeId");

pub(super) struct Engine<'a> {
    pub(super) scanner: Scanner<'a>,
    pub(super) rules: &'static BodyRules,
    pub(super) findings: Findings,
    pub(super) facts: Facts<'a>,
    pub(super) names: Names<'a>,
    /// The safe ids of the bulk so far.
    safe_ids: SafeIds<'a>,
    /// What rules depend on besides the body.
    #[cfg(feature = "domain")]
    pub(super) context: &'a Context,
    /// Whether texts are searched for card numbers: not in JSON that is kept unread.
    #[cfg(feature = "domain")]
    pub(super) searches_texts: bool,
}

impl<'a> Engine<'a> {
    pub(super) fn new(rules: &'static BodyRules, bytes: &'a [u8]) -> Self {
        Self {
            scanner: Scanner::new(bytes),
            rules,
            findings: Findings::default(),
            facts: Facts::default(),
            names: Names::default(),
            safe_ids: SafeIds::default(),
            #[cfg(feature = "domain")]
            context: &Context::NONE,
            #[cfg(feature = "domain")]
            searches_texts: rules.searches_texts,
        }
    }

    #[cfg(feature = "domain")]
    pub(super) fn within(context: &'a Context, rules: &'static BodyRules, bytes: &'a [u8]) -> Self {
        Self { context, ..Self::new(rules, bytes) }
    }

    fn searches_texts(&self) -> bool {
        #[cfg(feature = "domain")]
        return self.searches_texts;
        #[cfg(not(feature = "domain"))]
        self.rules.searches_texts
    }

    /// Reads the whole body; a fault means that it is not acceptable JSON.
    pub(super) fn run(mut self) -> Result<Findings, Fault> {
        match self.read() {
            Ok(()) => {
                self.findings.finish();
                Ok(self.findings)
            }
            Err(Stop) => Err(self.scanner.reason()),
        }
    }

    fn read(&mut self) -> Scan<()> {
        self.scanner.space();
        self.value(&self.rules.root, Slot::None, &Path::Root)?;
        self.scanner.end()
    }

    /// Reports the value that was just scanned.
    pub(super) fn report(&mut self, start: usize, path: &Path<'_>, broken: Broken) {
        self.findings.add(start, path, broken, Some(start..self.scanner.at()));
    }

    /// Reports without showing a value.
    pub(super) fn report_bare(&mut self, at: usize, path: &Path<'_>, broken: Broken) {
        self.findings.add(at, path, broken, None);
    }

    pub(super) fn value(&mut self, rule: &'static Rule, slot: Slot, path: &Path<'_>) -> Scan<()> {
        if let Rule::Order(object) = rule {
            return self.order(rule, object, path);
        }
        match (rule, self.scanner.byte()) {
            (Rule::Object(object), Some(b'{')) => self.object(object, path),
            (Rule::Array(array), Some(b'[')) => self.array(array, path),
            (Rule::Map(map), Some(b'{')) => self.map(map, path),
            #[cfg(feature = "domain")]
            (Rule::Any(any), _) => self.any(any, path),
            _ => self.judge(rule, slot, path),
        }
    }

    /// Checks a string that was read, on the slow path.
    #[cold]
    #[inline(never)]
    pub(super) fn judge_text(
        &mut self,
        rule: &'static Rule,
        slot: Slot,
        start: usize,
        text: Text<'a>,
        path: &Path<'_>,
    ) -> Scan<()> {
        let span = start..self.scanner.at();
        if !rule.takes_strings() {
            self.report(start, path, Broken::WrongType { wants: rule.type_name(), has: Kind::String.name() });
            return Ok(());
        }
        #[cfg(feature = "domain")]
        if self.check_domain_text(rule, start, text, path).is_some() {
            if rule.is_searched() {
                self.search_text(start, text, path);
            }
            return Ok(());
        }
        let shown = (!values::is_secret(*rule)).then(|| span.clone());
        let findings = &mut self.findings;
        let value = values::check_text(*rule, text, &mut |broken| findings.add(start, path, broken, shown.clone()));
        if rule.is_searched() {
            self.search_text(start, text, path);
        }
        if let Some(value) = value {
            self.facts.keep(slot, value, span);
        }
        Ok(())
    }

    /// Reports a card number in a text that starts at `at`, or in the name at the end of `path`.
    #[inline(never)]
    pub(super) fn search_text(&mut self, at: usize, text: Text<'a>, path: &Path<'_>) {
        if self.searches_texts() && text.holds_card_number() {
            self.report_bare(at, path, Broken::CardNumber);
        }
    }

    /// Skips a value without a rule and checks its syntax. If unknown members are reported, its texts and names are
    /// searched for card numbers; numbers are not, because they are ids and nothing is kept. The scanner limits the
    /// recursion.
    #[inline(never)]
    pub(super) fn skip(&mut self, path: &Path<'_>) -> Scan<()> {
        let start = self.scanner.at();
        let mut index = 0;
        match self.scanner.kind()? {
            Kind::String => {
                let text = self.scanner.string()?;
                self.search_text(start, text, path);
            }
            kind @ (Kind::Array | Kind::Object) => {
                let close = if kind == Kind::Object { b'}' } else { b']' };
                self.scanner.enter()?;
                while self.scanner.next(close, index == 0)? {
                    if kind == Kind::Object {
                        let at = self.scanner.at();
                        let name = self.scanner.name()?;
                        let characters = name.resolve();
                        let here = Path::Member(path, &characters);
                        self.search_text(at, name, &here);
                        self.skip(&here)?;
                    } else {
                        self.skip(&Path::Entry(path, index))?;
                    }
                    index += 1;
                }
            }
            Kind::Number => drop(self.scanner.number()?),
            Kind::Boolean => drop(self.scanner.boolean()?),
            Kind::Null => self.scanner.null()?,
        }
        Ok(())
    }

    /// Reads a scalar of any form, or a value of the wrong type.
    #[cold]
    #[inline(never)]
    pub(super) fn judge(&mut self, rule: &'static Rule, slot: Slot, path: &Path<'_>) -> Scan<()> {
        let kind = self.scanner.kind()?;
        let start = self.scanner.at();
        if kind == Kind::String {
            let text = self.scanner.string()?;
            return self.judge_text(rule, slot, start, text, path);
        }
        if kind == Kind::Boolean && matches!(rule, Rule::Boolean) {
            let value = self.scanner.boolean()?;
            self.facts.keep(slot, Value::Boolean(value), start..self.scanner.at());
            return Ok(());
        }
        if kind == Kind::Number && rule.takes_numbers() {
            let text = self.scanner.number()?;
            let span = start..self.scanner.at();
            let (findings, shown) = (&mut self.findings, span.clone());
            let mut report = |broken| findings.add(start, path, broken, Some(shown.clone()));
            if let Some(value) = values::check_number(*rule, text, &mut report) {
                self.facts.keep(slot, value, span);
            }
            return Ok(());
        }
        self.skip(path)?;
        let broken = Broken::WrongType { wants: rule.type_name(), has: kind.name() };
        // A whole object may contain secrets.
        if values::is_secret(*rule) || matches!(kind, Kind::Object | Kind::Array) {
            self.report_bare(start, path, broken);
        } else {
            self.report(start, path, broken);
        }
        Ok(())
    }

    /// Reads an order, which gets its own verdict.
    fn order(&mut self, rule: &'static Rule, object: &'static Object, path: &Path<'_>) -> Scan<()> {
        let is_object = self.scanner.byte() == Some(b'{');
        if matches!(path, Path::Root) && !is_object {
            return self.judge(rule, Slot::None, path);
        }
        self.findings.begin_order();
        self.facts.begin_order();
        let start = self.scanner.at();
        if is_object {
            self.object(object, path)?
        } else {
            self.judge(rule, Slot::None, path)?
        }
        let span = start..self.scanner.at();
        if span.len() > ORDER_BYTES_MAX && self.rules.is_order() {
            self.report_bare(start, path, Broken::OrderTooLarge { bytes: span.len() });
        }
        self.findings.end_order(span);
        Ok(())
    }

    pub(super) fn array(&mut self, array: &'static Array, path: &Path<'_>) -> Scan<()> {
        let start = self.scanner.at();
        self.scanner.enter()?;
        let mut has = 0;
        while self.scanner.next(b']', has == 0)? {
            match &array.entry {
                _ if has >= array.max => self.skip(&Path::Entry(path, has))?,
                Rule::Object(object) if self.scanner.byte() == Some(b'{') => {
                    self.object(object, &Path::Entry(path, has))?;
                }
                entry => self.value(entry, Slot::None, &Path::Entry(path, has))?,
            }
            has += 1;
        }
        if has < array.min {
            self.report_bare(start, path, Broken::TooFew { min: array.min, has });
        } else if has > array.max {
            self.report_bare(start, path, Broken::TooMany { max: array.max, has, code: array.too_many });
        }
        Ok(())
    }

    /// Checks the rules between the members of an object that ends at byte `end`.
    #[inline(never)]
    pub(super) fn check(&mut self, check: Check, end: usize, path: &Path<'_>) {
        match check {
            Check::None => {}
            Check::DuplicateCheckHasNumber => {
                if self.facts.wants_duplicate_check && !self.facts.has_client_order_number {
                    let here = Path::Known(path, &CLIENT_ORDER_NUMBER);
                    self.report_bare(end, &here, Broken::ClientOrderNumberMissing);
                }
            }
            Check::Transaction => self.facts.end_transaction(),
            Check::ItemSubtotal => {
                if let Some((Amount { span, .. }, expected)) = self.facts.end_item() {
                    self.warn(
                        span,
                        &Path::Known(path, &CUSTOMER_SUBTOTAL),
                        Broken::Subtotal { expected: expected.to_le_bytes() },
                    );
                }
            }
            Check::OrderTotals => self.end_network_order(path),
            // Already done: it reads the whole object.
            #[cfg(feature = "domain")]
            Check::Domain(_) => {}
        }
    }

    fn end_network_order(&mut self, path: &Path<'_>) {
        if self.findings.is_clean()
            && let Some((Amount { span, .. }, expected)) = self.facts.end_order()
        {
            self.warn(span, &Path::Known(path, &CUSTOMER_TOTAL), Broken::Total { expected: expected.to_le_bytes() });
        }
        let Some((at, safe_id)) = self.facts.safe_id.take() else { return };
        if let Some(first) = self.safe_ids.add(safe_id, self.findings.orders.len()) {
            self.report_bare(at, &Path::Known(path, &SAFE_ID), Broken::RepeatedSafeId { first });
        }
    }

    fn warn(&mut self, span: Range<usize>, path: &Path<'_>, broken: Broken) {
        self.findings.add(span.start, path, broken, Some(span));
    }
}
