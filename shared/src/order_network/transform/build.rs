//! Applying rules: the order that is being built.

use super::pointer::{Pointer, Token, index};
use super::rule::{Convert, Rule, Source};
use super::tree::Tree;
use super::{Finding, Transformed};
use crate::Code;
use crate::limits::{ITEMS_MAX, ORDER_BYTES_MAX, VIOLATIONS_MAX};
use crate::order_network::problem::Violation;
use crate::order_network::reference_token::escaped;
use crate::validation::Place;

/// Bytes that all rules together may write. A body beyond this would be rejected, unless rules overwrite each other's
/// output.
const WRITTEN_BYTES_MAX: usize = 4 * ORDER_BYTES_MAX;

/// Bytes of an unwritten element, with its comma.
const NULL_BYTES: usize = 5;

/// An order that is being built.
pub(super) struct Build<'s> {
    foreign: &'s Tree,
    body: Tree,
    findings: Vec<Finding>,
    /// Bytes that may still be written.
    left: usize,
}

/// A step of a path in the order.
#[derive(Clone, Copy)]
enum Step<'p> {
    /// A member, even if its name looks like an index.
    Member(&'p str),
    /// A member, or an element if the name is an index: the rules of orders do not know this place.
    Name(&'p str),
    Element(usize),
}

/// A place that a rule reads in the foreign body: the indexes of its elements, and its value.
struct Met<'s> {
    indexes: Vec<usize>,
    value: Option<&'s Tree>,
}

impl<'s> Build<'s> {
    pub(super) fn new(foreign: &'s Tree) -> Self {
        Self { foreign, body: Tree::null(), findings: Vec::new(), left: WRITTEN_BYTES_MAX }
    }

    pub(super) fn finish(self) -> Transformed {
        Transformed { body: self.body, findings: self.findings }
    }

    /// Applies a rule; does nothing once the order is too large.
    pub(super) fn apply(&mut self, rule: &Rule) {
        let (pointer, default, convert) = match rule.source() {
            Source::Constant(constant) => return self.write_everywhere(rule, Some(constant)),
            Source::From { pointer, default, convert } => (pointer, default.as_ref(), *convert),
        };
        for met in self.read(rule, pointer) {
            if self.left == 0 {
                return;
            }
            let converted = met.value.and_then(|value| self.convert(rule, value, convert, &met.indexes));
            let value = converted.as_ref().or(default);
            if met.indexes.is_empty() {
                self.write_everywhere(rule, value);
            } else {
                self.write(rule, &met.indexes, value);
            }
        }
    }

    /// All places in the foreign body that the pointer matches, with or without a value.
    fn read(&mut self, rule: &Rule, pointer: &Pointer) -> Vec<Met<'s>> {
        let mut met = vec![Met { indexes: Vec::new(), value: Some(self.foreign) }];
        for token in pointer.tokens() {
            let mut next = Vec::new();
            for Met { indexes, value } in met {
                match (token, value) {
                    (Token::Name(name), _) => {
                        next.push(Met { indexes, value: value.and_then(|value| value.get(name)) });
                    }
                    (Token::Each, Some(Tree::Array(elements))) => {
                        next.extend(elements.iter().enumerate().map(|(index, element)| {
                            let indexes = indexes.iter().copied().chain([index]).collect();
                            Met { indexes, value: Some(element) }
                        }));
                    }
                    (Token::Each, Some(value)) if !value.is_nothing() => self.no_array(rule, pointer, &indexes),
                    (Token::Each, _) => {}
                }
            }
            met = next;
        }
        for met in &mut met {
            met.value = met.value.filter(|value| !value.is_nothing());
        }
        met
    }

    /// Reports a value before a `*` of `from` that is not an array.
    fn no_array(&mut self, rule: &Rule, pointer: &Pointer, indexes: &[usize]) {
        let before = |pointer: &Pointer| {
            let place = pointer.with(indexes);
            place.split("/*").next().unwrap_or_default().to_owned()
        };
        let (source, place) = (before(pointer), before(rule.to()));
        let message = format!("must be an array at `{source}` of the body that was sent, for it is read as one");
        self.find(Violation::new(Code::WrongType, place, message, None), Some(source));
    }

    /// Converts a value as the rule says; reports a failure and returns `None`.
    fn convert(&mut self, rule: &Rule, value: &Tree, convert: Option<Convert>, indexes: &[usize]) -> Option<Tree> {
        let Some(convert) = convert else { return Some(value.clone()) };
        let converted = match (convert, value) {
            (_, Tree::Array(_) | Tree::Object(_)) => None,
            (Convert::String, Tree::Scalar(text)) if text.starts_with('"') => Some(text.clone()),
            (Convert::String, Tree::Scalar(text)) => Some(format!("\"{text}\"")),
            (Convert::Number, Tree::Scalar(text)) => number(value.text().as_ref().unwrap_or(text)),
        };
        if converted.is_none() {
            let place = rule.to().with(indexes);
            let source = rule.source_of(&place);
            let (code, written) = match value {
                Tree::Scalar(text) => (Code::InvalidFormat, text.as_str()),
                Tree::Array(_) | Tree::Object(_) => (Code::WrongType, "[]"),
            };
            let wanted = match convert {
                Convert::String => "a string, a number or a boolean",
                Convert::Number => "a number, or a string of its digits",
            };
            self.find(Violation::must_be(code, place, wanted, written), source);
        }
        converted.map(Tree::Scalar)
    }

    /// Writes a value at each place that `to` matches in the present order.
    fn write_everywhere(&mut self, rule: &Rule, value: Option<&Tree>) {
        if value.is_none() {
            return;
        }
        let mut indexes: Vec<(Vec<usize>, Option<&Tree>)> = vec![(Vec::new(), Some(&self.body))];
        for token in rule.to().tokens() {
            indexes = match token {
                Token::Name(name) => {
                    indexes.into_iter().map(|(indexes, tree)| (indexes, tree.and_then(|tree| tree.get(name)))).collect()
                }
                Token::Each => indexes.into_iter().flat_map(|(indexes, tree)| elements(&indexes, tree)).collect(),
            };
        }
        let indexes: Vec<Vec<usize>> = indexes.into_iter().map(|(indexes, _)| indexes).collect();
        for indexes in indexes {
            self.write(rule, &indexes, value);
        }
    }

    /// Writes a value at one place; without a value, creates only the element that would contain it.
    fn write(&mut self, rule: &Rule, indexes: &[usize], value: Option<&Tree>) {
        let bytes = value.map_or(1, Tree::bytes).saturating_add(rule.to().depth());
        let Some(left) = self.left.checked_sub(bytes).filter(|left| *left > 0) else { return self.too_large() };
        self.left = left;
        let steps = steps(rule.to(), indexes);
        let ensured = match value {
            Some(_) => steps.len(),
            None => {
                steps.iter().rposition(|step| matches!(step, Step::Element(_))).map_or(0, |at| at.saturating_add(1))
            }
        };
        let (made, rest) = steps.split_at_checked(ensured).unwrap_or((&steps, &[]));
        match place(&mut self.body, made, &mut self.left) {
            Ok(slot) => match (value, rest.first()) {
                (Some(value), _) => *slot = value.clone(),
                (None, Some(next)) if slot.is_null() => *slot = next.container(),
                (None, _) => {}
            },
            Err(_) if self.left == 0 => self.too_large(),
            Err(taken) => self.blocked(rule, made.get(..taken).unwrap_or_default(), made.get(taken)),
        }
    }

    fn too_large(&mut self) {
        self.left = 0;
        let message = format!("the rules write more than {WRITTEN_BYTES_MAX} bytes");
        self.find(Violation::new(Code::PayloadTooLarge, String::new(), message, None), None);
    }

    /// Reports a value on the way that is neither an object nor an array with the place.
    fn blocked(&mut self, rule: &Rule, way: &[Step<'_>], next: Option<&Step<'_>>) {
        let place: String = way.iter().map(Step::written).collect();
        let wanted = match next {
            Some(Step::Element(_)) => "an array",
            _ => "an object, or an array with such an index",
        };
        let message = format!("must be {wanted}, for a rule writes `{}`", rule.to());
        self.find(Violation::new(Code::WrongType, place, message, None), None);
    }

    fn find(&mut self, violation: Violation, source: Option<String>) {
        let finding = Finding { violation, source };
        if self.findings.len() < VIOLATIONS_MAX && !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
}

impl<'p> Step<'p> {
    /// An empty container for this step.
    fn container(&self) -> Tree {
        match self {
            Self::Name(name) if index(name).is_some() => Tree::Array(Vec::new()),
            Self::Name(_) | Self::Member(_) => Tree::Object(Vec::new()),
            Self::Element(_) => Tree::Array(Vec::new()),
        }
    }

    fn written(&self) -> String {
        match self {
            Self::Name(name) | Self::Member(name) => format!("/{}", escaped(name)),
            Self::Element(index) => format!("/{index}"),
        }
    }
}

fn steps<'p>(pointer: &'p Pointer, indexes: &[usize]) -> Vec<Step<'p>> {
    let (mut indexes, mut at) = (indexes.iter().copied(), Place::order());
    let step = |token: &'p Token| {
        let before = at;
        at = token.enter(at);
        match token {
            Token::Each => Step::Element(indexes.next().unwrap_or_default()),
            Token::Name(name) if before.has_members() => Step::Member(name),
            Token::Name(name) if before.is_array() => index(name).map_or(Step::Name(name), Step::Element),
            Token::Name(name) => Step::Name(name),
        }
    };
    pointer.tokens().iter().map(step).collect()
}

/// The place at the end of the steps, created if missing; else the number of steps that succeeded. New elements reduce
/// `left`, which is zero if that was the reason for the failure.
fn place<'t>(body: &'t mut Tree, steps: &[Step<'_>], left: &mut usize) -> Result<&'t mut Tree, usize> {
    let mut tree = body;
    for (taken, step) in steps.iter().enumerate() {
        if tree.is_null() {
            *tree = step.container();
        }
        let found = match (tree, step) {
            (Tree::Object(members), Step::Name(name) | Step::Member(name)) => member(members, name),
            (Tree::Array(elements), Step::Element(index)) => element(elements, *index, left),
            (Tree::Array(elements), Step::Name(name)) => {
                let index = index(name).filter(|index| *index < ITEMS_MAX).ok_or(taken)?;
                element(elements, index, left)
            }
            _ => None,
        };
        tree = found.ok_or(taken)?;
    }
    Ok(tree)
}

fn member<'t>(members: &'t mut Vec<(String, Tree)>, name: &str) -> Option<&'t mut Tree> {
    let found = members.iter().position(|(known, _)| known == name);
    let at = found.unwrap_or_else(|| {
        members.push((name.to_owned(), Tree::null()));
        members.len().saturating_sub(1)
    });
    members.get_mut(at).map(|(_, value)| value)
}

fn element<'t>(elements: &'t mut Vec<Tree>, index: usize, left: &mut usize) -> Option<&'t mut Tree> {
    let wanted = index.saturating_add(1);
    if elements.len() < wanted {
        let bytes = wanted.saturating_sub(elements.len()).saturating_mul(NULL_BYTES);
        *left = left.saturating_sub(bytes);
        if *left == 0 {
            return None;
        }
        elements.resize_with(wanted, Tree::null);
    }
    elements.get_mut(index)
}

fn elements<'t>(indexes: &[usize], tree: Option<&'t Tree>) -> Vec<(Vec<usize>, Option<&'t Tree>)> {
    let Some(Tree::Array(elements)) = tree else { return Vec::new() };
    let element = |(index, element)| (indexes.iter().copied().chain([index]).collect(), Some(element));
    elements.iter().enumerate().map(element).collect()
}

fn number(text: &str) -> Option<String> {
    let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && serde_json::from_str::<serde_json::Number>(text).is_ok()
        && !text.ends_with(|last: char| last.is_whitespace());
    is_number.then(|| text.to_owned())
}
