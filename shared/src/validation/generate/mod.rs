//! What is derived from the rules and committed beside them: JSON Schemas, the catalogue for
//! JavaScript and three pages for people.
//!
//! Pure: [`files`] gives texts, and who calls it writes or compares them. The texts depend on the tables, on the
//! catalogue of codes and, for the examples of the error page, on what the engine answers; so a rule that changes
//! without them fails a test of `local/src/commands/generate.rs`.

mod codes;
mod endpoints;
mod errors;
mod examples;
mod json;
mod pattern;
mod rules;
mod schema;
mod states;
mod words;

pub use json::{Json, object, text, texts};
pub use schema::Models;

use super::Body;
use super::field::Field;
use super::table::Object;

/// The command that writes the files, as they name it.
pub const COMMAND: &str = "cargo mill generate";

/// Whether a code is that of a whole answer, and when an endpoint answers it; none for codes that the body alone tells.
#[must_use]
pub fn when(code: crate::Code) -> Option<(bool, &'static str)> {
    endpoints::answer(code).map(|answer| (answer.whole, answer.when))
}

/// A file that is written by [`COMMAND`] and never by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedFile {
    /// From the root of the project, with `/`.
    pub path: &'static str,
    /// The whole text; ends with a line break.
    pub text: String,
}

/// Every generated file, in a fixed order and the same on every machine.
#[must_use]
pub fn files() -> Vec<GeneratedFile> {
    let file = |path, text| GeneratedFile { path, text };
    let mut files: Vec<_> = Body::ALL.iter().map(|body| file(schema_path(*body), schema::document(*body))).collect();
    files.extend([
        file("shared/generated/ERRORS.md", errors::page()),
        file("shared/generated/RULES.md", rules::page()),
        file("shared/generated/ORDER_STATES.md", states::page()),
        file("edge-wasm/package/codes.d.ts", codes::types()),
        file("edge-wasm/package/catalogue.js", codes::catalogue()),
    ]);
    files
}

const fn schema_path(body: Body) -> &'static str {
    match body {
        Body::BulkOrder => "shared/generated/create-bulk-order.schema.json",
        Body::InstantOrder => "shared/generated/create-instant-order.schema.json",
        Body::Order => "shared/generated/create-order.schema.json",
        Body::Orders => "shared/generated/create-orders.schema.json",
    }
}

const fn request(body: Body) -> &'static str {
    match body {
        Body::BulkOrder => "POST /v2/orders",
        Body::InstantOrder => "POST /v2/orders/instant",
        Body::Order => "POST /order/v1/orders",
        Body::Orders => "POST /order/v1/orders/bulk",
    }
}

/// The members of an object, in the order of its table.
fn fields(object: &'static Object) -> impl Iterator<Item = &'static Field> {
    object.fields.iter()
}
