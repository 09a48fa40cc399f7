//! The precondition of a change: the versions that the client has seen.

use shared::Code;

use crate::refusal::Refusal;

/// The acceptable versions (`If-Match`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Versions(pub(crate) Vec<u64>);

impl Versions {
    /// Rejects a change if versions are given and none matches.
    pub(crate) fn require(wanted: Option<&Self>, thing: &str, version: u64) -> Result<(), Refusal> {
        if wanted.is_none_or(|Self(versions)| versions.contains(&version)) {
            return Ok(());
        }
        Err(Refusal::new(Code::PreconditionFailed, format!("the {thing} is at version \"{version}\"")))
    }
}
