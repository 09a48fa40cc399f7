//! The environment variables of a function, each read once at start.
//!
//! A missing or invalid variable stops the start with its name. docs/deploy.md#environment-variables lists them.

use std::str::FromStr;
use std::time::Duration;

use crate::context::Surroundings;

/// Name of the one table.
pub const TABLE_NAME: &str = "TABLE_NAME";
/// URL of the fulfilment queue.
pub const FULFILMENT_QUEUE_URL: &str = "FULFILMENT_QUEUE_URL";
/// URL of the queue of inbound orders.
pub const INBOUND_QUEUE_URL: &str = "INBOUND_QUEUE_URL";
/// URL of the queue of webhook deliveries.
pub const DELIVERY_QUEUE_URL: &str = "DELIVERY_QUEUE_URL";
/// `true` lets webhooks go to this machine, over plain HTTP too; for development only.
pub const ALLOW_LOOPBACK_WEBHOOKS: &str = "ALLOW_LOOPBACK_WEBHOOKS";
/// Seconds that the built-in vendor takes for each step after the first; 0 to 900.
pub const VENDOR_STEP_SECONDS: &str = "VENDOR_STEP_SECONDS";
/// URL of the queue for unreadable stream records.
pub const PARKED_QUEUE_URL: &str = "PARKED_QUEUE_URL";
/// Receives per message of a job queue (its redrive policy).
pub const ATTEMPTS_MAX: &str = "ATTEMPTS_MAX";
/// Seconds that a vendor may take to answer; 1 to 20.
pub const VENDOR_TIMEOUT_SECONDS: &str = "VENDOR_TIMEOUT_SECONDS";
/// Seconds after which the sweep checks what has not progressed.
pub const OVERDUE_SECONDS: &str = "OVERDUE_SECONDS";
/// Key that signs list cursors.
pub const CURSOR_KEY: &str = "CURSOR_KEY";
/// Region of the services (set by Lambda).
pub const AWS_REGION: &str = "AWS_REGION";
/// Access key of the function's role (set by Lambda).
pub const AWS_ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
/// Secret access key (set by Lambda).
pub const AWS_SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
/// Session token (set by Lambda; absent in the local stack).
pub const AWS_SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
/// DynamoDB endpoint, if it is not the regional one.
pub const AWS_ENDPOINT_URL_DYNAMODB: &str = "AWS_ENDPOINT_URL_DYNAMODB";
/// SQS endpoint, if it is not the regional one.
pub const AWS_ENDPOINT_URL_SQS: &str = "AWS_ENDPOINT_URL_SQS";

/// A variable of the environment is missing or wrong.
#[derive(Debug, thiserror::Error)]
#[error("variable `{name}`: {problem}")]
pub struct SettingError {
    /// Name of the variable.
    pub name: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What a function is loaded from: its variables (the process's environment under Lambda, the template's in the local
/// stack) and its surroundings.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// Looks up a variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Clock, randomness, outgoing connections.
    pub surroundings: &'a Surroundings,
}

impl Settings<'_> {
    /// An optional variable; an empty one counts as absent.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// A required variable; an error if it is missing or empty.
    pub fn required(&self, name: &str) -> Result<String, SettingError> {
        self.optional(name).ok_or_else(|| SettingError { name: name.to_owned(), problem: "is not set".to_owned() })
    }

    /// A required number of seconds; an error if it is missing or not a whole number.
    pub fn seconds(&self, name: &str) -> Result<Duration, SettingError> {
        self.number(name).map(Duration::from_secs)
    }

    /// A flag: `true` or `false`; off if absent; any other value is an error.
    pub fn flag(&self, name: &str) -> Result<bool, SettingError> {
        match self.optional(name).as_deref() {
            Some("true") => Ok(true),
            Some("false") | None => Ok(false),
            Some(value) => {
                Err(SettingError { name: name.to_owned(), problem: format!("`{value}` is not `true` or `false`") })
            }
        }
    }

    /// A required number; an error if it is missing or not a number of the type.
    pub fn number<T: FromStr>(&self, name: &str) -> Result<T, SettingError> {
        let value = self.required(name)?;
        value
            .parse()
            .map_err(|_| SettingError { name: name.to_owned(), problem: format!("`{value}` is not a number in range") })
    }
}
