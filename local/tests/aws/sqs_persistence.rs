//! Messages survive the process.

use crate::fixture::{DEAD_JOBS, JOBS, START_MS, Sqs, stack};
use local::aws::sqs::{ManualClock, Outgoing, Queues};
use std::{path::Path, process::Command, sync::Arc, time::Duration};

async fn reopened(path: &Path, now_ms: i64) -> (Queues, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(now_ms));
    let queues = Queues::open(path, clock.clone()).expect("queues");
    queues.declare(&stack().queues).await.expect("declared");
    (queues, clock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_and_receive_counts_survive_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("queues.db");
    let first = Sqs::start(Some(&path)).await;
    for body in ["received", "waiting"] {
        first.queues.send(JOBS, Outgoing::of(body)).await.expect("sent");
    }
    let before = first.queues.receive(JOBS, 1, Duration::ZERO).await.expect("received");
    assert_eq!(before[0].body, "received");
    let Sqs { queues, service, .. } = first;
    service.stop().await;
    drop(queues);

    let (queues, clock) = reopened(&path, START_MS + 1000).await;
    // Received messages are still hidden, and their handles still valid.
    let waiting = queues.receive(JOBS, 10, Duration::ZERO).await.expect("received");
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].body, "waiting");
    queues.change_visibility(JOBS, &before[0].receipt_handle, 0).await.expect("shown");
    let again = queues.receive(JOBS, 10, Duration::ZERO).await.expect("received");
    assert_eq!(again[0].message_id, before[0].message_id);
    assert_eq!((again[0].receive_count, again[0].sent_ms), (2, START_MS));
    queues.delete(JOBS, &waiting[0].receipt_handle).await.expect("deleted");
    drop(queues);
    drop(clock);

    // The count reaches the limit across restarts.
    let (queues, _clock) = reopened(&path, START_MS + 60_000).await;
    assert!(queues.receive(JOBS, 10, Duration::ZERO).await.expect("received").is_empty());
    let dead = queues.receive(DEAD_JOBS, 10, Duration::ZERO).await.expect("received");
    assert_eq!(dead[0].message_id, before[0].message_id);
}

/// Runs in the process that the test below kills; does nothing in an ordinary test run.
#[tokio::test]
async fn in_the_process_that_is_killed() {
    let Some(path) = std::env::var_os("ORDERMILL_TEST_QUEUES") else { return };
    let (queues, _clock) = reopened(Path::new(&path), START_MS).await;
    for n in 0..50 {
        queues.send(JOBS, Outgoing::of(n.to_string())).await.expect("sent");
    }
    queues.receive(JOBS, 10, Duration::ZERO).await.expect("received");
    std::fs::write(Path::new(&path).with_extension("ready"), "").expect("noted");
    tokio::time::sleep(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_survive_a_killed_process() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("queues.db");
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "sqs_persistence::in_the_process_that_is_killed"])
        .env("ORDERMILL_TEST_QUEUES", &path)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("started");
    while !path.with_extension("ready").exists() {
        assert!(child.try_wait().expect("a state").is_none(), "it ended on its own");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // SIGKILL: nothing is flushed, closed or rolled back.
    child.kill().expect("killed");
    child.wait().expect("ended");

    let (queues, clock) = reopened(&path, START_MS).await;
    let counts = queues.counts(JOBS).await.expect("counted");
    assert_eq!((counts.visible, counts.in_flight), (40, 10));
    clock.advance(Duration::from_secs(30));
    assert_eq!(queues.counts(JOBS).await.expect("counted").visible, 50);
}

#[test]
fn a_file_of_a_later_schema_is_not_touched() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("queues.db");
    rusqlite::Connection::open(&path).and_then(|file| file.execute_batch("PRAGMA user_version = 2")).expect("a file");
    let error = Queues::open(&path, Arc::new(ManualClock::at(0))).err().expect("refused");
    assert!(error.message.contains("schema 2"), "{error}");
}
