//! What a function takes from its surroundings: time, randomness and outgoing connections.
//!
//! Nothing else reads a clock or draws random bytes, so the loader controls both: the deployed binary uses the
//! machine's, and the fault harness its own, which makes runs repeatable.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::config::SharedHttpClient;
use shared::time::Timestamp;

use crate::outbound::Transport;

/// Random bytes are not available.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no randomness")]
pub struct NoRandomness;

type Clock = dyn Fn() -> Timestamp + Send + Sync;
type Randomness = dyn Fn(&mut [u8]) -> Result<(), NoRandomness> + Send + Sync;

/// Clock and randomness, which the domain takes as arguments.
#[derive(Clone)]
pub struct Context {
    clock: Arc<Clock>,
    randomness: Arc<Randomness>,
}

impl Context {
    /// A context with its own clock and randomness.
    pub fn new(
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        randomness: impl Fn(&mut [u8]) -> Result<(), NoRandomness> + Send + Sync + 'static,
    ) -> Self {
        Self { clock: Arc::new(clock), randomness: Arc::new(randomness) }
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Random bytes.
    pub fn random<const COUNT: usize>(&self) -> Result<[u8; COUNT], NoRandomness> {
        let mut bytes = [0; COUNT];
        (self.randomness)(&mut bytes)?;
        Ok(bytes)
    }

    /// A unique id for a queue message.
    pub(crate) fn job_id(&self) -> Result<String, NoRandomness> {
        self.random::<8>().map(|bytes| shared::ids::hex(&bytes))
    }

    /// Waits before all attempts but the first: 10, 20, 40 … 640 ms, minus a random part of up to half, so that
    /// conflicting calls do not meet again.
    pub(crate) async fn pause(&self, attempt: u32) {
        if attempt == 0 {
            return;
        }
        let longest_ms = 10_u64 << attempt.saturating_sub(1).min(6);
        let [byte] = self.random::<1>().unwrap_or([128]);
        let pause_ms = longest_ms / 2 + longest_ms / 2 * u64::from(byte) / 255;
        tokio::time::sleep(std::time::Duration::from_millis(pause_ms)).await;
    }
}

impl Default for Context {
    /// System clock and randomness.
    fn default() -> Self {
        Self::new(system_now, |bytes| getrandom::fill(bytes).map_err(|_| NoRandomness))
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Context")
    }
}

fn system_now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_milliseconds(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// The environment of a function; the default is the real one.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Clock and randomness.
    pub context: Context,
    /// HTTP client for AWS calls, instead of the default one.
    pub aws: Option<SharedHttpClient>,
    /// Transport for subscribers and vendors, instead of the guarded client.
    pub outbound: Option<Arc<dyn Transport>>,
}
