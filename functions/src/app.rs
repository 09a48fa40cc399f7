//! The use cases: what a request does, without HTTP.

pub(crate) mod change;
pub(crate) mod create_bulk_order;
pub(crate) mod create_orders;
pub(crate) mod entity;
pub(crate) mod inbound;
pub(crate) mod manage_order;
pub(crate) mod notes;
pub(crate) mod precondition;
pub(crate) mod search_orders;
pub(crate) mod webhooks;
