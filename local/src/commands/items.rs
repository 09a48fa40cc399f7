//! `cargo mill items`: prints merchants and products in the form that the AWS CLI writes to a deployed table.

use std::collections::BTreeMap;
use std::path::PathBuf;

use aws_sdk_dynamodb::types::AttributeValue;
use clap::Args;
use serde_json::{Value, json};

use super::say;
use crate::demo::{Data, DataError, Item};

/// Options of `items`.
#[derive(Args, Clone, Debug)]
pub struct Items {
    /// A file of the form of local/src/demo.json
    pub file: PathBuf,
    /// Name of the table (output TableName of the deployed stack)
    #[arg(long)]
    pub table: String,
}

/// A file that cannot be turned into items.
#[derive(Debug, thiserror::Error)]
pub enum ItemsError {
    /// It cannot be read.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    /// It has another form.
    #[error("{0}: {1}")]
    Data(String, DataError),
}

impl Items {
    /// Prints one line per 25 items, the maximum of one `batch-write-item`.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or has another form.
    pub fn run(self) -> Result<(), ItemsError> {
        let name = self.file.display().to_string();
        let text = std::fs::read_to_string(&self.file).map_err(|error| ItemsError::File(name.clone(), error))?;
        let items = Data::parse(&text).and_then(|data| data.items()).map_err(|error| ItemsError::Data(name, error))?;
        for batch in items.chunks(25) {
            let puts: Vec<Value> =
                batch.iter().map(|item| json!({ "PutRequest": { "Item": item_json(item) } })).collect();
            say(&json!({ &self.table: puts }).to_string());
        }
        Ok(())
    }
}

fn item_json(item: &Item) -> BTreeMap<&str, Value> {
    let attribute = |value: &AttributeValue| match value {
        AttributeValue::N(number) => json!({ "N": number }),
        other => json!({ "S": other.as_s().map(String::as_str).unwrap_or_default() }),
    };
    item.iter().map(|(name, value)| (name.as_str(), attribute(value))).collect()
}
