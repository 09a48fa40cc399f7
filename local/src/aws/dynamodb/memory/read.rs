//! `GetItem`, `BatchGetItem` and `Query`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::attribute::{self, Attribute, Attributes, Item};
use super::expression::{Parsed, Placeholders};
use super::table::{Index, State};
use super::{Failure, must_be_empty, take_text};

#[derive(Serialize)]
pub(super) struct Found {
    #[serde(rename = "Item", skip_serializing_if = "Option::is_none")]
    item: Option<Item>,
}

#[derive(Serialize)]
pub(super) struct FoundMany {
    #[serde(rename = "Responses")]
    responses: BTreeMap<String, Vec<Item>>,
    #[serde(rename = "UnprocessedKeys")]
    unprocessed: BTreeMap<String, Value>,
}

#[derive(Serialize)]
pub(super) struct Page {
    #[serde(rename = "Items")]
    items: Vec<Item>,
    #[serde(rename = "Count")]
    count: usize,
    #[serde(rename = "ScannedCount")]
    scanned: usize,
    #[serde(rename = "LastEvaluatedKey", skip_serializing_if = "Option::is_none")]
    last: Option<Attributes>,
}

/// Maximum keys per batch.
const KEYS_MAX: usize = 100;
/// Maximum bytes of a page; a batch may hold sixteen times as much, which nobody reaches.
const PAGE_BYTES_MAX: usize = 1024 * 1024;

pub(super) fn get(state: &State, mut request: Map<String, Value>) -> Result<Found, Failure> {
    of_this_table(state, &mut request)?;
    request.remove("ConsistentRead");
    let key = state.read_key(request.remove("Key").unwrap_or_default())?;
    must_be_empty(request)?;
    Ok(Found { item: state.get(&key).cloned() })
}

pub(super) fn batch_get(state: &State, mut request: Map<String, Value>) -> Result<FoundMany, Failure> {
    let Some(Value::Object(tables)) = request.remove("RequestItems") else { return Err(Failure::unknown("no keys")) };
    must_be_empty(request)?;
    let mut tables = tables.into_iter();
    let (Some((table, Value::Object(mut wanted))), None) = (tables.next(), tables.next()) else {
        return Err(Failure::unknown("keys of several tables"));
    };
    if table != state.name {
        return Err(Failure::unknown(format!("the table {table}")));
    }
    wanted.remove("ConsistentRead");
    let Some(Value::Array(keys)) = wanted.remove("Keys") else { return Err(Failure::unknown("no keys")) };
    must_be_empty(wanted)?;
    let mut keys: Vec<_> = keys.into_iter().map(|key| state.read_key(key)).collect::<Result<_, _>>()?;
    let items: Vec<_> = keys.iter().filter_map(|key| state.get(key).cloned()).collect();
    let count = keys.len();
    keys.sort();
    keys.dedup();
    if keys.len() != count || !(1..=KEYS_MAX).contains(&count) || size(&items) > PAGE_BYTES_MAX {
        return Err(Failure::unknown("a batch that is empty, too large, or has a key twice"));
    }
    Ok(FoundMany { responses: BTreeMap::from([(table, items)]), unprocessed: BTreeMap::new() })
}

fn size(items: &[Item]) -> usize {
    items.iter().map(|item| attribute::size_of(item)).sum()
}

fn of_this_table(state: &State, request: &mut Map<String, Value>) -> Result<(), Failure> {
    match take_text(request, "TableName")? {
        Some(table) if table == state.name => Ok(()),
        other => Err(Failure::unknown(format!("the table {other:?}"))),
    }
}

pub(super) fn query(state: &mut State, mut request: Map<String, Value>) -> Result<Page, Failure> {
    of_this_table(state, &mut request)?;
    let index = take_text(&mut request, "IndexName")?;
    let is_consistent = request.remove("ConsistentRead") == Some(Value::Bool(true));
    let condition = take_text(&mut request, "KeyConditionExpression")?.unwrap_or_default();
    let condition = state.condition(&condition)?;
    let placeholders = Placeholders::take(&mut request)?;
    placeholders.must_be_used(|placeholder| condition.has(placeholder))?;
    let names = take_text(&mut request, "ProjectionExpression")?;
    let is_backwards = request.remove("ScanIndexForward") == Some(Value::Bool(false));
    let limit = match request.remove("Limit") {
        None => usize::MAX,
        Some(limit) => limit.as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(0),
    };
    let start = request.remove("ExclusiveStartKey").map(attribute::read_all).transpose()?;
    must_be_empty(request)?;
    if limit == 0 || (is_consistent && index.is_some()) {
        return Err(Failure::unknown("a page of nothing, or a consistent one of an index"));
    }
    let index = match index {
        None => None,
        Some(name) => {
            let found = state.indexes.iter().find(|index| index.name == name);
            Some(found.ok_or_else(|| Failure::unknown(format!("the index {name}")))?)
        }
    };
    let wanted = Wanted { state, index, condition: &condition, placeholders: &placeholders };
    let mut page = wanted.page(is_backwards, start.as_ref(), limit)?;
    if let Some(names) = names {
        page.items = page.items.iter().map(|item| project(item, &names)).collect::<Result<_, _>>()?;
    }
    Ok(page)
}

/// The named attributes.
fn project(item: &Attributes, names: &str) -> Result<Item, Failure> {
    let mut projected = Attributes::new();
    for name in names.split(',').map(str::trim) {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(Failure::unknown(format!("the projection `{names}`")));
        }
        projected.extend(item.get(name).map(|attribute| (name.to_owned(), attribute.clone())));
    }
    Ok(projected.into())
}

/// The parameters of a query.
struct Wanted<'a> {
    state: &'a State,
    index: Option<&'a Index>,
    condition: &'a Parsed<super::expression::Condition>,
    placeholders: &'a Placeholders,
}

impl Wanted<'_> {
    fn page(&self, is_backwards: bool, start: Option<&Attributes>, limit: usize) -> Result<Page, Failure> {
        let hash = self.index.map_or(&self.state.hash, |index| &index.hash);
        let Some(Attribute::S(hash)) = self.condition.expression.equal(hash, self.placeholders)? else {
            return Err(Failure::unknown("a query of no partition"));
        };
        let mut entries: Vec<&Item> = match self.index {
            Some(index) => index.partition(hash).collect(),
            None => self.state.partition(hash).collect(),
        };
        if is_backwards {
            entries.reverse();
        }
        if let Some(start) = start {
            let start = self.place(start)?;
            let mut behind = Vec::new();
            for entry in entries {
                let place = self.place(entry)?;
                if if is_backwards { place < start } else { place > start } {
                    behind.push(entry);
                }
            }
            entries = behind;
        }
        let (mut items, mut last) = (Vec::new(), None);
        for entry in entries {
            if !self.condition.expression.holds(entry, self.placeholders)? {
                continue;
            }
            items.push(entry.clone());
            if items.len() == limit {
                last = Some(self.key(entry));
                break;
            }
        }
        if size(&items) > PAGE_BYTES_MAX {
            return Err(Failure::unknown("a page of more than 1 MB"));
        }
        Ok(Page { count: items.len(), scanned: items.len(), items, last })
    }

    fn place(&self, item: &Attributes) -> Result<super::table::Place, Failure> {
        let key = self.state.key_of(item)?;
        match self.index {
            Some(index) => index.place(&key, item).ok_or_else(|| Failure::unknown("a start that is no entry's")),
            None => Ok((key.0.clone(), super::table::Range::Text(key.1.clone()), String::new(), String::new())),
        }
    }

    /// The key to resume from.
    fn key(&self, item: &Attributes) -> Attributes {
        let table = [&self.state.hash, &self.state.range];
        let of_index = self.index.map(|index| [&index.hash, &index.range]).into_iter().flatten();
        let names = table.into_iter().chain(of_index);
        names.filter_map(|name| Some((name.clone(), item.get(name)?.clone()))).collect()
    }
}
