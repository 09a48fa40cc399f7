//! Random commands over HTTP, checked against a model of an order.
//!
//! Each *life* belongs to one merchant: a hundred and more sequential commands, valid and invalid, drawn from a seed.
//! Before each command, the model predicts the answer; a difference ends the test with the seed, the command and the
//! commands that led to the order's state. A life is generated command by command, so the output is its shortest
//! failing prefix. After commands that start processing, the test waits until the order settles.
//!
//! `ORDERMILL_MODEL_SEED` selects another run or repeats one, `ORDERMILL_MODEL_LIVES` and `ORDERMILL_MODEL_COMMANDS`
//! set its length.

mod aggregate;
mod changes;
mod check;
mod creates;
mod reads;
mod shipment;
mod updates;
mod world;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use local::demo::Data;
use serde_json::{Value, json};

use self::world::{Request, Step, Stranger, World};
use crate::support::{HttpClient, Reply, Stack, order};

/// Concurrent lives.
const CONCURRENCY: usize = 16;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

/// Uses both cores: the stack's tasks are most of the work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_commands_match_the_model() {
    let seed = setting("ORDERMILL_MODEL_SEED", 20_260_527);
    let (lives, commands) = (setting("ORDERMILL_MODEL_LIVES", 50), setting("ORDERMILL_MODEL_COMMANDS", 200));
    // In memory, every write would be slower than the previous one (see `local/README.md`).
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::on_disk(folder.path().to_owned(), data(lives)).await;
    let stranger = stranger(&stack).await;
    let started = Instant::now();
    let of_life = |number: u64| Life::new(seed, number, &stack, &stranger).live(commands);
    let mut results = futures_util::stream::iter((1..=lives).map(of_life)).buffer_unordered(CONCURRENCY);
    let mut answers = BTreeMap::new();
    while let Some(result) = results.next().await {
        match result {
            Ok(answered) => answered.into_iter().for_each(|answer| *answers.entry(answer).or_insert(0_u64) += 1),
            Err(divergence) => panic!("ORDERMILL_MODEL_SEED={seed}: {divergence}"),
        }
    }
    let sent: u64 = answers.values().sum();
    println!("{sent} commands in {:?}: {answers:#?}", started.elapsed());
    assert_eq!(sent, lives * commands);
    // A model that rejects everything would agree with a service that rejects everything.
    for answer in ["200", "201", "404 NOT_FOUND", "412 PRECONDITION_FAILED", "422 STATE_NOT_ALLOWED"] {
        assert!(sent < 1_000 || answers.get(answer).is_some_and(|count| *count > 10), "{answer}: {answers:#?}");
    }
}

fn token(life: u64) -> String {
    format!("life-{life}")
}

/// A merchant for each life, and number 0 for foreign resources; two vendors are people.
fn data(lives: u64) -> Data {
    let vendor =
        |id: &str| json!({"id": id, "name": id, "port": "manual", "skuPrefixes": [format!("{}-", id.to_uppercase())]});
    let merchant = |life: u64| {
        let vendor_token = |id: &str| json!({"vendorId": id, "bearerToken": format!("{id}-{life}")});
        json!({
            "merchantId": format!("00000000-0000-4000-8000-{life:012}"), "apiKey": format!("key-{life}"), "bearerToken": token(life),
            "wallets": [], "vendors": [vendor("hand"), vendor("knit")],
            "vendorTokens": [vendor_token("hand"), vendor_token("knit")],
        })
    };
    let merchants: Vec<Value> = (0..=lives).map(merchant).collect();
    Data::parse(&json!({"merchants": merchants, "products": []}).to_string()).unwrap()
}

/// An order of merchant 0 with a shipment.
async fn stranger(stack: &Stack) -> Stranger {
    let (authorization, mut body) = (format!("Bearer {}", token(0)), order("strange"));
    body["items"][0]["sku"] = json!("HAND-1");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let created = stack.client.send("POST", "/order/v1/orders", &headers, body.to_string()).await;
    let id = created.body["order"]["id"].as_str().unwrap().to_owned();
    loop {
        let read = stack.client.send("GET", &format!("/order/v1/orders/{id}"), &headers, "").await;
        if let Some(shipment) = read.body["order"]["shipmentIds"][0].as_str() {
            let item = read.body["order"]["items"][0]["id"].as_str().unwrap().to_owned();
            return Stranger { order: id, safe_id: "strange".to_owned(), item, shipment: shipment.to_owned() };
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The commands of one merchant.
struct Life {
    number: u64,
    client: HttpClient,
    world: World,
    /// The commands sent so far, and the orders that each touched.
    sent: Vec<(Request, Vec<usize>)>,
    answers: Vec<String>,
}

impl Life {
    fn new(seed: u64, number: u64, stack: &Stack, stranger: &Stranger) -> Self {
        let rng = fastrand::Rng::with_seed(seed.wrapping_mul(1_000_003).wrapping_add(number));
        let world = World { rng, orders: Vec::new(), stranger: stranger.clone(), named: 0 };
        Self { number, client: stack.client.clone(), world, sent: Vec::new(), answers: Vec::new() }
    }

    /// The answers as status and code, or the first difference from the model.
    async fn live(mut self, commands: u64) -> Result<Vec<String>, String> {
        for _ in 0..commands {
            let step = self.draw();
            let touched = step.touched.clone();
            self.sent.push((step.request.clone(), touched.clone()));
            let answered = self.take(step).await.map_err(|difference| self.report(&touched, &difference))?;
            self.answers.push(answered);
            for index in touched {
                self.rest(index).await.map_err(|difference| self.report(&[index], &difference))?;
            }
        }
        self.afterwards().await.map_err(|difference| self.report(&[], &difference))?;
        Ok(self.answers)
    }

    fn draw(&mut self) -> Step {
        let world = &mut self.world;
        match world.rng.u32(0..100) {
            0..10 => world.create(),
            10..13 => world.create_bulk(),
            13..24 => world.patch_order(),
            24..27 => world.patch_orders(),
            27..38 => world.patch_item(),
            38..48 => world.cancel(),
            48..53 => world.hold(),
            53..65 => world.bare(),
            65..73 => world.refund(),
            73..86 => world.report().unwrap_or_else(|| world.create()),
            _ => world.read(),
        }
    }

    async fn send(&self, request: &Request) -> Reply {
        let vendor = request.headers.iter().find(|(name, _)| *name == "vendor");
        let token = vendor.map_or_else(|| token(self.number), |(_, vendor)| format!("{vendor}-{}", self.number));
        let authorization = format!("Bearer {token}");
        let mut headers = vec![("authorization", authorization.as_str()), ("content-type", "application/json")];
        headers.extend(request.headers.iter().map(|(name, value)| (*name, value.as_str())));
        self.client.send(request.method, &request.path, &headers, request.body.clone()).await
    }

    /// Sends a command. A busy service says so and does nothing, so the command is retried.
    async fn take(&mut self, step: Step) -> Result<String, String> {
        let mut reply = self.send(&step.request).await;
        while reply.status == 503 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            reply = self.send(&step.request).await;
        }
        check::answer(&step.expected, &reply)?;
        for (index, id) in check::created(&step.expected, &reply.body) {
            self.world.orders[index].id = id;
        }
        Ok(check::summary(&reply))
    }

    /// Waits until an order reaches the state in which the model expects it to settle.
    async fn rest(&mut self, index: usize) -> Result<(), String> {
        if !self.world.orders[index].settle() {
            return Ok(());
        }
        let order = &self.world.orders[index];
        let (wanted, read) = (format!("\"{}\"", order.version), Request::get(format!("/order/v1/orders/{}", order.id)));
        // Polling costs more than the step it waits for, and other lives run in the meantime.
        let mut looks = 0;
        let reply = loop {
            tokio::time::sleep(Duration::from_millis(250)).await;
            let reply = self.send(&read).await;
            looks += 1;
            if reply.header("etag") == wanted || looks > 240 {
                break reply;
            }
        };
        check::answer(&world::Expected::order(200, order), &reply)?;
        let ids = reply.body["order"]["shipmentIds"].as_array().into_iter().flatten();
        let ids: Vec<String> = ids.filter_map(|id| id.as_str().map(str::to_owned)).collect();
        if ids.len() != order.shipments.len() {
            return Err(format!("{} shipments, not {}", ids.len(), order.shipments.len()));
        }
        self.world.orders[index].shipment_ids = ids;
        Ok(())
    }

    /// The data derived from the table's stream matches the orders: the counts, and one audit event per version.
    async fn afterwards(&self) -> Result<(), String> {
        let mut counts = BTreeMap::new();
        self.world.orders.iter().for_each(|order| *counts.entry(order.status()).or_insert(0) += 1);
        let counted = |body: &Value| {
            let all = body["counts"].as_object().into_iter().flatten().filter(|(_, count)| **count != 0);
            all.map(|(name, count)| (name.clone(), count.clone())).collect::<serde_json::Map<_, _>>()
        };
        let wanted = serde_json::to_value(&counts).unwrap();
        self.until("/order/v1/orders/countByStatus", |body| Value::Object(counted(body)) == wanted).await?;
        for order in self.world.orders.iter().rev().take(3) {
            let path = format!("/order/v1/orders/{}/auditLogs?pageSize=200", order.id);
            let all = |body: &Value| body["auditLogs"].as_array().map_or(0, Vec::len) as u64 == order.version;
            self.until(&path, all).await?;
        }
        Ok(())
    }

    async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Result<(), String> {
        let read = Request::get(path.to_owned());
        let mut body = Value::Null;
        for _ in 0..600 {
            body = self.send(&read).await.body;
            if wanted(&body) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("{path} does not reach the state in the model: {body}"))
    }

    /// The failure, with the commands that touched its orders.
    fn report(&self, touched: &[usize], difference: &str) -> String {
        let concerns = |(_, orders): &&(Request, Vec<usize>)| orders.iter().any(|order| touched.contains(order));
        let mut way: Vec<String> = self.sent.iter().filter(concerns).map(|(request, _)| request.to_string()).collect();
        way.extend(self.sent.last().map(|(request, _)| format!("and then {request}")));
        let model: Vec<String> = touched.iter().map(|index| format!("{:?}", self.world.orders[*index])).collect();
        let (life, at) = (self.number, self.sent.len());
        format!("life {life}, command {at}:\n{difference}\n{}\nmodel now: {}", way.join("\n"), model.join("\n"))
    }
}
