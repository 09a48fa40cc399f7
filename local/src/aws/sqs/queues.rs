//! The queues of the stack: their settings, their messages, and the receivers that wait for one.
//!
//! SQLite blocks, so each call runs on a blocking thread, one at a time behind a mutex (in a simulation, on the
//! simulation's thread). A waiting receiver wakes when its queue changes or its next hidden message becomes visible,
//! and looks again.

use super::{
    clock::Clock,
    error::{ErrorKind, SqsError},
    limits,
    message::{Outgoing, Received, Sent},
    moves::Moves,
    receipt::Receipt,
    store::{Change, Handed, RedriveTo, Request, Store},
};
use crate::aws::blocking::Blocking;
use crate::template::{Queue, queue_arn};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::{Notify, watch};

/// Maximum messages per receive.
const MOST: u32 = 10;

/// The queues. Clones share them.
#[derive(Clone)]
pub struct Queues {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<Mutex<Store>>,
    blocking: Blocking,
    clock: Arc<dyn Clock>,
    declared: RwLock<BTreeMap<String, Arc<Declared>>>,
    closed: watch::Sender<bool>,
    moves: Moves,
}

/// A queue as declared.
pub(super) struct Declared {
    pub(super) settings: Queue,
    pub(super) created_ms: i64,
    pub(super) modified_ms: i64,
    /// Notified of everything that may make a message receivable.
    pub(super) changed: Arc<Notify>,
}

/// Number of messages by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Visible messages.
    pub visible: u64,
    /// Messages in flight: received, and neither deleted nor visible again.
    pub in_flight: u64,
    /// Messages whose delay has not passed.
    pub delayed: u64,
}

impl Queues {
    /// Opens the file of the queues and creates it if it does not exist.
    ///
    /// # Errors
    ///
    /// SQLite cannot use the file.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, SqsError> {
        Ok(Self::over(Store::open(Some(path))?, clock, Blocking::OnThreads))
    }

    /// Queues in memory.
    ///
    /// # Errors
    ///
    /// SQLite fails.
    pub fn memory(clock: Arc<dyn Clock>) -> Result<Self, SqsError> {
        Ok(Self::over(Store::open(None)?, clock, Blocking::OnThreads))
    }

    /// Queues in memory that work on the caller's thread.
    ///
    /// # Errors
    ///
    /// SQLite fails.
    pub(crate) fn in_place(clock: Arc<dyn Clock>) -> Result<Self, SqsError> {
        Ok(Self::over(Store::open(None)?, clock, Blocking::InPlace))
    }

    fn over(store: Store, clock: Arc<dyn Clock>, blocking: Blocking) -> Self {
        let inner = Inner {
            store: Arc::new(Mutex::new(store)),
            blocking,
            clock,
            declared: RwLock::default(),
            closed: watch::Sender::new(false),
            moves: Moves::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Replaces the declared queues. Messages of existing queues stay; settings become those declared.
    ///
    /// # Errors
    ///
    /// The file cannot be used.
    pub async fn declare(&self, queues: &[Queue]) -> Result<(), SqsError> {
        let names: Vec<String> = queues.iter().map(|queue| queue.name.clone()).collect();
        let now_ms = self.inner.clock.now_ms();
        let created = self
            .blocking(move |store| names.iter().map(|name| store.declare(name, now_ms)).collect::<Result<Vec<_>, _>>())
            .await?;
        let mut declared = self.inner.declared.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *declared);
        for (queue, created_ms) in queues.iter().zip(created) {
            let changed = before.get(&queue.name).map_or_else(Arc::default, |queue| Arc::clone(&queue.changed));
            let entry = Declared { settings: queue.clone(), created_ms, modified_ms: now_ms, changed };
            declared.insert(queue.name.clone(), Arc::new(entry));
        }
        Ok(())
    }

    /// Makes every message in flight visible again: used at the start, when its consumer has died with the process. On
    /// AWS, the consumer would be alive, or the message would return after its visibility timeout.
    ///
    /// # Errors
    ///
    /// The file cannot be used.
    pub async fn reveal_in_flight(&self) -> Result<(), SqsError> {
        let now_ms = self.inner.clock.now_ms();
        self.blocking(move |store| store.reveal_in_flight(now_ms)).await
    }

    /// Ends every wait for messages, now and in the future; called when the process ends.
    pub fn close(&self) {
        self.inner.closed.send_replace(true);
    }

    /// Sends a message to the named queue.
    ///
    /// # Errors
    ///
    /// The error that SQS would return.
    pub async fn send(&self, queue: &str, message: Outgoing) -> Result<Sent, SqsError> {
        limits::message(&message)?;
        let mut sent = self.send_checked(queue, vec![message]).await?;
        sent.pop().ok_or_else(|| SqsError::new(ErrorKind::InternalFailure, "nothing was sent"))
    }

    /// Sends messages that were checked against the limits: all or none.
    pub(super) async fn send_checked(&self, queue: &str, messages: Vec<Outgoing>) -> Result<Vec<Sent>, SqsError> {
        let declared = self.declared(queue)?;
        let now_ms = self.inner.clock.now_ms();
        let delayed: Vec<(Outgoing, i64)> = messages
            .into_iter()
            .map(|message| {
                let delay = message.delay_seconds.unwrap_or(declared.settings.delay_seconds);
                (message, seconds(delay))
            })
            .collect();
        let name = queue.to_owned();
        let sent = self
            .blocking(move |store| {
                let ids = store.send(&name, &delayed, now_ms)?;
                Ok(ids.into_iter().zip(&delayed).map(|(id, (message, _))| Sent::of(id, message)).collect())
            })
            .await?;
        declared.changed.notify_waiters();
        Ok(sent)
    }

    /// Receives at most `most` messages (1 to 10) and waits up to `wait` for the first.
    ///
    /// # Errors
    ///
    /// The error that SQS would return.
    pub async fn receive(&self, queue: &str, most: u32, wait: Duration) -> Result<Vec<Received>, SqsError> {
        self.receive_hidden_for(queue, most, wait, None).await
    }

    /// Like [`Self::receive`], but hides the messages for this many seconds instead of the queue's visibility timeout.
    ///
    /// # Errors
    ///
    /// The error that SQS would return.
    pub async fn receive_hidden_for(
        &self,
        queue: &str,
        most: u32,
        wait: Duration,
        visibility_timeout: Option<u32>,
    ) -> Result<Vec<Received>, SqsError> {
        let most = most.clamp(1, MOST);
        let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        let deadline_ms = self.inner.clock.now_ms().saturating_add(wait_ms);
        let mut closed = self.inner.closed.subscribe();
        loop {
            let declared = self.declared(queue)?;
            // Registered before looking, so that no message sent in between is missed.
            let changed = declared.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let handed = self.take(&declared, most, visibility_timeout).await?;
            let now_ms = self.inner.clock.now_ms();
            if !handed.messages.is_empty() || now_ms >= deadline_ms || *closed.borrow() {
                return Ok(handed.messages);
            }
            let until_ms = handed.next_visible_ms.map_or(deadline_ms, |next| next.min(deadline_ms));
            tokio::select! {
                // Biased, so that a simulated run is repeatable.
                biased;
                () = &mut changed => {}
                () = self.inner.clock.sleep_until(until_ms) => {}
                _ = closed.wait_for(|closed| *closed) => {}
            }
        }
    }

    /// Looks once.
    async fn take(&self, declared: &Declared, most: u32, visibility: Option<u32>) -> Result<Handed, SqsError> {
        let queue = declared.settings.clone();
        let now_ms = self.inner.clock.now_ms();
        let dead_letters = match &queue.redrive {
            Some(redrive) => self.declared(&redrive.dead_letter_queue_name).ok(),
            None => None,
        };
        let handed = self
            .blocking(move |store| {
                let source_arn = queue_arn(&queue.name);
                store.receive(&Request {
                    queue: &queue.name,
                    most,
                    now_ms,
                    hidden_ms: seconds(visibility.unwrap_or(queue.visibility_timeout)),
                    retention_ms: seconds(queue.retention_seconds),
                    redrive: queue.redrive.as_ref().map(|redrive| RedriveTo {
                        queue: &redrive.dead_letter_queue_name,
                        source_arn: &source_arn,
                        most_receives: redrive.max_receive_count,
                    }),
                })
            })
            .await?;
        if handed.dead > 0
            && let Some(dead_letters) = dead_letters
        {
            dead_letters.changed.notify_waiters();
        }
        Ok(handed)
    }

    /// Deletes the message with that receipt handle. An outdated handle deletes nothing and is not an error.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ReceiptHandleIsInvalid`] if the text is not a handle of this queue.
    pub async fn delete(&self, queue: &str, receipt_handle: &str) -> Result<(), SqsError> {
        let receipt = self.receipt(queue, receipt_handle)?;
        self.blocking(move |store| store.delete(&receipt)).await
    }

    /// Hides the message with that receipt handle for this many seconds from now; 0 makes it visible.
    ///
    /// # Errors
    ///
    /// The error that SQS would return.
    pub async fn change_visibility(&self, queue: &str, receipt_handle: &str, timeout: u32) -> Result<(), SqsError> {
        limits::range(i64::from(timeout), "VisibilityTimeout", 0..=43_200)?;
        let declared = self.declared(queue)?;
        let receipt = self.receipt(queue, receipt_handle)?;
        let now_ms = self.inner.clock.now_ms();
        let change = self.blocking(move |store| store.hide(&receipt, seconds(timeout), now_ms)).await?;
        match change {
            Change::Done => {
                declared.changed.notify_waiters();
                Ok(())
            }
            Change::NotInFlight => Err(SqsError::new(ErrorKind::MessageNotInflight, "The message is not in flight.")),
            Change::Gone => Err(SqsError::value(
                receipt_handle,
                "ReceiptHandle",
                "Message does not exist or is not available for visibility timeout change",
            )),
            Change::TooLong => Err(SqsError::value(
                timeout,
                "VisibilityTimeout",
                "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
            )),
        }
    }

    /// Counts the messages of a queue.
    ///
    /// # Errors
    ///
    /// The error that SQS would return.
    pub async fn counts(&self, queue: &str) -> Result<Counts, SqsError> {
        let declared = self.declared(queue)?;
        let (name, now_ms) = (queue.to_owned(), self.inner.clock.now_ms());
        let retention_ms = seconds(declared.settings.retention_seconds);
        let tally = self.blocking(move |store| store.tally(&name, now_ms, retention_ms)).await?;
        Ok(Counts { visible: tally.visible, in_flight: tally.in_flight, delayed: tally.delayed })
    }

    /// Deletes every message of a queue.
    ///
    /// # Errors
    ///
    /// The error that SQS would return.
    pub async fn purge(&self, queue: &str) -> Result<(), SqsError> {
        self.declared(queue)?;
        let name = queue.to_owned();
        self.blocking(move |store| store.purge(&name)).await
    }

    /// The named queue as declared.
    pub(super) fn declared(&self, queue: &str) -> Result<Arc<Declared>, SqsError> {
        let declared = self.inner.declared.read().unwrap_or_else(PoisonError::into_inner);
        declared.get(queue).map(Arc::clone).ok_or_else(SqsError::no_queue)
    }

    /// Every queue, sorted by name.
    pub(super) fn all(&self) -> Vec<Arc<Declared>> {
        self.inner.declared.read().unwrap_or_else(PoisonError::into_inner).values().map(Arc::clone).collect()
    }

    /// The move tasks.
    pub(super) fn moves(&self) -> &Moves {
        &self.inner.moves
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.inner.clock.as_ref()
    }

    /// Waits for the end of the process.
    pub(super) async fn closed(&self) {
        let _ = self.inner.closed.subscribe().wait_for(|closed| *closed).await;
    }

    fn receipt(&self, queue: &str, handle: &str) -> Result<Receipt, SqsError> {
        self.declared(queue)?;
        Receipt::read(handle).filter(|receipt| receipt.queue == queue).ok_or_else(|| {
            let message = format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
            SqsError::new(ErrorKind::ReceiptHandleIsInvalid, message)
        })
    }

    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T, SqsError> + Send + 'static,
    ) -> Result<T, SqsError> {
        let store = Arc::clone(&self.inner.store);
        // A panic while holding the lock rolled its transaction back, so the store is still consistent.
        let work = move || work(&mut store.lock().unwrap_or_else(PoisonError::into_inner));
        self.inner.blocking.run(work).await?
    }
}

pub(super) fn seconds(seconds: u32) -> i64 {
    i64::from(seconds) * 1000
}
