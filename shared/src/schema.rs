//! JSON Schemas of the types that write themselves.

use std::borrow::Cow;

use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema, json_schema};

use crate::Code;
use crate::money::{Currency, Number};
use crate::order_network::problem::Attempted;

macro_rules! schema {
    ($($type:ty, $name:literal => $schema:tt;)+) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )+};
}

schema! {
    Currency, "Currency" => { "type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217." };
    Number, "Amount" => { "type": "number", "description": "An exact decimal: read its digits, not a binary float." };
    Attempted, "AttemptedValue" => {
        "type": ["string", "number", "boolean", "null"],
        "description": "What was sent: a string cut short, a number of more than 15 digits, six behind the point, or with an exponent as its text.",
    };
}

impl JsonSchema for Code {
    fn schema_name() -> Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let codes: Vec<&str> = Self::ALL.iter().map(|code| code.as_str()).collect();
        json_schema!({ "type": "string", "enum": codes, "description": "A stable code of the catalogue of errors." })
    }
}
