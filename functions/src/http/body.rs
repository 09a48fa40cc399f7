//! Reading the body of a request.
//!
//! [`JsonBody`] gives the bytes of a body that is declared as JSON and not larger than the limit. [`Body`] goes on: it
//! validates them by the rules of their type, so a handler that takes one gets a body without violations and its warnings.
//! What is refused here comes in a fixed order: the size, the media type, the rules, another merchant's id.

use axum::body::{Body as HttpBody, Bytes, HttpBody as _};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, Limited};
use shared::Code;
use shared::body::RequestBody;
use shared::ids::MerchantId;
use shared::limits::BODY_BYTES_MAX;
use shared::order_network::problem::{Broken, Violation};
use shared::time::Timestamp;
use shared::validation::{Context, Wrong};

use super::App;
use super::caller::ShipmentCaller;
use super::preference::is_strict;
use crate::app::create_orders::drafts::{read_valid, refuse_body};
use crate::outbound::guard;
use crate::refusal::{Refusal, shown};

/// The bytes of a body that is declared as JSON; whether they are is for the validation to say.
#[derive(Clone, Debug)]
pub(crate) struct JsonBody(pub(crate) Vec<u8>);

impl<S: Sync> FromRequest<S> for JsonBody {
    type Rejection = Refusal;

    async fn from_request(request: Request<HttpBody>, _: &S) -> Result<Self, Self::Rejection> {
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

/// The bytes of a body of orders, which their use case validates.
macro_rules! order_bytes {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug)]
        pub(crate) struct $name(pub(crate) Vec<u8>);

        impl<S: Sync> FromRequest<S> for $name {
            type Rejection = Refusal;

            async fn from_request(request: Request<HttpBody>, state: &S) -> Result<Self, Refusal> {
                JsonBody::from_request(request, state).await.map(|JsonBody(bytes)| Self(bytes))
            }
        }
    )+};
}

order_bytes! {
    /// One order of the order network API.
    OrderBytes;
    /// A batch of them.
    OrdersBytes;
    /// A merge patch of one.
    OrderPatchBytes;
    /// A merge patch of one of its items.
    ItemPatchBytes;
    /// A batch of merge patches.
    OrderPatchesBytes;
    /// One order of the bulk order API.
    BulkOrderBytes;
}

/// A body that is not larger than the limit.
pub(super) async fn whole(body: HttpBody) -> Result<Bytes, Refusal> {
    let too_large = || Refusal::new(Code::PayloadTooLarge, format!("a body has at most {BODY_BYTES_MAX} bytes"));
    Ok(Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|_| too_large())?.to_bytes())
}

/// A body without violations. It is of the caller's merchant.
#[derive(Clone, Debug)]
pub(crate) struct Body<T> {
    pub(crate) value: T,
    pub(crate) warnings: Vec<Violation>,
    /// The client wants warnings as violations.
    strict: bool,
}

/// The same where the body may be left out: `{}` stands for it.
#[derive(Clone, Debug)]
pub(crate) struct OptionalBody<T>(pub(crate) Body<T>);

/// How a body is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'r> {
    /// Whose request it is.
    pub(super) merchant: &'r MerchantId,
    /// A warning is a violation.
    pub(super) strict: bool,
    /// Webhooks may go to this machine.
    pub(super) allow_loopback: bool,
    pub(super) now: Timestamp,
}

impl Reading<'_> {
    /// Validates bytes and reads them.
    pub(super) fn read<T: RequestBody>(self, bytes: &[u8]) -> Result<Body<T>, Refusal> {
        let destination = if self.allow_loopback { any_destination } else { public_destination };
        let context = Context { now: self.now, destination };
        let verdict = T::validate(bytes, &context);
        refuse_body(&verdict)?;
        let object = verdict.orders().next().ok_or_else(|| Refusal::rule(Code::Internal))?;
        let (broken, warnings) = Broken::of_order(object, self.strict);
        if !broken.violations.is_empty() {
            return Err(Refusal::broken(broken));
        }
        let value: T = read_valid(bytes)?;
        Refusal::unless_own(self.merchant, value.merchant_id().unwrap_or_default())?;
        Ok(Body { value, warnings, strict: self.strict })
    }
}

impl<T: RequestBody> FromRequest<App> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request<HttpBody>, app: &App) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let ShipmentCaller { merchant, .. } = ShipmentCaller::from_request_parts(&mut parts, app).await?;
        let strict = is_strict(&parts.headers);
        let JsonBody(bytes) = JsonBody::from_request(Request::from_parts(parts, body), app).await?;
        let (allow_loopback, now) = (app.subscribers.allow_loopback, app.tables.now());
        Reading { merchant: &merchant, strict, allow_loopback, now }.read(&bytes)
    }
}

impl<T: RequestBody> FromRequest<App> for OptionalBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request<HttpBody>, app: &App) -> Result<Self, Refusal> {
        if request.body().is_end_stream() {
            let value = read_valid(b"{}")?;
            return Ok(Self(Body { value, warnings: Vec::new(), strict: is_strict(request.headers()) }));
        }
        Body::from_request(request, app).await.map(Self)
    }
}

impl<T> Body<T> {
    /// Notes something odd about a member, which a strict client has as a violation.
    pub(super) fn warn(&mut self, pointer: &str, message: &str) -> Result<(), Refusal> {
        let warning = Violation::new(Code::UnknownMember, pointer.to_owned(), message.to_owned(), None);
        if self.strict {
            return Err(Refusal::invalid(vec![warning]));
        }
        self.warnings.push(warning);
        Ok(())
    }
}

fn public_destination(url: &str) -> Result<(), Wrong> {
    guard::destination(url, false).map(drop).map_err(guard::UrlRefused::wrong)
}

fn any_destination(url: &str) -> Result<(), Wrong> {
    guard::destination(url, true).map(drop).map_err(guard::UrlRefused::wrong)
}

/// `application/json`, or another type of JSON (`+json`), with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}
