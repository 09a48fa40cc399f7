//! The bodies of the note service.

use crate::keyword::Keyword;
use crate::limits::{ID_CHARACTERS_MAX, NOTE_CHARACTERS_MAX};
use crate::order_network::note::{NoteAuthor, NoteResource, TextFormat};
use crate::validation::table::{Choice, Rule};

const TEXT: Rule = Rule::Prose { max: NOTE_CHARACTERS_MAX, lines: true };
const FORMAT: Rule = Rule::Choice(&Choice::of(TextFormat::NAMES));

body! {
    /// A new note.
    CreateNote {
        /// What it is about; it cannot change later.
        "resource" resource: NoteResource = Rule::Object(&NoteResource::OBJECT), required;
        /// Its text, kept as it is sent.
        "text" text: String = TEXT, required;
        /// How to show the text; `PlainText` when absent.
        "format" format: TextFormat = FORMAT, or_default;
        /// Whether only the merchant's own people should see it; false when absent.
        "isInternal" is_internal: bool = Rule::Boolean, or_default;
        /// Who wrote it; the merchant itself when absent.
        "author" author: NoteAuthor = Rule::Object(&NoteAuthor::OBJECT), optional;
    }
}

body! {
    /// What takes the place of a note's text, format, visibility and author. A note may be sent back as it was read.
    ReplaceNote {
        /// Its text, kept as it is sent.
        "text" text: String = TEXT, required;
        /// How to show the text; `PlainText` when absent.
        "format" format: TextFormat = FORMAT, or_default;
        /// Whether only the merchant's own people should see it; false when absent.
        "isInternal" is_internal: bool = Rule::Boolean, or_default;
        /// Who wrote it; the merchant itself when absent.
        "author" author: NoteAuthor = Rule::Object(&NoteAuthor::OBJECT), optional;
        /// What the note is about, which must stay the same.
        "resource" resource: NoteResource = Rule::Object(&NoteResource::OBJECT), optional;
        /// The note's id, which must stay the same.
        "id" id: String = Rule::Id { min: 1, max: ID_CHARACTERS_MAX }, optional;
        /// Set by the service and ignored here.
        "createdAt" created_at: String = Rule::Id { min: 0, max: ID_CHARACTERS_MAX }, optional;
        /// Set by the service and ignored here.
        "updatedAt" updated_at: String = Rule::Id { min: 0, max: ID_CHARACTERS_MAX }, optional;
    }
}
