//! Collects findings in document order, up to a limit. Texts are made only on request.

use alloc::vec::Vec;
use core::ops::Range;

use super::broken::Broken;
use super::field::Key;
use super::sentence::{Sentence, append};
use super::text::{Form, Text};
use crate::limits::{POINTER_NAME_BYTES_MAX, VIOLATIONS_MAX};

/// The engine's position in the body: a linked list on the stack, written out only for findings.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    Root,
    /// A member with a rule.
    Known(&'p Self, &'static Key),
    /// Any other member.
    Member(&'p Self, &'p str),
    Entry(&'p Self, usize),
}

impl Path<'_> {
    /// Appends the JSON pointer (RFC 6901); false if it was cut before a name that is too long or contains a card
    /// number.
    fn write(&self, pointer: &mut Vec<u8>) -> bool {
        match self {
            Self::Root => true,
            Self::Entry(parent, index) => {
                let whole = parent.write(pointer);
                if whole {
                    pointer.push(b'/');
                    pointer.number(*index as u64);
                }
                whole
            }
            Self::Known(parent, key) => {
                let whole = parent.write(pointer);
                if whole {
                    key.write_step(pointer);
                }
                whole
            }
            Self::Member(parent, name) => {
                let whole = parent.write(pointer) && name.len() <= POINTER_NAME_BYTES_MAX && !is_card_in_name(name);
                if whole {
                    pointer.push(b'/');
                    write_name(pointer, name);
                }
                whole
            }
        }
    }
}

fn is_card_in_name(name: &str) -> bool {
    Text::new(name.as_bytes(), Form::Unescaped).holds_card_number()
}

fn write_name(pointer: &mut Vec<u8>, name: &str) {
    if !name.bytes().any(|byte| matches!(byte, b'~' | b'/')) {
        append(pointer, name.as_bytes());
        return;
    }
    for byte in name.bytes() {
        match byte {
            b'~' => append(pointer, b"~0"),
            b'/' => append(pointer, b"~1"),
            _ => pointer.push(byte),
        }
    }
}

/// A span of bytes in half the size of a [`Range`]: a body has at most 4 MiB.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) const EMPTY: Self = Self { start: 0, end: 0 };

    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start as u32, end: range.end as u32 }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// The byte that it is sorted by.
    pub(super) at: u32,
    pub(super) broken: Broken,
    /// Its part of the text of all pointers.
    pub(super) pointer: Span,
    /// The attempted value in the body, if it may be shown; else empty.
    pub(super) value: Span,
}

#[derive(Clone, Debug)]
pub(super) struct OrderFindings {
    /// The position of the order in the body.
    pub(super) order: Span,
    /// Its violations, followed by its warnings, among the findings of all orders.
    pub(super) violations: Span,
    pub(super) warnings: Span,
    /// How many of each are not listed.
    pub(super) omitted_violations: u32,
    pub(super) omitted_warnings: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    /// The JSON pointers of all findings, concatenated.
    pub(super) pointers: Vec<u8>,
    /// Violations of the body as a whole.
    pub(super) whole: Vec<Finding>,
    /// Findings of the orders, in document order.
    pub(super) of_orders: Vec<Finding>,
    pub(super) orders: Vec<OrderFindings>,
    pub(super) omitted: usize,
    violations: List,
    warnings: List,
    in_order: bool,
}

/// Initial capacity for findings and their pointers, because small lists would be moved often. The compact build does
/// without.
const FINDINGS_ROOM: usize = 512;
const POINTERS_ROOM: usize = FINDINGS_ROOM * 32;

/// Findings of one kind in the current order.
#[derive(Clone, Debug, Default)]
struct List {
    found: Vec<Finding>,
    /// How many were kept in the whole body.
    kept: usize,
    /// How many others the current order has.
    omitted: u32,
}

impl List {
    /// Takes a place, if there is one. The first finding of every order always has one, so that an order without
    /// violations is valid; so has the first on the body as a whole.
    fn has_room(&mut self, is_first: bool) -> bool {
        let has_room = self.kept < VIOLATIONS_MAX || is_first;
        self.kept += usize::from(has_room);
        has_room
    }
}

/// Inserts in document order. Nearly all findings arrive in order; those between members come a little late.
fn insert(list: &mut Vec<Finding>, finding: Finding) {
    list.push(finding);
    let mut rest = list.as_mut_slice();
    while let [.., before, last] = rest {
        if before.at <= last.at {
            return;
        }
        core::mem::swap(before, last);
        rest = match core::mem::take(&mut rest) {
            [shorter @ .., _] => shorter,
            [] => return,
        };
    }
}

impl Findings {
    /// Reports that the value at `path`, which starts at byte `at`, breaks a rule.
    #[cold]
    #[inline(never)]
    pub(super) fn add(&mut self, at: usize, path: &Path<'_>, broken: Broken, value: Option<Range<usize>>) {
        let is_warning = broken.is_warning();
        if is_warning && !self.in_order {
            return;
        }
        let list = if is_warning { &mut self.warnings } else { &mut self.violations };
        let found = if self.in_order { &mut list.found } else { &mut self.whole };
        let is_first = found.is_empty();
        if !list.has_room(is_first) {
            list.omitted += 1;
            self.omitted += 1;
            return;
        }
        let start = self.pointers.len();
        if start == 0 && !cfg!(feature = "compact") {
            self.pointers.reserve(POINTERS_ROOM);
        }
        path.write(&mut self.pointers);
        let pointer = Span::from(start..self.pointers.len());
        let found = if self.in_order { &mut list.found } else { &mut self.whole };
        insert(found, Finding { at: at as u32, broken, pointer, value: value.map_or(Span::EMPTY, Span::from) });
    }

    /// Whether one more warning on the current order would be listed.
    pub(super) fn lists_warnings(&self) -> bool {
        self.warnings.kept < VIOLATIONS_MAX || self.warnings.found.is_empty()
    }

    /// Whether the current order has no violation so far.
    pub(super) fn is_clean(&self) -> bool {
        self.violations.found.is_empty()
    }

    /// The violations of the current order in a part of the body; `None` if it has more than are listed.
    #[cfg(feature = "domain")]
    pub(super) fn violations_in(&self, part: &Range<usize>) -> Option<&[Finding]> {
        let found = &self.violations.found;
        let before = |end: usize| found.partition_point(|finding| (finding.at as usize) < end);
        (self.violations.omitted == 0).then(|| found.get(before(part.start)..before(part.end)).unwrap_or_default())
    }

    /// Starts an order: the following findings belong to it.
    pub(super) fn begin_order(&mut self) {
        self.in_order = true;
        self.violations.omitted = 0;
        self.warnings.omitted = 0;
    }

    /// Ends an order: the following findings belong to the body.
    pub(super) fn end_order(&mut self, order: Range<usize>) {
        self.in_order = false;
        let start = self.of_orders.len();
        if start == 0 && !self.is_clean() && !cfg!(feature = "compact") {
            self.of_orders.reserve(FINDINGS_ROOM);
        }
        self.of_orders.append(&mut self.violations.found);
        let middle = self.of_orders.len();
        self.of_orders.append(&mut self.warnings.found);
        let end = self.of_orders.len();
        self.orders.push(OrderFindings {
            order: order.into(),
            violations: Span::from(start..middle),
            warnings: Span::from(middle..end),
            omitted_violations: self.violations.omitted,
            omitted_warnings: self.warnings.omitted,
        });
    }

    /// Ends the body: if it is rejected as a whole, the findings of its orders are only counted.
    pub(super) fn finish(&mut self) {
        if !self.whole.is_empty() {
            self.omitted += self.of_orders.len();
            self.of_orders.clear();
            self.orders.clear();
        }
    }

    /// The findings of a body that was rejected unread.
    pub(super) fn refused(broken: Broken) -> Self {
        let whole = Finding { at: 0, broken, pointer: Span::EMPTY, value: Span::EMPTY };
        Self { whole: alloc::vec![whole], ..Self::default() }
    }
}
