//! Writes the verdicts of the native code as JSONL, for comparison with the WebAssembly module
//! (`edge-wasm/tests/parity.mjs`): the seeds, all vectors and seeded mutations of the seeds.
//!
//! `cargo run -p shared --example verdicts > verdicts.jsonl`

use std::io::{self, BufWriter, Write};

use shared::validation::{Body, validate};

#[path = "../tests/validation/mutate.rs"]
mod mutate;
#[path = "../tests/validation/vectors.rs"]
mod vectors;

/// Mutations of each kind of body together.
const MUTATIONS: usize = 2_000;
/// Any fixed number; another gives other mutations.
const SEED: u64 = 0x0bde_4311;

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for case in vectors::all() {
        write_line(&mut out, case.body, &case.bytes)?;
    }
    let order = first_order();
    let mut random = mutate::Random::new(SEED);
    for index in 0..MUTATIONS {
        let (body, seed) = match index % 4 {
            0 => (Body::BulkOrder, vectors::SEED_BULK_ORDER),
            1 | 2 => (Body::Order, order),
            _ => (Body::Orders, vectors::SEED_ORDERS),
        };
        write_line(&mut out, body, &mutate::mutate(seed.as_bytes(), &mut random))?;
    }
    out.flush()
}

/// The text of the first order of the seed.
fn first_order() -> &'static str {
    let verdict = validate(Body::Orders, vectors::SEED_ORDERS.as_bytes());
    verdict.orders.first().and_then(|order| vectors::SEED_ORDERS.get(order.span.clone())).unwrap_or_default()
}

fn write_line(out: &mut impl Write, body: Body, bytes: &[u8]) -> io::Result<()> {
    let name = match body {
        Body::BulkOrder => "bulk_order",
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
