//! Every body that passes the validation can be read into the wire types, and its canonical form round-trips. A valid
//! body that cannot be read would be a server error to the client.

use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::bulk_api::CreateBulkOrder;
use shared::order_network::request::CreateOrder;
use shared::validation::{Body, validate};

use crate::{mutate, vectors};

fn read<T: DeserializeOwned>(bytes: &[u8]) -> T {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|error| unreadable(&format!("{error}: {}", String::from_utf8_lossy(bytes))))
}

#[expect(clippy::panic, reason = "this failure is what the test looks for")]
fn unreadable<T>(reason: &str) -> T {
    panic!("{reason}")
}

fn canonical(order: &impl Serialize) -> String {
    serde_json::to_string(order).expect("an order has a canonical form")
}

/// Returns how many orders of the body were valid; all of these were read.
fn check(body: Body, bytes: &[u8]) -> usize {
    let verdict = validate(body, bytes);
    let valid: Vec<_> = verdict.orders().filter(|order| order.is_valid()).collect();
    for order in &valid {
        let bytes = &bytes[order.span()];
        match body {
            Body::BulkOrder => drop(read::<CreateBulkOrder>(bytes)),
            // No endpoint reads it yet.
            Body::InstantOrder => {}
            Body::Order | Body::Orders => {
                let text = canonical(&read::<CreateOrder>(bytes));
                assert_eq!(canonical(&read::<CreateOrder>(text.as_bytes())), text);
            }
        }
    }
    valid.len()
}

#[test]
fn every_valid_vector_can_be_read() {
    let valid: usize = vectors::all().iter().map(|case| check(case.body, &case.bytes)).sum();
    assert!(valid > 300, "{valid}");
}

#[test]
fn every_valid_mutation_can_be_read() {
    let mut random = mutate::Random::new(0x5eed);
    let seeds = [(Body::BulkOrder, vectors::SEED_BULK_ORDER), (Body::Orders, vectors::SEED_ORDERS)];
    let mutations = (0..6_000).map(|index| seeds[index % 2]);
    let valid: usize = mutations.map(|(body, seed)| check(body, &mutate::mutate(seed.as_bytes(), &mut random))).sum();
    assert!(valid > 300, "{valid}");
}

/// All forms of absence from the source's examples, in every optional member at once.
#[test]
fn null_and_empty_members_are_read_as_absent() {
    for empty in ["null", "\"\""] {
        let text = format!(
            r#"{{"shippingAddress":{{"line1":"a","city":"b","countryCode":"US","line2":{empty},"location":{{"longitude":"x"}}}},
                "items":[{{"sku":"a","quantity":1,"images":{empty},"options":{empty},"customerPrice":{empty},"isSample":{empty},
                "meta":{empty},"clientAttributes":{{"a":null}}}}],
                "billingAddress":{empty},"client":{empty},"meta":{empty},"currencyCode":{empty},"isTest":{empty},
                "customerTotal":{empty},"customerPaymentMethods":{empty},"reprint":{empty},"externalId":{empty}}}"#
        );
        assert_eq!(check(Body::Order, text.as_bytes()), 1, "{empty}");
    }
}
