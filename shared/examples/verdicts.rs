//! Writes the native verdicts as JSONL, to compare them with the WebAssembly module
//! (`edge-wasm/tests/parity.test.mjs`): the seeds, all vectors, seeded mutations of the seeds and near misses of string
//! formats.
//!
//! `cargo run -p shared --example verdicts > verdicts.jsonl`

use std::io::{self, BufWriter, Write};

use shared::validation::{Body, validate};

#[path = "../tests/validation/forms.rs"]
mod forms;
#[path = "../tests/validation/mutate.rs"]
mod mutate;
#[path = "../tests/validation/vectors.rs"]
mod vectors;

/// Mutations over all kinds of bodies.
const MUTATIONS: usize = 21_000;
/// Near misses over all string formats.
const NEAR_MISSES: usize = 3_000;
/// Any fixed number; another one gives other mutations.
const SEED: u64 = 0x0bde_4311;

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for case in vectors::all() {
        write_line(&mut out, case.body, &case.bytes)?;
    }
    let order = first_order();
    let (order_short, orders_short) = (without_space(order), without_space(vectors::SEED_ORDERS));
    let instant_order = r#"{"clientOrderNumber":"1234","enableClientOrderNumberDupCheck":true,"sku":"8PX-UF-Y5U"}"#;
    let mut random = mutate::Random::new(SEED);
    for index in 0..MUTATIONS {
        let (body, seed) = match index % 16 {
            0 | 8 => (Body::BulkOrder, vectors::SEED_BULK_ORDER),
            1 => (Body::InstantOrder, instant_order),
            2 => (Body::Order, order),
            3 => (Body::Orders, vectors::SEED_ORDERS),
            4..=9 => (Body::Order, &*order_short),
            _ => (Body::Orders, &*orders_short),
        };
        write_line(&mut out, body, &mutate::mutate(seed.as_bytes(), &mut random))?;
    }
    for index in 0..NEAR_MISSES {
        write_line(&mut out, Body::Order, forms::body(index, &mut random).as_bytes())?;
    }
    out.flush()
}

/// The text of the first order of the seed.
fn first_order() -> &'static str {
    let verdict = validate(Body::Orders, vectors::SEED_ORDERS.as_bytes());
    verdict.order(0).and_then(|order| vectors::SEED_ORDERS.get(order.span())).unwrap_or_default()
}

/// The same JSON without white space between tokens, as programs send it.
fn without_space(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for character in json.chars() {
        if in_string || !character.is_ascii_whitespace() {
            text.push(character);
        }
        in_string ^= character == '"' && !escaped;
        escaped = in_string && character == '\\' && !escaped;
    }
    text
}

fn write_line(out: &mut impl Write, body: Body, bytes: &[u8]) -> io::Result<()> {
    let name = match body {
        Body::BulkOrder => "bulk_order",
        Body::InstantOrder => "instant_order",
        Body::Order => "order",
        Body::Orders => "orders",
    };
    let verdict = serde_json::to_string(&validate(body, bytes).to_json())?;
    writeln!(out, r#"{{"body":"{name}","bytes":"{}","verdict":{verdict}}}"#, base64(bytes))
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, index| bits << 8 | usize::from(chunk.get(index).copied().unwrap_or_default()));
        for index in 0..4 {
            let symbol = ALPHABET.get(bits >> (18 - 6 * index) & 63).copied().map_or('=', char::from);
            text.push(if index > chunk.len() { '=' } else { symbol });
        }
    }
    text
}
