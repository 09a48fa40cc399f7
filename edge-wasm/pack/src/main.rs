//! Builds the npm package around the WebAssembly module of `edge-wasm`:
//!
//! ```text
//! edge-pack <module.wasm> <package sources> <folder> [<wasm-opt> <-O3 or -Oz>]
//! ```
//!
//! The binding generator runs as a library, so that no tool of a matching version has to be installed. Its JavaScript
//! is not shipped: it keeps one instance forever, whereas ours (`package/core.js`) creates a new one after a trap, and
//! only bytes cross the boundary. Without `wasm-opt` the module is an eighth larger before compression and behaves the
//! same.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::{fs, io};

use wasm_bindgen_cli_support::Bindgen;

/// The module's file name in the package.
const MODULE: &str = "ordermill.wasm";
/// Sources with a CommonJS twin.
const TWINS: [&str; 3] = ["core", "catalogue", "gate"];
/// The exports that `core.js` calls.
const EXPORTS: [&str; 7] =
    ["memory", "__wbindgen_malloc", "__wbindgen_free", "validate", "refuseLength", "bodyBytesMax", "rulesVersion"];
/// WebAssembly features beyond its first version: those that Rust's compiler uses by default, and vectors. Listed
/// individually, because "all" lets `wasm-opt` emit types that Node 20 rejects.
const FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];
const STRIP: [&str; 4] = ["--converge", "--strip-debug", "--strip-producers", "--strip-target-features"];

/// For size, a function called from one place is only inlined if it is short. For speed, the optimiser decides; its
/// choice is a thirtieth faster.
const INLINE: [&str; 4] = ["--one-caller-inline-max-function-size", "20", "--always-inline-max-function-size", "1"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let made = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [module, sources, folder] => make(module, sources.as_ref(), folder.as_ref(), None),
        [module, sources, folder, optimizer, level] => {
            make(module, sources.as_ref(), folder.as_ref(), Some((optimizer, level)))
        }
        _ => Err("usage: edge-pack <module.wasm> <package sources> <folder> [<wasm-opt> <-O3 or -Oz>]".to_owned()),
    };
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => failed(&reason),
    }
}

#[expect(clippy::print_stderr, reason = "a command-line program reports errors on stderr")]
fn failed(reason: &str) -> ExitCode {
    eprintln!("edge-pack: {reason}");
    ExitCode::FAILURE
}

fn make(module: &str, sources: &Path, folder: &Path, optimizer: Option<(&str, &str)>) -> Result<(), String> {
    let bytes = bind(module)?;
    let in_folder = |error: io::Error| format!("{}: {error}", folder.display());
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(in_folder(error)),
        _ => fs::create_dir_all(folder).map_err(in_folder)?,
    }
    fs::write(folder.join(MODULE), bytes).map_err(in_folder)?;
    if let Some((optimizer, level)) = optimizer {
        optimize(optimizer, level, &folder.join(MODULE))?;
    }
    copy(sources, folder).map_err(|error| format!("{}: {error}", sources.display()))?;
    for name in TWINS {
        let source = fs::read_to_string(sources.join(format!("{name}.js"))).map_err(in_folder)?;
        fs::write(folder.join(format!("{name}.cjs")), common_js(&source)?).map_err(in_folder)?;
    }
    Ok(())
}

/// The module after the binding generator, without the parts that only its JavaScript would use.
fn bind(module: &str) -> Result<Vec<u8>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("cannot bind {module}: {error:#}");
    let mut bindgen = Bindgen::new();
    bindgen.remove_name_section(true).remove_producers_section(true);
    let bound = bindgen.input_path(module).bundler(true).and_then(|bindgen| bindgen.generate_output());
    let mut bound = bound.map_err(|error| failed(&error))?;
    let module = bound.wasm_mut();
    // The rest prepares a table for JavaScript objects, and none ever crosses the boundary. Removing it removes the
    // only import.
    let unused = module.exports.iter().filter(|export| !EXPORTS.contains(&export.name.as_str()));
    for export in unused.map(walrus::Export::id).collect::<Vec<_>>() {
        module.exports.delete(export);
    }
    walrus::passes::gc::run(module);
    if let Some(import) = module.imports.iter().next() {
        return Err(failed(&format!("it imports `{}`, but the package provides no imports", import.name)));
    }
    Ok(module.emit_wasm())
}

fn optimize(program: &str, level: &str, module: &Path) -> Result<(), String> {
    let status = Command::new(program)
        .arg(level)
        .args(STRIP)
        .args(if level == "-Oz" { &INLINE[..] } else { &[] })
        .args(FEATURES)
        .arg(module)
        .arg("-o")
        .arg(module)
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program}: {status}")),
        Err(error) => Err(format!("{program}: {error}")),
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// The same module for `require`. Supports only the import and export forms that our sources use.
fn common_js(source: &str) -> Result<String, String> {
    let mut exports = Vec::new();
    let mut twin = String::from("\"use strict\";\n");
    for line in source.lines() {
        let unknown = || format!("cannot convert `{line}` to CommonJS");
        if let Some(declaration) = line.strip_prefix("export ") {
            let mut words = declaration.split([' ', '(', '=']).filter(|word| !word.is_empty());
            let (kind, name) = (words.next().ok_or_else(unknown)?, words.next().ok_or_else(unknown)?);
            if !matches!(kind, "function" | "const") {
                return Err(unknown());
            }
            exports.push(format!("exports.{name} = {name};\n"));
            twin.push_str(declaration);
        } else if let Some(import) = line.strip_prefix("import ") {
            let (names, from) = import.split_once(" from ").ok_or_else(unknown)?;
            twin.push_str(&format!(
                "const {names} = require({});",
                from.trim_end_matches(';').replace(".js\"", ".cjs\"")
            ));
        } else {
            twin.push_str(line);
        }
        twin.push('\n');
    }
    twin.extend(exports);
    Ok(twin)
}

#[cfg(test)]
mod tests {
    use super::common_js;

    #[test]
    fn supported_forms_get_a_twin_and_others_are_rejected() {
        let source =
            "import { a, b } from \"./x.js\";\nexport const c = a(b);\nexport function d(e) {\n  return e;\n}\n";
        let twin = "\"use strict\";\nconst { a, b } = require(\"./x.cjs\");\nconst c = a(b);\nfunction d(e) {\n  return e;\n}\nexports.c = c;\nexports.d = d;\n";
        assert_eq!(common_js(source).as_deref(), Ok(twin));
        for unknown in ["export default 1;", "import \"./x.js\"", "export * from \"./x.js\";", "export class A {}"] {
            assert!(common_js(unknown).is_err(), "{unknown}");
        }
    }
}
