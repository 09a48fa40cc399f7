//! The pipeline under faults.

// So that clippy knows the helpers for tests, which may panic.
#![cfg(test)]

mod random;
