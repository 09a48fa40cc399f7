//! Path parameters. One that cannot be read is an id of nothing, so the answer is 404.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use shared::Code;

use crate::refusal::Refusal;

/// The only parameter of a path; empty if the segment is not UTF-8.
#[derive(Clone, Debug)]
pub(crate) struct PathParameter(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathParameter {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(segment)| Self(segment)).map_err(|_| Refusal::new(Code::NotFound, "the path is not UTF-8"))
    }
}

/// The parameters of a path with several.
#[derive(Clone, Debug)]
pub(crate) struct PathParameters<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathParameters<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(segments)| Self(segments)).map_err(|_| Refusal::new(Code::NotFound, "the path is not UTF-8"))
    }
}
