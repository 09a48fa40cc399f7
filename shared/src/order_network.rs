//! The order network API (`/order/v1`): its wire types.
//!
//! [`request`] is what a client sends and what is stored; [`response`] is what it reads back; [`event`] is what its
//! webhooks are told; [`audit`] is the log of its changes; [`patch`] is how an order is updated; [`refund`] is what of it can
//! be paid back; [`note`] is what people write beside it; [`inbound`] and [`transform`] make orders of other systems' JSON.

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
