//! A separate stack for each test, and an HTTP client that returns complete answers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use local::commands::project;
use local::demo::Data;
use local::stack::{Options, Running, start};
use serde_json::{Value, json};

pub(crate) const MERCHANT: &str = "b234ee56-7890-4f12-a123-4567890abcde";
/// Headers of the demo merchant.
pub(crate) const DEMO: &[(&str, &str)] = &[
    ("authorization", "Bearer demo-bearer-token"),
    ("x-api-key", "demo-api-key"),
    ("content-type", "application/json"),
];
/// The second merchant of [`two_merchants`].
pub(crate) const OTHER_MERCHANT: &str = "00000000-0000-4000-8000-000000000000";
/// Headers of the second merchant.
pub(crate) const OTHER: &[(&str, &str)] =
    &[("authorization", "Bearer other-token"), ("x-api-key", "other-key"), ("content-type", "application/json")];

/// The demo data with a second merchant, which has the same vendors and wallets.
pub(crate) fn two_merchants() -> Data {
    let mut data = Data::demo().unwrap();
    let mut other = data.merchants[0].clone();
    other.merchant_id = OTHER_MERCHANT.to_owned();
    (other.api_key, other.bearer_token) = ("other-key".to_owned(), "other-token".to_owned());
    data.merchants.push(other);
    data
}

/// A running stack.
pub(crate) struct Stack {
    pub(crate) running: Running,
    pub(crate) client: HttpClient,
}

/// The table key of a network order of the demo merchant.
pub(crate) fn order_key(id: &str) -> Value {
    let id = shared::ids::OrderId::parse(id).unwrap();
    let merchant = shared::ids::MerchantId::parse(MERCHANT).unwrap();
    let key = functions::store::keys::Key::order(&merchant, &id);
    json!({"pk": key.pk, "sk": key.sk})
}

/// Whether an item of the table is an order of either API.
pub(crate) fn is_order(item: &std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>) -> bool {
    matches!(item["entity"].as_s().map(String::as_str), Ok("order" | "bulk_order"))
}

impl Stack {
    /// With the demo data and a built-in vendor without delay.
    pub(crate) async fn start() -> Self {
        Self::with(Data::demo().unwrap(), &[("VendorStepSeconds", "0")]).await
    }

    pub(crate) async fn with(data: Data, parameters: &[(&str, &str)]) -> Self {
        Self::of_template(project().join("template.yaml"), data, parameters).await
    }

    /// With its data in a folder, which handles many items.
    pub(crate) async fn on_disk(folder: PathBuf, data: Data) -> Self {
        Self::of(project().join("template.yaml"), data, &[("VendorStepSeconds", "0")], Some(folder)).await
    }

    pub(crate) async fn of_template(template: PathBuf, data: Data, parameters: &[(&str, &str)]) -> Self {
        Self::of(template, data, parameters, None).await
    }

    async fn of(template: PathBuf, load: Data, parameters: &[(&str, &str)], data: Option<PathBuf>) -> Self {
        // Tests send faster than the template allows clients to.
        let mut values = BTreeMap::from([("ThrottlingBurst".to_owned(), "100000".to_owned())]);
        values.extend(parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let options =
            Options { template, parameters: values, port: 0, data, load: Some(load), upload: None, docs: None };
        let running = start(options).await.unwrap();
        let client = HttpClient::new(&running.url);
        Self { running, client }
    }

    /// Sends a request as the demo merchant, with additional headers.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let all: Vec<(&str, &str)> = DEMO.iter().chain(headers).copied().collect();
        self.client.send(method, path, &all, body).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &[], body.to_string()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "").await
    }

    pub(crate) fn table(&self) -> String {
        self.running.stack.tables[0].name.clone()
    }

    /// Every item of the table.
    pub(crate) async fn items(
        &self,
    ) -> Vec<std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>> {
        let mut pages = self.running.dynamodb().scan().table_name(self.table()).into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.unwrap());
        }
        items
    }

    /// A wallet's balance in decimal digits.
    pub(crate) async fn balance(&self, merchant: &str, currency: &str) -> String {
        let items = self.items().await;
        let pk = format!("{merchant}#wallet");
        let wallet =
            items.iter().find(|item| item["pk"].as_s().unwrap() == &pk && item["sk"].as_s().unwrap() == currency);
        wallet.unwrap()["balance"].as_n().unwrap().clone()
    }

    /// Polls until the answer is as expected; a minute is more than any machine needs.
    pub(crate) async fn eventually(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..1200 {
            let reply = self.get(path).await;
            if wanted(&reply.body) {
                return reply.body;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{path} did not become as expected: {}", self.get(path).await.body)
    }
}

/// A client for one base URL.
#[derive(Clone)]
pub(crate) struct HttpClient {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Null if it is not JSON.
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl HttpClient {
    pub(crate) fn new(url: &str) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), url: url.to_owned() }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        self.try_send(method, path, headers, body).await.unwrap()
    }

    /// Fails if the server is gone.
    pub(crate) async fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Reply, Box<dyn std::error::Error + Send + Sync>> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.client.request(request.body(Full::new(body.into()))?).await?;
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await?.to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}

/// A seed's request body.
pub(crate) fn seed(name: &str) -> Value {
    let path = project().join(format!("shared/vectors/seeds/{name}.request.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A small valid network order.
pub(crate) fn order(safe_id: &str) -> Value {
    json!({
        "safeId": safe_id,
        "shippingAddress": {"firstName": "Ada", "line1": "1 Main St", "city": "Springfield", "countryCode": "US"},
        "items": [{"sku": "mug", "quantity": 1}],
    })
}

/// Replaces what differs between runs: ids by their kind, and times.
pub(crate) fn redacted(mut body: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match name.as_str() {
                        "requestId" => *member = json!("[request id]"),
                        "transactionId" | "ezOrderNumber" if member.as_str().is_some_and(|id| id.len() > 15) => {
                            *member = json!("[transaction id]");
                        }
                        "createdAt" | "updatedAt" | "processedAt" | "cancelledAt" if member.is_string() => {
                            *member = json!("[time]")
                        }
                        "shipmentCreatedDates" => {
                            for date in member.as_array_mut().into_iter().flatten() {
                                *date = json!("[time]");
                            }
                        }
                        _ => walk(member),
                    }
                }
            }
            Value::Array(elements) => elements.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut body);
    body
}

/// A merchant with wallets and one product, and nothing else.
pub(crate) fn shop(merchant: &str, wallets: &[(&str, &str)], price: &str) -> Data {
    let wallets: Vec<Value> =
        wallets.iter().map(|(currency, balance)| json!({"currency": currency, "balance": balance})).collect();
    let data = json!({
        "merchants": [{"merchantId": merchant, "apiKey": "demo-api-key", "bearerToken": "demo-bearer-token", "wallets": wallets}],
        "products": [{"sku": "CARD", "name": "card", "currency": "USD", "isActive": true,
                      "prices": [{"price": price, "fromQuantity": 1, "toQuantity": null}]}],
        "stock": [{"sku": "CARD", "codes": 1_000_000}],
    });
    Data::parse(&data.to_string()).unwrap()
}
