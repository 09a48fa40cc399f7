//! A strict scanner of RFC 8259 over bytes: it moves a cursor and allocates nothing.
//!
//! It knows no rules. The engine asks for the next token and decides; unknown members are skipped by the same scanner,
//! so the accepted syntax does not depend on the rules. It is stricter than the RFC requires in two permitted ways:
//! escapes of lone surrogates are rejected (they are not characters), and nesting is limited.
//!
//! UTF-8 is checked only in strings beyond ASCII, because outside of strings every such byte is a fault. After a fault
//! the whole body is checked, so that a body that is not UTF-8 is always rejected as such.

use core::ops::Range;

use super::cursor::Cursor;
use super::text::{Form, Text, hex_digit};
use crate::Code;
use crate::limits::DEPTH_MAX;
use crate::number;

/// Why the body is not acceptable JSON; nothing after it is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) code: Code,
    /// Position in the body.
    pub(super) at: usize,
    /// What was expected there.
    pub(super) wants: &'static str,
}

/// The scan cannot continue; [`Scanner::reason`] says why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop;

pub(super) type Scan<T> = Result<T, Stop>;

/// The type of a JSON value, known from its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    String,
    Number,
    Boolean,
    Null,
}

impl Kind {
    /// The type as in messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Null => "null",
        }
    }
}

/// A cursor over the body, and its nesting depth.
pub(super) struct Scanner<'a> {
    pub(super) cursor: Cursor<'a>,
    depth: usize,
    /// Maximum nesting depth.
    #[cfg(feature = "domain")]
    depth_max: usize,
    fault: Option<Fault>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            cursor: Cursor::new(bytes),
            depth: 0,
            #[cfg(feature = "domain")]
            depth_max: DEPTH_MAX,
            fault: None,
        }
    }

    /// Sets the maximum depth and returns the previous one.
    #[cfg(feature = "domain")]
    pub(super) fn limit_depth(&mut self, depth_max: usize) -> usize {
        core::mem::replace(&mut self.depth_max, depth_max)
    }

    #[inline(always)]
    fn depth_max(&self) -> usize {
        #[cfg(feature = "domain")]
        return self.depth_max;
        #[cfg(not(feature = "domain"))]
        DEPTH_MAX
    }

    #[inline(always)]
    pub(super) fn at(&self) -> usize {
        self.cursor.at
    }

    fn slice(&self, span: Range<usize>) -> &'a str {
        self.cursor.bytes.get(span).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    #[inline(always)]
    pub(super) fn byte(&self) -> Option<u8> {
        self.cursor.byte()
    }

    #[cold]
    #[inline(never)]
    pub(super) fn fault<T>(&mut self, wants: &'static str) -> Scan<T> {
        self.fault = Some(Fault { code: Code::NotJson, at: self.at(), wants });
        Err(Stop)
    }

    pub(super) fn reason(&self) -> Fault {
        self.fault.unwrap_or(Fault { code: Code::NotJson, at: self.at(), wants: "a value" })
    }

    #[inline(always)]
    pub(super) fn space(&mut self) {
        self.cursor.space();
    }

    /// Only white space may follow the value of the body.
    pub(super) fn end(&mut self) -> Scan<()> {
        self.space();
        if self.byte().is_none() { Ok(()) } else { self.fault("the end of the body") }
    }

    pub(super) fn kind(&mut self) -> Scan<Kind> {
        match self.byte() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Boolean),
            Some(b'n') => Ok(Kind::Null),
            _ => self.fault("a value"),
        }
    }

    /// Steps into the next array or object.
    #[inline(always)]
    pub(super) fn enter(&mut self) -> Scan<()> {
        if self.depth == self.depth_max() {
            self.fault = Some(Fault { code: Code::TooDeep, at: self.at(), wants: "no further level" });
            return Err(Stop);
        }
        self.depth += 1;
        self.cursor.at += 1;
        Ok(())
    }

    /// Records the end of an array or object before the cursor.
    #[inline(always)]
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Steps to the next entry, or out of the array or object: false.
    #[cfg_attr(feature = "compact", inline(never))]
    #[cfg_attr(not(feature = "compact"), inline(always))]
    pub(super) fn next(&mut self, close: u8, first: bool) -> Scan<bool> {
        self.space();
        match self.byte() {
            Some(b',') if !first => {
                self.cursor.at += 1;
                self.space();
            }
            Some(byte) if byte == close => {
                self.cursor.at += 1;
                self.leave();
                return Ok(false);
            }
            _ if first => {}
            _ => return self.no_separator(close),
        }
        Ok(true)
    }

    /// Neither a comma nor the end follows an entry.
    #[cold]
    pub(super) fn no_separator<T>(&mut self, close: u8) -> Scan<T> {
        self.fault(if close == b'}' { "`,` or `}`" } else { "`,` or `]`" })
    }

    /// Reads the name of a member and moves to its value.
    pub(super) fn name(&mut self) -> Scan<Text<'a>> {
        if self.byte() != Some(b'"') {
            return self.fault("a member name");
        }
        let name = self.string()?;
        self.space();
        if self.byte() != Some(b':') {
            return self.fault("`:`");
        }
        self.cursor.at += 1;
        self.space();
        Ok(name)
    }

    #[inline(never)]
    pub(super) fn string(&mut self) -> Scan<Text<'a>> {
        let start = self.at();
        match self.cursor.plain_string() {
            Some(length) => Ok(self.cursor.plain(start, length)),
            None => self.rough_string(start + 1),
        }
    }

    /// Reads any string; its first character is at `start`.
    fn rough_string(&mut self, start: usize) -> Scan<Text<'a>> {
        self.cursor.at = start;
        let mut form = Form::Plain;
        let mut ascii = true;
        loop {
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.escape()?;
                    form = Form::Escaped;
                }
                Some(0..0x20) => return self.fault("an escape instead of a raw control character"),
                Some(byte) => {
                    self.cursor.at += 1;
                    if byte >= 0x7f {
                        ascii &= byte == 0x7f;
                        form = if form == Form::Plain { Form::Unescaped } else { form };
                    }
                }
                None => return self.fault("the end of the string"),
            }
        }
        let raw = self.cursor.bytes.get(start..self.at()).unwrap_or_default();
        if !ascii && core::str::from_utf8(raw).is_err() {
            return self.fault("UTF-8");
        }
        self.cursor.at += 1;
        Ok(Text::new(raw, form))
    }

    fn escape(&mut self) -> Scan<()> {
        self.cursor.at += 1;
        match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.cursor.at += 1,
            Some(b'u') => match self.unit()? {
                0xd800..0xdc00 => {
                    if !self.cursor.rest().starts_with(b"\\u") {
                        return self.fault("the second half of a surrogate pair");
                    }
                    self.cursor.at += 1;
                    if !(0xdc00..0xe000).contains(&self.unit()?) {
                        return self.fault("the second half of a surrogate pair before here");
                    }
                }
                0xdc00..0xe000 => return self.fault("the first half of a surrogate pair before here"),
                _ => {}
            },
            _ => return self.fault("one of the escapes of JSON"),
        }
        Ok(())
    }

    /// Reads `u` and four hex digits: one UTF-16 unit.
    fn unit(&mut self) -> Scan<u32> {
        self.cursor.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = self.byte().and_then(hex_digit) else {
                return self.fault("a hex digit");
            };
            unit = unit * 16 + digit;
            self.cursor.at += 1;
        }
        Ok(unit)
    }

    /// Reads a number and returns its text.
    pub(super) fn number(&mut self) -> Scan<&'a str> {
        let start = self.cursor.at;
        let token = number::measure(self.cursor.rest());
        self.cursor.at += token.length;
        if token.complete { Ok(self.slice(start..self.cursor.at)) } else { self.fault("a digit") }
    }

    fn literal(&mut self, word: &'static [u8]) -> Scan<()> {
        if self.cursor.word(word) { Ok(()) } else { self.fault("a value") }
    }

    pub(super) fn null(&mut self) -> Scan<()> {
        self.literal(b"null")
    }

    pub(super) fn boolean(&mut self) -> Scan<bool> {
        let value = self.byte() == Some(b't');
        if value {
            self.literal(b"true")?
        } else {
            self.literal(b"false")?
        }
        Ok(value)
    }
}
