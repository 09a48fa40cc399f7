//! AWS for the functions' SDKs without a socket: each SDK gets an HTTP client that passes its requests straight to the
//! embedded services, after the plan has decided their fate.
//!
//! Permissions are checked as on the sockets. A call without an answer never completes: the SDK's own timeout ends it.

use std::fmt;
use std::future::pending;
use std::sync::Arc;

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::sleep;

use super::faults::{Fate, Faults};
use super::fleet;
use super::partial::reduce;
use crate::aws::dynamodb::direct::Direct;
use crate::aws::sqs::{Clock, Endpoint};

/// The two services.
pub(crate) struct Services {
    pub(crate) dynamodb: Direct,
    pub(crate) sqs: Endpoint,
    pub(crate) faults: Faults,
    pub(crate) clock: Arc<dyn Clock>,
    /// Notified of every write to the table.
    pub(crate) written: watch::Sender<()>,
}

/// The HTTP client of the SDKs.
#[derive(Clone)]
pub(crate) struct InProcess(pub(crate) Arc<Services>);

/// An answer to an SDK.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

/// A request of an SDK.
struct Call {
    headers: HeaderMap,
    service: Service,
    operation: String,
    body: Value,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Service {
    DynamoDb,
    Sqs,
}

/// Maximum delay of a message's second copy: the maximum delay of SQS.
const COPY_DELAY_SECONDS_MAX: u64 = 900;
/// Maximum delay of a message behind those sent with it.
const DELAY_SECONDS_MAX: u64 = 5;

impl Services {
    async fn serve(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let call = Call::read(request)?;
        let Some(invocation) = fleet::current() else {
            // Outside an invocation: the setup of the world.
            return self.effect(call).await.into_response();
        };
        let label = call.label();
        let course = self.faults.course(&invocation.function, &label);
        sleep(course.before).await;
        let fate = if call.suffers(course.fate) { course.fate } else { Fate::Served };
        self.faults
            .trace(self.clock.now_ms(), || format!("{} {label} {fate:?} {}", invocation.function, call.subject()));
        let refused = match fate {
            Fate::CrashedBefore => {
                invocation.crash();
                pending().await
            }
            Fate::LostBefore => pending().await,
            Fate::Throttled => Some(call.service.throttled()),
            Fate::FailedBefore => Some(call.service.failed()),
            Fate::Conflicted => Some(call.conflicted()),
            _ => None,
        };
        let service = call.service;
        let answer = match refused {
            Some(answer) => answer,
            None => self.mangled_effect(call, fate).await,
        };
        sleep(course.after).await;
        match fate {
            Fate::CrashedAfter => {
                invocation.crash();
                pending().await
            }
            Fate::LostAfter => pending().await,
            Fate::FailedAfter => service.failed().into_response(),
            _ => answer.into_response(),
        }
    }

    /// The effect of a batch that may be completed in part, and of messages that may arrive late or twice.
    async fn mangled_effect(&self, mut call: Call, fate: Fate) -> Answer {
        let left = if fate == Fate::Partial {
            reduce(&call.operation, &mut call.body, || self.faults.below(2) == 0)
        } else {
            None
        };
        if call.operation == "SendMessageBatch" {
            self.delay(&mut call.body);
            if self.faults.happens(|rates| rates.doubled, "doubled") {
                let copy = Call { body: self.copy(&call.body), operation: call.operation.clone(), ..call.clone() };
                self.effect(copy).await;
            }
        }
        let mut answer = self.effect(call).await;
        if let Some(left) = left
            && let Ok(mut body) = serde_json::from_str(&answer.body)
        {
            left.report_in(&mut body);
            answer.body = body.to_string();
        }
        answer
    }

    /// Delays random messages behind others.
    fn delay(&self, body: &mut Value) {
        for entry in body.get_mut("Entries").and_then(Value::as_array_mut).into_iter().flatten() {
            if self.faults.happens(|rates| rates.delayed, "delayed") {
                let delay = entry.get("DelaySeconds").and_then(Value::as_u64).unwrap_or(0);
                let later = delay.saturating_add(self.faults.below(DELAY_SECONDS_MAX)).min(COPY_DELAY_SECONDS_MAX);
                if let Some(members) = entry.as_object_mut() {
                    members.insert("DelaySeconds".to_owned(), later.into());
                }
            }
        }
    }

    /// The same messages, to send again later.
    fn copy(&self, body: &Value) -> Value {
        let mut copy = body.clone();
        for entry in copy.get_mut("Entries").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(members) = entry.as_object_mut() {
                members.insert("DelaySeconds".to_owned(), self.faults.below(COPY_DELAY_SECONDS_MAX).into());
            }
        }
        copy
    }

    async fn effect(&self, call: Call) -> Answer {
        match call.service {
            Service::DynamoDb => {
                let (status, body) = self.dynamodb.answer(&call.headers, &call.operation, call.body);
                self.written.send_replace(());
                Answer { status, headers: HeaderMap::new(), body }
            }
            Service::Sqs => {
                let response = self.sqs.answer(&call.headers, call.body.to_string().as_bytes()).await;
                let (parts, body) = response.into_parts();
                let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
                let body = String::from_utf8_lossy(&bytes).into_owned();
                Answer { status: parts.status, headers: parts.headers, body }
            }
        }
    }
}

impl Clone for Call {
    fn clone(&self) -> Self {
        Self {
            headers: self.headers.clone(),
            service: self.service,
            operation: self.operation.clone(),
            body: self.body.clone(),
        }
    }
}

impl Call {
    fn read(request: HttpRequest) -> Result<Self, ConnectorError> {
        let wrong = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::other(error, None);
        let (parts, body) = request.try_into_http1x().map_err(|error| wrong(error.into()))?.into_parts();
        let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (service, operation) = match target.split_once('.') {
            Some(("AmazonSQS", operation)) => (Service::Sqs, operation.to_owned()),
            Some((_, operation)) => (Service::DynamoDb, operation.to_owned()),
            None => return Err(wrong("a request without a target".into())),
        };
        let body = serde_json::from_slice(body.bytes().unwrap_or_default()).map_err(|error| wrong(error.into()))?;
        Ok(Self { headers: parts.headers, service, operation, body })
    }

    /// Whether this fate can apply to the call.
    fn suffers(&self, fate: Fate) -> bool {
        let writes = ["TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem"];
        fate != Fate::Conflicted || writes.contains(&self.operation.as_str())
    }

    /// The operation and the kind of its target: the queue, or the kind of the call's first key.
    fn label(&self) -> String {
        let queue = self.body.get("QueueUrl").and_then(Value::as_str).and_then(|url| url.rsplit('/').next());
        let places = ["/Key/pk/S", "/Item/pk/S", "/IndexName", "/ExpressionAttributeValues/:pk/S"];
        let first_of_many = || {
            let tables = self.body.get("RequestItems")?.as_object()?;
            tables.values().next()?.pointer("/Keys/0/pk/S")?.as_str()
        };
        let first_write = || {
            let write = self.body.pointer("/TransactItems/0")?.as_object()?.values().next()?;
            write.pointer("/Key/pk/S").or_else(|| write.pointer("/Item/pk/S"))?.as_str()
        };
        let key = || places.iter().find_map(|place| self.body.pointer(place)?.as_str());
        let key = || key().or_else(first_of_many).or_else(first_write);
        let kind = queue.or_else(|| key().map(kind)).unwrap_or_default();
        format!("{} {kind}", self.operation).trim_end().to_owned()
    }

    /// The subject of the call, for the log.
    fn subject(&self) -> String {
        let entries = ["Statements", "TransactItems", "Entries"];
        let count = entries.iter().find_map(|name| self.body.get(*name)?.as_array().map(Vec::len));
        let key = self.body.pointer("/Key/pk/S").and_then(Value::as_str);
        count.map_or_else(|| key.unwrap_or_default().to_owned(), |count| format!("of {count}"))
    }

    /// The error of a conflict with another transaction.
    fn conflicted(&self) -> Answer {
        if self.operation != "TransactWriteItems" {
            let kind = "com.amazonaws.dynamodb.v20120810#TransactionConflictException";
            return Answer::of(400, &json!({"__type": kind, "message": "Transaction is ongoing for the item"}));
        }
        let count = self.body.get("TransactItems").and_then(Value::as_array).map_or(1, Vec::len);
        let reason = |index: usize| {
            if index == 0 {
                json!({"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"})
            } else {
                json!({"Code": "None"})
            }
        };
        let reasons: Vec<Value> = (0..count).map(reason).collect();
        let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
        let message =
            "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict]";
        Answer::of(400, &json!({"__type": kind, "Message": message, "CancellationReasons": reasons}))
    }
}

/// The kind of a key, which follows the tenant if there is one.
fn kind(key: &str) -> &str {
    const TENANT_CHARACTERS: usize = 36;
    match key.split_once('#') {
        Some((tenant, rest)) if tenant.len() == TENANT_CHARACTERS => rest.split('#').next().unwrap_or(rest),
        Some((kind, _)) => kind,
        None => key,
    }
}

impl Service {
    fn throttled(self) -> Answer {
        match self {
            Self::DynamoDb => {
                let kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
                Answer::of(400, &json!({"__type": kind, "message": "simulated throttling"}))
            }
            Self::Sqs => {
                let kind = "com.amazonaws.sqs#RequestThrottled";
                let mut answer = Answer::of(400, &json!({"__type": kind, "message": "simulated throttling"}));
                answer.headers.insert("x-amzn-query-error", HeaderValue::from_static("RequestThrottled;Sender"));
                answer
            }
        }
    }

    fn failed(self) -> Answer {
        let kind = match self {
            Self::DynamoDb => "com.amazonaws.dynamodb.v20120810#InternalServerError",
            Self::Sqs => "com.amazon.coral.service#InternalFailure",
        };
        Answer::of(500, &json!({"__type": kind, "message": "simulated failure"}))
    }
}

impl Answer {
    fn of(status: u16, body: &Value) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, headers: HeaderMap::new(), body: body.to_string() }
    }

    fn into_response(self) -> Result<HttpResponse, ConnectorError> {
        let mut response = axum::http::Response::new(SdkBody::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InProcess")
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let services = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move { services.serve(request).await })
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
