//! Strings in a body, and their characters.

use alloc::borrow::Cow;
use alloc::string::String;

use super::wide::may_hold_card_number;
use crate::card::{self, CARD_DIGITS_MIN};

/// A scanned string without its quotes, with its escapes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    raw: &'a [u8],
    form: Form,
}

/// How a string is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Printable ASCII without quotes and backslashes: bytes are characters.
    Plain,
    /// Other characters too, but no escapes.
    Unescaped,
    /// With escapes, which were checked.
    Escaped,
}

impl<'a> Text<'a> {
    /// The bytes between the quotes, which are UTF-8, and their form.
    pub(super) fn new(raw: &'a [u8], form: Form) -> Self {
        Self { raw, form }
    }

    /// The characters as bytes, if the string is plain.
    #[inline(always)]
    pub(super) fn plain(self) -> Option<&'a [u8]> {
        (self.form == Form::Plain).then_some(self.raw)
    }

    pub(super) fn is_empty(self) -> bool {
        self.raw.is_empty()
    }

    /// The characters; borrowed from the body unless there are escapes.
    #[inline(never)]
    pub(super) fn resolve(self) -> Cow<'a, str> {
        if self.form == Form::Escaped {
            return Cow::Owned(String::from_utf8(self.characters().collect()).unwrap_or_default());
        }
        Cow::Borrowed(core::str::from_utf8(self.raw).unwrap_or_default())
    }

    /// Whether it contains a card number. The escape of a digit contains a digit, so nearly every text needs only a
    /// count.
    #[inline(never)]
    pub(super) fn holds_card_number(self) -> bool {
        self.raw.len() >= CARD_DIGITS_MIN
            && may_hold_card_number(self.raw, self.raw.len())
            && card::is_in(&self.resolve())
    }

    /// The characters as UTF-8 bytes, decoded on the fly.
    fn characters(self) -> Characters<'a> {
        Characters { raw: self.raw, escaped: self.form == Form::Escaped, pending: [0; 4], left: 0 }
    }

    /// Whether both have the same characters. Stops at the first difference and allocates nothing, so the cost is
    /// bounded by the shorter one, however it is written.
    pub(super) fn is_same(self, other: Self) -> bool {
        if self.form == Form::Escaped || other.form == Form::Escaped {
            return self.characters().eq(other.characters());
        }
        self.raw == other.raw
    }

    /// A number that is equal for equal characters, and mostly different for others: byte count, first and last byte of
    /// a short text; the hash of a long one, because long texts are expensive to compare.
    pub(super) fn mark(self) -> u32 {
        let of = |first: u8, last: u8, count: usize| (count as u32) << 16 ^ u32::from(first) << 8 ^ u32::from(last);
        match (self.form, self.raw) {
            (Form::Plain | Form::Unescaped, [first, .., last]) if self.raw.len() <= SHORT_BYTES_MAX => {
                of(*first, *last, self.raw.len())
            }
            _ => {
                let (mut first, mut last, mut count) = (None, 0, 0);
                for byte in self.characters() {
                    first = first.or(Some(byte));
                    last = byte;
                    count += 1;
                }
                if count > SHORT_BYTES_MAX { self.hash() } else { of(first.unwrap_or_default(), last, count) }
            }
        }
    }

    /// The FNV-1a hash of the characters.
    pub(super) fn hash(self) -> u32 {
        let add = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        // The compact build has a single loop.
        if self.form == Form::Escaped || cfg!(feature = "compact") {
            return self.characters().fold(FNV_START, add);
        }
        self.raw.iter().copied().fold(FNV_START, add)
    }
}

const FNV_START: u32 = 0x811c_9dc5;

/// Longer texts are distinguished by a hash.
const SHORT_BYTES_MAX: usize = 32;

/// See [`Text::characters`].
struct Characters<'a> {
    raw: &'a [u8],
    escaped: bool,
    /// The last bytes of an escaped character, at the end of the array, and how many are left.
    pending: [u8; 4],
    left: usize,
}

impl Iterator for Characters<'_> {
    type Item = u8;

    #[inline]
    fn next(&mut self) -> Option<u8> {
        if self.left > 0 {
            let byte = self.pending.get(self.pending.len() - self.left).copied();
            self.left -= 1;
            return byte;
        }
        let (byte, rest) = self.raw.split_first()?;
        self.raw = rest;
        if *byte != b'\\' || !self.escaped {
            return Some(*byte);
        }
        let (character, rest) = escaped(rest);
        self.raw = rest;
        let mut encoded = [0; 4];
        self.left = character.encode_utf8(&mut encoded).len();
        // Moved to the end of the array.
        encoded.rotate_left(self.left);
        self.pending = encoded;
        self.next()
    }
}

/// The names of one object, to find repeated ones. If there are many, marks identify most new ones at once.
#[derive(Clone, Copy, Default)]
pub(super) struct Marks(u64);

impl Marks {
    /// Whether a name with this mark may have been added before; adds it.
    pub(super) fn add(&mut self, mark: u32) -> bool {
        // The count and the first and last byte all affect it.
        let bit = 1 << ((mark >> 16).wrapping_add((mark >> 8 & 0xff) * 5).wrapping_add((mark & 0xff) * 3) % 64);
        let seen = self.0 & bit != 0;
        self.0 |= bit;
        seen
    }
}

/// The character of a checked escape after its backslash, and the rest.
fn escaped(rest: &[u8]) -> (char, &[u8]) {
    match rest {
        [b'u', rest @ ..] => {
            let (mut unit, mut rest) = unit(rest);
            if (0xd800..0xdc00).contains(&unit) {
                // The backslash and the `u` of the second half.
                let (low, after) = self::unit(rest.get(2..).unwrap_or_default());
                unit = 0x10000 + ((unit - 0xd800) << 10) + (low & 0x3ff);
                rest = after;
            }
            (char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), rest)
        }
        [short, rest @ ..] => {
            let character = match short {
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                itself => char::from(*itself),
            };
            (character, rest)
        }
        [] => (char::REPLACEMENT_CHARACTER, rest),
    }
}

/// The UTF-16 unit of four hex digits, and the rest.
fn unit(text: &[u8]) -> (u32, &[u8]) {
    let (digits, rest) = text.split_at_checked(4).unwrap_or((text, &[]));
    (digits.iter().fold(0, |unit, digit| unit * 16 + hex_digit(*digit).unwrap_or_default()), rest)
}

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
    fn long_texts_have_the_mark_of_their_characters_however_they_are_written() {
        for count in [31, 32, 33, 4_000] {
            let (plain, written) = ("x".repeat(count), r"\u0078".repeat(count));
            let plain = Text::new(plain.as_bytes(), Form::Plain);
            let escaped = Text::new(written.as_bytes(), Form::Escaped);
            assert!(plain.is_same(escaped) && plain.mark() == escaped.mark(), "{count}");
        }
        // They differ in the middle only: the hash distinguishes them.
        let middle = |letter: &str| format!("{}{letter}{}", "x".repeat(40), "x".repeat(40));
        let (one, other) = (middle("a"), middle("b"));
        assert_ne!(Text::new(one.as_bytes(), Form::Plain).mark(), Text::new(other.as_bytes(), Form::Plain).mark());
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
        // Every byte of every UTF-8 length that an escape can produce.
        let written = Text::new("é€😀\u{8}/".as_bytes(), Form::Unescaped);
        let escaped = Text::new(br"\u00E9\u20ac\ud83d\ude00\b\/", Form::Escaped);
        assert!(written.is_same(escaped) && written.mark() == escaped.mark() && written.hash() == escaped.hash());
        assert_eq!(Text::new(b"", Form::Plain).mark(), Text::new(b"", Form::Escaped).mark());
    }
}
