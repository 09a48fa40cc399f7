//! An in-memory table for the simulation, with the subset of DynamoDB that the functions use.
//!
//! A run makes thousands of calls, and the embedded database spends most of the time on SQL. This table is a few
//! ordered maps. It supports the operations and expressions that the functions use, rejects everything else, and
//! records it ([`Memory::unknown`]) so that such a run fails. Supported calls get the same answers as from the embedded
//! database; `tests` verifies this by running the same random operations on both and comparing complete answers and
//! stream records. Two things are missing: consumed capacity, which no invariant needs, and expiring items.
//!
//! - [`attribute`]: attributes, as JSON and in their order.
//! - [`expression`]: conditions and updates.
//! - [`table`]: items, indexes and stream.
//! - [`read`], [`write`](mod@write), [`statement`]: the operations.

mod attribute;
mod expression;
mod read;
mod statement;
mod table;
mod write;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

use self::attribute::Item;
use self::table::State;
use super::SequenceNumber;
use crate::aws::sqs::Clock;
use crate::template;

/// One table. Clones share it.
#[derive(Clone)]
pub(crate) struct Memory(Arc<Mutex<State>>);

/// Why a call has no effect.
#[derive(Debug)]
enum Failure {
    /// Its condition does not hold for this item, which is included on request.
    Condition(Option<Item>),
    /// Conditions of a transaction do not hold.
    Cancelled(Vec<Reason>),
    /// It uses something unsupported.
    Unknown(String),
}

/// Why an entry of a transaction fails, if it does.
#[derive(Debug, Serialize)]
struct Reason {
    #[serde(rename = "Code")]
    code: &'static str,
    #[serde(rename = "Message", skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    #[serde(rename = "Item", skip_serializing_if = "Option::is_none")]
    item: Option<Item>,
}

const CONDITION_FAILED: &str = "The conditional request failed";

impl Failure {
    fn unknown(what: impl Into<String>) -> Self {
        Self::Unknown(what.into())
    }

    fn body(&self) -> Value {
        let of = |name: &str| format!("com.amazonaws.dynamodb.v20120810#{name}");
        match self {
            Self::Condition(item) => {
                let mut body = json!({"__type": of("ConditionalCheckFailedException"), "message": CONDITION_FAILED});
                if let (Some(item), Some(members)) = (item, body.as_object_mut()) {
                    members.insert("Item".to_owned(), json!(item));
                }
                body
            }
            Self::Cancelled(reasons) => {
                let codes: Vec<&str> = reasons.iter().map(|reason| reason.code).collect();
                let message = format!(
                    "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
                    codes.join(", ")
                );
                json!({
                    "__type": of("TransactionCanceledException"), "Message": message, "CancellationReasons": reasons,
                })
            }
            Self::Unknown(what) => json!({
                "__type": "com.amazon.coral.validate#ValidationException",
                "message": format!("the table in memory does not know {what}"),
            }),
        }
    }
}

impl Memory {
    /// An empty table.
    ///
    /// # Errors
    ///
    /// An unsupported property of the declaration.
    pub(crate) fn new(table: &template::Table) -> Result<Self, String> {
        Ok(Self(Arc::new(Mutex::new(State::new(table)?))))
    }

    /// A table with the same items, an empty stream and the given clock.
    pub(crate) fn copy(&self, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Mutex::new(self.state().copy(clock))))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one call of the JSON protocol: status and body.
    pub(crate) fn answer(&self, operation: &str, body: Value) -> (StatusCode, String) {
        let mut state = self.state();
        match run(&mut state, operation, body) {
            Ok(answer) => (StatusCode::OK, answer),
            Err(failure) => {
                if let Failure::Unknown(what) = &failure {
                    state.unknown.push(format!("{operation} has {what}"));
                }
                (StatusCode::BAD_REQUEST, failure.body().to_string())
            }
        }
    }

    /// Unsupported features that calls used. A run that used any proves nothing.
    pub(crate) fn unknown(&self) -> Vec<String> {
        self.state().unknown.clone()
    }

    /// At most `limit` stream records after that place, oldest first.
    pub(crate) fn records(&self, after: Option<&SequenceNumber>, limit: usize) -> Vec<Value> {
        self.state().records(after, limit)
    }

    /// Every item of the table, or every entry of the index.
    pub(crate) fn items(&self, index: Option<&str>) -> Vec<Value> {
        self.state().all(index).into_iter().map(|item| json!(item)).collect()
    }
}

fn run(state: &mut State, operation: &str, body: Value) -> Result<String, Failure> {
    let Value::Object(request) = body else { return Err(Failure::unknown("no members")) };
    match operation {
        "BatchExecuteStatement" => text(&statement::batch(state, request)?),
        "BatchGetItem" => text(&read::batch_get(state, request)?),
        "DeleteItem" => write::one(state, write::Kind::Delete, request),
        "GetItem" => text(&read::get(state, request)?),
        "PutItem" => write::one(state, write::Kind::Put, request),
        "Query" => text(&read::query(state, request)?),
        "TransactWriteItems" => write::transaction(state, request),
        "UpdateItem" => write::one(state, write::Kind::Update, request),
        _ => Err(Failure::unknown("an operation that no function calls")),
    }
}

fn text(answer: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(answer).map_err(|error| Failure::unknown(error.to_string()))
}

/// Takes a text out of a request.
fn take_text(request: &mut Map<String, Value>, member: &str) -> Result<Option<String>, Failure> {
    match request.remove(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(Failure::unknown(format!("the {member} {other}"))),
    }
}

/// Checks that all members of a request were read; the requested capacity report is ignored.
fn must_be_empty(mut request: Map<String, Value>) -> Result<(), Failure> {
    request.remove("ReturnConsumedCapacity");
    match request.into_iter().next() {
        Some((member, value)) => Err(Failure::unknown(format!("the member {member} {value}"))),
        None => Ok(()),
    }
}
