//! Starts a stack: from `template.yaml` to an address that answers.
//!
//! ```text
//! listeners ── template ── table, queues ── access keys ── endpoints ── functions ── demo data ── sources ── gateway
//! ```
//!
//! Everything binds to 127.0.0.1. Each function has its own access key, so the endpoints know whose policies apply to a
//! call.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use aws_smithy_http_client::Builder;
use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use dynoxide::Database;
use futures_util::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use functions::context::Surroundings;
use functions::settings::Settings;

use crate::aws::dynamodb::{self, StreamError, TableError};
use crate::aws::iam::Identities;
use crate::aws::sqs::{self, Queues, SqsError, SystemClock};
use crate::demo::{Data, DataError, Item};
use crate::gateway::Gateway;
use crate::invoke::{Functions, Invoke};
use crate::pages::{self, Site};
use crate::running_stack::{RunningStack, lock_file};
use crate::sources::{Checkpoints, Pace, Sources};
use crate::template::{self, Endpoints, REGION, Stack, TemplateError};

/// Access key of whoever runs the stack; allowed everything.
pub const ADMINISTRATOR: &str = "LOCALADMINISTRATOR";
/// Local endpoints identify a caller by the key; the secret only has to be present.
const SECRET: &str = "local";

/// What to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// The template.
    pub template: PathBuf,
    /// Parameter values that override the template's defaults.
    pub parameters: BTreeMap<String, String>,
    /// Port of the gateway; 0 for any free port.
    pub port: u16,
    /// Folder for persistent data; `None` for in memory.
    pub data: Option<PathBuf>,
    /// Data to load into an empty table.
    pub load: Option<Data>,
    /// The upload page, if it is served along with the API.
    pub upload: Option<Site>,
    /// The API reference and the documents, if they are served beside the API.
    pub docs: Option<Site>,
}

/// Why a stack cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The template has an error.
    #[error("{0}")]
    Template(#[from] TemplateError),
    /// Another process uses the port.
    #[error("port {0} is in use: stop the other process, or choose another with --port")]
    PortBusy(u16),
    /// Another process uses the data folder.
    #[error("{} is in use by another process", .0.display())]
    DataBusy(PathBuf),
    /// A file or a listener failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The database failed.
    #[error("database: {0}")]
    Database(String),
    /// The table could not be created.
    #[error("{0}")]
    Table(#[from] TableError),
    /// The queues could not be opened.
    #[error("queues: {}", .0.message)]
    Queues(SqsError),
    /// A stream could not be opened.
    #[error("{0}")]
    Stream(#[from] StreamError),
    /// A function lacks a setting.
    #[error("function {0}: {1}")]
    Function(String, functions::settings::SettingError),
    /// The demo data is damaged.
    #[error("demo data: {0}")]
    Data(#[from] DataError),
}

/// A running stack.
pub struct Running {
    /// URL of the API.
    pub url: String,
    /// The template's model, with every reference resolved.
    pub stack: Arc<Stack>,
    /// URL of DynamoDB.
    pub dynamodb_url: String,
    /// URL of SQS.
    pub sqs_url: String,
    /// The queues, for inspection.
    pub queues: Queues,
    functions: Arc<Functions>,
    stop: watch::Sender<bool>,
    sources: JoinSet<()>,
    servers: JoinSet<()>,
    data: Option<PathBuf>,
    _lock: Option<File>,
}

impl Running {
    /// Stops accepting requests, lets every source finish its batch, then stops the endpoints.
    pub async fn stop(mut self) {
        if let Some(error) = self.data.as_deref().and_then(|folder| RunningStack::remove(folder).err()) {
            tracing::warn!(%error, "cannot remove the running-stack file from the data folder");
        }
        self.stop.send_replace(true);
        self.queues.close();
        let ended = async { while self.sources.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(Duration::from_secs(10), ended).await;
        self.servers.shutdown().await;
    }

    /// A DynamoDB client with the administrator's key.
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        client(&self.dynamodb_url)
    }

    /// Sends a function an event, as its trigger would.
    ///
    /// # Errors
    ///
    /// The function fails.
    pub async fn invoke(&self, logical_id: &str, event: serde_json::Value) -> Result<serde_json::Value, String> {
        self.functions.invoke(logical_id, event).await
    }

    /// The environment of a function, as its process would have it.
    #[must_use]
    pub fn environment(&self, logical_id: &str) -> BTreeMap<String, String> {
        let function = self.stack.function(logical_id);
        function.map(|function| environment(function, &self.dynamodb_url, &self.sqs_url)).unwrap_or_default()
    }
}

/// Starts a stack. Boxed so that it is compiled once and not in each program that awaits it.
///
/// # Errors
///
/// The first problem, with the template's line if it is there.
#[must_use]
pub fn start(options: Options) -> BoxFuture<'static, Result<Running, StartError>> {
    Box::pin(start_services(options))
}

async fn start_services(options: Options) -> Result<Running, StartError> {
    let gateway = listen(options.port).await?;
    let (dynamodb_listener, sqs_listener) = (listen(0).await?, listen(0).await?);
    let url = |listener: &TcpListener| listener.local_addr().map(|address| format!("http://{address}"));
    let (api_url, dynamodb_url, sqs_url) = (url(&gateway)?, url(&dynamodb_listener)?, url(&sqs_listener)?);

    let endpoints = Endpoints { sqs: sqs_url.clone(), api: api_url.clone() };
    let stack = Arc::new(template::read(&options.template, &options.parameters, &endpoints)?);
    let lock = options.data.as_deref().map(lock).transpose()?;
    let database = open_database(options.data.as_deref())?;
    for table in &stack.tables {
        dynamodb::create_table(&database, table)?;
    }
    let queues = open_queues(options.data.as_deref())?;
    queues.declare(&stack.queues).await.map_err(StartError::Queues)?;
    queues.reveal_in_flight().await.map_err(StartError::Queues)?;

    let identities = Arc::new(identities(&stack));
    let (stop, stopped) = watch::channel(false);
    let mut servers = JoinSet::new();
    let forever = || -> BoxFuture<'static, ()> { Box::pin(std::future::pending()) };
    let (served, who) = (database.clone(), Arc::clone(&identities));
    servers.spawn(async move { report("DynamoDB", dynamodb::serve(dynamodb_listener, served, who, forever()).await) });
    let served = queues.clone();
    servers.spawn(async move { report("SQS", sqs::serve(sqs_listener, served, identities, forever()).await) });

    let functions = Arc::new(load(&stack, &Surroundings::default(), &dynamodb_url, &sqs_url)?);
    if let Some(data) = &options.load {
        for table in &stack.tables {
            fill_empty(&client(&dynamodb_url), &table.name, data.items()?).await?;
        }
    }
    let sources = Sources {
        stack: Arc::clone(&stack),
        functions: Arc::<Functions>::clone(&functions),
        queues: queues.clone(),
        tables: database.into(),
        checkpoints: Checkpoints::new(options.data.clone()),
        clock: Arc::new(SystemClock),
        pace: Pace::default(),
    };
    let sources = sources.start(&stopped)?;
    let api = Gateway::new(&stack, Arc::<Functions>::clone(&functions)).router();
    let upload = options.upload.map(|site| pages::router(site, HeaderMap::new()));
    let docs = options.docs.map(|site| pages::router(site, headers(&stack)));
    let router = upload.into_iter().chain(docs).fold(Router::new(), Router::merge).fallback_service(api);
    servers.spawn(async move { report("gateway", axum::serve(gateway, router).await) });
    if let Some(folder) = &options.data {
        RunningStack::of(&stack, &api_url, &dynamodb_url, &sqs_url).write(folder)?;
    }
    Ok(Running {
        url: api_url,
        stack,
        dynamodb_url,
        sqs_url,
        queues,
        functions,
        stop,
        sources,
        servers,
        data: options.data,
        _lock: lock,
    })
}

/// What CloudFront adds to each document on AWS.
fn headers(stack: &Stack) -> HeaderMap {
    let parsed =
        |(name, value): &(String, String)| Some((HeaderName::from_str(name).ok()?, HeaderValue::from_str(value).ok()?));
    stack.docs_headers.iter().filter_map(parsed).collect()
}

async fn listen(port: u16) -> Result<TcpListener, StartError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => StartError::PortBusy(port),
        _ => StartError::Io(error),
    })
}

/// Keeps other processes out of a data folder for as long as the file is open.
fn lock(folder: &Path) -> Result<File, StartError> {
    std::fs::create_dir_all(folder)?;
    let file = File::options().create(true).append(true).open(lock_file(folder))?;
    file.try_lock().map_err(|_| StartError::DataBusy(folder.to_owned()))?;
    // Left behind by a killed process.
    RunningStack::remove(folder)?;
    Ok(file)
}

fn open_database(folder: Option<&Path>) -> Result<Database, StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::Database(error.to_string());
    let Some(folder) = folder else { return Database::memory().map_err(|error| failed(&error)) };
    let file = folder.join("orders.db");
    let database = Database::new(&file.to_string_lossy()).map_err(|error| failed(&error))?;
    index_stream(&file).map_err(|error| failed(&error))?;
    Ok(database)
}

/// Indexes the database's stream records by position. Without the index, the database scans all of them at every write
/// and every read of the stream, so that the 5,000th order took three times as long as the first.
pub(crate) fn index_stream(file: &Path) -> rusqlite::Result<()> {
    rusqlite::Connection::open(file)?.execute_batch(
        "CREATE INDEX IF NOT EXISTS ordermill_stream_place
             ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
         CREATE INDEX IF NOT EXISTS ordermill_shard_place
             ON _stream_records (table_name, shard_id, CAST(sequence_number AS INTEGER));",
    )
}

fn open_queues(folder: Option<&Path>) -> Result<Queues, StartError> {
    let clock = Arc::new(SystemClock);
    let queues = match folder {
        Some(folder) => Queues::open(&folder.join("queues.db"), clock),
        None => Queues::memory(clock),
    };
    queues.map_err(StartError::Queues)
}

pub(crate) fn identities(stack: &Stack) -> Identities {
    let mut identities = Identities::new();
    identities.add_administrator(ADMINISTRATOR);
    for function in &stack.functions {
        identities.add_function(access_key(function), function);
    }
    identities
}

fn access_key(function: &template::Function) -> String {
    format!("LOCAL{}", function.logical_id.to_ascii_uppercase())
}

/// The environment variables from the template, and those that Lambda sets.
pub(crate) fn environment(
    function: &template::Function,
    dynamodb_url: &str,
    sqs_url: &str,
) -> BTreeMap<String, String> {
    use functions::settings;
    let mut environment = function.environment.clone();
    let set_by_lambda = [
        (settings::AWS_REGION, REGION),
        (settings::AWS_ACCESS_KEY_ID, &access_key(function)),
        (settings::AWS_SECRET_ACCESS_KEY, SECRET),
        (settings::AWS_ENDPOINT_URL_DYNAMODB, dynamodb_url),
        (settings::AWS_ENDPOINT_URL_SQS, sqs_url),
    ];
    environment.extend(set_by_lambda.map(|(name, value)| (name.to_owned(), value.to_owned())));
    environment
}

fn load(
    stack: &Stack,
    surroundings: &Surroundings,
    dynamodb_url: &str,
    sqs_url: &str,
) -> Result<Functions, StartError> {
    let mut loaded = Functions::new();
    for function in &stack.functions {
        let environment = environment(function, dynamodb_url, sqs_url);
        let built = functions::load(
            &function.binary,
            Settings { variable: &|name| environment.get(name).cloned(), surroundings },
        );
        let built = built.map_err(|error| StartError::Function(function.logical_id.clone(), error))?;
        loaded.add(&function.logical_id, built, function.timeout);
    }
    Ok(loaded)
}

/// A client of the local DynamoDB with the administrator's key.
fn client(dynamodb_url: &str) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(ADMINISTRATOR, SECRET, None, None, "local"))
        .endpoint_url(dynamodb_url)
        .http_client(Builder::new().build_http())
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

/// A client of the local SQS with the administrator's key.
pub(crate) fn sqs_client(sqs_url: &str) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(ADMINISTRATOR, SECRET, None, None, "local"))
        .endpoint_url(sqs_url)
        .http_client(Builder::new().build_http())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

/// Loads items into an empty table.
async fn fill_empty(client: &aws_sdk_dynamodb::Client, table: &str, items: Vec<Item>) -> Result<(), StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::Database(error.to_string());
    let found = client.scan().table_name(table).limit(1).send().await;
    let found = found.map_err(|error| failed(&aws_sdk_dynamodb::error::DisplayErrorContext(&error)))?;
    if found.count() > 0 {
        return Ok(());
    }
    write_items(client, table, items).await
}

/// Puts items, 25 per request.
///
/// # Errors
///
/// The database rejects one.
pub async fn write_items(client: &aws_sdk_dynamodb::Client, table: &str, items: Vec<Item>) -> Result<(), StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::Database(error.to_string());
    for batch in items.chunks(25) {
        let writes = batch.iter().map(|item: &std::collections::HashMap<String, AttributeValue>| {
            let put = PutRequest::builder().set_item(Some(item.clone())).build().map_err(|error| failed(&error))?;
            Ok(WriteRequest::builder().put_request(put).build())
        });
        let writes = writes.collect::<Result<Vec<_>, StartError>>()?;
        let written = client.batch_write_item().request_items(table, writes).send().await;
        written.map_err(|error| failed(&aws_sdk_dynamodb::error::DisplayErrorContext(&error)))?;
    }
    Ok(())
}

fn report(name: &str, ended: std::io::Result<()>) {
    if let Err(error) = ended {
        tracing::error!(%error, "{name} ended");
    }
}
