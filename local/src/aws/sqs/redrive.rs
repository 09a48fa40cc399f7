//! The actions on move tasks: the queue they apply to, the permissions they need, and their answers.

use super::{
    actions::{Call, read},
    error::{ErrorKind, SqsError},
    limits,
    moves::{Status, TASKS_MAX, Task},
    queues::Queues,
    requests::{CancelMove, ListMoves, StartMove},
};
use crate::template::queue_arn;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The values that SQS accepts for `MaxNumberOfMessagesPerSecond`.
const RATE_MAX: i64 = 500;

/// The content of a task handle, in AWS's format.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handle {
    task_id: String,
    source_arn: String,
}

impl Handle {
    fn of(task: &Task) -> String {
        STANDARD.encode(json!(Self { task_id: task.id.clone(), source_arn: queue_arn(&task.source) }).to_string())
    }

    fn read(text: &str) -> Result<Self, SqsError> {
        let json = STANDARD.decode(text).ok();
        json.and_then(|json| serde_json::from_slice(&json).ok()).ok_or_else(|| {
            SqsError::new(ErrorKind::InvalidParameterValue, "Value for parameter TaskHandle is invalid.")
        })
    }
}

/// The source queue of a move task action, which exists; `None` for other actions.
pub(super) fn source(queues: &Queues, action: &str, body: &Value) -> Result<Option<String>, SqsError> {
    let arn = match action {
        "StartMessageMoveTask" | "ListMessageMoveTasks" => match body.get("SourceArn").and_then(Value::as_str) {
            Some(arn) => arn.to_owned(),
            None => return Err(SqsError::missing("SourceArn")),
        },
        "CancelMessageMoveTask" => {
            let request: CancelMove = read(body.clone())?;
            if request.task_handle.is_empty() {
                return Err(SqsError::missing("TaskHandle"));
            }
            Handle::read(&request.task_handle)?.source_arn
        }
        _ => return Ok(None),
    };
    by_arn(queues, &arn, "SourceArn").map(Some)
}

/// The ARNs of a task's destination queues, for which the caller needs `sqs:SendMessage`.
pub(super) fn destinations(queues: &Queues, source: &str, body: &Value) -> Vec<String> {
    match body.get("DestinationArn").and_then(Value::as_str) {
        Some(arn) => vec![arn.to_owned()],
        None => queues.dead_letter_sources(source).iter().map(|name| queue_arn(name)).collect(),
    }
}

fn by_arn(queues: &Queues, arn: &str, parameter: &str) -> Result<String, SqsError> {
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", _, "sqs", _, _, name] = parts.as_slice() else {
        let message = format!(
            "You must use this format to specify the {parameter}: \
             arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        );
        return Err(SqsError::new(ErrorKind::InvalidParameterValue, message));
    };
    match queues.declared(name) {
        Ok(declared) if declared.settings.arn() == arn => Ok((*name).to_owned()),
        _ => {
            let message = format!("The resource that you specified for the {parameter} parameter doesn't exist.");
            Err(SqsError::new(ErrorKind::ResourceNotFound, message))
        }
    }
}

impl Call<'_> {
    pub(super) async fn start_move(&self, request: StartMove) -> Result<Value, SqsError> {
        let refused = |message: &str| Err(SqsError::new(ErrorKind::InvalidParameterValue, message));
        if self.queues.dead_letter_sources(self.queue).is_empty() {
            return refused("Source queue must be configured as a Dead Letter Queue.");
        }
        let destination = request.destination_arn.map(|arn| by_arn(self.queues, &arn, "DestinationArn")).transpose()?;
        if destination.as_deref() == Some(self.queue) {
            return refused("Source queue arn and destination queue arn cannot be the same.");
        }
        let per_second = match request.max_number_of_messages_per_second {
            Some(rate) if !(1..=RATE_MAX).contains(&rate) => {
                return refused(
                    "Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a number \
                     that's between 1 and 500.",
                );
            }
            rate => rate.and_then(|rate| u32::try_from(rate).ok()),
        };
        let task = self.queues.start_move(self.queue, destination, per_second).await?;
        Ok(json!({"TaskHandle": Handle::of(&task)}))
    }

    pub(super) fn list_moves(&self, request: &ListMoves) -> Result<Value, SqsError> {
        let most = limits::range(request.max_results.unwrap_or(1), "MaxResults", 1..=TASKS_MAX)?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let tasks = self.queues.moves().of(self.queue);
        Ok(json!({"Results": tasks.iter().take(most).map(|task| entry(task)).collect::<Vec<_>>()}))
    }

    pub(super) fn cancel_move(&self, request: &CancelMove) -> Result<Value, SqsError> {
        let handle = Handle::read(&request.task_handle)?;
        let tasks = self.queues.moves().of(self.queue);
        let task = tasks.iter().find(|task| task.id == handle.task_id);
        let task = task.ok_or_else(|| SqsError::new(ErrorKind::ResourceNotFound, "Task does not exist."))?;
        let moved = task.cancel().ok_or_else(|| {
            let message = "A message movement can only be cancelled when the current status is RUNNING.";
            SqsError::new(ErrorKind::UnsupportedOperation, message)
        })?;
        Ok(json!({"ApproximateNumberOfMessagesMoved": moved}))
    }
}

/// A task as SQS lists it. Omits members without a value, and the handle unless the task is running.
fn entry(task: &Task) -> Value {
    let progress = task.progress();
    let mut entry = json!({
        "Status": progress.status.as_str(),
        "SourceArn": queue_arn(&task.source),
        "ApproximateNumberOfMessagesMoved": progress.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "StartedTimestamp": task.started_ms,
    });
    if let Some(members) = entry.as_object_mut() {
        let handle = (progress.status == Status::Running).then(|| Handle::of(task));
        let texts = [
            ("TaskHandle", handle),
            ("DestinationArn", task.destination.as_deref().map(queue_arn)),
            ("FailureReason", progress.failure.map(str::to_owned)),
        ];
        members.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))));
        members.extend(task.per_second.map(|rate| ("MaxNumberOfMessagesPerSecond".to_owned(), rate.into())));
    }
    entry
}
