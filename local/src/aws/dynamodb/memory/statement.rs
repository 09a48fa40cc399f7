//! `BatchExecuteStatement` with inserts that succeed or fail individually.

use serde::Serialize;
use serde_json::{Map, Value};

use super::attribute::{Attribute, Attributes};
use super::table::State;
use super::{Failure, must_be_empty, take_text};

#[derive(Serialize)]
pub(super) struct Answers {
    #[serde(rename = "Responses")]
    responses: Vec<Answer>,
}

#[derive(Serialize)]
struct Answer {
    #[serde(rename = "Error", skip_serializing_if = "Option::is_none")]
    error: Option<Refused>,
    #[serde(rename = "TableName")]
    table: String,
}

#[derive(Serialize)]
struct Refused {
    #[serde(rename = "Code")]
    code: &'static str,
    #[serde(rename = "Message")]
    message: &'static str,
}

/// Maximum statements per batch.
const STATEMENTS_MAX: usize = 25;

pub(super) fn batch(state: &mut State, mut request: Map<String, Value>) -> Result<Answers, Failure> {
    let Some(Value::Array(statements)) = request.remove("Statements") else {
        return Err(Failure::unknown("no statements"));
    };
    must_be_empty(request)?;
    let items: Vec<_> = statements.into_iter().map(|statement| read(state, statement)).collect::<Result<_, _>>()?;
    let mut keys: Vec<_> = items.iter().map(|item| state.key_of(item)).collect::<Result<_, _>>()?;
    keys.sort();
    keys.dedup();
    if keys.len() != items.len() || !(1..=STATEMENTS_MAX).contains(&items.len()) {
        return Err(Failure::unknown("a batch that is empty, too large, or has an item twice"));
    }
    let mut responses = Vec::with_capacity(items.len());
    for item in items {
        let key = state.key_of(&item)?;
        let error = if state.get(&key).is_some() {
            Some(Refused { code: "DuplicateItem", message: "Duplicate primary key exists in table" })
        } else {
            state.put(key, Some(item))?;
            None
        };
        responses.push(Answer { error, table: state.name.clone() });
    }
    Ok(Answers { responses })
}

/// The item of `INSERT INTO "table" VALUE {'name': ?, 'name': ?}`.
fn read(state: &State, statement: Value) -> Result<Attributes, Failure> {
    let Value::Object(mut statement) = statement else { return Err(Failure::unknown("a statement without members")) };
    let text = take_text(&mut statement, "Statement")?.unwrap_or_default();
    let Some(Value::Array(parameters)) = statement.remove("Parameters") else {
        return Err(Failure::unknown("a statement without parameters"));
    };
    must_be_empty(statement)?;
    let unknown = || Failure::unknown(format!("the statement `{text}`"));
    let members = text.strip_prefix("INSERT INTO \"").and_then(|rest| rest.strip_prefix(state.name.as_str()));
    let members = members.and_then(|rest| rest.strip_prefix("\" VALUE {")?.strip_suffix('}')).ok_or_else(unknown)?;
    let names: Option<Vec<&str>> =
        members.split(", ").map(|member| member.strip_prefix('\'')?.strip_suffix("': ?")).collect();
    let names = names.filter(|names| names.len() == parameters.len()).ok_or_else(unknown)?;
    if names.iter().any(|name| name.contains(['\'', '"', '?', ','])) {
        return Err(unknown());
    }
    let members = names.into_iter().zip(parameters);
    let item: Attributes =
        members.map(|(name, value)| Ok((name.to_owned(), Attribute::read(value)?))).collect::<Result<_, Failure>>()?;
    Ok(item)
}
