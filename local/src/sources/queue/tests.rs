//! The poller of a queue, with a scripted function and a clock that the test advances.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::Builder;
use dynoxide::Database;
use functions::{EventHandler, Function as Loaded};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use super::{failed_ids, poll};
use crate::aws::iam::Identities;
use crate::aws::sqs::{self, ManualClock, Outgoing, Queues};
use crate::invoke::Functions;
use crate::sources::{Checkpoints, Pace, Sources};
use crate::template::{self, Endpoints};

const JOBS: &str = "ordermill-Jobs";

#[test]
fn failed_messages_are_read_from_the_answer() {
    assert_eq!(failed_ids(&json!({})).unwrap().len(), 0);
    assert_eq!(failed_ids(&json!({"batchItemFailures": null})).unwrap().len(), 0);
    assert!(failed_ids(&json!({"batchItemFailures": [{"itemIdentifier": "a"}]})).unwrap().contains("a"));
    assert!(failed_ids(&json!({"batchItemFailures": [{"itemIdentifier": ""}]})).is_none());
    assert!(failed_ids(&json!({"batchItemFailures": "x"})).is_none());
}

/// A stack with one queue and one function behind it.
struct Fixture {
    clock: Arc<ManualClock>,
    queues: Queues,
    identities: Arc<Identities>,
    sources: Sources,
    stop: watch::Sender<bool>,
}

impl Fixture {
    /// `event` is the properties of the function's SQS event in the template.
    async fn new(event: &str, handler: EventHandler) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template.yaml");
        std::fs::write(&path, template(event)).unwrap();
        let stack = read(&path);
        let clock = Arc::new(ManualClock::at(1_790_812_800_000));
        let queues = Queues::memory(clock.clone()).unwrap();
        queues.declare(&stack.queues).await.unwrap();
        let mut identities = Identities::new();
        identities.add_function("WORKER", stack.function("Worker").unwrap());
        let mut functions = Functions::new();
        functions.add("Worker", Loaded::Event(handler), Duration::from_secs(30));
        let sources = Sources {
            stack: Arc::new(stack),
            functions: Arc::new(functions),
            queues: queues.clone(),
            tables: Database::memory().unwrap().into(),
            checkpoints: Checkpoints::new(None),
            clock: clock.clone(),
            pace: Pace::default(),
        };
        Self { clock, queues, identities: Arc::new(identities), sources, stop: watch::Sender::new(false) }
    }

    fn start(&self) -> tokio::task::JoinHandle<()> {
        let source = self.sources.stack.function("Worker").unwrap().queue_sources[0].clone();
        let sources = self.sources.clone();
        tokio::spawn(poll(sources, "Worker".to_owned(), source, JOBS.to_owned(), self.stop.subscribe()))
    }

    async fn send(&self, count: usize) {
        for n in 0..count {
            self.queues.send(JOBS, Outgoing::of(n.to_string())).await.unwrap();
        }
    }

    fn stop(&self) {
        self.stop.send_replace(true);
        self.queues.close();
    }
}

fn read(path: &Path) -> template::Stack {
    let endpoints = Endpoints { sqs: "http://127.0.0.1:1".to_owned(), api: String::new() };
    template::read(path, &BTreeMap::new(), &endpoints).unwrap()
}

fn template(event: &str) -> String {
    format!(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {{ VisibilityTimeout: 30 }}
  Worker:
    Type: AWS::Serverless::Function
    Metadata: {{ BuildMethod: rust-cargolambda, BuildProperties: {{ Binary: worker }} }}
    Properties:
      CodeUri: functions
      Handler: bootstrap
      Runtime: provided.al2023
      Policies:
        - Statement: [{{ Effect: Allow, Action: sqs:ChangeMessageVisibility, Resource: !GetAtt Jobs.Arn }}]
      Events:
        Jobs: {{ Type: SQS, Properties: {{ Queue: !GetAtt Jobs.Arn, {event} }} }}
"
    )
}

async fn eventually(what: &str, wanted: impl Fn() -> bool) {
    for _ in 0..1000 {
        if wanted() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("not within five seconds: {what}");
}

/// A handler that waits for a permit of `gate` and counts its current and maximum concurrency.
fn gated(gate: Arc<Semaphore>, now: Arc<AtomicUsize>, most: Arc<AtomicUsize>) -> EventHandler {
    Arc::new(move |_| {
        let (gate, now, most) = (Arc::clone(&gate), Arc::clone(&now), Arc::clone(&most));
        Box::pin(async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            gate.acquire().await.unwrap().forget();
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(json!({}))
        })
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrency_follows_the_template() {
    for (scaling, expected) in [
        ("ScalingConfig: { MaximumConcurrency: 2 }", 2),
        ("ScalingConfig: { MaximumConcurrency: 12 }", 12),
        ("Enabled: true", 5),
    ] {
        let (gate, now, most) =
            (Arc::new(Semaphore::new(0)), Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let handler = gated(Arc::clone(&gate), Arc::clone(&now), Arc::clone(&most));
        let fixture = Fixture::new(&format!("BatchSize: 1, {scaling}"), handler).await;
        fixture.send(20).await;
        let poller = fixture.start();
        eventually(scaling, || now.load(Ordering::SeqCst) == expected).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        // Messages that cannot be processed yet are not received: they keep their visibility and their count.
        let counts = fixture.queues.counts(JOBS).await.unwrap();
        assert_eq!((counts.in_flight, counts.visible), (expected as u64, 20 - expected as u64), "{scaling}");
        gate.add_permits(20);
        for _ in 0..1000 {
            if fixture.queues.counts(JOBS).await.unwrap() == (sqs::Counts { visible: 0, in_flight: 0, delayed: 0 }) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        fixture.stop();
        poller.await.unwrap();
        assert_eq!(most.load(Ordering::SeqCst), expected, "{scaling}");
        let counts = fixture.queues.counts(JOBS).await.unwrap();
        assert_eq!((counts.in_flight, counts.visible), (0, 0), "{scaling}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_waits_for_running_batches() {
    let (gate, now) = (Arc::new(Semaphore::new(0)), Arc::<AtomicUsize>::default());
    let handler = gated(Arc::clone(&gate), Arc::clone(&now), Arc::default());
    let fixture = Fixture::new("BatchSize: 1", handler).await;
    fixture.send(2).await;
    let poller = fixture.start();
    eventually("two invocations", || now.load(Ordering::SeqCst) == 2).await;
    fixture.stop();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!poller.is_finished());
    gate.add_permits(2);
    poller.await.unwrap();
    // Both were processed, so both are gone.
    assert_eq!(fixture.queues.counts(JOBS).await.unwrap().in_flight, 0);
}

/// A handler that hides each message for five minutes through SQS and reports it as failed.
fn postponing(client: aws_sdk_sqs::Client, url: String, seen: Arc<Mutex<Vec<Value>>>) -> EventHandler {
    Arc::new(move |event| {
        let (client, url, seen) = (client.clone(), url.clone(), Arc::clone(&seen));
        Box::pin(async move {
            let mut failures = Vec::new();
            for record in event.payload["Records"].as_array().unwrap() {
                let handle = record["receiptHandle"].as_str().unwrap();
                let request = client.change_message_visibility().queue_url(&url).receipt_handle(handle);
                request.visibility_timeout(300).send().await.unwrap();
                failures.push(json!({"itemIdentifier": record["messageId"]}));
                seen.lock().unwrap().push(record.clone());
            }
            Ok(json!({"batchItemFailures": failures}))
        })
    })
}

/// A worker that cannot process a message yet chooses when to retry: a message that it hides and reports as failed
/// returns at that time, neither after the queue's own timeout nor immediately.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_a_function_hides_and_fails_returns_at_that_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(&endpoint)
        .credentials_provider(Credentials::new("WORKER", "secret", None, None, "test"))
        .http_client(Builder::new().build_http())
        .build();
    let seen = Arc::<Mutex<Vec<Value>>>::default();
    let url = format!("{endpoint}/000000000000/{JOBS}");
    let handler = postponing(aws_sdk_sqs::Client::from_conf(config), url, Arc::clone(&seen));
    let fixture = Fixture::new("FunctionResponseTypes: [ReportBatchItemFailures]", handler).await;
    let (queues, identities) = (fixture.queues.clone(), Arc::clone(&fixture.identities));
    let server = tokio::spawn(sqs::serve(listener, queues, identities, Box::pin(std::future::pending())));
    fixture.send(1).await;
    let poller = fixture.start();
    let invocations = |count| {
        let seen = Arc::clone(&seen);
        move || seen.lock().unwrap().len() == count
    };
    eventually("the first invocation", invocations(1)).await;
    // The queue's own 30 seconds pass, too.
    fixture.clock.advance(Duration::from_millis(299_999));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(invocations(1)(), "it returned too early");
    fixture.clock.advance(Duration::from_millis(1));
    eventually("the second invocation", invocations(2)).await;

    fixture.stop();
    poller.await.unwrap();
    server.abort();
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0]["messageId"], seen[1]["messageId"]);
    assert_ne!(seen[0]["receiptHandle"], seen[1]["receiptHandle"]);
    let count = |record: &Value| record["attributes"]["ApproximateReceiveCount"].clone();
    assert_eq!((count(&seen[0]), count(&seen[1])), (json!("1"), json!("2")));
    assert_eq!(seen[0]["eventSourceARN"], "arn:aws:sqs:us-east-1:000000000000:ordermill-Jobs");
}
