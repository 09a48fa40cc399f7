//! `cargo mill price`: what an endpoint costs to write, counted on the present tree.
//!
//! A line of production code is any line of a Rust file before its unit tests; files of tests do not count.

use std::path::{Path, PathBuf};

use clap::Args;
use functions::routes::ROUTES;

use super::steps::StepError;
use super::{project, say};

/// Options of `price`: there are none.
#[derive(Args, Clone, Debug)]
pub struct Price {}

/// The layers of one plain resource: bodies, wire types, handlers, use cases, storage.
const NOTES: [&str; 5] = [
    "shared/src/body/note.rs",
    "shared/src/order_network/note.rs",
    "functions/src/http/notes.rs",
    "functions/src/app/notes.rs",
    "functions/src/store/notes.rs",
];
/// The crates that deploy.
const DEPLOYED: [&str; 2] = ["functions/src", "shared/src"];
/// Code that only the developer's tools run.
const TOOLS: [&str; 4] = [
    "functions/src/http/openapi",
    "functions/src/http/openapi.rs",
    "shared/src/validation/generate",
    "shared/src/schema.rs",
];

impl Price {
    /// Prints the counts as a table.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn run(&self) -> Result<(), StepError> {
        let mut files = Vec::new();
        for folder in DEPLOYED {
            rust_files(&project().join(folder), &mut files)?;
        }
        let mut lines = Vec::new();
        let (mut all, mut tools, mut spelt) = (0_usize, 0_usize, 0_usize);
        for file in &files {
            let text = production(file)?;
            let count = text.lines().count();
            all = all.saturating_add(count);
            lines.push(count);
            spelt = spelt.saturating_add(text.matches("\"/note/v1/notes\"").count());
            if TOOLS.iter().any(|tool| file.starts_with(project().join(tool))) {
                tools = tools.saturating_add(count);
            }
        }
        lines.sort_unstable();
        let at = |percent: usize| lines.get(lines.len().saturating_mul(percent) / 100).copied().unwrap_or_default();
        let mut notes = 0_usize;
        for file in NOTES {
            notes = notes.saturating_add(production(&project().join(file))?.lines().count());
        }
        let routes = ROUTES.iter().filter(|route| route.path.starts_with("/note/")).count();
        say("| what | count |\n|---|---|");
        say(&format!("| production lines of the note service, all layers | {notes} |"));
        say(&format!(
            "| of them per endpoint ({routes} endpoints) | {} |",
            notes.checked_div(routes).unwrap_or_default()
        ));
        say(&format!("| places that spell the path `/note/v1/notes` (its POST and its list) | {spelt}, one per row |"));
        say(&format!("| production lines of `functions` and `shared` | {all} |"));
        say(&format!("| of them for the developer's tools (OpenAPI, schemas, pages) | {tools} |"));
        say(&format!(
            "| lines of a file: median, 90th percentile, longest | {}, {}, {} |",
            at(50),
            at(90),
            lines.last().copied().unwrap_or_default()
        ));
        Ok(())
    }
}

fn failed(path: &Path, error: std::io::Error) -> StepError {
    StepError::File(path.display().to_string(), error)
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), StepError> {
    for entry in std::fs::read_dir(folder).map_err(|error| failed(folder, error))? {
        let path = entry.map_err(|error| failed(folder, error))?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let is_test = matches!(name, "tests" | "laws");
        if path.is_dir() && !is_test {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            files.push(path);
        }
    }
    Ok(())
}

/// The text of a file before its unit tests.
fn production(file: &Path) -> Result<String, StepError> {
    let text = std::fs::read_to_string(file).map_err(|error| failed(file, error))?;
    Ok(text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned())
}
