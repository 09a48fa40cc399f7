//! The page of the rules: for each body a table of its members.

use super::super::Body;
use super::super::table::{Object, Rule};
use super::{COMMAND, fields, request, words};
use crate::card::{CARD_DIGITS_MAX, CARD_DIGITS_MIN};
use crate::limits::{BODY_BYTES_MAX, DEPTH_MAX, ORDER_BYTES_MAX};

pub(super) fn page() -> String {
    let mut page = format!(
        "<!-- Written by `{COMMAND}` from shared/src/validation/rules.rs. -->\n\n\
         # Rules of the request bodies\n\n\
         What [ERRORS.md](ERRORS.md) names, member by member. `*` stands for the number of an entry.\n\n\
         - A body has at most {BODY_BYTES_MAX} bytes, one order in it {ORDER_BYTES_MAX}; arrays and objects nest at most \
         {DEPTH_MAX} deep; a member stands at most once in its object.\n\
         - Characters are Unicode code points. Strings hold no control characters; on more than one line, tabs and line \
         breaks are allowed.\n\
         - A member that is not required may be absent or null.\n\
         - A card number is {CARD_DIGITS_MIN} to {CARD_DIGITS_MAX} digits, together or with single spaces or hyphens among \
         them, that begin like those of a card network, have a length that it uses, and pass Luhn's check; neither one \
         within more digits nor one within a word of hex digits (a UUID, a hash) is meant. Where no rule knows a member of \
         an order of the order network API, its texts hold none either.\n"
    );
    for body in Body::ALL {
        page.push_str(&section(body));
    }
    page
}

fn section(body: Body) -> String {
    let rules = body.rules();
    let empty = if rules.empty_is_absent {
        "An empty string in a member that is not required is as if the member were absent. "
    } else {
        ""
    };
    let unknown = if rules.warns_of_unknown_members {
        "Other members are ignored and named in a warning."
    } else {
        "Other members are ignored."
    };
    let mut section = format!(
        "\n## {}\n\n{empty}{unknown}\n\n| member | type | required | bounds | form |\n|---|---|---|---|---|\n",
        request(body)
    );
    let mut notes = Vec::new();
    rows(rules.root, "", "", &mut section, &mut notes);
    if !notes.is_empty() {
        section.push_str(&format!("\n{}\n", notes.join("\n")));
    }
    section
}

/// Adds the row of a value and those of its members, and what holds between them.
fn rows(rule: Rule, at: &str, required: &str, rows_of: &mut String, notes: &mut Vec<String>) {
    if !at.is_empty() {
        let form = words::form(rule).replace('|', "\\|");
        rows_of.push_str(&format!(
            "| `{at}` | {} | {required} | {} | {form} |\n",
            rule.type_name(),
            words::bounds(rule)
        ));
    }
    match rule {
        // The orders of a bulk are those of the single call.
        Rule::Order(_) if !at.is_empty() => {
            notes.push(format!("- `{at}`: the members are those of `{}`.", request(Body::Order)));
        }
        Rule::Object(object) | Rule::Order(object) => members(object, at, rows_of, notes),
        Rule::Array(array) => match array.entry {
            Rule::Object(object) => members(object, &format!("{at}/*"), rows_of, notes),
            entry => rows(entry, &format!("{at}/*"), "", rows_of, notes),
        },
        _ => {}
    }
}

fn members(object: &'static Object, at: &str, rows_of: &mut String, notes: &mut Vec<String>) {
    for field in fields(object) {
        let required = if field.required { "yes" } else { "" };
        rows(field.rule, &format!("{at}/{}", field.name()), required, rows_of, notes);
    }
    if let Some(check) = words::check(object.check) {
        let place = if at.is_empty() { String::new() } else { format!("`{at}`: ") };
        notes.push(format!("- {place}{check}."));
    }
}
