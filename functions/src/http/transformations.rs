//! Transformations of inbound orders (`/order/v1/inbound/transformations`).

use axum::Json;
use serde::Serialize;
use serde_json::value::RawValue;
use shared::Code;
use shared::body::inbound::{InboundOrder, PutTransformation};
use shared::order_network::transform::{Rule, Transformation};
use shared::time::Timestamp;

use super::answer::{Collection, Created, Shown, Versioned, raw};
use super::body::Body;
use super::caller::NetworkCaller;
use super::entity::{self, Answer, created, versioned};
use super::paging::{List, Page};
use super::preference::Strict;
use super::query::NoParameters;
use super::route::{Route, routes};
use super::target::{Change, Find};
use crate::app::entity::create as create_entity;
use crate::app::inbound::{Mapped, draft};
use crate::refusal::Refusal;
use crate::store::entity::{Stored, Viewed};
use crate::store::page::List as Place;
use crate::store::transformations::NamedTransformation;
use crate::store::{Table, keys};

pub(super) const ROUTES: &[Route] = routes! {
    OrdersCreate POST "/order/v1/inbound/transformations" create, "createTransformation", "Creates a transformation.", [];
    OrdersQuery GET "/order/v1/inbound/transformations" list, "listTransformations", "Lists the transformations without their rules, in the order of their ids.", [];
    OrdersQuery GET "/order/v1/inbound/transformations/{transformationId}" entity::read::<NamedTransformation>, "readTransformation", "Reads a transformation.", [];
    OrdersCreate PUT "/order/v1/inbound/transformations/{transformationId}" replace, "replaceTransformation", "Replaces a transformation's name and rules.", [];
    OrdersCreate DELETE "/order/v1/inbound/transformations/{transformationId}" entity::delete::<NamedTransformation>, "deleteTransformation", "Deletes a transformation; orders that were received with it keep its rules.", [];
    OrdersCreate POST "/order/v1/inbound/transformations/{transformationId}/test" test, "testTransformation", "Shows the order that a foreign body would become, and the verdict on it; nothing is stored.", [];
};

/// A transformation as returned to clients.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schemars(rename = "Transformation"))]
pub(crate) struct View {
    id: String,
    name: String,
    version: u64,
    /// Omitted in lists, which have only the number of rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schemars(with = "Option<Vec<serde_json::Value>>"))]
    rules: Option<Vec<Rule>>,
    rule_count: usize,
    created_at: String,
    updated_at: String,
}

impl Shown for View {
    const NAME: &'static str = "transformation";
    const PLURAL: &'static str = "transformations";
}

impl View {
    fn row(stored: &Stored<NamedTransformation>) -> Self {
        Self {
            id: stored.id.to_string(),
            name: stored.name.clone(),
            version: stored.version,
            rules: None,
            rule_count: stored.transformation.rules.len(),
            created_at: stored.created_at.to_rfc3339_milliseconds(),
            updated_at: stored.updated_at.to_rfc3339_milliseconds(),
        }
    }
}

impl Viewed for NamedTransformation {
    type View = View;

    fn view(stored: &Stored<Self>, _now: Timestamp) -> View {
        View { rules: Some(stored.transformation.rules.clone()), ..View::row(stored) }
    }
}

/// The content of a valid body.
fn content(body: PutTransformation) -> Result<NamedTransformation, Refusal> {
    let name = body.name.clone();
    let transformation = Transformation::try_from(body).map_err(|_| Refusal::rule(Code::Internal))?;
    Ok(NamedTransformation { name, transformation })
}

async fn create(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    collection: Collection,
    Body { value, warnings, .. }: Body<PutTransformation>,
) -> Result<Created<Answer<NamedTransformation>>, Refusal> {
    let transformation = create_entity(&table, &merchant, content(value)?).await?;
    Ok(created(&table, &collection, &transformation, warnings))
}

async fn list(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    list: List<NoParameters>,
) -> Result<Page<View>, Refusal> {
    let transformations = Place::Partition(keys::transformations(&merchant));
    list.entities(&table, "transformations", Some(transformations), View::row).await
}

async fn replace(
    change: Change,
    Body { value, warnings, .. }: Body<PutTransformation>,
) -> Result<Versioned<Answer<NamedTransformation>>, Refusal> {
    let content = content(value)?;
    let replaced = change.target().change(&change.table, "Update", |_| Ok(content.clone())).await?;
    Ok(versioned(&change.table, &replaced, warnings))
}

/// The result of a test: the order that a foreign body would become.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "TransformationTest"))]
struct Tried {
    valid: bool,
    /// The body of the resulting order, as far as the rules could build it.
    #[cfg_attr(feature = "openapi", schemars(with = "serde_json::Value"))]
    body: Box<RawValue>,
    errors: Vec<Mapped>,
    /// Warnings about the request, then about the order.
    warnings: Vec<Mapped>,
}

async fn test(find: Find, Strict(strict): Strict, mut body: Body<InboundOrder>) -> Result<Json<Tried>, Refusal> {
    if body.value.transformation_id.as_ref().is_some_and(|named| named.as_str() != find.id) {
        body.warn("/transformationId", "is ignored: the path names another")?;
    }
    let found = find.target().read::<NamedTransformation>(&find.table).await?;
    let foreign = body.value.foreign.0.get();
    let drafted = draft(foreign, Some(found.value.transformation), strict)?.of(&find.merchant);
    let errors = drafted.draft.as_ref().err().map(|refusal| refusal.violations.clone()).unwrap_or_default();
    let warnings = if strict { Vec::new() } else { drafted.warnings() };
    let noticed = body.warnings.into_iter().map(Mapped::of_request);
    let made = RawValue::from_string(drafted.body.clone());
    let tried = Tried {
        valid: drafted.draft.is_ok(),
        body: match made {
            Ok(made) => made,
            Err(_) => raw(&())?,
        },
        errors: drafted.mapped(errors),
        warnings: noticed.chain(drafted.mapped(warnings)).collect(),
    };
    Ok(Json(tried))
}
