//! The validation of `shared` for JavaScript: a browser, an edge function or Node checks a body with the very code that
//! the Lambda functions run.
//!
//! The exports here are for `package/core.js`, which is what people call. Bytes go in, not a string: what is validated is
//! then exactly what is sent.
//!
//! Without the standard library, because its panics bring formatting along, which is larger than all the rules. Nothing
//! here panics on any input; if something ever did, the module traps, and `core.js` takes a fresh instance.

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

/// The verdict on a body, as a [`record`]. `body` is the place in [`Body::ALL`]; there is no other.
#[wasm_bindgen]
#[must_use]
pub fn validate(body: usize, bytes: &[u8]) -> Vec<u8> {
    let body = Body::ALL.get(body).copied().unwrap_or(Body::Orders);
    record::record(&validation::validate(body, bytes))
}

/// The verdict on a body of so many bytes, which are more than [`body_bytes_max`]: they need not be copied to be refused.
#[wasm_bindgen(js_name = refuseLength)]
#[must_use]
pub fn refuse_length(bytes: usize) -> Vec<u8> {
    record::record(&validation::refuse_length(bytes))
}

/// How long a body may be.
#[wasm_bindgen(js_name = bodyBytesMax)]
#[must_use]
pub fn body_bytes_max() -> usize {
    shared::limits::BODY_BYTES_MAX
}

/// The version of the rules; equal to that of the server when both decide alike.
#[wasm_bindgen(js_name = rulesVersion)]
#[must_use]
pub fn rules_version() -> String {
    validation::rules_version().into()
}
