//! Clock and randomness, which the domain takes as arguments.

use std::time::{SystemTime, UNIX_EPOCH};

use shared::time::Timestamp;

/// The present.
#[must_use]
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_milliseconds(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// Bytes from the operating system.
///
/// # Errors
/// The operating system has none to give.
pub(crate) fn random<const COUNT: usize>() -> Result<[u8; COUNT], getrandom::Error> {
    let mut bytes = [0; COUNT];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
