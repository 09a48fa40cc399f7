//! The condition on which a client makes a change: the versions that it has seen.

use shared::Code;

use crate::refusal::Refusal;

/// Versions of a thing, of which each will do (`If-Match`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Versions(pub(crate) Vec<u64>);

impl Versions {
    /// Refuses to change a thing that is at none of the versions that are asked for, if any are.
    pub(crate) fn require(wanted: Option<&Self>, thing: &str, version: u64) -> Result<(), Refusal> {
        if wanted.is_none_or(|Self(versions)| versions.contains(&version)) {
            return Ok(());
        }
        Err(Refusal::new(Code::PreconditionFailed, format!("the {thing} is at version \"{version}\"")))
    }
}
