//! The note service (`/note/v1`). [`crate::app::notes`] has the logic, [`super::audit`] the log.

use shared::body::note::{CreateNote, ReplaceNote};
use shared::ids::MerchantId;
use shared::order_network::note::{Content, Note as View, NoteAuthor, Resource, ResourceKind, TextFormat};

use super::answer::{Collection, Created, Shown, Versioned};
use super::body::{Body, Draft};
use super::caller::NetworkCaller;
use super::entity::{self, Answer, created, versioned};
use super::paging::{List, Page};
use super::query::{One, Required, query};
use super::route::{Route, routes};
use super::target::Change;
use crate::app::notes;
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::entity::{Stored, Viewed};
use crate::store::keys::notes_of;
use crate::store::notes::Note;
use crate::store::page::List as Place;

pub(super) const ROUTES: &[Route] = routes! {
    OrdersManage POST "/note/v1/notes" create, "createNote", "Creates a note on an order, one of its items, a shipment or a product.", [NotFound];
    OrdersQuery GET "/note/v1/notes" list, "listNotes", "Lists the notes of one thing, newest first.", [];
    OrdersQuery GET "/note/v1/notes/{noteId}" entity::read::<Note>, "readNote", "Reads a note.", [];
    OrdersManage PUT "/note/v1/notes/{noteId}" replace, "replaceNote", "Replaces a note's text, format, visibility and author.", [NotUpdatable];
    OrdersManage DELETE "/note/v1/notes/{noteId}" entity::delete::<Note>, "deleteNote", "Deletes a note; its log stays.", [];
};

impl Shown for View {
    const NAME: &'static str = "note";
    const PLURAL: &'static str = "notes";
}

query! {
    /// The subject of the notes.
    Filters {
        /// The type of the resource that the notes are about.
        "resourceType" kind: Required<One<ResourceKind>>;
        /// The id of the resource.
        "resourceId" id: Required<String>;
    }
}

async fn create(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    collection: Collection,
    Body { value, warnings, .. }: Body<CreateNote>,
) -> Result<Created<Answer<Note>>, Refusal> {
    let content = content(&merchant, value.text, value.format, value.is_internal, value.author);
    let note = notes::create(&table, &merchant, &value.resource, content).await?;
    Ok(created(&table, &collection, &note, warnings))
}

async fn list(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    list: List<Filters>,
) -> Result<Page<View>, Refusal> {
    let (Required(One(kind)), Required(id)) = (&list.filters.kind, &list.filters.id);
    let name = format!("notes {} {id}", kind.as_str());
    // An id that is invalid for this type of resource has no notes.
    let notes = Resource::parse(*kind, id).ok().map(|resource| Place::Listed(notes_of(&merchant, &resource)));
    list.entities(&table, &name, notes, |note| Note::view(note, table.context.now())).await
}

async fn replace(change: Change, draft: Draft<ReplaceNote>) -> Result<Versioned<Answer<Note>>, Refusal> {
    let (Body { value, warnings, .. }, repeated) = draft.repeating::<Note>(&change).await?;
    let content = content(&change.merchant, value.text, value.format, value.is_internal, value.author);
    let edit = |note: &Stored<Note>| {
        repeated.check(note)?;
        Ok(Note { content: Some(content.clone()), ..note.value.clone() })
    };
    let note = change.target().change(&change.table, "Update", edit).await?;
    Ok(versioned(&change.table, &note, warnings))
}

/// The content of a note; the author defaults to the merchant.
fn content(
    merchant: &MerchantId,
    text: String,
    format: TextFormat,
    is_internal: bool,
    author: Option<NoteAuthor>,
) -> Content {
    let caller = || NoteAuthor { id: merchant.to_string(), name: "Merchant".to_owned() };
    Content { text, format, is_internal, author: author.unwrap_or_else(caller) }
}
