//! Items ordered by their keys, the index entries, and the stream.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Value, json};

use super::attribute::{self, Attribute, Attributes, Item};
use super::expression::{Condition, Parsed, Update};
use super::{Failure, SequenceNumber};
use crate::aws::sqs::Clock;
use crate::template::{self, Projection, ScalarType};

/// A table key; both parts are strings.
pub(super) type Key = (String, String);
/// A position in an index: its key, then the table's key.
pub(super) type Place = (String, Range, String, String);

/// The range key of an index entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Range {
    Text(String),
    Number(i64),
}

/// One table.
pub(super) struct State {
    pub(super) name: String,
    pub(super) hash: String,
    pub(super) range: String,
    clock: Option<Arc<dyn Clock>>,
    items: BTreeMap<Key, Item>,
    pub(super) indexes: Vec<Index>,
    stream_view: Option<String>,
    stream: Vec<Change>,
    /// Tokens of completed transactions, with their writes and time.
    tokens: HashMap<String, (i64, Value)>,
    conditions: HashMap<String, Arc<Parsed<Condition>>>,
    updates: HashMap<String, Arc<Parsed<Update>>>,
    pub(super) unknown: Vec<String>,
}

/// A sparse index with keys only.
#[derive(Clone)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) hash: String,
    pub(super) range: String,
    /// Whether the range key is a number; otherwise it is a string.
    is_number: bool,
    entries: BTreeMap<Place, Item>,
}

/// A write as the stream reports it.
struct Change {
    key: Key,
    before: Option<Item>,
    after: Option<Item>,
    at_seconds: i64,
}

/// How long a transaction's token identifies it.
const TOKEN_MS: i64 = 600_000;
/// Maximum item size.
const ITEM_BYTES_MAX: usize = 400 * 1024;
/// Sequence numbers have 21 digits; this is the first.
const SEQUENCE_FIRST: u128 = 100_000_000_000_000_000_000;

impl State {
    pub(super) fn new(table: &template::Table) -> Result<Self, String> {
        let keys = |key: &[template::KeyAttribute]| match key {
            [hash, range] => Ok((hash.name.clone(), range.name.clone())),
            _ => Err("a key that has not two parts".to_owned()),
        };
        let index = |index: &template::Index| {
            let (hash, range) = keys(&index.key)?;
            if index.projection != Projection::KeysOnly {
                return Err(format!("index {} has more than keys", index.name));
            }
            let is_number = match table.attributes.get(&range) {
                Some(ScalarType::S) => false,
                Some(ScalarType::N) => true,
                other => return Err(format!("index {} has a range key of kind {other:?}", index.name)),
            };
            Ok(Index { name: index.name.clone(), hash, range, is_number, entries: BTreeMap::new() })
        };
        let (hash, range) = keys(&table.key)?;
        Ok(Self {
            name: table.name.clone(),
            hash,
            range,
            clock: None,
            items: BTreeMap::new(),
            indexes: table.indexes.iter().map(index).collect::<Result<_, _>>()?,
            stream_view: table.stream_view.clone(),
            stream: Vec::new(),
            tokens: HashMap::new(),
            conditions: HashMap::new(),
            updates: HashMap::new(),
            unknown: Vec::new(),
        })
    }

    pub(super) fn copy(&self, clock: Arc<dyn Clock>) -> Self {
        Self {
            name: self.name.clone(),
            hash: self.hash.clone(),
            range: self.range.clone(),
            clock: Some(clock),
            items: self.items.clone(),
            indexes: self.indexes.clone(),
            stream_view: self.stream_view.clone(),
            stream: Vec::new(),
            tokens: HashMap::new(),
            conditions: self.conditions.clone(),
            updates: self.updates.clone(),
            unknown: Vec::new(),
        }
    }

    fn now_ms(&self) -> i64 {
        self.clock.as_ref().map_or(0, |clock| clock.now_ms())
    }

    /// Whether a transaction with that token was written; reusing a token for another transaction is unsupported.
    pub(super) fn is_repeated(&self, token: &str, writes: &Value) -> Result<bool, Failure> {
        match self.tokens.get(token) {
            Some((at_ms, _)) if self.now_ms().saturating_sub(*at_ms) > TOKEN_MS => Ok(false),
            Some((_, written)) if written == writes => Ok(true),
            Some(_) => Err(Failure::unknown("the token of another transaction")),
            None => Ok(false),
        }
    }

    pub(super) fn keep_token(&mut self, token: String, writes: Value) {
        let now_ms = self.now_ms();
        self.tokens.insert(token, (now_ms, writes));
    }

    pub(super) fn condition(&mut self, text: &str) -> Result<Arc<Parsed<Condition>>, Failure> {
        kept(&mut self.conditions, text, Condition::parse)
    }

    pub(super) fn update(&mut self, text: &str) -> Result<Arc<Parsed<Update>>, Failure> {
        kept(&mut self.updates, text, Update::parse)
    }

    /// The key of an item.
    pub(super) fn key_of(&self, item: &Attributes) -> Result<Key, Failure> {
        match (item.get(&self.hash), item.get(&self.range)) {
            (Some(Attribute::S(hash)), Some(Attribute::S(range))) if !hash.is_empty() && !range.is_empty() => {
                Ok((hash.clone(), range.clone()))
            }
            other => Err(Failure::unknown(format!("the key {other:?}"))),
        }
    }

    /// A key without other attributes.
    pub(super) fn read_key(&self, key: Value) -> Result<Key, Failure> {
        let members = attribute::read_all(key)?;
        if members.len() != 2 {
            return Err(Failure::unknown(format!("the key {members:?}")));
        }
        self.key_of(&members)
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Item> {
        self.items.get(key)
    }

    /// Writes or deletes an item in the table, its indexes and the stream.
    pub(super) fn put(&mut self, key: Key, after: Option<Attributes>) -> Result<(), Failure> {
        let after = after.map(Item::from);
        if let Some(after) = &after {
            self.check(after)?;
        }
        let before = match &after {
            Some(after) => self.items.insert(key.clone(), after.clone()),
            None => self.items.remove(&key),
        };
        for index in &mut self.indexes {
            let place = |item: &Option<Item>| item.as_ref().and_then(|item| index.place(&key, item));
            let (left, taken) = (place(&before), place(&after));
            if left == taken {
                continue;
            }
            if let Some(left) = left {
                index.entries.remove(&left);
            }
            if let (Some(taken), Some(after)) = (taken, &after) {
                let names = [&self.hash, &self.range, &index.hash, &index.range];
                let entry = names.into_iter().filter_map(|name| Some((name.clone(), after.get(name)?.clone())));
                index.entries.insert(taken, entry.collect::<Attributes>().into());
            }
        }
        if self.stream_view.is_some() && (before.is_some() || after.is_some()) {
            let at_seconds = self.now_ms() / 1000;
            self.stream.push(Change { key, before, after, at_seconds });
        }
        Ok(())
    }

    /// Checks that DynamoDB would accept the item.
    fn check(&self, item: &Attributes) -> Result<(), Failure> {
        if attribute::size_of(item) > ITEM_BYTES_MAX {
            return Err(Failure::unknown("an item of more than 400 KB"));
        }
        for index in &self.indexes {
            let is_wrong_hash = |hash: &Attribute| !matches!(hash, Attribute::S(text) if !text.is_empty());
            let is_wrong = item.get(&index.hash).is_some_and(is_wrong_hash)
                || item.get(&index.range).is_some_and(|range| index.range_of(range).is_none());
            if is_wrong {
                return Err(Failure::unknown(format!("a key of index {} of another kind", index.name)));
            }
        }
        Ok(())
    }

    /// The items of a partition, in order.
    pub(super) fn partition(&self, hash: &str) -> impl DoubleEndedIterator<Item = &Item> {
        let from = Bound::Included((hash.to_owned(), String::new()));
        let to = Bound::Excluded((after(hash), String::new()));
        self.items.range((from, to)).map(|(_, item)| item)
    }

    /// All items, or all entries of an index.
    pub(super) fn all(&self, index: Option<&str>) -> Vec<Item> {
        match index {
            None => self.items.values().cloned().collect(),
            Some(name) => {
                let index = self.indexes.iter().filter(|index| index.name == name);
                index.flat_map(|index| index.entries.values().cloned()).collect()
            }
        }
    }

    pub(super) fn records(&self, after: Option<&SequenceNumber>, limit: usize) -> Vec<Value> {
        let after = after.and_then(|place| place.as_str().parse::<u128>().ok()?.checked_sub(SEQUENCE_FIRST));
        let skipped = after.and_then(|place| usize::try_from(place).ok()).map_or(0, |place| place.saturating_add(1));
        let changes = self.stream.iter().enumerate().skip(skipped).take(limit);
        changes.map(|(place, change)| self.record(place, change)).collect()
    }

    fn record(&self, place: usize, change: &Change) -> Value {
        let name = match (&change.before, &change.after) {
            (None, _) => "INSERT",
            (Some(_), Some(_)) => "MODIFY",
            (Some(_), None) => "REMOVE",
        };
        let number = u128::try_from(place).unwrap_or_default().saturating_add(SEQUENCE_FIRST).to_string();
        let images = [&change.before, &change.after];
        let size = images.into_iter().flatten().fold(0, |size, image| size + attribute::size_of(image));
        let mut record = json!({
            "Keys": {&self.hash: {"S": change.key.0}, &self.range: {"S": change.key.1}},
            "SequenceNumber": number,
            "SizeBytes": size,
            "StreamViewType": self.stream_view,
            "ApproximateCreationDateTime": change.at_seconds,
        });
        if let Some(members) = record.as_object_mut() {
            let images = [("OldImage", &change.before), ("NewImage", &change.after)];
            members
                .extend(images.into_iter().filter_map(|(name, image)| Some((name.to_owned(), json!(image.as_ref()?)))));
        }
        json!({
            "eventID": format!("{place:032x}"),
            "eventName": name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "dynamodb": record,
        })
    }
}

fn kept<T>(
    parsed: &mut HashMap<String, Arc<Parsed<T>>>,
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, Failure>,
) -> Result<Arc<Parsed<T>>, Failure> {
    if let Some(found) = parsed.get(text) {
        return Ok(Arc::clone(found));
    }
    let new = Arc::new(Parsed::new(text, parse)?);
    parsed.insert(text.to_owned(), Arc::clone(&new));
    Ok(new)
}

/// The immediate successor in string order.
fn after(text: &str) -> String {
    format!("{text}\0")
}

impl Index {
    /// The range key, if it has the index's type.
    fn range_of(&self, attribute: &Attribute) -> Option<Range> {
        match attribute {
            Attribute::S(text) if !self.is_number && !text.is_empty() => Some(Range::Text(text.clone())),
            Attribute::N(number) if self.is_number => number.parse().ok().map(Range::Number),
            _ => None,
        }
    }

    /// The item's position, if it has both keys.
    pub(super) fn place(&self, key: &Key, item: &Attributes) -> Option<Place> {
        let Attribute::S(hash) = item.get(&self.hash)? else { return None };
        Some((hash.clone(), self.range_of(item.get(&self.range)?)?, key.0.clone(), key.1.clone()))
    }

    /// The entries of a partition, in order.
    pub(super) fn partition(&self, hash: &str) -> impl DoubleEndedIterator<Item = &Item> {
        let least = || Range::Text(String::new());
        let from = Bound::Included((hash.to_owned(), least(), String::new(), String::new()));
        let to = Bound::Excluded((after(hash), least(), String::new(), String::new()));
        self.entries.range((from, to)).map(|(_, entry)| entry)
    }
}
