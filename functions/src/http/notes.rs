//! The note service (`/note/v1`). [`crate::app::notes`] has the logic, [`super::audit`] the log.

use shared::body::note::{CreateNote, NamedAuthor, ReplaceNote};
use shared::ids::MerchantId;
use shared::order_network::note::{Author, Content, Note as View, Resource, ResourceKind, TextFormat};

use super::answer::{Collection, Created, Deleted, Envelope, Shown, Versioned};
use super::body::{Body, Draft};
use super::caller::NetworkCaller;
use super::paging::{List, Page};
use super::query::{One, Required, query};
use super::route::{Route, routes};
use super::target::{Change, Find};
use crate::app::notes;
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::entity::Stored;
use crate::store::keys::notes_of;
use crate::store::notes::Note;
use crate::store::page::List as Place;

pub(super) const ROUTES: &[Route] = routes! {
    OrdersManage POST "/note/v1/notes" create, "createNote", "Creates a note on an order, one of its items, a shipment or a product.", [NotFound];
    OrdersQuery GET "/note/v1/notes" list, "listNotes", "Lists the notes of one thing, newest first.", [];
    OrdersQuery GET "/note/v1/notes/{noteId}" read, "readNote", "Reads a note.", [];
    OrdersManage PUT "/note/v1/notes/{noteId}" replace, "replaceNote", "Replaces a note's text, format, visibility and author.", [NotUpdatable];
    OrdersManage DELETE "/note/v1/notes/{noteId}" delete, "deleteNote", "Deletes a note; its log stays.", [];
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
) -> Result<Created<Envelope<View>>, Refusal> {
    let content = content(&merchant, value.text, value.format, value.is_internal, value.author);
    let note = notes::create(&table, &merchant, &value.resource, content).await?;
    let location = Some(collection.location(&note.id));
    Ok(Created { location, version: note.version, body: Envelope { shown: note.shown(), warnings } })
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
    list.entities(&table, &name, notes, Stored::<Note>::shown).await
}

async fn read(find: Find) -> Result<Versioned<Envelope<View>>, Refusal> {
    let note = find.target().read::<Note>(&find.table).await?;
    Ok(Versioned { version: note.version, body: Envelope::of(note.shown()) })
}

async fn replace(change: Change, draft: Draft<ReplaceNote>) -> Result<Versioned<Envelope<View>>, Refusal> {
    let Body { value, warnings, .. } = match draft {
        Draft::Valid(body) => body,
        Draft::Broken(body) => {
            let (id, resource): (Option<String>, _) = (body.member("id"), body.member("resource"));
            let note = change.target().read::<Note>(&change.table).await;
            let found = note.map(|note| notes::changed(&note, id.as_deref(), resource.as_ref()));
            return Err(body.with(found.unwrap_or_default()));
        }
    };
    let content = content(&change.merchant, value.text, value.format, value.is_internal, value.author);
    let note = notes::replace(&change.table, change.target(), &content, (value.id.as_deref(), value.resource.as_ref()))
        .await?;
    Ok(Versioned { version: note.version, body: Envelope { shown: note.shown(), warnings } })
}

async fn delete(change: Change) -> Result<Deleted, Refusal> {
    change.target().delete::<Note>(&change.table).await?;
    Ok(Deleted)
}

/// The content of a note; the author defaults to the merchant.
fn content(
    merchant: &MerchantId,
    text: String,
    format: Option<TextFormat>,
    is_internal: Option<bool>,
    author: Option<NamedAuthor>,
) -> Content {
    let caller = || Author { id: merchant.to_string(), name: "Merchant".to_owned() };
    Content {
        text,
        format: format.unwrap_or_default(),
        is_internal: is_internal.unwrap_or_default(),
        author: author.map_or_else(caller, Into::into),
    }
}
