//! The answers of handlers: each type has its status, headers and shape.
//!
//! An entity is returned under its name, next to the warnings about the request: `{"note": {…}, "warnings": […]}`. A list
//! is returned under the plural, next to its page. `warnings` is omitted if it is empty.

use std::marker::PhantomData;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use shared::Code;
use shared::limits::BULK_ANSWER_BYTES_MAX;
use shared::order_network::problem::Violation;

use super::conditional::tagged;
use crate::refusal::Refusal;

/// Marks an answer that repeats an earlier one.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What an answer can return.
pub(crate) trait Shown: Serialize {
    /// The member for one of them.
    const NAME: &'static str;
    /// The member for a list of them.
    const PLURAL: &'static str;
}

impl<T: Shown> Shown for &T {
    const NAME: &'static str = T::NAME;
    const PLURAL: &'static str = T::PLURAL;
}

/// An entity with the warnings about the request.
#[derive(Clone, Debug)]
pub(crate) struct Envelope<T> {
    pub(crate) shown: T,
    pub(crate) warnings: Vec<Violation>,
}

impl<T: Shown> Serialize for Envelope<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(T::NAME, &self.shown)?;
        if !self.warnings.is_empty() {
            map.serialize_entry("warnings", &self.warnings)?;
        }
        map.end()
    }
}

impl<T> Envelope<T> {
    /// Without warnings.
    pub(crate) const fn of(shown: T) -> Self {
        Self { shown, warnings: Vec::new() }
    }
}

/// 200 with a body and its `ETag`.
#[derive(Debug)]
pub(crate) struct Versioned<B> {
    pub(crate) version: u64,
    pub(crate) body: B,
}

impl<B: Serialize> IntoResponse for Versioned<B> {
    fn into_response(self) -> Response {
        tagged(self.version, Json(self.body))
    }
}

/// 201 with a new entity, its `ETag` and, if it has a path of its own, its `Location`.
#[derive(Debug)]
pub(crate) struct Created<B> {
    pub(crate) location: Option<String>,
    pub(crate) version: u64,
    pub(crate) body: B,
}

impl<B: Serialize> IntoResponse for Created<B> {
    fn into_response(self) -> Response {
        let answer = Versioned { version: self.version, body: self.body };
        located(StatusCode::CREATED, self.location.as_deref(), answer)
    }
}

/// 202 with a resource that reports the outcome, and its `Location`.
#[derive(Debug)]
pub(crate) struct Accepted<B> {
    pub(crate) location: String,
    pub(crate) body: B,
}

impl<B: Serialize> IntoResponse for Accepted<B> {
    fn into_response(self) -> Response {
        located(StatusCode::ACCEPTED, Some(&self.location), Json(self.body))
    }
}

fn located(status: StatusCode, location: Option<&str>, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    *response.status_mut() = status;
    if let Some(location) = location.and_then(|location| HeaderValue::from_str(location).ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// 201 with a new entity, or 200 with the one that an earlier request created (`Idempotency-Replayed`).
#[derive(Debug)]
pub(crate) enum CreatedOnce<B> {
    New(Created<B>),
    Replayed(Versioned<B>),
}

impl<B: Serialize> IntoResponse for CreatedOnce<B> {
    fn into_response(self) -> Response {
        match self {
            Self::New(created) => created.into_response(),
            Self::Replayed(versioned) => {
                let mut response = versioned.into_response();
                response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
                response
            }
        }
    }
}

/// 204: the entity is deleted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deleted;

impl IntoResponse for Deleted {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// The path of a collection.
#[derive(Clone, Debug)]
pub(crate) struct Collection(String);

impl Collection {
    /// The `Location` of an entity in it.
    pub(crate) fn location(&self, id: impl std::fmt::Display) -> String {
        format!("{}/{id}", self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for Collection {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.uri.path().to_owned()))
    }
}

/// Serialized rows of an answer, each a `T`.
#[derive(Debug)]
pub(crate) struct Rows<T>(pub(crate) Vec<Box<RawValue>>, PhantomData<T>);

impl<T: Serialize> Rows<T> {
    /// Serializes as many rows as fit into an answer, but at least one. Also returns whether these are all rows.
    pub(crate) fn written(rows: impl IntoIterator<Item = T>) -> Result<(Self, bool), Refusal> {
        let (mut room, mut written) = (Room::default(), Vec::new());
        for row in rows {
            let row = raw(&row)?;
            if !room.takes(&row) && !written.is_empty() {
                return Ok((Self(written, PhantomData), false));
            }
            written.push(row);
        }
        Ok((Self(written, PhantomData), true))
    }
}

impl<T> Serialize for Rows<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The remaining size of an answer. Lambda escapes the body again, which counts against its limit.
#[derive(Debug, Default)]
pub(super) struct Room {
    bytes: usize,
}

impl Room {
    /// Reserves the size of a part of the answer; false if it does not fit.
    pub(super) fn takes(&mut self, part: &RawValue) -> bool {
        let escaped = part.get().bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
        let bytes = self.bytes.saturating_add(part.get().len()).saturating_add(escaped);
        let fits = bytes <= BULK_ANSWER_BYTES_MAX;
        if fits {
            self.bytes = bytes;
        }
        fits
    }
}

/// Serializes a part of an answer.
pub(super) fn raw(value: &impl Serialize) -> Result<Box<RawValue>, Refusal> {
    serde_json::value::to_raw_value(value).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        Refusal::rule(Code::Internal)
    })
}
