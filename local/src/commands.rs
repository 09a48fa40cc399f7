//! The commands of `cargo mill`.

pub mod bench;
pub mod docs;
pub mod edge;
pub mod faults;
pub mod fuzz;
pub mod fuzz_api;
pub mod generate;
pub mod invoke;
pub mod items;
pub mod price;
mod python;
pub mod redrive;
mod steps;
pub mod test;
pub mod up;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages that are built together, so that the AWS SDKs are built once, with the features that `cargo mill` itself
/// was built with. The edge's three would change features of `syn` and `serde_json`, on which everything stands; they are
/// built apart.
pub(crate) const PACKAGES: [&str; 7] =
    ["--workspace", "--exclude", "edge-wasm", "--exclude", "edge-pack", "--exclude", "edge-bench"];

/// The project's folder: where this crate's manifest stands in one of its members.
#[must_use]
pub fn project() -> PathBuf {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(PathBuf::from).unwrap_or(manifest)
}

/// A data folder as it was given: from the project's folder, wherever the command was typed.
pub(crate) fn data_folder(given: &Path) -> PathBuf {
    project().join(given)
}

/// A command in the project's folder, without the variables that `cargo run` gave this program: a build script that
/// watches one of them (that of `ring`) would otherwise run again, and all that depends on it be built again, with every
/// change between a cargo inside this program and one outside.
pub(crate) fn command_in_project(program: &str) -> Command {
    let mut command = Command::new(program);
    let of_this_run = |name: &str| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.starts_with(prefix));
    for (name, _) in std::env::vars().filter(|(name, _)| of_this_run(name)) {
        command.env_remove(name);
    }
    command.current_dir(project());
    command
}

/// Writes a line to standard output; that nobody reads it is no error.
pub(crate) fn say(line: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
