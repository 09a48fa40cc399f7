//! Conversations: complete requests and answers of every endpoint, in readable files (`local/tests/conversations/`, see
//! the README there for the format).
//!
//! `INSTA_UPDATE=always` rewrites the answers, as it does for snapshots; the requests are written by hand.

mod coverage;
mod file;
mod names;
pub(crate) mod run;

use std::path::PathBuf;

use futures_util::StreamExt;
use local::conversations::parse;
use local::demo::Data;
use serde_json::{Value, json};

use self::run::Talk;
use crate::receiver::Receiver;
use crate::support::Stack;

/// Concurrent conversations.
const CONCURRENCY: usize = 8;

#[tokio::test]
async fn every_conversation_matches_its_file() {
    let (files, receiver) = (local::conversations::files().unwrap(), Receiver::start().await);
    let stack = stack(files.len()).await;
    let talk = |(number, (path, text)): (usize, &(PathBuf, String))| {
        let (stack, receiver, path, text) = (&stack, &receiver, path.clone(), text.clone());
        async move {
            let talk = Talk::new(stack, &receiver.url, number + 1);
            (path, talk.held(&parse(&text).unwrap()).await, text)
        }
    };
    let talks = futures_util::stream::iter(files.iter().enumerate().map(talk)).buffer_unordered(CONCURRENCY);
    let held: Vec<(PathBuf, String, String)> = talks.collect().await;
    let is_renewed = std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always");
    let mut differences = Vec::new();
    for (path, held, written) in held.into_iter().filter(|(_, held, written)| held != written) {
        if is_renewed {
            std::fs::write(&path, held).unwrap();
        } else {
            differences.push(format!("{}:\n{}", path.display(), difference(&written, &held)));
        }
    }
    assert!(differences.is_empty(), "INSTA_UPDATE=always rewrites the answers\n{}", differences.join("\n"));
}

/// A stack in which each conversation is held by a merchant of its own.
pub(crate) async fn stack(conversations: usize) -> Stack {
    Stack::with(data(conversations), &[("VendorStepSeconds", "0"), ("AllowLoopbackWebhooks", "true")]).await
}

/// The lines around the first difference.
fn difference(written: &str, held: &str) -> String {
    let same = written.lines().zip(held.lines()).take_while(|(written, held)| written == held).count();
    let around = |text: &str, sign: char| {
        text.lines().skip(same).take(12).map(|line| format!("{sign} {line}\n")).collect::<String>()
    };
    format!("line {}\n{}{}", same + 1, around(written, '-'), around(held, '+'))
}

/// A merchant for each conversation, so that they do not see each other's orders, and number 0 for foreign resources.
fn data(conversations: usize) -> Data {
    let merchant = |number: usize| {
        json!({
            "merchantId": run::merchant_id(number), "apiKey": format!("key-{number}"), "bearerToken": format!("token-{number}"),
            "wallets": [{"currency": "USD", "balance": 1000}, {"currency": "EUR", "balance": 5}],
            "vendors": [
                {"id": "hand", "name": "By hand", "port": "manual", "skuPrefixes": ["HAND-"]},
                {"id": "knit", "name": "The knitter", "port": "manual", "skuPrefixes": ["KNIT-"]},
            ],
            "vendorTokens": [
                {"vendorId": "hand", "bearerToken": format!("hand-{number}")},
                {"vendorId": "knit", "bearerToken": format!("knit-{number}")},
            ],
        })
    };
    let product = |sku: &str, currency: &str, price: Value, from: u32, is_active: bool| {
        json!({"sku": sku, "name": sku, "currency": currency, "isActive": is_active,
               "prices": [{"price": price, "fromQuantity": from, "toQuantity": null}]})
    };
    let products = [
        product("CARD", "USD", json!("9.70"), 1, true),
        product("EURO-CARD", "EUR", json!("9.20"), 1, true),
        product("YEN-CARD", "JPY", json!("930"), 1, true),
        product("OLD-CARD", "USD", json!("1"), 1, false),
        product("BOX", "USD", json!("1"), 10, true),
        product("PALACE", "USD", json!("999999999"), 1, true),
    ];
    let merchants: Vec<Value> = (0..=conversations).map(merchant).collect();
    let stock: Vec<Value> = ["CARD", "EURO-CARD"].map(|sku| json!({"sku": sku, "codes": 1_000_000})).into();
    Data::parse(&json!({"merchants": merchants, "products": products, "stock": stock}).to_string()).unwrap()
}
