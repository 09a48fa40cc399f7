//! `Globals.Function`: default properties of every function.
//!
//! The merge works on nodes, before anything is read, so that a message names the line of the value: mappings merge key
//! by key, and any other value of the function replaces the global one.

use super::{
    error::{Read, Refusal},
    fields::{Fields, entries},
    scope::Scope,
    yaml::{Node, Value},
};

/// The properties under `Globals.Function` that SAM allows and this stack supports.
const GLOBAL: &[&str] =
    &["Architectures", "CodeUri", "Environment", "Handler", "LoggingConfig", "MemorySize", "Runtime", "Timeout"];

/// The mapping under `Globals.Function`.
pub(super) fn function<'a>(scope: &Scope, globals: Option<&'a Node>) -> Read<Option<&'a Node>> {
    let Some(globals) = globals else { return Ok(None) };
    let mut fields = Fields::open(scope, "Globals", globals)?;
    let function = fields.take("Function");
    fields.finish()?;
    for (key, _) in function.map(entries).transpose()?.unwrap_or_default() {
        if !GLOBAL.contains(&key.name.as_str()) {
            let message = format!("Globals.Function has no property `{}` that this stack understands", key.name);
            return Err(Refusal::new(key.line, message));
        }
    }
    Ok(function)
}

/// Merges `own` over `global`.
pub(super) fn merge(global: Option<&Node>, own: &Node) -> Read<Node> {
    let Some(global) = global else { return Ok(own.clone()) };
    match (&global.value, &own.value) {
        (Value::Map(defaults), Value::Map(overrides)) => {
            let mut merged = Vec::new();
            for (key, node) in overrides {
                let default = defaults.iter().find(|(name, _)| name.name == key.name).map(|(_, node)| node);
                merged.push((key.clone(), merge(default, node)?));
            }
            for (key, node) in defaults {
                if !overrides.iter().any(|(name, _)| name.name == key.name) {
                    merged.push((key.clone(), node.clone()));
                }
            }
            Ok(Node { line: own.line, tag: own.tag, value: Value::Map(merged) })
        }
        // SAM would append one to the other, which is surprising for, say, an architecture.
        (Value::List(_), Value::List(_)) => {
            Err(Refusal::new(own.line, "this list also stands under Globals.Function; give it in one place"))
        }
        _ => Ok(own.clone()),
    }
}
