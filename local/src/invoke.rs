//! Invoking functions as Lambda does: within the function's timeout, a panic being an error of the invocation.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use axum::response::Response;
use functions::Function;
use lambda_http::Context;
use lambda_runtime::LambdaEvent;
use serde_json::Value;
use tower::ServiceExt;

/// The loaded functions of a stack, by logical id.
pub(crate) struct Functions(BTreeMap<String, Loaded>);

struct Loaded {
    function: Function,
    timeout: Duration,
}

impl Functions {
    pub(crate) fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(crate) fn add(&mut self, logical_id: &str, function: Function, timeout: Duration) {
        self.0.insert(logical_id.to_owned(), Loaded { function, timeout });
    }

    /// Sends an event, JSON in and JSON out.
    pub(crate) async fn invoke(&self, logical_id: &str, payload: Value) -> Result<Value, String> {
        let loaded = self.0.get(logical_id).ok_or_else(|| format!("there is no function `{logical_id}`"))?;
        let Function::Event(handler) = &loaded.function else {
            return Err("the function answers HTTP only".to_owned());
        };
        let event = LambdaEvent::new(payload, Context::default());
        guarded(loaded.timeout, handler(event)).await?.map_err(|error| error.to_string())
    }

    /// Sends a request of the gateway.
    pub(crate) async fn call(&self, logical_id: &str, request: lambda_http::Request) -> Result<Response, String> {
        let loaded = self.0.get(logical_id).ok_or_else(|| format!("there is no function `{logical_id}`"))?;
        let Function::Http(router) = &loaded.function else {
            return Err("the function does not answer HTTP".to_owned());
        };
        let answer = router.clone().oneshot(request);
        guarded(loaded.timeout, async move { answer.await.map_err(|never| match never {}) }).await?
    }
}

/// Runs to the end, to the timeout, or to a panic. An invocation goes on when its caller is gone.
async fn guarded<T: Send + 'static>(
    timeout: Duration,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, String> {
    match tokio::spawn(tokio::time::timeout(timeout, work)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(format!("timed out after {timeout:?}")),
        Err(panic) => Err(format!("panicked: {panic}")),
    }
}
