//! Transactions, and the writes that they are made of.

use aws_sdk_dynamodb::types::{
    CancellationReason, Delete, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use super::{ATTEMPTS_MAX, IS_BEFORE, IS_NEW, Item, Table, key_item, version_before};
use crate::cost::Access;
use crate::store::error::{StoreError, reasons, store_error};
use crate::store::keys::Key;

impl Table {
    /// Writes all or nothing; on failure returns the reason of each write. Retries conflicts with other transactions,
    /// which the SDK does not.
    pub(crate) async fn transact(
        &self,
        writes: &[TransactWriteItem],
    ) -> Result<Result<(), Vec<CancellationReason>>, StoreError> {
        for attempt in 0..ATTEMPTS_MAX * 2 {
            self.context.pause(attempt).await;
            let answer = self
                .client
                .transact_write_items()
                .set_transact_items(Some(writes.to_vec()))
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
                .send()
                .await;
            let error = match answer {
                Ok(answer) => {
                    self.meter.dynamodb(Access::Write, answer.consumed_capacity());
                    return Ok(Ok(()));
                }
                Err(error) => error,
            };
            // A cancelled transaction reports no capacity; the request itself is counted.
            self.meter.dynamodb(Access::Write, []);
            let reasons = match error.as_service_error() {
                Some(service) if service.is_transaction_canceled_exception() => reasons(service),
                _ => return Err(store_error(error)),
            };
            // With a conflict, the failed condition may not be final.
            let any = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
            if any("ConditionalCheckFailed") && !any("TransactionConflict") {
                return Ok(Err(reasons));
            }
            let passing = |code: &str| {
                let busy = matches!(code, "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded");
                busy || matches!(code, "None" | "ConditionalCheckFailed")
            };
            if let Some(fault) = reasons.iter().find(|reason| !reason.code().is_none_or(passing)) {
                return Err(StoreError::Fault(format!("{fault:?}")));
            }
        }
        Err(StoreError::Busy("the transaction met others each time".to_owned()))
    }

    /// Like [`Self::put_new`], as part of a transaction; a failure returns the existing item.
    pub(crate) fn new_put(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&*self.name)
            .set_item(Some(item))
            .condition_expression(IS_NEW)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build();
        Ok(TransactWriteItem::builder().put(put.map_err(StoreError::fault)?).build())
    }

    /// Like [`Self::delete_before`], as part of a transaction.
    pub(crate) fn new_delete(&self, key: &Key, next: u64) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .condition_expression(IS_BEFORE)
            .expression_attribute_values(":before", version_before(next))
            .build();
        Ok(TransactWriteItem::builder().delete(delete.map_err(StoreError::fault)?).build())
    }
}
