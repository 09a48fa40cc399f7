//! What SQS accepts and rejects, with its own error messages.

use crate::fixture::{JOBS, SLOW, Sqs};
use aws_sdk_sqs::{
    error::{ProvideErrorMetadata, SdkError},
    types::{
        ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, MessageAttributeValue,
        QueueAttributeName, SendMessageBatchRequestEntry,
    },
};
use std::fmt::Debug;

const MIB: usize = 1024 * 1024;

fn code<T: Debug, E: ProvideErrorMetadata + Debug, R: Debug>(result: Result<T, SdkError<E, R>>) -> String {
    result.map_or_else(|error| error.code().unwrap_or("?").to_owned(), |_| "ok".to_owned())
}

fn message<T: Debug, E: ProvideErrorMetadata + Debug, R: Debug>(result: Result<T, SdkError<E, R>>) -> String {
    result.expect_err("refused").message().unwrap_or_default().to_owned()
}

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().expect("an entry")
}

fn text(value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type("String").string_value(value).build().expect("an attribute")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_has_limits() {
    let sqs = Sqs::start(None).await;
    let client = sqs.client("ADMIN");
    let send = |body: &str| client.send_message().queue_url(sqs.url(JOBS)).message_body(body);
    for (case, request, expected) in [
        ("plain", send("x"), "ok"),
        ("every allowed kind of character", send("\t\n\r \u{D7FF}\u{E000}\u{FFFD}\u{10000}\u{10FFFF}"), "ok"),
        ("a control character", send("a\u{1}b"), "InvalidMessageContents"),
        ("a non-character", send("a\u{FFFE}"), "InvalidMessageContents"),
        ("empty", send(""), "MissingParameter"),
        ("1 MiB", send(&"x".repeat(MIB)), "ok"),
        ("1 MiB and a byte", send(&"x".repeat(MIB + 1)), "InvalidParameterValue"),
        ("1 MiB of two-byte letters", send(&"é".repeat(MIB / 2 + 1)), "InvalidParameterValue"),
        ("1 MiB with attributes", send(&"x".repeat(MIB - 8)).message_attributes("a", text("b")), "ok"),
        (
            "1 MiB and a byte with attributes",
            send(&"x".repeat(MIB - 7)).message_attributes("a", text("b")),
            "InvalidParameterValue",
        ),
        ("delay 900", send("x").delay_seconds(900), "ok"),
        ("delay 901", send("x").delay_seconds(901), "InvalidParameterValue"),
        ("delay -1", send("x").delay_seconds(-1), "InvalidParameterValue"),
        ("a reserved attribute", send("x").message_attributes("AWS.a", text("b")), "InvalidParameterValue"),
        ("a group", send("x").message_group_id("g"), "InvalidParameterValue"),
    ] {
        assert_eq!(code(request.send().await), expected, "{case}");
    }
    assert_eq!(
        message(send("a\u{1}b").send().await),
        "Invalid binary character '#x1' was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    );
    assert_eq!(
        message(send(&"x".repeat(MIB + 1)).send().await),
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."
    );
    let absent = client.send_message().queue_url(sqs.url("ordermill-Absent")).message_body("x").send().await;
    let error = absent.expect_err("refused").into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
    assert_eq!(error.code(), Some("AWS.SimpleQueueService.NonExistentQueue"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receive_has_limits() {
    let sqs = Sqs::start(None).await;
    let client = sqs.client("ADMIN");
    let receive = || client.receive_message().queue_url(sqs.url(JOBS));
    for (case, request, expected) in [
        ("10 messages", receive().max_number_of_messages(10), "ok"),
        ("11 messages", receive().max_number_of_messages(11), "InvalidParameterValue"),
        ("0 messages", receive().max_number_of_messages(0), "InvalidParameterValue"),
        ("21 seconds", receive().wait_time_seconds(21), "InvalidParameterValue"),
        ("-1 seconds", receive().wait_time_seconds(-1), "InvalidParameterValue"),
        ("hidden 12 hours", receive().visibility_timeout(43_200), "ok"),
        ("hidden longer", receive().visibility_timeout(43_201), "InvalidParameterValue"),
    ] {
        assert_eq!(code(request.send().await), expected, "{case}");
    }
    assert_eq!(
        message(receive().max_number_of_messages(11).send().await),
        "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be >= 1 and <= 10, if provided."
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_has_limits() {
    let sqs = Sqs::start(None).await;
    let client = sqs.client("ADMIN");
    let batch = |entries: Vec<SendMessageBatchRequestEntry>| {
        client.send_message_batch().queue_url(sqs.url(JOBS)).set_entries(Some(entries)).send()
    };
    let numbered = |count: usize| (0..count).map(|n| entry(&format!("id-{n}_"), "x")).collect::<Vec<_>>();
    let half = "x".repeat(MIB / 2);
    for (case, entries, expected) in [
        ("10 entries", numbered(10), "ok"),
        ("11 entries", numbered(11), "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
        ("no entries", vec![], "AWS.SimpleQueueService.EmptyBatchRequest"),
        ("an id twice", vec![entry("a", "x"), entry("a", "y")], "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
        ("a bad id", vec![entry("a b", "x")], "AWS.SimpleQueueService.InvalidBatchEntryId"),
        ("a long id", vec![entry(&"a".repeat(81), "x")], "AWS.SimpleQueueService.InvalidBatchEntryId"),
        ("1 MiB together", vec![entry("a", &half), entry("b", &half)], "ok"),
        (
            "1 MiB and a byte together",
            vec![entry("a", &half), entry("b", &half), entry("c", "x")],
            "AWS.SimpleQueueService.BatchRequestTooLong",
        ),
    ] {
        assert_eq!(code(batch(entries).await), expected, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_entry_fails_alone() {
    let sqs = Sqs::start(None).await;
    let client = sqs.client("ADMIN");
    let url = sqs.url(JOBS);
    let sent = client
        .send_message_batch()
        .queue_url(&url)
        .entries(entry("good", "x"))
        .entries(entry("bad", "\u{1}"))
        .entries(entry("empty", ""))
        .send()
        .await
        .expect("sent");
    assert_eq!(sent.successful().iter().map(|entry| entry.id()).collect::<Vec<_>>(), ["good"]);
    let failed: Vec<_> = sent.failed().iter().map(|entry| (entry.id(), entry.code(), entry.sender_fault())).collect();
    assert_eq!(failed, [("bad", "InvalidMessageContents", true), ("empty", "MissingParameter", true)]);

    let received = client.receive_message().queue_url(&url).send().await.expect("received");
    let handle = received.messages()[0].receipt_handle().expect("a handle").to_owned();
    let hide = |id: &str, handle: &str, timeout| {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id).receipt_handle(handle);
        entry.visibility_timeout(timeout).build().expect("an entry")
    };
    let hidden = client
        .change_message_visibility_batch()
        .queue_url(&url)
        .entries(hide("good", &handle, 60))
        .entries(hide("long", &handle, 43_201))
        .entries(hide("bad", "nonsense", 60))
        .send()
        .await
        .expect("changed");
    assert_eq!(hidden.successful().len(), 1);
    let failed: Vec<_> = hidden.failed().iter().map(|entry| (entry.id(), entry.code())).collect();
    assert_eq!(failed, [("long", "InvalidParameterValue"), ("bad", "ReceiptHandleIsInvalid")]);

    let remove = |id: &str, handle: &str| {
        DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(handle).build().expect("an entry")
    };
    let deleted = client
        .delete_message_batch()
        .queue_url(&url)
        .entries(remove("bad", "nonsense"))
        .entries(remove("good", &handle))
        .entries(remove("again", &handle))
        .send()
        .await
        .expect("deleted");
    assert_eq!(deleted.successful().iter().map(|entry| entry.id()).collect::<Vec<_>>(), ["good", "again"]);
    assert_eq!(deleted.failed()[0].code(), "ReceiptHandleIsInvalid");
    assert_eq!(sqs.queues.counts(JOBS).await.expect("counted").in_flight, 0);

    // A handle of another queue is invalid here.
    let other = client.delete_message().queue_url(sqs.url(SLOW)).receipt_handle(&handle).send().await;
    assert_eq!(code(other), "ReceiptHandleIsInvalid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_may_only_do_what_its_policies_allow() {
    let sqs = Sqs::start(None).await;
    let reader = sqs.client("READER");
    reader.send_message().queue_url(sqs.url(JOBS)).message_body("x").send().await.expect("sent");
    reader.send_message_batch().queue_url(sqs.url(JOBS)).entries(entry("a", "x")).send().await.expect("sent");

    let refused = reader.send_message().queue_url(sqs.url(SLOW)).message_body("x").send().await;
    let error = refused.expect_err("refused");
    assert_eq!(error.code(), Some("AccessDenied"));
    assert_eq!(
        error.message(),
        Some(
            "User: arn:aws:sts::000000000000:assumed-role/ordermill-ReaderRole/ordermill-Reader is not authorized to perform: sqs:sendmessage on resource: arn:aws:sqs:us-east-1:000000000000:ordermill-Slow because no identity-based policy allows the sqs:sendmessage action"
        )
    );
    assert_eq!(code(reader.receive_message().queue_url(sqs.url(JOBS)).send().await), "AccessDenied");
    assert_eq!(code(reader.purge_queue().queue_url(sqs.url(JOBS)).send().await), "AccessDenied");
    assert_eq!(code(reader.list_queues().send().await), "AccessDenied");
    assert_eq!(code(sqs.client("NOBODY").list_queues().send().await), "InvalidClientTokenId");
    assert_eq!(code(sqs.client("ADMIN").create_queue().queue_name("new").send().await), "InvalidAction");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_report_their_attributes() {
    let sqs = Sqs::start(None).await;
    let client = sqs.client("ADMIN");
    let url = client.get_queue_url().queue_name(JOBS).send().await.expect("found");
    assert_eq!(url.queue_url(), Some(sqs.url(JOBS).as_str()));
    let listed = client.list_queues().queue_name_prefix("ordermill-D").send().await.expect("listed");
    assert_eq!(listed.queue_urls(), [sqs.url("ordermill-DeadJobs")]);
    let sources = client.list_dead_letter_source_queues().queue_url(sqs.url("ordermill-DeadJobs")).send().await;
    assert_eq!(sources.expect("listed").queue_urls(), [sqs.url(JOBS)]);

    for (queue, body) in [(JOBS, "a"), (JOBS, "b"), (SLOW, "c")] {
        client.send_message().queue_url(sqs.url(queue)).message_body(body).send().await.expect("sent");
    }
    client.receive_message().queue_url(sqs.url(JOBS)).send().await.expect("received");
    let all = |queue| client.get_queue_attributes().queue_url(sqs.url(queue)).attribute_names(QueueAttributeName::All);
    let reported = all(JOBS).send().await.expect("told").attributes.unwrap_or_default();
    for (name, expected) in [
        (QueueAttributeName::ApproximateNumberOfMessages, "1"),
        (QueueAttributeName::ApproximateNumberOfMessagesNotVisible, "1"),
        (QueueAttributeName::QueueArn, "arn:aws:sqs:us-east-1:000000000000:ordermill-Jobs"),
        (QueueAttributeName::VisibilityTimeout, "30"),
        (QueueAttributeName::MessageRetentionPeriod, "345600"),
        (
            QueueAttributeName::RedrivePolicy,
            r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:ordermill-DeadJobs","maxReceiveCount":2}"#,
        ),
    ] {
        assert_eq!(reported.get(&name).map(String::as_str), Some(expected), "{name}");
    }
    let reported = all(SLOW).send().await.expect("told").attributes.unwrap_or_default();
    let delayed = reported.get(&QueueAttributeName::ApproximateNumberOfMessagesDelayed);
    assert_eq!(delayed.map(String::as_str), Some("1"));
    let unknown = client.get_queue_attributes().queue_url(sqs.url(JOBS)).attribute_names("Colour".into()).send().await;
    assert_eq!(code(unknown), "InvalidAttributeName");
    client.purge_queue().queue_url(sqs.url(JOBS)).send().await.expect("purged");
    assert_eq!(sqs.queues.counts(JOBS).await.expect("counted").visible, 0);
    sqs.service.stop().await;
}
