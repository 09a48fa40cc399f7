//! `cargo mill test`: sets up what the tests need, and runs all of them.
//!
//! Each step is a command that a reader can type. What cannot be set up ends the run with the line that would do it;
//! nothing is skipped.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::{PACKAGES, command_in_project, project, say};

/// Options of `test`.
#[derive(Args, Clone, Debug)]
pub struct Test {
    /// Also build every function with `sam build` (several minutes: each is cross-compiled in release)
    #[arg(long)]
    pub sam_build: bool,
    /// Also run the long tests, in a release build (10,000 orders and the memory that they take)
    #[arg(long)]
    pub heavy: bool,
}

/// A step that failed.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// A command ended with an error.
    #[error("`{0}` failed")]
    Failed(String),
    /// A command could not be run at all.
    #[error("`{command}` cannot be run ({error}): {remedy}")]
    Missing {
        /// The command.
        command: String,
        /// Why not.
        error: std::io::Error,
        /// What to do.
        remedy: &'static str,
    },
    /// A file could not be written.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
}

const RUSTUP: &str = "install Rust with rustup";
const NODE: &str = "install Node 20 or later (`apt-get install nodejs`)";
const PYTHON: &str = "install Python 3.9 or later with venv (`apt-get install python3-venv`)";
const TARGET: &str = "wasm32-unknown-unknown";
/// The SAM CLI and what it builds Rust functions with, pinned (see the file for why).
const SAM_REQUIREMENTS: &str = "local/tools/sam-requirements.txt";

impl Test {
    /// Runs every step, the quick ones first.
    ///
    /// # Errors
    /// The first step that fails.
    pub fn run(self) -> Result<(), TestError> {
        let started = Instant::now();
        step("formatting", || run("cargo", &["fmt", "--all", "--check"], &[], RUSTUP))?;
        step("set up: WebAssembly target", || run("rustup", &["target", "add", TARGET], &[], RUSTUP))?;
        step("lints", || cargo_on_all(&["clippy", "--all-targets"], &["--", "-D", "warnings"]))?;
        step("lints of the edge", || {
            let arguments =
                ["clippy", "--package", "edge-wasm", "--package", "edge-pack", "--all-targets", "--", "-D", "warnings"];
            run("cargo", &arguments, &[], RUSTUP)
        })?;
        step("functions' binaries", || cargo_on_all(&["build", "--bins"], &[]))?;
        step("unit, property and end-to-end tests", || cargo_on_all(&["test"], &[]))?;
        step("edge module: the same verdicts in Node", edge_parity)?;
        let sam = step("set up: SAM CLI", set_up_sam)?;
        step("template", || sam_command(&sam, &["validate", "--lint", "--template-file", "template.yaml"]))?;
        if self.heavy {
            step("long tests", || {
                cargo_on_all(&["test", "--release", "--test", "end_to_end"], &["--", "--ignored", "--nocapture"])
            })?;
        }
        if self.sam_build {
            step("sam build", || sam_command(&sam, &["build"]))?;
        }
        say(&format!("\nall steps passed in {} s", started.elapsed().as_secs()));
        Ok(())
    }
}

fn step<T>(name: &str, work: impl FnOnce() -> Result<T, TestError>) -> Result<T, TestError> {
    let started = Instant::now();
    say(&format!("\n== {name}"));
    let result = work()?;
    say(&format!("== {name}: passed ({} s)", started.elapsed().as_secs()));
    Ok(result)
}

fn run(program: &str, arguments: &[&str], variables: &[(&str, &str)], remedy: &'static str) -> Result<(), TestError> {
    let command = format!("{program} {}", arguments.join(" "));
    say(&format!("   {command}"));
    let status = command_in_project(program).args(arguments).envs(variables.iter().copied()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(TestError::Failed(command)),
        Err(error) => Err(TestError::Missing { command, error, remedy }),
    }
}

/// Runs a cargo command on the crates that are tested.
fn cargo_on_all(command: &[&str], rest: &[&str]) -> Result<(), TestError> {
    let arguments: Vec<&str> = command.iter().chain(&PACKAGES).chain(rest).copied().collect();
    run("cargo", &arguments, &[], RUSTUP)
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| project().join("target"), PathBuf::from)
}

/// Builds the edge module, packs it for Node, and compares its verdicts with the native ones, byte by byte.
fn edge_parity() -> Result<(), TestError> {
    run("cargo", &["build", "--package", "edge-wasm", "--target", TARGET, "--profile", "edge"], &[], RUSTUP)?;
    let (package, verdicts) = (target().join("edge-node"), target().join("verdicts.jsonl"));
    let module = target().join(TARGET).join("edge/edge_wasm.wasm");
    let (module, package_text) = (module.display().to_string(), package.display().to_string());
    let pack = ["run", "--quiet", "--package", "edge-pack", "--", &module, &package_text];
    run("cargo", &pack, &[], RUSTUP)?;
    write_verdicts(&verdicts)?;
    let variables =
        [("ORDERMILL_EDGE_PKG", package_text.as_str()), ("ORDERMILL_VERDICTS", &verdicts.display().to_string())];
    run("node", &["--test", "edge-wasm/tests/parity.mjs"], &variables, NODE)
}

fn write_verdicts(file: &Path) -> Result<(), TestError> {
    let arguments = ["run", "--quiet", "--package", "shared", "--example", "verdicts"];
    let command = format!("cargo {}", arguments.join(" "));
    say(&format!("   {command} > {}", file.display()));
    let output = command_in_project("cargo").args(arguments).output();
    let output = output.map_err(|error| TestError::Missing { command: command.clone(), error, remedy: RUSTUP })?;
    if !output.status.success() {
        return Err(TestError::Failed(format!("{command}: {}", String::from_utf8_lossy(&output.stderr))));
    }
    std::fs::write(file, output.stdout).map_err(|error| TestError::File(file.display().to_string(), error))
}

/// A virtual environment of its own under the target folder, made again when the requirements change.
fn set_up_sam() -> Result<PathBuf, TestError> {
    let folder = target().join("tools/sam");
    let requirements = project().join(SAM_REQUIREMENTS);
    let wanted = std::fs::read(&requirements).map_err(|error| TestError::File(SAM_REQUIREMENTS.to_owned(), error))?;
    let installed = folder.join("requirements.txt");
    if std::fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    run("python3", &["-m", "venv", "--clear", &folder.display().to_string()], &[], PYTHON)?;
    let pip = folder.join("bin/pip").display().to_string();
    run(&pip, &["install", "--quiet", "--disable-pip-version-check", "--requirement", SAM_REQUIREMENTS], &[], PYTHON)?;
    std::fs::write(&installed, wanted).map_err(|error| TestError::File(installed.display().to_string(), error))?;
    Ok(folder)
}

/// Runs the SAM CLI without an account: it validates and builds, it does not call AWS.
fn sam_command(folder: &Path, arguments: &[&str]) -> Result<(), TestError> {
    let binaries = folder.join("bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(binaries.clone()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(paths).unwrap_or(path).to_string_lossy().into_owned();
    let variables = [
        ("PATH", path.as_str()),
        ("SAM_CLI_TELEMETRY", "0"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "none"),
        ("AWS_SECRET_ACCESS_KEY", "none"),
    ];
    run(&binaries.join("sam").display().to_string(), arguments, &variables, PYTHON)
}
