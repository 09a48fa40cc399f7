//! Inline policies. Every call of a function is checked against them, so nothing in them may be guessed.

use super::{
    error::{Read, Refusal},
    fields::{Fields, items, texts},
    model::{Effect, Statement},
    scope::Scope,
    yaml::{Node, Value},
};

/// The services that run here and check permissions.
const SERVICES: &[&str] = &["dynamodb", "sqs"];

/// Reads the `Policies` of a function.
pub(super) fn read(scope: &Scope, node: &Node) -> Read<Vec<Statement>> {
    let mut statements = Vec::new();
    for policy in items(node)? {
        if !matches!(policy.value, Value::Map(_)) {
            let message = "managed policies are not understood here; write a policy with a `Statement`";
            return Err(Refusal::new(policy.line, message));
        }
        let mut fields = Fields::open(scope, "a policy", policy)?;
        fields.one_of("Version", &["2012-10-17"])?;
        // SAM's policy templates (`DynamoDBCrudPolicy: …`) remain here and are rejected by name.
        let Some(list) = fields.take("Statement") else {
            fields.finish()?;
            return Err(Refusal::new(policy.line, "a policy needs the property `Statement`"));
        };
        fields.finish()?;
        for item in items(list)? {
            statements.push(statement(scope, item)?);
        }
    }
    Ok(statements)
}

fn statement(scope: &Scope, node: &Node) -> Read<Statement> {
    let mut fields = Fields::open(scope, "a policy statement", node)?;
    fields.text("Sid")?;
    let effect = match fields.need_one_of("Effect", &["Allow", "Deny"])?.as_str() {
        "Allow" => Effect::Allow,
        _ => Effect::Deny,
    };
    let actions = texts(scope, fields.need("Action")?)?;
    let resources = texts(scope, fields.need("Resource")?)?;
    fields.finish()?;
    for (line, action) in &actions {
        refuse_wildcard("Action", action, *line)?;
        if !action.split_once(':').is_some_and(|(service, name)| SERVICES.contains(&service) && !name.is_empty()) {
            return Err(Refusal::new(
                *line,
                format!("`{action}` is not an action of a service that runs here ({})", SERVICES.join(", ")),
            ));
        }
    }
    for (line, resource) in &resources {
        refuse_wildcard("Resource", resource, *line)?;
        if !resource.starts_with("arn:") {
            return Err(Refusal::new(*line, format!("a Resource is an ARN, not `{resource}`")));
        }
    }
    let plain = |texts: Vec<(usize, String)>| texts.into_iter().map(|(_, text)| text).collect();
    Ok(Statement { effect, actions: plain(actions), resources: plain(resources) })
}

fn refuse_wildcard(property: &str, text: &str, line: usize) -> Read<()> {
    if text.contains(['*', '?']) {
        let message =
            format!("{property} `{text}` has a wildcard; name each one, so that no function may more than it does");
        return Err(Refusal::new(line, message));
    }
    Ok(())
}
