//! `cargo mill fuzz`: looks for bodies on which the validator panics, breaks an invariant, or disagrees with
//! `serde_json`.
//!
//! The target (`shared/fuzz`) also works with `cargo fuzz`, which is more comfortable (`cargo install cargo-fuzz`, then
//! `cargo fuzz run validate` in `shared`). This command only needs a C++ compiler: it passes the same flags to the
//! compiler, and the crate `libfuzzer-sys` contains libFuzzer.

use clap::Args;

use super::steps::{RUSTUP, Step, StepError, target};
use super::{project, say};

/// Options of `fuzz`.
#[derive(Args, Clone, Debug)]
pub struct Fuzz {
    /// For how long
    #[arg(long, value_name = "N", default_value_t = 600)]
    pub seconds: u32,
}

/// The compiler flags of `cargo fuzz`, without the sanitizers: there is no unsafe code to sanitize.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks";

impl Fuzz {
    /// Builds the target and runs it for the given time; findings are written to `shared/fuzz/artifacts`.
    ///
    /// # Errors
    ///
    /// A failing body was found, or the target cannot be built.
    pub fn run(&self) -> Result<(), StepError> {
        let folder = target().join("fuzz");
        let corpus = folder.join("corpus");
        std::fs::create_dir_all(&corpus).map_err(|error| StepError::File(corpus.display().to_string(), error))?;
        let triple = host()?;
        let arguments = ["build", "--quiet", "--release", "--target", &triple];
        Step::new("cargo", &arguments, RUSTUP)
            .in_folder("shared/fuzz")
            .variable("RUSTFLAGS", COVERAGE)
            .variable("CARGO_TARGET_DIR", folder.display().to_string())
            .run()?;
        let program = folder.join(&triple).join("release/validate").display().to_string();
        let artifacts = project().join("shared/fuzz/artifacts");
        std::fs::create_dir_all(&artifacts).map_err(|error| StepError::File(artifacts.display().to_string(), error))?;
        let (time, prefix) =
            (format!("-max_total_time={}", self.seconds), format!("-artifact_prefix={}/", artifacts.display()));
        let corpus = corpus.display().to_string();
        let arguments = [
            &*time,
            "-max_len=32768",
            "-timeout=10",
            "-print_final_stats=1",
            "-verbosity=0",
            &prefix,
            &corpus,
            "seeds",
        ];
        Step::new(&program, &arguments, RUSTUP).in_folder("shared/fuzz").run()?;
        say("nothing found");
        Ok(())
    }
}

/// The target triple of this machine, which keeps the flags away from build scripts.
fn host() -> Result<String, StepError> {
    let command = "rustc --print host-tuple";
    let output = super::command_in_project("rustc").args(["--print", "host-tuple"]).output();
    let output = output.map_err(|error| StepError::Missing { command: command.to_owned(), error, remedy: RUSTUP })?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
