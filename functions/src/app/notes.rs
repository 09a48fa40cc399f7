//! What is specific to notes; [`super::entity`] has the rest.

use shared::Code;
use shared::body::note::NamedResource;
use shared::ids::MerchantId;
use shared::order_network::note::{Content, Resource, ResourceKind};
use shared::order_network::problem::Violation;

use super::entity::{self, Target};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::entity::Stored;
use crate::store::notes::Note;

/// Finds what a note is to be about: another merchant's thing is not there. There is no catalogue yet, so any product is.
async fn find(table: &Table, merchant: &MerchantId, named: &NamedResource) -> Result<Resource, Refusal> {
    let missing = || {
        let what = match named.kind {
            ResourceKind::Order => "order",
            ResourceKind::OrderItem => "item",
            ResourceKind::Shipment => "shipment",
            ResourceKind::Product => "product",
        };
        Refusal::not_found(what, "id", &named.id).at("/resource/id", &named.id)
    };
    let resource = Resource::parse(named.kind, &named.id).map_err(|_| missing())?;
    let order = match &resource {
        Resource::Order(id) | Resource::OrderItem(id, _) => id,
        Resource::Shipment(id) => id.order(),
        Resource::Product(_) => return Ok(resource),
    };
    let order = table.order(merchant, order).await?.ok_or_else(missing)?;
    let is_there = match &resource {
        Resource::OrderItem(_, index) => *index < order.state.lines.count(),
        Resource::Shipment(id) => order.state.shipment(id.number()).is_some(),
        _ => true,
    };
    if is_there { Ok(resource) } else { Err(missing()) }
}

pub(crate) async fn create(
    table: &Table,
    merchant: &MerchantId,
    named: &NamedResource,
    content: Content,
) -> Result<Stored<Note>, Refusal> {
    let resource = find(table, merchant, named).await?;
    entity::create(table, merchant, Note { resource, content: Some(content) }).await
}

/// Replaces the content of a note. A body that names the note's id and resource must name the same.
pub(crate) async fn replace(
    table: &Table,
    target: Target<'_>,
    content: &Content,
    (id, named): (Option<&str>, Option<&NamedResource>),
) -> Result<Stored<Note>, Refusal> {
    let edit = |note: &Stored<Note>| match changed(note, id, named) {
        violations if !violations.is_empty() => Err(Refusal::invalid(violations)),
        _ => Ok(Note { content: Some(content.clone()), ..note.value.clone() }),
    };
    target.change(table, "Update", edit).await
}

/// A violation for each member that names something other than the note has and cannot change.
pub(crate) fn changed(note: &Stored<Note>, id: Option<&str>, named: Option<&NamedResource>) -> Vec<Violation> {
    let violation = |pointer: &str, what: String| {
        Violation::new(Code::NotUpdatable, pointer.to_owned(), format!("stays as it is: the note {what}"), None)
    };
    let resource = &note.resource;
    let is_same = |named: &&NamedResource| Resource::parse(named.kind, &named.id).is_ok_and(|named| named == *resource);
    let renamed = id.filter(|id| *id != note.id.as_str());
    let moved = named.filter(|named| !is_same(named));
    let renamed = renamed.map(|_| violation("/id", format!("has the id `{}`", note.id)));
    let is_about = || format!("is about the {} `{}`", resource.kind().as_str(), resource.id());
    renamed.into_iter().chain(moved.map(|_| violation("/resource", is_about()))).collect()
}
