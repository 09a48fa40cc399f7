//! The triggers of a function: requests, queues, streams, schedules.

use super::{
    error::{Read, Refusal},
    fields::{Fields, entries, items},
    model::{Api, Function, Table, queue_arn, stream_arn},
    pattern::Pattern,
    scope::{Kind, Scope, physical_name},
    triggers::{QueueSource, Route, Schedule, StartingPosition, StreamSource},
    yaml::Node,
};
use std::time::Duration;

/// The resources that events refer to.
pub(super) struct Context<'a> {
    pub(super) scope: &'a Scope,
    pub(super) api: Option<&'a Api>,
    pub(super) tables: &'a [Table],
}

/// Adds the events under `node` to `function`.
pub(super) fn read(context: &Context<'_>, node: &Node, function: &mut Function) -> Read<()> {
    for (key, node) in entries(node)? {
        let mut event = Fields::open(context.scope, format!("the event `{}`", key.name), node)?;
        let type_node = event.need("Type")?;
        let event_type = context.scope.text(type_node)?;
        let properties = event.need("Properties")?;
        event.finish()?;
        let name = key.name.clone();
        match event_type.as_str() {
            "HttpApi" => function.routes.push(route(context, name, properties)?),
            "SQS" => function.queue_sources.push(queue(context, name, properties)?),
            "DynamoDB" => function.stream_sources.push(stream(context, name, properties)?),
            "Schedule" => function.schedules.push(schedule(context, name, properties)?),
            _ => {
                let message = format!("the event type `{event_type}` is not one that this stack understands");
                return Err(Refusal::new(type_node.line, message));
            }
        }
    }
    Ok(())
}

fn route(context: &Context<'_>, event: String, node: &Node) -> Read<Route> {
    let mut fields = Fields::open(context.scope, "an HttpApi event", node)?;
    let api_id = fields.need("ApiId")?;
    let named = context.scope.text(api_id)?;
    let Some(api) = context.api.filter(|api| physical_name(&api.logical_id) == named) else {
        return Err(Refusal::new(
            api_id.line,
            format!("`{named}` is not the AWS::Serverless::HttpApi of this template"),
        ));
    };
    let methods = ["ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let method = fields.one_of("Method", &methods)?;
    let path = fields.take("Path").map(|node| path(context.scope, node)).transpose()?;
    if method.is_some() != path.is_some() {
        return Err(Refusal::new(fields.line(), "an HttpApi event has `Method` and `Path`, or neither ($default)"));
    }
    let authorizer = match fields.take("Auth") {
        None => api.default_authorizer.clone(),
        Some(node) => {
            let mut auth = Fields::open(context.scope, "Auth", node)?;
            let node = auth.need("Authorizer")?;
            auth.finish()?;
            match context.scope.text(node)? {
                name if name == "NONE" => None,
                name if api.authorizers.contains_key(&name) => Some(name),
                name => return Err(Refusal::new(node.line, format!("there is no authorizer `{name}`"))),
            }
        }
    };
    fields.finish()?;
    Ok(Route { event, method, path, authorizer })
}

/// A path of literal segments, `{name}` segments and, optionally at the end, one `{name+}`.
fn path(scope: &Scope, node: &Node) -> Read<String> {
    let path = scope.text(node)?;
    let Some(rest) = path.strip_prefix('/') else {
        return Err(Refusal::new(node.line, format!("a path begins with `/`, unlike `{path}`")));
    };
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        let parameter = segment.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
        let last = segments.peek().is_none();
        let good = match parameter {
            Some(name) => {
                let name = if last { name.strip_suffix('+').unwrap_or(name) } else { name };
                !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter))
            }
            None => !segment.contains(['{', '}', '*', '+']),
        };
        if !good {
            return Err(Refusal::new(node.line, format!("`{segment}` is no segment of a path")));
        }
    }
    Ok(path)
}

fn queue(context: &Context<'_>, event: String, node: &Node) -> Read<QueueSource> {
    let mut fields = Fields::open(context.scope, "an SQS event", node)?;
    let queue = context.scope.by_arn(fields.need("Queue")?, Kind::Queue, queue_arn)?;
    let batch_size = fields.count("BatchSize", 1..=10_000, 10)?;
    let window = fields.count("MaximumBatchingWindowInSeconds", 0..=300, 0)?;
    if batch_size > 10 && window == 0 {
        let message = "a `BatchSize` above 10 needs a `MaximumBatchingWindowInSeconds` of at least 1";
        return Err(Refusal::new(fields.line(), message));
    }
    let report_item_failures = reports_item_failures(context.scope, &mut fields)?;
    let maximum_concurrency = match fields.take("ScalingConfig") {
        None => None,
        Some(node) => {
            let mut scaling = Fields::open(context.scope, "ScalingConfig", node)?;
            let most = scaling.need_count("MaximumConcurrency", 2..=1000)?;
            scaling.finish()?;
            Some(most)
        }
    };
    let enabled = fields.flag("Enabled", true)?;
    fields.finish()?;
    Ok(QueueSource {
        event,
        queue,
        batch_size,
        batching_window: Duration::from_secs(u64::from(window)),
        report_item_failures,
        maximum_concurrency,
        enabled,
    })
}

fn stream(context: &Context<'_>, event: String, node: &Node) -> Read<StreamSource> {
    let mut fields = Fields::open(context.scope, "a DynamoDB event", node)?;
    let of = fields.need("Stream")?;
    let table = context.scope.by_arn(of, Kind::Table, stream_arn)?;
    if context.tables.iter().any(|declared| declared.logical_id == table && declared.stream_view.is_none()) {
        return Err(Refusal::new(of.line, format!("the table `{table}` has no stream")));
    }
    let starting_position = match fields.need_one_of("StartingPosition", &["TRIM_HORIZON", "LATEST"])?.as_str() {
        "LATEST" => StartingPosition::Latest,
        _ => StartingPosition::TrimHorizon,
    };
    let batch_size = fields.count("BatchSize", 1..=10_000, 100)?;
    let window = fields.count("MaximumBatchingWindowInSeconds", 0..=300, 0)?;
    let bisect_on_error = fields.flag("BisectBatchOnFunctionError", false)?;
    let maximum_retries = fields.integer("MaximumRetryAttempts", -1..=10_000)?;
    let maximum_record_age = fields.integer("MaximumRecordAgeInSeconds", -1..=604_800)?;
    // One shard and one batch at a time keep the order of a key's changes here.
    fields.one_of("ParallelizationFactor", &["1"])?;
    let report_item_failures = reports_item_failures(context.scope, &mut fields)?;
    let filters =
        fields.take("FilterCriteria").map(|node| filters(context.scope, node)).transpose()?.unwrap_or_default();
    let on_failure = fields.take("DestinationConfig").map(|node| on_failure(context.scope, node)).transpose()?;
    let enabled = fields.flag("Enabled", true)?;
    fields.finish()?;
    Ok(StreamSource {
        event,
        table,
        starting_position,
        batch_size,
        batching_window: Duration::from_secs(u64::from(window)),
        bisect_on_error,
        // -1 means no limit, as does leaving the property out.
        maximum_retries: maximum_retries.and_then(|number| u32::try_from(number).ok()),
        maximum_record_age: maximum_record_age.and_then(|age| u64::try_from(age).ok()).map(Duration::from_secs),
        report_item_failures,
        filters,
        on_failure,
        enabled,
    })
}

/// Lambda's default limit; more is available on request.
const FILTERS_MAX: usize = 5;
/// The members of a stream record.
const RECORD: [&str; 8] =
    ["awsRegion", "dynamodb", "eventID", "eventName", "eventSource", "eventSourceARN", "eventVersion", "userIdentity"];

fn filters(scope: &Scope, node: &Node) -> Read<Vec<Pattern>> {
    let mut criteria = Fields::open(scope, "FilterCriteria", node)?;
    let list = items(criteria.need("Filters")?)?;
    criteria.finish()?;
    if !(1..=FILTERS_MAX).contains(&list.len()) {
        return Err(Refusal::new(node.line, format!("an event has 1 to {FILTERS_MAX} filters")));
    }
    list.iter().map(|item| filter(scope, item)).collect()
}

fn filter(scope: &Scope, node: &Node) -> Read<Pattern> {
    let mut fields = Fields::open(scope, "Filters", node)?;
    let text = fields.need("Pattern")?;
    fields.finish()?;
    let pattern = Pattern::parse(&scope.text(text)?).map_err(|message| Refusal::new(text.line, message))?;
    // A member that no record has would silently filter out every record.
    let unknown = pattern.roots().find(|root| !RECORD.contains(root)).map(str::to_owned);
    match unknown {
        Some(root) => Err(Refusal::new(text.line, format!("the record of a stream has no member `{root}`"))),
        None => Ok(pattern),
    }
}

fn on_failure(scope: &Scope, node: &Node) -> Read<String> {
    let mut config = Fields::open(scope, "DestinationConfig", node)?;
    let mut fields = Fields::open(scope, "OnFailure", config.need("OnFailure")?)?;
    config.finish()?;
    fields.need_one_of("Type", &["SQS"])?;
    let queue = scope.by_arn(fields.need("Destination")?, Kind::Queue, queue_arn)?;
    fields.finish()?;
    Ok(queue)
}

fn reports_item_failures(scope: &Scope, fields: &mut Fields<'_, '_>) -> Read<bool> {
    let Some(node) = fields.take("FunctionResponseTypes") else { return Ok(false) };
    for item in items(node)? {
        let text = scope.text(item)?;
        if text != "ReportBatchItemFailures" {
            return Err(Refusal::new(item.line, format!("`{text}` is not a response type of Lambda")));
        }
    }
    Ok(!items(node)?.is_empty())
}

fn schedule(context: &Context<'_>, event: String, node: &Node) -> Read<Schedule> {
    let mut fields = Fields::open(context.scope, "a Schedule event", node)?;
    fields.text("Description")?;
    let expression = fields.need("Schedule")?;
    let text = context.scope.text(expression)?;
    let enabled = fields.flag("Enabled", true)?;
    fields.finish()?;
    let Some(every) = rate(&text) else {
        let message = format!(
            "the schedule is `rate(N minutes)`, with hours or days as well (1 takes the singular), not `{text}`"
        );
        return Err(Refusal::new(expression.line, message));
    };
    Ok(Schedule { event, every, enabled })
}

fn rate(text: &str) -> Option<Duration> {
    let (value, unit) = text.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let value = value.parse::<u64>().ok().filter(|value| *value > 0)?;
    let seconds = match (unit, value) {
        ("minute", 1) => 60,
        ("hour", 1) => 3_600,
        ("day", 1) => 86_400,
        ("minutes", 2..) => 60,
        ("hours", 2..) => 3_600,
        ("days", 2..) => 86_400,
        _ => return None,
    };
    value.checked_mul(seconds).map(Duration::from_secs)
}
