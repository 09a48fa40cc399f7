//! Reading the body of a request: declared as JSON, and not larger than the limit.

use axum::body::Body;
use axum::body::Bytes;
use axum::body::HttpBody;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, Limited};
use shared::Code;
use shared::limits::BODY_BYTES_MAX;

use crate::refusal::{Refusal, shown};

/// The bytes of a body that is declared as JSON; whether they are is for the validation to say.
#[derive(Clone, Debug)]
pub(crate) struct JsonBody(pub(crate) Vec<u8>);

impl<S: Sync> FromRequest<S> for JsonBody {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Self::Rejection> {
        let (parts, body) = request.into_parts();
        let bytes = whole(body).await?;
        if !is_json(&parts.headers) {
            let sent = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("none");
            return Err(Refusal::new(
                Code::UnsupportedMediaType,
                format!("the Content-Type must be application/json, not `{}`", shown(sent)),
            ));
        }
        Ok(Self(bytes.into()))
    }
}

/// A body that is not larger than the limit.
pub(super) async fn whole(body: Body) -> Result<Bytes, Refusal> {
    let too_large = || Refusal::new(Code::PayloadTooLarge, format!("a body has at most {BODY_BYTES_MAX} bytes"));
    Ok(Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|_| too_large())?.to_bytes())
}

/// The bytes of a body that may be left out; one that is there is declared as JSON.
#[derive(Clone, Debug)]
pub(crate) struct OptionalJsonBody(pub(crate) Vec<u8>);

impl<S: Sync> FromRequest<S> for OptionalJsonBody {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self, Self::Rejection> {
        if request.body().is_end_stream() {
            return Ok(Self(Vec::new()));
        }
        let JsonBody(bytes) = JsonBody::from_request(request, state).await?;
        Ok(Self(bytes))
    }
}

/// `application/json`, or another type of JSON (`+json`), with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}
