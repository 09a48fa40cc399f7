//! The whole template: its sections, its resources in dependency order, its outputs.

use super::{
    api,
    error::{Read, Refusal, TemplateError},
    events,
    fields::{Fields, entries},
    function, globals, hosting,
    model::{ACCOUNT, Function, REGION, STACK_NAME, Stack},
    monitoring, parameters,
    scope::{Endpoints, Kind, Scope},
    storage,
    yaml::{self, Node},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Reads the template at `path`, with `overrides` instead of parameter defaults.
///
/// # Errors
///
/// The first thing that is unsupported or contradictory, with its line.
pub fn read(path: &Path, overrides: &BTreeMap<String, String>, endpoints: &Endpoints) -> Result<Stack, TemplateError> {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let text = std::fs::read_to_string(path)
        .map_err(|error| TemplateError::unreadable(&path.display().to_string(), error.to_string()))?;
    parse(&file, &text, overrides, endpoints)
}

/// Reads a template from its text.
pub(super) fn parse(
    file: &str,
    text: &str,
    overrides: &BTreeMap<String, String>,
    endpoints: &Endpoints,
) -> Result<Stack, TemplateError> {
    stack(text, overrides, endpoints).map_err(|refusal| TemplateError::at(file, refusal))
}

fn stack(text: &str, overrides: &BTreeMap<String, String>, endpoints: &Endpoints) -> Read<Stack> {
    let root = yaml::parse(text)?;
    let mut scope = Scope { parameters: BTreeMap::new(), resources: BTreeMap::new(), endpoints: endpoints.clone() };
    let sections = Sections::of(&root, &scope)?;
    let parameters = parameters::read(sections.parameters, overrides)?;
    let resources = resources(sections.resources, &scope)?;
    scope.parameters = parameters;
    for resource in &resources {
        if scope.parameters.contains_key(resource.id) {
            return Err(Refusal::new(resource.line, format!("`{}` is a parameter as well as a resource", resource.id)));
        }
        scope.resources.insert(resource.id.to_owned(), resource.kind);
    }

    let mut stack = Stack {
        name: STACK_NAME.to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        parameters: scope.parameters.clone(),
        tables: Vec::new(),
        queues: Vec::new(),
        functions: Vec::new(),
        api: None,
        metric_filters: Vec::new(),
        alarms: Vec::new(),
        docs_headers: Vec::new(),
        outputs: BTreeMap::new(),
    };
    for resource in &resources {
        plain_resource(&scope, resource, &mut stack)?;
    }
    for resource in resources.iter().filter(|resource| resource.kind == Kind::Alarm) {
        stack.alarms.push(monitoring::alarm(&scope, resource.id, resource.properties()?, &stack.metric_filters)?);
    }
    let global = globals::function(&scope, sections.globals)?;
    for resource in resources.iter().filter(|resource| resource.kind == Kind::Function) {
        let function = function_resource(&scope, resource, global, &stack)?;
        stack.functions.push(function);
    }
    if let Some(node) = sections.outputs {
        stack.outputs = outputs(&scope, node)?;
    }
    Ok(stack)
}

/// The sections of a template.
struct Sections<'a> {
    parameters: Option<&'a Node>,
    globals: Option<&'a Node>,
    resources: &'a Node,
    outputs: Option<&'a Node>,
}

impl<'a> Sections<'a> {
    fn of(root: &'a Node, scope: &Scope) -> Read<Self> {
        let mut fields = Fields::open(scope, "the template", root)?;
        fields.one_of("AWSTemplateFormatVersion", &["2010-09-09"])?;
        fields.need_one_of("Transform", &["AWS::Serverless-2016-10-31"])?;
        fields.text("Description")?;
        let sections = Self {
            parameters: fields.take("Parameters"),
            globals: fields.take("Globals"),
            resources: fields.need("Resources")?,
            outputs: fields.take("Outputs"),
        };
        fields.finish()?;
        Ok(sections)
    }
}

/// A resource whose properties are not read yet.
struct Resource<'a> {
    id: &'a str,
    line: usize,
    kind: Kind,
    metadata: Option<&'a Node>,
    properties: Option<&'a Node>,
}

impl<'a> Resource<'a> {
    fn properties(&self) -> Read<&'a Node> {
        let what = self.kind.resource_type();
        self.properties.ok_or_else(|| Refusal::new(self.line, format!("{what} needs `Properties`")))
    }
}

fn resources<'a>(node: &'a Node, scope: &Scope) -> Read<Vec<Resource<'a>>> {
    let mut resources = Vec::new();
    for (key, node) in entries(node)? {
        let mut fields = Fields::open(scope, format!("the resource `{}`", key.name), node)?;
        let type_node = fields.need("Type")?;
        let resource_type = scope.text(type_node)?;
        let Some(kind) = Kind::of(&resource_type) else {
            let message = format!("the resource type `{resource_type}` is not one that this stack understands");
            return Err(Refusal::new(type_node.line, message));
        };
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            fields.one_of(policy, &["Retain", "Delete"])?;
        }
        let metadata = if kind == Kind::Function { fields.take("Metadata") } else { None };
        let properties = fields.take("Properties");
        fields.finish()?;
        resources.push(Resource { id: &key.name, line: key.line, kind, metadata, properties });
    }
    Ok(resources)
}

/// Reads a resource other than a function.
fn plain_resource(scope: &Scope, resource: &Resource<'_>, stack: &mut Stack) -> Read<()> {
    match resource.kind {
        Kind::Table => stack.tables.push(storage::table(scope, resource.id, resource.properties()?)?),
        Kind::Queue => stack.queues.push(storage::queue(scope, resource.id, resource.properties)?),
        Kind::LogGroup => storage::log_group(scope, resource.properties)?,
        Kind::Api if stack.api.is_some() => {
            return Err(Refusal::new(resource.line, "a stack on this machine has one AWS::Serverless::HttpApi"));
        }
        Kind::Api => stack.api = Some(api::read(scope, resource.id, resource.properties()?)?),
        Kind::MetricFilter => {
            stack.metric_filters.push(monitoring::metric_filter(scope, resource.id, resource.properties()?)?);
        }
        Kind::ResponseHeaders => {
            stack.docs_headers.extend(hosting::response_headers(scope, resource.properties()?)?);
        }
        Kind::Bucket => hosting::bucket(scope, resource.properties()?)?,
        Kind::BucketPolicy => hosting::bucket_policy(scope, resource.properties()?)?,
        Kind::OriginAccess => hosting::origin_access(scope, resource.properties()?)?,
        Kind::Distribution => hosting::distribution(scope, resource.properties()?)?,
        // They refer to others, which are read before them.
        Kind::Function | Kind::Alarm => {}
    }
    Ok(())
}

fn function_resource(scope: &Scope, resource: &Resource<'_>, global: Option<&Node>, stack: &Stack) -> Read<Function> {
    let properties = globals::merge(global, resource.properties()?)?;
    let Some(metadata) = resource.metadata else {
        return Err(Refusal::new(resource.line, "AWS::Serverless::Function needs `Metadata` that names its binary"));
    };
    let declared = function::read(scope, resource.id, metadata, &properties)?;
    let mut function = declared.function;
    if let Some(node) = declared.events {
        let context = events::Context { scope, api: stack.api.as_ref(), tables: &stack.tables };
        events::read(&context, node, &mut function)?;
    }
    refuse_taken_routes(resource.line, &function, stack)?;
    Ok(function)
}

/// A request can reach only one function.
fn refuse_taken_routes(line: usize, function: &Function, stack: &Stack) -> Read<()> {
    let mut taken: BTreeSet<_> =
        stack.functions.iter().flat_map(|other| &other.routes).map(|route| (&route.method, &route.path)).collect();
    for route in &function.routes {
        if !taken.insert((&route.method, &route.path)) {
            let shown = match (&route.method, &route.path) {
                (Some(method), Some(path)) => format!("{method} {path}"),
                _ => "$default".to_owned(),
            };
            return Err(Refusal::new(line, format!("the route `{shown}` of `{}` is taken twice", function.logical_id)));
        }
    }
    Ok(())
}

fn outputs(scope: &Scope, node: &Node) -> Read<BTreeMap<String, String>> {
    let mut outputs = BTreeMap::new();
    for (key, node) in entries(node)? {
        let mut fields = Fields::open(scope, format!("the output `{}`", key.name), node)?;
        fields.text("Description")?;
        outputs.insert(key.name.clone(), fields.need_text("Value")?);
        fields.finish()?;
    }
    Ok(outputs)
}
