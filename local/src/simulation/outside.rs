//! External machines: vendors and subscribers, subject to the same faults as AWS.

use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use functions::outbound::{Answer, OutboundError, Transport};
use futures_util::future::BoxFuture;
use tokio::time::sleep;

use super::faults::{Fate, Faults};
use super::fleet;
use crate::aws::sqs::Clock;

type Handler = dyn Fn(&Request<Bytes>) -> (StatusCode, String) + Send + Sync;

/// The transport of a world; the scenario provides the answers.
#[derive(Clone)]
pub struct Outside {
    faults: Faults,
    clock: Arc<dyn Clock>,
    handler: Arc<Mutex<Arc<Handler>>>,
}

impl Outside {
    pub(crate) fn new(faults: Faults, clock: Arc<dyn Clock>) -> Self {
        let nobody: Arc<Handler> = Arc::new(|_| (StatusCode::NOT_FOUND, String::new()));
        Self { faults, clock, handler: Arc::new(Mutex::new(nobody)) }
    }

    /// Sets the handler for all calls from now on.
    pub fn answer_with(&self, handler: impl Fn(&Request<Bytes>) -> (StatusCode, String) + Send + Sync + 'static) {
        *self.handler.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(handler);
    }

    fn effect(&self, request: &Request<Bytes>) -> Answer {
        let handler = Arc::clone(&self.handler.lock().unwrap_or_else(PoisonError::into_inner));
        let (status, body) = handler(request);
        Answer { status, body: body.into() }
    }

    async fn carry(self, request: Request<Bytes>, timeout: Duration) -> Result<Answer, OutboundError> {
        let Some(invocation) = fleet::current() else { return Ok(self.effect(&request)) };
        let operation = format!("{} {}", request.method(), request.uri().host().unwrap_or_default());
        let course = self.faults.course(&invocation.function, &operation);
        sleep(course.before).await;
        self.faults.trace(self.clock.now_ms(), || format!("{} {operation} {:?}", invocation.function, course.fate));
        let refused = |status| Ok(Answer { status, body: Bytes::new() });
        match course.fate {
            Fate::CrashedBefore => {
                invocation.crash();
                pending().await
            }
            Fate::LostBefore => {
                sleep(timeout).await;
                Err(OutboundError::TimedOut(timeout))
            }
            Fate::Throttled => refused(StatusCode::TOO_MANY_REQUESTS),
            Fate::FailedBefore => refused(StatusCode::BAD_GATEWAY),
            Fate::Conflicted => Err(OutboundError::Failed("simulated".to_owned())),
            Fate::LostAfter => {
                self.effect(&request);
                sleep(timeout).await;
                Err(OutboundError::TimedOut(timeout))
            }
            Fate::CrashedAfter => {
                self.effect(&request);
                invocation.crash();
                pending().await
            }
            Fate::FailedAfter => {
                self.effect(&request);
                refused(StatusCode::SERVICE_UNAVAILABLE)
            }
            Fate::Served | Fate::Partial => {
                let answer = self.effect(&request);
                sleep(course.after).await;
                Ok(answer)
            }
        }
    }
}

impl Transport for Outside {
    fn send(&self, request: Request<Bytes>, timeout: Duration) -> BoxFuture<'static, Result<Answer, OutboundError>> {
        Box::pin(self.clone().carry(request, timeout))
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Outside")
    }
}
