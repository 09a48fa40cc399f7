//! Notes, one item each, and the index `listed` by what they are about and when they were made.
//!
//! Every change is one conditional write of the whole item at its next version, with its cause in it, so the stream tells
//! who did what. That holds for a deletion too: it writes a last version without content, which reads pass over. A
//! removed item would bring nobody's name into the stream; and an item that stays keeps the id taken, the log readable and
//! a repeated creation from bringing the note back. It is 0.3 KB that nothing reads.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use shared::ids::MerchantId;
use shared::network::audit;
use shared::network::note::{self, Content, NoteId, Resource, ResourceKind};
use shared::time::Timestamp;

use super::audit::{Audited, Event};
use super::keys::{Key, Kind, listed_at, notes_of};
use super::listing::Range;
use super::stored::Cause;
use super::table::{Item, item_key};
use super::{StoreError, Table};

/// A note at a version.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) merchant: MerchantId,
    pub(crate) id: NoteId,
    /// Raised by one with every change; its `ETag`.
    pub(crate) version: u64,
    pub(crate) resource: Resource,
    /// None once it is deleted.
    pub(crate) content: Option<Content>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Why it is at its version.
    pub(crate) cause: Cause,
}

impl Note {
    /// The wire form.
    pub(crate) fn shown(&self) -> note::Note {
        note::Note {
            id: self.id.to_string(),
            resource: (&self.resource).into(),
            content: self.content.clone(),
            created_at: self.created_at.to_rfc3339_milliseconds(),
            updated_at: self.updated_at.to_rfc3339_milliseconds(),
        }
    }

    /// What requests under keys have left.
    pub(crate) fn marks(&self) -> &[String] {
        self.cause.marks.as_deref().unwrap_or_default()
    }

    fn json(&self) -> Result<Box<RawValue>, StoreError> {
        to_raw_value(&self.shown()).map_err(fault)
    }
}

/// Its item.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    key: Key,
    version: u64,
    /// What it is about. The stream's filter knows a note by this attribute.
    noted_type: ResourceKind,
    noted_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<Content>,
    /// Milliseconds since the epoch.
    created_at: i64,
    updated_at: i64,
    /// Partition of the index `listed`, and the place in it; absent once the note is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    list_pk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    list_sk: Option<String>,
    #[serde(flatten)]
    cause: Cause,
}

/// The attribute that every version of a note has, and nothing else.
pub(crate) const NOTED_TYPE: &str = "noted_type";

fn fault(error: impl std::fmt::Display) -> StoreError {
    StoreError::Fault(format!("a note is unreadable: {error}"))
}

fn to_item(note: &Note) -> Result<Item, StoreError> {
    let listed = note
        .content
        .as_ref()
        .map(|_| (notes_of(&note.merchant, &note.resource), listed_at(note.created_at, note.id.as_str())));
    let (list_pk, list_sk) = listed.unzip();
    let stored = Stored {
        key: Key::note(&note.merchant, &note.id),
        version: note.version,
        noted_type: note.resource.kind(),
        noted_id: note.resource.id(),
        content: note.content.clone(),
        created_at: note.created_at.milliseconds(),
        updated_at: note.updated_at.milliseconds(),
        list_pk,
        list_sk,
        cause: note.cause.clone(),
    };
    serde_dynamo::to_item(stored).map_err(fault)
}

/// Reads a note back, from the table or from its stream.
pub(crate) fn from_item(item: impl Into<serde_dynamo::Item>) -> Result<Note, StoreError> {
    let stored: Stored = serde_dynamo::from_item(item.into()).map_err(fault)?;
    let (Kind::Note(id), Some(merchant)) = (stored.key.kind(), stored.key.merchant()) else {
        return Err(fault("its key is that of no note"));
    };
    Ok(Note {
        id: NoteId::parse(id).map_err(fault)?,
        merchant,
        version: stored.version,
        resource: Resource::parse(stored.noted_type, &stored.noted_id).map_err(fault)?,
        content: stored.content,
        created_at: Timestamp::from_milliseconds(stored.created_at),
        updated_at: Timestamp::from_milliseconds(stored.updated_at),
        cause: stored.cause,
    })
}

/// A change of a note, as the stream tells it.
#[derive(Clone, Debug)]
pub(crate) struct NoteChange {
    after: Note,
    changes: Vec<audit::Change>,
}

impl NoteChange {
    /// From the note before, if there was one, to the note after.
    pub(crate) fn between(before: Option<&Note>, after: Note) -> Result<Self, StoreError> {
        let changes = match before {
            Some(before) => audit::changes(&before.json()?, &after.json()?),
            None => Vec::new(),
        };
        Ok(Self { after, changes: audit::without_card_numbers(changes) })
    }
}

impl Audited for NoteChange {
    fn event(&self) -> Event {
        let Note { merchant, id, version, updated_at, cause, .. } = &self.after;
        Event::new(Key::audit(&Key::note(merchant, id), *version), *updated_at, cause, &self.changes)
    }
}

/// A page of a list of notes.
#[derive(Debug)]
pub(crate) struct NotesPage {
    /// Each with its place in the list.
    pub(crate) notes: Vec<(Note, String)>,
    /// After which place the list goes on; none at its end.
    pub(crate) next: Option<String>,
}

impl Table {
    /// A note, strongly consistent, when the merchant has or had it.
    pub(crate) async fn note(&self, merchant: &MerchantId, id: &NoteId) -> Result<Option<Note>, StoreError> {
        self.get(&Key::note(merchant, id)).await?.map(from_item).transpose()
    }

    /// Inserts a note: false when its id is taken.
    pub(crate) async fn insert_note(&self, note: &Note) -> Result<bool, StoreError> {
        self.put_if(to_item(note)?, |request| request.condition_expression("attribute_not_exists(pk)")).await
    }

    /// Puts the next version of a note in the place of the one before it: false when that has changed.
    pub(crate) async fn replace_note(&self, next: &Note) -> Result<bool, StoreError> {
        let before = AttributeValue::N(next.version.saturating_sub(1).to_string());
        self.put_if(to_item(next)?, |request| {
            request.condition_expression("version = :before").expression_attribute_values(":before", before)
        })
        .await
    }

    /// The notes of a thing, the newest first: those after the place `after`, without as many as are skipped. The index
    /// follows the table within moments, so a page may be without a note that has just been made, or is just deleted.
    pub(crate) async fn notes(
        &self,
        merchant: &MerchantId,
        resource: &Resource,
        after: Option<&str>,
        (skip, size): (usize, usize),
    ) -> Result<NotesPage, StoreError> {
        // A colon stands after the digits.
        let high = after.unwrap_or(":").to_owned();
        let range = Range { low: "0".to_owned(), high, is_ascending: false };
        // The entry at which the list goes on comes again, and one more than is shown says whether there is more.
        let asked = skip.saturating_add(size).saturating_add(1).saturating_add(usize::from(after.is_some()));
        let entries = self.entries(&notes_of(merchant, resource), &range, asked).await?;
        let mut entries: Vec<_> =
            entries.into_iter().filter(|entry| Some(entry.list_sk.as_str()) != after).skip(skip).collect();
        let has_more = entries.len() > size;
        entries.truncate(size);
        let next = entries.last().filter(|_| has_more).map(|last| last.list_sk.clone());
        let places = entries.into_iter().filter_map(|entry| {
            let key = Key::note(merchant, &NoteId::parse(&entry.sk).ok()?);
            Some((key, entry.list_sk))
        });
        let places: Vec<(Key, String)> = places.collect();
        let keys: Vec<Key> = places.iter().map(|(key, _)| key.clone()).collect();
        let mut found = std::collections::HashMap::new();
        for item in self.get_many(&keys, false).await? {
            if let Some(key) = item_key(&item) {
                found.insert(key, from_item(item)?);
            }
        }
        let note = |(key, place): (Key, String)| Some((found.remove(&key)?, place));
        let notes = places.into_iter().filter_map(note).filter(|(note, _)| note.content.is_some()).collect();
        Ok(NotesPage { notes, next })
    }
}

#[cfg(test)]
mod tests {
    use shared::network::note::{Author, TextFormat};

    use super::*;

    fn note() -> Note {
        Note {
            merchant: MerchantId::parse("b234ee56-7890-4f12-a123-4567890abcde").unwrap(),
            id: NoteId::new([7; 12]),
            version: 3,
            resource: Resource::Product("a#b".to_owned()),
            content: Some(Content {
                text: "paid with 4111 1111 1111 1111".to_owned(),
                format: TextFormat::Markdown,
                is_internal: true,
                author: Author { id: "u".to_owned(), name: "Ada".to_owned() },
            }),
            created_at: Timestamp::from_milliseconds(1_697_533_200_042),
            updated_at: Timestamp::from_milliseconds(1_697_533_200_043),
            cause: Cause { action: Some("Update".to_owned()), ..Cause::default() },
        }
    }

    #[test]
    fn notes_read_back_and_stand_in_the_index_until_they_are_deleted() {
        let item = to_item(&note()).unwrap();
        assert_eq!(item["list_pk"].as_s().unwrap(), "b234ee56-7890-4f12-a123-4567890abcde#note#Product#a#b");
        assert_eq!(item["list_sk"].as_s().unwrap(), "1697533200042#070707070707070707070707");
        assert!(item.contains_key(NOTED_TYPE));
        let read = from_item(item).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", note()));
        let deleted = to_item(&Note { content: None, ..note() }).unwrap();
        assert!(
            !deleted.contains_key("list_pk") && !deleted.contains_key("list_sk") && !deleted.contains_key("content")
        );
        assert!(deleted.contains_key(NOTED_TYPE));
        assert!(from_item(deleted).unwrap().content.is_none());
    }

    #[test]
    fn a_deletion_tells_what_is_gone_without_numbers_of_cards() {
        let deleted = Note { content: None, version: 4, ..note() };
        let change = NoteChange::between(Some(&note()), deleted).unwrap();
        let told: Vec<String> =
            change.changes.iter().map(|change| format!("{} {} {}", change.pointer, change.from, change.to)).collect();
        assert_eq!(
            told,
            [
                r#"/author {"id":"u","name":"Ada"} null"#,
                r#"/format "Markdown" null"#,
                "/isInternal true null",
                r#"/text "paid with **** **** **** ****" null"#
            ]
        );
        let event = serde_json::to_value(change.event()).unwrap();
        assert_eq!(event["pk"], "b234ee56-7890-4f12-a123-4567890abcde#audit#note#070707070707070707070707");
        assert_eq!(event["sk"], "0000000004");
    }
}
