//! The conversations of the endpoints (`local/tests/conversations`): the format of their files, and examples from them.

use std::path::PathBuf;

use functions::routes::{ROUTES, Route};
use serde_json::Value;
use shared::validation::generate::Json;

use crate::commands::project;
use crate::openapi::{Example, Examples};

/// One request and its answer.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// What it shows.
    pub title: String,
    /// Name and argument.
    pub directives: Vec<(String, String)>,
    /// The request's method.
    pub method: String,
    /// The request, with names in place of ids.
    pub path: String,
    /// The request's headers.
    pub headers: Vec<(String, String)>,
    /// The request's body.
    pub body: String,
    /// The answer; its first line is the status.
    pub answer: String,
}

impl Exchange {
    /// The argument of a directive; `None` without the directive.
    #[must_use]
    pub fn directive(&self, name: &str) -> Option<&str> {
        self.directives.iter().find(|(known, _)| known == name).map(|(_, argument)| argument.as_str())
    }

    /// The status of the answer; 0 without one.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.answer.lines().next().and_then(|line| line.parse().ok()).unwrap_or_default()
    }

    /// The answer's body, if there is one.
    #[must_use]
    pub fn answer_body(&self) -> Value {
        let body = self.answer.split_once("\n\n").map(|(_, body)| body).unwrap_or_default();
        serde_json::from_str(body).unwrap_or_default()
    }

    /// The exchange in file format, with this answer.
    #[must_use]
    pub fn written(&self, answer: &str) -> String {
        let mut text = format!("### {}\n", self.title);
        for (name, argument) in &self.directives {
            text.push_str(format!("@{name} {argument}").trim_end());
            text.push('\n');
        }
        text.push_str(&format!("{} {}\n", self.method, self.path));
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\n"));
        }
        if !self.body.is_empty() {
            text.push_str(&format!("\n{}\n", self.body));
        }
        text.push_str(&format!("\n=> {}\n", answer.trim_end()));
        text
    }
}

/// The text before the first exchange, and the exchanges.
///
/// # Errors
/// The line that is not of the format.
pub fn parse(text: &str) -> Result<(String, Vec<Exchange>), String> {
    let text = format!("\n{text}");
    let mut parts = text.split("\n### ");
    let head = parts.next().unwrap_or_default();
    Ok((head.trim().to_owned(), parts.map(exchange).collect::<Result<_, _>>()?))
}

fn exchange(part: &str) -> Result<Exchange, String> {
    let (request, answer) = part.split_once("\n=> ").unwrap_or((part, ""));
    let (head, body) = request.trim_end().split_once("\n\n").unwrap_or((request.trim_end(), ""));
    let mut lines = head.lines();
    let mut exchange = Exchange {
        title: lines.next().unwrap_or_default().to_owned(),
        body: body.trim().to_owned(),
        answer: answer.trim_end().to_owned(),
        ..Exchange::default()
    };
    for line in lines {
        if let Some(directive) = line.strip_prefix('@') {
            let (name, argument) = directive.split_once(' ').unwrap_or((directive, ""));
            exchange.directives.push((name.to_owned(), argument.to_owned()));
        } else if exchange.method.is_empty() {
            let (method, path) = line.split_once(' ').ok_or_else(|| format!("`{line}` is not a request"))?;
            (exchange.method, exchange.path) = (method.to_owned(), path.to_owned());
        } else {
            let (name, value) = line.split_once(": ").ok_or_else(|| format!("`{line}` is not a header"))?;
            exchange.headers.push((name.to_owned(), value.to_owned()));
        }
    }
    if exchange.method.is_empty() {
        return Err(format!("`{}` has no request", exchange.title));
    }
    Ok(exchange)
}

/// Name and text of each conversation file, in the order of the names.
///
/// # Errors
/// A file cannot be read.
pub fn files() -> std::io::Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(project().join("local/tests/conversations"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "http") {
            let text = std::fs::read_to_string(&path)?;
            files.push((path, text));
        }
    }
    files.sort();
    Ok(files)
}

/// The route that takes a request: of two that fit, the one with fewer parameters.
#[must_use]
pub fn route_of(method: &str, path: &str) -> Option<&'static Route> {
    let path = path.split('?').next().unwrap_or_default();
    let fits = |route: &&Route| {
        let (template, path): (Vec<_>, Vec<_>) = (route.path.split('/').collect(), path.split('/').collect());
        let is_same = |(template, part): (&&str, &&str)| template == part || template.starts_with('{');
        route.method == method && template.len() == path.len() && template.iter().zip(&path).all(is_same)
    };
    ROUTES.iter().filter(fits).min_by_key(|route| route.path.matches('{').count())
}

/// The exchanges that can stand as examples in a description of the API, by route.
///
/// # Errors
/// A file cannot be read, or is not of the format.
pub fn examples() -> Result<Examples, String> {
    let mut examples: Vec<(String, Vec<Example>)> = Vec::new();
    for (path, text) in files().map_err(|error| error.to_string())? {
        let (_, exchanges) = parse(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        for exchange in exchanges {
            let Some(route) = route_of(&exchange.method, &exchange.path) else { continue };
            let name = format!("{} {}", route.method, route.path);
            // Not everything that is sent is JSON, and some is repeated or padded by a directive.
            let is_plain = exchange.directives.iter().all(|(directive, _)| directive == "as");
            let Some(example) = example(&exchange).filter(|_| is_plain) else { continue };
            match examples.iter_mut().find(|(known, _)| *known == name) {
                Some((_, of_route)) => of_route.push(example),
                None => examples.push((name, vec![example])),
            }
        }
    }
    Ok(Examples(examples))
}

fn example(exchange: &Exchange) -> Option<Example> {
    let json = |text: &str| {
        let text = filled(&text.replace("\"<milliseconds>\"", "<milliseconds>"));
        if text.is_empty() {
            Some(None)
        } else {
            serde_json::from_str(&text).ok().map(|value: Value| Some(value.into()))
        }
    };
    let request: Option<Json> = json(&exchange.body)?;
    let answer: Option<Json> = json(exchange.answer.split_once("\n\n").map(|(_, body)| body).unwrap_or_default())?;
    Some(Example { title: exchange.title.clone(), request, status: exchange.status(), answer })
}

/// The text with a plausible value for each name of an id or a time.
fn filled(text: &str) -> String {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once('<') {
        filled.push_str(before);
        let Some((name, after)) = behind.split_once('>') else {
            filled.push('<');
            rest = behind;
            continue;
        };
        match value_of(name) {
            Some(value) => filled.push_str(&value),
            None => filled.push_str(&format!("<{name}>")),
        }
        rest = after;
    }
    filled + rest
}

fn value_of(name: &str) -> Option<String> {
    let (kind, number) = name.rsplit_once(' ').unwrap_or((name, "1"));
    if let Some((order, _)) = name.split_once(" item ") {
        let order: u32 = order.rsplit_once(' ')?.1.parse().ok()?;
        return Some(format!("0898f154eef04ff51b{order:03x}{:03x}", number.parse::<u32>().ok()?));
    }
    let number: u32 = number.parse().unwrap_or(1);
    let uuid = |group: &str| format!("{group}-7890-4f12-a123-{number:012x}");
    Some(match kind {
        "order" => format!("0898f154eef04ff51b{number:03x}000"),
        "request" => uuid("c68c7cca"),
        "merchant" => "b234ee56-7890-4f12-a123-4567890abcde".to_owned(),
        "other" | "other merchant" => "c345ff67-8901-4a23-b234-567890abcdef".to_owned(),
        "subscription" => uuid("5b21c0de"),
        "transformation" => uuid("7ea0c0de"),
        "receipt" => uuid("4ecec0de"),
        "note" => format!("65ad00c0de{number:014x}"),
        "shipment" => uuid("a1b1bcc6"),
        "package" => uuid("b2c2cdd7"),
        "short id" => format!("O{number:08}"),
        "time" => "2026-11-30T08:00:00.000Z".to_owned(),
        "receiver" => "https://shop.example.com/webhooks".to_owned(),
        "cursor" => "AYrcRpmSlh0".to_owned(),
        "transaction" => format!("{}", 382_737_488_282_415_640_u64.saturating_add(number.into())),
        "refund" => format!("refund-{number}"),
        "webhook" => format!("msg_2KWPBgLlAfxdpx2AI54pPJ85f4{number}"),
        "milliseconds" => "12".to_owned(),
        "hint" => "whsec_…Fw8=".to_owned(),
        "secret" => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwK1s5ryl2gnQ=".to_owned(),
        "safe id" => format!("order-{number}"),
        _ => return None,
    })
}
