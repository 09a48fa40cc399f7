//! The starting point of these tests: two merchants, their wallets and vendors, one catalogue.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use local::commands::project;
use local::demo::Data;
use local::simulation::Ground;
use serde_json::{Value, json};

/// A merchant with its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Merchant {
    pub(crate) id: &'static str,
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// The headers of its HTTP vendor.
    pub(crate) vendor_headers: &'static [(&'static str, &'static str)],
}

pub(crate) const MERCHANTS: [Merchant; 2] = [
    Merchant {
        id: "b234ee56-7890-4f12-a123-4567890abcde",
        headers: &[
            ("authorization", "Bearer token-of-the-first"),
            ("x-api-key", "key-of-the-first"),
            ("content-type", "application/json"),
        ],
        vendor_headers: &[
            ("authorization", "Bearer token-of-the-vendor-of-the-first"),
            ("content-type", "application/json"),
        ],
    },
    Merchant {
        id: "c345ff67-8901-4a23-b234-567890abcdef",
        headers: &[
            ("authorization", "Bearer token-of-the-second"),
            ("x-api-key", "key-of-the-second"),
            ("content-type", "application/json"),
        ],
        vendor_headers: &[
            ("authorization", "Bearer token-of-the-vendor-of-the-second"),
            ("content-type", "application/json"),
        ],
    },
];

/// URL of the HTTP vendor and the subscribers.
pub(crate) const VENDOR_HOST: &str = "press.example";
pub(crate) const SUBSCRIBER_HOST: &str = "subscriber.example";
/// Number of cards in stock.
pub(crate) const STOCK_CODES: u64 = 1_000;
/// The initial balance of each wallet in cents, and the price of a card.
pub(crate) const WALLET_CENTS: i64 = 12_000;
pub(crate) const CARD_CENTS: i64 = 250;

fn data() -> Data {
    let secret = |headers: &[(&str, &str)], header: &str| {
        let (_, value) = headers.iter().find(|(name, _)| *name == header).unwrap();
        value.trim_start_matches("Bearer ").to_owned()
    };
    let vendors = json!([
        {"id": "built-in", "name": "Built-in", "port": "simulated", "skuPrefixes": [""]},
        {"id": "press", "name": "Press", "port": "http", "skuPrefixes": ["press-"],
         "endpoint": format!("https://{VENDOR_HOST}/shipments"), "secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="},
    ]);
    let merchants: Vec<Value> = MERCHANTS
        .iter()
        .map(|merchant| {
            json!({
                "merchantId": merchant.id,
                "apiKey": secret(merchant.headers, "x-api-key"),
                "bearerToken": secret(merchant.headers, "authorization"),
                "wallets": [{"currency": "USD", "balance": money(WALLET_CENTS)}],
                "vendors": vendors,
                "vendorTokens": [{"vendorId": "press", "bearerToken": secret(merchant.vendor_headers, "authorization")}],
            })
        })
        .collect();
    let data = json!({
        "merchants": merchants,
        "products": [{"sku": "CARD", "name": "card", "currency": "USD", "isActive": true,
                      "prices": [{"price": money(CARD_CENTS), "fromQuantity": 1, "toQuantity": null}]}],
        "stock": [{"sku": "CARD", "codes": STOCK_CODES}],
    });
    Data::parse(&data.to_string()).unwrap()
}

/// Cents in the API's notation.
fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// The same, with the table in memory.
pub(crate) fn ground_in_memory() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(|| ground().in_memory())
}

/// The starting point, created once for all tests of the process, with the template's own settings.
pub(crate) fn ground() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(|| {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("faults-{}.db", std::process::id()));
        Ground::lay(&project().join("template.yaml"), &BTreeMap::new(), &data(), &file).unwrap()
    })
}
