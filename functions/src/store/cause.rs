//! Why a thing is at its version, and the marks that requests under idempotency keys leave on it.

use serde::{Deserialize, Serialize};
use shared::order::Command;

use super::Table;

/// Why a thing is at its version: who did what, in which request. Audit events and webhooks repeat it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cause {
    /// The command; absent on creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<String>,
    /// `merchant`, `vendor:<id>` or `system:<function>`; absent where it is the merchant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) actor: Option<String>,
    /// In the words of whoever did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// The request; absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
    /// What requests with a key have left ([`super::idempotency`]). A cause without marks leaves the thing those it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) marks: Option<Vec<String>>,
}

/// A thing that was read at a version.
pub(crate) trait Versioned {
    /// Its version, which every change raises by one, and why it is at that.
    fn stamp(&self) -> (u64, &Cause);

    /// What requests under keys have left.
    fn marks(&self) -> &[String] {
        self.stamp().1.marks.as_deref().unwrap_or_default()
    }

    /// Whether a request has left this mark.
    fn has_mark(&self, mark: &str) -> bool {
        self.marks().iter().any(|known| known == mark)
    }

    /// Whether it is at this version because this request has made it so.
    fn is_written_by(&self, request_id: Option<&str>, version: u64) -> bool {
        let (at, cause) = self.stamp();
        at == version && request_id.is_some() && cause.request_id.as_deref() == request_id
    }
}

impl Table {
    /// The cause of what part `part` of this request creates.
    pub(crate) fn creation(&self, part: usize) -> Cause {
        let marks = self.mark(part).map(|mark| vec![mark]);
        Cause { request_id: self.request_id.clone(), marks, ..Cause::default() }
    }

    /// The cause of a change that part `part` of this request makes to a thing as it was read.
    pub(crate) fn change(&self, action: &str, part: usize, found: &impl Versioned) -> Cause {
        let marks = self.mark(part).map(|mark| with_mark(found.marks(), mark));
        Cause { action: Some(action.to_owned()), request_id: self.request_id.clone(), marks, ..Cause::default() }
    }

    /// The cause of a change that a function makes of its own accord, in the name of the request that led to it.
    pub(crate) fn step(function: &str, command: &Command, before: &Cause) -> Cause {
        let actor = Some(format!("system:{function}"));
        let (action, request_id) = (Some(command.name().to_owned()), before.request_id.clone());
        Cause { action, actor, request_id, ..Cause::default() }
    }
}

/// Changes under keys that a thing remembers: more than clients have in flight to one thing.
const MARKS_MAX: usize = 8;

/// A thing's marks with one more; the oldest are forgotten.
fn with_mark(marks: &[String], mark: String) -> Vec<String> {
    let forgotten = (marks.len() + 1).saturating_sub(MARKS_MAX);
    marks.iter().skip(forgotten).cloned().chain([mark]).collect()
}

#[cfg(test)]
mod tests {
    use super::{MARKS_MAX, with_mark};

    #[test]
    fn the_oldest_marks_are_forgotten() {
        let mut marks = Vec::new();
        for number in 0..20 {
            marks = with_mark(&marks, number.to_string());
        }
        assert_eq!((marks.len(), marks[0].as_str(), marks[7].as_str()), (MARKS_MAX, "12", "19"));
    }
}
