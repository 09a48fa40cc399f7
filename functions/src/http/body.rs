//! Reading the body of a request.
//!
//! [`JsonBody`] is the bytes of a body whose media type is JSON and whose size is within the limit. [`Body`] is a body
//! that has also passed the rules of its type, with its warnings. The checks run in a fixed order: size, media type,
//! rules, merchant.

use std::collections::HashSet;

use axum::body::{Body as HttpBody, Bytes, HttpBody as _};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, Limited};
use shared::Code;
use shared::body::RequestBody;
use shared::ids::MerchantId;
use shared::limits::{BODY_BYTES_MAX, VIOLATIONS_MAX};
use shared::order_network::merge::Members;
use shared::order_network::problem::{Broken, Violation, in_document_order};
use shared::time::Timestamp;
use shared::validation::{Context, Wrong};

use super::App;
use super::caller::ShipmentCaller;
use super::preference::is_strict;
use super::target::Change;
use crate::app::create_orders::drafts::{read_valid, refuse_body};
use crate::app::entity::{Fixed, Repeated};
use crate::outbound::guard;
use crate::refusal::{Refusal, shown};

/// The bytes of a body whose media type is JSON. They are not parsed yet.
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

/// The bytes of a body with orders; the use case validates them.
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

/// Reads a body up to the size limit.
pub(super) async fn whole(body: HttpBody) -> Result<Bytes, Refusal> {
    let too_large = || Refusal::new(Code::PayloadTooLarge, format!("a body has at most {BODY_BYTES_MAX} bytes"));
    Ok(Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|_| too_large())?.to_bytes())
}

/// A valid body. If it names a merchant, that is the caller's.
#[derive(Clone, Debug)]
pub(crate) struct Body<T> {
    pub(crate) value: T,
    pub(crate) warnings: Vec<Violation>,
    /// Warnings count as violations.
    strict: bool,
}

/// A body that the handler also checks against stored data. If the body is invalid, the handler still gets it, so that the
/// answer reports everything.
#[derive(Clone, Debug)]
pub(crate) struct Draft<T> {
    /// The body, or the violations of the rules.
    pub(crate) read: Result<Body<T>, Refusal>,
    pub(crate) document: Members,
}

/// A body that may be absent, which means `{}`.
#[derive(Clone, Debug)]
pub(crate) struct OptionalBody<T>(pub(crate) Body<T>);

/// The context in which a body is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'r> {
    /// The caller's merchant.
    pub(super) merchant: &'r MerchantId,
    /// Warnings count as violations.
    pub(super) strict: bool,
    /// Webhook URLs may name this machine.
    pub(super) allow_loopback: bool,
    pub(super) now: Timestamp,
}

impl Reading<'_> {
    /// Validates the bytes and deserializes them.
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

/// The body, or why it is invalid, with its bytes.
async fn read<T: RequestBody>(
    request: Request<HttpBody>,
    app: &App,
) -> Result<(Result<Body<T>, Refusal>, Vec<u8>), Refusal> {
    let (mut parts, body) = request.into_parts();
    let ShipmentCaller { merchant, .. } = ShipmentCaller::from_request_parts(&mut parts, app).await?;
    let strict = is_strict(&parts.headers);
    let JsonBody(bytes) = JsonBody::from_request(Request::from_parts(parts, body), app).await?;
    let (allow_loopback, now) = (app.subscribers.allow_loopback, app.tables.now());
    Ok((Reading { merchant: &merchant, strict, allow_loopback, now }.read(&bytes), bytes))
}

impl<T: RequestBody> FromRequest<App> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request<HttpBody>, app: &App) -> Result<Self, Refusal> {
        read(request, app).await?.0
    }
}

impl<T: RequestBody> FromRequest<App> for Draft<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request<HttpBody>, app: &App) -> Result<Self, Refusal> {
        let (read, bytes) = read(request, app).await?;
        let document = std::str::from_utf8(&bytes).ok().and_then(Members::read);
        // The rest of such a body has not been checked.
        let is_unread = |refusal: &Refusal| {
            let is_too_deep = |violation: &Violation| violation.error_code == Code::TooDeep;
            refusal.code != Code::ValidationFailed || refusal.violations.iter().any(is_too_deep)
        };
        match (read, document) {
            (Err(refusal), None) => Err(refusal),
            (Err(refusal), _) if is_unread(&refusal) => Err(refusal),
            (read, document) => Ok(Self { read, document: document.unwrap_or_default() }),
        }
    }
}

impl<T> Draft<T> {
    /// The body, with the values that it repeats of fixed members. An invalid body is refused together with those that
    /// differ.
    pub(super) async fn repeating<E: Fixed>(self, change: &Change) -> Result<(Body<T>, Repeated<E>), Refusal> {
        let Self { read, document } = self;
        let repeated = Repeated::of(&document);
        let refusal = match read {
            Ok(body) => return Ok((body, repeated)),
            Err(refusal) if repeated.is_empty() => return Err(refusal),
            Err(refusal) => refusal,
        };
        match change.target().read::<E>(&change.table).await {
            Ok(stored) => Err(with_violations(refusal, &document, repeated.violations(&stored))),
            Err(missing) if missing.code == Code::NotFound => Err(refusal),
            Err(error) => Err(error),
        }
    }
}

/// Adds violations to a refusal. One is dropped if a value inside or around its own has a violation already.
pub(super) fn with_violations(
    refusal: Refusal,
    document: &Members,
    found: impl IntoIterator<Item = Violation>,
) -> Refusal {
    let known = refusal.violations.iter().filter(|known| known.error_code != Code::UnknownMember);
    let known: HashSet<String> = known.map(|known| known.pointer.clone()).collect();
    let around: HashSet<String> = known.iter().flat_map(|known| values_around(known)).map(str::to_owned).collect();
    let is_new = |found: &Violation| {
        !around.contains(&found.pointer) && !values_around(&found.pointer).any(|pointer| known.contains(pointer))
    };
    let (mut violations, mut omitted) = (refusal.violations, refusal.omitted);
    for found in found.into_iter().filter(is_new) {
        if violations.len() < VIOLATIONS_MAX {
            violations.push(found);
        } else {
            omitted = omitted.saturating_add(1);
        }
    }
    in_document_order(document, &mut violations);
    Refusal::broken(Broken { violations, omitted })
}

/// A pointer and those of the values around its own, without the body itself.
fn values_around(pointer: &str) -> impl Iterator<Item = &str> {
    let pointers = std::iter::successors(Some(pointer), |pointer| Some(pointer.rsplit_once('/')?.0));
    pointers.filter(|pointer| !pointer.is_empty())
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
    /// Adds a warning about a member, or refuses the body if the client is strict.
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
