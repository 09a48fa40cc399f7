//! The Lambda functions of Ordermill: one library; each binary in `bin/` names its function and runs it.
//!
//! Each function has a loader, which builds it from its settings. A binary serves only its own, so that the linker
//! drops the rest. [`load`] finds a loader by the binary's name: the local stack calls it with the settings of
//! `template.yaml`, so it runs the code that is deployed.

mod app;
mod authorizer;
mod causes;
mod clients;
pub mod context;
pub mod cost;
mod fulfil;
mod http;
mod inbound;
mod notify;
pub mod outbound;
mod queue;
mod refusal;
mod relay;
pub mod settings;
pub mod store;
mod sweep;
mod webhooks;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use lambda_runtime::{Error, LambdaEvent};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::clients::{Queues, Subscribers, Tables};
use crate::context::Surroundings;
use crate::fulfil::Worker;
use crate::http::App;
#[cfg(feature = "openapi")]
pub use crate::http::openapi;
pub use crate::http::routes;
use crate::http::routes::HttpFunction;
use crate::relay::{Relay, Waits};
use crate::settings::{SettingError, Settings};
use crate::sweep::Sweep;

/// One loaded function.
#[derive(Clone)]
pub enum Function {
    /// Answers requests of the gateway.
    Http(axum::Router),
    /// Answers events of a trigger, or authorizer events: JSON in, JSON out.
    Event(EventHandler),
}

/// A function from event to answer.
pub type EventHandler = Arc<dyn Fn(LambdaEvent<Value>) -> BoxFuture<'static, Result<Value, Error>> + Send + Sync>;

/// Loads the function that `binary` names; the error names the missing or wrong variable, or the unknown binary.
pub fn load(binary: &str, settings: Settings<'_>) -> Result<Function, SettingError> {
    match binary {
        "authorizer" => authorizer(settings).map(Function::Event),
        "orders-create" => orders_create(settings).map(Function::Http),
        "orders-query" => orders_query(settings).map(Function::Http),
        "orders-manage" => orders_manage(settings).map(Function::Http),
        "webhooks" => webhook_subscriptions(settings).map(Function::Http),
        "relay" => relay(settings).map(Function::Event),
        "fulfil" => fulfil(settings).map(Function::Event),
        "inbound" => inbound(settings).map(Function::Event),
        "notify" => notify(settings).map(Function::Event),
        "sweep" => sweep(settings).map(Function::Event),
        other => Err(SettingError { name: "function".to_owned(), problem: format!("`{other}` is not one") }),
    }
}

/// Loads the authorizer.
pub fn authorizer(settings: Settings<'_>) -> Result<EventHandler, SettingError> {
    let table = Tables::from(settings)?;
    Ok(event(move |request| {
        let table = table.metered();
        async move { Ok(authorizer::authorize(&request, &table).await) }
    }))
}

/// Loads the function that creates orders.
pub fn orders_create(settings: Settings<'_>) -> Result<axum::Router, SettingError> {
    Ok(routes::router(const { &routes::own(HttpFunction::OrdersCreate) }, App::from(settings)?))
}

/// Loads the function that reads orders.
pub fn orders_query(settings: Settings<'_>) -> Result<axum::Router, SettingError> {
    Ok(routes::router(const { &routes::own(HttpFunction::OrdersQuery) }, App::from(settings)?))
}

/// Loads the function that manages subscriptions to webhooks.
pub fn webhook_subscriptions(settings: Settings<'_>) -> Result<axum::Router, SettingError> {
    Ok(routes::router(const { &routes::own(HttpFunction::Webhooks) }, App::from(settings)?))
}

/// Loads the function that changes orders.
pub fn orders_manage(settings: Settings<'_>) -> Result<axum::Router, SettingError> {
    Ok(routes::router(const { &routes::own(HttpFunction::OrdersManage) }, App::from(settings)?))
}

/// Loads the relay.
pub fn relay(settings: Settings<'_>) -> Result<EventHandler, SettingError> {
    let (tables, queues) = (Tables::from(settings)?, Queues::from(settings)?);
    let jobs = settings.required(settings::FULFILMENT_QUEUE_URL)?;
    let parked = settings.required(settings::PARKED_QUEUE_URL)?;
    let inbound = settings.required(settings::INBOUND_QUEUE_URL)?;
    let deliveries = settings.required(settings::DELIVERY_QUEUE_URL)?;
    let waits = Waits {
        vendor: settings.seconds(settings::VENDOR_STEP_SECONDS)?,
        submission: settings.seconds(settings::VENDOR_TIMEOUT_SECONDS)?.saturating_mul(2),
    };
    Ok(event(move |records| {
        let table = tables.metered();
        let (jobs, parked) = (queues.of(&jobs, &table.meter), queues.of(&parked, &table.meter));
        let (inbound, deliveries) = (queues.of(&inbound, &table.meter), queues.of(&deliveries, &table.meter));
        let relay = Relay { table, jobs, inbound, deliveries, parked, waits };
        async move { Ok(relay::relay(records, &relay).await) }
    }))
}

/// Loads the worker.
pub fn fulfil(settings: Settings<'_>) -> Result<EventHandler, SettingError> {
    let (tables, queues) = (Tables::from(settings)?, Queues::from(settings)?);
    let url = settings.required(settings::FULFILMENT_QUEUE_URL)?;
    let outbound = Subscribers::from(settings)?.transport;
    let (breakers, settings) = (
        Arc::default(),
        fulfil::Settings {
            attempts_max: settings.number(settings::ATTEMPTS_MAX)?,
            vendor_timeout: settings.seconds(settings::VENDOR_TIMEOUT_SECONDS)?,
        },
    );
    Ok(event(move |messages| {
        let table = tables.metered();
        let (jobs, outbound) = (queues.of(&url, &table.meter), Arc::clone(&outbound));
        let (breakers, settings) = (Arc::clone(&breakers), settings.clone());
        let worker = Worker { table, jobs, outbound, breakers, conflicts: Arc::default(), settings };
        async move { Ok(fulfil::fulfil(messages, &worker).await) }
    }))
}

/// Loads the worker of inbound orders.
pub fn inbound(settings: Settings<'_>) -> Result<EventHandler, SettingError> {
    let (tables, queues) = (Tables::from(settings)?, Queues::from(settings)?);
    let url = settings.required(settings::INBOUND_QUEUE_URL)?;
    let attempts_max = settings.number(settings::ATTEMPTS_MAX)?;
    Ok(event(move |messages| {
        let table = tables.metered();
        let jobs = queues.of(&url, &table.meter);
        let worker = inbound::Inbound { table, jobs, attempts_max };
        async move { Ok(inbound::inbound(messages, &worker).await) }
    }))
}

/// Loads the notifier.
pub fn notify(settings: Settings<'_>) -> Result<EventHandler, SettingError> {
    let (tables, queues) = (Tables::from(settings)?, Queues::from(settings)?);
    let url = settings.required(settings::DELIVERY_QUEUE_URL)?;
    let transport = Subscribers::from(settings)?.transport;
    Ok(event(move |messages| {
        let table = tables.metered();
        let queue = queues.of(&url, &table.meter);
        let notifier = notify::Notifier { table, queue, transport: Arc::clone(&transport) };
        async move { Ok(notify::notify(messages, &notifier).await) }
    }))
}

/// Loads the sweep.
pub fn sweep(settings: Settings<'_>) -> Result<EventHandler, SettingError> {
    let (tables, queues) = (Tables::from(settings)?, Queues::from(settings)?);
    let url = settings.required(settings::FULFILMENT_QUEUE_URL)?;
    let inbound = settings.required(settings::INBOUND_QUEUE_URL)?;
    let deliveries = settings.required(settings::DELIVERY_QUEUE_URL)?;
    let submission = settings.seconds(settings::VENDOR_TIMEOUT_SECONDS)?.saturating_mul(2);
    Ok(event(move |_: Value| {
        let table = tables.metered();
        let (jobs, inbound) = (queues.of(&url, &table.meter), queues.of(&inbound, &table.meter));
        let deliveries = queues.of(&deliveries, &table.meter);
        let sweep = Sweep { table, jobs, inbound, deliveries, submission };
        async move { Ok(sweep::sweep(&sweep).await?) }
    }))
}

/// Wraps a typed handler as a JSON handler.
fn event<E, A, F, W>(work: F) -> EventHandler
where
    E: DeserializeOwned + Send + 'static,
    A: Serialize,
    F: Fn(E) -> W + Clone + Send + Sync + 'static,
    W: Future<Output = Result<A, Error>> + Send + 'static,
{
    Arc::new(move |event: LambdaEvent<Value>| {
        let work = work.clone();
        Box::pin(async move {
            let answer = work(serde_json::from_value(event.payload)?).await?;
            Ok(serde_json::to_value(answer)?)
        })
    })
}

/// Serves an HTTP function under Lambda, with settings from the environment. It starts its own runtime, so the binaries
/// need no macro.
#[tokio::main(flavor = "current_thread")]
pub async fn serve_http(load: fn(Settings<'_>) -> Result<axum::Router, SettingError>) -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let settings = Settings { variable: &environment, surroundings: &Surroundings::default() };
    lambda_http::run(load(settings)?).await
}

/// Serves an event function under Lambda, with settings from the environment.
#[tokio::main(flavor = "current_thread")]
pub async fn serve_events(load: fn(Settings<'_>) -> Result<EventHandler, SettingError>) -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let handler = load(Settings { variable: &environment, surroundings: &Surroundings::default() })?;
    lambda_runtime::run(lambda_runtime::service_fn(move |event| handler(event))).await
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
