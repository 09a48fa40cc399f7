//! The documents that clients read: the OpenAPI document, the guides, their index, and the reference page.
//!
//! `up` serves them from this machine; `cargo mill docs` writes them as one folder for a web server.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;
use tokio::sync::watch;

use super::edge::{copy, set_up_node};
use super::steps::{StepError, target};
use super::{project, say};
use crate::pages::{Progress, Site, Text};

/// The folder of the reference page's sources.
pub(crate) const REFERENCE: &str = "edge-wasm/reference";
/// The folders whose Markdown files are served under the paths that they have here, so that links between them work.
const MARKDOWN: [&str; 2] = ["docs", "shared/generated"];
const OPENAPI: [(&str, &str); 2] = [("openapi.json", "application/json"), ("openapi.yaml", "application/yaml")];
const TEXT_MARKDOWN: &str = "text/markdown; charset=utf-8";
const TEXT_PLAIN: &str = "text/plain; charset=utf-8";
/// The name of the index for language models, which is the convention of llmstxt.org.
const INDEX: &str = "llms.txt";
/// Redoc's attribution loads this image. It is the only thing that the page would request from elsewhere.
const FOREIGN_IMAGE: &str = "https://cdn.redoc.ly/redoc/logo-mini.svg";
const EMPTY_IMAGE: &str = "data:,";

/// Options of `docs`.
#[derive(Args, Clone, Debug)]
pub struct Docs {
    /// Where to write; `docs` in the target folder without it
    #[arg(long, value_name = "FOLDER")]
    pub into: Option<PathBuf>,
}

impl Docs {
    /// Writes the folder and prints how it is uploaded.
    ///
    /// # Errors
    /// The page cannot be built, or a file cannot be written.
    pub fn run(&self) -> Result<(), StepError> {
        let folder = self.into.clone().unwrap_or_else(|| target().join("docs"));
        build_page(&folder, false)?;
        let documents = Documents::read()?;
        for (path, Text { text, .. }) in &documents.texts {
            // The folder is the root of its server, the page its index.
            let file = folder.join(path.strip_prefix("docs/").unwrap_or(path));
            let parent = file.parent().unwrap_or(&folder);
            fs::create_dir_all(parent).and_then(|()| fs::write(&file, text)).map_err(|error| failed(&file, error))?;
        }
        let shown = folder.display();
        say(&format!("{shown}\n\n  aws s3 sync --delete {shown} s3://BUCKET --exclude '*.md' --exclude '*.yaml'"));
        for (pattern, content_type) in [("*.md", TEXT_MARKDOWN), ("*.yaml", "application/yaml")] {
            say(&format!(
                "  aws s3 sync --delete {shown} s3://BUCKET --exclude '*' --include '{pattern}' --content-type '{content_type}'"
            ));
        }
        say("\nBUCKET is the stack's output DocsBucketName.");
        Ok(())
    }
}

/// Gathers the texts and builds the page in the background.
///
/// # Errors
/// A document cannot be read.
pub(crate) fn build_docs() -> Result<Site, StepError> {
    let documents = Documents::read()?;
    let mut texts = BTreeMap::new();
    for (name, content_type) in OPENAPI {
        if let Some(Text { text, .. }) = documents.texts.get(&format!("docs/{name}")) {
            texts.insert(format!("/{name}"), Text { content_type, text: text.clone() });
        }
    }
    let index = Text { content_type: TEXT_PLAIN, text: documents.index("docs/") };
    texts.insert(format!("/{INDEX}"), index);
    texts.extend(documents.texts.into_iter().map(|(path, text)| (format!("/{path}"), text)));
    let folder = target().join("edge/reference");
    let (set, progress) = watch::channel(Progress::Building);
    let into = folder.clone();
    std::thread::spawn(move || {
        set.send_replace(match build_page(&into, true) {
            Ok(()) => Progress::Ready,
            Err(error) => Progress::Failed(error.to_string()),
        });
    });
    Ok(Site { path: "/docs", title: "API reference", folder, progress, texts })
}

/// Puts the page's own files and Redoc into a folder.
fn build_page(folder: &Path, quiet: bool) -> Result<(), StepError> {
    set_up_node(REFERENCE, quiet)?;
    let sources = project().join(REFERENCE);
    for name in ["index.html", "page.js", "style.css"] {
        copy(&sources.join(name), &folder.join(name))?;
    }
    let redoc = sources.join("node_modules/redoc");
    copy(&redoc.join("LICENSE"), &folder.join("redoc.LICENSE.txt"))?;
    copy(&redoc.join("bundles/redoc.standalone.js.LICENSE.txt"), &folder.join("redoc.standalone.js.LICENSE.txt"))?;
    let bundle = redoc.join("bundles/redoc.standalone.js");
    let script = fs::read_to_string(&bundle).map_err(|error| failed(&bundle, error))?;
    let script = without_foreign_image(&script).map_err(|error| failed(&bundle, error))?;
    let file = folder.join("redoc.standalone.js");
    fs::write(&file, script).map_err(|error| failed(&file, error))
}

fn without_foreign_image(script: &str) -> std::io::Result<String> {
    match script.matches(FOREIGN_IMAGE).count() {
        1 => Ok(script.replace(FOREIGN_IMAGE, EMPTY_IMAGE)),
        count => Err(std::io::Error::other(format!("expected {FOREIGN_IMAGE} exactly once, found it {count} times"))),
    }
}

fn failed(path: &Path, error: std::io::Error) -> StepError {
    StepError::File(path.display().to_string(), error)
}

/// The documents as texts, by their paths; the index is one of them.
struct Documents {
    texts: BTreeMap<String, Text>,
    /// The index without its links.
    title: String,
    summary: String,
    /// Path below `docs`, title and first sentence of each guide, then of the generated pages.
    guides: Vec<Guide>,
}

struct Guide {
    path: String,
    title: String,
    summary: String,
}

impl Documents {
    fn read() -> Result<Self, StepError> {
        let mut texts = BTreeMap::new();
        let mut guides = Vec::new();
        for folder in MARKDOWN {
            for path in markdown_in(folder)? {
                let file = project().join(&path);
                let text = fs::read_to_string(&file).map_err(|error| failed(&file, error))?;
                guides.push(Guide::of(&path, &text));
                texts.insert(path, Text { content_type: TEXT_MARKDOWN, text });
            }
        }
        let mut document = Value::Null;
        for (name, content_type) in OPENAPI {
            let file = project().join("shared/generated").join(name);
            let text = fs::read_to_string(&file).map_err(|error| failed(&file, error))?;
            if content_type == "application/json" {
                document = serde_json::from_str(&text).map_err(|error| failed(&file, error.into()))?;
            }
            texts.insert(format!("docs/{name}"), Text { content_type, text });
        }
        let of_info = |name: &str| document.pointer(&format!("/info/{name}")).and_then(Value::as_str);
        let title = of_info("title").unwrap_or_default().to_owned();
        let summary = of_info("summary").or_else(|| of_info("description")).map(first_sentence).unwrap_or_default();
        let mut documents = Self { texts, title, summary, guides };
        let index = Text { content_type: TEXT_PLAIN, text: documents.index("") };
        documents.texts.insert(format!("docs/{INDEX}"), index);
        Ok(documents)
    }

    /// The index, whose links to what is in `docs` begin with `prefix`.
    fn index(&self, prefix: &str) -> String {
        let Self { title, summary, guides, .. } = self;
        let mut text = format!(
            "# {title}\n\n> {summary}\n\n## API\n\n\
             - [OpenAPI document]({prefix}openapi.json): every route with its bodies, answers, errors and webhooks\n\
             - [The same in YAML]({prefix}openapi.yaml)\n\n## Guides\n\n"
        );
        for Guide { path, title, summary } in guides {
            let link = match path.strip_prefix("docs/") {
                Some(rest) => format!("{prefix}{rest}"),
                // Absolute, because the index is served at the root and below `docs/`.
                None => format!("/{path}"),
            };
            let summary = if summary.is_empty() { String::new() } else { format!(": {summary}") };
            text.push_str(&format!("- [{title}]({link}){summary}\n"));
        }
        text
    }
}

impl Guide {
    fn of(path: &str, text: &str) -> Self {
        let title = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(path).to_owned();
        let mut paragraphs = text.split("\n\n").map(str::trim);
        let prose =
            |paragraph: &&str| paragraph.starts_with(|first: char| first.is_alphanumeric() || "[`*".contains(first));
        let summary = paragraphs.find(prose).map(first_sentence).unwrap_or_default();
        Self { path: path.to_owned(), title, summary }
    }
}

/// The first sentence of a paragraph of Markdown, its links as their texts.
fn first_sentence(paragraph: &str) -> String {
    let paragraph = paragraph.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    let sentence = paragraph.split_inclusive(". ").next().unwrap_or_default().trim();
    let mut text = String::new();
    let mut rest = sentence;
    while let Some((before, link)) = rest.split_once('[') {
        let Some((label, after)) = link.split_once("](") else { break };
        let Some((_, after)) = after.split_once(')') else { break };
        text.push_str(before);
        text.push_str(label);
        rest = after;
    }
    text + rest
}

/// The Markdown files in a folder of the project and below it, by their paths in the project.
fn markdown_in(folder: &str) -> Result<Vec<String>, StepError> {
    let path = project().join(folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(&path).map_err(|error| failed(&path, error))? {
        let entry = entry.map_err(|error| failed(&path, error))?;
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            found.extend(markdown_in(&name)?);
        } else if name.ends_with(".md") {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{Guide, first_sentence, without_foreign_image};

    #[test]
    fn a_guide_is_known_by_its_title_and_first_sentence() {
        let guide = Guide::of("docs/a.md", "# The\tguide\n\n- [x](#x)\n\nWhat [all](b.md) routes\nshare. More.\n");
        assert_eq!((guide.title.as_str(), guide.summary.as_str()), ("The\tguide", "What all routes share."));
        assert_eq!(first_sentence("One `a[0]` sentence"), "One `a[0]` sentence");
    }

    #[test]
    fn the_foreign_image_is_replaced_once_or_the_build_fails() {
        let script = r#"{src:"https://cdn.redoc.ly/redoc/logo-mini.svg"}"#;
        assert_eq!(without_foreign_image(script).unwrap(), r#"{src:"data:,"}"#);
        assert!(without_foreign_image("").is_err());
        assert!(without_foreign_image(&script.repeat(2)).is_err());
    }
}
