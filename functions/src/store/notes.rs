//! Notes, listed by resource and time of creation.
//!
//! A deleted note leaves a last version without content, which reads skip. Removing the item would leave no author in
//! the stream; keeping it reserves the id, keeps the log readable and stops a repeated creation from restoring the
//! note. It costs 0.3 KB of storage.

use serde::{Deserialize, Serialize};
use shared::ids::MerchantId;
use shared::order_network::note::{self, Content, NoteId, Resource};
use shared::time::Timestamp;

use super::entity::{Entity, Logged, Stored, Viewed};
use super::keys::{Key, notes_of};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) resource: Resource,
    /// `None` once it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<Content>,
}

impl Entity for Note {
    type Id = NoteId;
    const NAME: &'static str = "note";

    fn key(merchant: &MerchantId, id: &NoteId) -> Key {
        Key::note(merchant, id)
    }

    fn list(&self, merchant: &MerchantId) -> Option<String> {
        self.content.as_ref().map(|_| notes_of(merchant, &self.resource))
    }

    fn tombstone(&self) -> Option<Self> {
        Some(Self { content: None, ..self.clone() })
    }

    fn is_deleted(&self) -> bool {
        self.content.is_none()
    }
}

impl Viewed for Note {
    type View = note::Note;

    fn view(stored: &Stored<Self>, _now: Timestamp) -> note::Note {
        note::Note {
            id: stored.id.to_string(),
            resource: stored.resource.clone().into(),
            content: stored.content.clone(),
            created_at: stored.created_at.to_rfc3339_milliseconds(),
            updated_at: stored.updated_at.to_rfc3339_milliseconds(),
        }
    }
}

impl Logged for Note {}

#[cfg(test)]
mod tests {
    use shared::order_network::note::{NoteAuthor, TextFormat};

    use super::*;
    use crate::store::audit::Audited;
    use crate::store::cause::Cause;
    use crate::store::entity::EntityChange;

    fn note() -> Stored<Note> {
        Stored {
            merchant: MerchantId::parse("b234ee56-7890-4f12-a123-4567890abcde").unwrap(),
            id: NoteId::new([7; 12]),
            version: 3,
            created_at: Timestamp::from_milliseconds(1_697_533_200_042),
            updated_at: Timestamp::from_milliseconds(1_697_533_200_043),
            cause: Cause { action: Some("Update".to_owned()), ..Cause::default() },
            value: Note {
                resource: Resource::Product("a#b".to_owned()),
                content: Some(Content {
                    text: "paid with 4111 1111 1111 1111".to_owned(),
                    format: TextFormat::Markdown,
                    is_internal: true,
                    author: NoteAuthor { id: "u".to_owned(), name: "Ada".to_owned() },
                }),
            },
        }
    }

    fn deleted() -> Stored<Note> {
        let now = Timestamp::from_milliseconds(1_697_533_200_044);
        let tombstone = note().tombstone().unwrap();
        note().next(tombstone, Cause::default(), now)
    }

    #[test]
    fn notes_read_back_and_stand_in_the_index_until_they_are_deleted() {
        let item = note().to_item().unwrap();
        assert_eq!(item["list_pk"].as_s().unwrap(), "b234ee56-7890-4f12-a123-4567890abcde#note#Product#a#b");
        assert_eq!(item["list_sk"].as_s().unwrap(), "1697533200042#070707070707070707070707");
        assert_eq!(item["entity"].as_s().unwrap(), "note");
        assert_eq!(Stored::<Note>::from_item(item).unwrap(), note());
        let item = deleted().to_item().unwrap();
        assert!(!item.contains_key("list_pk") && !item.contains_key("list_sk") && !item.contains_key("content"));
        assert_eq!(item["entity"].as_s().unwrap(), "note");
        assert_eq!(Stored::<Note>::from_item(item).unwrap(), deleted());
    }

    #[test]
    fn an_item_under_another_key_is_rejected() {
        let mut item = note().to_item().unwrap();
        item.insert("sk".to_owned(), item["pk"].clone());
        assert!(Stored::<Note>::from_item(item).is_err());
    }

    #[test]
    fn a_deletion_is_logged_without_card_numbers() {
        let change = EntityChange::between(Some(&note()), deleted()).unwrap();
        let shown: Vec<String> =
            change.changes.iter().map(|change| format!("{} {} {}", change.pointer, change.from, change.to)).collect();
        assert_eq!(
            shown,
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
