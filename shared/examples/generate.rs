//! Writes the files generated from the rules into the project.
//!
//! `cargo run -p shared --example generate`

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for file in shared::validation::generate::files() {
        let path = project.join(file.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, file.text)?;
    }
    Ok(())
}
