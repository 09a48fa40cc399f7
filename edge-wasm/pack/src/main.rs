//! Packs the WebAssembly module of `edge-wasm` for Node: `edge-pack <input.wasm> <out-dir>`.
//!
//! Runs the glue generator as a library, so that no tool of a matching version has to be installed.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(input), Some(folder), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return failed("usage: edge-pack <input.wasm> <out-dir>");
    };
    let mut bindgen = Bindgen::new();
    // Node's flavour loads the module synchronously; TypeScript types come with it.
    match bindgen.input_path(input).nodejs(true).and_then(|bindgen| bindgen.typescript(true).generate(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&format!("cannot pack the module: {error:#}")),
    }
}

#[expect(clippy::print_stderr, reason = "a command line program says on stderr why it failed")]
fn failed(reason: &str) -> ExitCode {
    eprintln!("edge-pack: {reason}");
    ExitCode::FAILURE
}
