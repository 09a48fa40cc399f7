//! The order network API (`/order/v1`): its wire types.
//!
//! [`request`] is what clients send and what is stored; [`response`] is what they read back; [`event`] is the payload
//! of webhooks; [`audit`] is the log of changes; [`patch`] updates orders; [`refund`] computes what can be paid back;
//! [`note`] is about notes; [`inbound`] and [`transform`] make orders from other systems' JSON.

pub mod audit;
pub mod event;
pub mod inbound;
pub mod member;
pub mod merge;
pub mod note;
pub mod patch;
pub mod problem;
pub mod reference_token;
pub mod refund;
pub mod request;
pub mod response;
pub mod shipment;
pub mod transform;
