//! The tokens of an expression.

use super::Failure;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name, a name placeholder, a keyword or a function.
    Name(&'a str),
    /// A value placeholder.
    Value(&'a str),
    /// One of `= < <= > >= <> + - ( ) ,`, or an unknown character.
    Sign(&'a str),
}

impl<'a> Token<'a> {
    const fn text(self) -> &'a str {
        match self {
            Self::Name(text) | Self::Value(text) | Self::Sign(text) => text,
        }
    }

    /// The placeholder of a name or a value.
    pub(super) fn placeholder(self) -> Option<&'a str> {
        match self {
            Self::Value(text) => Some(text),
            Self::Name(text) => text.starts_with('#').then_some(text),
            Self::Sign(_) => None,
        }
    }

    pub(super) fn is(self, text: &str) -> bool {
        self.text() == text
    }
}

/// Splits a text into tokens.
pub(super) fn of(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let is_of_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let is_named = is_of_name(first) || matches!(first, '#' | ':');
        let length = if is_named {
            let tail = rest.get(first.len_utf8()..).unwrap_or_default();
            tail.find(|character| !is_of_name(character)).map_or(rest.len(), |length| length + first.len_utf8())
        } else if ["<=", ">=", "<>"].iter().any(|sign| rest.starts_with(sign)) {
            2
        } else {
            first.len_utf8()
        };
        let (token, tail) = rest.split_at_checked(length)?;
        rest = tail;
        Some(match first {
            ':' => Token::Value(token),
            _ if is_named => Token::Name(token),
            _ => Token::Sign(token),
        })
    })
}

/// The tokens of a text, with a position.
pub(super) struct Tokens<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    place: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, tokens: of(text).collect(), place: 0 }
    }

    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        let token = self.tokens.get(self.place).copied();
        self.place = self.place.saturating_add(1);
        token
    }

    /// Consumes the next token if it is `word`; returns whether it was.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let is_there = self.tokens.get(self.place).is_some_and(|token| token.is(word));
        self.place = self.place.saturating_add(usize::from(is_there));
        is_there
    }

    pub(super) fn must_be(&mut self, word: &str) -> Result<(), Failure> {
        if self.take(word) { Ok(()) } else { Err(self.unknown(&format!("without `{word}`"))) }
    }

    /// The next token, whatever it is.
    pub(super) fn word(&mut self) -> Result<String, Failure> {
        self.next().map(|token| token.text().to_owned()).ok_or_else(|| self.unknown("that ends too early"))
    }

    /// At least one entry, separated by commas.
    pub(super) fn list(&mut self, mut entry: impl FnMut(&mut Self) -> Result<(), Failure>) -> Result<(), Failure> {
        loop {
            entry(self)?;
            if !self.take(",") {
                return Ok(());
            }
        }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.place >= self.tokens.len()
    }

    pub(super) fn end(&self) -> Result<(), Failure> {
        if self.is_at_end() { Ok(()) } else { Err(self.unknown("with something behind it")) }
    }

    pub(super) fn unknown(&self, what: &str) -> Failure {
        Failure::unknown(format!("the expression `{}` ({what})", self.text))
    }
}
