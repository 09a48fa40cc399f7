//! Locates a running stack: a file in its data folder, for commands that want to talk to it.
//!
//! The file exists from when the stack is ready until it stops. A killed stack leaves the file behind but not the lock
//! on the folder. The lock is what tells the two apart, because another process may have reused the process id or the
//! port by now.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::template::Stack;

/// The content of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunningStack {
    /// The process id of the stack.
    pub process_id: u32,
    /// URL of the API.
    pub api_url: String,
    /// URL of DynamoDB.
    pub dynamodb_url: String,
    /// URL of SQS.
    pub sqs_url: String,
    /// The logical ids of the queues that receive given-up stream records.
    pub on_failure_queues: Vec<String>,
}

/// Why no running stack was found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// There is no file.
    #[error(
        "no stack is running on the data in {}: start one with `cargo mill up` (one with --memory cannot be found)",
        .0.display()
    )]
    Absent(PathBuf),
    /// There is a file, but no process holds the folder.
    #[error(
        "the stack on the data in {} (process {process_id}) ended without stopping: start it again with \
         `cargo mill up`",
        folder.display()
    )]
    Gone {
        /// The data folder.
        folder: PathBuf,
        /// The process id of that stack.
        process_id: u32,
    },
    /// The file cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
}

impl RunningStack {
    pub(crate) fn of(stack: &Stack, api_url: &str, dynamodb_url: &str, sqs_url: &str) -> Self {
        let sources = stack.functions.iter().flat_map(|function| &function.stream_sources);
        Self {
            process_id: std::process::id(),
            api_url: api_url.to_owned(),
            dynamodb_url: dynamodb_url.to_owned(),
            sqs_url: sqs_url.to_owned(),
            on_failure_queues: sources.filter_map(|source| source.on_failure.clone()).collect(),
        }
    }

    /// Writes the file atomically, so that nobody reads half of it.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        let new = folder.join("running.new");
        std::fs::write(&new, serde_json::to_string_pretty(self)?)?;
        std::fs::rename(&new, file(folder))
    }

    /// Removes the file if it exists; the caller holds the folder.
    pub(crate) fn remove(folder: &Path) -> io::Result<()> {
        match std::fs::remove_file(file(folder)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Finds the stack that runs on the data in `folder`.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn find(folder: &Path) -> Result<Self, FindError> {
        let path = file(folder);
        let unreadable = |reason: String| FindError::Unreadable { path: path.clone(), reason };
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(FindError::Absent(folder.to_owned()));
            }
            read => read.map_err(|error| unreadable(error.to_string()))?,
        };
        let found: Self = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        if is_held(folder) {
            return Ok(found);
        }
        Err(FindError::Gone { folder: folder.to_owned(), process_id: found.process_id })
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("running.json")
}

/// The file whose lock keeps other processes out of a data folder.
pub(crate) fn lock_file(folder: &Path) -> PathBuf {
    folder.join("lock")
}

/// Whether a stack holds the folder. If the lock is free, it is released at once.
fn is_held(folder: &Path) -> bool {
    let Ok(file) = File::open(lock_file(folder)) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

#[cfg(test)]
mod tests {
    use super::{FindError, RunningStack, lock_file};
    use std::fs::File;

    fn sample() -> RunningStack {
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        RunningStack {
            process_id: 7,
            api_url: url(1),
            dynamodb_url: url(2),
            sqs_url: url(3),
            on_failure_queues: vec!["Dead".to_owned()],
        }
    }

    #[test]
    fn a_stack_is_found_while_it_holds_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let lock = File::create(lock_file(folder.path())).unwrap();
        lock.try_lock().unwrap();
        assert!(matches!(RunningStack::find(folder.path()), Err(FindError::Absent(_))));
        sample().write(folder.path()).unwrap();
        assert_eq!(RunningStack::find(folder.path()).unwrap(), sample());

        drop(lock);
        let gone = RunningStack::find(folder.path()).unwrap_err().to_string();
        assert!(gone.contains("(process 7) ended"), "{gone}");
        // Finding does not take the folder's lock.
        File::open(lock_file(folder.path())).unwrap().try_lock().unwrap();

        RunningStack::remove(folder.path()).unwrap();
        RunningStack::remove(folder.path()).unwrap();
        let absent = RunningStack::find(folder.path()).unwrap_err().to_string();
        assert!(absent.starts_with("no stack is running on the data in "), "{absent}");
        std::fs::write(folder.path().join("running.json"), "{").unwrap();
        assert!(matches!(RunningStack::find(folder.path()), Err(FindError::Unreadable { .. })));
    }
}
