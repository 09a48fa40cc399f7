//! Handlers of the transformations of inbound orders (`/order/v1/inbound/transformations`).

mod body;

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use shared::network::problem::Violation;
use shared::network::transform::Rule;

use super::body::JsonBody;
use super::caller::NetworkCaller;
use super::inbound::foreign;
use super::manage::version_of;
use super::network::{is_strict, raw};
use super::paging::Cursors;
use super::parameters::PathParameter;
use super::query::{PageAnswer, RawQuery};
use crate::app::entity::{Target, create as create_entity};
use crate::app::inbound::{Mapped, draft};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::entity::Stored;
use crate::store::keys;
use crate::store::page::{List, Page as Rows};
use crate::store::transformations::NamedTransformation;

/// One transformation, with what was noticed in the body.
#[derive(Debug, Serialize)]
struct Envelope<'t> {
    transformation: View<'t>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Violation>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'t> {
    id: &'t str,
    name: &'t str,
    version: u64,
    /// A list shows only how many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<&'t [Rule]>,
    rule_count: usize,
    created_at: String,
    updated_at: String,
}

impl<'t> View<'t> {
    fn row(stored: &'t Stored<NamedTransformation>) -> Self {
        Self {
            id: stored.id.as_str(),
            name: &stored.name,
            version: stored.version,
            rules: None,
            rule_count: stored.transformation.rules.len(),
            created_at: stored.created_at.to_rfc3339_milliseconds(),
            updated_at: stored.updated_at.to_rfc3339_milliseconds(),
        }
    }

    fn whole(stored: &'t Stored<NamedTransformation>) -> Self {
        Self { rules: Some(&stored.transformation.rules), ..Self::row(stored) }
    }
}

fn answer(status: StatusCode, stored: &Stored<NamedTransformation>, warnings: Vec<Violation>) -> Response {
    let tag: [(HeaderName, String); 1] = [(header::ETAG, stored.etag())];
    (status, tag, Json(Envelope { transformation: View::whole(stored), warnings })).into_response()
}

/// `POST /order/v1/inbound/transformations`: 201 with the transformation; 400.
pub(crate) async fn create(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    JsonBody(bytes): JsonBody,
) -> Result<Response, Refusal> {
    let (new, warnings) = body::transformation(&bytes, &merchant, is_strict(&headers))?;
    let created = create_entity(&table, &merchant, new).await?;
    let mut response = answer(StatusCode::CREATED, &created, warnings);
    if let Ok(location) = HeaderValue::from_str(&format!("/order/v1/inbound/transformations/{}", created.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// A page of transformations, without their rules.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'t> {
    transformations: Vec<View<'t>>,
    #[serde(flatten)]
    page: PageAnswer,
}

/// `GET /order/v1/inbound/transformations`: 200 with a page of them, in the order of their ids.
pub(crate) async fn list(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    cursors: Cursors,
    query: RawQuery,
) -> Result<Response, Refusal> {
    const LIST: &str = "transformations";
    let asked = query.read(&[])?;
    let page = &asked.page;
    let after = page.cursor.as_deref().map(|cursor| cursors.open(LIST, cursor)).transpose()?;
    let list = List::Partition(keys::transformations(&merchant));
    let found: Rows<NamedTransformation> = table.page(list, after.as_deref(), (page.skip(), page.size)).await?;
    let next_cursor = found.next.as_deref().map(|place| cursors.seal(LIST, place));
    let transformations = found.rows.iter().map(|(stored, _)| View::row(stored)).collect();
    Ok(Json(Page { transformations, page: asked.answered(next_cursor) }).into_response())
}

/// `GET /order/v1/inbound/transformations/{transformationId}`: 200 with the transformation and its `ETag`; 404.
pub(crate) async fn read(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(id): PathParameter,
) -> Result<Response, Refusal> {
    let found = Target { merchant: &merchant, id: &id, versions: None }.read(&table).await?;
    Ok(answer(StatusCode::OK, &found, Vec::new()))
}

/// `PUT /order/v1/inbound/transformations/{transformationId}`: 200 with the transformation; 400, 404, 412.
pub(crate) async fn replace(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    PathParameter(id): PathParameter,
    JsonBody(bytes): JsonBody,
) -> Result<Response, Refusal> {
    let (new, warnings) = body::transformation(&bytes, &merchant, is_strict(&headers))?;
    let versions = version_of(&headers);
    let target = Target { merchant: &merchant, id: &id, versions: versions.as_ref() };
    let replaced = target.change(&table, "Update", |_| Ok(new.clone())).await?;
    Ok(answer(StatusCode::OK, &replaced, warnings))
}

/// `DELETE /order/v1/inbound/transformations/{transformationId}`: 204; 404, 412.
pub(crate) async fn delete(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    PathParameter(id): PathParameter,
) -> Result<StatusCode, Refusal> {
    let versions = version_of(&headers);
    let target = Target { merchant: &merchant, id: &id, versions: versions.as_ref() };
    target.delete::<NamedTransformation>(&table).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a foreign body would become.
#[derive(Debug, Serialize)]
struct Tried {
    valid: bool,
    /// The body of the order that the rules make, as far as they can.
    body: Box<RawValue>,
    errors: Vec<Mapped>,
    /// Of the request itself, then of the order.
    warnings: Vec<Mapped>,
}

/// `POST /order/v1/inbound/transformations/{transformationId}/test`: 200 with the order that the `body` of an inbound
/// order would become, and the verdict on it; 400, 404, 413. Nothing is stored, so whether a safe id or an external id is
/// taken is not part of it.
pub(crate) async fn test(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    PathParameter(id): PathParameter,
    JsonBody(bytes): JsonBody,
) -> Result<Response, Refusal> {
    let strict = is_strict(&headers);
    let (foreign, noticed) = foreign(&bytes, (&merchant, &id), strict)?;
    let target = Target { merchant: &merchant, id: &id, versions: None };
    let found = target.read::<NamedTransformation>(&table).await?;
    let drafted = draft(&foreign, Some(found.value.transformation), strict)?.of(&merchant);
    let errors = drafted.draft.as_ref().err().map(|refusal| refusal.violations.clone()).unwrap_or_default();
    let warnings = if strict { Vec::new() } else { drafted.warnings() };
    let noticed = noticed.into_iter().map(Mapped::of_request);
    let body = RawValue::from_string(drafted.body.clone());
    let tried = Tried {
        valid: drafted.draft.is_ok(),
        body: match body {
            Ok(body) => body,
            Err(_) => raw(&())?,
        },
        errors: drafted.mapped(errors),
        warnings: noticed.chain(drafted.mapped(warnings)).collect(),
    };
    Ok(Json(tried).into_response())
}
