//! The parameters of a template: defaults, overrides, and their constraints.

use super::{
    error::{Read, Refusal},
    fields::{Fields, entries, items},
    scope::{Endpoints, Scope},
    yaml::Node,
};
use std::collections::BTreeMap;

/// The value of each parameter under `node`.
pub(super) fn read(node: Option<&Node>, overrides: &BTreeMap<String, String>) -> Read<BTreeMap<String, String>> {
    // Parameters cannot refer to anything, so they are read in an empty scope.
    let nothing = Scope {
        parameters: BTreeMap::new(),
        resources: BTreeMap::new(),
        endpoints: Endpoints { sqs: String::new(), api: String::new() },
    };
    let declared = node.map(entries).transpose()?.unwrap_or_default();
    let line = declared.first().map_or(1, |(key, _)| key.line);
    if let Some(unknown) = overrides.keys().find(|name| !declared.iter().any(|(key, _)| key.name == **name)) {
        return Err(Refusal::new(line, format!("there is no parameter `{unknown}` to set")));
    }
    let mut values = BTreeMap::new();
    for (key, node) in declared {
        let value = one(&nothing, &key.name, key.line, node, overrides.get(&key.name))?;
        values.insert(key.name.clone(), value);
    }
    Ok(values)
}

fn one(scope: &Scope, name: &str, line: usize, node: &Node, set: Option<&String>) -> Read<String> {
    let mut fields = Fields::open(scope, format!("the parameter `{name}`"), node)?;
    let number = fields.need_one_of("Type", &["String", "Number"])? == "Number";
    let default = fields.text("Default")?;
    fields.text("Description")?;
    let allowed = fields.take("AllowedValues").map(|node| allowed_values(scope, node)).transpose()?;
    let least = bound(&mut fields, scope, "MinValue")?;
    let most = bound(&mut fields, scope, "MaxValue")?;
    fields.finish()?;

    let Some(value) = set.or(default.as_ref()) else {
        return Err(Refusal::new(line, format!("the parameter `{name}` has no default and is not set")));
    };
    let refuse = |why: String| Err(Refusal::new(line, format!("the parameter `{name}` {why}, not `{value}`")));
    if let Some(allowed) = allowed
        && !allowed.contains(value)
    {
        return refuse(format!("can be `{}`", allowed.join("`, `")));
    }
    if number {
        let Some(parsed) = parse_number(value) else { return refuse("is a number".to_owned()) };
        if let Some(least) = least
            && parsed < least
        {
            return refuse(format!("is at least {least}"));
        }
        if let Some(most) = most
            && parsed > most
        {
            return refuse(format!("is at most {most}"));
        }
    } else if least.is_some() || most.is_some() {
        return Err(Refusal::new(
            line,
            format!("the parameter `{name}` is text, which has no least or greatest value"),
        ));
    }
    Ok(value.clone())
}

fn allowed_values(scope: &Scope, node: &Node) -> Read<Vec<String>> {
    items(node)?.iter().map(|item| scope.text(item)).collect()
}

fn bound(fields: &mut Fields<'_, '_>, scope: &Scope, name: &str) -> Read<Option<f64>> {
    let Some(node) = fields.take(name) else { return Ok(None) };
    let text = scope.text(node)?;
    match parse_number(&text) {
        Some(number) => Ok(Some(number)),
        None => Err(Refusal::new(node.line, format!("`{name}` is a number, not `{text}`"))),
    }
}

fn parse_number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}
