//! The catalogue of codes for JavaScript and TypeScript.

use super::json::quoted;
use super::{COMMAND, examples};
use crate::Code;
use crate::catalogue::Kind;

/// `codes.d.ts`: the codes as unions of string literals.
pub(super) fn types() -> String {
    // A body can be too large or hold too many orders: problems that the validation finds as well.
    let is_violation =
        |code: Code| code.kind() == Kind::Violation || (code.kind() == Kind::Problem && examples::of(code).is_some());
    let mut types = header();
    types.push_str(&union("ViolationCode", "One place in a body, or the body itself, breaks a rule.", is_violation));
    types.push_str(&union("WarningCode", "One place in a body is odd; it is accepted.", |code| {
        code.kind() == Kind::Warning
    }));
    types.push_str(&union("ProblemCode", "The answer to a whole request.", |code| code.kind() == Kind::Problem));
    types.push_str("\n/** Every code that the APIs and the validation answer. */\n");
    types.push_str("export type Code = ViolationCode | WarningCode | ProblemCode;\n");
    types
}

/// `catalogue.js`: the codes as data, in the order in which the module numbers them.
pub(super) fn catalogue() -> String {
    let mut script = header();
    script.push_str("\nexport const catalogue = [\n");
    for code in Code::ALL {
        let (name, status, title) = (quoted(code.as_str()), code.status(), quoted(code.title()));
        script.push_str(&format!("  {{ code: {name}, status: {status}, title: {title} }},\n"));
    }
    script.push_str("];\n");
    script
}

fn header() -> String {
    format!("// Written by `{COMMAND}` from shared/src/catalogue.rs.\n")
}

fn union(name: &str, description: &str, holds: impl Fn(Code) -> bool) -> String {
    let mut union = format!("\n/** {description} */\nexport type {name} =");
    for code in Code::ALL.iter().copied().filter(|code| holds(*code)) {
        union.push_str(&format!("\n  /** {} */\n  | {}", code.description(), quoted(code.as_str())));
    }
    union.push_str(";\n");
    union
}
