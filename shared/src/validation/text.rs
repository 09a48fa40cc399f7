//! Strings as they stand in a body, and their characters.

use std::borrow::Cow;

/// A string that was scanned, without its quotes, its escapes still in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Text<'a> {
    /// Text whose escapes were checked, if there are any.
    pub(super) fn new(raw: &'a str, escaped: bool) -> Self {
        Self { raw, escaped }
    }

    /// The characters; borrowed from the body unless there are escapes.
    pub(super) fn resolve(self) -> Cow<'a, str> {
        if self.escaped { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }
}

/// The characters of a string whose escapes were checked.
fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, escape)) = rest.split_once('\\') {
        text.push_str(before);
        let mut after = escape.chars();
        match after.next() {
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => {
                let mut unit = hex(&mut after);
                if (0xd800..0xdc00).contains(&unit) {
                    let low = after.by_ref().skip(2).take(4).fold(0, hex_digit);
                    unit = 0x10000 + ((unit - 0xd800) << 10) + (low & 0x3ff);
                }
                text.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(itself) => text.push(itself),
            None => {}
        }
        rest = after.as_str();
    }
    text.push_str(rest);
    text
}

fn hex(characters: &mut std::str::Chars<'_>) -> u32 {
    characters.by_ref().take(4).fold(0, hex_digit)
}

fn hex_digit(unit: u32, digit: char) -> u32 {
    unit * 16 + digit.to_digit(16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn escapes_are_resolved() {
        let resolve = |raw| Text::new(raw, true).resolve().into_owned();
        assert_eq!(resolve(r#"a\"b\\c\/d"#), "a\"b\\c/d");
        assert_eq!(resolve(r"\b\f\n\r\t"), "\u{8}\u{c}\n\r\t");
        assert_eq!(resolve(r"\u00e9\u0000x\ud83d\ude00\uD83D\uDFFFy"), "é\0x😀\u{1f7ff}y");
        assert_eq!(resolve(r"\\u0041"), "\\u0041");
    }
}
