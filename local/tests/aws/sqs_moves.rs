//! Tasks that move messages out of dead-letter queues.

use crate::fixture::{DEAD_JOBS, JOBS, LETTERS, PARCELS, SLOW, START_MS, Sqs, UNDELIVERED};
use aws_sdk_sqs::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{ListMessageMoveTasksResultEntry as Task, MessageSystemAttributeName as System},
};
use local::aws::sqs::Outgoing;
use std::{fmt::Debug, time::Duration};

fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:us-east-1:000000000000:{queue}")
}

fn refusal<T: Debug, E: ProvideErrorMetadata + Debug, R: Debug>(result: Result<T, SdkError<E, R>>) -> (String, String) {
    let error = result.expect_err("refused");
    (error.code().unwrap_or_default().to_owned(), error.message().unwrap_or_default().to_owned())
}

/// Sends messages and receives them without deleting, until the redrive policy dead-letters them.
async fn dead_letter(sqs: &Sqs, queue: &str, bodies: &[&str]) {
    for body in bodies {
        sqs.queues.send(queue, Outgoing::of(*body)).await.expect("sent");
    }
    loop {
        let received = sqs.queues.receive(queue, 10, Duration::ZERO).await.expect("received");
        if received.is_empty() {
            return;
        }
        sqs.clock.advance(Duration::from_secs(30));
    }
}

async fn start(client: &Client, source: &str) -> String {
    let started = client.start_message_move_task().source_arn(arn(source)).send().await.expect("started");
    started.task_handle().expect("a handle").to_owned()
}

async fn newest(client: &Client, source: &str) -> Task {
    let listed = client.list_message_move_tasks().source_arn(arn(source)).send().await.expect("listed");
    listed.results()[0].clone()
}

/// The newest task, once it is as expected; a task runs concurrently with the test.
async fn eventually(client: &Client, source: &str, wanted: impl Fn(&Task) -> bool) -> Task {
    for _ in 0..1000 {
        let task = newest(client, source).await;
        if wanted(&task) {
            return task;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the task did not become as expected: {:?}", newest(client, source).await)
}

async fn ended(client: &Client, source: &str) -> Task {
    eventually(client, source, |task| !matches!(task.status(), Some("RUNNING" | "CANCELLING"))).await
}

async fn bodies(sqs: &Sqs, queue: &str) -> Vec<String> {
    let received = sqs.queues.receive(queue, 10, Duration::ZERO).await.expect("received");
    received.into_iter().map(|message| message.body).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_return_to_their_source_queues_as_new_messages() {
    let sqs = Sqs::start(None).await;
    let client = sqs.client("ADMIN");
    let sent = sqs.queues.send(LETTERS, Outgoing::of("letter")).await.expect("sent");
    dead_letter(&sqs, LETTERS, &[]).await;
    dead_letter(&sqs, PARCELS, &["parcel 1", "parcel 2"]).await;
    assert_eq!(sqs.queues.counts(UNDELIVERED).await.expect("counted").visible, 3);
    sqs.clock.advance(Duration::from_secs(3600));
    let now_ms = START_MS + 30_000 * 2 + 3_600_000;

    // A receiver waits for a message.
    let queues = sqs.queues.clone();
    let waiting = tokio::spawn(async move { queues.receive(LETTERS, 10, Duration::from_secs(20)).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    start(&client, UNDELIVERED).await;
    let task = ended(&client, UNDELIVERED).await;
    assert_eq!(task.status(), Some("COMPLETED"));
    assert_eq!(
        (task.approximate_number_of_messages_moved(), task.approximate_number_of_messages_to_move()),
        (3, Some(3))
    );
    assert_eq!((task.source_arn(), task.destination_arn()), (Some(arn(UNDELIVERED).as_str()), None));
    assert_eq!((task.started_timestamp(), task.task_handle()), (now_ms, None));
    assert_eq!((task.max_number_of_messages_per_second(), task.failure_reason()), (None, None));

    let letters = waiting.await.expect("joined").expect("received");
    assert_eq!((letters.len(), letters[0].body.as_str()), (1, "letter"));
    assert_ne!(letters[0].message_id, sent.message_id, "a moved message is a new one");
    assert_eq!((letters[0].receive_count, letters[0].sent_ms, letters[0].first_received_ms), (1, now_ms, now_ms));
    assert_eq!(letters[0].dead_letter_source_arn, None);
    assert_eq!(bodies(&sqs, PARCELS).await, ["parcel 1", "parcel 2"]);
    assert_eq!(sqs.queues.counts(UNDELIVERED).await.expect("counted").visible, 0);

    // It may fail as often as before until it is dead-lettered again.
    sqs.clock.advance(Duration::from_secs(30));
    assert!(bodies(&sqs, LETTERS).await.is_empty());
    let request = client.receive_message().queue_url(sqs.url(UNDELIVERED)).message_system_attribute_names(System::All);
    let again = request.send().await.expect("received");
    let attributes = again.messages()[0].attributes().expect("attributes");
    assert_eq!(attributes.get(&System::DeadLetterQueueSourceArn), Some(&arn(LETTERS)));
    assert_eq!(attributes.get(&System::SentTimestamp), Some(&now_ms.to_string()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_moves_at_its_rate_and_can_be_cancelled() {
    let sqs = Sqs::start(None).await;
    let client = sqs.client("ADMIN");
    dead_letter(&sqs, JOBS, &["1", "2", "3", "4", "5"]).await;
    let request = client.start_message_move_task().source_arn(arn(DEAD_JOBS)).destination_arn(arn(PARCELS));
    let started = request.max_number_of_messages_per_second(2).send().await.expect("started");
    let task = eventually(&client, DEAD_JOBS, |task| task.approximate_number_of_messages_moved() == 2).await;
    assert_eq!((task.status(), task.task_handle()), (Some("RUNNING"), started.task_handle()));
    assert_eq!(
        (task.destination_arn(), task.max_number_of_messages_per_second()),
        (Some(arn(PARCELS).as_str()), Some(2))
    );
    let refused = refusal(client.start_message_move_task().source_arn(arn(DEAD_JOBS)).send().await);
    let expected =
        "There is already a task running. Only one active task is allowed for a source queue arn at a given time.";
    assert_eq!(refused, ("InvalidParameterValue".to_owned(), expected.to_owned()));

    sqs.clock.advance(Duration::from_millis(999));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(newest(&client, DEAD_JOBS).await.approximate_number_of_messages_moved(), 2);
    sqs.clock.advance(Duration::from_millis(1));
    eventually(&client, DEAD_JOBS, |task| task.approximate_number_of_messages_moved() == 4).await;

    let cancel = || client.cancel_message_move_task().set_task_handle(started.task_handle.clone()).send();
    assert_eq!(cancel().await.expect("cancelled").approximate_number_of_messages_moved(), 4);
    let task = ended(&client, DEAD_JOBS).await;
    assert_eq!((task.status(), task.task_handle()), (Some("CANCELLED"), None));
    assert_eq!(refusal(cancel().await).0, "AWS.SimpleQueueService.UnsupportedOperation");
    assert_eq!(bodies(&sqs, PARCELS).await, ["1", "2", "3", "4"]);

    // The rest stayed where it was; another task moves it.
    start(&client, DEAD_JOBS).await;
    assert_eq!(ended(&client, DEAD_JOBS).await.approximate_number_of_messages_moved(), 1);
    assert_eq!(bodies(&sqs, JOBS).await, ["5"]);
    let listed = client.list_message_move_tasks().source_arn(arn(DEAD_JOBS)).max_results(10).send().await;
    let listed = listed.expect("listed");
    assert_eq!(
        listed.results().iter().map(|task| task.status()).collect::<Vec<_>>(),
        [Some("COMPLETED"), Some("CANCELLED")]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_cannot_be_moved_stay_and_the_task_reports_why() {
    let sqs = Sqs::start(None).await;
    let client = sqs.client("ADMIN");
    dead_letter(&sqs, JOBS, &["in hand", "moved"]).await;
    assert_eq!(sqs.queues.receive(DEAD_JOBS, 1, Duration::ZERO).await.expect("received")[0].body, "in hand");
    sqs.queues.send(DEAD_JOBS, Outgoing::of("sent to it")).await.expect("sent");
    start(&client, DEAD_JOBS).await;
    let task = ended(&client, DEAD_JOBS).await;
    assert_eq!((task.status(), task.failure_reason()), (Some("FAILED"), Some("CouldNotDetermineMessageSource")));
    assert_eq!(
        (task.approximate_number_of_messages_moved(), task.approximate_number_of_messages_to_move()),
        (1, Some(2))
    );
    assert_eq!(bodies(&sqs, JOBS).await, ["moved"]);
    let counts = sqs.queues.counts(DEAD_JOBS).await.expect("counted");
    assert_eq!((counts.visible, counts.in_flight), (1, 1));

    // With a destination, it does not matter where a message came from.
    let request = client.start_message_move_task().source_arn(arn(DEAD_JOBS)).destination_arn(arn(SLOW));
    request.send().await.expect("started");
    assert_eq!(ended(&client, DEAD_JOBS).await.status(), Some("COMPLETED"));
    // The queue's delay applies to moved messages too.
    assert_eq!(sqs.queues.counts(SLOW).await.expect("counted").delayed, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_task_requests_get_the_errors_of_sqs() {
    let sqs = Sqs::start(None).await;
    let client = sqs.client("ADMIN");
    let form = |parameter: &str| {
        format!(
            "You must use this format to specify the {parameter}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        )
    };
    let absent =
        |parameter: &str| format!("The resource that you specified for the {parameter} parameter doesn't exist.");
    let (invalid, not_found) = ("InvalidParameterValue", "ResourceNotFoundException");
    let dead = arn(DEAD_JOBS);
    for (source, destination, rate, code, message) in [
        (arn("ordermill-Absent"), None, None, not_found, absent("SourceArn")),
        (dead.replace("us-east-1", "eu-west-3"), None, None, not_found, absent("SourceArn")),
        (DEAD_JOBS.to_owned(), None, None, invalid, form("SourceArn")),
        (arn(JOBS), None, None, invalid, "Source queue must be configured as a Dead Letter Queue.".to_owned()),
        (dead.clone(), Some(arn("ordermill-Absent")), None, not_found, absent("DestinationArn")),
        (dead.clone(), Some("Jobs".to_owned()), None, invalid, form("DestinationArn")),
        (
            dead.clone(),
            Some(dead.clone()),
            None,
            invalid,
            "Source queue arn and destination queue arn cannot be the same.".to_owned(),
        ),
        (
            dead.clone(),
            None,
            Some(501),
            invalid,
            "Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a number that's between 1 and 500.".to_owned(),
        ),
    ] {
        let request = client.start_message_move_task().source_arn(source).set_destination_arn(destination);
        let refused = refusal(request.set_max_number_of_messages_per_second(rate).send().await);
        assert_eq!(refused, (code.to_owned(), message));
    }
    let list = |most| client.list_message_move_tasks().source_arn(&dead).max_results(most).send();
    assert!(list(10).await.expect("listed").results().is_empty());
    assert_eq!(refusal(list(11).await).0, invalid);
    let error = client.list_message_move_tasks().source_arn(arn("ordermill-Absent")).send().await.expect_err("refused");
    assert!(error.into_service_error().is_resource_not_found_exception());

    let cancel = |handle: &str| client.cancel_message_move_task().task_handle(handle).send();
    let expected = "Value for parameter TaskHandle is invalid.".to_owned();
    assert_eq!(refusal(cancel("foobared").await), (invalid.to_owned(), expected));
    let handle = start(&client, DEAD_JOBS).await;
    ended(&client, DEAD_JOBS).await;
    // The same queue, another task.
    let other = Sqs::start(None).await;
    let unknown = other.client("ADMIN").cancel_message_move_task().task_handle(handle).send().await;
    assert_eq!(refusal(unknown), (not_found.to_owned(), "Task does not exist.".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_moves_only_what_it_could_move_by_hand() {
    let sqs = Sqs::start(None).await;
    let mover = sqs.client("MOVER");
    dead_letter(&sqs, JOBS, &["a"]).await;
    start(&mover, DEAD_JOBS).await;
    assert_eq!(ended(&mover, DEAD_JOBS).await.status(), Some("COMPLETED"));
    // It may send to only one of the two queues to which these would return.
    let (code, message) = refusal(mover.start_message_move_task().source_arn(arn(UNDELIVERED)).send().await);
    assert_eq!(code, "AccessDenied");
    assert!(
        message.contains("sqs:sendmessage on resource: arn:aws:sqs:us-east-1:000000000000:ordermill-Parcels"),
        "{message}"
    );
    let request = mover.start_message_move_task().source_arn(arn(UNDELIVERED)).destination_arn(arn(LETTERS));
    request.send().await.expect("started");
    let reader = sqs.client("READER");
    let (code, message) = refusal(reader.list_message_move_tasks().source_arn(arn(DEAD_JOBS)).send().await);
    assert_eq!(code, "AccessDenied");
    assert!(message.contains("sqs:listmessagemovetasks"), "{message}");
}
