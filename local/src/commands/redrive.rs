//! `cargo mill redrive`: moves the messages in the dead-letter queues of the running stack back to their source queues.

use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_sqs::types::ListMessageMoveTasksResultEntry as Task;
use clap::Args;

use super::{data_folder, say};
use crate::running_stack::{FindError, RunningStack};
use crate::stack::sqs_client;
use crate::template::{STACK_NAME, queue_arn};

/// Options of `redrive`.
#[derive(Args, Clone, Debug)]
pub struct Redrive {
    /// Dead-letter queues, as the template names them; without any, all of them
    #[arg(value_name = "QUEUE")]
    pub queues: Vec<String>,
    /// Folder of the running stack's data
    #[arg(long, default_value = ".ordermill")]
    pub data: PathBuf,
}

/// Why messages were not moved.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// No stack runs.
    #[error("{0}")]
    Find(#[from] FindError),
    /// There is no such queue.
    #[error("there is no queue `{name}`; messages can be moved out of {}", listed(redrivable))]
    Unknown {
        /// The requested name.
        name: String,
        /// The possible names.
        redrivable: Vec<String>,
    },
    /// The queue is not the dead-letter queue of another.
    #[error("`{0}` is not redrivable: no queue's redrive policy names it")]
    NotRedrivable(String),
    /// A task ended before everything was moved; its queue has been reported.
    #[error("not every message could be moved")]
    Incomplete,
    /// SQS returned an error.
    #[error("SQS: {0}")]
    Sqs(String),
}

/// A queue and its source queues, by logical id.
struct Queue {
    id: String,
    sources: Vec<String>,
}

/// How often the progress of a task is polled.
const PAUSE: Duration = Duration::from_millis(20);

impl Redrive {
    /// Starts a task for each queue, waits until it ends and prints its result.
    ///
    /// # Errors
    ///
    /// No stack runs, a named queue is not redrivable, or SQS fails.
    pub async fn run(self) -> Result<(), RedriveError> {
        let stack = RunningStack::find(&data_folder(&self.data))?;
        let client = sqs_client(&stack.sqs_url);
        let queues = queues(&client).await?;
        let wanted = self.wanted(&queues)?;
        let mut complete = true;
        for queue in &wanted {
            let task = redrive(&client, &queue.id).await?;
            complete &= task.status() == Some("COMPLETED");
            say(&format!("{}: {}", queue.id, told(queue, &task)));
        }
        if self.queues.is_empty() {
            for id in &stack.on_failure_queues {
                let why = "it tells of stream records that were given up; no queue's redrive policy names it";
                say(&format!("{id}: not redrivable ({why})"));
            }
        }
        say("\nOn AWS, with the name of the deployed stack for STACK:");
        for queue in &wanted {
            say(&format!("  {}", on_aws(&queue.id)));
        }
        if complete { Ok(()) } else { Err(RedriveError::Incomplete) }
    }

    /// The queues to empty; all names are checked before anything moves.
    fn wanted<'q>(&self, queues: &'q [Queue]) -> Result<Vec<&'q Queue>, RedriveError> {
        let redrivable = || queues.iter().filter(|queue| !queue.sources.is_empty());
        if self.queues.is_empty() {
            return Ok(redrivable().collect());
        }
        let find = |name: &String| match queues.iter().find(|queue| queue.id == *name) {
            Some(queue) if queue.sources.is_empty() => Err(RedriveError::NotRedrivable(name.clone())),
            Some(queue) => Ok(queue),
            None => Err(RedriveError::Unknown {
                name: name.clone(),
                redrivable: redrivable().map(|queue| queue.id.clone()).collect(),
            }),
        };
        self.queues.iter().map(find).collect()
    }
}

/// Every queue of the running stack.
async fn queues(client: &Client) -> Result<Vec<Queue>, RedriveError> {
    let listed = client.list_queues().send().await.map_err(refused)?;
    let mut queues = Vec::new();
    for url in listed.queue_urls() {
        let sources = client.list_dead_letter_source_queues().queue_url(url).send().await.map_err(refused)?;
        let sources = sources.queue_urls().iter().map(|url| logical_id(url)).collect();
        queues.push(Queue { id: logical_id(url), sources });
    }
    Ok(queues)
}

/// The logical id of the queue with that URL.
fn logical_id(url: &str) -> String {
    let name = url.rsplit('/').next().unwrap_or(url);
    name.strip_prefix(STACK_NAME).and_then(|rest| rest.strip_prefix('-')).unwrap_or(name).to_owned()
}

/// Moves the messages of one queue; returns the finished task.
async fn redrive(client: &Client, id: &str) -> Result<Task, RedriveError> {
    let arn = queue_arn(&format!("{STACK_NAME}-{id}"));
    client.start_message_move_task().source_arn(&arn).send().await.map_err(refused)?;
    loop {
        let tasks = client.list_message_move_tasks().source_arn(&arn).send().await.map_err(refused)?;
        match tasks.results().first() {
            Some(task) if !matches!(task.status(), Some("RUNNING" | "CANCELLING")) => return Ok(task.clone()),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// The result of a task, in a sentence.
fn told(queue: &Queue, task: &Task) -> String {
    let each = if queue.sources.len() > 1 { ", each to the one it came from" } else { "" };
    let moved = match task.approximate_number_of_messages_moved() {
        0 => "no message went back".to_owned(),
        1 => format!("1 message went back to {}", queue.sources.join(" or ")),
        moved => format!("{moved} messages went back to {}{each}", queue.sources.join(", ")),
    };
    match (task.status(), task.failure_reason()) {
        (Some("COMPLETED"), _) => moved,
        (_, Some("CouldNotDetermineMessageSource")) => {
            format!("{moved}; the rest was sent to this queue itself, so there is nowhere to go back to")
        }
        (status, reason) => format!("{moved}; then the task ended: {}", reason.or(status).unwrap_or("no reason")),
    }
}

/// The equivalent for a deployed stack.
fn on_aws(id: &str) -> String {
    format!(
        "aws sqs start-message-move-task --source-arn \"$(aws sqs get-queue-attributes --attribute-names QueueArn \
         --query Attributes.QueueArn --output text --queue-url \"$(aws cloudformation describe-stack-resource \
         --stack-name STACK --logical-resource-id {id} --query StackResourceDetail.PhysicalResourceId --output \
         text)\")\""
    )
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { format!("`{}`", names.join("`, `")) }
}

fn refused<E>(error: E) -> RedriveError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let message = error.message().map(str::to_owned);
    RedriveError::Sqs(message.unwrap_or_else(|| DisplayErrorContext(&error).to_string()))
}
