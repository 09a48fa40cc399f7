//! `cargo mill fuzz-api`: holds a fresh stack to its OpenAPI document, with requests that Schemathesis makes up.
//!
//! Every check runs on every operation: valid requests are accepted and invalid ones refused, each answer has a status,
//! media type, headers and body that the document declares, credentials are asked for, and nothing is answered with 5xx.
//! What is allowed beyond that is in `local/tools/schemathesis.toml`, with its reasons.

use std::collections::BTreeMap;

use clap::Args;

use super::project;
use super::python::{PYTHON, set_up_python};
use super::steps::{Step, StepError, target};
use crate::demo::Data;
use crate::stack::{self, Options, StartError};

const REQUIREMENTS: &str = "local/tools/schemathesis-requirements.txt";
const CONFIG: &str = "local/tools/schemathesis.toml";
const DOCUMENT: &str = "shared/generated/openapi.json";

/// Options of `fuzz-api`.
#[derive(Args, Clone, Debug)]
pub struct FuzzApi {
    /// Examples for each operation
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub examples: u32,
    /// Repeats the run that printed this seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Only the operation with this id
    #[arg(long, value_name = "ID")]
    pub operation: Option<String>,
}

/// Why the document does not hold.
#[derive(Debug, thiserror::Error)]
pub enum FuzzError {
    /// The stack could not start.
    #[error("{0}")]
    Start(#[from] StartError),
    /// A check failed, or the tool is not there.
    #[error("{0}")]
    Step(#[from] StepError),
    /// The tool's task ended early.
    #[error("{0}")]
    Task(#[from] tokio::task::JoinError),
}

impl FuzzApi {
    /// Starts a stack in memory and sends it what the tool makes up.
    ///
    /// # Errors
    /// A check failed, or something could not be started.
    pub async fn run(self) -> Result<(), FuzzError> {
        // Requests come faster than clients may send them.
        let unthrottled =
            ["ThrottlingRatePerSecond", "ThrottlingBurst"].map(|name| (name.to_owned(), "100000".to_owned()));
        let running = stack::start(Options {
            template: project().join("template.yaml"),
            parameters: BTreeMap::from(unthrottled),
            port: 0,
            data: None,
            load: Some(Data::demo().map_err(StartError::from)?),
            upload: None,
            docs: None,
        })
        .await?;
        let url = running.url.clone();
        let result = tokio::task::spawn_blocking(move || self.send_to(&url)).await;
        running.stop().await;
        Ok(result??)
    }

    fn send_to(&self, url: &str) -> Result<(), StepError> {
        let tool = set_up_python("schemathesis", REQUIREMENTS)?;
        // The tool keeps failed cases in the folder where it runs.
        let folder = target().join("fuzz-api");
        std::fs::create_dir_all(&folder).map_err(|error| StepError::File(folder.display().to_string(), error))?;
        let absolute = |path: &str| project().join(path).display().to_string();
        let (program, config, document) =
            (tool.join("bin/schemathesis").display().to_string(), absolute(CONFIG), absolute(DOCUMENT));
        let (examples, seed) = (self.examples.to_string(), self.seed.to_string());
        let mut arguments = vec!["--config-file", &config, "run", &document, "--url", url];
        arguments.extend(["--max-examples", &examples, "--seed", &seed, "--workers", "2", "--continue-on-failure"]);
        if let Some(operation) = &self.operation {
            arguments.extend(["--include-operation-id", operation]);
        }
        Step::new(&program, &arguments, PYTHON).in_folder(&folder).run()
    }
}
