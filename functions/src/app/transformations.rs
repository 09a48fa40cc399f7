//! Transformations of inbound orders: making, changing, deleting them.
//!
//! A change is made to the version that was read. With an `If-Match` the caller says which version that must be;
//! without one a change that meets another is made again on what the other left. A change under an idempotency key leaves
//! a mark, by which it is known as done when it comes again.

use shared::Code;
use shared::ids::MerchantId;
use shared::network::inbound::TransformationId;
use shared::network::transform::Transformation;

use super::precondition::Versions;
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::idempotency::with_mark;
use crate::store::transformations::StoredTransformation;

/// How often a change is made again that met another.
const CHANGES_MAX: u32 = 5;

/// What a transformation is made of.
#[derive(Clone, Debug)]
pub(crate) struct NewTransformation {
    pub(crate) name: String,
    pub(crate) transformation: Transformation,
}

/// The transformation that a request is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) merchant: &'a MerchantId,
    /// As it stands in the path.
    pub(crate) id: &'a str,
    /// The versions of which it must have one (`If-Match`).
    pub(crate) versions: Option<&'a Versions>,
}

impl Target<'_> {
    /// Reads it: another merchant's is not there.
    pub(crate) async fn read(&self, table: &Table) -> Result<StoredTransformation, Refusal> {
        let found = match TransformationId::parse(self.id) {
            Ok(id) => table.transformation(self.merchant, &id).await?,
            Err(_) => None,
        };
        found.ok_or_else(|| not_found(self.id))
    }

    /// Makes sure that it is a version that the caller knows.
    fn matching(&self, found: StoredTransformation) -> Result<StoredTransformation, Refusal> {
        Versions::require(self.versions, "transformation", found.version)?;
        Ok(found)
    }
}

/// No transformation of the merchant has the id.
pub(crate) fn not_found(id: &str) -> Refusal {
    Refusal::not_found("transformation", "id", id)
}

/// Makes a transformation. One whose id is taken was made under the same key.
pub(crate) async fn create(
    table: &Table,
    merchant: &MerchantId,
    new: NewTransformation,
) -> Result<StoredTransformation, Refusal> {
    let bytes = table.bytes("transformation", 0).map_err(|error| {
        tracing::error!(%error, "no id can be drawn");
        Refusal::rule(Code::Internal)
    })?;
    let now = table.accepted_at();
    let created = StoredTransformation {
        merchant: merchant.clone(),
        id: TransformationId::new(bytes),
        version: 1,
        name: new.name,
        transformation: new.transformation,
        created_at: now,
        updated_at: now,
        marks: Vec::new(),
    };
    let is_new = table.insert_transformation(&created).await?;
    if is_new || table.is_retry() { Ok(created) } else { Err(Refusal::rule(Code::TryAgain)) }
}

/// Puts another content in the place of a transformation's. The same content again is not written.
pub(crate) async fn replace(
    table: &Table,
    target: Target<'_>,
    new: NewTransformation,
) -> Result<StoredTransformation, Refusal> {
    for attempt in 0..CHANGES_MAX {
        table.context.pause(attempt).await;
        let found = target.read(table).await?;
        let mark = table.mark(0);
        if mark.as_ref().is_some_and(|mark| found.marks.contains(mark)) {
            return Ok(found);
        }
        let found = target.matching(found)?;
        if found.name == new.name && found.transformation == new.transformation {
            return Ok(found);
        }
        let next = StoredTransformation {
            version: found.version.saturating_add(1),
            updated_at: table.context.now(),
            name: new.name.clone(),
            transformation: new.transformation.clone(),
            marks: mark.map_or_else(|| found.marks.clone(), |mark| with_mark(&found.marks, mark)),
            ..found
        };
        if table.replace_transformation(&next).await? {
            return Ok(next);
        }
    }
    Err(Refusal::rule(Code::TryAgain))
}

/// Deletes a transformation. Receipts that wait hold its rules and go on.
pub(crate) async fn delete(table: &Table, target: Target<'_>) -> Result<(), Refusal> {
    for attempt in 0..CHANGES_MAX {
        table.context.pause(attempt).await;
        let found = match target.read(table).await {
            // Ours, whose answer was lost, or another's at the same time.
            Err(refusal) if refusal.code == Code::NotFound && attempt > 0 => return Ok(()),
            found => target.matching(found?)?,
        };
        if table.delete_transformation(&found).await? {
            return Ok(());
        }
    }
    Err(Refusal::rule(Code::TryAgain))
}
