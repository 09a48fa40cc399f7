//! The tables of a stack: in the embedded database, or in memory for a simulation.

use axum::http::StatusCode;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::memory::Memory;
use super::stream::{StreamError, StreamReader};

/// Where the tables are stored. Clones share them.
#[derive(Clone)]
pub(crate) enum Tables {
    /// In the embedded database.
    Embedded(Database),
    /// In memory; a single table.
    Memory(Memory),
}

impl From<Database> for Tables {
    fn from(database: Database) -> Self {
        Self::Embedded(database)
    }
}

impl From<Memory> for Tables {
    fn from(memory: Memory) -> Self {
        Self::Memory(memory)
    }
}

impl Tables {
    /// Answers one call of the JSON protocol: status and body.
    ///
    /// The database's server only adds messages for malformed requests. The functions send none, and a rejected call is
    /// an error to them either way.
    pub(crate) fn answer(&self, operation: &str, body: Value) -> (StatusCode, String) {
        let database = match self {
            Self::Embedded(database) => database,
            Self::Memory(memory) => return memory.answer(operation, body),
        };
        match run(database, operation, body) {
            Ok(answer) => (StatusCode::OK, answer),
            Err(error) => {
                let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                (status, error.to_json())
            }
        }
    }

    /// The stream of a table.
    ///
    /// # Errors
    ///
    /// The table has no stream.
    pub(crate) fn stream(&self, table: &str) -> Result<StreamReader, StreamError> {
        match self {
            Self::Embedded(database) => StreamReader::open(database.clone(), table),
            Self::Memory(memory) => Ok(StreamReader::of_memory(memory.clone(), table)),
        }
    }

    /// Every item of a table, or every entry of its index.
    pub(crate) fn items(&self, table: &str, index: Option<&str>) -> Vec<Value> {
        let database = match self {
            Self::Embedded(database) => database,
            Self::Memory(memory) => return memory.items(index),
        };
        let mut items = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut request = json!({ "TableName": table });
            if let Some(members) = request.as_object_mut() {
                members.extend(index.map(|index| ("IndexName".to_owned(), index.into())));
                if !start.is_null() {
                    members.insert("ExclusiveStartKey".to_owned(), start);
                }
            }
            let answer = serde_json::from_value(request).ok().and_then(|request| database.scan(request).ok());
            let Some(Value::Object(mut answer)) = answer.and_then(|answer| serde_json::to_value(answer).ok()) else {
                return items;
            };
            if let Some(Value::Array(found)) = answer.remove("Items") {
                items.extend(found);
            }
            start = answer.remove("LastEvaluatedKey").unwrap_or_default();
            if start.is_null() {
                return items;
            }
        }
    }

    /// Unsupported features that calls used on the in-memory table.
    pub(crate) fn unknown(&self) -> Vec<String> {
        match self {
            Self::Embedded(_) => Vec::new(),
            Self::Memory(memory) => memory.unknown(),
        }
    }
}

fn run(database: &Database, operation: &str, body: Value) -> Result<String, DynoxideError> {
    match operation {
        "BatchExecuteStatement" => pass(body, |request| database.batch_execute_statement(request)),
        "BatchGetItem" => pass(body, |request| database.batch_get_item(request)),
        "BatchWriteItem" => pass(body, |request| database.batch_write_item(request)),
        "DeleteItem" => pass(body, |request| database.delete_item(request)),
        "ExecuteStatement" => pass(body, |request| database.execute_statement(request)),
        "GetItem" => pass(body, |request| database.get_item(request)),
        "PutItem" => pass(body, |request| database.put_item(request)),
        "Query" => pass(body, |request| database.query(request)),
        "Scan" => pass(body, |request| database.scan(request)),
        "TransactGetItems" => pass(body, |request| database.transact_get_items(request)),
        "TransactWriteItems" => pass(body, |request| database.transact_write_items(request)),
        "UpdateItem" => pass(body, |request| database.update_item(request)),
        other => Err(DynoxideError::ValidationException(format!("no function calls {other}"))),
    }
}

fn pass<Q: DeserializeOwned, A: Serialize>(
    body: Value,
    call: impl FnOnce(Q) -> dynoxide::Result<A>,
) -> Result<String, DynoxideError> {
    let unreadable = |error: serde_json::Error| DynoxideError::SerializationException(error.to_string());
    let answer = call(serde_json::from_value(body).map_err(unreadable)?)?;
    serde_json::to_string(&answer).map_err(unreadable)
}
