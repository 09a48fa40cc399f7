//! Handlers of the note service (`/note/v1`).
//!
//! Each answers with the note and its version as `ETag`; what a body must be like stands in [`body`], what becomes of a
//! note in [`crate::app::notes`], and its log is read in [`super::audit`].

mod body;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::Code;
use shared::limits::{ATTEMPTED_VALUE_BYTES_MAX, BULK_ANSWER_BYTES_MAX};
use shared::network::note::{Note as Shown, Resource, ResourceKind};
use shared::network::problem::Violation;

use self::body::Reading;
use super::body::JsonBody;
use super::caller::NetworkCaller;
use super::manage::version_of;
use super::network::{is_strict, raw, tagged};
use super::paging::{Cursors, PageParameters};
use super::parameters::{PathParameter, QueryParameters};
use crate::app::notes::{Target, create as create_note};
use crate::refusal::Refusal;
use crate::store::Table;
use crate::store::notes::{Note, NotesPage};

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
    page: Option<usize>,
    page_size: usize,
    next_cursor: Option<String>,
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

/// The query of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListParameters {
    #[serde(default)]
    resource_type: String,
    #[serde(default)]
    resource_id: String,
    page: Option<String>,
    page_size: Option<String>,
    cursor: Option<String>,
}

impl ListParameters {
    /// What the notes are about; none where nothing can have that id.
    fn resource(&self) -> Result<Option<Resource>, Refusal> {
        let kind = ResourceKind::parse(&self.resource_type).ok_or_else(|| {
            let shown: String = self.resource_type.chars().take(ATTEMPTED_VALUE_BYTES_MAX).collect();
            let known = ResourceKind::ALL.map(ResourceKind::as_str).join(", ");
            let not = if shown.is_empty() { " and is required".to_owned() } else { format!(", not `{shown}`") };
            Refusal::new(Code::InvalidParameter, format!("`resourceType` is one of {known}{not}"))
        })?;
        if self.resource_id.is_empty() {
            return Err(Refusal::new(Code::InvalidParameter, "`resourceId` is the id of what the notes are about"));
        }
        Ok(Resource::parse(kind, &self.resource_id).ok())
    }
}

/// `GET /note/v1/notes?resourceType&resourceId`: 200 with a page of the notes of one thing, the newest first; 400. A page
/// whose notes would not fit into an answer ends early, with a cursor; one asked for by its number is 400 there.
pub(crate) async fn list(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    cursors: Cursors,
    QueryParameters(parameters): QueryParameters<ListParameters>,
) -> Result<Json<Notes>, Refusal> {
    let resource = parameters.resource()?;
    let ListParameters { page, page_size, cursor, .. } = parameters;
    let page = PageParameters { page, page_size, cursor }.read()?;
    let (mut notes, mut next) = (Vec::new(), None);
    if let Some(resource) = &resource {
        let list = format!("notes {} {}", resource.kind().as_str(), resource.id());
        let after = page.cursor.as_deref().map(|cursor| cursors.open(&list, cursor)).transpose()?;
        let found = table.notes(&merchant, resource, after.as_deref(), (page.skip(), page.size)).await?;
        (notes, next) = written(found)?;
        page.require_whole(notes.len(), next.is_some())?;
        next = next.map(|place| cursors.seal(&list, &place));
    }
    Ok(Json(Notes { notes, page: page.number, page_size: page.size, next_cursor: next }))
}

/// As many notes of a page as an answer has room for, and after which place the list goes on.
fn written(page: NotesPage) -> Result<(Vec<Box<RawValue>>, Option<String>), Refusal> {
    let (mut rows, mut bytes, mut last) = (Vec::new(), 0_usize, None);
    for (note, place) in page.notes {
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
    let (note, _) = Target { merchant: &merchant, id: &id, versions: None }.read(&table).await?;
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
    let versions = version_of(&headers)?;
    let target = Target { merchant: &merchant, id: &id, versions: versions.as_ref() };
    let note = target.replace(&table, &new.content, new.named.as_ref()).await?;
    Ok(envelope(&note, new.warnings))
}

/// `DELETE /note/v1/notes/{noteId}`: 204; 404; 412. The log of the note stays.
pub(crate) async fn delete(
    NetworkCaller(merchant): NetworkCaller,
    table: Table,
    headers: HeaderMap,
    PathParameter(id): PathParameter,
) -> Result<StatusCode, Refusal> {
    let versions = version_of(&headers)?;
    Target { merchant: &merchant, id: &id, versions: versions.as_ref() }.delete(&table).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn envelope(note: &Note, warnings: Vec<Violation>) -> Response {
    tagged(note.version, Json(Envelope { note: note.shown(), warnings }))
}
