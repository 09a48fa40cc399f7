//! The Lambda functions of Ordermill: one library; each binary in `bin/` names its function and runs it.
//!
//! [`load`] builds a function from its settings, [`run`] serves it under Lambda. The local stack calls [`load`] with the
//! settings of `template.yaml`, so the code that deploys is the code that runs there.

mod app;
mod authorizer;
mod clients;
mod context;
pub mod cost;
mod fulfil;
mod http;
mod queue;
mod refusal;
mod relay;
pub mod settings;
pub mod store;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use lambda_runtime::{Error, LambdaEvent};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use crate::http::routes;
use crate::http::routes::Server;
use crate::settings::{SettingError, Settings};

/// One loaded function: what its binary runs under Lambda, and what the local stack calls.
#[derive(Clone)]
pub enum Function {
    /// Answers requests of the gateway.
    Http(axum::Router),
    /// Answers events of a trigger, or the gateway's authorizer events: JSON in, JSON out.
    Event(EventHandler),
}

/// A function from event to answer.
pub type EventHandler = Arc<dyn Fn(LambdaEvent<Value>) -> BoxFuture<'static, Result<Value, Error>> + Send + Sync>;

/// Loads the function that `binary` names, with its settings from `variable`.
///
/// # Errors
/// Names the variable that is missing or wrong, or the unknown binary.
pub fn load(binary: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Function, SettingError> {
    let settings = Settings(variable);
    match binary {
        "authorizer" => {
            let table = clients::Tables::from(settings)?;
            Ok(event(move |request| {
                let table = table.metered();
                async move { Ok(authorizer::authorize(&request, &table).await?) }
            }))
        }
        "orders-create" => Ok(Function::Http(routes::router(Server::Create, clients::app(settings)?))),
        "orders-query" => Ok(Function::Http(routes::router(Server::Query, clients::app(settings)?))),
        "relay" => {
            let queues = clients::Queues::from(settings)?;
            let step = Duration::from_secs(settings.number::<u64>(settings::VENDOR_STEP_SECONDS)?);
            Ok(event(move |records| {
                let queue = queues.metered();
                async move { Ok(relay::relay(records, &queue, step).await) }
            }))
        }
        "fulfil" => {
            let table = clients::Tables::from(settings)?;
            Ok(event(move |messages| {
                let table = table.metered();
                async move { Ok(fulfil::fulfil(messages, &table).await) }
            }))
        }
        "sweep" => {
            let (table, queues) = (clients::Tables::from(settings)?, clients::Queues::from(settings)?);
            let overdue = Duration::from_secs(settings.number::<u64>(settings::OVERDUE_SECONDS)?);
            Ok(event(move |_: Value| {
                let (table, queue) = (table.metered(), queues.metered());
                async move { Ok(sweep::sweep(&table, &queue, overdue, context::now()).await?) }
            }))
        }
        other => Err(SettingError { name: "function".to_owned(), problem: format!("`{other}` is not one") }),
    }
}

/// Makes a handler of JSON from one of types.
fn event<E, A, F, W>(work: F) -> Function
where
    E: DeserializeOwned + Send + 'static,
    A: Serialize,
    F: Fn(E) -> W + Clone + Send + Sync + 'static,
    W: Future<Output = Result<A, Error>> + Send + 'static,
{
    Function::Event(Arc::new(move |event: LambdaEvent<Value>| {
        let work = work.clone();
        Box::pin(async move {
            let answer = work(serde_json::from_value(event.payload)?).await?;
            Ok(serde_json::to_value(answer)?)
        })
    }))
}

/// Serves a function under Lambda, with its settings from the process's environment.
///
/// # Errors
/// A setting is missing or wrong, or the runtime is gone.
pub async fn run(binary: &str) -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    match load(binary, &|name| std::env::var(name).ok())? {
        Function::Http(router) => lambda_http::run(router).await,
        Function::Event(handler) => lambda_runtime::run(lambda_runtime::service_fn(move |event| handler(event))).await,
    }
}
