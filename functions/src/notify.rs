//! The notifier: takes batches of [`DeliveryJob`]s, makes one attempt for each and schedules the next one after a
//! failure.
//!
//! A subscriber's failure does not fail the message: it is recorded, and the next attempt has its own message. A
//! message fails if it is invalid, its order does not exist or the table does not answer; SQS redelivers it and finally
//! moves it to the dead-letter queue. [`crate::webhooks`] explains why nothing is lost or sent twice without need.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use shared::Code;
use shared::ids::OrderId;
use shared::order_network::event::{Event, Processed, Subject};
use shared::order_network::inbound::ReceiptStatus;
use shared::time::Timestamp;
use shared::webhook::wait_before;

use crate::outbound::Transport;
use crate::queue::{self, DELAY_MAX, Delayed, Queue};
use crate::store::cause::Cause;
use crate::store::deliveries::{Delivery, Next};
use crate::store::entity::Stored;
use crate::store::keys::Key;
use crate::store::kind::Kind;
use crate::store::subscriptions::Subscription;
use crate::store::{StoreError, Table};
use crate::webhooks::DeliveryJob;
use crate::webhooks::attempt::{Attempt, post};

pub(crate) struct Notifier {
    pub(crate) table: Table,
    pub(crate) queue: Queue,
    pub(crate) transport: Arc<dyn Transport>,
}

/// Why a message is retried.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the message is no delivery: {0}")]
    NoJob(#[from] serde_json::Error),
    #[error("`{0}` is no network order or receipt of the merchant")]
    NoOrder(String),
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Processes a batch and returns the messages to retry.
pub(crate) async fn notify(event: SqsEvent, notifier: &Notifier) -> SqsBatchResponse {
    let results = join_all(event.records.iter().map(|message| notifier.work(message))).await;
    queue::answer(&event, results, "delivery messages", &notifier.table.meter)
}

impl Notifier {
    async fn work(&self, message: &SqsMessage) -> Result<(), Failure> {
        let job: DeliveryJob = serde_json::from_str(message.body.as_deref().unwrap_or_default())?;
        let subscription = self.table.read::<Subscription>(&job.merchant, &job.subscription).await?;
        let found = self.table.load::<Delivery>(&job.key()).await?;
        let Some(subscription) = subscription.filter(|subscription| subscription.is_enabled) else {
            return self.give_up(&job, found).await;
        };
        let attempt = job.attempt;
        let delivery = match found {
            Some(found) if !found.awaits(attempt) => return Ok(()),
            Some(found) => self.table.hold_delivery(&found, self.table.context.now()).await?.then_some(found),
            None if attempt == 0 => self.begin(job).await?,
            // It has expired.
            None => None,
        };
        match delivery {
            Some(delivery) => self.attempt(&subscription, delivery).await,
            None => Ok(()),
        }
    }

    /// Writes the delivery with its payload; `None` if another message has.
    async fn begin(&self, job: DeliveryJob) -> Result<Option<Delivery>, Failure> {
        let (order_id, payload) = match job.order.kind() {
            Some(Kind::Receipt) => self.receipt_payload(&job, job.order.subject()).await?,
            _ => self.order_payload(&job).await?,
        };
        let delivery = Delivery::begun(job, order_id, payload, self.table.context.now());
        Ok(self.table.insert(&delivery).await?.then_some(delivery))
    }

    async fn order_payload(&self, job: &DeliveryJob) -> Result<(Option<String>, String), Failure> {
        let no_order = || Failure::NoOrder(job.order.pk.clone());
        let order_id = order_id(job).ok_or_else(no_order)?;
        let order = self.table.order(&job.merchant, &order_id).await?.ok_or_else(no_order)?;
        let webhook_id = job.webhook_id();
        let request_id = job.request_id.as_deref().unwrap_or(&webhook_id);
        let safe_id = order.safe_id()?;
        let subject = Subject {
            order_id: order_id.as_str(),
            external_id: order.external_id(),
            safe_id: safe_id.as_str(),
            shipment_id: job.shipment.as_deref(),
        };
        let payload = serde_json::to_string(&Event::new(job.event, request_id, &job.merchant, subject))?;
        Ok((Some(order_id.to_string()), payload))
    }

    /// The order id, if it became an order, and the payload.
    async fn receipt_payload(&self, job: &DeliveryJob, id: &str) -> Result<(Option<String>, String), Failure> {
        let is_own = job.order.merchant().as_ref() == Some(&job.merchant);
        let receipt = if is_own { self.table.receipt(&job.order).await? } else { None };
        let receipt = receipt.ok_or_else(|| Failure::NoOrder(job.order.pk.clone()))?;
        let (webhook_id, ended) = (job.webhook_id(), receipt.state.version == job.version);
        let processed = Processed {
            receipt_id: id,
            // A version after this one means that it had failed and was restarted.
            status: if ended { receipt.state.receipt_status } else { ReceiptStatus::Failed },
            response_code: receipt.response_code.filter(|_| ended).unwrap_or(Code::TryAgain.status()),
            order_id: receipt.order_id.as_deref().filter(|_| ended),
            external_id: receipt.external_id.as_deref(),
            safe_id: receipt.safe_id.as_deref(),
        };
        let request_id = job.request_id.as_deref().unwrap_or(&webhook_id);
        let payload = serde_json::to_string(&Event::of_receipt(job.event, request_id, &job.merchant, processed))?;
        Ok((processed.order_id.map(str::to_owned), payload))
    }

    /// Calls the subscriber, records the outcome, and only then sends the message for the next attempt.
    async fn attempt(&self, subscription: &Stored<Subscription>, delivery: Delivery) -> Result<(), Failure> {
        let context = &self.table.context;
        let made = post(&*self.transport, context, subscription, &delivery.webhook_id, &delivery.payload).await;
        log(&delivery, &made);
        if made.is_gone() {
            // First, so that a crash leaves a pending delivery and a disabled subscription.
            self.disable(subscription).await?;
        }
        let attempts = delivery.attempts.saturating_add(1);
        let [random] = context.random::<1>().unwrap_or([128]);
        let wait = wait_before(attempts, random).filter(|_| !made.is_delivered() && !made.is_gone());
        let next = wait.map(|wait| next(context.now(), wait));
        let delivery = delivery.after(made, next);
        if self.table.record_delivery(&delivery).await?
            && let (Some(Next::Message(_)), Some(wait), Some(message)) = (next, wait, delivery.next_job())
        {
            let delay = Duration::from_secs(whole_seconds(wait));
            if let Some(reason) = self.queue.send(&[Delayed { message, delay }]).await.into_iter().flatten().next() {
                // The attempt is recorded, so this message must not be retried; the delivery is due, so the sweep finds
                // it.
                tracing::warn!(webhook_id = delivery.webhook_id, reason, "a retry waits for the sweep");
            }
        }
        Ok(())
    }

    /// The subscriber is gone for good. If its owner has changed the subscription meanwhile, the owner's change wins.
    async fn disable(&self, subscription: &Stored<Subscription>) -> Result<(), StoreError> {
        let disabled_reason = Some("the subscriber answered 410 Gone".to_owned());
        let disabled = Subscription { is_enabled: false, disabled_reason, ..subscription.value.clone() };
        let (action, actor) = (Some("Disable".to_owned()), Some("system:notify".to_owned()));
        let cause = Cause { action, actor, ..Cause::default() };
        self.table.replace(&subscription.clone().next(disabled, cause, self.table.context.now())).await.map(|_| ())
    }

    /// Ends a delivery whose subscription is disabled or deleted.
    async fn give_up(&self, job: &DeliveryJob, found: Option<Delivery>) -> Result<(), Failure> {
        let Some(found) = found.filter(|found| found.awaits(job.attempt)) else { return Ok(()) };
        let not_made = Attempt::not_made(self.table.context.now(), "the subscription is disabled or deleted");
        self.table.record_delivery(&found.after(not_made, None)).await?;
        Ok(())
    }
}

/// The network order of a job, which must belong to the job's merchant.
fn order_id(job: &DeliveryJob) -> Option<OrderId> {
    let id = OrderId::parse(&job.order.sk).ok()?;
    (Key::order(&job.merchant, &id) == job.order).then_some(id)
}

fn next(now: Timestamp, wait: Duration) -> Next {
    let at = now.after(wait);
    if whole_seconds(wait) <= DELAY_MAX.as_secs() { Next::Message(at) } else { Next::Sweep(at) }
}

/// SQS counts in seconds; rounds up.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}

fn log(delivery: &Delivery, made: &Attempt) {
    let (webhook_id, attempt) = (&delivery.webhook_id, delivery.attempts);
    let (status, error, duration_ms) = (made.status, made.error.as_deref(), made.duration_ms);
    tracing::info!(webhook_id, attempt, status, error, duration_ms, "attempt {attempt} of {webhook_id}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqs_holds_back_what_it_can_and_the_sweep_the_rest() {
        let now = Timestamp::from_milliseconds(1_000);
        let at = |milliseconds| Timestamp::from_milliseconds(milliseconds);
        assert_eq!(next(now, Duration::from_secs(900)), Next::Message(at(901_000)));
        assert_eq!(next(now, Duration::from_millis(900_001)), Next::Sweep(at(901_001)));
        assert_eq!((whole_seconds(Duration::from_millis(4_500)), whole_seconds(Duration::from_secs(4))), (5, 4));
    }

    #[test]
    fn an_order_of_another_merchant_is_none() {
        let job = |pk: &str, sk: &str| -> DeliveryJob {
            serde_json::from_value(serde_json::json!({
                "merchant": "b234ee56-7890-4f12-a123-4567890abcde",
                "subscription": "ffffffff-ffff-4fff-bfff-ffffffffffff",
                "order": {"pk": pk, "sk": sk}, "version": 1, "event": "OrderCreation", "at": 1, "attempt": 0,
            }))
            .unwrap()
        };
        let id = "0898f154eef04ff51bbbc000";
        let short_id = OrderId::parse(id).unwrap().short_id();
        let own = format!("b234ee56-7890-4f12-a123-4567890abcde#order#{short_id}");
        assert_eq!(order_id(&job(&own, id)).map(|id| id.to_string()).as_deref(), Some(id));
        assert_eq!(order_id(&job(&own, "audit")), None);
        assert_eq!(order_id(&job("b234ee56-7890-4f12-a123-4567890abcde#order#O00000000", id)), None);
        assert_eq!(order_id(&job(&format!("00000000-0000-4000-8000-000000000000#order#{short_id}"), id)), None);
        assert_eq!(order_id(&job("b234ee56-7890-4f12-a123-4567890abcde#v2", "0000000000000000001")), None);
    }
}
