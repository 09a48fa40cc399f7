//! The OpenAPI document, and what else is written from the rows of the routes.

mod document;
mod errors;
mod examples;
mod pages;
mod service;

pub use document::document;
pub use examples::{Example, Examples};
pub use pages::{routes_page, template_events};
