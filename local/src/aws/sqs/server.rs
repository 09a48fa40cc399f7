//! The HTTP side of SQS: identifies the caller, the action and the queue.

use super::{
    actions::{self, Call},
    error::{ErrorKind, SqsError},
    queues::Queues,
    redrive,
};
use crate::{
    aws::iam::{self, Denied, Identities},
    template::queue_arn,
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::Response,
    serve::ListenerExt as _,
};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::{io, sync::Arc};
use tokio::net::TcpListener;
use uuid::Uuid;

/// A message of 1 MiB stays below this even if every character is escaped.
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// Serves SQS on `listener` until `shutdown` and checks each call against the caller's policies. Shutting down closes
/// the queues, so waiting receivers get no message.
///
/// # Errors
///
/// The listener fails.
#[must_use]
pub fn serve(
    listener: TcpListener,
    queues: Queues,
    identities: Arc<Identities>,
    shutdown: BoxFuture<'static, ()>,
) -> BoxFuture<'static, io::Result<()>> {
    // Boxed so that it is compiled once and not in each program that awaits it.
    Box::pin(async move {
        let endpoint = format!("http://{}", listener.local_addr()?);
        let closing = queues.clone();
        let state = Arc::new(Endpoint::new(queues, identities, endpoint));
        // Current SDKs post to `/`, older ones to the path of the queue.
        let router = Router::new().fallback(answer).layer(DefaultBodyLimit::max(LARGEST_BODY)).with_state(state);
        // Without it, a large response waits for the client's delayed acknowledgement.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let shutdown = async move {
            shutdown.await;
            closing.close();
        };
        axum::serve(listener, router).with_graceful_shutdown(shutdown).await
    })
}

/// SQS, independent of the transport.
pub(crate) struct Endpoint {
    queues: Queues,
    identities: Arc<Identities>,
    endpoint: String,
}

async fn answer(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap, body: Bytes) -> Response {
    endpoint.answer(&headers, &body).await
}

impl Endpoint {
    /// SQS with queue URLs that start with `endpoint`.
    pub(crate) fn new(queues: Queues, identities: Arc<Identities>, endpoint: String) -> Self {
        Self { queues, identities, endpoint }
    }

    /// Answers one call of the JSON protocol.
    pub(crate) async fn answer(&self, headers: &HeaderMap, body: &[u8]) -> Response {
        match self.call(headers, body).await {
            Ok(body) => response(StatusCode::OK, &body),
            Err(error) => refusal(&error),
        }
    }

    async fn call(&self, headers: &HeaderMap, body: &[u8]) -> Result<Value, SqsError> {
        let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let action = target.strip_prefix("AmazonSQS.").unwrap_or_default();
        let Some(permission) = actions::permission(action) else {
            let message = format!("The action `{target}` is not one that this stack's SQS has.");
            return Err(SqsError::new(ErrorKind::UnknownOperation, message));
        };
        let key = iam::access_key_id(headers).map_err(denied)?;
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| SqsError::new(ErrorKind::MalformedRequest, error.to_string()))?;
        if let Some(source) = redrive::source(&self.queues, action, &body)? {
            self.authorize_move(key, action, permission, &source, &body)?;
            return self.run(key, action, &source, body).await;
        }
        let queue = match action {
            // Without a queue name, only an administrator may list.
            "ListQueues" => String::new(),
            "GetQueueUrl" => text(&body, "QueueName")?.to_owned(),
            _ => {
                let (_, name) = text(&body, "QueueUrl")?.rsplit_once('/').ok_or_else(SqsError::no_queue)?;
                name.to_owned()
            }
        };
        if action != "ListQueues" {
            self.queues.declared(&queue)?;
        }
        self.identities.authorize(key, permission, &queue_arn(&queue)).map_err(denied)?;
        self.run(key, action, &queue, body).await
    }

    async fn run(&self, key: &str, action: &str, queue: &str, body: Value) -> Result<Value, SqsError> {
        let sender_id = self.identities.sender_id(key);
        let call = Call { queues: &self.queues, queue, sender_id: &sender_id, endpoint: &self.endpoint };
        call.run(action, body).await
    }

    /// Checks that the caller of a move task action has the permissions for the same work by hand: on the source queue,
    /// and, to start a task, sending to the destinations.
    fn authorize_move(
        &self,
        key: &str,
        action: &str,
        permission: &str,
        source: &str,
        body: &Value,
    ) -> Result<(), SqsError> {
        let authorize = |permission: &str, arn: &str| self.identities.authorize(key, permission, arn).map_err(denied);
        let source_arn = queue_arn(source);
        for permission in [permission, "sqs:receivemessage", "sqs:deletemessage", "sqs:getqueueattributes"] {
            authorize(permission, &source_arn)?;
        }
        if action == "StartMessageMoveTask" {
            for destination in redrive::destinations(&self.queues, source, body) {
                authorize("sqs:sendmessage", &destination)?;
            }
        }
        Ok(())
    }
}

fn text<'a>(body: &'a Value, member: &str) -> Result<&'a str, SqsError> {
    body.get(member).and_then(Value::as_str).filter(|text| !text.is_empty()).ok_or_else(|| SqsError::missing(member))
}

fn denied(denied: Denied) -> SqsError {
    let kind = match denied {
        Denied::MissingToken => ErrorKind::MissingAuthenticationToken,
        Denied::UnknownKey => ErrorKind::InvalidClientToken,
        Denied::NotAllowed { .. } | Denied::Forbidden { .. } => ErrorKind::AccessDenied,
    };
    SqsError::new(kind, denied.to_string())
}

fn response(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

fn refusal(error: &SqsError) -> Response {
    let status = StatusCode::from_u16(error.kind.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let member = if error.kind == ErrorKind::AccessDenied { "Message" } else { "message" };
    let mut response = response(status, &json!({"__type": error.kind.shape(), member: error.message}));
    let fault = if error.kind.is_senders() { "Sender" } else { "Receiver" };
    if let Ok(value) = HeaderValue::from_str(&format!("{};{fault}", error.kind.code())) {
        response.headers_mut().insert("x-amzn-query-error", value);
    }
    response
}
