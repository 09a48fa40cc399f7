//! The cause of a version, and the marks that requests with idempotency keys leave.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use shared::order::Command;

use super::Table;

/// The cause of a version: who did what, in which request. Audit events and webhooks repeat it.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cause {
    /// The command; absent on creation.
    pub(crate) action: Option<String>,
    /// `merchant`, `vendor:<id>` or `system:<function>`; absent for the merchant.
    pub(crate) actor: Option<String>,
    /// As the caller stated it.
    pub(crate) reason: Option<String>,
    pub(crate) request_id: Option<String>,
    /// Marks of requests with a key ([`super::idempotency`]). `None` leaves the present marks in place.
    pub(crate) marks: Option<Vec<String>>,
}

/// Anything read at a version.
pub(crate) trait Versioned {
    /// The version, which every change raises by one, and its cause.
    fn stamp(&self) -> (u64, &Cause);

    fn marks(&self) -> &[String] {
        self.stamp().1.marks.as_deref().unwrap_or_default()
    }

    fn has_mark(&self, mark: &str) -> bool {
        self.marks().iter().any(|known| known == mark)
    }

    /// Whether this request, or a step that followed from it, wrote the present version.
    fn is_of_request(&self, request_id: Option<&str>) -> bool {
        request_id.is_some() && self.stamp().1.request_id.as_deref() == request_id
    }

    /// Whether this request wrote this version.
    fn is_written_by(&self, request_id: Option<&str>, version: u64) -> bool {
        self.stamp().0 == version && self.is_of_request(request_id)
    }
}

impl Table {
    /// The cause of what part `part` of this request creates.
    pub(crate) fn creation(&self, part: usize) -> Cause {
        let marks = self.mark(part).map(|mark| vec![mark]);
        Cause { request_id: self.request_id.clone(), marks, ..Cause::default() }
    }

    /// The cause of a change by part `part` of this request.
    pub(crate) fn change(&self, action: &str, part: usize, found: &impl Versioned) -> Cause {
        let marks = self.mark(part).map(|mark| with_mark(found.marks(), mark));
        Cause { action: Some(action.to_owned()), request_id: self.request_id.clone(), marks, ..Cause::default() }
    }

    /// The cause of a change that a function makes on its own, on behalf of the request that led to it.
    pub(crate) fn step(function: &str, command: &Command, before: &Cause) -> Cause {
        let actor = Some(format!("system:{function}"));
        let (action, request_id) = (Some(command.name().to_owned()), before.request_id.clone());
        Cause { action, actor, request_id, ..Cause::default() }
    }
}

/// Marks that an item keeps: more than clients have in flight for one item.
const MARKS_MAX: usize = 8;

/// Adds a mark and drops the oldest ones.
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
