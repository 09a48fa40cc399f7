use flate2::Compression;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use sha2::{Digest, Sha256};
use shared::ids::hex;
use shared::time::Timestamp;

use super::{KEPT_SECONDS, KeyName, LEASE_MS};
use crate::store::StoreError;
use crate::store::body;
use crate::store::keys::Key;
use crate::store::request_key::IdempotencyKey;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    #[serde(flatten)]
    pub(super) key: Key,
    /// Hash of method, path and body.
    fingerprint: ByteBuf,
    /// Randomness of the first attempt; ids and secrets are derived from it.
    root: ByteBuf,
    /// When the first attempt began, in milliseconds since the epoch.
    begun_at: i64,
    /// The attempt that wrote the record last.
    pub(super) attempt: String,
    /// End of the lease in milliseconds since the epoch; zero once the attempt has ended.
    pub(super) lease_until: i64,
    /// The deflated answer, if it is short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) answer: Option<ByteBuf>,
    /// Number of items that hold a long answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer_parts: Option<usize>,
    /// DynamoDB's time to live, in seconds since the epoch.
    pub(super) expires_at: i64,
}

/// What an existing record means for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// The key belongs to a different request.
    Reused,
    Finished,
    /// Another attempt is running.
    Running,
    /// The record is the request's own: the response to the write was lost, and the SDK repeated it.
    Own,
    /// The request may start with this record.
    Lapsed(Record),
}

impl Record {
    pub(super) fn begin(
        name: KeyName<'_>,
        fingerprint: &[u8],
        root: [u8; 32],
        attempt: [u8; 8],
        now: Timestamp,
    ) -> Self {
        Self {
            key: Key::idempotency(name.merchant, name.vendor, name.key),
            fingerprint: ByteBuf::from(fingerprint),
            root: ByteBuf::from(root),
            begun_at: now.milliseconds(),
            attempt: hex(&attempt),
            lease_until: now.milliseconds().saturating_add(LEASE_MS),
            answer: None,
            answer_parts: None,
            expires_at: now.seconds().saturating_add(KEPT_SECONDS),
        }
    }

    /// Compares the record with the one that the request would have started with.
    pub(super) fn judge(&self, fresh: &Self, now: Timestamp) -> Judged {
        if self.fingerprint != fresh.fingerprint {
            return Judged::Reused;
        }
        if self.answer.is_some() || self.answer_parts.is_some() {
            return Judged::Finished;
        }
        if self.attempt == fresh.attempt {
            return Judged::Own;
        }
        if self.lease_until > now.milliseconds() {
            return Judged::Running;
        }
        Judged::Lapsed(Self { attempt: fresh.attempt.clone(), lease_until: fresh.lease_until, ..self.clone() })
    }

    /// The attempt that starts with this record.
    pub(super) fn run(self, fresh: &Self) -> Attempt {
        Attempt { is_retry: self.root != fresh.root, record: self }
    }

    pub(super) fn finished(&self, answer: Vec<u8>) -> Self {
        Self { answer: Some(ByteBuf::from(answer)), ..self.lapsed() }
    }

    pub(super) fn finished_in_parts(&self, parts: usize) -> Self {
        Self { answer_parts: Some(parts), ..self.lapsed() }
    }

    pub(super) fn lapsed(&self) -> Self {
        Self { lease_until: 0, ..self.clone() }
    }

    pub(super) fn parts(&self) -> usize {
        self.answer_parts.unwrap_or(0)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    record: Record,
    is_retry: bool,
}

impl Attempt {
    pub(super) const fn record(&self) -> &Record {
        &self.record
    }

    /// The parts of the key that handlers use.
    pub(crate) fn key(&self) -> IdempotencyKey {
        let Record { key, root, begun_at, .. } = &self.record;
        let digest = Sha256::new()
            .chain_update(&key.pk)
            .chain_update("\0")
            .chain_update(&key.sk)
            .chain_update("\0")
            .chain_update(root.as_slice())
            .finalize();
        IdempotencyKey {
            seed: digest.into(),
            begun_at: Timestamp::from_milliseconds(*begun_at),
            is_retry: self.is_retry,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Headers with text values.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Bytes of an answer: Lambda's 6 MB, and the headers.
const ANSWER_BYTES_MAX: usize = 7_000_000;
/// A longer body is deflated with less effort: a function has a seventh of a processor.
const BEST_BYTES_MAX: usize = 64 * 1024;

impl Answer {
    /// Deflates a line of status and headers, followed by the body.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, StoreError> {
        let mut bytes = serde_json::to_vec(&(self.status, &self.headers)).map_err(StoreError::fault)?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        let level = if bytes.len() > BEST_BYTES_MAX { Compression::fast() } else { Compression::best() };
        body::deflate_at(level, &bytes).map_err(StoreError::fault)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let bytes = body::inflate_within(ANSWER_BYTES_MAX, bytes).map_err(StoreError::fault)?;
        let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
        let (head, body) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (status, headers) = serde_json::from_slice(head).map_err(StoreError::fault)?;
        Ok(Self { status, headers, body: body.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::table::{from_item, to_item};
    use shared::ids::MerchantId;

    const START: Timestamp = Timestamp::from_milliseconds(1_767_225_600_000);

    fn after(milliseconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(START.milliseconds() + milliseconds)
    }

    fn record(fingerprint: &[u8], seed: u8, now: Timestamp) -> Record {
        let merchant = MerchantId::parse("b234ee56-7890-4f12-a123-4567890abcde").unwrap();
        let name = KeyName { merchant: &merchant, vendor: None, key: "k" };
        Record::begin(name, fingerprint, [seed; 32], [seed; 8], now)
    }

    #[test]
    fn a_record_says_what_a_second_request_is_to_do() {
        let first = record(b"a", 1, START);
        let again = |now| record(b"a", 2, now);
        let (early, late) = (after(LEASE_MS - 1), after(LEASE_MS));
        assert_eq!(first.judge(&record(b"b", 2, early), early), Judged::Reused);
        assert_eq!(first.judge(&again(early), early), Judged::Running);
        assert_eq!(first.judge(&first, early), Judged::Own);
        let Judged::Lapsed(next) = first.judge(&again(late), late) else { panic!("the lease is over") };
        assert_eq!((&next.root, next.begun_at, next.expires_at), (&first.root, first.begun_at, first.expires_at));
        assert_eq!((&next.attempt, next.lease_until), (&again(late).attempt, late.milliseconds() + LEASE_MS));
        // Another one that comes now waits for the second attempt.
        assert_eq!(next.judge(&record(b"a", 3, late), late), Judged::Running);
        let given_up = first.lapsed();
        assert!(matches!(given_up.judge(&again(early), early), Judged::Lapsed(_)));
        for finished in [first.finished(vec![1]), first.finished_in_parts(2)] {
            assert_eq!(finished.judge(&again(early), early), Judged::Finished);
            assert_eq!(finished.judge(&record(b"b", 2, early), early), Judged::Reused);
        }
    }

    #[test]
    fn attempts_of_one_record_derive_the_same() {
        let first = record(b"a", 1, START);
        let run = |found: Record, seed, now| {
            let fresh = record(b"a", seed, now);
            let Judged::Lapsed(next) = found.judge(&fresh, now) else { panic!("{found:?} is not lapsed") };
            next.run(&fresh).key()
        };
        let (next, soon) = (run(first.clone(), 2, after(LEASE_MS)), run(first.lapsed(), 3, START));
        let first = first.clone().run(&first).key();
        assert_eq!((first.seed, first.begun_at), (next.seed, next.begun_at));
        assert_eq!((first.seed, first.begun_at), (soon.seed, soon.begun_at));
        assert_eq!((first.is_retry, next.is_retry, soon.is_retry), (false, true, true));
        let other = record(b"a", 2, START);
        assert_ne!(first.seed, other.clone().run(&other).key().seed);
    }

    #[test]
    fn records_and_answers_read_back() {
        let answer = Answer {
            status: 201,
            headers: vec![("etag".to_owned(), "\"1\"".to_owned())],
            body: b"{\"text\":\"a\nb\"}".to_vec(),
        };
        assert_eq!(Answer::from_bytes(&answer.to_bytes().unwrap()).unwrap(), answer);
        let mut seed = 7_u32;
        let noise = (0..5_500_000).map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u8::try_from(seed >> 24).unwrap()
        });
        let long = Answer { body: noise.collect(), ..answer.clone() };
        assert_eq!(Answer::from_bytes(&long.to_bytes().unwrap()).unwrap(), long);
        assert!(Answer::from_bytes(b"x").is_err());
        for record in [record(b"a", 1, START), record(b"a", 1, START).finished(answer.to_bytes().unwrap())] {
            assert_eq!(from_item::<Record>(to_item(&record).unwrap()).unwrap(), record);
        }
    }
}
