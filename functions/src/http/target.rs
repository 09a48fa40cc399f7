//! The entity that a path names, with the caller and the versions of `If-Match`.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use shared::ids::MerchantId;

use super::App;
use super::caller::NetworkCaller;
use super::conditional::IfMatch;
use super::parameters::PathParameter;
use crate::app::entity::Target;
use crate::app::precondition::Versions;
use crate::refusal::Refusal;
use crate::store::Table;

/// An entity to read.
pub(crate) struct Find {
    pub(crate) merchant: MerchantId,
    pub(crate) table: Table,
    /// As given in the path; an invalid id is not found.
    pub(crate) id: String,
}

/// An entity to change, subject to `If-Match`.
pub(crate) struct Change {
    pub(crate) merchant: MerchantId,
    pub(crate) table: Table,
    /// As given in the path; an invalid id is not found.
    pub(crate) id: String,
    pub(crate) versions: Option<Versions>,
}

impl FromRequestParts<App> for Find {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let NetworkCaller(merchant) = NetworkCaller::from_request_parts(parts, app).await?;
        let Ok(table) = Table::from_request_parts(parts, app).await;
        let PathParameter(id) = PathParameter::from_request_parts(parts, app).await?;
        Ok(Self { merchant, table, id })
    }
}

impl FromRequestParts<App> for Change {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Find { merchant, table, id } = Find::from_request_parts(parts, app).await?;
        let Ok(IfMatch(versions)) = IfMatch::from_request_parts(parts, app).await;
        Ok(Self { merchant, table, id, versions })
    }
}

impl Find {
    pub(crate) fn target(&self) -> Target<'_> {
        Target { merchant: &self.merchant, id: &self.id, versions: None }
    }
}

impl Change {
    pub(crate) fn target(&self) -> Target<'_> {
        Target { merchant: &self.merchant, id: &self.id, versions: self.versions.as_ref() }
    }
}
