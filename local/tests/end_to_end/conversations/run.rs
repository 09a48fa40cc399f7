//! Runs a conversation: sends its requests in order and records the answers.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use functions::store::keys::Key;
use serde_json::{Value, json};
use shared::ids::{MerchantId, OrderId};

use super::coverage::codes_of;
use super::file::pretty;
use super::names::Names;
use crate::support::{HttpClient, Reply, Stack};
use crate::webhooks::now_ms;
use local::conversations::Exchange;

pub(crate) fn merchant_id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// Answer headers worth recording.
const SHOWN: [&str; 12] = [
    "etag",
    "location",
    "allow",
    "retry-after",
    "www-authenticate",
    "idempotency-replayed",
    "content-type",
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
];

/// A request to send.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) async fn send(&self, client: &HttpClient) -> Reply {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        client.send(&self.method, &self.path, &headers, self.body.clone()).await
    }
}

/// One conversation of one merchant.
pub(crate) struct Talk<'s> {
    stack: &'s Stack,
    merchant: usize,
    names: Names,
}

impl<'s> Talk<'s> {
    pub(crate) fn new(stack: &'s Stack, receiver: &str, merchant: usize) -> Self {
        let fixed = [
            ("merchant", merchant_id(merchant)),
            ("other merchant", merchant_id(0)),
            ("receiver", receiver.to_owned()),
        ];
        let fixed = fixed.map(|(name, value)| (name.to_owned(), value)).into();
        Self { stack, merchant, names: Names::new(fixed) }
    }

    /// The file with the current answers.
    pub(super) async fn held(mut self, (head, exchanges): &(String, Vec<Exchange>)) -> String {
        let mut text = format!("{head}\n");
        for exchange in exchanges {
            text.push_str(&format!("\n{}", exchange.written(&self.answer(exchange).await)));
        }
        text
    }

    /// Sends an exchange as its directives say, and returns the answer in file format.
    pub(crate) async fn answer(&mut self, exchange: &Exchange) -> String {
        for (name, argument) in &exchange.directives {
            self.prepare(name, &self.names.filled(argument)).await;
        }
        let repeated: usize = exchange.directive("repeat").map_or(0, |count| count.parse().unwrap());
        for _ in 0..repeated {
            self.send(exchange).await;
        }
        let wanted = exchange.directive("until").unwrap_or_default();
        for _ in 0..600 {
            let reply = self.send(exchange).await;
            let (before, answer) = (self.names.clone(), self.shown(exchange, &reply));
            if answer.contains(wanted) {
                return if exchange.directive("setup").is_some() { reply.status.to_string() } else { answer };
            }
            self.names = before;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("`{}` does not become `{wanted}`", exchange.title)
    }

    /// The request of an exchange, with values in place of names.
    pub(crate) fn request(&self, exchange: &Exchange) -> Request {
        let number = self.merchant;
        let token = match exchange.directive("as") {
            None => format!("token-{number}"),
            Some("the other merchant") => "token-0".to_owned(),
            Some("nobody") => "nobody".to_owned(),
            Some(vendor) => format!("{vendor}-{number}"),
        };
        let credentials = [
            ("authorization", format!("Bearer {token}")),
            ("x-api-key", format!("key-{}", token.trim_start_matches("token-"))),
        ];
        let mut headers: Vec<(String, String)> = match exchange.directive("as") {
            Some("nobody at all") => Vec::new(),
            _ => credentials.map(|(name, value)| (name.to_owned(), value)).into(),
        };
        if !exchange.headers.iter().any(|(name, _)| name == "content-type") {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        headers.extend(exchange.headers.iter().map(|(name, value)| (name.clone(), self.names.filled(value))));
        let (path, body) = (self.names.filled(&exchange.path), self.body(exchange));
        Request { method: exchange.method.clone(), path, headers, body }
    }

    async fn send(&self, exchange: &Exchange) -> Reply {
        self.request(exchange).send(&self.stack.client).await
    }

    fn body(&self, exchange: &Exchange) -> Vec<u8> {
        let mut body = self.names.filled(&exchange.body);
        if let Some(count) = exchange.directive("times") {
            let entries = vec![body; count.parse().unwrap()].join(",");
            body = format!("{{\"bulk\":[{entries}]}}").replace("<long>", &"x".repeat(2_000));
        }
        let mut bytes = body.into_bytes();
        if let Some(count) = exchange.directive("pad") {
            bytes.resize(bytes.len() + count.parse::<usize>().unwrap(), b' ');
        }
        if let Some(place) = bytes.windows(4).position(|window| window == b"<ff>") {
            bytes.splice(place..place + 4, [0xff]);
        }
        bytes
    }

    /// The answer in file format.
    pub(crate) fn shown(&mut self, exchange: &Exchange, reply: &Reply) -> String {
        let mut body = reply.body.clone();
        self.names.named(&mut body);
        let mut text = format!("{}\n", reply.status);
        let is_usual = |name: &str, value: &str| name == "content-type" && value == "application/json";
        for name in SHOWN {
            let value = reply.header(name);
            if !value.is_empty() && !is_usual(name, value) {
                text.push_str(&format!("{name}: {}\n", self.names.named_text(value)));
            }
        }
        if exchange.directive("codes").is_some() {
            body = json!(codes_of(&body));
        }
        if !body.is_null() {
            text.push_str(&format!("\n{}\n", pretty(&body, 0)));
        }
        text
    }

    /// Sets up states that a client cannot create on its own but a crash or a concurrent request can.
    async fn prepare(&self, directive: &str, argument: &str) {
        let merchant = MerchantId::parse(&merchant_id(self.merchant)).unwrap();
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let number = |number: i64| AttributeValue::N(number.to_string());
        let (client, table) = (self.stack.running.dynamodb(), self.stack.table());
        match directive {
            // The stored order is not in this version's format.
            "damaged" => {
                let key = Key::order(&merchant, &OrderId::parse(argument).unwrap());
                let update = client.update_item().table_name(table).key("pk", text(&key.pk)).key("sk", text(&key.sk));
                let update = update.update_expression("SET line_states = :other");
                update.expression_attribute_values(":other", text("?")).send().await.unwrap();
            }
            // Another request has just claimed an external id, and its order does not exist yet.
            "claimed" => {
                let put =
                    client.put_item().table_name(table).item("pk", text(&format!("{merchant}#external#{argument}")));
                let put = put.item("sk", text("first")).item("order_id", text(&format!("{}000", "b".repeat(21))));
                put.item("entity", text("claim")).item("claimed_at", number(now_ms())).send().await.unwrap();
            }
            // The first request with an idempotency key is still in progress.
            "running" => {
                let record = Key::idempotency(&merchant, None, argument);
                let update = client.update_item().table_name(table).key("pk", text(&record.pk));
                let update = update.key("sk", text(&record.sk)).condition_expression("attribute_exists(pk)");
                let update = update.update_expression("SET lease_until = :until REMOVE answer, answer_parts");
                update.expression_attribute_values(":until", number(now_ms() + 30_000)).send().await.unwrap();
            }
            "as" | "setup" | "codes" | "until" | "times" | "repeat" | "pad" => {}
            other => panic!("@{other} is not known"),
        }
    }
}

#[test]
fn a_value_has_one_name_everywhere() {
    let mut names = Names::new(vec![("merchant".to_owned(), merchant_id(7))]);
    let mut body: Value = json!({
        "id": "0898f154eef04ff51bbbc000", "items": ["0898f154eef04ff51bbbc002"], "at": "2031-01-02T03:04:05.678Z",
        "message": "order 0898f154eef04ff51bbbc000 of 00000000-0000-4000-8000-000000000007 is there",
        "sent": "2024-05-01T00:00:00Z", "requestId": "a", "nested": {"requestId": "b", "other": {"requestId": "a"}},
    });
    names.named(&mut body);
    assert_eq!(
        body,
        json!({
            "id": "<order 1>", "items": ["<order 1 item 2>"], "at": "<time>",
            "message": "order <order 1> of <merchant> is there", "sent": "2024-05-01T00:00:00Z",
            "requestId": "<request 1>", "nested": {"requestId": "<request 2>", "other": {"requestId": "<request 1>"}},
        }),
    );
    assert_eq!(
        names.filled("/<order 1>/items/<order 1 item 2>"),
        "/0898f154eef04ff51bbbc000/items/0898f154eef04ff51bbbc002"
    );
}
