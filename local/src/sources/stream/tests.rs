//! The poller against a real stream, with a scripted function.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dynoxide::Database;
use functions::Function as Loaded;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::Poller;
use crate::aws::dynamodb::{StreamReader, create_table};
use crate::aws::sqs::{Queues, SystemClock};
use crate::commands::project;
use crate::invoke::Functions;
use crate::sources::{Checkpoints, Pace, Sources};
use crate::template::{self, Endpoints, StreamSource};

/// The batches that a function received, each as the partition keys of its records.
type Seen = Arc<Mutex<Vec<Vec<String>>>>;

fn keys(event: &Value) -> Vec<String> {
    let key = |record: &Value| record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap().to_owned();
    event["Records"].as_array().unwrap().iter().map(key).collect()
}

/// The relay's source from the real template, with another function behind it that receives every record, and two
/// retries.
async fn sources(
    checkpoints: Checkpoints,
    database: &Database,
    answer: impl Fn(&Value) -> Result<Value, String> + Send + Sync + 'static,
) -> (Sources, StreamSource, Seen) {
    let endpoints = Endpoints { sqs: "http://127.0.0.1:1".to_owned(), api: "http://127.0.0.1:2".to_owned() };
    let stack = template::read(&project().join("template.yaml"), &BTreeMap::new(), &endpoints).unwrap();
    create_table(database, &stack.tables[0]).unwrap();
    let queues = Queues::memory(Arc::new(SystemClock)).unwrap();
    queues.declare(&stack.queues).await.unwrap();
    let seen = Seen::default();
    let (noted, answer) = (Arc::clone(&seen), Arc::new(answer));
    let handler = Loaded::Event(Arc::new(move |event| {
        noted.lock().unwrap().push(keys(&event.payload));
        let answer = answer(&event.payload).map_err(Into::into);
        Box::pin(async move { answer })
    }));
    let mut functions = Functions::new();
    functions.add("RelayFunction", handler, Duration::from_secs(5));
    let mut source = stack.function("RelayFunction").unwrap().stream_sources[0].clone();
    source.maximum_retries = Some(2);
    source.filters.clear();
    let sources = Sources {
        stack: Arc::new(stack),
        functions: Arc::new(functions),
        queues,
        tables: database.clone().into(),
        checkpoints,
        clock: Arc::new(SystemClock),
        pace: Pace::default(),
    };
    (sources, source, seen)
}

fn put(database: &Database, table: &str, keys: &[&str]) {
    for key in keys {
        let item = json!({"TableName": table, "Item": {"pk": {"S": key}, "sk": {"S": "a"}}});
        database.put_item(serde_json::from_value(item).unwrap()).unwrap();
    }
}

/// Runs the poller until `done`, then stops it.
async fn run(sources: &Sources, source: &StreamSource, done: impl Fn() -> bool) {
    let function = sources.stack.function("RelayFunction").unwrap();
    let reader = sources.tables.stream(&sources.stack.tables[0].name).unwrap();
    let (stop, stopped) = watch::channel(false);
    let poller = Poller::new(sources.clone(), function, source.clone(), reader);
    let task = tokio::spawn(poller.run(stopped));
    for _ in 0..500 {
        if done() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The checkpoint is written after the function has answered.
    tokio::time::sleep(Duration::from_millis(50)).await;
    stop.send_replace(true);
    task.await.unwrap();
}

#[tokio::test]
async fn a_failing_batch_is_split_until_the_poison_record_is_isolated_and_given_up() {
    let database = Database::memory().unwrap();
    let poisoned = |event: &Value| {
        if keys(event).contains(&"poison".to_owned()) { Err("cannot".to_owned()) } else { Ok(json!({})) }
    };
    let (sources, source, seen) = sources(Checkpoints::new(None), &database, poisoned).await;
    put(&database, &sources.stack.tables[0].name, &["a", "b", "poison", "c"]);
    let all = || seen.lock().unwrap().last().is_some_and(|batch| batch == &["c"]);
    run(&sources, &source, all).await;
    let expected: Vec<Vec<&str>> = vec![
        vec!["a", "b", "poison", "c"],
        vec!["a", "b"],
        vec!["poison", "c"],
        vec!["poison"],
        vec!["poison"],
        vec!["poison"],
        vec!["c"],
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
    let queue = &sources.stack.queue("RelayDeadLetterQueue").unwrap().name;
    let messages = sources.queues.receive(queue, 10, Duration::ZERO).await.unwrap();
    let body: Value = serde_json::from_str(&messages[0].body).unwrap();
    assert_eq!((messages.len(), &body["DDBStreamBatchInfo"]["batchSize"]), (1, &json!(1)));
}

#[tokio::test]
async fn a_batch_is_retried_from_the_record_that_the_function_names() {
    let database = Database::memory().unwrap();
    let calls = AtomicUsize::new(0);
    let third_fails_once = move |event: &Value| {
        let third = event["Records"].get(2).map(|record| record["dynamodb"]["SequenceNumber"].clone());
        match calls.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(json!({"batchItemFailures": [{"itemIdentifier": third}]})),
            _ => Ok(json!({"batchItemFailures": []})),
        }
    };
    let (sources, source, seen) = sources(Checkpoints::new(None), &database, third_fails_once).await;
    put(&database, &sources.stack.tables[0].name, &["a", "b", "c", "d"]);
    run(&sources, &source, || seen.lock().unwrap().len() == 2).await;
    assert_eq!(*seen.lock().unwrap(), [vec!["a", "b", "c", "d"], vec!["c", "d"]]);
}

#[tokio::test]
async fn a_poller_continues_where_the_previous_one_ended() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::memory().unwrap();
    for (keys, expected) in [(["a", "b"], vec!["a", "b"]), (["c", "d"], vec!["c", "d"])] {
        let checkpoints = Checkpoints::new(Some(folder.path().to_owned()));
        let (sources, source, seen) = sources(checkpoints, &database, |_| Ok(json!({}))).await;
        put(&database, &sources.stack.tables[0].name, &keys);
        run(&sources, &source, || seen.lock().unwrap().iter().flatten().count() == 2).await;
        assert_eq!(seen.lock().unwrap().concat(), expected);
    }
}

/// A checkpoint that the stream no longer has must lead back to the oldest record and not block the source.
#[tokio::test]
async fn an_invalid_checkpoint_falls_back_to_the_oldest_record() {
    let database = Database::memory().unwrap();
    let checkpoints = Checkpoints::new(None);
    checkpoints.write("RelayFunction-TableChanges", crate::aws::dynamodb::SequenceNumber::new("not a place")).unwrap();
    let (sources, source, seen) = sources(checkpoints, &database, |_| Ok(json!({}))).await;
    put(&database, &sources.stack.tables[0].name, &["a"]);
    run(&sources, &source, || !seen.lock().unwrap().is_empty()).await;
    assert_eq!(seen.lock().unwrap().concat(), ["a"]);
}

#[tokio::test]
async fn records_that_match_no_filter_are_skipped() {
    let database = Database::memory().unwrap();
    let checkpoints = Checkpoints::new(None);
    let pattern = |prefix: &str| {
        let pattern = json!({"dynamodb": {"Keys": {"pk": {"S": [{"prefix": prefix}]}}}});
        crate::template::Pattern::parse(&pattern.to_string()).unwrap()
    };
    let (sources, mut source, seen) = sources(checkpoints.clone(), &database, |_| Ok(json!({}))).await;
    source.filters = vec![pattern("order"), pattern("webhook")];
    let table = sources.stack.tables[0].name.clone();
    put(&database, &table, &["x1", "order1", "x2", "webhook1", "x3"]);
    run(&sources, &source, || !seen.lock().unwrap().is_empty()).await;
    assert_eq!(*seen.lock().unwrap(), [["order1", "webhook1"]]);

    // The checkpoint is past the last record, which was skipped.
    let reader = StreamReader::open(database.clone(), &table).unwrap();
    assert_eq!(checkpoints.read("RelayFunction-TableChanges"), reader.latest().await.unwrap());
    // Only skipped records: no invocation, but the checkpoint moves on.
    put(&database, &table, &["x4"]);
    let newest = reader.latest().await.unwrap();
    run(&sources, &source, || checkpoints.read("RelayFunction-TableChanges") == newest).await;
    assert_eq!(checkpoints.read("RelayFunction-TableChanges"), newest);
    assert_eq!(seen.lock().unwrap().len(), 1);
}
