//! The domain of Ordermill: rules, money, the life of an order and the wire types of both APIs.
//!
//! Pure: no I/O, no clock, no randomness. Time, ids and randomness are arguments, so the same code decides in a Lambda
//! function, in a browser and in a test.

//!
//! Without the feature `domain`, which is on by default, only [`validation`] is left and what it needs: that part uses no
//! more than `core` and `alloc`, and is what the WebAssembly module is made of.

#![cfg_attr(not(feature = "domain"), no_std)]

extern crate alloc;

#[cfg(feature = "domain")]
pub mod body;
#[cfg(feature = "domain")]
pub mod bulk;
pub mod card;
pub mod catalogue;
#[cfg(feature = "domain")]
pub mod ids;
pub mod limits;
#[cfg(feature = "domain")]
pub mod money;
#[cfg(feature = "domain")]
pub mod network;
mod number;
#[cfg(feature = "domain")]
pub mod order;
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
