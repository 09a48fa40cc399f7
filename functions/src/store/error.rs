//! Why a call to the table did not succeed.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;

use crate::causes::chain;

/// A call did not succeed.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The service was busy or did not answer: the same call may be made again.
    #[error("the table did not answer: {0}")]
    Busy(String),
    /// The call, or what it found, is wrong: making it again does not help.
    #[error("the table refused: {0}")]
    Fault(String),
}

impl StoreError {
    /// What cannot be written, or read back.
    pub(crate) fn fault(error: impl std::fmt::Display) -> Self {
        Self::Fault(error.to_string())
    }
}

/// For those who tell a reason and do not ask which it is.
impl From<StoreError> for String {
    fn from(error: StoreError) -> Self {
        error.to_string()
    }
}

/// Sorts a failed call: busy when the same call may succeed later. Its text names the failure and never what was sent.
pub(crate) fn store_error<E, R>(error: SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let Some(service) = error.as_service_error() else { return StoreError::Busy(chain(&error)) };
    let code = service.code().unwrap_or("unknown");
    let text = format!("{code}: {}", service.message().unwrap_or_default());
    let busy = matches!(
        code,
        "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "InternalServerError"
            | "ServiceUnavailable"
            | "TransactionInProgressException"
            | "TransactionConflictException"
    );
    if busy { StoreError::Busy(text) } else { StoreError::Fault(text) }
}

/// Why a transaction was cancelled, write by write; nothing where it failed otherwise.
pub(super) fn reasons(error: &TransactWriteItemsError) -> Vec<CancellationReason> {
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => cancelled.cancellation_reasons().to_vec(),
        _ => Vec::new(),
    }
}
