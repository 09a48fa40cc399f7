//! `GET /health`: whether a function runs, and its version.

use axum::Json;
use serde::Serialize;

use super::route::{Route, routes};
use crate::refusal::Refusal;

pub(super) const ROUTES: &[Route] = routes! {
    OrdersQuery GET "/health" health, "readHealth", "Says that the service runs, and its version.", [];
};

/// The service runs.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Health {
    status: &'static str,
    version: &'static str,
}

async fn health() -> Result<Json<Health>, Refusal> {
    Ok(Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") }))
}
