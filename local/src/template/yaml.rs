//! YAML as a tree with line numbers and intrinsic tags.
//!
//! The common deserialisers lose both. CloudFormation's YAML is a subset: no anchors, no aliases, no merge keys, one
//! document; a duplicate key is a mistake that most parsers hide by keeping the last value.

use super::error::{Read, Refusal};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};
use std::collections::BTreeSet;

/// The intrinsic functions that this stack evaluates, in their short form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intrinsic {
    Ref,
    GetAtt,
    Sub,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) tag: Option<Intrinsic>,
    pub(super) value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) line: usize,
    pub(super) name: String,
}

/// Maximum nesting; bounds the recursion.
const DEEPEST: usize = 64;

/// Reads the single document of `text`.
pub(super) fn parse(text: &str) -> Read<Node> {
    let mut reader = Reader { parser: Parser::new_from_str(text) };
    reader.expect_start()?;
    let (event, span) = reader.next()?;
    let node = reader.node(event, span, 0)?;
    loop {
        match reader.next()? {
            (Event::DocumentEnd, _) => {}
            (Event::StreamEnd, _) => return Ok(node),
            (_, span) => return Err(Refusal::new(line(span), "a template is one YAML document; here starts another")),
        }
    }
}

struct Reader<'input> {
    parser: Parser<'input, StrInput<'input>>,
}

impl<'input> Reader<'input> {
    fn next(&mut self) -> Read<(Event<'input>, Span)> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, span)),
            Some(Err(error)) => Err(Refusal::new(error.marker().line(), format!("not YAML: {}", error.info()))),
            None => Err(Refusal::new(1, "not YAML: it ends in the middle")),
        }
    }

    fn expect_start(&mut self) -> Read<()> {
        loop {
            match self.next()? {
                (Event::StreamStart | Event::Nothing, _) => {}
                (Event::DocumentStart(_), _) => return Ok(()),
                (_, span) => return Err(Refusal::new(line(span), "the template is empty")),
            }
        }
    }

    fn node(&mut self, event: Event<'input>, span: Span, depth: usize) -> Read<Node> {
        let line = line(span);
        if depth > DEEPEST {
            return Err(Refusal::new(line, format!("nested deeper than {DEEPEST} levels")));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                refuse_anchor(anchor, line)?;
                let tag = intrinsic(tag.as_deref(), line)?;
                // A plain `~` or nothing at all is null, for which no property of a template has a meaning.
                if tag.is_none() && style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL")
                {
                    return Err(Refusal::new(line, "a value is missing"));
                }
                Ok(Node { line, tag, value: Value::Scalar(text.into_owned()) })
            }
            Event::SequenceStart(anchor, tag) => {
                refuse_anchor(anchor, line)?;
                let tag = intrinsic(tag.as_deref(), line)?;
                Ok(Node { line, tag, value: Value::List(self.list(depth)?) })
            }
            Event::MappingStart(anchor, tag) => {
                refuse_anchor(anchor, line)?;
                let tag = intrinsic(tag.as_deref(), line)?;
                Ok(Node { line, tag, value: Value::Map(self.map(depth)?) })
            }
            Event::Alias(_) => Err(Refusal::new(line, "CloudFormation has no YAML aliases")),
            _ => Err(Refusal::new(line, "a value is missing")),
        }
    }

    fn list(&mut self, depth: usize) -> Read<Vec<Node>> {
        let mut nodes = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(nodes),
                (event, span) => nodes.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Read<Vec<(Key, Node)>> {
        let mut entries = Vec::new();
        let mut names = BTreeSet::new();
        loop {
            let (event, span) = self.next()?;
            let line = line(span);
            let name = match event {
                Event::MappingEnd => return Ok(entries),
                Event::Scalar(text, _, 0, None) => text.into_owned(),
                _ => return Err(Refusal::new(line, "a key is plain text")),
            };
            if !names.insert(name.clone()) {
                return Err(Refusal::new(line, format!("the key `{name}` stands here twice")));
            }
            let (event, span) = self.next()?;
            entries.push((Key { line, name }, self.node(event, span, depth + 1)?));
        }
    }
}

fn line(span: Span) -> usize {
    span.start.line()
}

fn refuse_anchor(anchor: usize, line: usize) -> Read<()> {
    if anchor == 0 { Ok(()) } else { Err(Refusal::new(line, "CloudFormation has no YAML anchors")) }
}

fn intrinsic(tag: Option<&Tag>, line: usize) -> Read<Option<Intrinsic>> {
    let Some(tag) = tag else { return Ok(None) };
    match (tag.handle.as_str(), tag.suffix.as_str()) {
        ("!", "Ref") => Ok(Some(Intrinsic::Ref)),
        ("!", "GetAtt") => Ok(Some(Intrinsic::GetAtt)),
        ("!", "Sub") => Ok(Some(Intrinsic::Sub)),
        _ => Err(Refusal::new(line, format!("the intrinsic function `{tag}` is not one that this stack understands"))),
    }
}
