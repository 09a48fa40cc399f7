//! `cargo mill test`: sets up what the tests need, and runs all of them.
//!
//! Each step is a command that a reader can type. What cannot be set up ends the run with the line that would do it;
//! nothing is skipped.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use super::docs::REFERENCE;
use super::edge::{Build, CLIENT, EDGE, build_client, pack, set_up_node, set_up_target};
use super::faults::Faults;
use super::fuzz::Fuzz;
use super::python::{PYTHON, set_up_python};
use super::steps::{NODE, RUSTUP, Step, StepError, cargo, step, target};
use super::{PACKAGES, command_in_project, say};

/// Options of `test`.
#[derive(Args, Clone, Debug)]
pub struct Test {
    /// Also build every function with `sam build` (several minutes: each is cross-compiled in release)
    #[arg(long)]
    pub sam_build: bool,
    /// Also run the long tests in a release build (10,000 orders and the memory that they take), fuzz the validation for ten
    /// minutes, and send 2,000 requests per operation by the OpenAPI document
    #[arg(long)]
    pub heavy: bool,
}

/// The SAM CLI and what it builds Rust functions with, pinned (see the file for why).
const SAM_REQUIREMENTS: &str = "local/tools/sam-requirements.txt";

impl Test {
    /// Runs every step, the quick ones first.
    ///
    /// # Errors
    /// The first step that fails.
    pub fn run(self) -> Result<(), StepError> {
        let started = Instant::now();
        step("formatting", || cargo(&["fmt", "--all", "--check"]))?;
        step("set up: WebAssembly target", || set_up_target(false))?;
        step("lints", || cargo_on_all(&["clippy", "--all-targets"], &["--", "-D", "warnings"]))?;
        step("lints of the fault tests", || cargo_on_all(&["clippy", "--test", "faults"], &["--", "-D", "warnings"]))?;
        step("lints of the edge", lint_edge)?;
        step("links of the documentation", document)?;
        step("functions' binaries", || cargo_on_all(&["build", "--bins"], &[]))?;
        step("unit, property and end-to-end tests", || cargo_on_all(&["test"], &[]))?;
        step("fault tests", || Faults::OF_TEST.run())?;
        step("fuzzing", || Fuzz { seconds: if self.heavy { 600 } else { FUZZING_SECONDS } }.run())?;
        step("set up: Node packages", || {
            [EDGE, CLIENT, REFERENCE].into_iter().try_for_each(|folder| set_up_node(folder, false))
        })?;
        step("set up: Chromium", set_up_chromium)?;
        step("edge package", || pack(Build::Edge, false))?;
        step("edge package for size", || pack(Build::Small, false))?;
        step("edge: sizes", check_sizes)?;
        step("edge: native verdicts", write_verdicts)?;
        step("client: build", || build_client(false))?;
        step("edge, client, reference and tour: in Node, workerd and Chromium", test_edge)?;
        step("API against its OpenAPI document", || fuzz_api(if self.heavy { 2000 } else { EXAMPLES }))?;
        let sam = step("set up: SAM CLI", || set_up_python("sam", SAM_REQUIREMENTS))?;
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

/// Writes the documentation of all crates, for its lints only. Without `--no-deps` it would write that of the SDKs as well.
fn document() -> Result<(), StepError> {
    cargo_on_all(&["doc", "--no-deps", "--document-private-items"], &[])
}

/// A share of the ten minutes that `--heavy` and `cargo mill fuzz` take.
const FUZZING_SECONDS: u32 = 45;
/// Examples for each operation, besides the cases that every run tries.
const EXAMPLES: u32 = 3;
/// Compressed bytes that the module may have, built for speed and for size.
const COMPRESSED_BYTES_MAX: [(Build, usize); 2] = [(Build::Edge, 32_000), (Build::Small, 24_000)];

/// Runs a cargo command on the crates that are tested.
fn cargo_on_all(command: &[&str], rest: &[&str]) -> Result<(), StepError> {
    cargo(&command.iter().chain(&PACKAGES).chain(rest).copied().collect::<Vec<_>>())
}

fn lint_edge() -> Result<(), StepError> {
    let packages = ["--package", "edge-wasm", "--package", "edge-pack", "--package", "edge-bench"];
    cargo(&[&["clippy", "--all-targets"], &packages[..], &["--", "-D", "warnings"]].concat())?;
    cargo(&["test", "--quiet", "--package", "edge-pack"])
}

/// The browser of the page tests: Debian's, which only root can install.
fn set_up_chromium() -> Result<(), StepError> {
    if Path::new("/usr/bin/chromium").exists() {
        return Ok(());
    }
    const REMEDY: &str = "install Chromium (`apt-get install chromium`)";
    Step::new("apt-get", &["update", "-q"], REMEDY).run()?;
    Step::new("apt-get", &["install", "-qy", "--no-install-recommends", "chromium"], REMEDY).run()
}

/// How many bytes of the module travel to a browser.
fn check_sizes() -> Result<(), StepError> {
    const SCRIPT: &str = "const { gzipSync } = require('zlib'); const [, file, max] = process.argv; \
        const bytes = gzipSync(require('fs').readFileSync(file), { level: 9 }).length; \
        console.log(`   ${bytes} bytes of at most ${max}: ${file}`); process.exit(bytes > max ? 1 : 0);";
    for (build, max) in COMPRESSED_BYTES_MAX {
        let (module, max) = (build.folder().join("ordermill.wasm").display().to_string(), max.to_string());
        Step::new("node", &["-e", SCRIPT, &module, &max], NODE).quiet(true).run()?;
    }
    Ok(())
}

/// Writes what the native code says of the vectors and of mutated bodies, to be compared with the module.
fn write_verdicts() -> Result<(), StepError> {
    cargo_on_all(&["build", "--quiet", "--example", "verdicts"], &[])?;
    let (file, command) = (verdicts(), target().join("debug/examples/verdicts").display().to_string());
    say(&format!("   {command} > {}", file.display()));
    let failed = |error| StepError::File(file.display().to_string(), error);
    let out = std::fs::File::create(&file).map_err(failed)?;
    match command_in_project(&command).stdout(out).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(StepError::Failed(command)),
        Err(error) => Err(StepError::Missing { command, error, remedy: RUSTUP }),
    }
}

fn verdicts() -> PathBuf {
    target().join("edge/verdicts.jsonl")
}

/// Tests the packages in all environments, the examples, the tour and the pages against the stack of the binary that an
/// earlier step has built. This program's own file may have been replaced by that step.
fn test_edge() -> Result<(), StepError> {
    let mill = target().join("debug/mill");
    Step::new("npm", &["test", "--silent"], NODE)
        .in_folder(EDGE)
        .variable("ORDERMILL_PACKAGE", Build::Edge.folder().display().to_string())
        .variable("ORDERMILL_SMALL", Build::Small.folder().display().to_string())
        .variable("ORDERMILL_VERDICTS", verdicts().display().to_string())
        .variable("ORDERMILL_MILL", mill.display().to_string())
        .run()
}

/// By the binary that an earlier step has built, as above.
fn fuzz_api(examples: u32) -> Result<(), StepError> {
    let mill = target().join("debug/mill").display().to_string();
    Step::new(&mill, &["fuzz-api", "--examples", &examples.to_string()], RUSTUP).run()
}

/// Runs the SAM CLI without an account: it validates and builds, it does not call AWS.
fn sam_command(folder: &Path, arguments: &[&str]) -> Result<(), StepError> {
    let binaries = folder.join("bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(binaries.clone()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(paths).unwrap_or(path).to_string_lossy().into_owned();
    Step::new(&binaries.join("sam").display().to_string(), arguments, PYTHON)
        .variable("PATH", path)
        .variable("SAM_CLI_TELEMETRY", "0")
        .variable("AWS_DEFAULT_REGION", "us-east-1")
        .variable("AWS_ACCESS_KEY_ID", "none")
        .variable("AWS_SECRET_ACCESS_KEY", "none")
        .run()
}
