//! The starting point of every world in a process: the template's model, and a database with its table and data.
//!
//! The table is created once and copied, because creating and filling it takes longer than many runs. It is in the
//! embedded database, whose stream gets the same indexes as the stack's own file, without which every write would scan
//! all records; or it is in memory, where runs are much faster ([`Ground::in_memory`]).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dynoxide::Database;
use dynoxide::storage_backend::ManualClock;

use super::clock::BEGINNING_MS;
use crate::aws::dynamodb::memory::Memory;
use crate::aws::dynamodb::tables::Tables;
use crate::aws::dynamodb::{self, TableError};
use crate::demo::{Data, DataError};
use crate::stack;
use crate::template::{self, Endpoints, Stack, TemplateError};

/// The endpoints of the simulated services.
pub(crate) const SQS_URL: &str = "http://sqs.simulation";
pub(crate) const DYNAMODB_URL: &str = "http://dynamodb.simulation";
const API_URL: &str = "http://api.simulation";

/// The starting point of worlds.
#[derive(Clone)]
pub struct Ground {
    pub(crate) stack: Arc<Stack>,
    database: PathBuf,
    memory: Memory,
    is_in_memory: bool,
    /// Number of workers per queue; drawn for each world if `None`.
    pub(crate) workers: Option<u32>,
}

/// Why the starting point cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum GroundError {
    /// The template has an error.
    #[error("{0}")]
    Template(#[from] TemplateError),
    /// The table could not be created.
    #[error("{0}")]
    Table(#[from] TableError),
    /// The database returned an error.
    #[error("database: {0}")]
    Database(#[from] dynoxide::DynoxideError),
    /// The database's file failed.
    #[error("database: {0}")]
    File(#[from] rusqlite::Error),
    /// The in-memory table does not support a property of the table.
    #[error("table in memory: {0}")]
    Memory(String),
    /// The folder could not be used.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The data is damaged.
    #[error("data: {0}")]
    Data(#[from] DataError),
    /// The database cannot read an item.
    #[error("data: {0}")]
    Shape(#[from] serde_json::Error),
}

impl Ground {
    /// Creates the table of a template with parameters and data, and keeps its database as `file`.
    ///
    /// # Errors
    ///
    /// A part of it cannot be created.
    pub fn lay(
        template: &Path,
        parameters: &BTreeMap<String, String>,
        data: &Data,
        file: &Path,
    ) -> Result<Self, GroundError> {
        let endpoints = Endpoints { sqs: SQS_URL.to_owned(), api: API_URL.to_owned() };
        let mut stack = template::read(template, parameters, &endpoints)?;
        if let Some(api) = &mut stack.api {
            // Simulated clients are not paced, but the gateway's rate limit uses the machine's clock.
            api.throttling = None;
        }
        let beginning = u64::try_from(BEGINNING_MS / 1000).unwrap_or(0);
        let database = Database::memory_with_clock(Arc::new(ManualClock::new(beginning)))?;
        let [table] = stack.tables.as_slice() else {
            return Err(GroundError::Memory(format!("there are {} tables", stack.tables.len())));
        };
        dynamodb::create_table(&database, table)?;
        let memory = Memory::new(table).map_err(GroundError::Memory)?;
        for item in data.items()? {
            let request = serde_json::json!({"TableName": table.name, "Item": super::table::item_json(&item)});
            memory.answer("PutItem", request.clone());
            database.put_item(serde_json::from_value(request)?)?;
        }
        if let Some(unknown) = memory.unknown().into_iter().next() {
            return Err(GroundError::Memory(unknown));
        }
        if file.exists() {
            std::fs::remove_file(file)?;
        }
        database.vacuum_into(&file.to_string_lossy())?;
        stack::index_stream(file)?;
        Ok(Self { stack: Arc::new(stack), database: file.to_owned(), memory, is_in_memory: false, workers: None })
    }

    /// The same, with this many workers per queue.
    #[must_use]
    pub fn with_workers(&self, workers: u32) -> Self {
        Self { workers: Some(workers), ..self.clone() }
    }

    /// The same, with the table in memory instead of the embedded database.
    #[must_use]
    pub fn in_memory(&self) -> Self {
        Self { is_in_memory: true, ..self.clone() }
    }

    /// A fresh copy of the table with the world's clock.
    pub(crate) fn tables(&self, clock: super::clock::VirtualClock) -> dynoxide::Result<Tables> {
        if self.is_in_memory {
            return Ok(self.memory.copy(Arc::new(clock)).into());
        }
        let database = Database::memory_with_clock(Arc::new(clock))?;
        database.restore_from(&self.database.to_string_lossy())?;
        Ok(database.into())
    }
}
