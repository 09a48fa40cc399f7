//! Runs a function's own binary: the Lambda Runtime API for one invocation.
//!
//! The binary runs in its own process, asks for its event over HTTP and posts its answer, as it does on AWS (Runtime
//! API, version 2018-06-01).

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::mpsc;

/// Why an invocation returned no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The binary could not be started, or a listener failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The function reported an error.
    #[error("the function failed: {0}")]
    Failed(String),
    /// The process ended before it answered.
    #[error("the process ended before it answered ({status}): {stderr}")]
    Ended {
        /// Its exit status.
        status: String,
        /// The end of its standard error.
        stderr: String,
    },
    /// It exceeded the timeout.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
}

/// The invocation that the process asks for.
struct Invocation {
    event: Mutex<Option<Value>>,
    deadline_ms: u128,
    answers: mpsc::Sender<Result<Value, String>>,
}

/// Starts `binary`, passes it one event and returns its answer.
///
/// # Errors
///
/// The process cannot be started, fails, ends early or exceeds the timeout.
pub async fn invoke(
    binary: &Path,
    environment: &BTreeMap<String, String>,
    event: Value,
    timeout: Duration,
) -> Result<Value, InvokeError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let (answers, mut answered) = mpsc::channel(1);
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let deadline_ms = (since_epoch + timeout).as_millis();
    let invocation = Arc::new(Invocation { event: Mutex::new(Some(event)), deadline_ms, answers });
    let server = tokio::spawn(axum::serve(listener, router(invocation)).into_future());

    let mut process = Command::new(binary)
        .env_clear()
        .envs(environment)
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", address.to_string().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "local"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "local"),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let stderr = process.stderr.take();
    let answer = tokio::select! {
        answer = answered.recv() => answer.unwrap_or_else(|| Err("the server ended".to_owned())).map_err(InvokeError::Failed),
        ended = process.wait() => Err(InvokeError::Ended { status: ended?.to_string(), stderr: tail(stderr).await }),
        () = tokio::time::sleep(timeout) => Err(InvokeError::TimedOut(timeout)),
    };
    let _ = process.kill().await;
    server.abort();
    answer
}

async fn tail(stderr: Option<tokio::process::ChildStderr>) -> String {
    use tokio::io::AsyncReadExt;
    let mut text = String::new();
    if let Some(mut stderr) = stderr {
        let _ = stderr.read_to_string(&mut text).await;
    }
    let skip = text.chars().count().saturating_sub(2_000);
    text.chars().skip(skip).collect()
}

fn router(invocation: Arc<Invocation>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(error))
        .with_state(invocation)
}

/// Returns the event; a request for a second one waits until the process is stopped.
async fn next(State(invocation): State<Arc<Invocation>>) -> Response {
    let event = invocation.event.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(event) = event else { return std::future::pending().await };
    let headers = [
        ("lambda-runtime-aws-request-id", uuid::Uuid::new_v4().to_string()),
        ("lambda-runtime-deadline-ms", invocation.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:local".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000".to_owned()),
    ];
    (headers, axum::Json(event)).into_response()
}

async fn response(State(invocation): State<Arc<Invocation>>, body: Bytes) -> StatusCode {
    let answer = serde_json::from_slice(&body).map_err(|error| format!("the answer is not JSON: {error}"));
    let _ = invocation.answers.send(answer).await;
    StatusCode::ACCEPTED
}

async fn error(State(invocation): State<Arc<Invocation>>, body: Bytes) -> StatusCode {
    let _ = invocation.answers.send(Err(String::from_utf8_lossy(&body).into_owned())).await;
    StatusCode::ACCEPTED
}
