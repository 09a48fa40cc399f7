//! `Idempotency-Key`: a request sent again under its key has one effect and one answer.
//!
//! # The record
//!
//! One item per key of a merchant, or of one of its vendors. It is written before the handler runs, in one write that
//! also detects an existing record:
//!
//! ```text
//!          begin             finish (an answer that is final)
//! absent ────────▶ running ──────────────────────────────────▶ finished
//!                   │   ▲
//!    release (5xx …)│   │ begin again: the lease is over
//!                   ▼   │
//!                  lapsed     24 hours after the first begin each of them counts as absent
//! ```
//!
//! - *running*: an attempt has the request until its lease is over ([`LEASE_MS`], longer than a function may run).
//!   Other requests get 409 meanwhile.
//! - *lapsed*: no attempt is running. The next request starts one with the time and randomness of the first.
//! - *finished*: with the deflated answer: status, headers, body. Up to [`INLINE_BYTES_MAX`] bytes are in the record,
//!   longer ones in separate items of [`PART_BYTES_MAX`], so that the record stays cheap to read and an answer may be
//!   as long as Lambda allows.
//!
//! Every write is conditional on the record as it was read. TTL removes records late, so `expires_at` is checked here.
//!
//! # Between effect and answer
//!
//! An attempt may die after its effect and before its answer is stored. Nothing is undone; the next attempt runs the
//! same handler, and the handler recognises the effect:
//!
//! - What the handler would draw (ids, secrets) it derives from the key ([`Table::bytes`]), and the time of acceptance is
//!   the first attempt's ([`Table::accepted_at`]). So a thing that is created again has the same key in the table, and the
//!   same answer.
//! - What is created or changed keeps a mark of the key ([`Table::mark`]), in the same write. A creation that meets its own
//!   mark is answered as created; a change that meets its own mark is done, whatever the thing has become since.
//!
//! So nothing is written twice, and missing items of a bulk are created as if the first attempt had continued.
//!
//! # Guarantees
//!
//! For 24 hours, a final answer is repeated byte for byte. Without a stored answer, a creation returns what the first
//! attempt would have returned; a change returns its status and the item as it is now. An item remembers its last eight
//! changes under keys ([`super::cause`]). Calls to other services (the test of a webhook) may go out twice, under one
//! id.
//!
//! # Cost
//!
//! Without a key: nothing. With one: 1 write unit to begin, and to finish 1 per KB of the deflated answer (usually 2
//! units in all). A repeat: 1 to 4 units for the rejected write, by the size of the record, and 1 read unit per 4 KB of
//! a long answer. The marks add 26 bytes to an item that is written anyway.

mod record;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure};
use futures_util::future::try_join_all;
use shared::ids::MerchantId;
use shared::time::Timestamp;

use super::error::store_error;
use super::keys::Key;
use super::table::{Item, from_item, to_item};
use super::{StoreError, Table};
use crate::cost::Access;

pub(crate) use record::{Answer, Attempt};
use record::{Judged, Record};

/// Lease of an attempt: longer than a function may run (29 s) plus clock skew.
pub const LEASE_MS: i64 = 35_000;
/// How long a record is kept.
pub const KEPT_SECONDS: i64 = 24 * 3600;
/// Bytes of an answer in its record. A repeat pays a write unit per KB of the record; reading 4 KB costs a fifth of
/// that, and a part costs one more write unit.
const INLINE_BYTES_MAX: usize = 3_000;
/// Bytes of a part: an item holds 400 KB.
const PART_BYTES_MAX: usize = 390_000;
/// Rounds of reading a record that keeps changing.
const ROUNDS_MAX: usize = 3;

#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyName<'k> {
    pub(crate) merchant: &'k MerchantId,
    /// `None` for the merchant itself.
    pub(crate) vendor: Option<&'k str>,
    pub(crate) key: &'k str,
}

/// The outcome of beginning an attempt.
#[derive(Clone, Debug)]
pub(crate) enum Begun {
    Run(Attempt),
    Finished(Answer),
    /// Another attempt is running.
    Running,
    /// The key belongs to a different request.
    Reused,
}

/// The condition on which a record is written.
enum Expected<'r> {
    AbsentOrExpired(Timestamp),
    As(&'r Record),
}

impl Table {
    /// Begins an attempt, or returns what an earlier one left.
    pub(crate) async fn begin(&self, name: KeyName<'_>, fingerprint: &[u8]) -> Result<Begun, StoreError> {
        let root = self.context.random().map_err(StoreError::fault)?;
        let attempt = self.context.random().map_err(StoreError::fault)?;
        let now = self.context.now();
        let fresh = Record::begin(name, fingerprint, root, attempt, now);
        let mut met: Option<Record> = None;
        let mut record = fresh.clone();
        for _ in 0..ROUNDS_MAX {
            let expected = met.as_ref().map_or(Expected::AbsentOrExpired(now), Expected::As);
            let Err(in_the_way) = self.put_record(&record, &expected).await? else {
                return Ok(Begun::Run(record.run(&fresh)));
            };
            let Some(found) = in_the_way else { break };
            record = match found.judge(&fresh, now) {
                Judged::Reused => return Ok(Begun::Reused),
                Judged::Running => return Ok(Begun::Running),
                Judged::Own => return Ok(Begun::Run(found.run(&fresh))),
                Judged::Finished => return self.answer(&found).await.map(Begun::Finished),
                Judged::Lapsed(next) => next,
            };
            met = Some(found);
        }
        Ok(Begun::Running)
    }

    /// Stores the answer of an attempt, unless another one has taken over.
    pub(crate) async fn finish(&self, attempt: &Attempt, answer: &Answer) -> Result<(), StoreError> {
        let running = attempt.record();
        let bytes = answer.to_bytes()?;
        let finished = if bytes.len() <= INLINE_BYTES_MAX {
            running.finished(bytes)
        } else {
            let parts = bytes.chunks(PART_BYTES_MAX).enumerate();
            let count = try_join_all(parts.map(|(part, bytes)| self.put_part(running, part, bytes))).await?.len();
            running.finished_in_parts(count)
        };
        self.end(running, &finished).await
    }

    /// Ends an attempt without a final answer, so that the next one need not wait for the lease.
    pub(crate) async fn give_up(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let running = attempt.record();
        self.end(running, &running.lapsed()).await
    }

    async fn end(&self, running: &Record, ended: &Record) -> Result<(), StoreError> {
        if self.put_record(ended, &Expected::As(running)).await?.is_err() {
            tracing::warn!("another attempt has taken over the request");
        }
        Ok(())
    }

    /// Puts a record if the present one is as expected; else returns the present one, if any.
    async fn put_record(
        &self,
        record: &Record,
        expected: &Expected<'_>,
    ) -> Result<Result<(), Option<Record>>, StoreError> {
        let request = self
            .client
            .put_item()
            .table_name(&*self.name)
            .set_item(Some(to_item(record)?))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let request = match expected {
            Expected::AbsentOrExpired(now) => request
                .condition_expression("attribute_not_exists(pk) OR expires_at <= :now")
                .expression_attribute_values(":now", AttributeValue::N(now.seconds().to_string())),
            Expected::As(found) => request
                .condition_expression("attempt = :attempt AND lease_until = :lease_until")
                .expression_attribute_values(":attempt", AttributeValue::S(found.attempt.clone()))
                .expression_attribute_values(":lease_until", AttributeValue::N(found.lease_until.to_string())),
        };
        let error = match request.send().await {
            Ok(answer) => {
                self.meter.dynamodb(Access::Write, answer.consumed_capacity());
                return Ok(Ok(()));
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                self.meter.dynamodb(Access::Write, []);
                failed.item().cloned().map(from_item).transpose().map(Err)
            }
            _ => Err(store_error(error)),
        }
    }

    async fn put_part(&self, record: &Record, part: usize, bytes: &[u8]) -> Result<(), StoreError> {
        let mut item: Item = Key::answer_part(&record.key, &record.attempt, part).item();
        item.insert("answer".to_owned(), AttributeValue::B(bytes.into()));
        item.insert("expires_at".to_owned(), AttributeValue::N(record.expires_at.to_string()));
        self.put_if(item, |request| request).await.map(|_| ())
    }

    async fn answer(&self, record: &Record) -> Result<Answer, StoreError> {
        let part = |part: usize| async move {
            let item = self.get(&Key::answer_part(&record.key, &record.attempt, part)).await?.unwrap_or_default();
            match item.get("answer").and_then(|bytes| bytes.as_b().ok()) {
                Some(bytes) => Ok(bytes.clone().into_inner()),
                None => Err(StoreError::Fault("a part of a kept answer is not there".to_owned())),
            }
        };
        match &record.answer {
            Some(bytes) => Answer::from_bytes(bytes),
            None => Answer::from_bytes(&try_join_all((0..record.parts()).map(part)).await?.concat()),
        }
    }
}
