//! What is specific to notes; [`super::entity`] has the rest.

use shared::ids::MerchantId;
use shared::order_network::note::{Content, NoteResource, Resource, ResourceKind};

use super::entity::{self, Fixed, FixedMember, unless_same};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::entity::Stored;
use crate::store::notes::Note;

/// Finds what a note is to be about: another merchant's thing is not there. There is no catalogue yet, so any product is.
async fn find(table: &Table, merchant: &MerchantId, named: &NoteResource) -> Result<Resource, Refusal> {
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
    named: &NoteResource,
    content: Content,
) -> Result<Stored<Note>, Refusal> {
    let resource = find(table, merchant, named).await?;
    entity::create(table, merchant, Note { resource, content: Some(content) }).await
}

impl Fixed for Note {
    const FIXED: &[FixedMember<Self>] = &[
        ("id", |note, json| unless_same(&note.id, json, || format!("has the id `{}`", note.id))),
        ("resource", |note, json| {
            let NoteResource { kind, id } = note.resource.clone().into();
            unless_same(&note.resource, json, || format!("is about the {} `{id}`", kind.as_str()))
        }),
    ];
}
