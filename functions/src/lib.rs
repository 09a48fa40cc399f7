//! The Lambda functions of Ordermill.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use lambda_runtime::LambdaEvent;
use serde_json::Value;

/// One loaded function: what its binary runs under Lambda, and what the local stack calls.
#[derive(Clone)]
pub enum Function {
    /// Answers requests of the gateway.
    Http(axum::Router),
    /// Answers events of a trigger, or the gateway's authorizer events: JSON in, JSON out.
    Event(EventHandler),
}

/// A function from event to answer.
pub type EventHandler =
    Arc<dyn Fn(LambdaEvent<Value>) -> BoxFuture<'static, Result<Value, lambda_runtime::Error>> + Send + Sync>;

/// A variable of the environment is missing or wrong.
#[derive(Debug, thiserror::Error)]
#[error("variable `{name}`: {problem}")]
pub struct SettingError {
    /// Name of the variable.
    pub name: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Loads the function that `binary` names, with its settings from `variable`.
///
/// # Errors
/// Names the variable that is missing or wrong, or the unknown binary.
pub fn load(binary: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Function, SettingError> {
    let _ = variable;
    Err(SettingError { name: binary.to_owned(), problem: "no such function".to_owned() })
}

/// What a request consumed; an HTTP function puts it into its response's extensions, the local gateway into `X-Cost`.
#[derive(Clone, Debug)]
pub struct Cost(pub String);
