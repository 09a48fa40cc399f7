//! Answers that are no success.

use std::collections::{BTreeMap, BTreeSet};

use shared::Code;
use shared::validation::generate::{Json, object, text, texts, when};

use functions::openapi::{Access, Operation};

/// The codes of an operation's refusals, by status.
pub(super) fn by_status(operation: &Operation) -> BTreeMap<u16, BTreeSet<Code>> {
    let mut by_status: BTreeMap<u16, BTreeSet<Code>> = BTreeMap::new();
    for code in operation.codes.iter().copied().filter(|code| is_whole(*code)) {
        by_status.entry(code.status()).or_default().insert(code);
    }
    by_status
}

/// Whether a code is that of a whole answer; others only stand at a place in one.
fn is_whole(code: Code) -> bool {
    when(code).is_some_and(|(is_whole, _)| is_whole)
}

/// The response of a status.
pub(super) fn response(status: u16, codes: &BTreeSet<Code>, access: Access) -> Json {
    let is_bulk = access == Access::BulkAccount;
    let (schema, member) = if is_bulk { ("BulkOrderError", "error") } else { ("OrderNetworkError", "code") };
    let said = codes.iter().map(|code| {
        let when = when(*code).map(|(_, when)| when).unwrap_or_default();
        format!("- `{code}`: {when}")
    });
    let codes = object([(member, object([("enum", texts(codes.iter().map(|code| code.as_str())))]))]);
    let reference = object([("$ref", text(format!("#/components/schemas/{schema}")))]);
    let schema = object([("allOf", Json::List(vec![reference, object([("properties", codes)])]))]);
    let headers: &[&str] = match status {
        401 => &["WWW-Authenticate"],
        409 | 503 => &["Retry-After"],
        _ => &[],
    };
    object([("description", text(said.collect::<Vec<_>>().join("\n")))])
        .with_some("headers", (!headers.is_empty()).then(|| header_references(headers)))
        .with("content", object([("application/json", object([("schema", schema)]))]))
}

/// References to the headers of a response.
pub(super) fn header_references(names: &[&str]) -> Json {
    let reference =
        |name: &&str| ((*name).to_owned(), object([("$ref", text(format!("#/components/headers/{name}")))]));
    Json::Object(names.iter().map(reference).collect())
}
