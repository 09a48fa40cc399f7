//! `Idempotency-Key`: a request that is sent again under its key has one effect and one answer.
//!
//! # The record
//!
//! One item for each key of a merchant, or of one of its vendors. It is written before the handler runs, in one write
//! that also tells whether there is a record already:
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
//! - *running*: an attempt works the request until its lease is over ([`LEASE_MS`], longer than a function may run). Who
//!   asks meanwhile is told 409.
//! - *lapsed*: nobody works it. The next request begins another attempt, which takes over what the first one fixed: its
//!   time and its randomness.
//! - *finished*: with the answer, deflated: status, headers, body. Up to [`INLINE_BYTES_MAX`] bytes stand in the record,
//!   longer ones in parts of [`PART_BYTES_MAX`] beside it, so that the record stays cheap to meet, and an answer may be as
//!   long as Lambda lets it.
//!
//! Every write is on the condition that the record is as it was read. TTL removes records late; `expires_at` is judged
//! here.
//!
//! # Between effect and answer
//!
//! An attempt may die after its effect and before its answer is kept. Nothing is undone; the next attempt runs the same
//! handler, and the effect recognises it:
//!
//! - What the handler would draw (ids, secrets) it derives from the key ([`Table::bytes`]), and the time of acceptance is
//!   the first attempt's ([`Table::accepted_at`]). So a thing that is created again has the same key in the table, and the
//!   same answer.
//! - What is created or changed keeps a mark of the key ([`Table::mark`]), in the same write. A creation that meets its own
//!   mark is answered as created; a change that meets its own mark is done, whatever the thing has become since.
//!
//! So nothing is written twice, and items of a bulk that are missing are made as if the first attempt had gone on.
//!
//! # What is promised
//!
//! For 24 hours: the answer that was final is repeated byte for byte. Where no answer was kept, a creation is answered as
//! the first attempt would have answered it; a change is answered with its status, and the thing as it is now. A thing
//! remembers its last eight changes under keys ([`super::cause`]). What leaves the service (a test of a webhook) may leave it twice,
//! under one id.
//!
//! # What it costs
//!
//! A request without a key: nothing. With one: 1 write unit to begin, and to finish 1 for each KB of the deflated answer
//! (2 units in all for most). A repeat: 1 to 4 units for the write that is refused, by the size of the record, and 1 read
//! unit for each 4 KB of a long answer. The marks are 26 bytes of an item that is written anyway.

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

/// How long an attempt keeps others away: longer than a function may run (29 s), and than clocks differ.
pub const LEASE_MS: i64 = 35_000;
/// How long a key stands for its request.
pub const KEPT_SECONDS: i64 = 24 * 3600;
/// Bytes of an answer in its record. Who meets the record pays a write unit for each KB of it; a read of 4 KB is a fifth of
/// that, and a part costs one write unit more.
const INLINE_BYTES_MAX: usize = 3_000;
/// Bytes of a part: an item holds 400 KB.
const PART_BYTES_MAX: usize = 390_000;
/// How often a record that changed while it was judged is judged again.
const ROUNDS_MAX: usize = 3;

/// Whose key, and which.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyName<'k> {
    pub(crate) merchant: &'k MerchantId,
    /// None where the merchant itself asks.
    pub(crate) vendor: Option<&'k str>,
    pub(crate) key: &'k str,
}

/// What a request with a key has found.
#[derive(Clone, Debug)]
pub(crate) enum Begun {
    /// It is to be worked.
    Run(Attempt),
    /// It was answered.
    Finished(Answer),
    /// Another attempt is working it.
    Running,
    /// The key stands for another request.
    Reused,
}

/// What the record must be like to be written.
enum Expected<'r> {
    AbsentOrExpired(Timestamp),
    As(&'r Record),
}

impl Table {
    /// Begins an attempt, or finds what another one left.
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

    /// Keeps the answer of an attempt, unless another one has taken over.
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

    /// Gives an attempt up that has no final answer, so that the next one need not wait for its lease.
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

    /// Puts a record if what is there is as expected; else what is there, if anything is.
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

    /// The answer of a finished record.
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
