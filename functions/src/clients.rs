//! The SDK clients, built once per function and shared by its requests.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use shared::time::Timestamp;

use crate::context::Context;
use crate::cost::Meter;
use crate::outbound::Transport;
use crate::outbound::client::GuardedClient;
use crate::queue::Queue;
use crate::settings::{self, SettingError, Settings};
use crate::store::Table;

/// Timeouts of one attempt and of all attempts: well within [`crate::store::network_orders::CLAIM_MS`].
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(12);

/// Makes a metered [`Table`] for each request or batch.
#[derive(Clone)]
pub(crate) struct Tables {
    client: aws_sdk_dynamodb::Client,
    name: Arc<str>,
    context: Context,
    overdue: Duration,
}

impl Tables {
    pub(crate) fn from(settings: Settings<'_>) -> Result<Self, SettingError> {
        let mut config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(settings.required(settings::AWS_REGION)?))
            .credentials_provider(credentials(settings)?)
            .timeout_config(timeouts())
            .http_client(http_client(settings));
        config.set_endpoint_url(settings.optional(settings::AWS_ENDPOINT_URL_DYNAMODB));
        config.set_retry_partition(retry_partition(settings));
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        let context = settings.surroundings.context.clone();
        let overdue = Duration::from_secs(settings.number(settings::OVERDUE_SECONDS)?);
        Ok(Self { client, name: settings.required(settings::TABLE_NAME)?.into(), context, overdue })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.context.now()
    }

    pub(crate) fn metered(&self) -> Table {
        self.for_request(Meter::default(), None)
    }

    pub(crate) fn for_request(&self, meter: Meter, request_id: Option<String>) -> Table {
        let (client, name, context) = (self.client.clone(), self.name.clone(), self.context.clone());
        Table { client, name, context, meter, request_id, key: None, overdue: self.overdue }
    }
}

/// Makes metered [`Queue`]s, which share one client.
#[derive(Clone)]
pub(crate) struct Queues {
    client: aws_sdk_sqs::Client,
    context: Context,
}

impl Queues {
    pub(crate) fn from(settings: Settings<'_>) -> Result<Self, SettingError> {
        let mut config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(settings.required(settings::AWS_REGION)?))
            .credentials_provider(credentials(settings)?)
            .timeout_config(timeouts())
            .http_client(http_client(settings));
        config.set_endpoint_url(settings.optional(settings::AWS_ENDPOINT_URL_SQS));
        config.set_retry_partition(retry_partition(settings));
        let client = aws_sdk_sqs::Client::from_conf(config.build());
        Ok(Self { client, context: settings.surroundings.context.clone() })
    }

    /// The queue at a URL. It shares the table's meter, so that a batch has one.
    pub(crate) fn of(&self, url: &str, meter: &Meter) -> Queue {
        let (client, context) = (self.client.clone(), self.context.clone());
        Queue { client, url: url.to_owned(), context, meter: meter.clone() }
    }
}

/// Access to subscribers and vendors.
#[derive(Clone)]
pub(crate) struct Subscribers {
    pub(crate) transport: Arc<dyn Transport>,
    /// Whether they may be on this machine.
    pub(crate) allow_loopback: bool,
}

impl Subscribers {
    pub(crate) fn from(settings: Settings<'_>) -> Result<Self, SettingError> {
        let allow_loopback = settings.flag(settings::ALLOW_LOOPBACK_WEBHOOKS)?;
        let guarded = || Arc::new(GuardedClient::new(allow_loopback)) as Arc<dyn Transport>;
        Ok(Self { transport: settings.surroundings.outbound.clone().unwrap_or_else(guarded), allow_loopback })
    }
}

/// A client over ring, or the replacement that the surroundings provide.
fn http_client(settings: Settings<'_>) -> SharedHttpClient {
    let tls = || Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    settings.surroundings.aws.clone().unwrap_or_else(tls)
}

/// The SDK's retry budget is shared by the whole process. The local stack runs many functions in one process, so each
/// gets its own.
fn retry_partition(settings: Settings<'_>) -> Option<RetryPartition> {
    settings.surroundings.aws.as_ref().map(|_| RetryPartition::custom("function").build())
}

/// Lambda provides the role's credentials as variables for the life of the environment, so the provider chain of
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
