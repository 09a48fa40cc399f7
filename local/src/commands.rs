//! The commands of `cargo mill`.

pub mod invoke;
pub mod items;
pub mod test;
pub mod up;

use std::path::PathBuf;

/// The project's folder: where this crate's manifest stands in one of its members.
#[must_use]
pub fn project() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(PathBuf::from).unwrap_or(manifest)
}

/// Writes a line to standard output; that nobody reads it is no error.
pub(crate) fn say(line: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
