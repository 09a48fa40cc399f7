//! The idempotency key of the request that is being worked, as far as handlers take from it.

use sha2::{Digest, Sha256};
use shared::time::Timestamp;

/// The idempotency key of the current request, as far as handlers need it.
#[derive(Clone, Debug)]
pub(crate) struct IdempotencyKey {
    /// Hash of merchant, owner, key and the randomness of the first attempt. The key alone does not reveal derived
    /// secrets, and a key that is reused after it expired derives other ids.
    pub(super) seed: [u8; 32],
    /// When the first attempt began.
    pub(super) begun_at: Timestamp,
    pub(super) is_retry: bool,
}

impl IdempotencyKey {
    /// Up to 32 bytes that only this key, purpose and index have.
    pub(super) fn bytes<const COUNT: usize>(&self, purpose: &str, index: usize) -> [u8; COUNT] {
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

#[cfg(test)]
mod tests {
    use super::IdempotencyKey;
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
}
