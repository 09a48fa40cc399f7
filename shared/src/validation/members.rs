//! The part of the engine that reads objects: known members by the tables, and maps with free names.
//!
//! Clients usually write the members of each kind of object in the same order. The engine remembers which member
//! followed which, expects the same the next time, and compares the name once, with quotes and colon, instead of
//! searching. A wrong guess costs one comparison.

use alloc::vec::Vec;

use super::broken::Broken;
use super::cursor::Cursor;
use super::engine::Engine;
use super::facts::Value;
use super::field::{Field, Plain};
use super::findings::Path;
use super::scan::Scan;
use super::suggest;
use super::table::{Check, Map, Object, Rule, Slot};
use super::text::{Marks, Text};
use super::values;
use crate::limits::UNKNOWN_NAMES_MAX;
use crate::number::Digits;

/// What the engine remembers of names.
#[derive(Default)]
pub(super) struct Names<'a> {
    /// For each kind of object ([`Object::hint`]) and each of its members, the distance in the table to the member that
    /// followed, less one: 0 at first, because most clients follow the documentation.
    steps: [[u8; 32]; 32],
    /// Free and unknown names of the open objects, innermost last, each with its mark: names with different marks need
    /// not be compared.
    seen: Vec<(u32, Text<'a>)>,
}

impl<'a> Names<'a> {
    /// The distance to the expected next member from a member (0 for the start of the object, then its index plus one).
    #[inline(always)]
    fn step(&self, hint: usize, from: usize) -> usize {
        self.steps.get(hint % 32).and_then(|steps| steps.get(from % 32)).copied().unwrap_or_default().into()
    }

    #[cfg(feature = "domain")]
    pub(super) fn count(&self) -> usize {
        self.seen.len()
    }

    /// Forgets the names after the first `floor`.
    #[cfg(feature = "domain")]
    pub(super) fn forget(&mut self, floor: usize) {
        self.seen.truncate(floor);
    }

    fn learn(&mut self, hint: usize, from: usize, step: u8) {
        if let Some(known) = self.steps.get_mut(hint % 32).and_then(|steps| steps.get_mut(from % 32)) {
            *known = step;
        }
    }

    /// Whether a name is among those seen since `floor`, of which up to `max` are remembered.
    #[cfg_attr(not(feature = "compact"), inline(always))]
    pub(super) fn is_repeated(&mut self, floor: usize, marks: &mut Marks, name: Text<'a>, max: usize) -> bool {
        let seen = self.seen.get(floor..).unwrap_or_default();
        let mark = name.mark();
        if marks.add(mark) && seen.iter().any(|(other, before)| *other == mark && before.is_same(name)) {
            return true;
        }
        if seen.len() < max {
            self.seen.push((mark, name));
        }
        false
    }
}

/// The state of an object that is being read.
#[derive(Clone, Copy)]
struct Seen {
    /// One bit per known member.
    known: u32,
    /// Where to look for the next member: the index of the last one plus one.
    from: usize,
}

/// Reads an entry of a map, if name and value are valid and plainly written.
#[inline(always)]
fn plain_entry<'a>(map: &'static Map, cursor: &mut Cursor<'a>) -> Option<Text<'a>> {
    let name = plain_text(&map.name, cursor)?;
    cursor.space();
    if !cursor.word(b":") {
        return None;
    }
    cursor.space();
    plain_text(&map.value, cursor).map(|_| name)
}

#[cfg_attr(feature = "compact", inline(never))]
#[cfg_attr(not(feature = "compact"), inline(always))]
fn plain_text<'a>(rule: &'static Rule, cursor: &mut Cursor<'a>) -> Option<Text<'a>> {
    if cursor.byte() != Some(b'"') {
        return None;
    }
    let start = cursor.at;
    let length = cursor.plain_string()?;
    let bytes = cursor.behind(start + 1);
    Plain::new(rule).accepts(rule, bytes, length).then(|| cursor.plain(start, length))
}

/// A value that needs the slow path.
enum Odd {
    /// A plain string, which was read.
    Text,
    /// Anything else, which was not.
    Value,
}

impl<'a> Engine<'a> {
    /// Reads an object whose members the tables know.
    ///
    /// The loop works on unshared copies of the cursor and its state, which stay in registers, and hands the cursor
    /// over when others continue.
    pub(super) fn object(&mut self, object: &'static Object, path: &Path<'_>) -> Scan<()> {
        #[cfg(feature = "domain")]
        let start = self.scanner.at();
        let floor = self.names.seen.len();
        let mut seen = Seen { known: 0, from: 0 };
        let mut marks = Marks::default();
        self.scanner.enter()?;
        let mut cursor = self.scanner.cursor;
        cursor.space();
        let mut ended = cursor.byte() == Some(b'}');
        while !ended {
            let mut field = self.expected(object, &mut seen, &mut cursor);
            if field.is_none() {
                self.scanner.cursor = cursor;
                (seen, field) = self.look_up(object, seen, floor, &mut marks, path)?;
                cursor = self.scanner.cursor;
            }
            if let Some(field) = field {
                let start = cursor.at;
                if let Err(odd) = self.plain_value(field, &mut cursor) {
                    self.scanner.cursor = cursor;
                    self.odd_value(field, path, start, odd)?;
                    cursor = self.scanner.cursor;
                }
            }
            if cursor.next_name() {
                continue;
            }
            cursor.space();
            match cursor.byte() {
                Some(b',') => {
                    cursor.advance(1);
                    cursor.space();
                }
                Some(b'}') => ended = true,
                _ => {
                    self.scanner.cursor = cursor;
                    return self.scanner.no_separator(b'}');
                }
            }
        }
        let end = cursor.at;
        cursor.advance(1);
        self.scanner.cursor = cursor;
        self.scanner.leave();
        self.names.seen.truncate(floor);
        if object.required & !seen.known != 0 {
            self.report_missing(object, seen.known, end, path);
        }
        #[cfg(feature = "domain")]
        if let Check::Domain(check) = object.check {
            self.check_domain_object(check, start..end + 1, path);
        }
        if !matches!(object.check, Check::None) {
            self.check(object.check, end, path);
        }
        Ok(())
    }

    /// Moves to the value of the expected next member, if it is next and not a repetition.
    #[inline(always)]
    fn expected(&self, object: &'static Object, seen: &mut Seen, cursor: &mut Cursor<'a>) -> Option<&'static Field> {
        let place = (seen.from + self.names.step(object.hint, seen.from)) % 32;
        let field = object.fields.get(place)?;
        let bit = 1_u32 << place;
        if seen.known & bit != 0 || !cursor.key(&field.key) {
            return None;
        }
        seen.known |= bit;
        seen.from = place + 1;
        cursor.space();
        Some(field)
    }

    /// Moves to the value of another member, or over it if there is no rule for it.
    #[inline(never)]
    fn look_up(
        &mut self,
        object: &'static Object,
        mut seen: Seen,
        floor: usize,
        marks: &mut Marks,
        path: &Path<'_>,
    ) -> Scan<(Seen, Option<&'static Field>)> {
        let at = self.scanner.at();
        let name = self.scanner.name()?;
        let characters = name.resolve();
        let here = Path::Member(path, &characters);
        let Some((place, field)) = object.find(&characters) else {
            self.search_text(at, name, &here);
            self.skip(&here)?;
            if self.names.is_repeated(floor, marks, name, UNKNOWN_NAMES_MAX) {
                self.report_bare(at, &here, Broken::Duplicate);
            } else if self.rules.warns_of_unknown_members {
                #[cfg(feature = "domain")]
                if object.rejects_unknown_members {
                    let nearest = suggest::nearest(&characters, object);
                    let broken = Broken::Domain(super::extension::DomainBroken::ForbiddenMember { nearest });
                    self.report_bare(at, &here, broken);
                    return Ok((seen, None));
                }
                let nearest = if self.findings.lists_warnings() { suggest::nearest(&characters, object) } else { None };
                self.report_bare(at, &here, Broken::UnknownMember { nearest });
            }
            return Ok((seen, None));
        };
        self.names.learn(object.hint, seen.from, (32 + place - seen.from) as u8 % 32);
        seen.from = place + 1;
        let bit = 1_u32 << place;
        if seen.known & bit != 0 {
            self.skip(&here)?;
            self.report_bare(at, &here, Broken::Duplicate);
            return Ok((seen, None));
        }
        seen.known |= bit;
        Ok((seen, Some(field)))
    }

    #[cold]
    fn report_missing(&mut self, object: &'static Object, known: u32, end: usize, path: &Path<'_>) {
        for (place, field) in object.fields.iter().enumerate() {
            if field.required && known & (1 << place) == 0 {
                self.report_bare(end, &Path::Known(path, &field.key), Broken::Required);
            }
        }
    }

    /// Reads the value of a known member, if it is valid, plainly written, and neither object nor array.
    #[inline(always)]
    fn plain_value(&mut self, field: &'static Field, cursor: &mut Cursor<'a>) -> Result<(), Odd> {
        let start = cursor.at;
        // The first byte tells the type, which nearly always is the one that the rule expects.
        let value = match cursor.byte() {
            Some(b'"') => {
                let length = cursor.plain_string().ok_or(Odd::Value)?;
                if !field.plain.accepts(&field.rule, cursor.behind(start + 1), length) {
                    return Err(Odd::Text);
                }
                if field.slot == Slot::None {
                    return Ok(());
                }
                Value::Text(cursor.plain(start, length))
            }
            Some(b'n') if field.takes_null() && cursor.word(b"null") => return Ok(()),
            Some(b'-' | b'0'..=b'9') => {
                let digits = Digits::read(cursor.rest()).ok_or(Odd::Value)?;
                let value = values::accepts_number(&field.rule, digits).ok_or(Odd::Value)?;
                cursor.advance(digits.length);
                value
            }
            Some(b't') if matches!(field.rule, Rule::Boolean) && cursor.word(b"true") => Value::Boolean(true),
            Some(b'f') if matches!(field.rule, Rule::Boolean) && cursor.word(b"false") => Value::Boolean(false),
            _ => return Err(Odd::Value),
        };
        if field.slot == Slot::None {
            return Ok(());
        }
        self.facts.keep(field.slot, value, start..cursor.at);
        Ok(())
    }

    /// Reads the value of a known member that is an object, an array or not plainly valid. Null counts as absent, and
    /// so does an empty string if the rules say so.
    #[inline(never)]
    fn odd_value(&mut self, field: &'static Field, path: &Path<'_>, start: usize, odd: Odd) -> Scan<()> {
        let here = Path::Known(path, &field.key);
        // The form of a plain string is not checked again, except in the compact build.
        let was_checked = matches!(odd, Odd::Text) && !cfg!(feature = "compact");
        let text = match (odd, &field.rule, self.scanner.byte()) {
            (Odd::Text, _, _) => Some(self.scanner.cursor.plain_behind(start)),
            (Odd::Value, Rule::Object(object), Some(b'{')) => return self.object(object, &here),
            (Odd::Value, Rule::Array(array), Some(b'[')) => return self.array(array, &here),
            (Odd::Value, Rule::Map(map), Some(b'{')) => return self.map(map, &here),
            #[cfg(feature = "domain")]
            (Odd::Value, Rule::Any(any), first) if first != Some(b'n') => return self.any(any, &here),
            (Odd::Value, _, Some(b'"')) => Some(self.scanner.string()?),
            (Odd::Value, ..) => None,
        };
        match text {
            Some(text) if text.is_empty() && field.takes_empty(self.rules) => {}
            Some(text) if was_checked && let Rule::Format(format) = field.rule => {
                let shown = (!format.secret).then(|| start..self.scanner.at());
                let characters = text.plain().map_or(0, <[u8]>::len);
                self.findings.add(start, &here, values::plain_form(format, characters), shown);
            }
            Some(text) => {
                self.facts.has_client_order_number |= field.slot == Slot::ClientOrderNumber;
                self.judge_text(&field.rule, field.slot, start, text, &here)?;
            }
            None if self.scanner.byte() == Some(b'n') => {
                self.scanner.null()?;
                if !field.takes_null() {
                    self.report(start, &here, Broken::Required);
                }
            }
            None => {
                self.facts.has_client_order_number |= field.slot == Slot::ClientOrderNumber;
                self.value(&field.rule, field.slot, &here)?;
            }
        }
        Ok(())
    }

    pub(super) fn map(&mut self, map: &'static Map, path: &Path<'_>) -> Scan<()> {
        let start = self.scanner.at();
        let floor = self.names.seen.len();
        self.scanner.enter()?;
        let mut marks = Marks::default();
        let mut has = 0;
        while self.scanner.next(b'}', has == 0)? {
            // The compact build has only the slow path.
            if cfg!(feature = "compact") {
                has += 1;
            } else if self.plain_entries(map, floor, &mut marks, &mut has) {
                continue;
            }
            let at = self.scanner.at();
            let name = self.scanner.name()?;
            let characters = name.resolve();
            let here = Path::Member(path, &characters);
            self.search_text(at, name, &here);
            if has > map.entries_max {
                self.skip(&here)?;
            } else if self.names.is_repeated(floor, &mut marks, name, map.entries_max) {
                self.skip(&here)?;
                self.report_bare(at, &here, Broken::Duplicate);
            } else {
                self.judge_entry(map, &characters, at, &here)?;
            }
        }
        self.names.seen.truncate(floor);
        if has > map.entries_max {
            let broken = Broken::TooMany { max: map.entries_max, has, code: crate::Code::TooMany };
            self.report_bare(start, path, broken);
        }
        Ok(())
    }

    /// Reads entries that are new, valid, plainly written and without white space between them; false if it stops at
    /// another entry, which `has` already counts.
    #[inline(always)]
    fn plain_entries(&mut self, map: &'static Map, floor: usize, marks: &mut Marks, has: &mut usize) -> bool {
        // Like in `object`, a copy that stays in registers.
        let mut cursor = self.scanner.cursor;
        loop {
            self.scanner.cursor.at = cursor.at;
            *has += 1;
            if *has > map.entries_max {
                return false;
            }
            let Some(name) = plain_entry(map, &mut cursor) else { return false };
            if self.names.is_repeated(floor, marks, name, map.entries_max) {
                return false;
            }
            if !cursor.next_name() {
                self.scanner.cursor.at = cursor.at;
                return true;
            }
        }
    }

    /// Reads the value of an entry with the name at `at`, on the slow path.
    fn judge_entry(&mut self, map: &'static Map, name: &str, at: usize, here: &Path<'_>) -> Scan<()> {
        let findings = &mut self.findings;
        if let Rule::Text { min, max } = map.name {
            values::check_characters(name, min, max, false, &mut |broken| findings.add(at, here, broken, None));
        }
        if self.scanner.byte() == Some(b'n') {
            return self.scanner.null();
        }
        self.value(&map.value, Slot::None, here)
    }
}
