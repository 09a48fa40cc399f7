//! The README names what exists: its walkthrough's functions, every parameter, every variable.

use local::commands::project;

use crate::support::Stack;

fn text(path: &str) -> String {
    std::fs::read_to_string(project().join(path)).unwrap()
}

/// Every `name` in [`file`](file) of the walkthrough is a function of that file.
#[test]
fn the_walkthrough_names_functions_that_exist() {
    let readme = text("README.md");
    let walkthrough = readme.split("## One request, file by file").nth(1).unwrap().split("\n## ").next().unwrap();
    let flat = walkthrough.replace('\n', " ").replace("   ", " ");
    let parts: Vec<&str> = flat.split(" in [`").collect();
    let mut named = 0;
    for pair in parts.windows(2) {
        let (name, file) = (pair[0].rsplit('`').nth(1).unwrap(), pair[1].split('`').next().unwrap());
        assert!(text(file).contains(&format!("fn {name}")), "{name} is not a function of {file}");
        named += 1;
    }
    assert!(named >= 7, "{named}");
}

/// The diagram of states is the generated page's.
#[test]
fn the_diagram_is_that_of_the_table() {
    let diagram = |path: &str| {
        let text = text(path);
        text.split_once("```mermaid").unwrap().1.split_once("```").unwrap().0.to_owned()
    };
    assert_eq!(diagram("README.md"), diagram("shared/generated/ORDER_STATES.md"));
}

#[tokio::test]
async fn every_setting_is_in_its_table() {
    let readme = text("README.md");
    let stack = Stack::start().await;
    for parameter in stack.running.stack.parameters.keys() {
        assert!(readme.contains(&format!("| `{parameter}` |")), "{parameter}");
    }
    let settings = text("functions/src/settings.rs");
    let variables = settings.lines().filter_map(|line| line.strip_prefix("pub const ")?.split('"').nth(1));
    for variable in variables {
        assert!(readme.contains(&format!("`{variable}`")), "{variable}");
    }
}
