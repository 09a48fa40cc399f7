//! Tasks that move messages out of a dead-letter queue, as `StartMessageMoveTask` starts them.
//!
//! Tasks live as long as this process: when it ends, remaining messages stay where they were, and a new task can move
//! them. Messages move in small transactions, each of which leaves every message in exactly one queue.

use super::{
    error::{ErrorKind, SqsError},
    queues::{Queues, seconds},
    store::{Moved, Route},
};
use crate::template::queue_arn;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use uuid::Uuid;

/// Maximum tasks remembered per queue, which is also the maximum that SQS lists.
pub(super) const TASKS_MAX: u32 = 10;
/// Messages per transaction, so that other calls get their turn.
const STEP_MAX: usize = 100;
/// SQS's failure reason for a message that no redrive policy moved.
const SOURCE_UNKNOWN: &str = "CouldNotDetermineMessageSource";

/// The tasks, oldest first.
#[derive(Default)]
pub(super) struct Moves {
    tasks: Mutex<Vec<Arc<Task>>>,
}

/// A running or finished task.
pub(super) struct Task {
    pub(super) id: String,
    /// The source queue.
    pub(super) source: String,
    /// The destination queue, if the caller named one.
    pub(super) destination: Option<String>,
    /// Maximum messages per second, if the caller set it.
    pub(super) per_second: Option<u32>,
    /// Number of messages when it started.
    pub(super) to_move: u64,
    pub(super) started_ms: i64,
    progress: watch::Sender<Progress>,
}

/// The progress of a task.
#[derive(Clone)]
pub(super) struct Progress {
    pub(super) status: Status,
    pub(super) moved: u64,
    pub(super) failure: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Running,
    Completed,
    Cancelling,
    Cancelled,
    Failed,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Cancelling => "CANCELLING",
            Self::Cancelled => "CANCELLED",
            Self::Failed => "FAILED",
        }
    }
}

impl Moves {
    /// Adds a task, unless the queue has a running one.
    fn add(&self, task: &Arc<Task>) -> Result<(), SqsError> {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of_queue = tasks.iter().filter(|other| other.source == task.source);
        if of_queue.any(|other| matches!(other.progress().status, Status::Running | Status::Cancelling)) {
            return Err(SqsError::new(
                ErrorKind::InvalidParameterValue,
                "There is already a task running. Only one active task is allowed for a source queue arn at a given \
                 time.",
            ));
        }
        let remembered = tasks.iter().filter(|other| other.source == task.source).count();
        let oldest = tasks.iter().position(|other| other.source == task.source);
        if let Some(oldest) = oldest.filter(|_| remembered >= usize::try_from(TASKS_MAX).unwrap_or(usize::MAX)) {
            tasks.remove(oldest);
        }
        tasks.push(Arc::clone(task));
        Ok(())
    }

    /// The tasks of a queue, newest first.
    pub(super) fn of(&self, source: &str) -> Vec<Arc<Task>> {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.iter().rev().filter(|task| task.source == source).map(Arc::clone).collect()
    }
}

impl Task {
    pub(super) fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// Cancels the task: returns how many messages it had moved, or `None` if it is not running.
    pub(super) fn cancel(&self) -> Option<u64> {
        let mut moved = None;
        self.progress.send_if_modified(|progress| {
            let runs = progress.status == Status::Running;
            if runs {
                progress.status = Status::Cancelling;
                moved = Some(progress.moved);
            }
            runs
        });
        moved
    }

    fn add(&self, count: usize) {
        self.progress.send_modify(|progress| {
            progress.moved = progress.moved.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        });
    }

    fn end(&self, status: Status, failure: Option<&'static str>) {
        self.progress.send_modify(|progress| {
            progress.status = status;
            progress.failure = failure;
        });
    }

    async fn is_cancelled(&self) {
        let _ = self.progress.subscribe().wait_for(|progress| progress.status == Status::Cancelling).await;
    }
}

impl Queues {
    /// Starts moving the visible messages of `source` to `destination`, or back to where each came from.
    pub(super) async fn start_move(
        &self,
        source: &str,
        destination: Option<String>,
        per_second: Option<u32>,
    ) -> Result<Arc<Task>, SqsError> {
        let routes = self.routes(source, destination.as_deref())?;
        let task = Arc::new(Task {
            id: Uuid::new_v4().to_string(),
            source: source.to_owned(),
            destination,
            per_second,
            to_move: self.counts(source).await?.visible,
            started_ms: self.clock().now_ms(),
            progress: watch::Sender::new(Progress { status: Status::Running, moved: 0, failure: None }),
        });
        self.moves().add(&task)?;
        tokio::spawn(carry_out(self.clone(), Arc::clone(&task), routes));
        Ok(task)
    }

    /// The names of the queues that use this queue for dead letters.
    pub(super) fn dead_letter_sources(&self, queue: &str) -> Vec<String> {
        let is_source = |redrive: &crate::template::Redrive| redrive.dead_letter_queue_name == queue;
        let queues = self.all();
        let sources = queues.iter().filter(|declared| declared.settings.redrive.as_ref().is_some_and(is_source));
        sources.map(|declared| declared.settings.name.clone()).collect()
    }

    fn routes(&self, source: &str, destination: Option<&str>) -> Result<Vec<Route>, SqsError> {
        let route = |to: &str, source_arn| {
            let delay_ms = seconds(self.declared(to)?.settings.delay_seconds);
            Ok(Route { source_arn, to: to.to_owned(), delay_ms })
        };
        match destination {
            Some(destination) => Ok(vec![route(destination, None)?]),
            None => self.dead_letter_sources(source).iter().map(|to| route(to, Some(queue_arn(to)))).collect(),
        }
    }

    /// Runs one transaction of a task.
    async fn move_some(&self, source: &str, routes: &[Route], most: usize) -> Result<Moved, SqsError> {
        let retention_ms = seconds(self.declared(source)?.settings.retention_seconds);
        let (from, ways, now_ms) = (source.to_owned(), routes.to_vec(), self.clock().now_ms());
        let moved = self.blocking(move |store| store.relocate(&from, &ways, most, now_ms, retention_ms)).await?;
        for route in routes {
            self.declared(&route.to)?.changed.notify_waiters();
        }
        Ok(moved)
    }
}

/// Moves messages until none is left to move or the task is cancelled.
async fn carry_out(queues: Queues, task: Arc<Task>, routes: Vec<Route>) {
    let most = task.per_second.map_or(STEP_MAX, |rate| usize::try_from(rate).unwrap_or(STEP_MAX));
    loop {
        if task.progress().status == Status::Cancelling {
            return task.end(Status::Cancelled, None);
        }
        let next_ms = queues.clock().now_ms().saturating_add(1000);
        match queues.move_some(&task.source, &routes, most).await {
            Ok(moved) => {
                task.add(moved.count);
                if moved.count < most {
                    return match moved.stranded {
                        0 => task.end(Status::Completed, None),
                        _ => task.end(Status::Failed, Some(SOURCE_UNKNOWN)),
                    };
                }
            }
            Err(error) => return task.end(Status::Failed, Some(error.kind.code())),
        }
        if task.per_second.is_some() {
            tokio::select! {
                () = queues.clock().sleep_until(next_ms) => {}
                () = task.is_cancelled() => {}
                () = queues.closed() => return,
            }
        }
    }
}
