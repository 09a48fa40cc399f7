//! Strings as they stand in a body, and their characters.

use alloc::borrow::Cow;
use alloc::string::String;

/// A string that was scanned, without its quotes, its escapes still in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    raw: &'a [u8],
    form: Form,
}

/// What the scanner saw in a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Nothing but printable ASCII without quotes and backslashes: bytes are characters.
    Plain,
    /// Other characters too, and no escapes.
    Unescaped,
    /// Escapes, which were checked.
    Escaped,
}

impl<'a> Text<'a> {
    /// The bytes between the quotes, which are UTF-8, and what was seen in them.
    pub(super) fn new(raw: &'a [u8], form: Form) -> Self {
        Self { raw, form }
    }

    /// The characters as bytes, if the string is plain.
    #[inline(always)]
    pub(super) fn plain(self) -> Option<&'a [u8]> {
        (self.form == Form::Plain).then_some(self.raw)
    }

    /// Whether it is `""`.
    pub(super) fn is_empty(self) -> bool {
        self.raw.is_empty()
    }

    /// The characters; borrowed from the body unless there are escapes.
    #[inline(never)]
    pub(super) fn resolve(self) -> Cow<'a, str> {
        let raw = core::str::from_utf8(self.raw).unwrap_or_default();
        if self.form == Form::Escaped { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) }
    }

    /// Whether both have the same characters.
    pub(super) fn is_same(self, other: Self) -> bool {
        if self.form == Form::Escaped || other.form == Form::Escaped {
            return self.resolve() == other.resolve();
        }
        self.raw == other.raw
    }

    /// A number from 0 to 63 that is the same for the same characters.
    pub(super) fn mark(self) -> u32 {
        match (self.form, self.raw) {
            (Form::Plain | Form::Unescaped, [first, .., last]) => {
                (u32::from(*first) * 5 + u32::from(*last) * 3 + self.raw.len() as u32) % 64
            }
            (Form::Plain | Form::Unescaped, _) => 0,
            (Form::Escaped, _) => {
                let text = self.resolve();
                Text::new(text.as_bytes(), Form::Unescaped).mark()
            }
        }
    }
}

/// Names of one object, to find the repeated ones. Where many stand, a mark tells most new ones apart at once.
#[derive(Clone, Copy, Default)]
pub(super) struct Marks(u64);

impl Marks {
    /// Whether a name with this mark may have been there before; from now on it was.
    pub(super) fn add(&mut self, mark: u32) -> bool {
        let bit = 1 << (mark % 64);
        let seen = self.0 & bit != 0;
        self.0 |= bit;
        seen
    }
}

/// The characters of a string whose escapes were checked.
#[cold]
#[inline(never)]
fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        text.push(if character == '\\' { escaped(&mut characters) } else { character });
    }
    text
}

/// The character of the escape whose backslash was read.
fn escaped(rest: &mut core::str::Chars<'_>) -> char {
    match rest.next() {
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => {
            let mut unit = hex(rest);
            if (0xd800..0xdc00).contains(&unit) {
                // The backslash and the `u` of the second half.
                rest.next();
                rest.next();
                unit = 0x10000 + ((unit - 0xd800) << 10) + (hex(rest) & 0x3ff);
            }
            char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        Some(itself) => itself,
        None => char::REPLACEMENT_CHARACTER,
    }
}

#[inline(never)]
fn hex(rest: &mut core::str::Chars<'_>) -> u32 {
    rest.take(4).fold(0, |unit, digit| unit * 16 + u8::try_from(digit).ok().and_then(hex_digit).unwrap_or_default())
}

/// The value of a hex digit, in any case.
pub(super) fn hex_digit(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'a'..=b'f' => Some(u32::from(byte - b'a') + 10),
        b'A'..=b'F' => Some(u32::from(byte - b'A') + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, Text};

    #[test]
    fn escapes_are_resolved() {
        let resolve = |raw: &'static str| Text::new(raw.as_bytes(), Form::Escaped).resolve().into_owned();
        assert_eq!(resolve(r#"a\"b\\c\/d"#), "a\"b\\c/d");
        assert_eq!(resolve(r"\b\f\n\r\t"), "\u{8}\u{c}\n\r\t");
        assert_eq!(resolve(r"\u00e9\u0000x\ud83d\ude00\uD83D\uDFFFy"), "é\0x😀\u{1f7ff}y");
        assert_eq!(resolve(r"\\u0041"), "\\u0041");
    }

    #[test]
    fn the_same_characters_are_the_same_and_have_the_same_mark() {
        let texts = [
            Text::new(b"sku", Form::Plain),
            Text::new(b"sku", Form::Unescaped),
            Text::new(br"s\u006bu", Form::Escaped),
            Text::new(br"\u0073\u006b\u0075", Form::Escaped),
        ];
        for one in texts {
            for other in texts {
                assert!(one.is_same(other));
                assert_eq!(one.mark(), other.mark());
            }
            assert!(!one.is_same(Text::new(b"skU", Form::Plain)));
            assert!(!one.is_same(Text::new(br"sku\u0000", Form::Escaped)));
        }
        assert_eq!(Text::new(b"", Form::Plain).mark(), Text::new(b"", Form::Escaped).mark());
    }
}
