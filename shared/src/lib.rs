//! The domain of Ordermill: rules, money, the order life cycle and the wire types of both APIs.
//!
//! Pure: no I/O, no clock, no randomness. Time, ids and random bytes are arguments, so the same code decides in a
//! Lambda function, in a browser and in a test.

//!
//! Without the default feature `domain`, only [`validation`] and its dependencies remain. That part uses only `core`
//! and `alloc`; the WebAssembly module is built from it.

#![cfg_attr(not(feature = "domain"), no_std)]

extern crate alloc;

#[cfg(feature = "domain")]
pub mod body;
#[cfg(feature = "domain")]
pub mod bulk_api;
pub mod card;
pub mod catalogue;
#[cfg(feature = "domain")]
pub mod ids;
#[cfg(feature = "domain")]
pub mod keyword;
pub mod limits;
#[cfg(feature = "domain")]
pub mod money;
mod number;
#[cfg(feature = "domain")]
pub mod order;
#[cfg(feature = "domain")]
pub mod order_network;
#[cfg(feature = "openapi")]
mod schema;
#[cfg(feature = "domain")]
pub mod time;
pub mod validation;
#[cfg(feature = "domain")]
pub mod vendor;
#[cfg(feature = "domain")]
pub mod webhook;

pub use catalogue::Code;
