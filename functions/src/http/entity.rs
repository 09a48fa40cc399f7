//! Handlers and answers that are the same for every entity.

use shared::order_network::problem::Violation;

use super::answer::{Collection, Created, Deleted, Envelope, Versioned};
use super::target::{Change, Find};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::entity::{Entity, Stored, Viewed};

/// An entity as clients see it.
pub(super) type Answer<E> = Envelope<<E as Viewed>::View>;

pub(super) async fn read<E: Viewed>(find: Find) -> Result<Versioned<Answer<E>>, Refusal> {
    let stored = find.target().read::<E>(&find.table).await?;
    Ok(versioned(&find.table, &stored, Vec::new()))
}

pub(super) async fn delete<E: Entity>(change: Change) -> Result<Deleted, Refusal> {
    change.target().delete::<E>(&change.table).await?;
    Ok(Deleted)
}

/// The answer to a change.
pub(super) fn versioned<E: Viewed>(
    table: &Table,
    stored: &Stored<E>,
    warnings: Vec<Violation>,
) -> Versioned<Answer<E>> {
    let shown = E::view(stored, table.context.now());
    Versioned { version: stored.version, body: Envelope { shown, warnings } }
}

/// The answer to a creation.
pub(super) fn created<E: Viewed>(
    table: &Table,
    collection: &Collection,
    stored: &Stored<E>,
    warnings: Vec<Violation>,
) -> Created<Answer<E>> {
    let Versioned { version, body } = versioned(table, stored, warnings);
    Created { location: Some(collection.location(&stored.id)), version, body }
}
