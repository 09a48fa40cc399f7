//! Both services, with the `template.yaml` beside this file, and clients for them.

use aws_smithy_http_client::Builder;
use dynoxide::Database;
use local::{
    aws::{
        dynamodb,
        iam::Identities,
        sqs::{self, ManualClock, Queues},
    },
    template::{self, Endpoints, Stack},
};
use std::{collections::BTreeMap, path::Path, sync::Arc};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// 2026-10-01.
pub(crate) const START_MS: i64 = 1_790_812_800_000;

pub(crate) const JOBS: &str = "ordermill-Jobs";
pub(crate) const DEAD_JOBS: &str = "ordermill-DeadJobs";
pub(crate) const SLOW: &str = "ordermill-Slow";
pub(crate) const LETTERS: &str = "ordermill-Letters";
pub(crate) const PARCELS: &str = "ordermill-Parcels";
pub(crate) const UNDELIVERED: &str = "ordermill-Undelivered";
pub(crate) const ORDERS: &str = "ordermill-Orders";

pub(crate) fn stack() -> Stack {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/aws/template.yaml"));
    let endpoints = Endpoints { sqs: "http://127.0.0.1:1".to_owned(), api: String::new() };
    template::read(path, &BTreeMap::new(), &endpoints).expect("the template reads")
}

/// Access keys: `ADMIN` may do everything, the others what their functions may do.
fn identities(stack: &Stack) -> Arc<Identities> {
    let mut identities = Identities::new();
    identities.add_administrator("ADMIN");
    for name in ["Reader", "Writer", "Mover", "Worker"] {
        identities.add_function(name.to_ascii_uppercase(), stack.function(name).expect("a function"));
    }
    Arc::new(identities)
}

/// A service that runs until it is dropped or stopped.
pub(crate) struct Service {
    pub(crate) endpoint: String,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<std::io::Result<()>>,
}

impl Service {
    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        self.running.await.expect("the service ends").expect("without error");
    }
}

async fn listener() -> (TcpListener, String, oneshot::Sender<()>, impl Future<Output = ()> + Send + 'static) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async move {
        let _ = stopped.await;
    };
    (listener, endpoint, stop, stopped)
}

pub(crate) struct Sqs {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) queues: Queues,
    pub(crate) service: Service,
}

impl Sqs {
    /// Queues in memory, or in the given file.
    pub(crate) async fn start(path: Option<&Path>) -> Self {
        let clock = Arc::new(ManualClock::at(START_MS));
        let stack = stack();
        let queues = match path {
            Some(path) => Queues::open(path, clock.clone()),
            None => Queues::memory(clock.clone()),
        }
        .expect("queues");
        queues.declare(&stack.queues).await.expect("declared");
        let (listener, endpoint, stop, stopped) = listener().await;
        let running = tokio::spawn(sqs::serve(listener, queues.clone(), identities(&stack), Box::pin(stopped)));
        Self { clock, queues, service: Service { endpoint, stop: Some(stop), running } }
    }

    pub(crate) fn url(&self, queue: &str) -> String {
        format!("{}/000000000000/{queue}", self.service.endpoint)
    }

    pub(crate) fn client(&self, key: &str) -> aws_sdk_sqs::Client {
        use aws_sdk_sqs::config::{BehaviorVersion, Config, Credentials, Region, retry::RetryConfig};
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&self.service.endpoint)
            .credentials_provider(Credentials::new(key, "secret", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(Builder::new().build_http())
            .build();
        aws_sdk_sqs::Client::from_conf(config)
    }
}

pub(crate) struct DynamoDb {
    pub(crate) database: Database,
    pub(crate) service: Service,
}

impl DynamoDb {
    pub(crate) async fn start() -> Self {
        let stack = stack();
        let database = Database::memory().expect("a database");
        for table in &stack.tables {
            dynamodb::create_table(&database, table).expect("a table");
        }
        let (listener, endpoint, stop, stopped) = listener().await;
        let running = tokio::spawn(dynamodb::serve(listener, database.clone(), identities(&stack), Box::pin(stopped)));
        Self { database, service: Service { endpoint, stop: Some(stop), running } }
    }

    pub(crate) fn client(&self, key: &str) -> aws_sdk_dynamodb::Client {
        use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region, retry::RetryConfig};
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&self.service.endpoint)
            .credentials_provider(Credentials::new(key, "secret", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(Builder::new().build_http())
            .build();
        aws_sdk_dynamodb::Client::from_conf(config)
    }
}
