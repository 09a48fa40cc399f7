//! Where blocking SQLite work runs: on a thread pool so that nothing else waits, or on the caller's thread so that a
//! simulation has one thread and runs in a deterministic order.

use tokio::task::JoinError;

/// Where blocking work runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Blocking {
    /// On tokio's blocking threads.
    #[default]
    OnThreads,
    /// On the caller's thread.
    InPlace,
}

impl Blocking {
    /// Runs the work.
    ///
    /// # Errors
    ///
    /// It panicked on its thread.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        match self {
            Self::OnThreads => tokio::task::spawn_blocking(work).await,
            Self::InPlace => Ok(work()),
        }
    }
}
