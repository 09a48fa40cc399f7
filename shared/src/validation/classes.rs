//! Character classes of bytes in one table, so that a check needs one lookup per byte.

use super::block::BLOCK;

/// Allowed in a `safeId`.
pub(super) const UNRESERVED: u8 = 1;
/// Allowed in a label of a host name.
pub(super) const LABEL: u8 = 1 << 1;
/// Allowed before the `@` of an e-mail address.
pub(super) const LOCAL: u8 = 1 << 2;
/// Allowed in a URL.
pub(super) const IN_URL: u8 = 1 << 3;
pub(super) const HEX: u8 = 1 << 4;
pub(super) const LETTER: u8 = 1 << 5;
pub(super) const DIGIT: u8 = 1 << 6;

/// The classes of each byte.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = class(byte as u8);
        byte += 1;
    }
    classes
};

pub(super) const fn class(byte: u8) -> u8 {
    let beyond = byte >= 0x80;
    let graphic = byte.is_ascii_graphic() || beyond;
    let alphanumeric = byte.is_ascii_alphanumeric();
    let mut class = 0;
    if alphanumeric || matches!(byte, b'.' | b'_' | b'~' | b'-') {
        class |= UNRESERVED;
    }
    if alphanumeric || beyond || matches!(byte, b'-' | b'_') {
        class |= LABEL;
    }
    if graphic
        && !matches!(
            byte,
            b'@' | b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b',' | b';' | b':' | b'\\' | b'"'
        )
    {
        class |= LOCAL;
    }
    if graphic && !matches!(byte, b'<' | b'>' | b'"' | b'\\' | b'{' | b'}' | b'|' | b'^' | b'`') {
        class |= IN_URL;
    }
    if byte.is_ascii_hexdigit() {
        class |= HEX;
    }
    if byte.is_ascii_alphabetic() {
        class |= LETTER;
    }
    if byte.is_ascii_digit() {
        class |= DIGIT;
    }
    class
}

#[inline(always)]
pub(super) fn is(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

#[inline(always)]
pub(super) fn all(text: &[u8], class: u8) -> bool {
    text.iter().all(|byte| is(*byte, class))
}

/// Bytes that are not allowed in URLs, for a lookup in two tables, one by the lower and one by the upper half of the
/// byte: such a byte has a common bit in both, one bit for each of ASCII's eight rows of sixteen.
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "only vectors look up"))]
pub(super) const NOT_IN_URL: [[u8; BLOCK]; 2] = not_in_url();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
const fn not_in_url() -> [[u8; BLOCK]; 2] {
    let (mut lower, mut upper) = ([0; BLOCK], [0; BLOCK]);
    let mut row = 0;
    while row < 8 {
        upper[row] = 1 << row;
        let mut column = 0;
        while column < BLOCK {
            if class((row * BLOCK + column) as u8) & IN_URL == 0 {
                lower[column] |= 1 << row;
            }
            column += 1;
        }
        row += 1;
    }
    [lower, upper]
}

/// The parts before and after the first matching byte.
pub(super) fn split_at(text: &[u8], separator: impl Fn(u8) -> bool) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|byte| separator(*byte))?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}
