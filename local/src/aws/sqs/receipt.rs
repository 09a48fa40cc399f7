//! Receipt handles: they identify a message, its queue and one receive.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The content of a receipt handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) queue: String,
    pub(super) message_id: String,
    /// New for each receive, so that outdated handles are recognised.
    pub(super) token: String,
}

const VERSION: &str = "1";
/// Occurs in no queue name and no UUID.
const SEPARATOR: char = '\n';

impl Receipt {
    /// The handle's text.
    pub(super) fn handle(&self) -> String {
        let parts = [VERSION, &self.queue, &self.message_id, &self.token];
        STANDARD.encode(parts.join(&SEPARATOR.to_string()))
    }

    /// Parses a handle; `None` for anything else.
    pub(super) fn read(handle: &str) -> Option<Self> {
        let text = String::from_utf8(STANDARD.decode(handle).ok()?).ok()?;
        let mut parts = text.split(SEPARATOR);
        match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(VERSION), Some(queue), Some(message_id), Some(token), None) => {
                Some(Self { queue: queue.to_owned(), message_id: message_id.to_owned(), token: token.to_owned() })
            }
            _ => None,
        }
    }
}
