//! The life cycle of a message, with a clock that the test advances.

use crate::fixture::{DEAD_JOBS, JOBS, SLOW, START_MS, Sqs};
use aws_lambda_events::sqs::SqsMessage;
use aws_sdk_sqs::{
    error::ProvideErrorMetadata as _,
    primitives::Blob,
    types::{
        Message, MessageAttributeValue, MessageSystemAttributeName as System, MessageSystemAttributeNameForSends,
        MessageSystemAttributeValue,
    },
};
use local::aws::sqs::Outgoing;
use std::time::Duration;

async fn send(sqs: &Sqs, queue: &str, body: &str) {
    sqs.client("ADMIN").send_message().queue_url(sqs.url(queue)).message_body(body).send().await.expect("sent");
}

async fn receive(sqs: &Sqs, queue: &str) -> Vec<Message> {
    let request = sqs.client("ADMIN").receive_message().queue_url(sqs.url(queue)).max_number_of_messages(10);
    let received = request.wait_time_seconds(0).message_system_attribute_names(System::All).send().await;
    received.expect("received").messages.unwrap_or_default()
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.body().unwrap_or_default()).collect()
}

fn attribute<'a>(message: &'a Message, name: &System) -> &'a str {
    message.attributes().and_then(|attributes| attributes.get(name)).map_or("", String::as_str)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_hidden_shown_again_and_deleted() {
    let sqs = Sqs::start(None).await;
    let client = sqs.client("ADMIN");
    send(&sqs, JOBS, "a").await;
    let first = receive(&sqs, JOBS).await;
    assert_eq!(bodies(&first), ["a"]);
    assert_eq!(attribute(&first[0], &System::ApproximateReceiveCount), "1");
    assert_eq!(attribute(&first[0], &System::SentTimestamp), START_MS.to_string());
    assert_eq!(attribute(&first[0], &System::SenderId), "AIDAORDERMILLLOCAL");
    assert!(receive(&sqs, JOBS).await.is_empty());

    sqs.clock.advance(Duration::from_millis(29_999));
    assert!(receive(&sqs, JOBS).await.is_empty());
    sqs.clock.advance(Duration::from_millis(1));
    let second = receive(&sqs, JOBS).await;
    assert_eq!(second[0].message_id(), first[0].message_id());
    assert_eq!(attribute(&second[0], &System::ApproximateReceiveCount), "2");
    assert_eq!(attribute(&second[0], &System::ApproximateFirstReceiveTimestamp), START_MS.to_string());

    // The first handle is outdated: it deletes nothing, without an error, and hides nothing.
    let old = first[0].receipt_handle().expect("a handle");
    client.delete_message().queue_url(sqs.url(JOBS)).receipt_handle(old).send().await.expect("accepted");
    assert_eq!(sqs.queues.counts(JOBS).await.expect("counted").in_flight, 1);
    let change = |handle: &str, timeout| {
        let request = client.change_message_visibility().queue_url(sqs.url(JOBS)).receipt_handle(handle);
        request.visibility_timeout(timeout).send()
    };
    let refused = change(old, 10).await.expect_err("refused");
    assert_eq!(refused.code(), Some("InvalidParameterValue"));

    let current = second[0].receipt_handle().expect("a handle");
    change(current, 0).await.expect("shown");
    let refused = change(current, 10).await.expect_err("refused");
    assert_eq!(refused.code(), Some("AWS.SimpleQueueService.MessageNotInflight"));
    client.delete_message().queue_url(sqs.url(JOBS)).receipt_handle(current).send().await.expect("deleted");
    assert_eq!(sqs.queues.counts(JOBS).await.expect("counted").visible, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn visibility_ends_twelve_hours_after_the_receive() {
    let sqs = Sqs::start(None).await;
    let client = sqs.client("ADMIN");
    send(&sqs, JOBS, "a").await;
    let received = receive(&sqs, JOBS).await;
    let handle = received[0].receipt_handle().expect("a handle");
    let change = |timeout| {
        let request = client.change_message_visibility().queue_url(sqs.url(JOBS)).receipt_handle(handle);
        request.visibility_timeout(timeout).send()
    };
    change(43_200).await.expect("hidden");
    sqs.clock.advance(Duration::from_secs(10));
    change(43_190).await.expect("hidden");
    let refused = change(43_191).await.expect_err("refused");
    assert_eq!(refused.code(), Some("InvalidParameterValue"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receive_may_set_a_visibility_timeout_of_zero() {
    let sqs = Sqs::start(None).await;
    send(&sqs, SLOW, "a").await;
    sqs.clock.advance(Duration::from_secs(60));
    for count in 1..=3_u32 {
        let received = sqs.client("ADMIN").receive_message().queue_url(sqs.url(SLOW)).visibility_timeout(0);
        let received = received.message_system_attribute_names(System::All).send().await.expect("received");
        assert_eq!(attribute(&received.messages()[0], &System::ApproximateReceiveCount), count.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unprocessed_message_is_dead_lettered_with_its_id() {
    let sqs = Sqs::start(None).await;
    send(&sqs, JOBS, "a").await;
    let first = receive(&sqs, JOBS).await;
    sqs.clock.advance(Duration::from_secs(30));
    assert_eq!(receive(&sqs, JOBS).await.len(), 1);
    sqs.clock.advance(Duration::from_secs(30));
    // It moves when it would be received a third time, not before.
    assert!(receive(&sqs, DEAD_JOBS).await.is_empty());
    assert!(receive(&sqs, JOBS).await.is_empty());
    let dead = receive(&sqs, DEAD_JOBS).await;
    assert_eq!(dead[0].message_id(), first[0].message_id());
    assert_eq!(
        attribute(&dead[0], &System::DeadLetterQueueSourceArn),
        "arn:aws:sqs:us-east-1:000000000000:ordermill-Jobs"
    );
    assert_eq!(attribute(&dead[0], &System::SentTimestamp), START_MS.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delays_and_retention_pass_with_the_clock() {
    let sqs = Sqs::start(None).await;
    let client = sqs.client("ADMIN");
    // The queue's delay is a minute; a message may override it.
    send(&sqs, SLOW, "minute").await;
    let hasty = client.send_message().queue_url(sqs.url(SLOW)).message_body("now").delay_seconds(0);
    hasty.send().await.expect("sent");
    assert_eq!(bodies(&receive(&sqs, SLOW).await), ["now"]);
    sqs.clock.advance(Duration::from_secs(59));
    assert_eq!(bodies(&receive(&sqs, SLOW).await), ["now"]);
    sqs.clock.advance(Duration::from_secs(1));
    assert_eq!(bodies(&receive(&sqs, SLOW).await), ["minute"]);
    // Two minutes after they were sent, both have expired.
    sqs.clock.advance(Duration::from_secs(60));
    assert!(receive(&sqs, SLOW).await.is_empty());
    let counts = sqs.queues.counts(SLOW).await.expect("counted");
    assert_eq!((counts.visible, counts.in_flight, counts.delayed), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_receive_wakes_when_a_message_becomes_visible() {
    let sqs = Sqs::start(None).await;
    let waiting = |sqs: &Sqs| {
        let queues = sqs.queues.clone();
        tokio::spawn(async move { queues.receive(JOBS, 10, Duration::from_secs(20)).await.expect("received") })
    };
    // A new message.
    let waiter = waiting(&sqs);
    tokio::task::yield_now().await;
    send(&sqs, JOBS, "sent").await;
    let received = waiter.await.expect("joined");
    assert_eq!(received[0].body, "sent");

    // A message made visible again.
    let waiter = waiting(&sqs);
    tokio::task::yield_now().await;
    sqs.queues.change_visibility(JOBS, &received[0].receipt_handle, 0).await.expect("shown");
    assert_eq!(waiter.await.expect("joined")[0].receive_count, 2);
    sqs.queues.purge(JOBS).await.expect("purged");

    // A message whose delay ends.
    let delayed = Outgoing { delay_seconds: Some(15), ..Outgoing::of("delayed") };
    sqs.queues.send(JOBS, delayed).await.expect("sent");
    let waiter = waiting(&sqs);
    settle().await;
    sqs.clock.advance(Duration::from_secs(15));
    assert_eq!(waiter.await.expect("joined")[0].body, "delayed");
    sqs.queues.purge(JOBS).await.expect("purged");

    // No message within the wait time.
    let waiter = waiting(&sqs);
    settle().await;
    sqs.clock.advance(Duration::from_secs(19));
    settle().await;
    assert!(!waiter.is_finished());
    sqs.clock.advance(Duration::from_secs(1));
    assert!(waiter.await.expect("joined").is_empty());

    // The service stops.
    let waiter = waiting(&sqs);
    settle().await;
    let queues = sqs.queues.clone();
    sqs.service.stop().await;
    assert!(waiter.await.expect("joined").is_empty());
    assert!(queues.receive(JOBS, 1, Duration::from_secs(20)).await.expect("received").is_empty());
}

/// Time for a task to start waiting; a shorter time could only weaken the test, never make it fail.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attributes_travel_and_their_digest_satisfies_the_sdk() {
    let sqs = Sqs::start(None).await;
    let client = sqs.client("ADMIN");
    let value = |kind: &str| MessageAttributeValue::builder().data_type(kind);
    let trace = MessageSystemAttributeValue::builder().data_type("String").string_value("Root=1").build();
    let sent = client
        .send_message()
        .queue_url(sqs.url(JOBS))
        .message_body("a")
        .message_attributes("order.kind", value("String").string_value("bulk").build().expect("an attribute"))
        .message_attributes("order.count", value("Number.int").string_value("3").build().expect("an attribute"))
        .message_attributes("raw", value("Binary").binary_value(Blob::new([1, 2])).build().expect("an attribute"))
        .message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, trace.expect("an attribute"))
        .send()
        .await
        .expect("sent");
    assert_eq!(sent.md5_of_message_body(), Some("0cc175b9c0f1b6a831c399e269772661"));
    assert!(sent.md5_of_message_attributes().is_some() && sent.md5_of_message_system_attributes().is_some());

    let ask = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let request = client.receive_message().queue_url(sqs.url(JOBS)).set_message_attribute_names(Some(names));
        request.visibility_timeout(0).message_system_attribute_names(System::AwsTraceHeader).send()
    };
    let received = ask(&["All"]).await.expect("received");
    let message = &received.messages()[0];
    assert_eq!(message.md5_of_message_attributes(), sent.md5_of_message_attributes());
    assert_eq!(attribute(message, &System::AwsTraceHeader), "Root=1");
    let received = ask(&["order.*"]).await.expect("received");
    let mut names: Vec<_> = received.messages()[0].message_attributes().expect("attributes").keys().collect();
    names.sort();
    assert_eq!(names, ["order.count", "order.kind"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_received_message_is_a_record_of_lambdas_event() {
    let sqs = Sqs::start(None).await;
    sqs.queues.send(JOBS, Outgoing::of("{}")).await.expect("sent");
    let received = sqs.queues.receive(JOBS, 10, Duration::ZERO).await.expect("received");
    let arn = "arn:aws:sqs:us-east-1:000000000000:ordermill-Jobs";
    let message: SqsMessage = serde_json::from_value(received[0].event_record(arn)).expect("an event record");
    assert_eq!(message.message_id.as_deref(), Some(received[0].message_id.as_str()));
    assert_eq!(message.body.as_deref(), Some("{}"));
    assert_eq!(message.event_source_arn.as_deref(), Some(arn));
    assert_eq!(message.attributes.get("ApproximateReceiveCount").map(String::as_str), Some("1"));
    sqs.queues.delete(JOBS, &received[0].receipt_handle).await.expect("deleted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_consumers_share_a_queue_without_duplicates() {
    let sqs = Sqs::start(None).await;
    for n in 0..100 {
        sqs.queues.send(JOBS, Outgoing::of(n.to_string())).await.expect("sent");
    }
    let consumers: Vec<_> = (0..4)
        .map(|_| {
            let queues = sqs.queues.clone();
            tokio::spawn(async move {
                let mut bodies = Vec::new();
                loop {
                    let batch = queues.receive(JOBS, 10, Duration::ZERO).await.expect("received");
                    if batch.is_empty() {
                        return bodies;
                    }
                    for message in batch {
                        queues.delete(JOBS, &message.receipt_handle).await.expect("deleted");
                        bodies.push(message.body);
                    }
                }
            })
        })
        .collect();
    let mut seen = Vec::new();
    for consumer in consumers {
        seen.extend(consumer.await.expect("joined"));
    }
    seen.sort_by_key(|body| body.parse::<u32>().expect("a number"));
    assert_eq!(seen, (0..100).map(|n: u32| n.to_string()).collect::<Vec<_>>());
}

/// A function that wants a message again later: it has the handle and the count from the event, and may only hide what
/// its policies allow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_hides_a_message_of_its_event_for_longer() {
    let sqs = Sqs::start(None).await;
    sqs.queues.send(JOBS, Outgoing::of("{}")).await.expect("sent");
    let received = sqs.queues.receive(JOBS, 10, Duration::ZERO).await.expect("received");
    let record = received[0].event_record("arn:aws:sqs:us-east-1:000000000000:ordermill-Jobs");
    let handle = record["receiptHandle"].as_str().expect("a handle").to_owned();
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
    assert_eq!(record["eventSourceARN"], "arn:aws:sqs:us-east-1:000000000000:ordermill-Jobs");

    let hide = |key| {
        let request = sqs.client(key).change_message_visibility().queue_url(sqs.url(JOBS)).receipt_handle(&handle);
        request.visibility_timeout(300).send()
    };
    assert_eq!(hide("READER").await.expect_err("refused").code(), Some("AccessDenied"));
    hide("WORKER").await.expect("hidden");
    // Not after the queue's 30 seconds, and not counted before it returns.
    sqs.clock.advance(Duration::from_millis(299_999));
    assert!(receive(&sqs, JOBS).await.is_empty());
    sqs.clock.advance(Duration::from_millis(1));
    assert_eq!(attribute(&receive(&sqs, JOBS).await[0], &System::ApproximateReceiveCount), "2");
}
