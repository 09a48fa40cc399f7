//! Ordermill on one machine.
fn main() {}
