//! The one way in which a stored thing is changed on whatever it has become meanwhile: read it, decide, write the next
//! version if nobody has written since; otherwise do all of that again on what the other has left.

use shared::Code;

use crate::refusal::Refusal;
use crate::store::cause::Versioned;
use crate::store::{StoreError, Table};

/// How often a change that met another is made again.
const ROUNDS_MAX: u32 = 16;

/// What is to be done to a thing as it was read.
pub(crate) enum Decision<K, N> {
    /// Nothing: it is as it should be.
    Keep(K),
    /// This version is to be written.
    Write(u64, N),
}

/// How a change came out.
pub(crate) enum Outcome<F, K, N> {
    /// The thing is not there; whether a write of this change has been attempted before.
    Gone(bool),
    /// The same request, under its key, has made the change before. The thing is as it has become since.
    Repeated(F),
    /// There was nothing to write.
    Kept(K),
    /// This was written.
    Written(N),
    /// Others were faster each time.
    Overtaken,
}

/// Refuses a change that was [`Outcome::Overtaken`]; the client may try again.
pub(crate) fn overtaken(name: &str) -> Refusal {
    Refusal::new(Code::TryAgain, format!("the {name} was changed by others each time"))
}

/// A change of one thing, which is read as an `F`.
pub(crate) trait Change<F: Versioned> {
    /// What is handed back where there is nothing to write.
    type Kept;
    /// What is to be written.
    type Next;
    /// Why the change is not made.
    type Error: From<StoreError>;

    /// Which of the request's changes this is: its index in a bulk, or 0.
    fn part(&self) -> usize {
        0
    }

    /// Reads the thing, strongly consistent.
    async fn read(&self, table: &Table) -> Result<Option<F>, StoreError>;

    /// Decides what is to be done to it, or refuses.
    fn decide(&self, table: &Table, found: F) -> Result<Decision<Self::Kept, Self::Next>, Self::Error>;

    /// Writes the next version on the condition of the version that was read: whether that held.
    async fn write(&self, table: &Table, next: &Self::Next) -> Result<bool, StoreError>;
}

/// Makes a change until it holds.
pub(crate) async fn carry_out<F: Versioned, C: Change<F>>(
    table: &Table,
    change: &C,
) -> Result<Outcome<F, C::Kept, C::Next>, C::Error> {
    let mut attempted: Option<(u64, C::Next)> = None;
    for round in 0..ROUNDS_MAX {
        table.context.pause(round).await;
        let Some(found) = change.read(table).await? else { return Ok(Outcome::Gone(attempted.is_some())) };
        // A write whose answer was lost, and that was sent again, meets itself; made once more it could count twice.
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
