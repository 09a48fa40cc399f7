//! The bodies of the note service.

use crate::keyword::Keyword;
use crate::limits::{ID_CHARACTERS_MAX, NAME_CHARACTERS_MAX, NOTE_CHARACTERS_MAX};
use crate::order_network::note::{Author, ResourceKind, TextFormat};
use crate::validation::table::{Choice, Rule};

const ID: Rule = Rule::Id { min: 1, max: ID_CHARACTERS_MAX };
const TEXT: Rule = Rule::Prose { max: NOTE_CHARACTERS_MAX, lines: true };
const FORMAT: Rule = Rule::Choice(&Choice::of(TextFormat::NAMES));

object! {
    /// What a note is about.
    NamedResource {
        /// The kind of thing.
        "type" kind: ResourceKind = Rule::Choice(&Choice::of(ResourceKind::NAMES)), required;
        /// Its id.
        "id" id: String = ID, required;
    }
}

object! {
    /// Who wrote a note.
    NamedAuthor {
        /// An id of the merchant's choice.
        "id" id: String = ID, required;
        /// The name that readers see.
        "name" name: String = Rule::Prose { max: NAME_CHARACTERS_MAX, lines: false }, required;
    }
}

body! {
    /// A new note.
    CreateNote {
        /// What it is about; it cannot change later.
        "resource" resource: NamedResource = Rule::Object(&NamedResource::OBJECT), required;
        /// Its text, kept as it is sent.
        "text" text: String = TEXT, required;
        /// How to show the text; `PlainText` when absent.
        "format" format: TextFormat = FORMAT, optional;
        /// Whether only the merchant's own people should see it; false when absent.
        "isInternal" is_internal: bool = Rule::Boolean, optional;
        /// Who wrote it; the merchant itself when absent.
        "author" author: NamedAuthor = Rule::Object(&NamedAuthor::OBJECT), optional;
    }
}

body! {
    /// What takes the place of a note's text, format, visibility and author. A note may be sent back as it was read.
    ReplaceNote {
        /// Its text, kept as it is sent.
        "text" text: String = TEXT, required;
        /// How to show the text; `PlainText` when absent.
        "format" format: TextFormat = FORMAT, optional;
        /// Whether only the merchant's own people should see it; false when absent.
        "isInternal" is_internal: bool = Rule::Boolean, optional;
        /// Who wrote it; the merchant itself when absent.
        "author" author: NamedAuthor = Rule::Object(&NamedAuthor::OBJECT), optional;
        /// What the note is about, which must stay the same.
        "resource" resource: NamedResource = Rule::Object(&NamedResource::OBJECT), optional;
        /// The note's id, which must stay the same.
        "id" id: String = ID, optional;
        /// Set by the service and ignored here.
        "createdAt" created_at: String = Rule::Id { min: 0, max: ID_CHARACTERS_MAX }, optional;
        /// Set by the service and ignored here.
        "updatedAt" updated_at: String = Rule::Id { min: 0, max: ID_CHARACTERS_MAX }, optional;
    }
}

impl From<NamedAuthor> for Author {
    fn from(author: NamedAuthor) -> Self {
        Self { id: author.id, name: author.name }
    }
}
