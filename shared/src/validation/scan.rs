//! A strict scanner of RFC 8259 over bytes: it moves a cursor and allocates only to resolve escapes.
//!
//! It knows nothing of rules. The engine asks for the next token and decides; members nobody asked for are skipped by
//! the same scanner, so what is accepted as JSON does not depend on what is known. Stricter than the letter of the RFC
//! in two places, both allowed by it: escapes of lone surrogates are refused (they are no characters), and nesting is
//! limited.

use std::ops::Range;

use super::text::Text;
use crate::Code;
use crate::limits::DEPTH_MAX;
use crate::number;

// `skip` keeps one bit per level.
const _: () = assert!(DEPTH_MAX < 64);

/// Why the body is not JSON that we read; nothing after it is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) code: Code,
    /// Byte of the body.
    pub(super) at: usize,
    /// What should have stood there.
    pub(super) wants: &'static str,
}

/// The answer of every step.
pub(super) type Scan<T> = Result<T, Fault>;

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
    /// The type, as messages name it.
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

/// A cursor over the body.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// The byte that is read next.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The text of a span that was scanned.
    pub(super) fn slice(&self, span: Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or_default()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn fault<T>(&self, wants: &'static str) -> Scan<T> {
        Err(Fault { code: Code::NotJson, at: self.at, wants })
    }

    /// Moves to the next byte that is not white space.
    pub(super) fn space(&mut self) {
        let skipped = self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
        self.at += skipped;
    }

    /// Nothing but white space may follow the value of the body.
    pub(super) fn end(&mut self) -> Scan<()> {
        self.space();
        if self.byte().is_none() { Ok(()) } else { self.fault("the end of the body") }
    }

    /// The type of the value under the cursor.
    pub(super) fn kind(&self) -> Scan<Kind> {
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

    /// Steps into the array or object under the cursor.
    pub(super) fn enter(&mut self) -> Scan<()> {
        if self.depth == DEPTH_MAX {
            return Err(Fault { code: Code::TooDeep, at: self.at, wants: "no further level" });
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Steps to the next entry, or out of the array or object: false.
    pub(super) fn next(&mut self, close: u8, first: bool) -> Scan<bool> {
        self.space();
        match self.byte() {
            Some(byte) if byte == close => {
                self.at += 1;
                self.depth -= 1;
                return Ok(false);
            }
            Some(b',') if !first => {
                self.at += 1;
                self.space();
            }
            _ if first => {}
            _ if close == b'}' => return self.fault("`,` or `}`"),
            _ => return self.fault("`,` or `]`"),
        }
        Ok(true)
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
        self.at += 1;
        self.space();
        Ok(name)
    }

    /// Reads the string under the cursor.
    pub(super) fn string(&mut self) -> Scan<Text<'a>> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += self.rest().iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)).count();
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(_) => return self.fault("an escape instead of a raw control character"),
                None => return self.fault("the end of the string"),
            }
            escaped = true;
        }
        let raw = self.slice(start..self.at);
        self.at += 1;
        Ok(Text::new(raw, escaped))
    }

    fn escape(&mut self) -> Scan<()> {
        self.at += 1;
        match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => match self.unit()? {
                0xd800..0xdc00 => {
                    if !self.rest().starts_with(b"\\u") {
                        return self.fault("the second half of a surrogate pair");
                    }
                    self.at += 1;
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

    /// Reads `u` and the four hex digits after it: one UTF-16 unit.
    fn unit(&mut self) -> Scan<u32> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = self.byte().and_then(|byte| char::from(byte).to_digit(16)) else {
                return self.fault("a hex digit");
            };
            unit = unit * 16 + digit;
            self.at += 1;
        }
        Ok(unit)
    }

    /// Moves over `""`, if that is under the cursor.
    pub(super) fn skip_empty_string(&mut self) -> bool {
        let empty = self.rest().starts_with(b"\"\"");
        self.at += if empty { 2 } else { 0 };
        empty
    }

    /// Reads the number under the cursor and gives its text.
    pub(super) fn number(&mut self) -> Scan<&'a str> {
        let start = self.at;
        let token = number::measure(self.rest());
        self.at += token.length;
        if token.complete { Ok(self.slice(start..self.at)) } else { self.fault("a digit") }
    }

    /// Reads `true`, `false` or `null`.
    fn literal(&mut self, word: &'static str) -> Scan<()> {
        if !self.rest().starts_with(word.as_bytes()) {
            return self.fault("a value");
        }
        self.at += word.len();
        Ok(())
    }

    pub(super) fn null(&mut self) -> Scan<()> {
        self.literal("null")
    }

    pub(super) fn boolean(&mut self) -> Scan<bool> {
        let value = self.byte() == Some(b't');
        self.literal(if value { "true" } else { "false" })?;
        Ok(value)
    }

    /// Steps into a container (true) or over anything else.
    fn open(&mut self) -> Scan<bool> {
        match self.kind()? {
            Kind::Object | Kind::Array => return self.enter().map(|()| true),
            Kind::String => self.string().map(drop)?,
            Kind::Number => self.number().map(drop)?,
            Kind::Boolean => self.boolean().map(drop)?,
            Kind::Null => self.null()?,
        }
        Ok(false)
    }

    /// Moves over the value under the cursor, checking its syntax; a loop, so that no nesting can exhaust the stack.
    pub(super) fn skip(&mut self) -> Scan<()> {
        let floor = self.depth;
        // Bit n: the container at depth n is an object.
        let mut objects: u64 = 0;
        loop {
            let object = self.byte() == Some(b'{');
            let mut first = self.open()?;
            if first {
                let bit = 1_u64 << self.depth;
                objects = if object { objects | bit } else { objects & !bit };
            }
            loop {
                if self.depth == floor {
                    return Ok(());
                }
                let object = (objects >> self.depth) & 1 == 1;
                if self.next(if object { b'}' } else { b']' }, first)? {
                    if object {
                        self.name()?;
                    }
                    break;
                }
                first = false;
            }
        }
    }
}
