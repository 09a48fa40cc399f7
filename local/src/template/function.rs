//! An `AWS::Serverless::Function` without its events.

use super::{
    error::{Read, Refusal},
    fields::{Fields, entries, items},
    model::{Function, Logging},
    policies,
    scope::{Scope, physical_name},
    yaml::Node,
};
use std::{collections::BTreeMap, time::Duration};

/// The properties of a function that the reader of events handles.
pub(super) struct Declared<'a> {
    pub(super) function: Function,
    pub(super) events: Option<&'a Node>,
}

/// Reads a function from its metadata and its properties, after the globals are merged into them.
pub(super) fn read<'a>(scope: &Scope, logical_id: &str, metadata: &Node, properties: &'a Node) -> Read<Declared<'a>> {
    let binary = binary(scope, metadata)?;
    let mut fields = Fields::open(scope, "AWS::Serverless::Function", properties)?;
    fields.text("Description")?;
    fields.need_text("CodeUri")?;
    fields.need_one_of("Handler", &["bootstrap"])?;
    fields.need_one_of("Runtime", &["provided.al2023"])?;
    if let Some(node) = fields.take("Architectures") {
        architecture(scope, node)?;
    }
    let memory_mb = fields.count("MemorySize", 128..=10_240, 128)?;
    let timeout = fields.count("Timeout", 1..=900, 3)?;
    let environment = match fields.take("Environment") {
        None => BTreeMap::new(),
        Some(node) => {
            let mut fields = Fields::open(scope, "Environment", node)?;
            let variables = fields.take("Variables").map(|node| variables(scope, node)).transpose()?;
            fields.finish()?;
            variables.unwrap_or_default()
        }
    };
    let logging = logging(scope, fields.take("LoggingConfig"))?;
    let statements = fields.take("Policies").map(|node| policies::read(scope, node)).transpose()?.unwrap_or_default();
    let events = fields.take("Events");
    fields.finish()?;
    let function = Function {
        logical_id: logical_id.to_owned(),
        name: physical_name(logical_id),
        binary,
        environment,
        timeout: Duration::from_secs(u64::from(timeout)),
        memory_mb,
        logging,
        statements,
        routes: Vec::new(),
        queue_sources: Vec::new(),
        stream_sources: Vec::new(),
        schedules: Vec::new(),
    };
    Ok(Declared { function, events })
}

fn binary(scope: &Scope, metadata: &Node) -> Read<String> {
    let mut fields = Fields::open(scope, "Metadata", metadata)?;
    fields.need_one_of("BuildMethod", &["rust-cargolambda"])?;
    let mut build = Fields::open(scope, "BuildProperties", fields.need("BuildProperties")?)?;
    let binary = build.need_text("Binary")?;
    build.finish()?;
    fields.finish()?;
    Ok(binary)
}

fn architecture(scope: &Scope, node: &Node) -> Read<()> {
    let [item] = items(node)? else { return Err(Refusal::new(node.line, "a function has one architecture")) };
    match scope.text(item)?.as_str() {
        "arm64" | "x86_64" => Ok(()),
        other => Err(Refusal::new(item.line, format!("`{other}` is not an architecture of Lambda"))),
    }
}

fn variables(scope: &Scope, node: &Node) -> Read<BTreeMap<String, String>> {
    let mut variables = BTreeMap::new();
    for (key, node) in entries(node)? {
        let mut letters = key.name.chars();
        let begins_well = letters.next().is_some_and(|first| first.is_ascii_alphabetic());
        if !begins_well || !letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
            return Err(Refusal::new(key.line, format!("`{}` is no name of an environment variable", key.name)));
        }
        if is_reserved(&key.name) {
            return Err(Refusal::new(key.line, format!("the environment variable `{}` is Lambda's own", key.name)));
        }
        variables.insert(key.name.clone(), scope.text(node)?);
    }
    Ok(variables)
}

fn is_reserved(name: &str) -> bool {
    const RESERVED: &[&str] = &[
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "TZ",
    ];
    RESERVED.contains(&name) || name.starts_with("AWS_LAMBDA_")
}

fn logging(scope: &Scope, node: Option<&Node>) -> Read<Logging> {
    let mut logging = Logging { format: "Text".to_owned(), application_level: None, group: None };
    let Some(node) = node else { return Ok(logging) };
    let mut fields = Fields::open(scope, "LoggingConfig", node)?;
    if let Some(format) = fields.one_of("LogFormat", &["JSON", "Text"])? {
        logging.format = format;
    }
    let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    logging.application_level = fields.one_of("ApplicationLogLevel", &levels)?;
    if logging.application_level.is_some() && logging.format != "JSON" {
        return Err(Refusal::new(fields.line(), "`ApplicationLogLevel` needs the `LogFormat` JSON"));
    }
    fields.one_of("SystemLogLevel", &["DEBUG", "INFO", "WARN"])?;
    logging.group = fields.text("LogGroup")?;
    fields.finish()?;
    Ok(logging)
}
