//! How far a stream has been processed: a file per source, replaced atomically, so that a killed process leaves the old
//! or the new one. Records after the checkpoint are processed again, as on AWS.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::aws::dynamodb::SequenceNumber;

/// Checkpoints by source.
#[derive(Clone)]
pub(crate) struct Checkpoints {
    folder: Option<PathBuf>,
    memory: Arc<Mutex<BTreeMap<String, SequenceNumber>>>,
}

impl Checkpoints {
    /// In a folder, or in memory without one.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, memory: Arc::default() }
    }

    fn file(&self, source: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(format!("checkpoint-{source}")))
    }

    pub(crate) fn read(&self, source: &str) -> Option<SequenceNumber> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner).get(source).cloned();
        memory.or_else(|| {
            let text = std::fs::read_to_string(self.file(source)?).ok()?;
            Some(SequenceNumber::new(text.trim()))
        })
    }

    pub(crate) fn write(&self, source: &str, place: SequenceNumber) -> std::io::Result<()> {
        if let Some(file) = self.file(source) {
            let new = file.with_extension("new");
            std::fs::write(&new, place.as_str())?;
            std::fs::rename(&new, &file)?;
        }
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).insert(source.to_owned(), place);
        Ok(())
    }
}
