//! Hands out the properties of one mapping by name and rejects those that nobody read.

use super::{
    error::{Read, Refusal},
    scope::Scope,
    yaml::{Key, Node, Value},
};
use std::ops::RangeInclusive;

/// The entries of a mapping node.
pub(super) fn entries(node: &Node) -> Read<&[(Key, Node)]> {
    match (&node.tag, &node.value) {
        (None, Value::Map(entries)) => Ok(entries),
        _ => Err(Refusal::new(node.line, "a mapping is expected here")),
    }
}

/// The items of a list node.
pub(super) fn items(node: &Node) -> Read<&[Node]> {
    match (&node.tag, &node.value) {
        (None, Value::List(items)) => Ok(items),
        _ => Err(Refusal::new(node.line, "a list is expected here")),
    }
}

/// A mapping whose properties are being read.
pub(super) struct Fields<'s, 'a> {
    scope: &'s Scope,
    what: String,
    line: usize,
    left: Vec<(&'a Key, &'a Node)>,
}

impl<'s, 'a> Fields<'s, 'a> {
    /// Opens `node`, which messages call `what`.
    pub(super) fn open(scope: &'s Scope, what: impl Into<String>, node: &'a Node) -> Read<Self> {
        let left = entries(node)?.iter().map(|(key, value)| (key, value)).collect();
        Ok(Self { scope, what: what.into(), line: node.line, left })
    }

    /// The line on which the mapping begins.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// Reads a property.
    pub(super) fn take(&mut self, name: &str) -> Option<&'a Node> {
        let position = self.left.iter().position(|(key, _)| key.name == name)?;
        Some(self.left.swap_remove(position).1)
    }

    /// Reads a required property.
    pub(super) fn need(&mut self, name: &str) -> Read<&'a Node> {
        let missing = self.missing(name);
        self.take(name).ok_or(missing)
    }

    /// Reads a required text.
    pub(super) fn need_text(&mut self, name: &str) -> Read<String> {
        let node = self.need(name)?;
        self.scope.text(node)
    }

    /// Reads a text.
    pub(super) fn text(&mut self, name: &str) -> Read<Option<String>> {
        self.take(name).map(|node| self.scope.text(node)).transpose()
    }

    /// Reads a required text that must be one of `allowed`.
    pub(super) fn one_of(&mut self, name: &str, allowed: &[&str]) -> Read<Option<String>> {
        let Some(node) = self.take(name) else { return Ok(None) };
        let text = self.scope.text(node)?;
        if allowed.contains(&text.as_str()) {
            return Ok(Some(text));
        }
        let allowed = allowed.join("`, `");
        Err(Refusal::new(node.line, format!("{} `{name}` can be `{allowed}` in this stack, not `{text}`", self.what)))
    }

    /// Reads a required text that must be one of `allowed`.
    pub(super) fn need_one_of(&mut self, name: &str, allowed: &[&str]) -> Read<String> {
        let missing = self.missing(name);
        self.one_of(name, allowed)?.ok_or(missing)
    }

    /// Reads a whole number within `range`.
    pub(super) fn integer(&mut self, name: &str, range: RangeInclusive<i64>) -> Read<Option<i64>> {
        let Some(node) = self.take(name) else { return Ok(None) };
        let text = self.scope.text(node)?;
        match text.parse::<i64>() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(Refusal::new(
                node.line,
                format!(
                    "{} `{name}` is a whole number from {} to {}, not `{text}`",
                    self.what,
                    range.start(),
                    range.end()
                ),
            )),
        }
    }

    /// Reads a whole number within `range`; defaults to AWS's default.
    pub(super) fn count(&mut self, name: &str, range: RangeInclusive<u32>, default: u32) -> Read<u32> {
        let range = i64::from(*range.start())..=i64::from(*range.end());
        let number = self.integer(name, range)?.and_then(|number| u32::try_from(number).ok());
        Ok(number.unwrap_or(default))
    }

    /// Reads a required whole number within `range`.
    pub(super) fn need_count(&mut self, name: &str, range: RangeInclusive<u32>) -> Read<u32> {
        let missing = self.missing(name);
        let range = i64::from(*range.start())..=i64::from(*range.end());
        self.integer(name, range)?.and_then(|number| u32::try_from(number).ok()).ok_or(missing)
    }

    /// Reads `true` or `false`; defaults to AWS's default.
    pub(super) fn flag(&mut self, name: &str, default: bool) -> Read<bool> {
        Ok(self.one_of(name, &["true", "false"])?.map_or(default, |text| text == "true"))
    }

    fn missing(&self, name: &str) -> Refusal {
        Refusal::new(self.line, format!("{} needs the property `{name}`", self.what))
    }

    /// Ends the reading: a remaining property is one that this stack does not support.
    pub(super) fn finish(self) -> Read<()> {
        match self.left.iter().min_by_key(|(key, _)| key.line) {
            None => Ok(()),
            Some((key, _)) => Err(Refusal::new(
                key.line,
                format!("{} has no property `{}` that this stack understands", self.what, key.name),
            )),
        }
    }
}

/// A text, or a list of texts.
pub(super) fn texts(scope: &Scope, node: &Node) -> Read<Vec<(usize, String)>> {
    match (&node.tag, &node.value) {
        (None, Value::List(items)) => items.iter().map(|item| Ok((item.line, scope.text(item)?))).collect(),
        _ => Ok(vec![(node.line, scope.text(node)?)]),
    }
}
