//! Metric filters and alarms. The reader checks that every alarm watches an existing metric; nothing of it runs on this
//! machine.

use super::{
    error::{Read, Refusal},
    fields::{Fields, items},
    scope::{Kind, Scope},
    yaml::Node,
};

/// An `AWS::Logs::MetricFilter`.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricFilter {
    /// Its key under `Resources`.
    pub logical_id: String,
    /// The logical id of the log group.
    pub log_group: String,
    /// The pattern of matching log events, such as `{ $.fields.orders = * }`.
    pub pattern: String,
    /// The metrics that matching events produce.
    pub metrics: Vec<Metric>,
}

/// A metric from log events.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// A number, or its path in the log event, such as `$.fields.orders`.
    pub value: String,
    /// Its unit, if it has one.
    pub unit: Option<String>,
    /// Its value while no log event matches.
    pub default: Option<f64>,
}

/// An `AWS::CloudWatch::Alarm` on one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// Its key under `Resources`.
    pub logical_id: String,
    /// What it means and what to do about it.
    pub description: Option<String>,
    /// The metric's namespace.
    pub namespace: String,
    /// The metric's name.
    pub metric: String,
    /// The logical id of the queue that the metric belongs to; `None` for a metric from a log.
    pub queue: Option<String>,
    /// How the values of a period are combined.
    pub statistic: String,
    /// The period in seconds.
    pub period_seconds: u32,
    /// The number of periods evaluated.
    pub periods: u32,
    /// The threshold.
    pub threshold: f64,
    /// The comparison operator.
    pub comparison: String,
    /// How missing data is treated.
    pub missing_data: String,
}

const SQS: &str = "AWS/SQS";
/// SQS's metrics for a standard queue.
const SQS_METRICS: [&str; 9] = [
    "ApproximateAgeOfOldestMessage",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesVisible",
    "NumberOfEmptyReceives",
    "NumberOfMessagesDeleted",
    "NumberOfMessagesReceived",
    "NumberOfMessagesSent",
    "SentMessageSize",
];
const UNITS: [&str; 9] =
    ["Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Percent", "Count", "Count/Second"];
const STATISTICS: [&str; 5] = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"];
const COMPARISONS: [&str; 4] =
    ["GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"];
/// Maximum seconds of all periods of an alarm together.
const SPAN_MAX: u32 = 86_400;

/// Reads an `AWS::Logs::MetricFilter`.
pub(super) fn metric_filter(scope: &Scope, logical_id: &str, properties: &Node) -> Read<MetricFilter> {
    let mut fields = Fields::open(scope, "AWS::Logs::MetricFilter", properties)?;
    let log_group = scope.by_name(fields.need("LogGroupName")?, Kind::LogGroup)?;
    let node = fields.need("FilterPattern")?;
    let pattern = scope.text(node)?;
    if !is_log_pattern(&pattern) {
        let message = format!(
            "a filter pattern here is of the form `{{ $.member = * }}`, with a text, a number or `*` and perhaps several joined by `&&` or by `||`, unlike `{pattern}`"
        );
        return Err(Refusal::new(node.line, message));
    }
    let node = fields.need("MetricTransformations")?;
    fields.finish()?;
    let [item] = items(node)? else {
        return Err(Refusal::new(node.line, "a metric filter has one metric transformation"));
    };
    Ok(MetricFilter { logical_id: logical_id.to_owned(), log_group, pattern, metrics: vec![metric(scope, item)?] })
}

fn metric(scope: &Scope, node: &Node) -> Read<Metric> {
    let mut fields = Fields::open(scope, "MetricTransformations", node)?;
    let namespace_node = fields.need("MetricNamespace")?;
    let namespace = scope.text(namespace_node)?;
    if namespace.starts_with("AWS/") {
        return Err(Refusal::new(namespace_node.line, format!("the namespace `{namespace}` is AWS's own")));
    }
    let value_node = fields.need("MetricValue")?;
    let value = scope.text(value_node)?;
    if !is_selector(&value) && number(&value).is_none() {
        let message = format!("`MetricValue` is a number or a member such as `$.fields.orders`, not `{value}`");
        return Err(Refusal::new(value_node.line, message));
    }
    let metric = Metric {
        namespace,
        name: fields.need_text("MetricName")?,
        value,
        unit: fields.one_of("Unit", &UNITS)?,
        default: fields.take("DefaultValue").map(|node| need_number(scope, "DefaultValue", node)).transpose()?,
    };
    fields.finish()?;
    Ok(metric)
}

/// Reads an `AWS::CloudWatch::Alarm`, whose metric is one of SQS's or from `filters`.
pub(super) fn alarm(scope: &Scope, logical_id: &str, properties: &Node, filters: &[MetricFilter]) -> Read<Alarm> {
    let mut fields = Fields::open(scope, "AWS::CloudWatch::Alarm", properties)?;
    let namespace_node = fields.need("Namespace")?;
    let namespace = scope.text(namespace_node)?;
    let metric_node = fields.need("MetricName")?;
    let metric = scope.text(metric_node)?;
    let dimensions = fields.take("Dimensions");
    let mut queue = None;
    if namespace == SQS {
        let Some(node) = dimensions else {
            return Err(Refusal::new(fields.line(), "an alarm on a metric of SQS needs the dimension `QueueName`"));
        };
        queue = Some(queue_dimension(scope, node)?);
        if !SQS_METRICS.contains(&metric.as_str()) {
            return Err(Refusal::new(metric_node.line, format!("SQS has no metric `{metric}`")));
        }
    } else if namespace.starts_with("AWS/") {
        let message = format!("of AWS's own metrics this stack understands those of `{SQS}`, not `{namespace}`");
        return Err(Refusal::new(namespace_node.line, message));
    } else {
        if let Some(node) = dimensions {
            return Err(Refusal::new(node.line, "a metric from a log has no dimensions here"));
        }
        let mut metrics = filters.iter().flat_map(|filter| &filter.metrics);
        if !metrics.any(|defined| defined.namespace == namespace && defined.name == metric) {
            let message =
                format!("no AWS::Logs::MetricFilter of this template yields the metric `{metric}` of `{namespace}`");
            return Err(Refusal::new(metric_node.line, message));
        }
    }
    let description = fields.text("AlarmDescription")?;
    let (period_seconds, periods) = periods(scope, &mut fields)?;
    let alarm = Alarm {
        logical_id: logical_id.to_owned(),
        description,
        namespace,
        metric,
        queue,
        statistic: fields.need_one_of("Statistic", &STATISTICS)?,
        period_seconds,
        periods,
        threshold: need_number(scope, "Threshold", fields.need("Threshold")?)?,
        comparison: fields.need_one_of("ComparisonOperator", &COMPARISONS)?,
        missing_data: fields
            .one_of("TreatMissingData", &["breaching", "notBreaching", "ignore", "missing"])?
            .unwrap_or_else(|| "missing".to_owned()),
    };
    fields.finish()?;
    Ok(alarm)
}

fn queue_dimension(scope: &Scope, node: &Node) -> Read<String> {
    let [item] = items(node)? else {
        return Err(Refusal::new(node.line, "a metric of SQS has the one dimension `QueueName`"));
    };
    let mut fields = Fields::open(scope, "Dimensions", item)?;
    fields.need_one_of("Name", &["QueueName"])?;
    let queue = scope.by_name(fields.need("Value")?, Kind::Queue)?;
    fields.finish()?;
    Ok(queue)
}

/// The period in seconds, and the number of periods.
fn periods(scope: &Scope, fields: &mut Fields<'_, '_>) -> Read<(u32, u32)> {
    let node = fields.need("Period")?;
    let text = scope.text(node)?;
    let Some(period) = text.parse::<u32>().ok().filter(|seconds| *seconds > 0 && seconds % 60 == 0) else {
        return Err(Refusal::new(node.line, format!("`Period` is a multiple of 60 seconds, not `{text}`")));
    };
    let count = fields.need_count("EvaluationPeriods", 1..=SPAN_MAX)?;
    if period.saturating_mul(count) > SPAN_MAX {
        return Err(Refusal::new(node.line, "the periods of an alarm span at most a day"));
    }
    Ok((period, count))
}

fn need_number(scope: &Scope, name: &str, node: &Node) -> Read<f64> {
    let text = scope.text(node)?;
    number(&text).ok_or_else(|| Refusal::new(node.line, format!("`{name}` is a number, not `{text}`")))
}

fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// `{ $.a.b = * }`: comparisons of a member with `*`, a quoted text or a number, all joined by the same operator.
fn is_log_pattern(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else { return false };
    let joint = if inner.contains("||") { "||" } else { "&&" };
    inner.split(joint).all(is_comparison)
}

fn is_comparison(text: &str) -> bool {
    let parts: Vec<&str> = text.trim().splitn(3, ' ').collect();
    let [selector, operator, operand] = parts.as_slice() else { return false };
    let quoted = operand.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let good = match *operator {
        "=" | "!=" => {
            *operand == "*"
                || number(operand).is_some()
                || quoted.is_some_and(|inner| !inner.contains(['"', '\\', '&', '|']))
        }
        "<" | "<=" | ">" | ">=" => number(operand).is_some(),
        _ => false,
    };
    good && is_selector(selector)
}

/// `$.a.b`
fn is_selector(text: &str) -> bool {
    text.strip_prefix("$.").is_some_and(|names| {
        let is_name =
            |name: &str| !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        names.split('.').all(is_name)
    })
}
