//! The components of an OpenAPI 3.1 document: the request models and the error bodies of both APIs.

use super::super::Body;
use super::COMMAND;
use super::endpoints::{self, Api};
use super::json::{Json, object, text, texts};
use super::schema::Models;
use crate::Code;

/// The components as a document.
pub(super) fn components() -> String {
    let mut models = Models::new(PREFIX);
    for body in Body::ALL {
        models.root(body);
    }
    let mut schemas = models.finish();
    let errors = [
        ("BulkOrderError", bulk_order_error()),
        ("BulkOrderViolation", bulk_order_violation()),
        ("OrderNetworkError", order_network_error()),
        ("OrderNetworkViolation", order_network_violation()),
    ];
    schemas.extend(errors.map(|(name, schema)| (name.to_owned(), schema)));
    object([("components", object([("schemas", Json::Object(schemas))])), ("x-written-by", text(COMMAND))]).document()
}

const PREFIX: &str = "#/components/schemas/";

/// The flat body of the bulk order API.
fn bulk_order_error() -> Json {
    let optional = [
        ("transactionId", described("string", "the order that is in the way")),
        ("clientOrderNumber", described("string", "the number that it has")),
        ("required", described("string", "what the order costs")),
        ("available", described("string", "what the wallet holds")),
        ("currency", described("string", "the currency of both")),
    ];
    model(
        "error body of the bulk order API",
        [
            ("requestId", described("string", "as in the log")),
            ("error", codes(endpoints::whole_codes(Api::Bulk))),
            ("message", described("string", "the same for people")),
            ("details", list("BulkOrderViolation")),
        ],
        optional,
    )
}

fn bulk_order_violation() -> Json {
    model(
        "one place in the body and the rule that it breaks",
        [
            ("error", codes(endpoints::place_codes(Api::Bulk))),
            ("message", described("string", "the rule and the value, for people")),
            ("pointer", described("string", "RFC 6901, from the root of the body")),
        ],
        [("value", attempted(false))],
    )
}

/// What was sent at the place of a violation.
fn attempted(null_for_nothing: bool) -> Json {
    let rule = "what was sent, a string cut short, a number of more than 15 digits, six behind the point, or with an exponent as its text";
    let nothing = if null_for_nothing { "; null when nothing was" } else { "" };
    let types = ["string", "number", "boolean", "null"].map(|kind| object([("type", text(kind))]));
    object([("anyOf", Json::List(types.into())), ("description", text(format!("{rule}{nothing}")))])
}

fn order_network_error() -> Json {
    model(
        "error body of the order network API, and of one entry of a bulk",
        [
            ("requestId", described("string", "as in the log")),
            ("code", codes(endpoints::whole_codes(Api::Network))),
            ("message", described("string", "the same for people")),
            ("errors", list("OrderNetworkViolation")),
        ],
        [("orderId", described("string", "the order that is in the way"))],
    )
}

fn order_network_violation() -> Json {
    model(
        "one place in the body and the rule that it breaks; also a warning beside a success",
        [
            ("errorCode", codes(endpoints::place_codes(Api::Network))),
            ("errorMessage", described("string", "the rule and the value, for people")),
            ("propertyName", described("string", "the last member of the pointer in PascalCase")),
            ("attemptedValue", attempted(true)),
            ("pointer", described("string", "RFC 6901, from the root of the body")),
        ],
        [],
    )
}

/// An object with members that always stand and members that may.
fn model<const R: usize, const O: usize>(
    description: &str,
    required: [(&str, Json); R],
    optional: [(&str, Json); O],
) -> Json {
    let names = texts(required.iter().map(|(name, _)| *name));
    let members = required.into_iter().chain(optional).map(|(name, schema)| (name.to_owned(), schema));
    object([
        ("type", text("object")),
        ("description", text(description)),
        ("properties", Json::Object(members.collect())),
        ("required", names),
    ])
}

fn described(kind: &str, description: &str) -> Json {
    object([("type", text(kind)), ("description", text(description))])
}

fn codes(codes: impl Iterator<Item = Code>) -> Json {
    object([("type", text("string")), ("enum", texts(codes.map(Code::as_str)))])
}

fn list(model: &str) -> Json {
    object([("type", text("array")), ("items", object([("$ref", text(format!("{PREFIX}{model}")))]))])
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::components;
    use crate::Code;
    use crate::network::problem::{Problem, Violation};

    fn names(value: &Value) -> Vec<&String> {
        value.as_object().unwrap().keys().collect()
    }

    #[test]
    fn the_error_body_of_the_order_network_has_the_members_that_the_schema_names() {
        let components: Value = serde_json::from_str(&components()).unwrap();
        let schemas = &components["components"]["schemas"];
        let violation = Violation::new(Code::TooShort, "/safeId".to_owned(), String::new(), None);
        let mut problem = serde_json::to_value(Problem {
            request_id: String::new(),
            code: Code::ValidationFailed,
            message: String::new(),
            errors: vec![violation],
        })
        .unwrap();
        assert_eq!(names(&problem["errors"][0]), names(&schemas["OrderNetworkViolation"]["properties"]));
        // The functions add it where an order is in the way.
        problem["orderId"] = Value::Null;
        let mut members = names(&problem);
        members.sort();
        let mut described = names(&schemas["OrderNetworkError"]["properties"]);
        described.sort();
        assert_eq!(members, described);
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        let text = components();
        let document: Value = serde_json::from_str(&text).unwrap();
        let references = text.split("\"$ref\": \"#").skip(1).filter_map(|rest| rest.split('"').next());
        let mut count = 0;
        for reference in references {
            assert!(document.pointer(reference).is_some(), "{reference}");
            count += 1;
        }
        assert!(count >= 20, "{count}");
    }
}
