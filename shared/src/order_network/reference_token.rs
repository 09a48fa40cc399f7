//! Reference tokens, the steps of a JSON Pointer (RFC 6901, section 3): names in which `~` and `/` are escaped.

/// The token of a name.
#[must_use]
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The name of a token; `None` for an invalid escape.
#[must_use]
pub fn unescaped(token: &str) -> Option<String> {
    let mut name = String::with_capacity(token.len());
    let mut characters = token.chars();
    while let Some(character) = characters.next() {
        name.push(match character {
            '~' => match characters.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return None,
            },
            other => other,
        });
    }
    Some(name)
}
