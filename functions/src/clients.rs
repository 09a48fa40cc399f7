//! The SDK's clients, built once per function and shared by its requests.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::cost::Meter;
use crate::http::App;
use crate::queue::FulfilmentQueue;
use crate::settings::{self, SettingError, Settings};
use crate::store::Table;

/// One attempt of a call, and all its attempts: well within [`crate::store::network_orders::CLAIM_MS`].
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(12);

/// Makes a metered [`Table`] for each request or batch.
#[derive(Clone)]
pub(crate) struct Tables {
    client: aws_sdk_dynamodb::Client,
    name: Arc<str>,
}

impl Tables {
    pub(crate) fn from(settings: Settings<'_>) -> Result<Self, SettingError> {
        Ok(Self { client: dynamodb(settings)?, name: settings.required(settings::TABLE_NAME)?.into() })
    }

    pub(crate) fn metered(&self) -> Table {
        Table { client: self.client.clone(), name: self.name.clone(), meter: Meter::default() }
    }
}

/// Makes a metered [`FulfilmentQueue`] for each batch.
#[derive(Clone)]
pub(crate) struct Queues {
    client: aws_sdk_sqs::Client,
    url: String,
}

impl Queues {
    pub(crate) fn from(settings: Settings<'_>) -> Result<Self, SettingError> {
        Ok(Self { client: sqs(settings)?, url: settings.required(settings::FULFILMENT_QUEUE_URL)? })
    }

    pub(crate) fn metered(&self) -> FulfilmentQueue {
        FulfilmentQueue { client: self.client.clone(), url: self.url.clone(), meter: Meter::default() }
    }
}

/// The state of an HTTP function.
pub(crate) fn app(settings: Settings<'_>) -> Result<App, SettingError> {
    Ok(App::new(dynamodb(settings)?, settings.required(settings::TABLE_NAME)?))
}

fn dynamodb(settings: Settings<'_>) -> Result<aws_sdk_dynamodb::Client, SettingError> {
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(settings.required(settings::AWS_REGION)?))
        .credentials_provider(credentials(settings)?)
        .timeout_config(timeouts())
        .http_client(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https());
    config.set_endpoint_url(settings.optional(settings::AWS_ENDPOINT_URL_DYNAMODB));
    Ok(aws_sdk_dynamodb::Client::from_conf(config.build()))
}

fn sqs(settings: Settings<'_>) -> Result<aws_sdk_sqs::Client, SettingError> {
    let mut config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(settings.required(settings::AWS_REGION)?))
        .credentials_provider(credentials(settings)?)
        .timeout_config(timeouts())
        .http_client(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https());
    config.set_endpoint_url(settings.optional(settings::AWS_ENDPOINT_URL_SQS));
    Ok(aws_sdk_sqs::Client::from_conf(config.build()))
}

/// Lambda gives a function's role as variables that hold for the life of the environment, so the chain of providers of
/// `aws-config`, which would double the binary, is not needed.
fn credentials(settings: Settings<'_>) -> Result<Credentials, SettingError> {
    Ok(Credentials::new(
        settings.required(settings::AWS_ACCESS_KEY_ID)?,
        settings.required(settings::AWS_SECRET_ACCESS_KEY)?,
        settings.optional(settings::AWS_SESSION_TOKEN),
        None,
        "environment",
    ))
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).operation_timeout(OPERATION_TIMEOUT).build()
}
