//! One world: a simulated stack, from its start until it has settled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::config::SharedHttpClient;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use functions::context::{Context, Surroundings};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use shared::time::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::clock::VirtualClock;
use super::faults::{Faults, Plan, Point, Rates};
use super::fleet::Fleet;
use super::ground::{DYNAMODB_URL, Ground, SQS_URL};
use super::outside::Outside;
use super::services::{InProcess, Services};
use crate::aws::blocking::Blocking;
use crate::aws::dynamodb::direct::Direct;
use crate::aws::dynamodb::tables::Tables;
use crate::aws::sqs::{Clock, Endpoint, Outgoing, Queues};
use crate::gateway::{Gateway, RequestId};
use crate::invoke::Invoke;
use crate::sources::{Checkpoints, Pace, Sources};
use crate::stack;
use crate::template::Stack;

/// A simulated stack.
pub struct World {
    /// The template's model.
    pub stack: Arc<Stack>,
    /// Vendors and subscribers.
    pub outside: Outside,
    clock: VirtualClock,
    pub(super) tables: Tables,
    queues: Queues,
    faults: Faults,
    fleet: Fleet,
    gateway: Gateway,
    redrives: AtomicU32,
    /// Number of client requests so far: their ids are numbers, so that a seed repeats them too.
    requests: AtomicU64,
    _stop: watch::Sender<bool>,
    _sources: JoinSet<()>,
}

/// A complete answer to a client.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; null if it is not JSON.
    pub body: Value,
}

/// A world that did not settle in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the world did not come to rest within {0:?}: {1}")]
pub struct Unsettled(Duration, String);

/// Interval of checks whether all work is done.
const LOOK: Duration = Duration::from_secs(60);
/// Required idle time: longer than any pause of the sources.
const QUIET_MS: i64 = 30_000;
/// Maximum time until a world settles.
const REST: Duration = Duration::from_secs(48 * 3600);
/// Maximum number of redrives of dead letters.
const REDRIVES_MAX: u32 = 8;

impl World {
    /// Runs `work` in its own world. Seed and plan alone decide everything that happens.
    ///
    /// # Errors
    ///
    /// The world cannot be created.
    pub fn run<T>(
        ground: &Ground,
        seed: u64,
        plan: impl FnOnce(&mut fastrand::Rng) -> Plan,
        work: impl AsyncFnOnce(&Self) -> T,
    ) -> Result<T, Box<dyn std::error::Error>> {
        // The SDKs draw their jitter from this thread's generator.
        fastrand::seed(seed);
        let mut random = fastrand::Rng::with_seed(seed);
        let plan = plan(&mut random);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
        runtime.block_on(async {
            let world = Self::start(ground, random, plan).await?;
            Ok(work(&world).await)
        })
    }

    async fn start(ground: &Ground, mut random: fastrand::Rng, plan: Plan) -> Result<Self, Box<dyn std::error::Error>> {
        let clock = VirtualClock::start();
        let shared_clock: Arc<dyn Clock> = Arc::new(clock);
        let mut stack = Stack::clone(&ground.stack);
        let drawn = random.u32(1..=3);
        let pollers = ground.workers.unwrap_or(drawn);
        for source in stack.functions.iter_mut().flat_map(|function| &mut function.queue_sources) {
            source.maximum_concurrency = Some(source.maximum_concurrency.map_or(pollers, |most| most.min(pollers)));
        }
        let stack = Arc::new(stack);
        let tables = ground.tables(clock)?;
        let queues = Queues::in_place(Arc::clone(&shared_clock))?;
        queues.declare(&stack.queues).await?;
        let faults = Faults::new(random, plan, std::env::var_os("ORDERMILL_FAULT_LOG").is_some());
        let identities = Arc::new(stack::identities(&stack));
        let (written, writes) = watch::channel(());
        let services = Services {
            dynamodb: Direct::new(tables.clone(), Arc::clone(&identities)),
            sqs: Endpoint::new(queues.clone(), identities, SQS_URL.to_owned()),
            faults: faults.clone(),
            clock: Arc::clone(&shared_clock),
            written,
        };
        let outside = Outside::new(faults.clone(), Arc::clone(&shared_clock));
        let surroundings = Surroundings {
            context: context(clock, faults.clone()),
            aws: Some(SharedHttpClient::new(InProcess(Arc::new(services)))),
            outbound: Some(Arc::new(outside.clone())),
        };
        let environment = |function: &crate::template::Function| stack::environment(function, DYNAMODB_URL, SQS_URL);
        let fleet =
            Fleet::load(Arc::clone(&stack), environment, surroundings, faults.clone(), Arc::clone(&shared_clock))?;
        let functions: Arc<dyn Invoke> = Arc::new(fleet.clone());
        let (stop, stopped) = watch::channel(false);
        let sources = Sources {
            stack: Arc::clone(&stack),
            functions: Arc::clone(&functions),
            queues: queues.clone(),
            tables: tables.clone(),
            checkpoints: Checkpoints::new(None),
            clock: shared_clock,
            // No polling is needed: queues and writes notify.
            pace: Pace {
                receive: Duration::from_secs(3600),
                idle: Duration::from_millis(500),
                written: Some(writes),
                blocking: Blocking::InPlace,
            },
        };
        let sources = sources.start(&stopped)?;
        let gateway = Gateway::new(&stack, functions);
        Ok(Self {
            stack,
            outside,
            clock,
            tables,
            queues,
            faults,
            fleet,
            gateway,
            redrives: AtomicU32::new(0),
            requests: AtomicU64::new(0),
            _stop: stop,
            _sources: sources,
        })
    }

    /// Sends a request as a client does; `None` if it, or its answer, was lost.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Option<Reply> {
        let lost = self.faults.happens(|rates| rates.client_lost, "client lost");
        if lost && self.faults.below(2) == 0 {
            return None;
        }
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        let id = RequestId(uuid::Uuid::from_u128(number.into()));
        let mut request = Request::builder().method(method).uri(path).extension(id);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let response = self.gateway.respond(request.body(Body::from(text)).ok()?).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.ok()?.to_bytes();
        let reply = Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        };
        self.faults.trace(self.clock.now_ms(), || format!("client {method} {path} {} {lost}", reply.status));
        (!lost).then_some(reply)
    }

    /// A random number below `end`.
    #[must_use]
    pub fn below(&self, end: u64) -> u64 {
        self.faults.below(end)
    }

    /// Milliseconds since 1970, by this world's clock.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Sends a function an event, as its trigger would.
    ///
    /// # Errors
    ///
    /// The invocation fails.
    pub async fn invoke(&self, logical_id: &str, event: Value) -> Result<Value, String> {
        self.fleet.invoke(logical_id, event).await
    }

    /// Sends a message to the queue with that logical id.
    ///
    /// # Errors
    ///
    /// The error that SQS would return.
    pub async fn enqueue(&self, queue: &str, body: String) -> Result<(), String> {
        let name = self.stack.queue(queue).map(|queue| queue.name.clone()).unwrap_or_default();
        self.queues.send(&name, Outgoing::of(body)).await.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Stops all faults for the rest of the run.
    pub fn end_faults(&self) {
        self.faults.end();
    }

    /// Stops the faults and lets time pass until nothing is left to do: no running invocation, no message in a queue,
    /// nothing due. Redrives dead letters as an operator would.
    ///
    /// # Errors
    ///
    /// The remaining work after two days.
    pub async fn settle(&self) -> Result<(), Unsettled> {
        self.faults.end();
        let began_ms = self.now_ms();
        let mut redrives = 0;
        loop {
            tokio::time::sleep(LOOK).await;
            let left = self.left().await;
            if left.is_empty() {
                return Ok(());
            }
            let is_quiet = self.now_ms().saturating_sub(self.fleet.active_ms()) > QUIET_MS;
            if is_quiet && redrives < REDRIVES_MAX && self.redrive().await > 0 {
                redrives = redrives.saturating_add(1);
                self.redrives.fetch_add(1, Ordering::SeqCst);
            }
            if self.now_ms().saturating_sub(began_ms) > i64::try_from(REST.as_millis()).unwrap_or(i64::MAX) {
                return Err(Unsettled(REST, left));
            }
        }
    }

    /// A description of the remaining work; empty if there is none.
    async fn left(&self) -> String {
        let mut left = Vec::new();
        let under_way = self.fleet.under_way();
        if under_way > 0 {
            left.push(format!("{under_way} invocations under way"));
        }
        if self.now_ms().saturating_sub(self.fleet.active_ms()) <= QUIET_MS {
            left.push("an invocation a moment ago".to_owned());
        }
        for queue in &self.stack.queues {
            if let Ok(counts) = self.queues.counts(&queue.name).await {
                let messages = counts.visible.saturating_add(counts.in_flight).saturating_add(counts.delayed);
                if messages > 0 {
                    left.push(format!("{messages} messages in {}", queue.logical_id));
                }
            }
        }
        if left.is_empty() {
            let due = self.scan(Some("due"));
            if let Some(first) = due.first() {
                left.push(format!("{} items due, the first {}", due.len(), json!(first)));
            }
        }
        left.join(", ")
    }

    /// Redrives the messages of each dead-letter queue; returns how many.
    async fn redrive(&self) -> usize {
        let mut moved: usize = 0;
        for queue in &self.stack.queues {
            let Some(redrive) = &queue.redrive else { continue };
            let dead = &redrive.dead_letter_queue_name;
            while let Ok(messages) = self.queues.receive(dead, 10, Duration::ZERO).await {
                if messages.is_empty() {
                    break;
                }
                for message in messages {
                    let again = Outgoing { attributes: message.attributes, ..Outgoing::of(message.body) };
                    if self.queues.send(&queue.name, again).await.is_ok() {
                        let _ = self.queues.delete(dead, &message.receipt_handle).await;
                        moved = moved.saturating_add(1);
                    }
                }
            }
        }
        moved
    }

    /// The calls that functions have made so far, unless faults are random.
    #[must_use]
    pub fn points(&self) -> Vec<Point> {
        self.faults.points()
    }

    /// Number of crashes of [`Plan::CrashesAt`] so far.
    #[must_use]
    pub fn crashes(&self) -> usize {
        self.faults.crashes()
    }

    /// Number of redrives of dead letters.
    #[must_use]
    pub fn redrives(&self) -> u32 {
        self.redrives.load(Ordering::SeqCst)
    }

    /// How often each fault occurred.
    #[must_use]
    pub fn tally(&self) -> BTreeMap<&'static str, u64> {
        self.faults.tally()
    }

    /// How often each function made each call.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.faults.calls()
    }

    /// A hash of everything that happened.
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.faults.hash()
    }

    /// The log line by line, if the variable `ORDERMILL_FAULT_LOG` is set.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.faults.log()
    }

    /// Panics of functions.
    #[must_use]
    pub fn panics(&self) -> Vec<String> {
        self.fleet.panics()
    }

    /// Unsupported features that functions used on an in-memory table. A run that used any proves nothing.
    #[must_use]
    pub fn unknown(&self) -> Vec<String> {
        self.tables.unknown()
    }
}

impl Plan {
    /// Random faults at random rates.
    pub fn drawn(random: &mut fastrand::Rng) -> Self {
        Self::Random(Rates::draw(random))
    }
}

/// Clock and randomness of the functions.
fn context(clock: VirtualClock, faults: Faults) -> Context {
    let now = move || Timestamp::from_milliseconds(clock.now_ms());
    Context::new(now, move |bytes| {
        faults.fill(bytes);
        Ok(())
    })
}

impl Reply {
    /// Whether the request should be retried: the client got a transient error, so it may or may not have been
    /// processed.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        self.status >= StatusCode::INTERNAL_SERVER_ERROR.as_u16() || self.status == 429
    }
}
