//! The one way to change a stored item: read it, decide, and write the next version if nobody has written since;
//! otherwise start again.

use shared::Code;

use crate::refusal::Refusal;
use crate::store::cause::Versioned;
use crate::store::{StoreError, Table};

/// Attempts at a change that meets other changes.
const ROUNDS_MAX: u32 = 16;

/// The decision about an item as it was read.
pub(crate) enum Decision<K, N> {
    Keep(K),
    Write(u64, N),
}

pub(crate) enum Outcome<F, K, N> {
    /// The item does not exist; true if an earlier round attempted a write.
    Gone(bool),
    /// The same request, under its key, has already made the change. Has the item as it is now.
    Repeated(F),
    Kept(K),
    Written(N),
    /// Other changes came first in every round.
    Overtaken,
}

/// The refusal for [`Outcome::Overtaken`]; the client may try again.
pub(crate) fn overtaken(name: &str) -> Refusal {
    Refusal::new(Code::TryAgain, format!("the {name} was changed by others each time"))
}

/// A change of one item, which is read as an `F`.
pub(crate) trait Change<F: Versioned> {
    /// Returned if there is nothing to write.
    type Kept;
    type Next;
    type Error: From<StoreError>;

    /// The index of this change among those of the request.
    fn part(&self) -> usize {
        0
    }

    /// Reads the item, strongly consistent.
    async fn read(&self, table: &Table) -> Result<Option<F>, StoreError>;

    fn decide(&self, table: &Table, found: F) -> Result<Decision<Self::Kept, Self::Next>, Self::Error>;

    /// Writes the next version on condition of the one that was read: false if the condition failed.
    async fn write(&self, table: &Table, next: &Self::Next) -> Result<bool, StoreError>;
}

/// Makes a change; retries conflicts.
pub(crate) async fn carry_out<F: Versioned, C: Change<F>>(
    table: &Table,
    change: &C,
) -> Result<Outcome<F, C::Kept, C::Next>, C::Error> {
    let mut attempted: Option<(u64, C::Next)> = None;
    for round in 0..ROUNDS_MAX {
        table.context.pause(round).await;
        let Some(found) = change.read(table).await? else { return Ok(Outcome::Gone(attempted.is_some())) };
        // If a write was repeated because its response was lost, the second one meets the first; writing again could
        // count twice.
        if let Some((version, next)) = attempted.take()
            && found.is_written_by(table.request_id.as_deref(), version)
        {
            return Ok(Outcome::Written(next));
        }
        if table.mark(change.part()).is_some_and(|mark| found.has_mark(&mark)) {
            return Ok(Outcome::Repeated(found));
        }
        match change.decide(table, found)? {
            Decision::Keep(kept) => return Ok(Outcome::Kept(kept)),
            Decision::Write(_, next) if change.write(table, &next).await? => return Ok(Outcome::Written(next)),
            Decision::Write(version, next) => attempted = Some((version, next)),
        }
    }
    Ok(Outcome::Overtaken)
}
