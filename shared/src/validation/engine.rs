//! Reads a body once and holds every value against the tables as it goes.
//!
//! Recursion follows the tables, whose nesting is fixed; what the tables do not know is skipped by a loop. A value of
//! the wrong type is skipped as well, so one mistake gives one violation.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::broken::Broken;
use super::facts::{Amount, Facts, Value};
use super::findings::{Findings, Path};
use super::rules::Dialect;
use super::scan::{Kind, Scan, Scanner};
use super::table::{Array, Check, Object, Rule, Slot};
use super::{OrderVerdict, Verdict, values};
use crate::limits::ORDER_BYTES_MAX;

/// One run over one body.
pub(super) struct Engine<'a> {
    pub(super) scanner: Scanner<'a>,
    pub(super) dialect: &'static Dialect,
    pub(super) findings: Findings,
    pub(super) facts: Facts,
    orders: Vec<OrderVerdict>,
    /// The safe ids of the bulk so far, with the order that had it first.
    safe_ids: BTreeMap<String, usize>,
}

impl<'a> Engine<'a> {
    pub(super) fn new(dialect: &'static Dialect, text: &'a str) -> Self {
        Self {
            scanner: Scanner::new(text),
            dialect,
            findings: Findings::default(),
            facts: Facts::default(),
            orders: Vec::new(),
            safe_ids: BTreeMap::new(),
        }
    }

    /// Reads the whole body; a fault means that it is not JSON that we read.
    pub(super) fn run(mut self) -> Scan<Verdict> {
        self.scanner.space();
        self.value(self.dialect.root, Slot::None, &Path::Root)?;
        self.scanner.end()?;

        let (violations, mut omitted) = self.findings.finish();
        if !violations.is_empty() {
            // The body is refused as a whole: what was found in its orders is only counted.
            omitted += self.orders.iter().map(|order| order.violations.len() + order.warnings.len()).sum::<usize>();
            self.orders.clear();
        }
        Ok(Verdict { violations, orders: self.orders, omitted })
    }

    /// Reports the value that was just scanned.
    pub(super) fn report(&mut self, start: usize, path: &Path<'_>, broken: &Broken<'_>) {
        let value = self.scanner.slice(start..self.scanner.at());
        self.findings.add(start, path, broken, Some(value));
    }

    /// Reports without showing a value.
    pub(super) fn report_bare(&mut self, at: usize, path: &Path<'_>, broken: &Broken<'_>) {
        self.findings.add(at, path, broken, None);
    }

    /// Reads the value under the cursor by a rule.
    pub(super) fn value(&mut self, rule: Rule, slot: Slot, path: &Path<'_>) -> Scan<()> {
        let kind = self.scanner.kind()?;
        match (rule, kind) {
            (Rule::Order(object), _) => self.order(object, kind, path),
            (Rule::Object(object), Kind::Object) => self.object(object, path),
            (Rule::Array(array), Kind::Array) => self.array(array, path),
            (Rule::Map(map), Kind::Object) => self.map(map, path),
            (Rule::Text { .. } | Rule::Lines { .. } | Rule::Format(_) | Rule::Amount(_), Kind::String)
            | (Rule::Integer { .. } | Rule::Amount(_) | Rule::Degrees { .. }, Kind::Number)
            | (Rule::Boolean, Kind::Boolean) => self.scalar(rule, kind, slot, path),
            _ => self.wrong_type(rule, kind, path),
        }
    }

    fn wrong_type(&mut self, rule: Rule, kind: Kind, path: &Path<'_>) -> Scan<()> {
        let start = self.scanner.at();
        self.scanner.skip()?;
        let broken = Broken::WrongType { wants: rule.type_name(), has: kind.name() };
        // A whole object may hold what is not to be shown.
        if values::is_secret(rule) || matches!(kind, Kind::Object | Kind::Array) {
            self.report_bare(start, path, &broken);
        } else {
            self.report(start, path, &broken);
        }
        Ok(())
    }

    /// Reads a string, number or boolean of the type that its rule asks for.
    fn scalar(&mut self, rule: Rule, kind: Kind, slot: Slot, path: &Path<'_>) -> Scan<()> {
        let start = self.scanner.at();
        let text = match kind {
            Kind::String => self.scanner.string()?.resolve(),
            Kind::Number => Cow::Borrowed(self.scanner.number()?),
            _ => {
                let value = self.scanner.boolean()?;
                self.facts.keep(slot, &Value::Boolean(value), start..self.scanner.at());
                return Ok(());
            }
        };
        let span = start..self.scanner.at();
        let (findings, scanner) = (&mut self.findings, &self.scanner);
        let shown = (!values::is_secret(rule)).then(|| scanner.slice(span.clone()));
        let value = values::check(rule, &text, &mut |broken| findings.add(start, path, broken, shown));
        if let Some(value) = value {
            self.facts.keep(slot, &value, span);
        }
        Ok(())
    }

    /// Reads an order, which gets a verdict of its own.
    fn order(&mut self, object: &'static Object, kind: Kind, path: &Path<'_>) -> Scan<()> {
        if matches!(path, Path::Root) && kind != Kind::Object {
            return self.wrong_type(Rule::Object(object), kind, path);
        }
        let aside = self.findings.begin_order();
        self.facts = Facts::default();
        let start = self.scanner.at();
        self.value(Rule::Object(object), Slot::None, path)?;
        let span = start..self.scanner.at();
        if span.len() > ORDER_BYTES_MAX {
            self.report_bare(start, path, &Broken::OrderTooLarge { bytes: span.len() });
        }
        self.orders.push(self.findings.end_order(aside, span));
        Ok(())
    }

    fn array(&mut self, array: &'static Array, path: &Path<'_>) -> Scan<()> {
        let start = self.scanner.at();
        self.scanner.enter()?;
        let mut has = 0;
        while self.scanner.next(b']', has == 0)? {
            if has < array.max {
                self.value(array.entry, Slot::None, &Path::Entry(path, has))?;
            } else {
                self.scanner.skip()?;
            }
            has += 1;
        }
        if has < array.min {
            self.report_bare(start, path, &Broken::TooFew { min: array.min, has });
        } else if has > array.max {
            self.report_bare(start, path, &Broken::TooMany { max: array.max, has, code: array.too_many });
        }
        Ok(())
    }

    /// Checks what holds between the members of an object that ends at byte `end`.
    pub(super) fn check(&mut self, check: Check, end: usize, path: &Path<'_>) {
        match check {
            Check::None => {}
            Check::DuplicateCheckHasNumber => {
                if self.facts.wants_duplicate_check && !self.facts.has_client_order_number {
                    let here = Path::Member(path, "clientOrderNumber");
                    self.report_bare(end, &here, &Broken::ClientOrderNumberMissing);
                }
            }
            Check::Transaction => self.facts.end_transaction(),
            Check::ItemSubtotal => {
                if let Some((Amount { span, .. }, expected)) = self.facts.end_item() {
                    self.warn(span, &Path::Member(path, "customerSubtotal"), &Broken::Subtotal { expected });
                }
            }
            Check::OrderTotals => self.end_network_order(path),
        }
    }

    fn end_network_order(&mut self, path: &Path<'_>) {
        if self.findings.is_clean()
            && let Some((Amount { span, .. }, expected)) = self.facts.end_order()
        {
            self.warn(span, &Path::Member(path, "customerTotal"), &Broken::Total { expected });
        }
        let Some((at, safe_id)) = self.facts.safe_id.take() else { return };
        match self.safe_ids.get(&safe_id) {
            Some(&first) => {
                self.report_bare(at, &Path::Member(path, "safeId"), &Broken::RepeatedSafeId { first });
            }
            None => {
                self.safe_ids.insert(safe_id, self.orders.len());
            }
        }
    }

    fn warn(&mut self, span: Range<usize>, path: &Path<'_>, broken: &Broken<'_>) {
        let value = self.scanner.slice(span.clone());
        self.findings.add(span.start, path, broken, Some(value));
    }
}
