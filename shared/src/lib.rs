//! The domain of Ordermill: rules, money, the life of an order and the wire types of both APIs.
//!
//! Pure: no I/O, no clock, no randomness. Time, ids and randomness are arguments, so the same code decides in a Lambda
//! function, in a browser and in a test.

pub mod bulk;
pub mod catalogue;
pub mod ids;
pub mod limits;
pub mod money;
pub mod network;
mod number;
pub mod order;
pub mod time;
pub mod validation;

pub use catalogue::Code;
