//! The steps of the developer's tasks: commands that a reader could type, each printed before it runs.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{command_in_project, project, say};

/// A step that failed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A command ended with an error.
    #[error("`{0}` failed")]
    Failed(String),
    /// A command could not be started.
    #[error("`{command}` cannot be run ({error}): {remedy}")]
    Missing {
        /// The command.
        command: String,
        /// The reason.
        error: std::io::Error,
        /// The remedy.
        remedy: &'static str,
    },
    /// A file could not be read or written.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
}

pub(crate) const RUSTUP: &str = "install Rust with rustup";
pub(crate) const NODE: &str = "install Node 20 or later with npm (`apt-get install nodejs npm`)";

/// Runs a named part of a task and reports its duration.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T, StepError>) -> Result<T, StepError> {
    let started = Instant::now();
    say(&format!("\n== {name}"));
    let result = work()?;
    say(&format!("== {name}: passed ({} s)", started.elapsed().as_secs()));
    Ok(result)
}

/// A command in the project's folder.
pub(crate) struct Step<'s> {
    program: &'s str,
    arguments: &'s [&'s str],
    variables: Vec<(&'s str, String)>,
    folder: PathBuf,
    quiet: bool,
    remedy: &'static str,
}

impl<'s> Step<'s> {
    /// `remedy` says what to do if there is no such program.
    pub(crate) fn new(program: &'s str, arguments: &'s [&'s str], remedy: &'static str) -> Self {
        Self { program, arguments, variables: Vec::new(), folder: project(), quiet: false, remedy }
    }

    pub(crate) fn variable(mut self, name: &'s str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Runs in a folder of the project, or in one with an absolute path.
    pub(crate) fn in_folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = project().join(folder);
        self
    }

    /// Does not print itself, so that a machine can read the program's output.
    pub(crate) fn quiet(mut self, quiet: bool) -> Self {
        self.quiet = quiet;
        self
    }

    /// Runs the command to completion.
    pub(crate) fn run(self) -> Result<(), StepError> {
        let command = format!("{} {}", self.program, self.arguments.join(" "));
        if !self.quiet {
            say(&format!("   {command}"));
        }
        let mut process = command_in_project(self.program);
        match process.args(self.arguments).envs(self.variables).current_dir(self.folder).status() {
            Ok(status) if status.success() => Ok(()),
            Ok(_) => Err(StepError::Failed(command)),
            Err(error) => Err(StepError::Missing { command, error, remedy: self.remedy }),
        }
    }
}

/// Runs cargo in the project.
pub(crate) fn cargo(arguments: &[&str]) -> Result<(), StepError> {
    Step::new("cargo", arguments, RUSTUP).run()
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| project().join("target"), PathBuf::from)
}
