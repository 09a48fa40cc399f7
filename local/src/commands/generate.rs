//! `cargo mill generate`: writes what is derived from rules and routes, so that nobody keeps it in step by hand.

use clap::Args;
use functions::routes::HttpFunction;
use shared::validation::generate::GeneratedFile;

use super::steps::StepError;
use super::{project, say};
use crate::{conversations, openapi};

/// Options of `generate`: there are none.
#[derive(Args, Clone, Debug)]
pub struct Generate {}

impl Generate {
    /// Writes the JSON Schemas, the OpenAPI document, the pages, the catalogue for JavaScript, and the routes of the
    /// gateway in the template.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn run(&self) -> Result<(), StepError> {
        for file in files()? {
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

/// Every generated file.
///
/// # Errors
/// A conversation or the template cannot be read.
pub fn files() -> Result<Vec<GeneratedFile>, StepError> {
    let failed = |path: &str, error: String| StepError::File(path.to_owned(), std::io::Error::other(error));
    let examples = conversations::examples().map_err(|error| failed("local/tests/conversations", error))?;
    let document = openapi::document(&examples);
    let template = std::fs::read_to_string(project().join(TEMPLATE));
    let template = template.map_err(|error| StepError::File(TEMPLATE.to_owned(), error))?;
    let file = |path, text| GeneratedFile { path, text };
    let mut files = shared::validation::generate::files();
    files.extend([
        file("shared/generated/openapi.json", document.document()),
        file("shared/generated/openapi.yaml", document.yaml()),
        file("docs/routes.md", openapi::routes_page()),
        file(TEMPLATE, with_routes(&template).map_err(|error| failed(TEMPLATE, error))?),
    ]);
    Ok(files)
}

const TEMPLATE: &str = "template.yaml";

/// The template with the routes of each function between its marks.
fn with_routes(template: &str) -> Result<String, String> {
    let mut text = template.to_owned();
    for function in HttpFunction::ALL {
        let name = function.as_str();
        let begin = format!("        # Routes of {name}: written by `cargo mill generate`.\n");
        let end = format!("        # End of the routes of {name}.\n");
        let missing = |line: &str| format!("the line `{}` is missing", line.trim());
        let (before, rest) = text.split_once(&begin).ok_or_else(|| missing(&begin))?;
        let (_, after) = rest.split_once(&end).ok_or_else(|| missing(&end))?;
        text = format!("{before}{begin}{}{end}{after}", openapi::template_events(function, "        "));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::files;
    use crate::commands::project;

    #[test]
    fn generated_files_are_committed_as_they_are_generated() {
        for file in files().unwrap() {
            let committed = std::fs::read_to_string(project().join(file.path)).unwrap_or_default();
            assert!(committed == file.text, "{} is stale: run `cargo mill generate`", file.path);
        }
    }
}
