//! DynamoDB without a socket: the database called where the caller stands, in one piece, so that a simulation needs
//! neither threads nor real time.
//!
//! What the database's server adds to it is the wording of requests that are wrong; the functions' are not, and a
//! refusal of one reaches them as an error in either case.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Refusal, may};
use crate::aws::iam::{self, Identities};

/// The database for its callers.
pub(crate) struct Direct {
    database: Database,
    identities: Arc<Identities>,
}

impl Direct {
    pub(crate) fn new(database: Database, identities: Arc<Identities>) -> Self {
        Self { database, identities }
    }

    /// Answers one call of the JSON protocol: status and body.
    pub(crate) fn answer(&self, headers: &HeaderMap, operation: &str, body: Value) -> (StatusCode, String) {
        let permitted = iam::access_key_id(headers)
            .map_err(Refusal::Denied)
            .and_then(|key| may(&self.identities, key, operation, &body));
        if let Err(refusal) = permitted {
            return (StatusCode::BAD_REQUEST, refusal.body().to_string());
        }
        match run(&self.database, operation, body) {
            Ok(answer) => (StatusCode::OK, answer),
            Err(error) => {
                let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                (status, error.to_json())
            }
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
