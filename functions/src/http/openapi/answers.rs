//! Descriptions of answers.

use std::borrow::Cow;

use axum::Json;
use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema, json_schema};
use serde_json::json;
use shared::order_network::problem::Violation;
use shared::order_network::response::Order;

use super::super::answer::{Accepted, Created, CreatedOnce, Deleted, Envelope, Shown, Versioned};
use super::super::batch::BatchAnswer;
use super::super::paging::Page;
use super::{AnswerType, Answers, Operation};
use crate::refusal::NetworkBody;

fn answer<T: JsonSchema>(operation: &mut Operation, status: u16, headers: &'static [&'static str]) {
    operation.answers.push(AnswerType { status, headers, schema: Some(SchemaGenerator::subschema_for::<T>) });
}

impl<T: JsonSchema> Answers for Json<T> {
    fn describe(operation: &mut Operation) {
        answer::<T>(operation, 200, &[]);
    }
}

impl<B: JsonSchema> Answers for Versioned<B> {
    fn describe(operation: &mut Operation) {
        answer::<B>(operation, 200, &["ETag"]);
    }
}

impl<B: JsonSchema> Answers for Created<B> {
    fn describe(operation: &mut Operation) {
        answer::<B>(operation, 201, &["ETag", "Location"]);
    }
}

impl<B: JsonSchema> Answers for CreatedOnce<B> {
    fn describe(operation: &mut Operation) {
        answer::<B>(operation, 201, &["ETag", "Location"]);
        answer::<B>(operation, 200, &["ETag"]);
    }
}

impl<B: JsonSchema> Answers for Accepted<B> {
    fn describe(operation: &mut Operation) {
        answer::<B>(operation, 202, &["Location"]);
    }
}

impl Answers for Deleted {
    fn describe(operation: &mut Operation) {
        operation.answers.push(AnswerType { status: 204, headers: &[], schema: None });
    }
}

impl<T: Shown + JsonSchema> Answers for Page<T> {
    fn describe(operation: &mut Operation) {
        answer::<Self>(operation, 200, &[]);
    }
}

impl Answers for BatchAnswer {
    fn describe(operation: &mut Operation) {
        answer::<Self>(operation, 200, &[]);
    }
}

/// The schema of warnings.
fn warnings(generator: &mut SchemaGenerator) -> Schema {
    let violation = generator.subschema_for::<Violation>();
    json_schema!({
        "type": "array", "items": violation,
        "description": "What was odd about the request; absent where nothing was.",
    })
}

impl<T: Shown + JsonSchema> JsonSchema for Envelope<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}Answer", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (shown, warnings) = (generator.subschema_for::<T>(), warnings(generator));
        json_schema!({
            "type": "object", "properties": { T::NAME: shown, "warnings": warnings }, "required": [T::NAME],
        })
    }
}

impl<T: Shown + JsonSchema> JsonSchema for Page<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}Page", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (row, warnings) = (generator.subschema_for::<T>(), warnings(generator));
        json_schema!({
            "type": "object",
            "properties": {
                T::PLURAL: { "type": "array", "items": row },
                "page": { "type": ["integer", "null"], "description": "The number of the page; null behind a cursor." },
                "pageSize": { "type": "integer" },
                "nextCursor": {
                    "type": ["string", "null"],
                    "description": "The `cursor` that goes on behind this page; null at the end of the list.",
                },
                "warnings": warnings,
            },
            "required": [T::PLURAL, "page", "pageSize", "nextCursor"],
        })
    }
}

impl JsonSchema for BatchAnswer {
    fn schema_name() -> Cow<'static, str> {
        "BatchAnswer".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (whole, error) = (generator.subschema_for::<Envelope<Order>>(), generator.subschema_for::<NetworkBody>());
        let short = generator.subschema_for::<Envelope<shared::order_network::response::OrderSummary>>();
        let warnings = warnings(generator);
        json_schema!({
            "type": "object",
            "properties": {
                "bulk": {
                    "type": "array",
                    "description": "One entry for each order, in the order of the request.",
                    "items": {
                        "type": "object",
                        "properties": {
                            "status": { "type": "integer", "description": "The status of the single call." },
                            "response": json!({
                                "anyOf": [whole, short, error],
                                "description": "The body of the single call; of an order that does not fit into the answer, its summary.",
                            }),
                        },
                        "required": ["status", "response"],
                    },
                },
                "warnings": warnings,
            },
            "required": ["bulk"],
        })
    }
}
