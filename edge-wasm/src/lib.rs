//! Ordermill.
