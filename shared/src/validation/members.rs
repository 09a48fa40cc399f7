//! The part of the engine that reads objects: known members by the tables, and maps of free names.
//!
//! Clients write the members of each kind of object in one order, whatever it is. The engine remembers which member came
//! after which, expects the same the next time, and then compares a name once, with its quotes and colon, instead of
//! looking for it. A wrong expectation costs one comparison.

use alloc::vec::Vec;

use super::broken::Broken;
use super::engine::Engine;
use super::findings::Path;
use super::scan::Scan;
use super::suggest;
use super::table::{Field, Map, Object, Rule, Slot};
use super::text::{Marks, Text};
use super::values;
use crate::limits::UNKNOWN_NAMES_MAX;

/// What is remembered of names.
#[derive(Default)]
pub(super) struct Names<'a> {
    /// For each kind of object ([`Object::hint`]) and each member in it, how far behind its place in the table the next
    /// member stood less one: 0 at first, because most clients follow the documentation.
    steps: [[u8; 32]; 32],
    /// Free and unknown names of the objects that are being read, the innermost last.
    seen: Vec<Text<'a>>,
}

impl<'a> Names<'a> {
    /// How far the next member is expected from a member (0 for the start of the object, then its place plus one).
    #[inline(always)]
    fn step(&self, hint: usize, from: usize) -> usize {
        self.steps.get(hint % 32).and_then(|steps| steps.get(from % 32)).copied().unwrap_or_default().into()
    }

    fn learn(&mut self, hint: usize, from: usize, step: u8) {
        if let Some(known) = self.steps.get_mut(hint % 32).and_then(|steps| steps.get_mut(from % 32)) {
            *known = step;
        }
    }

    /// Whether a name stands among those seen since `floor`; up to `max` of them are remembered.
    fn is_repeated(&mut self, floor: usize, marks: &mut Marks, name: Text<'a>, max: usize) -> bool {
        let seen = self.seen.get(floor..).unwrap_or_default();
        if marks.add(name.mark()) && seen.iter().any(|before| before.is_same(name)) {
            return true;
        }
        if seen.len() < max {
            self.seen.push(name);
        }
        false
    }
}

/// An object that is being read.
struct Open {
    object: &'static Object,
    /// One bit per member that was seen.
    known: u32,
    /// Where the next member is looked for: the place of the last one plus one.
    from: usize,
    /// Where its unknown names begin.
    floor: usize,
    marks: Marks,
}

impl<'a> Engine<'a> {
    /// Reads an object of which the tables know the members.
    pub(super) fn object(&mut self, object: &'static Object, path: &Path<'_>) -> Scan<()> {
        let floor = self.names.seen.len();
        let mut open = Open { object, known: 0, from: 0, floor, marks: Marks::default() };
        self.scanner.enter()?;
        let mut first = true;
        while self.scanner.next(b'}', first)? {
            first = false;
            let field = match self.expected(&mut open) {
                Some(field) => Some(field),
                None => self.look_up(&mut open, path)?,
            };
            if let Some(field) = field {
                self.field(field, path)?;
            }
        }
        let end = self.scanner.at() - 1;
        self.names.seen.truncate(floor);
        if object.required & !open.known != 0 {
            self.report_missing(&open, end, path);
        }
        if object.check != super::table::Check::None {
            self.check(object.check, end, path);
        }
        Ok(())
    }

    /// Moves to the value of the member that is expected next, if it is that one and stands for the first time.
    #[inline(always)]
    fn expected(&mut self, open: &mut Open) -> Option<&'static Field> {
        let step = self.names.step(open.object.hint, open.from);
        let place = (open.from + step) % 32;
        let field = open.object.fields.get(place)?;
        let bit = 1_u32 << place;
        if open.known & bit != 0 || !self.scanner.key(&field.key) {
            return None;
        }
        open.known |= bit;
        open.from = place + 1;
        self.scanner.space();
        Some(field)
    }

    /// Moves to the value of a member that was not expected, or over it, if no rule is for it.
    #[inline(never)]
    fn look_up(&mut self, open: &mut Open, path: &Path<'_>) -> Scan<Option<&'static Field>> {
        let at = self.scanner.at();
        let name = self.scanner.name()?;
        let characters = name.resolve();
        let Some((place, field)) = open.object.find(&characters) else {
            self.unknown(open, at, name, &Path::Member(path, &characters))?;
            return Ok(None);
        };
        self.names.learn(open.object.hint, open.from, (32 + place - open.from) as u8 % 32);
        open.from = place + 1;
        let bit = 1_u32 << place;
        if open.known & bit != 0 {
            self.scanner.skip()?;
            self.report_bare(at, &Path::Member(path, &characters), Broken::Duplicate);
            return Ok(None);
        }
        open.known |= bit;
        Ok(Some(field))
    }

    /// Reads a member that no rule knows.
    fn unknown(&mut self, open: &mut Open, at: usize, name: Text<'a>, here: &Path<'_>) -> Scan<()> {
        self.scanner.skip()?;
        if self.names.is_repeated(open.floor, &mut open.marks, name, UNKNOWN_NAMES_MAX) {
            self.report_bare(at, here, Broken::Duplicate);
        } else if self.dialect.warns_of_unknown_members {
            let nearest = suggest::nearest(&name.resolve(), open.object);
            self.report_bare(at, here, Broken::UnknownMember { nearest });
        }
        Ok(())
    }

    #[cold]
    fn report_missing(&mut self, open: &Open, end: usize, path: &Path<'_>) {
        for (place, field) in open.object.fields.iter().enumerate() {
            if field.required && open.known & (1 << place) == 0 {
                self.report_bare(end, &Path::Member(path, field.name), Broken::Required);
            }
        }
    }

    /// Reads the value of a known member; null, and an empty string where the dialect says so, are as if absent.
    #[inline(always)]
    fn field(&mut self, field: &'static Field, path: &Path<'_>) -> Scan<()> {
        let byte = self.scanner.byte();
        match (&field.rule, byte) {
            (_, Some(b'n')) => {
                let start = self.scanner.at();
                self.scanner.null()?;
                if field.required {
                    self.report(start, &Path::Member(path, field.name), Broken::Required);
                }
                return Ok(());
            }
            (rule, Some(b'"')) => {
                let start = self.scanner.at();
                if let Some(text) = self.accept_text(rule, field.slot)? {
                    if text.is_empty() && self.dialect.empty_is_absent && !field.required {
                        return Ok(());
                    }
                    self.judge_text(rule, field.slot, start, text, &Path::Member(path, field.name))?;
                }
            }
            (rule, Some(b'-' | b'0'..=b'9')) if self.accept_number(rule, field.slot) => {}
            (Rule::Boolean, Some(b't' | b'f')) => self.boolean(field.slot)?,
            (rule, _) => self.value(rule, field.slot, &Path::Member(path, field.name))?,
        }
        self.facts.has_client_order_number |= field.slot == Slot::ClientOrderNumber;
        Ok(())
    }

    /// Reads an object with free names.
    pub(super) fn map(&mut self, map: &'static Map, path: &Path<'_>) -> Scan<()> {
        let start = self.scanner.at();
        let floor = self.names.seen.len();
        self.scanner.enter()?;
        let mut marks = Marks::default();
        let mut has = 0;
        while self.scanner.next(b'}', has == 0)? {
            let at = self.scanner.at();
            let name = self.scanner.name()?;
            has += 1;
            if has > map.entries_max {
                self.scanner.skip()?;
            } else if self.names.is_repeated(floor, &mut marks, name, map.entries_max) {
                self.scanner.skip()?;
                self.report_bare(at, &Path::Member(path, &name.resolve()), Broken::Duplicate);
            } else {
                self.entry(map, path, at, name)?;
            }
        }
        self.names.seen.truncate(floor);
        if has > map.entries_max {
            let broken = Broken::TooMany { max: map.entries_max, has, code: crate::Code::TooMany };
            self.report_bare(start, path, broken);
        }
        Ok(())
    }

    /// Reads the value of an entry of a map whose name stands at `at`.
    #[inline(always)]
    fn entry(&mut self, map: &'static Map, path: &Path<'_>, at: usize, name: Text<'a>) -> Scan<()> {
        let name_fits = name.plain().is_some_and(|plain| values::accepts_text(&map.name, plain));
        if name_fits && self.scanner.byte() == Some(b'"') {
            let start = self.scanner.at();
            return match self.accept_text(&map.value, Slot::None)? {
                Some(text) => {
                    self.judge_text(&map.value, Slot::None, start, text, &Path::Member(path, &name.resolve()))
                }
                None => Ok(()),
            };
        }
        self.judge_entry(map, path, at, name)
    }

    /// Reads the value of an entry that needs a closer look.
    #[inline(never)]
    fn judge_entry(&mut self, map: &'static Map, path: &Path<'_>, at: usize, name: Text<'a>) -> Scan<()> {
        let characters = name.resolve();
        let here = Path::Member(path, &characters);
        let findings = &mut self.findings;
        if let Rule::Text { min, max } = map.name {
            values::check_characters(&characters, min, max, false, &mut |broken| findings.add(at, &here, broken, None));
        }
        if self.scanner.byte() == Some(b'n') {
            return self.scanner.null();
        }
        self.value(&map.value, Slot::None, &here)
    }
}
