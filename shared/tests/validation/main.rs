//! The validation's public API: vectors, properties over random bodies, and the bounds of its answers.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that finds nothing where something should be fails"
)]

mod bounds;
mod laws;
mod mutate;
mod readable;
mod vector_test;
mod vectors;
