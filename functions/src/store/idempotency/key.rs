//! What a handler takes from the key of its request.

use sha2::{Digest, Sha256};
use shared::time::Timestamp;

use super::MARKS_MAX;
use crate::context::NoRandomness;
use crate::store::Table;

/// The key of the request that is being worked.
#[derive(Clone, Debug)]
pub(crate) struct IdempotencyKey {
    /// Of merchant, owner and key, and of the randomness of the first attempt: who knows the key alone cannot guess a
    /// secret that is derived, and a key that is used again after it has expired derives other ids.
    pub(super) seed: [u8; 32],
    /// When the first attempt began.
    pub(super) begun_at: Timestamp,
    /// Whether an attempt before this one may have had its effect.
    pub(super) is_retry: bool,
}

impl IdempotencyKey {
    /// Up to 32 bytes that only this key, purpose and index have.
    fn bytes<const COUNT: usize>(&self, purpose: &str, index: usize) -> [u8; COUNT] {
        let digest = Sha256::new()
            .chain_update(self.seed)
            .chain_update(purpose)
            .chain_update("\0")
            .chain_update(index.to_string())
            .finalize();
        let mut bytes = [0; COUNT];
        bytes.iter_mut().zip(digest).for_each(|(byte, derived)| *byte = derived);
        bytes
    }
}

impl Table {
    /// When the request was accepted: now, or when the first attempt under its key began.
    pub(crate) fn accepted_at(&self) -> Timestamp {
        self.key.as_ref().map_or_else(|| self.context.now(), |key| key.begun_at)
    }

    /// Whether an attempt before this one may have had its effect.
    pub(crate) fn is_retry(&self) -> bool {
        self.key.as_ref().is_some_and(|key| key.is_retry)
    }

    /// Up to 32 bytes for an id or a secret: drawn, or derived from the request's key, so that the request makes the same
    /// thing when it is sent again. `purpose` and `index` tell apart what one request makes.
    ///
    /// # Errors
    /// There is no randomness.
    pub(crate) fn bytes<const COUNT: usize>(&self, purpose: &str, index: usize) -> Result<[u8; COUNT], NoRandomness> {
        match &self.key {
            Some(key) => Ok(key.bytes(purpose, index)),
            None => self.context.random(),
        }
    }

    /// What part `part` of the request leaves on a thing that it makes or changes; nothing without a key. Two of a
    /// thing's few marks meet with a chance of 1 in 10^17.
    pub(crate) fn mark(&self, part: usize) -> Option<String> {
        self.key.as_ref().map(|key| shared::ids::hex(&key.bytes::<8>("mark", part)))
    }
}

/// A thing's marks with one more; the oldest are forgotten.
pub(crate) fn with_mark(marks: &[String], mark: String) -> Vec<String> {
    let forgotten = (marks.len() + 1).saturating_sub(MARKS_MAX);
    marks.iter().skip(forgotten).cloned().chain([mark]).collect()
}

#[cfg(test)]
mod tests {
    use super::{IdempotencyKey, MARKS_MAX, with_mark};
    use shared::time::Timestamp;

    #[test]
    fn what_is_derived_differs_by_key_purpose_and_index() {
        let key =
            |seed| IdempotencyKey { seed: [seed; 32], begun_at: Timestamp::from_milliseconds(0), is_retry: false };
        let of = |seed, purpose, index| key(seed).bytes::<16>(purpose, index);
        assert_eq!(of(1, "safe id", 0), of(1, "safe id", 0));
        let all = [of(1, "safe id", 0), of(2, "safe id", 0), of(1, "secret", 0), of(1, "safe id", 1), [0; 16]];
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
        assert_eq!(key(1).bytes::<32>("a", 0)[..16], key(1).bytes::<16>("a", 0));
    }

    #[test]
    fn the_oldest_marks_are_forgotten() {
        let mut marks = Vec::new();
        for number in 0..20 {
            marks = with_mark(&marks, number.to_string());
        }
        assert_eq!((marks.len(), marks[0].as_str(), marks[7].as_str()), (MARKS_MAX, "12", "19"));
    }
}
