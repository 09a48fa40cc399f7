//! The body of a transformation: `{name, rules}`, every broken rule of it at once.

use shared::Code;
use shared::ids::MerchantId;
use shared::limits::{DESCRIPTION_CHARACTERS_MAX, TRANSFORMATION_BYTES_MAX, TRANSFORMATION_RULES_MAX};
use shared::network::problem::Violation;
use shared::network::transform::{Convert, Parts, Pointer, PointerFault, Rule, Transformation, Tree, Unreadable};

use crate::http::object::{self, Findings, Members, Value};
use crate::refusal::Refusal;
use crate::store::transformations::NamedTransformation;

/// What a transformation is made of, and what was noticed.
pub(super) fn transformation(
    bytes: &[u8],
    merchant: &MerchantId,
    strict: bool,
) -> Result<(NamedTransformation, Vec<Violation>), Refusal> {
    let (members, mut findings) = object::read(bytes, merchant)?;
    let (mut title, mut rules) = (None, None);
    for (member, value) in members.iter() {
        match member {
            "name" | "rules" if value.is_null() => {}
            "name" => title = name(&mut findings, value),
            "rules" => rules = Some(findings.rows("/rules", value, (1, TRANSFORMATION_RULES_MAX), rule)),
            _ => findings.unknown("", (member, value), &["name", "rules"]),
        }
    }
    findings.require("", &members, &["name", "rules"]);
    let warnings = findings.settle(strict)?;
    let transformation = Transformation { rules: rules.unwrap_or_default() };
    within_bytes(&transformation)?;
    Ok((NamedTransformation { name: title.unwrap_or_default(), transformation }, warnings))
}

fn within_bytes(transformation: &Transformation) -> Result<(), Refusal> {
    let bytes = serde_json::to_string(transformation).map_or(usize::MAX, |text| text.len());
    if bytes <= TRANSFORMATION_BYTES_MAX {
        return Ok(());
    }
    let message = format!("must have at most {TRANSFORMATION_BYTES_MAX} bytes together, but have {bytes}");
    Err(Refusal::invalid(vec![Violation::new(Code::PayloadTooLarge, "/rules".to_owned(), message, None)]))
}

fn name(findings: &mut Findings, value: Value<'_>) -> Option<String> {
    const PLACE: &str = "/name";
    let text = findings.text(PLACE, value)?;
    let length = text.chars().count();
    let (code, message) = if length == 0 {
        (Code::TooShort, "must have at least 1 character, but has 0".to_owned())
    } else if length > DESCRIPTION_CHARACTERS_MAX {
        (Code::TooLong, format!("must have at most {DESCRIPTION_CHARACTERS_MAX} characters, but has {length}"))
    } else if text.chars().any(char::is_control) {
        (Code::ControlCharacter, "must hold no control characters".to_owned())
    } else {
        return (!findings.card_number(PLACE, value)).then_some(text);
    };
    findings.told(code, PLACE, message, value);
    None
}

fn rule(findings: &mut Findings, place: &str, entry: Value<'_>) -> Option<Rule> {
    let members = findings.object(place, entry)?;
    let (mut to, mut parts, mut is_read) = (None, Parts::default(), true);
    for (name, value) in members.iter() {
        let at = format!("{place}/{name}");
        match name {
            "to" | "from" | "default" | "as" | "constant" if value.is_null() => {}
            "to" => to = pointer(findings, &at, value),
            "from" => {
                parts.from = pointer(findings, &at, value);
                is_read &= parts.from.is_some();
            }
            "as" => {
                parts.convert = convert(findings, &at, value);
                is_read &= parts.convert.is_some();
            }
            "default" | "constant" => {
                let part = if name == "default" { &mut parts.default } else { &mut parts.constant };
                *part = tree(findings, &at, value);
                is_read &= part.is_some();
            }
            // A default that is misspelt would be missed only when it is needed.
            _ => findings.refuse_unknown(place, (name, value), &["to", "from", "default", "as", "constant"]),
        }
    }
    findings.require(place, &members, &["to"]);
    // What members are together can be told of those only that could be read.
    if !is_read {
        return None;
    }
    let made = match (parts.source(), to) {
        (Ok(source), Some(to)) => Rule::new(to, source),
        (Err(fault), _) => Err(fault),
        (Ok(_), None) => return None,
    };
    match made {
        Ok(rule) => {
            look_at(findings, place, &rule, &members);
            Some(rule)
        }
        Err(fault) => {
            let of_target = members.get("to").filter(|_| fault.is_of_target());
            let (at, value) = match of_target {
                Some(to) => (&format!("{place}/to"), to),
                None => (&place.to_owned(), entry),
            };
            findings.told(Code::InvalidFormat, at, fault.to_string(), value);
            None
        }
    }
}

/// What the orders that the rule makes would be told each time.
fn look_at(findings: &mut Findings, place: &str, rule: &Rule, members: &Members<'_>) {
    let target = rule.place();
    if let Some(to) = members.get("to").filter(|_| !target.is_known()) {
        findings.ignored(format!("{place}/to"), to, "leads to no member that an order has");
    }
    for name in ["constant", "default"] {
        if let Some(value) = members.get(name).filter(|_| target.is_searched()) {
            findings.card_number(&format!("{place}/{name}"), value);
        }
    }
}

fn pointer(findings: &mut Findings, at: &str, value: Value<'_>) -> Option<Pointer> {
    match Pointer::parse(&findings.text(at, value)?) {
        Ok(pointer) => Some(pointer),
        Err(fault) => {
            let code = if fault == PointerFault::TooLong { Code::TooLong } else { Code::InvalidFormat };
            findings.broken(code, at, &fault.to_string(), value);
            None
        }
    }
}

fn convert(findings: &mut Findings, at: &str, value: Value<'_>) -> Option<Convert> {
    let convert = Convert::parse(&findings.text(at, value)?);
    if convert.is_none() {
        findings.broken(Code::InvalidFormat, at, "one of `string`, `number`", value);
    }
    convert
}

/// Constants and defaults are stored as they are written.
fn tree(findings: &mut Findings, at: &str, value: Value<'_>) -> Option<Tree> {
    match Tree::read(value.json()) {
        Ok(tree) => Some(tree),
        Err(fault) => {
            let code = if fault == Unreadable::TooDeep { Code::TooDeep } else { Code::NotJson };
            findings.told(code, at, fault.to_string(), value);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::Code;

    use super::transformation;
    use shared::ids::MerchantId;

    fn merchant() -> MerchantId {
        MerchantId::parse("b234ee56-7890-4f12-a123-4567890abcde").unwrap()
    }

    fn broken(body: &serde_json::Value) -> Vec<(Code, String)> {
        let refusal = transformation(body.to_string().as_bytes(), &merchant(), false).unwrap_err();
        refusal.violations.into_iter().map(|broken| (broken.error_code, broken.pointer)).collect()
    }

    #[test]
    fn every_broken_rule_is_named() {
        let body = json!({"name": "", "rules": [
            {"to": "/a", "from": "/b", "default": 1, "as": "string"},
            {"to": "a", "from": 1, "defualt": 1},
            {"from": "/a"},
            {"to": "/a", "from": "/*"},
            {"to": "/a", "as": "text", "from": "/b"},
            7,
            {"to": "a"},
        ]});
        let expected = [
            (Code::TooShort, "/name"),
            (Code::UnknownMember, "/rules/1/defualt"),
            (Code::WrongType, "/rules/1/from"),
            (Code::InvalidFormat, "/rules/1/to"),
            (Code::Required, "/rules/2/to"),
            (Code::InvalidFormat, "/rules/3"),
            (Code::InvalidFormat, "/rules/4/as"),
            (Code::WrongType, "/rules/5"),
            (Code::InvalidFormat, "/rules/6"),
            (Code::InvalidFormat, "/rules/6/to"),
        ];
        assert_eq!(broken(&body), expected.map(|(code, place)| (code, place.to_owned())));
        for (body, code, place) in [
            (json!({"name": "n", "rules": []}), Code::TooFew, "/rules"),
            (json!({"name": "n", "rules": {}}), Code::WrongType, "/rules"),
            (json!({"name": "n"}), Code::Required, "/rules"),
            (json!({"rules": [{"to": "", "from": ""}]}), Code::Required, "/name"),
            (json!({"name": "n", "rules": vec![json!({"to": "", "from": ""}); 201]}), Code::TooMany, "/rules"),
            (
                json!({"name": "n", "rules": [{"to": "", "constant": "x".repeat(70_000)}]}),
                Code::PayloadTooLarge,
                "/rules",
            ),
        ] {
            assert_eq!(broken(&body), [(code, place.to_owned())]);
        }
    }

    #[test]
    fn what_every_order_would_be_told_is_told_at_once() {
        let card = "4111 1111 1111 1111";
        let rule = |to: &str| json!({"to": to, "constant": card});
        let body = json!({"name": "n", "rules": [rule("/meta/card"), rule("/externalId"), rule("/itmes/0")]});
        assert_eq!(broken(&body), [(Code::CardNumber, "/rules/0/constant".to_owned())]);
        let body = json!({"name": "n", "rules": [rule("/externalId"), rule("/itmes/0")]});
        let (_, warnings) = transformation(body.to_string().as_bytes(), &merchant(), false).unwrap();
        let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
        assert_eq!((warning.error_code, warning.pointer.as_str()), (Code::UnknownMember, "/rules/1/to"));
    }

    #[test]
    fn constants_keep_their_digits() {
        let body = br#"{"name": "n", "rules": [{"to": "/a", "constant": 1.500000000000000000000000001}]}"#;
        let (new, _) = transformation(body, &merchant(), false).unwrap();
        let stored = serde_json::to_string(&new.transformation).unwrap();
        assert_eq!(stored, r#"[{"to":"/a","constant":1.500000000000000000000000001}]"#);
    }
}
