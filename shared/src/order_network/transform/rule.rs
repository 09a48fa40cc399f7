//! One rule of a transformation.

use serde::{Deserialize, Serialize};

use super::pointer::{Pointer, Token, index};
use super::tree::Tree;
use crate::limits::ITEMS_MAX;
use crate::validation::Place;

/// A mapping to one place of the order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Rule {
    to: Pointer,
    source: Source,
}

/// The source of a rule's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A value of the foreign body.
    From {
        /// Its place.
        pointer: Pointer,
        /// Replaces a missing value.
        default: Option<Tree>,
        /// The target type.
        convert: Option<Convert>,
    },
    /// A fixed value.
    Constant(Tree),
}

/// The target type of a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Convert {
    /// Numbers and booleans become strings.
    String,
    /// Strings of digits become numbers.
    Number,
}

impl Convert {
    /// Their names on the wire.
    pub const NAMES: [&'static str; 2] = ["string", "number"];
}

/// Why members do not form a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleFault {
    /// Neither `from` nor `constant`.
    NoSource,
    /// Both `from` and `constant`.
    TwoSources,
    /// `default` or `as` with a constant.
    OnlyWithFrom,
    /// The wildcards of `from` and `to` do not match.
    Wildcards,
    /// An index exceeds the limits of orders.
    IndexTooLarge,
    /// A name where the order has an array.
    NoIndex,
    /// A `*` where the order has members.
    NoArray,
}

impl RuleFault {
    /// What a rule must have.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        const { assert!(ITEMS_MAX == 500) };
        match self {
            Self::NoSource => "must have `from` or `constant`",
            Self::TwoSources => "must have `from` or `constant`, not both",
            Self::OnlyWithFrom => "must have `default` and `as` beside `from` only",
            Self::Wildcards => "must have as many `*` in `from` as in `to`, or none in `from`",
            Self::IndexTooLarge => "must have no index of 500 or more in `to`",
            Self::NoIndex => "must have `*` or an index in `to` behind an array of the order",
            Self::NoArray => "must have `*` in `to` only behind an array of the order",
        }
    }
}

/// The members of a rule, each parsed on its own.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// `from`.
    pub from: Option<Pointer>,
    /// `default`.
    pub default: Option<Tree>,
    /// `as`.
    pub convert: Option<Convert>,
    /// `constant`.
    pub constant: Option<Tree>,
}

impl Parts {
    /// The source of a rule with these members. A null default or constant counts as absent. An error if they do not go
    /// together.
    pub fn source(self) -> Result<Source, RuleFault> {
        let given = |value: Option<Tree>| value.filter(|value| !value.is_null());
        let (default, constant) = (given(self.default), given(self.constant));
        match (self.from, constant) {
            (None, None) => Err(RuleFault::NoSource),
            (Some(_), Some(_)) => Err(RuleFault::TwoSources),
            (None, Some(_)) if default.is_some() || self.convert.is_some() => Err(RuleFault::OnlyWithFrom),
            (None, Some(constant)) => Ok(Source::Constant(constant)),
            (Some(pointer), None) => Ok(Source::From { pointer, default, convert: self.convert }),
        }
    }
}

impl Rule {
    /// Makes a rule from a target and a source; an error if they do not go together.
    pub fn new(to: Pointer, source: Source) -> Result<Self, RuleFault> {
        if let Source::From { pointer, .. } = &source
            && pointer.wildcards() != 0
            && pointer.wildcards() != to.wildcards()
        {
            return Err(RuleFault::Wildcards);
        }
        Self::target(&to)?;
        Ok(Self { to, source })
    }

    /// What the rules of orders say about a target place; an error if no order can have it.
    pub fn target(to: &Pointer) -> Result<Place, RuleFault> {
        let mut place = Place::order();
        for token in to.tokens() {
            match token {
                Token::Each if place.has_members() => return Err(RuleFault::NoArray),
                Token::Name(name) if place.is_array() && index(name).is_none() => return Err(RuleFault::NoIndex),
                Token::Name(name) if !place.has_members() && index(name) >= Some(ITEMS_MAX) => {
                    return Err(RuleFault::IndexTooLarge);
                }
                Token::Each | Token::Name(_) => {}
            }
            place = token.enter(place);
        }
        Ok(place)
    }

    /// The target.
    #[must_use]
    pub const fn to(&self) -> &Pointer {
        &self.to
    }

    pub(super) const fn source(&self) -> &Source {
        &self.source
    }

    /// The place in the foreign body that the value at `place`, which this rule writes, comes from.
    pub(super) fn source_of(&self, place: &str) -> Option<String> {
        let Source::From { pointer, .. } = &self.source else { return None };
        let (indexes, rest) = self.to.within(place)?;
        Some(format!("{}{rest}", pointer.with(&indexes)))
    }
}

/// A rule in its stored and its wire form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<Tree>,
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    convert: Option<Convert>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    constant: Option<Tree>,
}

impl TryFrom<Written> for Rule {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { to, from, default, convert, constant } = written;
        let pointer =
            |text: String| Pointer::parse(&text).map_err(|fault| format!("`{text}` must be {}", fault.rule()));
        let (to, from) = (pointer(to)?, from.map(pointer).transpose()?);
        let parts = Parts { from, default, convert, constant };
        parts.source().and_then(|source| Self::new(to, source)).map_err(|fault| format!("a rule {}", fault.rule()))
    }
}

impl From<Rule> for Written {
    fn from(rule: Rule) -> Self {
        let to = rule.to.to_string();
        match rule.source {
            Source::From { pointer, default, convert } => {
                Self { to, from: Some(pointer.to_string()), default, convert, constant: None }
            }
            Source::Constant(constant) => {
                Self { to, from: None, default: None, convert: None, constant: Some(constant) }
            }
        }
    }
}
