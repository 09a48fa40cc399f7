//! The subset of expressions that the functions use: conditions of writes and queries, and updates.
//!
//! Each text is parsed once and cached by the table, because the functions send the same few texts repeatedly.
//! Placeholders for names and values are resolved per request.

mod tokens;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use self::tokens::{Token, Tokens};
use super::Failure;
use super::attribute::{Attribute, Attributes};

/// A top-level attribute, by name or by placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(String);

/// A value to compare, add or set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Attribute(Name),
    Value(String),
    /// The attribute, or a fallback if it is missing.
    OrElse(Name, Box<Operand>),
    Sum {
        one: Box<Operand>,
        other: Box<Operand>,
        is_taken_away: bool,
    },
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Exists(Name),
    Absent(Name),
    BeginsWith(Name, Operand),
    Between(Operand, Operand, Operand),
    Compare(Operand, Comparison, Operand),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Update {
    sets: Vec<(Name, Operand)>,
    removes: Vec<Name>,
    adds: Vec<(Name, Operand)>,
}

/// The placeholders for names and values in one request.
#[derive(Debug, Default)]
pub(super) struct Placeholders {
    names: BTreeMap<String, String>,
    values: Attributes,
}

impl Placeholders {
    /// Takes the placeholders out of a request.
    pub(super) fn take(request: &mut Map<String, Value>) -> Result<Self, Failure> {
        let names = match request.remove("ExpressionAttributeNames") {
            Some(names) => serde_json::from_value(names).map_err(|error| Failure::unknown(error.to_string()))?,
            None => BTreeMap::new(),
        };
        let values = request.remove("ExpressionAttributeValues").map(super::attribute::read_all).transpose()?;
        Ok(Self { names, values: values.unwrap_or_default() })
    }

    pub(super) fn name<'a>(&'a self, name: &'a Name) -> Result<&'a str, Failure> {
        if !name.0.starts_with('#') {
            return Ok(&name.0);
        }
        self.names
            .get(&name.0)
            .map(String::as_str)
            .ok_or_else(|| Failure::unknown(format!("{} without a name", name.0)))
    }

    pub(super) fn value(&self, placeholder: &str) -> Result<&Attribute, Failure> {
        self.values.get(placeholder).ok_or_else(|| Failure::unknown(format!("{placeholder} without a value")))
    }

    /// DynamoDB rejects placeholders that no expression uses.
    pub(super) fn must_be_used(&self, is_used: impl Fn(&str) -> bool) -> Result<(), Failure> {
        match self.names.keys().chain(self.values.keys()).find(|placeholder| !is_used(placeholder)) {
            Some(unused) => Err(Failure::unknown(format!("{unused}, which no expression has"))),
            None => Ok(()),
        }
    }
}

/// A parsed expression and the placeholders it uses.
#[derive(Debug)]
pub(super) struct Parsed<T> {
    pub(super) expression: T,
    placeholders: BTreeSet<String>,
}

impl<T> Parsed<T> {
    pub(super) fn new(text: &str, parse: impl FnOnce(&str) -> Result<T, Failure>) -> Result<Self, Failure> {
        let placeholders = tokens::of(text).filter_map(Token::placeholder).map(str::to_owned).collect();
        Ok(Self { expression: parse(text)?, placeholders })
    }

    pub(super) fn has(&self, placeholder: &str) -> bool {
        self.placeholders.contains(placeholder)
    }
}

impl Operand {
    /// The operand's value for an item; `None` if the attribute is missing.
    fn of<'a>(
        &self,
        item: &'a Attributes,
        placeholders: &'a Placeholders,
    ) -> Result<Option<Cow<'a, Attribute>>, Failure> {
        Ok(match self {
            Self::Attribute(name) => item.get(placeholders.name(name)?).map(Cow::Borrowed),
            Self::Value(placeholder) => Some(Cow::Borrowed(placeholders.value(placeholder)?)),
            Self::OrElse(name, other) => match item.get(placeholders.name(name)?) {
                Some(attribute) => Some(Cow::Borrowed(attribute)),
                None => other.of(item, placeholders)?,
            },
            Self::Sum { one, other, is_taken_away } => {
                match (one.of(item, placeholders)?, other.of(item, placeholders)?) {
                    (Some(one), Some(other)) => Some(Cow::Owned(one.plus(&other, *is_taken_away)?)),
                    _ => None,
                }
            }
        })
    }
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Condition {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let mut tokens = Tokens::new(text);
        let condition = any(&mut tokens)?;
        tokens.end()?;
        Ok(condition)
    }

    /// Whether the condition holds for an item; a missing item has no attributes.
    pub(super) fn holds(&self, item: &Attributes, placeholders: &Placeholders) -> Result<bool, Failure> {
        let compare = |one: &Operand, comparison: Comparison, other: &Operand| {
            let (Some(one), Some(other)) = (one.of(item, placeholders)?, other.of(item, placeholders)?) else {
                return Ok(false);
            };
            Ok(one.compare(&other)?.is_some_and(|ordering| comparison.holds(ordering)))
        };
        match self {
            Self::All(parts) => {
                // Evaluate both sides, so that an unsupported operand is found wherever it is.
                let parts: Vec<bool> =
                    parts.iter().map(|part| part.holds(item, placeholders)).collect::<Result<_, _>>()?;
                Ok(parts.into_iter().all(|holds| holds))
            }
            Self::Any(parts) => {
                let parts: Vec<bool> =
                    parts.iter().map(|part| part.holds(item, placeholders)).collect::<Result<_, _>>()?;
                Ok(parts.into_iter().any(|holds| holds))
            }
            Self::Exists(name) => Ok(item.contains_key(placeholders.name(name)?)),
            Self::Absent(name) => Ok(!item.contains_key(placeholders.name(name)?)),
            Self::BeginsWith(name, prefix) => {
                match (item.get(placeholders.name(name)?), prefix.of(item, placeholders)?.as_deref()) {
                    (Some(Attribute::S(text)), Some(Attribute::S(prefix))) => Ok(text.starts_with(prefix.as_str())),
                    (None, Some(Attribute::S(_))) => Ok(false),
                    other => Err(Failure::unknown(format!("begins_with of {other:?}"))),
                }
            }
            Self::Between(one, low, high) => {
                Ok(compare(one, Comparison::GreaterOrEqual, low)? && compare(one, Comparison::LessOrEqual, high)?)
            }
            Self::Compare(one, comparison, other) => compare(one, *comparison, other),
        }
    }

    /// The value that the condition requires for that attribute.
    pub(super) fn equal<'a>(
        &self,
        attribute: &str,
        placeholders: &'a Placeholders,
    ) -> Result<Option<&'a Attribute>, Failure> {
        match self {
            Self::Compare(Operand::Attribute(name), Comparison::Equal, Operand::Value(placeholder))
                if placeholders.name(name)? == attribute =>
            {
                placeholders.value(placeholder).map(Some)
            }
            Self::All(parts) => {
                for part in parts {
                    if let found @ Some(_) = part.equal(attribute, placeholders)? {
                        return Ok(found);
                    }
                }
                Ok(None)
            }
            _ => Ok(None),
        }
    }
}

impl Update {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let mut tokens = Tokens::new(text);
        let mut update = Self::default();
        loop {
            match tokens.word()?.as_str() {
                "SET" => tokens.list(|tokens| {
                    let name = name(tokens)?;
                    tokens.must_be("=")?;
                    update.sets.push((name, sum(tokens)?));
                    Ok(())
                })?,
                "REMOVE" => tokens.list(|tokens| {
                    update.removes.push(name(tokens)?);
                    Ok(())
                })?,
                "ADD" => tokens.list(|tokens| {
                    let name = name(tokens)?;
                    update.adds.push((name, operand(tokens)?));
                    Ok(())
                })?,
                other => return Err(tokens.unknown(other)),
            }
            if tokens.is_at_end() {
                return Ok(update);
            }
        }
    }

    /// The updated item; every operand refers to the item before the update.
    pub(super) fn apply(
        &self,
        before: &Attributes,
        mut after: Attributes,
        placeholders: &Placeholders,
    ) -> Result<Attributes, Failure> {
        for (name, operand) in &self.sets {
            let name = placeholders.name(name)?;
            let value = operand.of(before, placeholders)?;
            let value = value.ok_or_else(|| Failure::unknown(format!("to set {name} to what is not there")))?;
            after.insert(name.to_owned(), value.into_owned());
        }
        for name in &self.removes {
            after.remove(placeholders.name(name)?);
        }
        for (name, operand) in &self.adds {
            let name = placeholders.name(name)?;
            let zero = Attribute::N("0".to_owned());
            let added = operand
                .of(before, placeholders)?
                .ok_or_else(|| Failure::unknown(format!("to add nothing to {name}")))?;
            let sum = before.get(name).unwrap_or(&zero).plus(&added, false)?;
            after.insert(name.to_owned(), sum);
        }
        Ok(after)
    }
}

fn any(tokens: &mut Tokens<'_>) -> Result<Condition, Failure> {
    let first = all(tokens)?;
    let mut parts = vec![first];
    while tokens.take("OR") {
        parts.push(all(tokens)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
}

fn all(tokens: &mut Tokens<'_>) -> Result<Condition, Failure> {
    let first = condition(tokens)?;
    let mut parts = vec![first];
    while tokens.take("AND") {
        parts.push(condition(tokens)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
}

fn condition(tokens: &mut Tokens<'_>) -> Result<Condition, Failure> {
    if tokens.take("(") {
        let inner = any(tokens)?;
        tokens.must_be(")")?;
        return Ok(inner);
    }
    for (function, of) in [
        ("attribute_exists", Condition::Exists as fn(Name) -> Condition),
        ("attribute_not_exists", Condition::Absent as fn(Name) -> Condition),
    ] {
        if tokens.take(function) {
            tokens.must_be("(")?;
            let name = name(tokens)?;
            tokens.must_be(")")?;
            return Ok(of(name));
        }
    }
    if tokens.take("begins_with") {
        tokens.must_be("(")?;
        let name = name(tokens)?;
        tokens.must_be(",")?;
        let prefix = operand(tokens)?;
        tokens.must_be(")")?;
        return Ok(Condition::BeginsWith(name, prefix));
    }
    let one = operand(tokens)?;
    if tokens.take("BETWEEN") {
        let low = operand(tokens)?;
        tokens.must_be("AND")?;
        return Ok(Condition::Between(one, low, operand(tokens)?));
    }
    let comparison = match tokens.word()?.as_str() {
        "=" => Comparison::Equal,
        "<" => Comparison::Less,
        "<=" => Comparison::LessOrEqual,
        ">" => Comparison::Greater,
        ">=" => Comparison::GreaterOrEqual,
        other => return Err(tokens.unknown(other)),
    };
    Ok(Condition::Compare(one, comparison, operand(tokens)?))
}

fn sum(tokens: &mut Tokens<'_>) -> Result<Operand, Failure> {
    let one = operand(tokens)?;
    let is_taken_away = tokens.take("-");
    if !is_taken_away && !tokens.take("+") {
        return Ok(one);
    }
    Ok(Operand::Sum { one: Box::new(one), other: Box::new(operand(tokens)?), is_taken_away })
}

fn operand(tokens: &mut Tokens<'_>) -> Result<Operand, Failure> {
    if tokens.take("if_not_exists") {
        tokens.must_be("(")?;
        let name = name(tokens)?;
        tokens.must_be(",")?;
        let other = operand(tokens)?;
        tokens.must_be(")")?;
        return Ok(Operand::OrElse(name, Box::new(other)));
    }
    match tokens.next() {
        Some(Token::Value(placeholder)) => Ok(Operand::Value(placeholder.to_owned())),
        Some(Token::Name(name)) => Ok(Operand::Attribute(Name(name.to_owned()))),
        other => Err(tokens.unknown(&format!("{other:?}"))),
    }
}

fn name(tokens: &mut Tokens<'_>) -> Result<Name, Failure> {
    match tokens.next() {
        Some(Token::Name(name)) => Ok(Name(name.to_owned())),
        other => Err(tokens.unknown(&format!("{other:?}"))),
    }
}
