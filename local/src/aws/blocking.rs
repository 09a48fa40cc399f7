//! Where work runs that blocks on SQLite: on threads for it, so that nobody else waits, or on the caller's, so that a
//! simulation has one thread and every run of it the same order.

use tokio::task::JoinError;

/// Where blocking work runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Blocking {
    /// On tokio's threads for it.
    #[default]
    OnThreads,
    /// Where it is called.
    InPlace,
}

impl Blocking {
    /// Does the work.
    ///
    /// # Errors
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
