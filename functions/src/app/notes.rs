//! Notes: what is theirs alone. The rest is that of every entity ([`super::entity`]).

use shared::Code;
use shared::ids::MerchantId;
use shared::order_network::note::{Content, Resource, ResourceKind};
use shared::order_network::problem::Violation;

use super::entity::{self, Target};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::entity::Stored;
use crate::store::notes::Note;

/// What a new note is about, as its body has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) kind: ResourceKind,
    pub(crate) id: String,
}

impl Named {
    /// Finds the thing: another merchant's is not there. There is no catalogue yet, so any product is.
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

/// Creates a note about something that the merchant has.
pub(crate) async fn create(
    table: &Table,
    merchant: &MerchantId,
    named: &Named,
    content: Content,
) -> Result<Stored<Note>, Refusal> {
    let resource = named.find(table, merchant).await?;
    entity::create(table, merchant, Note { resource, content: Some(content) }).await
}

/// Gives a note other content, in place of all that it had. What it is about stays: a body that names it must name the
/// same.
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

/// The rule that another resource than the note's breaks.
fn moved(named: &Named, resource: &Resource) -> Option<Violation> {
    let is_same = Resource::parse(named.kind, &named.id).is_ok_and(|other| other == *resource);
    let message = format!("stays as it is: the note is about the {} `{}`", resource.kind().as_str(), resource.id());
    (!is_same).then(|| Violation::new(Code::NotUpdatable, "/resource".to_owned(), message, None))
}
