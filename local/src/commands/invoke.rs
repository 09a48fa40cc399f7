//! `cargo mill invoke`: one function's own binary, on one event, as Lambda would run it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::{PACKAGES, command_in_project, project, say};
use crate::demo::Data;
use crate::runtime::{self, InvokeError};
use crate::stack::{self, Options, StartError};

/// Options of `invoke`.
#[derive(Args, Clone, Debug)]
pub struct Invoke {
    /// The function's binary, for example orders-create
    pub binary: String,
    /// The event; events/BINARY.json without it
    #[arg(long)]
    pub event: Option<PathBuf>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The event cannot be read.
    #[error("{0}: {1}")]
    Event(String, String),
    /// No function of the template has this binary.
    #[error("no function of the template has the binary `{0}`")]
    Unknown(String),
    /// The binary does not build.
    #[error("`{0}` failed")]
    Build(String),
    /// The stack could not start.
    #[error("{0}")]
    Start(#[from] StartError),
    /// The function has no answer.
    #[error("{0}")]
    Invoke(#[from] InvokeError),
}

/// A debug binary on a busy machine starts within this.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Invoke {
    /// Builds the binary, stands up a stack in memory, sends the event and prints the answer.
    ///
    /// # Errors
    /// Any of these does not succeed.
    pub async fn run(self) -> Result<(), CommandError> {
        let path = self.event.clone().unwrap_or_else(|| project().join(format!("events/{}.json", self.binary)));
        let unreadable = |error: String| CommandError::Event(path.display().to_string(), error);
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))?;
        let event = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        let binary = build(&self.binary)?;
        let answer = invoke_on_fresh_stack(&self.binary, &binary, event).await?;
        say(&serde_json::to_string_pretty(&answer).unwrap_or_default());
        Ok(())
    }
}

fn build(binary: &str) -> Result<PathBuf, CommandError> {
    let arguments = [["build", "--quiet"].as_slice(), &PACKAGES, &["--bin", binary]].concat();
    let built = command_in_project("cargo").args(&arguments).status();
    if !built.is_ok_and(|status| status.success()) {
        return Err(CommandError::Build(format!("cargo {}", arguments.join(" "))));
    }
    Ok(target_folder().join(binary))
}

/// Where cargo puts the binaries of the profile that this program was built with.
#[must_use]
pub fn target_folder() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    let folder = own.parent().map(PathBuf::from).unwrap_or_default();
    // A test runs from the folder `deps` beside the binaries.
    if folder.ends_with("deps") { folder.parent().map(PathBuf::from).unwrap_or_default() } else { folder }
}

/// Sends an event to a binary whose services are a new stack in memory with the demo data.
///
/// # Errors
/// The stack could not start, or the function has no answer.
pub async fn invoke_on_fresh_stack(name: &str, binary: &std::path::Path, event: Value) -> Result<Value, CommandError> {
    let running = stack::start(Options {
        template: project().join("template.yaml"),
        parameters: std::collections::BTreeMap::new(),
        port: 0,
        data: None,
        load: Some(Data::demo().map_err(StartError::from)?),
        upload: None,
        docs: None,
    })
    .await?;
    let function = running.stack.functions.iter().find(|function| function.binary == name);
    let function =
        function.map(|function| function.logical_id.clone()).ok_or_else(|| CommandError::Unknown(name.to_owned()))?;
    let answer = runtime::invoke(binary, &running.environment(&function), event, TIMEOUT).await;
    running.stop().await;
    Ok(answer?)
}
