//! The part of the engine that reads objects: known members by the tables, and maps of free names.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::broken::Broken;
use super::engine::Engine;
use super::findings::Path;
use super::scan::{Kind, Scan};
use super::table::{Field, Map, Object, Rule, Slot};
use super::text::Text;
use super::values;

/// Which members of an object were seen.
#[derive(Default)]
struct Members<'a> {
    known: u64,
    unknown: BTreeSet<Cow<'a, str>>,
}

impl<'a> Engine<'a> {
    /// Reads an object of which the tables know the members.
    pub(super) fn object(&mut self, object: &'static Object, path: &Path<'_>) -> Scan<()> {
        self.scanner.enter()?;
        let mut members = Members::default();
        let mut first = true;
        while self.scanner.next(b'}', first)? {
            first = false;
            let at = self.scanner.at();
            let name = self.scanner.name()?;
            self.member(object, path, at, name, &mut members)?;
        }
        let end = self.scanner.at() - 1;
        for (index, field) in object.members().filter(|(_, field)| field.required) {
            if members.known & (1 << index) == 0 {
                self.report_bare(end, &Path::Member(path, field.name), &Broken::Required);
            }
        }
        self.check(object.check, end, path);
        Ok(())
    }

    /// Reads the value of a member whose name stands at `at`.
    fn member(
        &mut self,
        object: &'static Object,
        path: &Path<'_>,
        at: usize,
        name: Text<'a>,
        members: &mut Members<'a>,
    ) -> Scan<()> {
        let name = name.resolve();
        let here = Path::Member(path, &name);
        let Some((index, field)) = object.find(&name) else {
            self.scanner.skip()?;
            if members.unknown.contains(&name) {
                self.report_bare(at, &here, &Broken::Duplicate);
                return Ok(());
            }
            if self.dialect.warns_of_unknown_members {
                self.report_bare(at, &here, &Broken::UnknownMember { name: &name, object });
            }
            members.unknown.insert(name);
            return Ok(());
        };
        let bit = 1 << index;
        if members.known & bit != 0 {
            self.scanner.skip()?;
            self.report_bare(at, &here, &Broken::Duplicate);
            return Ok(());
        }
        members.known |= bit;
        self.field(field, &here)
    }

    /// Reads the value of a known member; null, and an empty string where the dialect says so, are as if absent.
    fn field(&mut self, field: &'static Field, path: &Path<'_>) -> Scan<()> {
        let start = self.scanner.at();
        if self.scanner.kind()? == Kind::Null {
            self.scanner.null()?;
            if field.required {
                self.report(start, path, &Broken::Required);
            }
            return Ok(());
        }
        if self.dialect.empty_is_absent && !field.required && self.scanner.skip_empty_string() {
            return Ok(());
        }
        self.facts.has_client_order_number |= field.slot == Slot::ClientOrderNumber;
        self.value(field.rule, field.slot, path)
    }

    /// Reads an object with free names.
    pub(super) fn map(&mut self, map: &'static Map, path: &Path<'_>) -> Scan<()> {
        let start = self.scanner.at();
        self.scanner.enter()?;
        let mut names = BTreeSet::new();
        let mut has = 0;
        while self.scanner.next(b'}', has == 0)? {
            let at = self.scanner.at();
            let name = self.scanner.name()?;
            has += 1;
            if has > map.entries_max {
                self.scanner.skip()?;
            } else {
                self.entry(map, path, at, name.resolve(), &mut names)?;
            }
        }
        if has > map.entries_max {
            let broken = Broken::TooMany { max: map.entries_max, has, code: crate::Code::TooMany };
            self.report_bare(start, path, &broken);
        }
        Ok(())
    }

    /// Reads the value of an entry of a map whose name stands at `at`.
    fn entry(
        &mut self,
        map: &'static Map,
        path: &Path<'_>,
        at: usize,
        name: Cow<'a, str>,
        names: &mut BTreeSet<Cow<'a, str>>,
    ) -> Scan<()> {
        let here = Path::Member(path, &name);
        if names.contains(&name) {
            self.scanner.skip()?;
            self.report_bare(at, &here, &Broken::Duplicate);
            return Ok(());
        }
        let findings = &mut self.findings;
        let rule = Rule::Text { min: 1, max: map.name_max };
        values::check(rule, &name, &mut |broken| findings.add(at, &here, broken, None));
        if self.scanner.kind()? == Kind::Null {
            self.scanner.null()?;
        } else {
            self.value(Rule::Lines { min: 0, max: map.value_max }, Slot::None, &here)?;
        }
        names.insert(name);
        Ok(())
    }
}
