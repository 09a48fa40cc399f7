//! The npm packages: the WebAssembly module with the package around it, and the typed client.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use tokio::sync::watch;

use super::steps::{NODE, RUSTUP, Step, StepError, target};
use super::{project, say};
use crate::pages::{Progress, Site};

const TARGET: &str = "wasm32-unknown-unknown";
/// The folder of the JavaScript sources and tests, with their `package.json`.
pub(crate) const EDGE: &str = "edge-wasm";

/// The folder of the typed client.
pub(crate) const CLIENT: &str = "edge-wasm/client";

/// What the module is built for. The verdicts are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// For speed: what the package holds.
    Edge,
    /// For size.
    Small,
}

impl Build {
    /// The profile of cargo, and the level of `wasm-opt`.
    fn profile(self) -> (&'static str, &'static str) {
        match self {
            Self::Edge => ("edge", "-O3"),
            Self::Small => ("small", "-Oz"),
        }
    }

    /// Where the finished package stands.
    pub(crate) fn folder(self) -> PathBuf {
        target().join("edge").join(match self {
            Self::Edge => "package",
            Self::Small => "small",
        })
    }
}

/// Options of `pack`.
#[derive(Args, Clone, Debug)]
pub struct Pack {
    /// Build the module for size (a third slower, a tenth smaller when compressed)
    #[arg(long)]
    pub small: bool,
}

impl Pack {
    /// Builds the npm packages; they can be installed from their folders.
    ///
    /// # Errors
    /// The step that failed.
    pub fn run(&self) -> Result<(), StepError> {
        set_up_target(false)?;
        set_up_node(EDGE, false)?;
        let build = if self.small { Build::Small } else { Build::Edge };
        pack(build, false)?;
        set_up_node(CLIENT, false)?;
        build_client(false)?;
        say(&format!("{}\n{}", build.folder().display(), project().join(CLIENT).display()));
        Ok(())
    }
}

/// Installs the compiler's WebAssembly target, if it is not there.
pub(crate) fn set_up_target(quiet: bool) -> Result<(), StepError> {
    Step::new("rustup", &["--quiet", "target", "add", TARGET], RUSTUP).quiet(quiet).run()
}

/// Installs the Node packages of a folder, when its lock file has changed. Several stacks may start at once, so one
/// installs while the others wait.
pub(crate) fn set_up_node(folder: &str, quiet: bool) -> Result<(), StepError> {
    let _only_one = only_one_installs(folder)?;
    let inside = |file: &str| project().join(folder).join(file);
    let (lock, installed) = (inside("package-lock.json"), inside("node_modules/.installed"));
    let wanted = std::fs::read(&lock).map_err(|error| StepError::File(lock.display().to_string(), error))?;
    if std::fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let arguments = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
    Step::new("npm", &arguments, NODE).in_folder(folder).quiet(quiet).run()?;
    std::fs::write(&installed, wanted).map_err(|error| StepError::File(installed.display().to_string(), error))
}

fn only_one_installs(folder: &str) -> Result<std::fs::File, StepError> {
    let path = target().join(format!("{}.lock", folder.replace('/', "-")));
    let opened = std::fs::create_dir_all(target()).and_then(|()| std::fs::File::create(&path));
    let locked = opened.and_then(|file| file.lock().map(|()| file));
    locked.map_err(|error| StepError::File(path.display().to_string(), error))
}

/// Builds the package with its optimised module.
pub(crate) fn pack(build: Build, quiet: bool) -> Result<(), StepError> {
    let optimizer = project().join(EDGE).join("node_modules/.bin/wasm-opt").display().to_string();
    let (_, level) = build.profile();
    pack_with(build, &build.folder(), &[&optimizer, level], quiet)
}

/// Compiles the typed client into its folder `dist`.
pub(crate) fn build_client(quiet: bool) -> Result<(), StepError> {
    Step::new("npm", &["run", "--silent", "build"], NODE).in_folder(CLIENT).quiet(quiet).run()
}

/// Builds the package in a folder; without an optimiser no Node is needed.
fn pack_with(build: Build, folder: &Path, optimizer: &[&str], quiet: bool) -> Result<(), StepError> {
    let (profile, _) = build.profile();
    let mut arguments = vec!["build", "--quiet", "--package", "edge-wasm", "--target", TARGET, "--profile", profile];
    if build == Build::Small {
        arguments.extend(["--features", "compact"]);
    }
    Step::new("cargo", &arguments, RUSTUP).quiet(quiet).run()?;
    let module = target().join(TARGET).join(profile).join("edge_wasm.wasm").display().to_string();
    let folder = folder.display().to_string();
    let mut arguments = vec!["run", "--quiet", "--package", "edge-pack", "--", &module, "edge-wasm/package", &folder];
    arguments.extend(optimizer);
    Step::new("cargo", &arguments, RUSTUP).quiet(quiet).run()
}

/// Builds the upload page in the background. With the Node packages at hand its module is optimised; without, it is an
/// eighth larger.
pub(crate) fn build_upload() -> Site {
    let folder = target().join("edge/upload");
    let (set, progress) = watch::channel(Progress::Building);
    let into = folder.clone();
    std::thread::spawn(move || {
        set.send_replace(match upload_into(&into) {
            Ok(()) => Progress::Ready,
            Err(error) => Progress::Failed(error.to_string()),
        });
    });
    Site { path: "/upload", title: "Bulk upload", folder, progress, texts: BTreeMap::new() }
}

fn upload_into(folder: &Path) -> Result<(), StepError> {
    set_up_target(true)?;
    // What is no longer part of the page is not served on.
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(StepError::File(folder.display().to_string(), error));
        }
        _ => {}
    }
    let package = folder.join("edge");
    let optimizer = project().join(EDGE).join("node_modules/.bin/wasm-opt");
    if optimizer.exists() {
        let (_, level) = Build::Edge.profile();
        pack_with(Build::Edge, &package, &[&optimizer.display().to_string(), level], true)?;
    } else {
        pack_with(Build::Edge, &package, &[], true)?;
    }
    let sources = project().join(EDGE).join("upload");
    copy(&sources, folder)
}

/// Copies a file, or a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), StepError> {
    let failed = |error| StepError::File(from.display().to_string(), error);
    if !from.is_dir() {
        to.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
        return std::fs::copy(from, to).map(drop).map_err(failed);
    }
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
