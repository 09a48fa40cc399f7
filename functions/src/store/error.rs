//! Why a call to the table did not succeed.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;

use crate::causes::chain;

#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The service was busy or did not answer: the call may be repeated.
    #[error("the table did not answer: {0}")]
    Busy(String),
    /// The call or the data is wrong: repeating the call does not help.
    #[error("the table refused: {0}")]
    Fault(String),
}

impl StoreError {
    /// A fault while writing or reading data.
    pub(crate) fn fault(error: impl std::fmt::Display) -> Self {
        Self::Fault(error.to_string())
    }
}

/// For callers that need only the message.
impl From<StoreError> for String {
    fn from(error: StoreError) -> Self {
        error.to_string()
    }
}

/// Classifies a failed call. The text names the error and never the data that was sent.
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

/// The cancellation reasons of a transaction, write by write; empty for other errors.
pub(super) fn reasons(error: &TransactWriteItemsError) -> Vec<CancellationReason> {
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => cancelled.cancellation_reasons().to_vec(),
        _ => Vec::new(),
    }
}
