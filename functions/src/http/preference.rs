//! `Prefer: handling=strict` (RFC 7240): every warning is an error.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

/// Whether the client asked for strict handling.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strict(pub(crate) bool);

impl<S: Sync> FromRequestParts<S> for Strict {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(is_strict(&parts.headers)))
    }
}

/// Whether the headers ask for strict handling.
pub(super) fn is_strict(headers: &HeaderMap) -> bool {
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let is_strict = |preference: &str| preference.replace('"', "").trim().eq_ignore_ascii_case("handling=strict");
    preferences.flat_map(|value| value.split([',', ';'])).any(is_strict)
}
