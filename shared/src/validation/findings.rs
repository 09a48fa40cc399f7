//! Collects what is broken: in document order, bounded, with texts made only for what is kept.

use std::ops::Range;

use super::broken::Broken;
use super::{OrderVerdict, Violation};
use crate::limits::{ATTEMPTED_VALUE_BYTES_MAX, POINTER_NAME_BYTES_MAX, VIOLATIONS_MAX};

/// Where the engine is in the body: a list through the stack, written out only when something is broken.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    Root,
    Member(&'p Self, &'p str),
    Entry(&'p Self, usize),
}

impl Path<'_> {
    /// The JSON pointer (RFC 6901).
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        self.write(&mut pointer);
        pointer
    }

    /// Appends this step; false when a name before it was too long to be shown.
    fn write(&self, pointer: &mut String) -> bool {
        match self {
            Self::Root => true,
            Self::Entry(parent, index) => {
                let whole = parent.write(pointer);
                if whole {
                    pointer.push('/');
                    pointer.push_str(&index.to_string());
                }
                whole
            }
            Self::Member(parent, name) => {
                let whole = parent.write(pointer) && name.len() <= POINTER_NAME_BYTES_MAX;
                if whole {
                    pointer.push('/');
                    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                }
                whole
            }
        }
    }
}

/// One finding and the byte that it is sorted by.
struct Found {
    at: usize,
    violation: Violation,
}

/// What was found since the order, or the body, began.
#[derive(Default)]
pub(super) struct Findings {
    violations: List,
    warnings: List,
    in_order: bool,
    omitted: usize,
}

/// Findings of one kind.
#[derive(Default)]
struct List {
    found: Vec<Found>,
    /// How many were kept in the whole body.
    kept: usize,
}

impl List {
    /// Whether one more is kept. The first of every order is, so that an order without violations is valid.
    fn has_room(&self) -> bool {
        self.kept < VIOLATIONS_MAX || self.found.is_empty()
    }

    fn take(&mut self) -> Vec<Violation> {
        let mut found = std::mem::take(&mut self.found);
        found.sort_by_key(|found| found.at);
        found.into_iter().map(|found| found.violation).collect()
    }
}

/// Findings about the envelope, put aside while an order is read.
pub(super) struct Aside(Vec<Found>);

impl Findings {
    /// Notes that the value at `path`, which begins at byte `at`, breaks a rule.
    pub(super) fn add(&mut self, at: usize, path: &Path<'_>, broken: &Broken<'_>, value: Option<&str>) {
        let list = if broken.is_warning() { &mut self.warnings } else { &mut self.violations };
        if broken.is_warning() && !self.in_order {
            return;
        }
        if !list.has_room() {
            self.omitted += 1;
            return;
        }
        list.kept += 1;
        list.found.push(Found { at, violation: violation(path, broken, value) });
    }

    /// Whether the order that is being read has no violation so far.
    pub(super) fn is_clean(&self) -> bool {
        self.violations.found.is_empty()
    }

    pub(super) fn begin_order(&mut self) -> Aside {
        self.in_order = true;
        Aside(std::mem::take(&mut self.violations.found))
    }

    pub(super) fn end_order(&mut self, aside: Aside, span: Range<usize>) -> OrderVerdict {
        let verdict = OrderVerdict { span, violations: self.violations.take(), warnings: self.warnings.take() };
        self.in_order = false;
        self.violations.found = aside.0;
        verdict
    }

    /// The violations of the body as a whole, and how many findings were not kept.
    pub(super) fn finish(mut self) -> (Vec<Violation>, usize) {
        (self.violations.take(), self.omitted)
    }
}

/// Writes a finding out.
pub(super) fn violation(path: &Path<'_>, broken: &Broken<'_>, value: Option<&str>) -> Violation {
    let value = value.map(cut);
    Violation {
        code: broken.code(),
        pointer: path.pointer(),
        message: broken.message(value),
        limit: broken.limit(),
        value: value.map(str::to_owned),
    }
}

/// As much of an attempted value as is shown back.
fn cut(value: &str) -> &str {
    value.get(..value.floor_char_boundary(ATTEMPTED_VALUE_BYTES_MAX)).unwrap_or(value)
}
