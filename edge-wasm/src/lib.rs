//! The validation of `shared` for JavaScript: a browser, an edge function or Node checks a body with the same code that
//! the Lambda functions run.
//!
//! The exports here are for `package/core.js`, the public API. The input is bytes rather than a string, so that exactly
//! what is sent is validated.
//!
//! Does not use the standard library, because its panics bring in formatting, which is larger than all the rules.
//! Nothing here panics on any input; if something ever did, the module would trap, and `core.js` would create a new
//! instance.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod record;

use alloc::string::String;
use alloc::vec::Vec;

use shared::validation::{self, Body};
use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn trap(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// The verdict on a body, as a [`record`]. `body` is an index into [`Body::ALL`] and must be in range.
#[wasm_bindgen]
#[must_use]
pub fn validate(body: usize, bytes: &[u8]) -> Vec<u8> {
    let body = Body::ALL.get(body).copied().unwrap_or(Body::Orders);
    record::record(&validation::validate(body, bytes))
}

/// The verdict on a body longer than [`body_bytes_max`], by its length: it need not be copied to be rejected.
#[wasm_bindgen(js_name = refuseLength)]
#[must_use]
pub fn refuse_length(bytes: usize) -> Vec<u8> {
    record::record(&validation::refuse_length(bytes))
}

/// Maximum bytes of a body.
#[wasm_bindgen(js_name = bodyBytesMax)]
#[must_use]
pub fn body_bytes_max() -> usize {
    shared::limits::BODY_BYTES_MAX
}

/// The version of the rules; equal to that of the server if both decide alike.
#[wasm_bindgen(js_name = rulesVersion)]
#[must_use]
pub fn rules_version() -> String {
    validation::rules_version().into()
}
