//! Parameters of a path; one that cannot be read names nothing.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use shared::Code;

use crate::refusal::Refusal;

/// The one parameter of a path. A segment that is not UTF-8 names nothing.
#[derive(Clone, Debug)]
pub(crate) struct PathParameter(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathParameter {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(segment)| Self(segment)).map_err(|_| Refusal::new(Code::NotFound, "the path is not UTF-8"))
    }
}

/// The parameters of a path that has several.
#[derive(Clone, Debug)]
pub(crate) struct PathParameters<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathParameters<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(segments)| Self(segments)).map_err(|_| Refusal::new(Code::NotFound, "the path is not UTF-8"))
    }
}
