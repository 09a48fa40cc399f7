//! A subscriber on this machine: gives the configured answers and records its calls.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// How many of its signatures match this secret, as shown to its owner.
    pub(crate) fn signatures_by(&self, secret: &str) -> usize {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
        let mut signed = format!("{}.{}.", self.header("webhook-id"), self.header("webhook-timestamp")).into_bytes();
        signed.extend(&self.body);
        let signature = format!("v1,{}", STANDARD.encode(ring::hmac::sign(&key, &signed)));
        self.header("webhook-signature").split(' ').filter(|each| **each == signature).count()
    }
}

#[derive(Default)]
struct Book {
    calls: Vec<Call>,
    answers: VecDeque<(u16, String)>,
}

/// A subscriber.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    book: Arc<Mutex<Book>>,
}

impl Receiver {
    /// Answers 200, or the status at the end of the path.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self { url: format!("http://{}/hook", listener.local_addr().unwrap()), book: Arc::default() };
        let router = Router::new().fallback(receive).with_state(Arc::clone(&receiver.book));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    /// Answers the next call with this status and a `Location`.
    pub(crate) fn answer(&self, status: u16, location: &str) {
        self.book.lock().unwrap().answers.push_back((status, location.to_owned()));
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.book.lock().unwrap().calls.clone()
    }

    /// Waits until it has received this many calls.
    pub(crate) async fn called(&self, times: usize) -> Vec<Call> {
        for _ in 0..1200 {
            let calls = self.calls();
            if calls.len() >= times {
                return calls;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{} calls instead of {times}", self.calls().len())
    }
}

async fn receive(
    State(book): State<Arc<Mutex<Book>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, String); 1]) {
    let mut book = book.lock().unwrap();
    book.calls.push(Call { headers, body });
    let of_path = uri.path().rsplit('/').next().and_then(|last| last.parse().ok());
    let (status, location) = book.answers.pop_front().unwrap_or((of_path.unwrap_or(200), String::new()));
    (StatusCode::from_u16(status).unwrap(), [("location", location)])
}
