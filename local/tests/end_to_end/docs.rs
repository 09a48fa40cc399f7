//! The documentation names what exists: files, headings, functions, parameters, variables.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use local::commands::project;

use crate::support::Stack;

/// Folders that hold no sources of ours.
const PASSED_OVER: [&str; 3] = ["target", "node_modules", "artifacts"];

/// Every file of the project with one of these extensions.
fn files(extensions: &[&str]) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![project()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !name.starts_with('.') && !PASSED_OVER.contains(&name) {
                    folders.push(path);
                }
            } else if extensions.iter().any(|extension| path.extension().is_some_and(|it| it == *extension)) {
                found.push(path);
            }
        }
    }
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A page without its fenced blocks, which hold examples and no links.
fn prose(page: &str) -> String {
    let mut is_code = false;
    let mut kept = String::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Text without what stands between backticks.
fn without_code_spans(text: &str) -> String {
    text.split('`').step_by(2).collect()
}

/// Where a page links to.
fn links(page: &str) -> Vec<String> {
    let text = without_code_spans(&prose(page));
    let targets = text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()));
    targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:")).collect()
}

/// The anchors of a page: GitHub's of its headings, and those that it sets itself.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for line in prose(page).lines() {
        if let Some(id) = line.strip_prefix("<a id=\"").and_then(|rest| rest.split('"').next()) {
            anchors.insert(id.to_owned());
        }
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let kept = |character: &char| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_');
        let slug: String = heading.trim().to_lowercase().chars().filter(kept).collect();
        let slug = slug.replace(' ', "-");
        let again = (1..).map(|number| format!("{slug}-{number}"));
        let free = std::iter::once(slug.clone()).chain(again).find(|anchor| !anchors.contains(anchor));
        anchors.extend(free);
    }
    anchors
}

/// What is wrong with a link to `target` from a file in `folder`; `own` is that file's text.
fn fault(folder: &Path, own: &str, target: &str) -> Option<String> {
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let path = folder.join(file);
    if !path.exists() {
        return Some(format!("{target}: there is no such file"));
    }
    let anchor = anchor?;
    let text = if file.is_empty() { own.to_owned() } else { read(&path) };
    (!anchors(&text).contains(anchor)).then(|| format!("{target}: there is no such heading"))
}

fn faults(folder: &Path, page: &str) -> Vec<String> {
    links(page).iter().filter_map(|target| fault(folder, page, target)).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let (mut broken, mut count) = (Vec::new(), 0);
    for path in files(&["md"]) {
        let page = read(&path);
        count += links(&page).len();
        let of_page = faults(path.parent().unwrap(), &page);
        broken.extend(of_page.into_iter().map(|fault| format!("{}: {fault}", path.display())));
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(count > 200, "{count}");
}

/// The check itself: what it takes for a link, and what for a broken one.
#[test]
fn a_link_that_leads_nowhere_is_found() {
    let page = "# A page\n\n## It's `here`\n\n[a](README.md) [b](#its-here) [c](no-file.md) [d](#nowhere) [e](https://a.example)\n\
        [`f`](README.md#no-heading) `[g](in-code)`\n```\n[h](in-a-block)\n```\n<a id=\"own\"></a> [i](#own)\n";
    let expected = ["no-file.md: there is no such file", "#nowhere: there is no such heading"];
    let in_readme = "README.md#no-heading: there is no such heading";
    assert_eq!(faults(&project(), page), [expected.as_slice(), &[in_readme]].concat());
}

/// Comments name pages, from the project's folder, with a heading or without.
#[test]
fn every_page_that_a_comment_names_is_there() {
    let (mut broken, mut count) = (Vec::new(), 0);
    for path in files(&["rs", "js", "mjs", "yaml"]) {
        for line in read(&path).lines() {
            let Some(comment) = line.trim_start().strip_prefix("//").or_else(|| line.trim_start().strip_prefix('#'))
            else {
                continue;
            };
            for rest in comment.split("docs/").skip(1) {
                let is_of_target = |character: char| character.is_ascii_alphanumeric() || "-_/.#".contains(character);
                let end = rest.find(|character| !is_of_target(character)).unwrap_or(rest.len());
                let target = rest.split_at(end).0.trim_end_matches('.');
                if target.contains(".md") {
                    count += 1;
                    let fault = fault(&project().join("docs"), "", target);
                    broken.extend(fault.map(|fault| format!("{}: docs/{fault}", path.display())));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(count > 5, "{count}");
}

/// Every `name` in [`file`](file) is there: a function, where the name begins like one.
#[test]
fn what_a_walkthrough_names_is_in_its_file() {
    let (mut named, mut in_readme) = (0, 0);
    for path in files(&["md"]) {
        let page = prose(&read(&path)).replace('\n', " ");
        let pairs: Vec<&str> = page.split("` in [`").collect();
        for pair in pairs.windows(2) {
            let [before, after] = pair else { continue };
            let name = before.rsplit('`').next().unwrap();
            let target = after.split_once("](").unwrap().1.split(')').next().unwrap();
            let source = read(&path.parent().unwrap().join(target));
            let is_function = name.starts_with(|first: char| first.is_ascii_lowercase());
            let is_there = match is_function {
                true => source.contains(&format!("fn {name}(")) || source.contains(&format!("fn {name}<")),
                false => source.contains(name),
            };
            assert!(is_there, "{}: `{name}` is not in {target}", path.display());
            named += 1;
            in_readme += usize::from(path.ends_with("README.md") && path.parent() == Some(project().as_path()));
        }
    }
    assert!(named > 10 && in_readme >= 9, "{named}, {in_readme} in the README");
}

#[tokio::test]
async fn every_setting_is_in_its_table() {
    let page = read(&project().join("docs/deploy.md"));
    let stack = Stack::start().await;
    for parameter in stack.running.stack.parameters.keys() {
        assert!(page.contains(&format!("| `{parameter}` |")), "{parameter}");
    }
    let settings = read(&project().join("functions/src/settings.rs"));
    let variables = settings.lines().filter_map(|line| line.strip_prefix("pub const ")?.split('"').nth(1));
    for variable in variables {
        assert!(page.contains(&format!("`{variable}`")), "{variable}");
    }
}
