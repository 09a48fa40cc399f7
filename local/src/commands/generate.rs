//! `cargo mill generate`: writes what is derived from the rules, so that nobody keeps it in step by hand.

use clap::Args;

use super::steps::StepError;
use super::{project, say};

/// Options of `generate`: there are none.
#[derive(Args, Clone, Debug)]
pub struct Generate {}

impl Generate {
    /// Writes the JSON Schemas, the OpenAPI components, the TypeScript codes, the catalogue and the pages.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn run(&self) -> Result<(), StepError> {
        for file in shared::validation::generate::files() {
            let path = project().join(file.path);
            if std::fs::read_to_string(&path).is_ok_and(|text| text == file.text) {
                continue;
            }
            std::fs::write(&path, file.text).map_err(|error| StepError::File(file.path.to_owned(), error))?;
            say(&format!("wrote {}", file.path));
        }
        Ok(())
    }
}
