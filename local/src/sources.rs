//! Event sources: tasks that do the work of Lambda's pollers and schedules.
//!
//! Batch size, window, retries, bisection and concurrency come from the template's model.

mod checkpoint;
mod queue;
mod schedule;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) use checkpoint::Checkpoints;

use crate::aws::blocking::Blocking;
use crate::aws::dynamodb::StreamError;
use crate::aws::dynamodb::tables::Tables;
use crate::aws::sqs::{Clock, Queues};
use crate::invoke::Invoke;
use crate::template::Stack;

/// What the sources of a stack work with.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(crate) stack: Arc<Stack>,
    pub(crate) functions: Arc<dyn Invoke>,
    pub(crate) queues: Queues,
    pub(crate) tables: Tables,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pace: Pace,
}

/// How the sources wait for work.
#[derive(Clone)]
pub(crate) struct Pace {
    /// The longest wait of one receive.
    pub(crate) receive: Duration,
    /// The pause before an idle stream is read again.
    pub(crate) idle: Duration,
    /// Notified of every write to a table; without it, a stream is polled.
    pub(crate) written: Option<watch::Receiver<()>>,
    /// The threads that read a stream.
    pub(crate) blocking: Blocking,
}

impl Default for Pace {
    /// As frequent as is cheap: Lambda polls a stream once a second.
    fn default() -> Self {
        Self {
            receive: Duration::from_secs(20),
            idle: Duration::from_millis(50),
            written: None,
            blocking: Blocking::OnThreads,
        }
    }
}

impl Sources {
    /// Starts every source; each finishes its current batch and ends when `stop` becomes true.
    pub(crate) fn start(&self, stop: &watch::Receiver<bool>) -> Result<JoinSet<()>, StreamError> {
        let mut tasks = JoinSet::new();
        for function in &self.stack.functions {
            for source in function.queue_sources.iter().filter(|source| source.enabled) {
                let Some(queue) = self.stack.queue(&source.queue) else { continue };
                tasks.spawn(queue::poll(
                    self.clone(),
                    function.logical_id.clone(),
                    source.clone(),
                    queue.name.clone(),
                    stop.clone(),
                ));
            }
            for source in function.stream_sources.iter().filter(|source| source.enabled) {
                let Some(table) = self.stack.table(&source.table) else { continue };
                let reader = self.tables.stream(&table.name)?.reading(self.pace.blocking);
                tasks.spawn(stream::Poller::new(self.clone(), function, source.clone(), reader).run(stop.clone()));
            }
            for schedule in function.schedules.iter().filter(|schedule| schedule.enabled) {
                tasks.spawn(schedule::run(self.clone(), function.logical_id.clone(), schedule.clone(), stop.clone()));
            }
        }
        Ok(tasks)
    }
}

/// Sleeps, but not beyond the stop; returns whether to continue.
async fn sleep(time: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    let _ = tokio::time::timeout(time, stop.wait_for(|stopped| *stopped)).await;
    !*stop.borrow()
}
