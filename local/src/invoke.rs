//! Invokes functions as Lambda does: limits each invocation to the function's timeout and reports a panic as an error.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use axum::response::Response;
use functions::Function;
use futures_util::future::BoxFuture;
use lambda_http::Context;
use lambda_runtime::LambdaEvent;
use serde_json::Value;
use tower::ServiceExt;

/// Invokes functions for the gateway and the event sources.
pub(crate) trait Invoke: Send + Sync {
    /// Sends a JSON event and returns the JSON answer.
    fn invoke<'a>(&'a self, logical_id: &'a str, payload: Value) -> BoxFuture<'a, Result<Value, String>>;

    /// Forwards a gateway request.
    fn call<'a>(
        &'a self,
        logical_id: &'a str,
        request: lambda_http::Request,
    ) -> BoxFuture<'a, Result<Response, String>>;
}

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

    async fn send_event(&self, logical_id: &str, payload: Value) -> Result<Value, String> {
        let loaded = self.0.get(logical_id).ok_or_else(|| format!("there is no function `{logical_id}`"))?;
        let Function::Event(handler) = &loaded.function else {
            return Err("the function answers HTTP only".to_owned());
        };
        let event = LambdaEvent::new(payload, Context::default());
        guarded(loaded.timeout, handler(event)).await?.map_err(|error| error.to_string())
    }

    async fn send_request(&self, logical_id: &str, request: lambda_http::Request) -> Result<Response, String> {
        let loaded = self.0.get(logical_id).ok_or_else(|| format!("there is no function `{logical_id}`"))?;
        let Function::Http(router) = &loaded.function else {
            return Err("the function does not answer HTTP".to_owned());
        };
        let answer = router.clone().oneshot(request);
        guarded(loaded.timeout, async move { answer.await.map_err(|never| match never {}) }).await?
    }
}

impl Invoke for Functions {
    fn invoke<'a>(&'a self, logical_id: &'a str, payload: Value) -> BoxFuture<'a, Result<Value, String>> {
        Box::pin(self.send_event(logical_id, payload))
    }

    fn call<'a>(
        &'a self,
        logical_id: &'a str,
        request: lambda_http::Request,
    ) -> BoxFuture<'a, Result<Response, String>> {
        Box::pin(self.send_request(logical_id, request))
    }
}

/// Runs until completion, timeout or panic. An invocation continues even if its caller goes away.
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
