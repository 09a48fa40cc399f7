//! Times the validator and its peers natively: `edge-bench <folder of bodies> <schema>`.
//!
//! Prints one JSON object per line: `{"name":"native_validator_us","value":123.4}`. `edge-wasm/bench/README.md`
//! explains what is measured and why.

mod measure;

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use measure::{Candidate, candidate, fastest_us};
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use shared::validation::{Body, Verdict, Violation, validate};

/// Rounds per candidate, with two runs each; the fastest run counts.
const ROUNDS: usize = 300;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(folder), Some(schema), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: edge-bench <folder of bodies> <schema>".into());
    };
    let bodies = Bodies::read(&folder)?;
    let schema = compile(&schema)?;
    agree(&schema, &bodies)?;

    let mut out = io::stdout().lock();
    let mut say = |name: &str, value: f64| writeln!(out, "{}", json!({ "name": name, "value": value }));
    let times = compare(&schema, &bodies);
    for (name, fastest) in &times {
        say(name, *fastest)?;
    }
    let us = |name: &str| times.iter().find(|(known, _)| *known == name).map_or(f64::NAN, |(_, fastest)| *fastest);
    let validator = us("native_validator_us");
    say("native_jsonschema_over_validator", us("native_jsonschema_us") / validator)?;
    say("native_errors_500_over_none", us("native_validator_errors_500_us") / validator)?;
    say("native_linear_500_over_100_orders", linear(&bodies))?;
    Ok(())
}

/// The bodies written by `bodies.mjs`, so that every candidate in every language reads the same bytes.
struct Bodies {
    orders_10: Vec<u8>,
    orders_100: Vec<u8>,
    orders_500: Vec<u8>,
    errors_500: Vec<u8>,
    pretty: Vec<u8>,
}

impl Bodies {
    fn read(folder: &Path) -> io::Result<Self> {
        let read = |name: &str| fs::read(folder.join(name));
        Ok(Self {
            orders_10: read("orders-10.json")?,
            orders_100: read("orders-100.json")?,
            orders_500: read("orders-500.json")?,
            errors_500: read("orders-100-errors-500.json")?,
            pretty: read("orders-100-pretty.json")?,
        })
    }
}

/// The schema for the peer, with its default settings: both of its pattern engines take the same time here.
fn compile(path: &Path) -> Result<Validator, Box<dyn Error>> {
    let schema: Value = serde_json::from_slice(&fs::read(path)?)?;
    Ok(jsonschema::validator_for(&schema)?)
}

/// Whether peer and validator agree on the timed bodies.
fn agree(schema: &Validator, bodies: &Bodies) -> Result<(), Box<dyn Error>> {
    for body in [&bodies.orders_10, &bodies.orders_100, &bodies.orders_500, &bodies.pretty] {
        let verdict = validate(Body::Orders, body);
        let of_schema = jsonschema_errors(schema, body);
        if !verdict.is_valid() || of_schema != Some(0) {
            return Err(format!("a valid body is rejected: {}, {of_schema:?} of the schema", verdict.to_json()).into());
        }
    }
    let violations = violations(&validate(Body::Orders, &bodies.errors_500));
    let of_schema = jsonschema_errors(schema, &bodies.errors_500).unwrap_or_default();
    if violations != 500 || of_schema < violations {
        return Err(format!("500 violations are {violations} here and {of_schema} of the schema").into());
    }
    Ok(())
}

fn violations(verdict: &Verdict<'_>) -> usize {
    verdict.orders().map(|order| order.violations().len()).sum()
}

/// The verdict with all its texts, which are created on demand. Never inlined, so that each candidate runs the same
/// code.
#[inline(never)]
fn validator_texts(body: &[u8]) -> usize {
    let verdict = validate(Body::Orders, body);
    let of_orders = verdict.orders().flat_map(|order| order.violations().chain(order.warnings()));
    verdict.violations().chain(of_orders).map(texts).sum()
}

/// The bytes of a violation's texts.
fn texts(violation: Violation<'_>) -> usize {
    let limit = violation.limit().unwrap_or_default();
    violation.pointer().len() + violation.message().len() + limit.len() + violation.value().unwrap_or_default().len()
}

/// The verdict as response JSON.
#[inline(never)]
fn validator_json(body: &[u8]) -> usize {
    validate(Body::Orders, body).to_json().len()
}

/// The work of a server that validates with a schema: parses the body, then collects the errors.
fn jsonschema_errors(schema: &Validator, body: &[u8]) -> Option<usize> {
    let value: Value = serde_json::from_slice(body).ok()?;
    Some(schema.iter_errors(&value).count())
}

/// All candidates in turn.
fn compare<'a>(schema: &'a Validator, bodies: &'a Bodies) -> Vec<(&'static str, f64)> {
    let orders = &bodies.orders_100;
    let validator = |body: &'a [u8]| move || validator_texts(body);
    let candidates: Vec<Candidate<'a>> = vec![
        candidate("native_validator_us", validator(orders)),
        candidate("native_validator_10_us", validator(&bodies.orders_10)),
        candidate("native_validator_pretty_us", validator(&bodies.pretty)),
        candidate("native_validator_errors_500_us", validator(&bodies.errors_500)),
        candidate("native_validator_to_json_us", || validator_json(orders)),
        candidate("native_validator_errors_500_to_json_us", || validator_json(&bodies.errors_500)),
        candidate("native_serde_json_ignored_us", || usize::from(serde_json::from_slice::<IgnoredAny>(orders).is_ok())),
        candidate("native_serde_json_value_us", || usize::from(serde_json::from_slice::<Value>(orders).is_ok())),
        candidate("native_jsonschema_us", || jsonschema_errors(schema, orders).unwrap_or_default()),
        candidate("native_jsonschema_errors_500_us", || {
            jsonschema_errors(schema, &bodies.errors_500).unwrap_or_default()
        }),
    ];
    fastest_us(candidates, ROUNDS)
}

/// 500 orders over 100 orders; measured alone, because the large body evicts the others from the caches.
fn linear(bodies: &Bodies) -> f64 {
    let candidates = vec![
        candidate("100", || validator_texts(&bodies.orders_100)),
        candidate("500", || validator_texts(&bodies.orders_500)),
    ];
    match fastest_us(candidates, ROUNDS).as_slice() {
        [(_, hundred), (_, five_hundred)] => five_hundred / hundred,
        _ => f64::NAN,
    }
}
