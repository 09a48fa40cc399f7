//! The vocabulary of the bodies that only the functions read: notes, subscriptions, transformations, changes of orders.
//!
//! The same engine reads them with the same meaning for the same rule. What stands here is compiled only into the domain,
//! so the WebAssembly module neither grows nor slows down by it.

use alloc::vec::Vec;
use core::ops::Range;

use super::broken::Broken;
use super::engine::Engine;
use super::findings::{Finding, Path};
use super::scan::{Kind, Scan};
use super::sentence::{Sentence, append};
use super::table::Rule;
use super::text::{Marks, Text};
use super::values;
use crate::Code;
use crate::limits::DEPTH_MAX;
use crate::time::Timestamp;

/// What a rule may depend on besides the body.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The time of the request.
    pub now: Timestamp,
    /// Says what is wrong with a URL that webhooks are to be sent to.
    pub destination: fn(&str) -> Result<(), Wrong>,
}

impl Context {
    /// For rules that depend on nothing.
    pub(super) const NONE: Self = Self { now: Timestamp::from_milliseconds(0), destination: |_| Ok(()) };
}

/// A closed set of names, each with a number or none of them.
#[derive(Debug)]
pub(crate) struct Choice {
    /// As they are sent.
    pub(crate) names: &'static [&'static str],
    /// The numbers that stand for them, in the same order; a body may have either.
    pub(crate) numbers: &'static [i32],
}

impl Choice {
    /// A choice of names without numbers.
    pub(crate) const fn of(names: &'static [&'static str]) -> Self {
        Self { names, numbers: &[] }
    }

    pub(super) const fn is_numbered(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// The names as a sentence lists them.
    fn write(&self, out: &mut Vec<u8>) {
        for (index, name) in self.names.iter().enumerate() {
            if index > 0 {
                out.words(&[", "]);
            }
            match self.numbers.get(index) {
                Some(number) => {
                    out.integer(i64::from(*number));
                    out.words(&[" ", name]);
                }
                None => out.words(&["`", name, "`"]),
            }
        }
    }
}

/// A string with a form of its own.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The name of the form, as it stands in a violation's `limit`.
    pub(crate) name: &'static str,
    /// What the string must be, for descriptions.
    pub(crate) is: &'static str,
    /// Characters at most, for descriptions; the function checks them.
    pub(crate) max: usize,
    /// Says what is wrong with a string.
    pub(crate) check: fn(&str, &Context) -> Result<(), Wrong>,
}

/// What a string with a form of its own breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The code of the violation.
    pub code: Code,
    /// What the string must be, behind "must be".
    pub rule: &'static str,
}

/// Any JSON.
#[derive(Debug)]
pub(crate) struct Any {
    /// Bytes at most, as they were written.
    pub(crate) bytes_max: usize,
}

/// Checks the members of an object against each other. It gets the object's text, and returns nothing if it cannot read
/// that. A member may be invalid by itself: issues about such a member are dropped.
pub(crate) type ObjectCheck = fn(&str) -> Vec<Issue>;

/// Something that an [`ObjectCheck`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Issue {
    /// The member that it is about; empty for the object itself.
    pub(crate) member: &'static str,
    pub(crate) code: Code,
    /// The whole sentence.
    pub(crate) message: &'static str,
    pub(crate) is_warning: bool,
}

impl Issue {
    /// A rule that the member breaks.
    pub(crate) const fn violation(member: &'static str, code: Code, message: &'static str) -> Self {
        Self { member, code, message, is_warning: false }
    }

    /// Something odd about the member.
    pub(crate) const fn warning(member: &'static str, message: &'static str) -> Self {
        Self { member, code: Code::UnknownMember, message, is_warning: true }
    }
}

/// What only these bodies can break.
#[derive(Clone, Copy, Debug)]
pub(super) enum DomainBroken {
    Blank,
    NotOneOf(&'static Choice),
    Wrong(Wrong),
    Issue(Issue),
    /// An unknown member where ignoring it would do something else.
    ForbiddenMember {
        nearest: Option<&'static str>,
    },
    TooManyBytes {
        max: usize,
        has: usize,
    },
    TooDeep,
    ReservedName,
}

impl DomainBroken {
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Blank => Code::TooShort,
            Self::NotOneOf(_) | Self::ReservedName => Code::InvalidFormat,
            Self::Wrong(wrong) => wrong.code,
            Self::Issue(issue) => issue.code,
            Self::ForbiddenMember { .. } => Code::UnknownMember,
            Self::TooManyBytes { .. } => Code::PayloadTooLarge,
            Self::TooDeep => Code::TooDeep,
        }
    }

    pub(super) fn is_warning(&self) -> bool {
        matches!(self, Self::Issue(Issue { is_warning: true, .. }))
    }

    pub(super) fn shows_value(&self) -> bool {
        matches!(self, Self::NotOneOf(_) | Self::Wrong(_))
    }

    pub(super) fn write_limit(&self, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Blank => out.number(1),
            Self::TooManyBytes { max, .. } => out.number(*max as u64),
            Self::TooDeep => out.number(DEPTH_MAX as u64),
            Self::NotOneOf(choice) => choice.write(out),
            _ => return false,
        }
        true
    }

    pub(super) fn write_rule(&self, out: &mut Vec<u8>) {
        match self {
            Self::Blank => out.words(&["must have at least 1 character that is not white space"]),
            Self::NotOneOf(choice) => {
                out.words(&["must be one of "]);
                choice.write(out);
            }
            Self::Wrong(wrong) => out.words(&["must be ", wrong.rule]),
            Self::Issue(issue) => append(out, issue.message.as_bytes()),
            Self::ForbiddenMember { nearest } => Broken::UnknownMember { nearest: *nearest }.write_message(out, None),
            Self::TooManyBytes { max, has } => {
                out.words(&["must have at most "]);
                out.number(*max as u64);
                out.words(&[" bytes, but has "]);
                out.number(*has as u64);
            }
            Self::TooDeep => {
                out.words(&["must have arrays and objects that nest at most "]);
                out.number(DEPTH_MAX as u64);
                out.words(&[" deep"]);
            }
            Self::ReservedName => out.words(&["must have another name"]),
        }
    }
}

/// Names that are remembered in each object of any JSON, to find repeated ones.
const NAMES_MAX: usize = 1_000;
/// How deep any JSON may nest before the scan stops; what nests deeper than [`DEPTH_MAX`] is a violation at its place.
const SCAN_DEPTH_MAX: usize = 4 * DEPTH_MAX;
/// A value behind this name is no string to `serde_json` but JSON that it reads in its turn, without a limit of depth: it
/// would pass every check that was made of a string.
const RESERVED: &str = "$serde_json::private::RawValue";

impl<'a> Engine<'a> {
    /// Checks a string by a rule of this vocabulary; none for every other rule.
    pub(super) fn check_domain_text(
        &mut self,
        rule: &'static Rule,
        start: usize,
        text: Text<'a>,
        path: &Path<'_>,
    ) -> Option<()> {
        let context = *self.context;
        let span = start..self.scanner.at();
        let findings = &mut self.findings;
        let mut report = |broken| findings.add(start, path, broken, Some(span.clone()));
        match rule {
            Rule::Prose { max, lines } => {
                let characters = text.resolve();
                if characters.trim().is_empty() {
                    report(Broken::Domain(DomainBroken::Blank));
                } else {
                    values::check_characters(&characters, 1, *max, *lines, &mut report);
                }
            }
            Rule::Choice(choice) => {
                if !choice.names.contains(&&*text.resolve()) {
                    report(Broken::Domain(DomainBroken::NotOneOf(choice)));
                }
            }
            Rule::Parsed(parsed) => {
                if let Err(wrong) = (parsed.check)(&text.resolve(), &context) {
                    report(Broken::Domain(DomainBroken::Wrong(wrong)));
                }
            }
            Rule::Any(any) => {
                if span.len() > any.bytes_max {
                    findings.add(
                        start,
                        path,
                        Broken::Domain(DomainBroken::TooManyBytes { max: any.bytes_max, has: span.len() }),
                        None,
                    );
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// Moves over any JSON. Its texts are not searched: what becomes of them is judged elsewhere.
    pub(super) fn any(&mut self, any: &'static Any, path: &Path<'_>) -> Scan<()> {
        let start = self.scanner.at();
        let outer = self.scanner.limit_depth(SCAN_DEPTH_MAX);
        let deepest = self.walk(path, 0)?;
        self.scanner.limit_depth(outer);
        let has = self.scanner.at() - start;
        if has > any.bytes_max {
            let max = any.bytes_max;
            self.report_bare(start, path, Broken::Domain(DomainBroken::TooManyBytes { max, has }));
        } else if deepest > DEPTH_MAX {
            self.report_bare(start, path, Broken::Domain(DomainBroken::TooDeep));
        }
        Ok(())
    }

    /// Moves over a value that lies `depth` levels deep: how deep the deepest of it lies.
    fn walk(&mut self, path: &Path<'_>, depth: usize) -> Scan<usize> {
        let kind = self.scanner.kind()?;
        if !matches!(kind, Kind::Object | Kind::Array) {
            let outer = core::mem::replace(&mut self.searches_texts, false);
            self.skip(path)?;
            self.searches_texts = outer;
            return Ok(depth);
        }
        let close = if kind == Kind::Object { b'}' } else { b']' };
        let (mut deepest, mut index, mut marks) = (depth + 1, 0, Marks::default());
        let floor = self.names.count();
        self.scanner.enter()?;
        while self.scanner.next(close, index == 0)? {
            if kind == Kind::Object {
                let at = self.scanner.at();
                let name = self.scanner.name()?;
                let characters = name.resolve();
                let here = Path::Member(path, &characters);
                if characters == RESERVED {
                    self.report_bare(at, &here, Broken::Domain(DomainBroken::ReservedName));
                }
                if self.names.is_repeated(floor, &mut marks, name, NAMES_MAX) {
                    self.report_bare(at, &here, Broken::Duplicate);
                }
                deepest = deepest.max(self.walk(&here, depth + 1)?);
            } else {
                deepest = deepest.max(self.walk(&Path::Entry(path, index), depth + 1)?);
            }
            index += 1;
        }
        self.names.forget(floor);
        Ok(deepest)
    }

    /// Runs the check of the object in this part of the body.
    #[cold]
    pub(super) fn check_domain_object(&mut self, check: ObjectCheck, part: Range<usize>, path: &Path<'_>) {
        let is_readable = |found: &[Finding]| !found.iter().any(|finding| finding.broken.is_unreadable());
        if !self.findings.violations_in(&part).is_some_and(is_readable) {
            return;
        }
        let (start, end) = (part.start, part.end);
        let bytes = self.scanner.cursor.bytes.get(part).unwrap_or_default();
        let text = core::str::from_utf8(bytes).unwrap_or_default();
        let issues = check(text);
        if issues.is_empty() {
            return;
        }
        // Where each member's value stands.
        let members: std::collections::BTreeMap<String, &serde_json::value::RawValue> =
            serde_json::from_str(text).unwrap_or_default();
        for issue in issues {
            let broken = Broken::Domain(DomainBroken::Issue(issue));
            let is_whole = issue.member.is_empty();
            let value = members.get(issue.member).filter(|_| !is_whole).map(|value| value.get());
            let at = value.map_or(if is_whole { start } else { end - 1 }, |value| {
                start + value.as_ptr().addr().saturating_sub(text.as_ptr().addr())
            });
            let is_known = self.findings.violations_in(&(at..at + 1)).is_some_and(|found| !found.is_empty());
            if is_known && value.is_some() {
                continue;
            }
            if is_whole {
                self.report_bare(at, path, broken);
            } else {
                self.report_bare(at, &Path::Member(path, issue.member), broken);
            }
        }
    }
}
