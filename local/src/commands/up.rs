//! `cargo mill up`: the whole stack, until it is interrupted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::steps::StepError;
use super::{data_folder, docs, edge, project, say};
use crate::demo::Data;
use crate::stack::{self, Options, StartError};

/// Options of `up`.
#[derive(Args, Clone, Debug)]
pub struct Up {
    /// Port of the API; 0 takes any that is free
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// Folder for the data
    #[arg(long, default_value = ".ordermill", conflicts_with = "memory")]
    pub data: PathBuf,
    /// Keep everything in memory
    #[arg(long)]
    pub memory: bool,
    /// Do not build the upload page and serve it
    #[arg(long)]
    pub no_upload: bool,
    /// Do not build the API reference and serve it with the OpenAPI document and the guides
    #[arg(long)]
    pub no_docs: bool,
    /// A template parameter in place of its default, as in --set VendorStepSeconds=0
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parameter)]
    pub parameters: Vec<(String, String)>,
    /// Let webhooks and calls to vendors go to this machine, also over plain HTTP; for development only (the template
    /// parameter AllowLoopbackWebhooks)
    #[arg(long)]
    pub allow_loopback_webhooks: bool,
    /// Another template
    #[arg(long)]
    pub template: Option<PathBuf>,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("a parameter is NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Why the stack could not run.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// The stack could not start.
    #[error("{0}")]
    Start(#[from] StartError),
    /// A document cannot be read.
    #[error("{0} (`cargo mill generate` writes the generated documents; --no-docs serves none)")]
    Documents(#[from] StepError),
    /// The signals that end it cannot be heard.
    #[error("{0}")]
    Signals(#[from] std::io::Error),
}

impl Up {
    fn options(&self) -> Result<Options, UpError> {
        let mut parameters: BTreeMap<_, _> = self.parameters.iter().cloned().collect();
        if self.allow_loopback_webhooks {
            parameters.insert("AllowLoopbackWebhooks".to_owned(), "true".to_owned());
        }
        Ok(Options {
            template: self.template.clone().unwrap_or_else(|| project().join("template.yaml")),
            parameters,
            port: self.port,
            data: (!self.memory).then(|| data_folder(&self.data)),
            load: Some(Data::demo().map_err(StartError::from)?),
            upload: (!self.no_upload).then(edge::build_upload),
            docs: if self.no_docs { None } else { Some(docs::build_docs()?) },
        })
    }

    /// Starts the stack and waits for Ctrl-C or a request to terminate.
    ///
    /// # Errors
    /// The stack cannot start.
    pub async fn run(self) -> Result<(), UpError> {
        let running = stack::start(self.options()?).await?;
        // Before anybody is told that it is ready, so that whoever then stops it stops it in order.
        let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        say(&format!("ready {}", running.url));
        say(&banner(&running.url, &Data::demo().map_err(StartError::from)?, (!self.memory).then_some(&self.data)));
        if !self.no_upload {
            say(&format!("  upload a file of orders: {}/upload/", running.url));
        }
        if !self.no_docs {
            say(&format!("  reference of the API:    {}/docs/", running.url));
        }
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
        running.stop().await;
        Ok(())
    }
}

fn banner(url: &str, demo: &Data, data: Option<&PathBuf>) -> String {
    let (api_key, token, merchant) = demo
        .merchants
        .first()
        .map(|merchant| (merchant.api_key.as_str(), merchant.bearer_token.as_str(), merchant.merchant_id.as_str()))
        .unwrap_or_default();
    let data = data.map_or_else(|| "memory".to_owned(), |folder| folder.display().to_string());
    format!(
        "
  merchant      {merchant}
  x-api-key     {api_key}
  Bearer token  {token}
  data          {data}

  curl {url}/v2/orders \\
    -H 'x-api-key: {api_key}' -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\
    -d '{{\"clientOrderNumber\":\"1234\",\"products\":[{{\"sku\":\"8PX-UF-Y5U\",\"quantity\":100}}]}}'

  Ctrl-C stops it.
"
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Up;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        up: Up,
    }

    #[test]
    fn options_become_template_parameters() {
        let parameters = |arguments: &[&str]| {
            let command = Command::parse_from([&["up", "--no-upload", "--no-docs"], arguments].concat());
            command.up.options().unwrap().parameters.into_iter().collect::<Vec<_>>()
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(parameters(&[]), []);
        assert_eq!(
            parameters(&["--allow-loopback-webhooks", "--set", "RetrySeconds=1"]),
            [pair("AllowLoopbackWebhooks", "true"), pair("RetrySeconds", "1")]
        );
    }
}
