//! What else is written from the rows: the page of routes, and the routes of the gateway.

use functions::openapi::Access;
use functions::routes::{HttpFunction, ROUTES};

use super::service::{SERVICES, service};

/// The page of routes, as Markdown.
#[must_use]
pub fn routes_page() -> String {
    let mut page = String::from(
        "<!-- Written by `cargo mill generate` from the route rows in functions/src/http. -->\n\n# Routes\n\n\
         The same as an OpenAPI document: [openapi.json](../shared/generated/openapi.json).\n",
    );
    for (_, name, about) in SERVICES.iter().filter(|(_, _, about)| !about.is_empty()) {
        page.push_str(&format!(
            "\n## {name}\n\n{about}\n\n| route | does | function | codes of its own |\n|---|---|---|---|\n"
        ));
        for route in ROUTES.iter().filter(|route| service(route.path) == *name) {
            let codes: Vec<String> = route.codes.iter().map(|code| format!("`{code}`")).collect();
            page.push_str(&format!(
                "| `{} {}` | {} | `{}` | {} |\n",
                route.method,
                route.path,
                route.summary,
                route.function.as_str(),
                codes.join(", ")
            ));
        }
    }
    page
}

/// The events of a function in the template, each line with this indent.
#[must_use]
pub fn template_events(function: HttpFunction, indent: &str) -> String {
    let mut lines = String::new();
    for route in ROUTES.iter().filter(|route| route.function == function) {
        let mut name = route.name.to_owned();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let path = if route.path.contains('{') { format!("'{}'", route.path) } else { route.path.to_owned() };
        lines.push_str(&format!("{indent}{name}:\n{indent}  Type: HttpApi\n"));
        let method = route.method;
        let public = if route.operation().access == Access::Public { ", Auth: { Authorizer: NONE }" } else { "" };
        lines.push_str(&format!(
            "{indent}  Properties: {{ ApiId: !Ref Api, Method: {method}, Path: {path}{public} }}\n"
        ));
    }
    lines
}
