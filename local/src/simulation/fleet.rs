//! The processes that run functions: each invocation runs in one that may crash at any call.
//!
//! An invocation is a task that knows its [`Invocation`]. When the plan crashes its process, the task is dropped where
//! it is, its caller gets a failure, and the function is loaded anew for later invocations. The same happens to an
//! invocation that exceeds its function's timeout.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::response::Response;
use functions::Function;
use functions::context::Surroundings;
use functions::settings::{SettingError, Settings};
use futures_util::future::BoxFuture;
use lambda_http::Context;
use lambda_runtime::LambdaEvent;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use super::faults::{Faults, Stumble};
use crate::aws::sqs::Clock;
use crate::invoke::Invoke;
use crate::template::Stack;

tokio::task_local! {
    static INVOCATION: Invocation;
}

/// The invocation whose task is running.
pub(crate) fn current() -> Option<Invocation> {
    INVOCATION.try_with(Clone::clone).ok()
}

/// One run of a function in a process.
#[derive(Clone)]
pub(crate) struct Invocation {
    pub(crate) function: Arc<str>,
    end: Arc<Notify>,
}

impl Invocation {
    /// Crashes the process; the caller waits forever.
    pub(crate) fn crash(&self) {
        self.end.notify_one();
    }
}

/// All functions of a stack. Clones share them.
#[derive(Clone)]
pub(crate) struct Fleet(Arc<Inner>);

struct Inner {
    stack: Arc<Stack>,
    surroundings: Surroundings,
    environments: BTreeMap<String, BTreeMap<String, String>>,
    loaded: Mutex<BTreeMap<String, Function>>,
    faults: Faults,
    clock: Arc<dyn Clock>,
    under_way: AtomicUsize,
    /// When the last invocation started that no schedule triggered.
    active_ms: AtomicI64,
    /// Panics, which no input may cause.
    panics: Mutex<Vec<String>>,
}

/// Maximum time until a completed batch is delivered again.
const REDELIVERY_MS_MAX: u64 = 1_200_000;

impl Fleet {
    pub(crate) fn load(
        stack: Arc<Stack>,
        environment: impl Fn(&crate::template::Function) -> BTreeMap<String, String>,
        surroundings: Surroundings,
        faults: Faults,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SettingError> {
        let environments =
            stack.functions.iter().map(|function| (function.logical_id.clone(), environment(function))).collect();
        let inner = Inner {
            stack,
            surroundings,
            environments,
            loaded: Mutex::default(),
            faults,
            active_ms: AtomicI64::new(clock.now_ms()),
            clock,
            under_way: AtomicUsize::new(0),
            panics: Mutex::default(),
        };
        let fleet = Self(Arc::new(inner));
        for function in &fleet.0.stack.functions {
            fleet.get(&function.logical_id)?;
        }
        Ok(fleet)
    }

    /// Invocations that are running or waiting to be repeated.
    pub(crate) fn under_way(&self) -> usize {
        self.0.under_way.load(Ordering::SeqCst)
    }

    pub(crate) fn active_ms(&self) -> i64 {
        self.0.active_ms.load(Ordering::SeqCst)
    }

    pub(crate) fn panics(&self) -> Vec<String> {
        self.0.panics.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The function; loads it if necessary.
    fn get(&self, logical_id: &str) -> Result<Function, SettingError> {
        let mut loaded = self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(function) = loaded.get(logical_id) {
            return Ok(function.clone());
        }
        let unknown = || SettingError { name: logical_id.to_owned(), problem: "is no function".to_owned() };
        let binary = &self.0.stack.function(logical_id).ok_or_else(unknown)?.binary;
        let environment = self.0.environments.get(logical_id).ok_or_else(unknown)?;
        let variable = |name: &str| environment.get(name).cloned();
        let function = functions::load(binary, Settings { variable: &variable, surroundings: &self.0.surroundings })?;
        loaded.insert(logical_id.to_owned(), function.clone());
        Ok(function)
    }

    fn forget(&self, logical_id: &str) {
        self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner).remove(logical_id);
    }

    /// Runs an invocation in a process of the function.
    async fn run<T: Send + 'static>(
        &self,
        logical_id: &str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, String> {
        let faults = &self.0.faults;
        let invocation = Invocation { function: logical_id.into(), end: Arc::default() };
        let end = Arc::clone(&invocation.end);
        let limit = self.0.stack.function(logical_id).map_or(Duration::MAX, |function| function.timeout);
        self.0.under_way.fetch_add(1, Ordering::SeqCst);
        let mut task = tokio::spawn(INVOCATION.scope(invocation, timeout(limit, work)));
        let outcome = tokio::select! {
            biased;
            () = end.notified() => {
                task.abort();
                Err("its process ended".to_owned())
            }
            outcome = &mut task => match outcome {
                Ok(Ok(_)) if faults.loses_answer(logical_id) => Err("its answer was lost".to_owned()),
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(_)) => Err(format!("timed out after {limit:?}")),
                Err(panic) => {
                    let panic = format!("{logical_id} {panic}");
                    self.0.panics.lock().unwrap_or_else(PoisonError::into_inner).push(panic.clone());
                    Err(panic)
                }
            },
        };
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
        let outcome_text = outcome.as_ref().map_or_else(String::as_str, |_| "ended");
        faults.trace(self.0.clock.now_ms(), || format!("{logical_id} {outcome_text}"));
        if outcome.is_err() {
            self.forget(logical_id);
        }
        outcome
    }

    async fn event(&self, logical_id: &str, payload: Value) -> Result<Value, String> {
        let Function::Event(handler) = self.get(logical_id).map_err(|error| error.to_string())? else {
            return Err("the function answers HTTP only".to_owned());
        };
        self.run(logical_id, handler(LambdaEvent::new(payload, Context::default())))
            .await?
            .map_err(|error| error.to_string())
    }

    /// Runs a batch in which the plan makes some messages fail.
    async fn stumbling(&self, logical_id: &str, mut payload: Value) -> Result<Value, String> {
        let mut failed = Vec::new();
        if let Some(records) = payload.get_mut("Records").and_then(Value::as_array_mut) {
            records.retain(|record| {
                let text = |place: &str| record.pointer(place).and_then(Value::as_str);
                let receives = text("/attributes/ApproximateReceiveCount").and_then(|count| count.parse().ok());
                let stumble = self.0.faults.stumble(text("/body").unwrap_or_default(), receives.unwrap_or(0));
                failed.extend(stumble.and_then(|_| Some(json!({"itemIdentifier": text("/messageId")?}))));
                stumble != Some(Stumble::Unworked)
            });
            if records.is_empty() {
                return Ok(json!({ "batchItemFailures": failed }));
            }
        }
        let mut answer = self.event(logical_id, payload).await?;
        if let Some(failures) = answer.get_mut("batchItemFailures").and_then(Value::as_array_mut) {
            failures.append(&mut failed);
        }
        Ok(answer)
    }

    /// Delivers a batch again: immediately, concurrently with the first delivery, or much later.
    fn deliver_again(&self, logical_id: &str, payload: Value) {
        let (fleet, logical_id) = (self.clone(), logical_id.to_owned());
        let later = self.0.faults.below(2) * self.0.faults.below(REDELIVERY_MS_MAX);
        self.0.under_way.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            sleep(Duration::from_millis(later)).await;
            // Nobody receives the answer.
            let _ = fleet.event(&logical_id, payload).await;
            fleet.0.under_way.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

impl Invoke for Fleet {
    fn invoke<'a>(&'a self, logical_id: &'a str, payload: Value) -> BoxFuture<'a, Result<Value, String>> {
        Box::pin(async move {
            if payload.get("Records").is_some() {
                self.0.active_ms.store(self.0.clock.now_ms(), Ordering::SeqCst);
                if self.0.faults.happens(|rates| rates.redelivered, "redelivered") {
                    self.deliver_again(logical_id, payload.clone());
                }
            }
            self.stumbling(logical_id, payload).await
        })
    }

    fn call<'a>(
        &'a self,
        logical_id: &'a str,
        request: lambda_http::Request,
    ) -> BoxFuture<'a, Result<Response, String>> {
        Box::pin(async move {
            self.0.active_ms.store(self.0.clock.now_ms(), Ordering::SeqCst);
            let Function::Http(router) = self.get(logical_id).map_err(|error| error.to_string())? else {
                return Err("the function does not answer HTTP".to_owned());
            };
            let answer = router.oneshot(request);
            self.run(logical_id, async move { answer.await.map_err(|never| match never {}) }).await?
        })
    }
}
