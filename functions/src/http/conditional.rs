//! Conditional requests (RFC 9110): the `ETag` of an answer, and the `If-Match` of a change.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::app::precondition::Versions;

/// The versions that the client accepts; `None` for any.
#[derive(Clone, Debug)]
pub(crate) struct IfMatch(pub(crate) Option<Versions>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(versions(&parts.headers)))
    }
}

/// Adds the `ETag` of a version to an answer.
pub(super) fn tagged(version: u64, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// The versions of `If-Match`, a list in one or several headers. `None` without the header, and for `*`.
fn versions(headers: &HeaderMap) -> Option<Versions> {
    let values = headers.get_all(header::IF_MATCH).iter().map(|value| value.to_str().unwrap_or_default());
    let values: Vec<&str> = values.collect();
    if values.iter().all(|value| value.trim() == "*") {
        return None;
    }
    let tags: Vec<&str> = values.into_iter().flat_map(split_outside_quotes).map(str::trim).collect();
    // Tags are opaque: only the exact form of our `ETag` counts, everything else matches no version.
    let version = |tag: &&str| -> Option<u64> {
        let version = tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()?;
        (format!("\"{version}\"") == **tag).then_some(version)
    };
    Some(Versions(tags.iter().filter_map(version).collect()))
}

/// Splits at commas outside quotes: a tag may hold commas itself (RFC 9110, section 8.8.3).
fn split_outside_quotes(list: &str) -> Vec<&str> {
    let mut is_quoted = false;
    list.split(|character| {
        is_quoted ^= character == '"';
        character == ',' && !is_quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, header};

    use super::versions;
    use crate::app::precondition::Versions;

    #[test]
    fn if_match_is_a_list_of_whole_tags() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::IF_MATCH, value.parse().unwrap());
            }
            versions(&headers).map(|Versions(versions)| versions)
        };
        for (values, versions) in [
            (&[][..], None),
            (&["*"], None),
            (&[" * "], None),
            (&["\"3\""], Some(vec![3])),
            (&["\"3\" , \"4\"", "\"5\""], Some(vec![3, 4, 5])),
            (&["\"a,*,b\""], Some(Vec::new())),
            (&["\"9\", *"], Some(vec![9])),
            (&["W/\"3\""], Some(Vec::new())),
            (&["\"03\"", "3", ""], Some(Vec::new())),
        ] {
            assert_eq!(read(values), versions, "{values:?}");
        }
    }
}
