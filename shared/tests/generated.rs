//! Files generated from the rules are committed in their current form.

use std::fs;
use std::path::Path;

use shared::validation::generate::{COMMAND, files};

#[test]
fn generated_files_match_the_rules() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let changed: Vec<_> = files()
        .into_iter()
        .filter(|file| !fs::read_to_string(project.join(file.path)).is_ok_and(|text| text == file.text))
        .map(|file| file.path)
        .collect();
    assert!(changed.is_empty(), "out of date: {changed:?}; run `{COMMAND}`");
}

#[test]
fn generated_files_have_distinct_paths_and_end_with_a_line_break() {
    let files = files();
    let paths: std::collections::BTreeSet<_> = files.iter().map(|file| file.path).collect();
    assert_eq!(paths.len(), files.len());
    for file in &files {
        assert!(file.text.ends_with('\n') && !file.text.ends_with("\n\n"), "{}", file.path);
    }
    assert_eq!(files, shared::validation::generate::files());
}
