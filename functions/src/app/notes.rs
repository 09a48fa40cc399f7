//! Notes: making, changing, deleting them.
//!
//! A change is made to the version that was read, in one conditional write. With an `If-Match` the caller says which
//! version that must be; without one a change that meets another is made again on what the other left. A change under an
//! idempotency key leaves a mark, by which it is known as done when it comes again.

use shared::Code;
use shared::ids::MerchantId;
use shared::network::note::{Content, NoteId, Resource, ResourceKind};
use shared::network::problem::Violation;

use super::precondition::Versions;
use crate::refusal::Refusal;
use crate::store::idempotency::with_mark;
use crate::store::notes::Note;
use crate::store::stored::Cause;
use crate::store::{StoreError, Table};

/// How often a change is made again that met another.
const ROUNDS_MAX: u32 = 16;

/// What a new note is about, as its body has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) kind: ResourceKind,
    pub(crate) id: String,
}

impl Named {
    /// Finds the thing: another merchant's is not there. There is no catalog yet, so any product is.
    async fn find(&self, table: &Table, merchant: &MerchantId) -> Result<Resource, Refusal> {
        let resource = Resource::parse(self.kind, &self.id).map_err(|_| self.not_found())?;
        let is_there = match &resource {
            Resource::Order(id) => table.order(merchant, id).await?.is_some(),
            Resource::OrderItem(id, index) => {
                table.order(merchant, id).await?.is_some_and(|order| *index < order.state.lines.count())
            }
            Resource::Shipment(id) => table
                .order(merchant, id.order())
                .await?
                .is_some_and(|order| order.state.shipment(id.number()).is_some()),
            Resource::Product(_) => true,
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

/// Makes a note. One whose id is taken was made by the same request before.
pub(crate) async fn create(
    table: &Table,
    merchant: &MerchantId,
    named: &Named,
    content: Content,
) -> Result<Note, Refusal> {
    let resource = named.find(table, merchant).await?;
    let id = NoteId::new(table.bytes("note", 0).map_err(|error| {
        tracing::error!(%error, "no id can be drawn");
        Refusal::rule(Code::Internal)
    })?);
    let now = table.accepted_at();
    let cause =
        Cause { request_id: table.request_id.clone(), marks: table.mark(0).map(|mark| vec![mark]), ..Cause::default() };
    let note = Note {
        merchant: merchant.clone(),
        id,
        version: 1,
        resource,
        content: Some(content),
        created_at: now,
        updated_at: now,
        cause,
    };
    if table.insert_note(&note).await? || table.is_retry() {
        return Ok(note);
    }
    // A write whose answer was lost, and that was sent again, meets itself.
    match table.note(merchant, &note.id).await? {
        Some(found) if is_by(&found, table, 1) => Ok(note),
        _ => Err(Refusal::rule(Code::TryAgain)),
    }
}

/// Whether a note is at that version because this request has made it so.
fn is_by(note: &Note, table: &Table, version: u64) -> bool {
    note.version == version && table.request_id.is_some() && note.cause.request_id == table.request_id
}

/// The note that a request is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'t> {
    pub(crate) merchant: &'t MerchantId,
    /// As it stands in the path.
    pub(crate) id: &'t str,
    /// The versions of which it must have one (`If-Match`).
    pub(crate) versions: Option<&'t Versions>,
}

impl Target<'_> {
    /// Reads it, also where it is deleted: none where the merchant never had it.
    pub(crate) async fn read_any(&self, table: &Table) -> Result<Option<Note>, StoreError> {
        match NoteId::parse(self.id) {
            Ok(id) => table.note(self.merchant, &id).await,
            Err(_) => Ok(None),
        }
    }

    /// Reads it with what it says: a deleted one, or another merchant's, is not there.
    pub(crate) async fn read(&self, table: &Table) -> Result<(Note, Content), Refusal> {
        let found = self.read_any(table).await?.and_then(|note| Some((note.content.clone()?, note)));
        found.map(|(content, note)| (note, content)).ok_or_else(|| self.not_found())
    }

    pub(crate) fn not_found(&self) -> Refusal {
        Refusal::not_found("note", "id", self.id)
    }

    /// Gives the note other content, in place of all that it had. What it is about stays: a body that names it must name
    /// the same. One that changes nothing is not written.
    pub(crate) async fn replace(
        &self,
        table: &Table,
        content: &Content,
        (id, named): (Option<&str>, Option<Named>),
    ) -> Result<Note, Refusal> {
        self.change(table, "Update", |note| {
            let renamed = id.filter(|id| *id != note.id.as_str()).map(|_| {
                let message = format!("stays as it is: the note has the id `{}`", note.id);
                Violation::new(Code::NotUpdatable, "/id".to_owned(), message, None)
            });
            let moved = named.as_ref().and_then(|named| moved(named, &note.resource));
            let violations: Vec<Violation> = renamed.into_iter().chain(moved).collect();
            if violations.is_empty() { Ok(Some(content.clone())) } else { Err(Refusal::invalid(violations)) }
        })
        .await
    }

    /// Deletes the note. Its log stays.
    pub(crate) async fn delete(&self, table: &Table) -> Result<(), Refusal> {
        self.change(table, "Delete", |_| Ok(None)).await.map(|_| ())
    }

    async fn change(
        &self,
        table: &Table,
        action: &str,
        content: impl Fn(&Note) -> Result<Option<Content>, Refusal>,
    ) -> Result<Note, Refusal> {
        let mut attempted = None;
        for round in 0..ROUNDS_MAX {
            table.context.pause(round).await;
            let found = self.read_any(table).await?.ok_or_else(|| self.not_found())?;
            // A write whose answer was lost, and that was sent again, meets itself.
            if attempted.is_some_and(|version| is_by(&found, table, version)) {
                return Ok(found);
            }
            if found.content.is_none() {
                return Err(self.not_found());
            }
            let mark = table.mark(0);
            if mark.as_ref().is_some_and(|mark| found.marks().contains(mark)) {
                return Ok(found);
            }
            let content = content(&found)?;
            Versions::require(self.versions, "note", found.version)?;
            if content == found.content {
                return Ok(found);
            }
            let next = next(table, found, action, (content, mark));
            if table.replace_note(&next).await? {
                return Ok(next);
            }
            attempted = Some(next.version);
        }
        Err(Refusal::new(Code::TryAgain, "the note was changed by others each time"))
    }
}

/// The version after one that was found.
fn next(table: &Table, found: Note, action: &str, (content, mark): (Option<Content>, Option<String>)) -> Note {
    let marks = match mark {
        Some(mark) => Some(with_mark(found.marks(), mark)),
        None => found.cause.marks,
    };
    let cause =
        Cause { action: Some(action.to_owned()), request_id: table.request_id.clone(), marks, ..Cause::default() };
    let (version, updated_at) = (found.version.saturating_add(1), table.context.now());
    Note { version, updated_at, content, cause, ..found }
}

/// The rule that another resource than the note's breaks.
fn moved(named: &Named, resource: &Resource) -> Option<Violation> {
    let is_same = Resource::parse(named.kind, &named.id).is_ok_and(|other| other == *resource);
    let message = format!("stays as it is: the note is about the {} `{}`", resource.kind().as_str(), resource.id());
    (!is_same).then(|| Violation::new(Code::NotUpdatable, "/resource".to_owned(), message, None))
}
