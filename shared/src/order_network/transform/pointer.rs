//! JSON Pointers (RFC 6901), extended by the token `*` for every element of an array.

use std::fmt;

use crate::Code;
use crate::limits::{DEPTH_MAX, TRANSFORMATION_POINTER_BYTES_MAX};
use crate::order_network::reference_token::{escaped, unescaped};
use crate::validation::Place;

/// One place, or one in each element of arrays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointer(Vec<Token>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A member's name, or an index.
    Name(String),
    /// Every element.
    Each,
}

/// Why a text is not a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointerFault {
    /// It does not start with a slash.
    NoSlash,
    /// A tilde is not followed by `0` or `1`.
    Escape,
    /// It is too long.
    TooLong,
    /// It has too many tokens.
    TooDeep,
}

impl PointerFault {
    /// The code of the violation.
    #[must_use]
    pub const fn code(self) -> Code {
        if matches!(self, Self::TooLong) { Code::TooLong } else { Code::InvalidFormat }
    }

    /// What the text must be.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        const { assert!(TRANSFORMATION_POINTER_BYTES_MAX == 512 && DEPTH_MAX == 32) };
        match self {
            Self::NoSlash => "a JSON Pointer, which is empty or begins with `/`",
            Self::Escape => "a JSON Pointer, in which `~` stands before `0` or `1` only",
            Self::TooLong => "a JSON Pointer of at most 512 bytes",
            Self::TooDeep => "a JSON Pointer of at most 32 tokens",
        }
    }
}

impl Pointer {
    /// Reads a pointer.
    pub fn parse(text: &str) -> Result<Self, PointerFault> {
        if text.len() > TRANSFORMATION_POINTER_BYTES_MAX {
            return Err(PointerFault::TooLong);
        }
        let Some(rest) = text.strip_prefix('/') else {
            return if text.is_empty() { Ok(Self(Vec::new())) } else { Err(PointerFault::NoSlash) };
        };
        let tokens = rest.split('/').map(Token::parse).collect::<Result<Vec<_>, _>>()?;
        if tokens.len() > DEPTH_MAX { Err(PointerFault::TooDeep) } else { Ok(Self(tokens)) }
    }

    pub(super) fn tokens(&self) -> &[Token] {
        &self.0
    }

    pub(super) const fn depth(&self) -> usize {
        self.0.len()
    }

    pub(super) fn wildcards(&self) -> usize {
        self.0.iter().filter(|token| **token == Token::Each).count()
    }

    /// Whether a place is this one or within it.
    pub(super) fn is_above(&self, place: &str) -> bool {
        self.within(place).is_some()
    }

    /// The indexes that `*` matches in a place, and the rest of the place.
    pub(super) fn within<'p>(&self, place: &'p str) -> Option<(Vec<usize>, &'p str)> {
        let (mut indexes, mut rest) = (Vec::new(), place);
        for token in &self.0 {
            let text = rest.strip_prefix('/')?;
            let (first, behind) = text.split_at(text.find('/').unwrap_or(text.len()));
            match token {
                Token::Each => indexes.push(index(first)?),
                Token::Name(name) => (unescaped(first).as_ref() == Some(name)).then_some(())?,
            }
            rest = behind;
        }
        Some((indexes, rest))
    }

    /// The place for these indexes of the `*` tokens.
    pub(super) fn with(&self, indexes: &[usize]) -> String {
        let mut indexes = indexes.iter();
        let mut place = String::new();
        for token in &self.0 {
            place.push('/');
            match token {
                Token::Name(name) => place.push_str(&escaped(name)),
                Token::Each => match indexes.next() {
                    Some(index) => place.push_str(&index.to_string()),
                    None => place.push('*'),
                },
            }
        }
        place
    }
}

impl Token {
    /// The place that the token leads to.
    pub(super) fn enter(&self, place: Place) -> Place {
        match self {
            Self::Name(name) if !place.is_array() => place.member(name),
            Self::Name(_) | Self::Each => place.element(),
        }
    }

    fn parse(text: &str) -> Result<Self, PointerFault> {
        if text == "*" { Ok(Self::Each) } else { unescaped(text).map(Self::Name).ok_or(PointerFault::Escape) }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.with(&[]))
    }
}

/// An array index as in RFC 6901: digits without a leading zero.
pub(super) fn index(token: &str) -> Option<usize> {
    let plain = token.bytes().all(|byte| byte.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    if plain { token.parse().ok() } else { None }
}
