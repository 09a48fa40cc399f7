//! Placeholder names for values that differ between runs. Each value has one name per conversation, so references can
//! be followed.

#![expect(clippy::string_slice, reason = "a test panics where a value is not ASCII")]

use serde_json::Value;
use shared::limits::ATTEMPTED_VALUE_BYTES_MAX;

/// The names of a conversation.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// Kind and value; the name is the kind with a number.
    known: Vec<(&'static str, String)>,
    /// Values with a predefined name.
    fixed: Vec<(String, String)>,
}

impl Names {
    pub(super) fn new(fixed: Vec<(String, String)>) -> Self {
        Self { known: Vec::new(), fixed }
    }

    fn name(&mut self, kind: &'static str, value: &str) -> String {
        let of_kind = |(known, _): &&(&str, String)| *known == kind;
        let place = self.known.iter().filter(of_kind).position(|(_, known)| known == value);
        let number = place.unwrap_or_else(|| {
            self.known.push((kind, value.to_owned()));
            self.known.iter().filter(of_kind).count() - 1
        });
        format!("<{kind} {}>", number + 1)
    }

    /// Replaces names with values.
    pub(super) fn filled(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in &self.fixed {
            filled = filled.replace(&format!("<{name}>"), value);
        }
        let kinds: std::collections::BTreeSet<&str> = self.known.iter().map(|(kind, _)| *kind).collect();
        for kind in kinds {
            for (index, (_, value)) in self.known.iter().filter(|(known, _)| *known == kind).enumerate() {
                let name = format!("{kind} {}", index + 1);
                filled = filled.replace(&format!("<{name}>"), value);
                if kind == "order" {
                    for item in 1..=9 {
                        filled =
                            filled.replace(&format!("<{name} item {item}>"), &format!("{}{item:03x}", &value[..21]));
                    }
                }
            }
        }
        filled
    }

    /// Replaces values in the body with names.
    pub(super) fn named(&mut self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                // Note ids look like order ids, and other kinds all look alike.
                let has = |names: [&str; 2]| names.iter().all(|name| members.contains_key(*name));
                let own_kind = match () {
                    () if has(["resource", "text"]) => Some("note"),
                    () if has(["receivedAt", "endedAt"]) => Some("receipt"),
                    () if has(["name", "rules"]) => Some("transformation"),
                    () => None,
                };
                for (member, value) in members {
                    let kind = match (member.as_str(), value.as_str()) {
                        ("transformationId", Some(_)) => "transformation",
                        ("requestId" | "RequestId", Some(_)) => "request",
                        ("nextCursor", Some(_)) => "cursor",
                        ("secret", Some(_)) => "secret",
                        ("secretHint", Some(_)) => "hint",
                        ("webhookId", Some(_)) => "webhook",
                        ("transactionId", Some(id)) if id.len() == 24 => "refund",
                        ("shortId", Some(_)) => "short id",
                        ("id", Some(_)) if own_kind.is_some() => own_kind.unwrap_or_default(),
                        ("durationMs", _) => {
                            *value = "<milliseconds>".into();
                            continue;
                        }
                        _ => {
                            self.named(value);
                            continue;
                        }
                    };
                    *value = self.name(kind, value.as_str().unwrap_or_default()).into();
                }
            }
            Value::Array(entries) => entries.iter_mut().for_each(|entry| self.named(entry)),
            Value::String(text) => *text = self.named_text(text),
            _ => {}
        }
    }

    /// Replaces values with names anywhere in the text.
    pub(super) fn named_text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.fixed {
            text = text.replace(value, &format!("<{name}>"));
        }
        let (mut named, mut rest) = (String::new(), text.as_str());
        let mut is_start = true;
        while let Some(next) = rest.chars().next() {
            if let Some((name, length)) = Some(rest).filter(|_| is_start).and_then(|rest| self.value_at(rest)) {
                named.push_str(&name);
                rest = &rest[length..];
                is_start = false;
                continue;
            }
            named.push(next);
            is_start = !next.is_ascii_alphanumeric();
            rest = &rest[next.len_utf8()..];
        }
        named
    }

    /// The name of the value at the start of a text, and its length.
    fn value_at(&mut self, text: &str) -> Option<(String, usize)> {
        // An error shows a cursor truncated like any other value.
        let cut = |cursor: &str| ATTEMPTED_VALUE_BYTES_MAX.min(cursor.len());
        let is_it =
            |(kind, known): &&(&'static str, String)| *kind == "cursor" && text.starts_with(&known[..cut(known)]);
        if let Some((kind, known)) = self.known.iter().find(is_it).cloned() {
            return Some((self.name(kind, &known), cut(&known)));
        }
        let run = |of: fn(char) -> bool| text.find(|next| !of(next)).unwrap_or(text.len());
        let word = run(|next| next.is_ascii_alphanumeric());
        let is_hex = text[..word].bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let uuid = run(|next| next.is_ascii_hexdigit() || next == '-');
        if word == 24 && self.known.iter().any(|(kind, known)| *kind == "note" && known == &text[..24]) {
            return Some((self.name("note", &text[..24]), 24));
        }
        if word == 24 && is_hex {
            return Some((self.order_or_item(&text[..24]), 24));
        }
        if word == 32 && is_hex {
            return Some((self.name("safe id", &text[..32]), 32));
        }
        if word >= 16 && text[..word].bytes().all(|byte| byte.is_ascii_digit()) {
            return Some((self.name("transaction", &text[..word]), word));
        }
        if uuid == 36 {
            let id = &text[..36];
            let known = self.known.iter().find(|(_, known)| known == id).map(|(kind, _)| *kind);
            let kind = match id.as_bytes()[14] {
                _ if known.is_some() => known.unwrap_or_default(),
                b'8' if shared::ids::ShipmentId::parse(id).is_ok() => "shipment",
                b'8' => "package",
                _ => "subscription",
            };
            return Some((self.name(kind, id), 36));
        }
        time(text).map(|length| ("<time>".to_owned(), length))
    }

    fn order_or_item(&mut self, id: &str) -> String {
        let (stem, number) = id.split_at(21);
        // An unknown id is written out.
        if matches!(stem.as_bytes(), [first, rest @ ..] if rest.iter().all(|byte| byte == first)) {
            return id.to_owned();
        }
        let order = self.name("order", &format!("{stem}000"));
        match usize::from_str_radix(number, 16) {
            Ok(0) | Err(_) => order,
            Ok(item) => format!("{} item {item}>", order.trim_end_matches('>')),
        }
    }
}

/// The length of the time at the start of a text, if it is from this run: requests name earlier ones.
fn time(text: &str) -> Option<usize> {
    let form = b"0000-00-00T00:00:00";
    let fits = |(byte, form): (&u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form };
    let is_time = text.len() >= form.len() && text.as_bytes().iter().zip(form).all(fits);
    if !is_time || text < "2026" {
        return None;
    }
    let rest = &text[form.len()..];
    let fraction = rest.find(|next: char| next != '.' && !next.is_ascii_digit()).unwrap_or(rest.len());
    Some(form.len() + fraction + usize::from(rest[fraction..].starts_with('Z')))
}
