//! The error page: every code with its rule, and an example that the engine has answered.

use super::endpoints::{self, Answer};
use super::examples::{self, Example, Finding, Input};
use super::json::{Json, object, text};
use super::{COMMAND, request};
use crate::Code;
use crate::catalogue::Kind;

pub(super) fn page() -> String {
    let mut page = format!(
        "<!-- Written by `{COMMAND}` from shared/src/catalogue.rs and what the validation answers. -->\n\n\
         # Errors\n\n\
         Every code that the APIs answer. A code is stable: it is never renamed or used for something else.\n"
    );
    for (kind, heading, introduction) in GROUPS {
        page.push_str(&format!("\n## {heading}\n\n{introduction}\n"));
        for code in Code::ALL.iter().filter(|code| code.kind() == kind) {
            page.push_str(&entry(*code));
        }
    }
    page
}

const GROUPS: [(Kind, &str, &str); 3] = [
    (
        Kind::Violation,
        "Violations",
        "One place in a body that breaks a rule. An answer lists all of them, in the order of the body; the code of the \
         answer itself is [VALIDATION_FAILED](#VALIDATION_FAILED).",
    ),
    (
        Kind::Warning,
        "Warnings",
        "One place in a body that is odd. A warning stands beside a success and never refuses a body, unless the client \
         asks for it with `Prefer: handling=strict`.",
    ),
    (Kind::Problem, "Problems", "The answer to a whole request. Some also name a place in the body."),
];

fn entry(code: Code) -> String {
    let example = examples::of(code);
    let answer = endpoints::answer(code);
    let mut entry = format!("\n<a id=\"{code}\"></a>\n\n### {code}\n\n{}\n\n", code.description());
    entry.push_str(&format!("- Kind: {}\n", kind(code.kind())));
    if code.kind() != Kind::Warning {
        entry.push_str(&format!("- Status: {}\n", code.status()));
    }
    entry.push_str(&format!("- Rule: {}\n", code.title()));
    if let Some(example) = example {
        entry.push_str(&format!("- `limit`: {}\n", example.limit.unwrap_or("absent")));
    }
    if let Some(answer) = answer {
        entry.push_str(&when(answer));
    }
    if let Some((example, finding)) = example.and_then(|example| Some((example, example.finding()?))) {
        entry.push_str(&shown(example, &finding));
    }
    entry
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Violation => "violation",
        Kind::Warning => "warning",
        Kind::Problem => "problem",
    }
}

fn when(answer: &Answer) -> String {
    let apis: Vec<_> = answer.apis.iter().map(|api| api.name()).collect();
    format!("- Answered by {}: {}\n", apis.join(" and "), answer.when)
}

/// The example's body and what the engine found in it.
fn shown(example: &Example, finding: &Finding) -> String {
    let body = match &example.input {
        Input::Text(text) => format!("```json\n{text}\n```"),
        Input::Bytes(bytes) => format!("```text\n{}\n```", bytes.escape_ascii().to_string().replace("\\\"", "\"")),
        Input::Repeat { before, unit, count, after } => {
            let part = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
            let parts = [part(before), format!("{count} times {}", part(unit)), part(after)];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", then ")
        }
    };
    format!(
        "\nExample of `{}`:\n\n{body}\n\ngives\n\n```json\n{}```\n",
        request(example.body),
        violation(finding).document()
    )
}

/// A finding as the package gives it.
fn violation(finding: &Finding) -> Json {
    object([("pointer", text(&finding.pointer)), ("code", text(&finding.code)), ("message", text(&finding.message))])
        .with_some("limit", finding.limit.as_deref().map(text))
        .with_some("value", finding.value.as_deref().map(text))
}
