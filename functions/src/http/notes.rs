//! Handlers of the note service (`/note/v1`).
//!
//! Each answers with the note and its version as `ETag`; what a body must be like stands in [`body`], what becomes of a
//! note in [`crate::app::notes`], and its log is read in [`super::audit`].

mod body;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use shared::limits::BULK_ANSWER_BYTES_MAX;
use shared::network::note::{Note as Shown, Resource, ResourceKind};
use shared::network::problem::Violation;

use self::body::Reading;
use super::body::JsonBody;
use super::caller::NetworkCaller;
use super::manage::version_of;
use super::network::{is_strict, raw, tagged};
use super::paging::Cursors;
use super::parameters::PathParameter;
use super::query::{Asked, PageAnswer, RawQuery, refuse};
use crate::app::entity::Target;
use crate::app::notes::{create as create_note, replace as replace_note};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::entity::Stored;
use crate::store::keys::notes_of;
use crate::store::notes::Note;
use crate::store::page::{List, Page};

/// One note, with what was noticed in the body.
#[derive(Serialize)]
struct Envelope {
    note: Shown,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Violation>,
}

/// A page of notes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notes {
    notes: Vec<Box<RawValue>>,
    #[serde(flatten)]
    page: PageAnswer,
}

/// `POST /note/v1/notes`: 201 with the note; 400; 403; 404 where the merchant has not what it is about.
pub(crate) async fn create(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    JsonBody(bytes): JsonBody,
) -> Result<Response, Refusal> {
    let new = body::new_note(&bytes, Reading { merchant: &merchant, strict: is_strict(&headers) })?;
    let note = create_note(&table, &merchant, &new.named, new.content).await?;
    let mut response = envelope(&note, new.warnings);
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(location) = HeaderValue::from_str(&format!("/note/v1/notes/{}", note.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// What the notes of a list are about.
fn resource(asked: &Asked) -> Result<(ResourceKind, &str), Refusal> {
    let named = asked.text(RESOURCE_TYPE).unwrap_or_default();
    let kind = ResourceKind::parse(named).ok_or_else(|| {
        let known = ResourceKind::ALL.map(ResourceKind::as_str).join(", ");
        if named.is_empty() {
            let message = format!("`{RESOURCE_TYPE}` is one of {known} and is required");
            return Refusal::parameter(RESOURCE_TYPE, message, None);
        }
        refuse(RESOURCE_TYPE, &format!("one of {known}"), named)
    })?;
    let id = asked.text(RESOURCE_ID).ok_or_else(|| {
        let message = format!("`{RESOURCE_ID}` is the id of what the notes are about and is required");
        Refusal::parameter(RESOURCE_ID, message, None)
    })?;
    Ok((kind, id))
}

const RESOURCE_TYPE: &str = "resourceType";
const RESOURCE_ID: &str = "resourceId";

/// `GET /note/v1/notes?resourceType&resourceId`: 200 with a page of the notes of one thing, the newest first; 400. A page
/// whose notes would not fit into an answer ends early, with a cursor; one asked for by its number is 400 there.
pub(crate) async fn list(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    cursors: Cursors,
    query: RawQuery,
) -> Result<Json<Notes>, Refusal> {
    let asked = query.read(&[RESOURCE_TYPE, RESOURCE_ID])?;
    let ((kind, id), page) = (resource(&asked)?, &asked.page);
    let list = format!("notes {} {id}", kind.as_str());
    let after = page.cursor.as_deref().map(|cursor| cursors.open(&list, cursor)).transpose()?;
    let (mut notes, mut next) = (Vec::new(), None);
    // What nothing can have as its id has no notes.
    if let Ok(resource) = &Resource::parse(kind, id) {
        let found =
            table.page(List::Listed(notes_of(&merchant, resource)), after.as_deref(), (page.skip(), page.size)).await?;
        (notes, next) = written(found)?;
        page.require_whole(notes.len(), next.is_some())?;
        next = next.map(|place| cursors.seal(&list, &place));
    }
    Ok(Json(Notes { notes, page: asked.answered(next) }))
}

/// As many notes of a page as an answer has room for, and after which place the list goes on.
fn written(page: Page<Note>) -> Result<(Vec<Box<RawValue>>, Option<String>), Refusal> {
    let (mut rows, mut bytes, mut last) = (Vec::new(), 0_usize, None);
    for (note, place) in page.rows {
        let row = raw(&note.shown())?;
        let escaped = row.get().bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
        bytes = bytes.saturating_add(row.get().len()).saturating_add(escaped);
        if bytes > BULK_ANSWER_BYTES_MAX && !rows.is_empty() {
            return Ok((rows, last));
        }
        rows.push(row);
        last = Some(place);
    }
    Ok((rows, page.next))
}

/// `GET /note/v1/notes/{noteId}`: 200 with the note and its `ETag`; 404.
pub(crate) async fn read(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    PathParameter(id): PathParameter,
) -> Result<Response, Refusal> {
    let note = Target { merchant: &merchant, id: &id, versions: None }.read(&table).await?;
    Ok(envelope(&note, Vec::new()))
}

/// `PUT /note/v1/notes/{noteId}`: 200 with the note, whose text, format, `isInternal` and author are those of the body or
/// their defaults; 400; 403; 404; 412.
pub(crate) async fn replace(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    PathParameter(id): PathParameter,
    JsonBody(bytes): JsonBody,
) -> Result<Response, Refusal> {
    let new = body::replacement(&bytes, &id, Reading { merchant: &merchant, strict: is_strict(&headers) })?;
    let versions = version_of(&headers);
    let target = Target { merchant: &merchant, id: &id, versions: versions.as_ref() };
    let note = replace_note(&table, target, &new.content, new.named.as_ref()).await?;
    Ok(envelope(&note, new.warnings))
}

/// `DELETE /note/v1/notes/{noteId}`: 204; 404; 412. The log of the note stays.
pub(crate) async fn delete(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    PathParameter(id): PathParameter,
) -> Result<StatusCode, Refusal> {
    let versions = version_of(&headers);
    Target { merchant: &merchant, id: &id, versions: versions.as_ref() }.delete::<Note>(&table).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn envelope(note: &Stored<Note>, warnings: Vec<Violation>) -> Response {
    tagged(note.version, Json(Envelope { note: note.shown(), warnings }))
}
