//! `PutItem`, `UpdateItem`, `DeleteItem`, and transactions of them.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::attribute::{self, Attributes};
use super::expression::{Condition, Parsed, Placeholders, Update};
use super::table::{Key, State};
use super::{CONDITION_FAILED, Failure, Reason, must_be_empty, take_text};

/// The kind of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Put,
    Update,
    Delete,
}

/// A parsed write.
struct Write {
    key: Key,
    effect: Effect,
    condition: Option<Arc<Parsed<Condition>>>,
    placeholders: Placeholders,
    /// Whether to return the existing item if the condition fails.
    shows_item: bool,
}

enum Effect {
    Put(Attributes),
    Update(Arc<Parsed<Update>>),
    Delete,
}

/// Maximum writes per transaction.
const WRITES_MAX: usize = 100;

impl Write {
    fn read(state: &mut State, kind: Kind, mut request: Map<String, Value>) -> Result<Self, Failure> {
        let table = take_text(&mut request, "TableName")?;
        if table.as_ref() != Some(&state.name) {
            return Err(Failure::unknown(format!("the table {table:?}")));
        }
        let condition = take_text(&mut request, "ConditionExpression")?;
        let condition = condition.map(|text| state.condition(&text)).transpose()?;
        let placeholders = Placeholders::take(&mut request)?;
        let mut update = None;
        let (key, effect) = match kind {
            Kind::Put => {
                let item = attribute::read_all(request.remove("Item").unwrap_or_default())?;
                (state.key_of(&item)?, Effect::Put(item))
            }
            Kind::Update => {
                let text = take_text(&mut request, "UpdateExpression")?.unwrap_or_default();
                let parsed = state.update(&text)?;
                update = Some(Arc::clone(&parsed));
                (state.read_key(request.remove("Key").unwrap_or_default())?, Effect::Update(parsed))
            }
            Kind::Delete => (state.read_key(request.remove("Key").unwrap_or_default())?, Effect::Delete),
        };
        let in_condition = |placeholder: &str| condition.as_ref().is_some_and(|parsed| parsed.has(placeholder));
        let in_update = |placeholder: &str| update.as_ref().is_some_and(|parsed| parsed.has(placeholder));
        placeholders.must_be_used(|placeholder| in_condition(placeholder) || in_update(placeholder))?;
        let shows_item = match take_text(&mut request, "ReturnValuesOnConditionCheckFailure")?.as_deref() {
            None | Some("NONE") => false,
            Some("ALL_OLD") => true,
            Some(other) => return Err(Failure::unknown(format!("to return {other}"))),
        };
        must_be_empty(request)?;
        Ok(Self { key, effect, condition, placeholders, shows_item })
    }

    /// The item after the write, if the condition holds.
    fn outcome(&self, state: &State) -> Result<Option<Attributes>, Failure> {
        let found = state.get(&self.key);
        let nothing = Attributes::new();
        let before = found.map_or(&nothing, |item| item);
        if let Some(condition) = &self.condition
            && !condition.expression.holds(before, &self.placeholders)?
        {
            return Err(Failure::Condition(found.filter(|_| self.shows_item).cloned()));
        }
        Ok(match &self.effect {
            Effect::Put(item) => Some(item.clone()),
            Effect::Delete => None,
            Effect::Update(update) => {
                let mut after = before.clone();
                if found.is_none() {
                    let (hash, range) = self.key.clone();
                    after.insert(state.hash.clone(), attribute::Attribute::S(hash));
                    after.insert(state.range.clone(), attribute::Attribute::S(range));
                }
                let after = update.expression.apply(before, after, &self.placeholders)?;
                if state.key_of(&after)? != self.key {
                    return Err(Failure::unknown("an update of a key"));
                }
                Some(after)
            }
        })
    }
}

pub(super) fn one(state: &mut State, kind: Kind, request: Map<String, Value>) -> Result<String, Failure> {
    let write = Write::read(state, kind, request)?;
    let after = write.outcome(state)?;
    state.put(write.key, after)?;
    Ok("{}".to_owned())
}

/// Writes all entries or none.
pub(super) fn transaction(state: &mut State, mut request: Map<String, Value>) -> Result<String, Failure> {
    let Some(token) = take_text(&mut request, "ClientRequestToken")? else {
        return Err(Failure::unknown("no token, which the SDK sends"));
    };
    let entries = request.remove("TransactItems").unwrap_or_default();
    must_be_empty(request)?;
    if state.is_repeated(&token, &entries)? {
        return Ok("{}".to_owned());
    }
    let writes = read_all(state, entries.clone())?;
    let mut reasons = Vec::with_capacity(writes.len());
    let mut outcomes = Vec::with_capacity(writes.len());
    for write in writes {
        let mut reason = Reason { code: "None", message: None, item: None };
        match write.outcome(state) {
            Ok(after) => outcomes.push((write.key, after)),
            Err(Failure::Condition(item)) => {
                reason = Reason { code: "ConditionalCheckFailed", message: Some(CONDITION_FAILED), item };
            }
            Err(other) => return Err(other),
        }
        reasons.push(reason);
    }
    if reasons.iter().any(|reason| reason.message.is_some()) {
        return Err(Failure::Cancelled(reasons));
    }
    for (key, after) in outcomes {
        state.put(key, after)?;
    }
    state.keep_token(token, entries);
    Ok("{}".to_owned())
}

fn read_all(state: &mut State, entries: Value) -> Result<Vec<Write>, Failure> {
    let Value::Array(entries) = entries else { return Err(Failure::unknown("no writes")) };
    let mut writes = Vec::with_capacity(entries.len());
    for entry in entries {
        let Value::Object(entry) = entry else { return Err(Failure::unknown("a write without members")) };
        let mut entry = entry.into_iter();
        let (Some((kind, Value::Object(request))), None) = (entry.next(), entry.next()) else {
            return Err(Failure::unknown("a write of several kinds"));
        };
        let kind = match kind.as_str() {
            "Put" => Kind::Put,
            "Update" => Kind::Update,
            "Delete" => Kind::Delete,
            other => return Err(Failure::unknown(format!("a {other} in a transaction"))),
        };
        writes.push(Write::read(state, kind, request)?);
    }
    let mut keys: Vec<&Key> = writes.iter().map(|write| &write.key).collect();
    keys.sort();
    keys.dedup();
    if keys.len() != writes.len() || !(1..=WRITES_MAX).contains(&writes.len()) {
        return Err(Failure::unknown("a transaction that is empty, too large, or has an item twice"));
    }
    Ok(writes)
}
