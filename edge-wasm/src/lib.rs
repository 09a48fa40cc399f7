//! The validation of `shared` for JavaScript: a browser, an edge function or Node checks a body with the very code that
//! the Lambda functions run.
//!
//! Each function takes the bytes of a body (a `Uint8Array`) and answers the verdict as JSON text, byte for byte what
//! [`Verdict::to_json`](shared::validation::Verdict::to_json) gives natively. Bytes, not a string: what is validated is
//! then exactly what is sent.

use shared::validation::{Body, validate};
use wasm_bindgen::prelude::wasm_bindgen;

/// The verdict on a body of `POST /v2/orders`.
#[wasm_bindgen(js_name = validateBulkOrder)]
#[must_use]
pub fn validate_bulk_order(bytes: &[u8]) -> String {
    validate(Body::BulkOrder, bytes).to_json()
}

/// The verdict on a body of `POST /order/v1/orders`.
#[wasm_bindgen(js_name = validateOrder)]
#[must_use]
pub fn validate_order(bytes: &[u8]) -> String {
    validate(Body::Order, bytes).to_json()
}

/// The verdict on a body of `POST /order/v1/orders/bulk`.
#[wasm_bindgen(js_name = validateOrders)]
#[must_use]
pub fn validate_orders(bytes: &[u8]) -> String {
    validate(Body::Orders, bytes).to_json()
}

/// The version of the rules; equal to that of the server when both decide alike.
#[wasm_bindgen(js_name = rulesVersion)]
#[must_use]
pub fn rules_version() -> String {
    shared::validation::rules_version()
}
