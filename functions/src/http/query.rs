//! Query parameters: which ones a call has, and what each must be.
//!
//! `query!` declares the parameters of a call with their types; [`Parameter`] says how a type is parsed. A handler takes
//! them as [`Query`], which reports all violations at once. An empty parameter counts as absent. An unknown parameter gets
//! a warning, because a list without the intended filter is longer than expected; strict handling refuses it. Lists add
//! the parameters of their page ([`super::paging`]).

use axum::extract::{FromRequestParts, Query as Pairs};
use axum::http::request::Parts;
use shared::Code;
use shared::keyword::Keyword;
use shared::limits::{PARAMETER_CHARACTERS_MAX, VIOLATIONS_MAX};
use shared::order_network::problem::Violation;
use shared::time::Timestamp;
use shared::validation;

use super::preference::is_strict;
use crate::refusal::{Refusal, shown};

/// A type that a parameter can be parsed into.
pub(crate) trait Parameter: Sized {
    /// Whether it may be repeated, or have several values separated by commas.
    const IS_LIST: bool = false;

    /// Parses its values; there are none if it is absent.
    ///
    /// # Errors
    /// The invalid value, and what it must be.
    fn read<'v>(values: &[&'v str]) -> Result<Self, Unreadable<'v>>;

    /// Its type in the OpenAPI document.
    #[cfg(feature = "openapi")]
    fn describe() -> super::openapi::ParameterType;
}

/// Why a parameter is invalid.
#[derive(Debug)]
pub(crate) enum Unreadable<'v> {
    /// It is required and absent.
    Missing,
    /// A value breaks the rule.
    Wrong { value: &'v str, rule: String },
    /// The number of values breaks the rule.
    Count { count: usize, rule: String },
}

impl<'v> Unreadable<'v> {
    pub(crate) fn new(value: &'v str, rule: impl Into<String>) -> Self {
        Self::Wrong { value, rule: rule.into() }
    }

    /// The violation of the parameter with this name.
    fn violation(&self, name: &str) -> Violation {
        let (message, value) = match self {
            Self::Missing => (format!("`{name}` is required"), None),
            Self::Wrong { value, rule } => (format!("`{name}` is {rule}, not `{}`", shown(value)), Some(*value)),
            Self::Count { count: 0, rule } => (format!("`{name}` is required: {rule}"), None),
            Self::Count { count, rule } => (format!("`{name}` is {rule}, not {count}"), None),
        };
        Violation::of_parameter(Code::InvalidParameter, name, message, value)
    }
}

/// The parameters of a call.
pub(crate) trait Parameters: Sized {
    /// Their names, and whether each may be repeated.
    fn names() -> Vec<(&'static str, bool)>;

    /// Parses them.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;

    /// For the OpenAPI document: name, description and type of each.
    #[cfg(feature = "openapi")]
    fn describe() -> Vec<(&'static str, &'static str, super::openapi::ParameterType)>;
}

/// Declares the parameters of a call.
macro_rules! query {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $about:literal])+ $wire:literal $member:ident: $type:ty;)* }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug)]
        pub(crate) struct $name { $($(#[doc = $about])+ pub(crate) $member: $type,)* }

        impl $crate::http::query::Parameters for $name {
            fn names() -> Vec<(&'static str, bool)> {
                vec![$(($wire, <$type as $crate::http::query::Parameter>::IS_LIST),)*]
            }

            fn read(reader: &mut $crate::http::query::Reader<'_>) -> Option<Self> {
                // Unused if there are no parameters.
                let _ = &reader;
                $(let $member = reader.read::<$type>($wire);)*
                Some(Self { $($member: $member?,)* })
            }

            #[cfg(feature = "openapi")]
            fn describe() -> Vec<(&'static str, &'static str, $crate::http::openapi::ParameterType)> {
                vec![$(($wire, concat!($($about),+).trim_ascii(), <$type as $crate::http::query::Parameter>::describe()),)*]
            }
        }
    };
}
pub(super) use query;

query! {
    /// No parameters.
    NoParameters {}
}

/// Parses the parameters of a query one by one and collects the violations.
#[derive(Debug)]
pub(crate) struct Reader<'q> {
    pairs: &'q [(String, String)],
    violations: Vec<Violation>,
}

impl<'q> Reader<'q> {
    /// The parameter with this name; `None` if it is invalid.
    pub(crate) fn read<P: Parameter>(&mut self, name: &str) -> Option<P> {
        let pairs = self.pairs.iter().filter(|(known, _)| known == name);
        let values: Vec<&'q str> = if P::IS_LIST {
            pairs.flat_map(|(_, value)| value.split(',')).map(str::trim).filter(|value| !value.is_empty()).collect()
        } else {
            pairs.map(|(_, value)| value.as_str()).collect()
        };
        if values.len() > 1 && !P::IS_LIST {
            return None;
        }
        P::read(&values).map_err(|unreadable| self.violations.push(unreadable.violation(name))).ok()
    }

    /// Adds a violation that concerns several parameters, under the name of one.
    pub(crate) fn add(&mut self, name: &str, message: String, value: Option<&str>) {
        self.violations.push(Violation::of_parameter(Code::InvalidParameter, name, message, value));
    }
}

/// The valid query of a call, with its warnings.
#[derive(Clone, Debug)]
pub(crate) struct Query<P> {
    pub(crate) value: P,
    pub(crate) warnings: Vec<Violation>,
}

impl<S: Sync, P: Parameters> FromRequestParts<S> for Query<P> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Self::read(pairs(parts)?, is_strict(&parts.headers))
    }
}

/// The query of an API that ignores unknown parameters, even under strict handling.
#[derive(Clone, Debug)]
pub(crate) struct Loose<P>(pub(crate) P);

impl<S: Sync, P: Parameters> FromRequestParts<S> for Loose<P> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        // The error body of the bulk order API has no place for the parameter's name.
        let first = |refusal: Refusal| match refusal.violations.first() {
            Some(first) => Refusal::new(Code::InvalidParameter, first.error_message.clone()),
            None => refusal,
        };
        Query::read(pairs(parts)?, false).map(|query| Self(query.value)).map_err(first)
    }
}

fn pairs(parts: &Parts) -> Result<Vec<(String, String)>, Refusal> {
    let pairs = Pairs::<Vec<(String, String)>>::try_from_uri(&parts.uri);
    pairs.map(|Pairs(pairs)| pairs).map_err(|rejection| {
        // The error concerns no single parameter.
        Refusal::parameter("", format!("the query cannot be read: {}", rejection.body_text()), None)
    })
}

impl<P: Parameters> Query<P> {
    /// Parses pairs of names and values; `strict` turns warnings into errors.
    pub(super) fn read(pairs: Vec<(String, String)>, strict: bool) -> Result<Self, Refusal> {
        let pairs: Vec<(String, String)> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let mut reader = Reader { pairs: &pairs, violations: repeated::<P>(&pairs) };
        let value = P::read(&mut reader);
        let warnings = unknown::<P>(&pairs);
        let mut violations = reader.violations;
        if strict {
            violations.extend(warnings.iter().cloned());
        }
        match value {
            Some(value) if violations.is_empty() => Ok(Self { value, warnings }),
            _ => Err(refusal(violations)),
        }
    }
}

fn refusal(violations: Vec<Violation>) -> Refusal {
    let message = match violations.as_slice() {
        [only] => only.error_message.clone(),
        all => format!("the query breaks {} rules", all.len()),
    };
    Refusal { violations, ..Refusal::new(Code::InvalidParameter, message) }
}

/// A violation for each parameter, known or unknown, that is repeated and must not be.
fn repeated<P: Parameters>(pairs: &[(String, String)]) -> Vec<Violation> {
    let names = P::names();
    let is_list = |name: &str| names.iter().any(|(known, is_list)| *known == name && *is_list);
    let mut found: Vec<&str> = Vec::new();
    for (place, (name, _)) in pairs.iter().enumerate() {
        let is_again = pairs.iter().take(place).any(|(other, _)| other == name);
        if is_again && !is_list(name) && !found.contains(&name.as_str()) && found.len() < VIOLATIONS_MAX {
            found.push(name);
        }
    }
    let violation = |name: &str| {
        let message = format!("`{}` comes more than once", shown(name));
        Violation::of_parameter(Code::InvalidParameter, name, message, None)
    };
    found.into_iter().map(violation).collect()
}

fn unknown<P: Parameters>(pairs: &[(String, String)]) -> Vec<Violation> {
    let names = P::names();
    let known = || names.iter().map(|(name, _)| *name);
    let unknown = pairs.iter().filter(|(name, _)| known().all(|known| known != name));
    let warning = |(name, _): &(String, String)| {
        let hint = match validation::nearest_of(name, known()) {
            Some(nearest) => format!("is not known; did you mean `{nearest}`"),
            None => "is not known".to_owned(),
        };
        let message = format!("the parameter `{}` {hint}", shown(name));
        Violation::of_parameter(Code::UnknownMember, name, message, None)
    };
    unknown.take(VIOLATIONS_MAX).map(warning).collect()
}

/// Implements [`Parameter`] for an optional type.
macro_rules! parameter {
    ($type:ty, $values:ident => $read:expr, $description:expr) => {
        impl Parameter for Option<$type> {
            fn read<'v>(values: &[&'v str]) -> Result<Self, Unreadable<'v>> {
                let Some($values) = values.first().copied() else { return Ok(None) };
                $read.map(Some)
            }

            #[cfg(feature = "openapi")]
            fn describe() -> super::openapi::ParameterType {
                $description
            }
        }
    };
}

parameter!(String, value => match value.chars().nth(PARAMETER_CHARACTERS_MAX) {
    None => Ok(value.to_owned()),
    Some(_) => Err(Unreadable::new(value, format!("at most {PARAMETER_CHARACTERS_MAX} characters long"))),
}, super::openapi::ParameterType::text().no_longer_than(PARAMETER_CHARACTERS_MAX));

/// A cursor as the client sent it.
#[derive(Clone, Debug)]
pub(crate) struct Token(pub(crate) String);

parameter!(Token, value => Ok(Token(value.to_owned())), super::openapi::ParameterType::text());
parameter!(bool, value => match value {
    "true" => Ok(true),
    "false" => Ok(false),
    _ => Err(Unreadable::new(value, "`true` or `false`")),
}, super::openapi::ParameterType::names(&["true", "false"]));

/// The start of a period; a date means its first moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Since(pub(crate) Timestamp);

/// The end of a period; a date means its last moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Until(pub(crate) Timestamp);

fn time(value: &str, is_end: bool) -> Result<Timestamp, Unreadable<'_>> {
    let at = Timestamp::parse_rfc3339(value).or_else(|| Timestamp::parse_date(value, is_end));
    at.ok_or_else(|| Unreadable::new(value, "a date, or a date and time of RFC 3339"))
}

parameter!(Since, value => time(value, false).map(Since), super::openapi::ParameterType::time());
parameter!(Until, value => time(value, true).map(Until), super::openapi::ParameterType::time());

/// A required parameter.
#[derive(Clone, Debug)]
pub(crate) struct Required<T>(pub(crate) T);

impl<T> Parameter for Required<T>
where
    Option<T>: Parameter,
{
    fn read<'v>(values: &[&'v str]) -> Result<Self, Unreadable<'v>> {
        Option::<T>::read(values)?.map(Self).ok_or(Unreadable::Missing)
    }

    #[cfg(feature = "openapi")]
    fn describe() -> super::openapi::ParameterType {
        <Option<T> as Parameter>::describe().not_empty().required()
    }
}

/// Parses a value of a closed set.
fn named<T: Keyword>(name: &str) -> Result<T, Unreadable<'_>> {
    T::parse(name).ok_or_else(|| Unreadable::new(name, format!("one of {}", T::NAMES.join(", "))))
}

impl<T: Keyword> Parameter for Option<One<T>> {
    fn read<'v>(values: &[&'v str]) -> Result<Self, Unreadable<'v>> {
        values.first().map(|name| named(name).map(One)).transpose()
    }

    #[cfg(feature = "openapi")]
    fn describe() -> super::openapi::ParameterType {
        super::openapi::ParameterType::names(T::NAMES)
    }
}

/// A single value of a closed set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct One<T>(pub(crate) T);

/// Several values of a closed set without repetitions; empty if the parameter is absent.
#[derive(Clone, Debug)]
pub(crate) struct AnyOf<T>(pub(crate) Vec<T>);

impl<T: Keyword> Parameter for AnyOf<T> {
    const IS_LIST: bool = true;

    fn read<'v>(values: &[&'v str]) -> Result<Self, Unreadable<'v>> {
        let mut read = Vec::new();
        for name in values {
            let value: T = named(name)?;
            if !read.contains(&value) {
                read.push(value);
            }
        }
        Ok(Self(read))
    }

    #[cfg(feature = "openapi")]
    fn describe() -> super::openapi::ParameterType {
        super::openapi::ParameterType::names(T::NAMES).several()
    }
}

#[cfg(test)]
mod tests;
