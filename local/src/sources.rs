//! Event sources: what Lambda's pollers and schedules do for a function, here as tasks.
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

use crate::aws::dynamodb::{StreamError, StreamReader};
use crate::aws::sqs::Queues;
use crate::invoke::Functions;
use crate::template::Stack;

/// What the sources of a stack work with.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(crate) stack: Arc<Stack>,
    pub(crate) functions: Arc<Functions>,
    pub(crate) queues: Queues,
    pub(crate) database: dynoxide::Database,
    pub(crate) checkpoints: Checkpoints,
}

impl Sources {
    /// Starts every source; they end, each after the batch in hand, when `stop` turns true.
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
                let reader = StreamReader::open(self.database.clone(), &table.name)?;
                tasks.spawn(stream::Poller::new(self.clone(), function, source.clone(), reader).run(stop.clone()));
            }
            for schedule in function.schedules.iter().filter(|schedule| schedule.enabled) {
                tasks.spawn(schedule::run(self.clone(), function.logical_id.clone(), schedule.clone(), stop.clone()));
            }
        }
        Ok(tasks)
    }
}

/// Waits, but not beyond the stop: whether to go on.
async fn sleep(time: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    let _ = tokio::time::timeout(time, stop.wait_for(|stopped| *stopped)).await;
    !*stop.borrow()
}
