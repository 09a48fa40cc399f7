//! HTTP: the routes of both APIs. A handler's signature names everything it needs.
//!
//! A request passes through [`routes`], a handler in one of the modules here, a use case in [`crate::app`], and
//! [`crate::store`]. Layers do only what handlers need not know about: [`finish`] gives the request its id, meters and
//! logs it, and writes the body of a refusal; [`idempotency`] answers a request that is repeated under its key.

mod answer;
mod audit;
mod batch;
mod body;
mod bulk_api;
pub(crate) mod caller;
mod conditional;
mod entity;
mod finish;
mod health;
mod idempotency;
mod inbound;
mod manage;
mod notes;
#[cfg(feature = "openapi")]
pub mod openapi;
mod orders;
mod paging;
mod parameters;
mod preference;
mod query;
mod refunds;
mod route;
pub mod routes;
mod search;
mod shipments;
mod target;
mod transformations;
mod updates;
mod validate;
mod webhooks;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use self::paging::Cursors;
use crate::clients::{Subscribers, Tables};
use crate::cost::Meter;
use crate::settings::{self, SettingError, Settings};
use crate::store::Table;
use crate::store::request_key::IdempotencyKey;

/// What every request shares.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) tables: Tables,
    pub(crate) subscribers: Subscribers,
    pub(crate) cursors: Cursors,
}

impl App {
    pub(crate) fn from(settings: Settings<'_>) -> Result<Self, SettingError> {
        let cursors = Cursors::signed_with(&settings.required(settings::CURSOR_KEY)?);
        Ok(Self { tables: Tables::from(settings)?, subscribers: Subscribers::from(settings)?, cursors })
    }
}

/// Id of a request: the gateway's, as in its access log.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// The table, metered for this request.
impl FromRequestParts<App> for Table {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let meter = parts.extensions.get::<Meter>().cloned().unwrap_or_default();
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
        let key = parts.extensions.get::<IdempotencyKey>().cloned();
        Ok(Self { key, ..app.tables.for_request(meter, request_id) })
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self(String::new())))
    }
}
