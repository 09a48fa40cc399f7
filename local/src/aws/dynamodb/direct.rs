//! DynamoDB without a socket: calls the database synchronously on the caller's thread, so that a simulation needs
//! neither threads nor real time.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::tables::Tables;
use super::{Refusal, may};
use crate::aws::iam::{self, Identities};

/// The tables and the identities of their callers.
pub(crate) struct Direct {
    tables: Tables,
    identities: Arc<Identities>,
}

impl Direct {
    pub(crate) fn new(tables: Tables, identities: Arc<Identities>) -> Self {
        Self { tables, identities }
    }

    /// Answers one call of the JSON protocol: status and body.
    pub(crate) fn answer(&self, headers: &HeaderMap, operation: &str, body: Value) -> (StatusCode, String) {
        let permitted = iam::access_key_id(headers)
            .map_err(Refusal::Denied)
            .and_then(|key| may(&self.identities, key, operation, &body));
        if let Err(refusal) = permitted {
            return (StatusCode::BAD_REQUEST, refusal.body().to_string());
        }
        self.tables.answer(operation, body)
    }
}
