//! What is specific to notes; [`super::entity`] has the rest.

use shared::Code;
use shared::ids::MerchantId;
use shared::order_network::note::{Content, Resource, ResourceKind};
use shared::order_network::problem::Violation;

use super::entity::{self, Target};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::entity::Stored;
use crate::store::notes::Note;

/// The resource that a body names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) kind: ResourceKind,
    pub(crate) id: String,
}

impl Named {
    /// Finds the resource among the merchant's own. There is no product catalogue, so any product id is accepted.
    async fn find(&self, table: &Table, merchant: &MerchantId) -> Result<Resource, Refusal> {
        let resource = Resource::parse(self.kind, &self.id).map_err(|_| self.not_found())?;
        let order = match &resource {
            Resource::Order(id) | Resource::OrderItem(id, _) => id,
            Resource::Shipment(id) => id.order(),
            Resource::Product(_) => return Ok(resource),
        };
        let order = table.order(merchant, order).await?.ok_or_else(|| self.not_found())?;
        let is_there = match &resource {
            Resource::OrderItem(_, index) => *index < order.state.lines.count(),
            Resource::Shipment(id) => order.state.shipment(id.number()).is_some(),
            _ => true,
        };
        if is_there { Ok(resource) } else { Err(self.not_found()) }
    }

    fn not_found(&self) -> Refusal {
        let what = match self.kind {
            ResourceKind::Order => "order",
            ResourceKind::OrderItem => "item",
            ResourceKind::Shipment => "shipment",
            ResourceKind::Product => "product",
        };
        Refusal::not_found(what, "id", &self.id).at("/resource/id", &self.id)
    }
}

pub(crate) async fn create(
    table: &Table,
    merchant: &MerchantId,
    named: &Named,
    content: Content,
) -> Result<Stored<Note>, Refusal> {
    let resource = named.find(table, merchant).await?;
    entity::create(table, merchant, Note { resource, content: Some(content) }).await
}

/// Replaces the content of a note. The resource stays: a body that names one must name the same.
pub(crate) async fn replace(
    table: &Table,
    target: Target<'_>,
    content: &Content,
    (id, named): (Option<&str>, Option<&Named>),
) -> Result<Stored<Note>, Refusal> {
    let edit = |note: &Stored<Note>| {
        let renamed = id.filter(|id| *id != note.id.as_str()).map(|_| {
            let message = format!("stays as it is: the note has the id `{}`", note.id);
            Violation::new(Code::NotUpdatable, "/id".to_owned(), message, None)
        });
        let moved = named.and_then(|named| moved(named, &note.resource));
        let violations: Vec<Violation> = renamed.into_iter().chain(moved).collect();
        if !violations.is_empty() {
            return Err(Refusal::invalid(violations));
        }
        Ok(Note { content: Some(content.clone()), ..note.value.clone() })
    };
    target.change(table, "Update", edit).await
}

/// The violation if the body names another resource.
fn moved(named: &Named, resource: &Resource) -> Option<Violation> {
    let is_same = Resource::parse(named.kind, &named.id).is_ok_and(|other| other == *resource);
    let message = format!("stays as it is: the note is about the {} `{}`", resource.kind().as_str(), resource.id());
    (!is_same).then(|| Violation::new(Code::NotUpdatable, "/resource".to_owned(), message, None))
}
