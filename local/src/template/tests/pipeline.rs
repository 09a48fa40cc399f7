//! Stream filters, metrics and alarms, and a boolean parameter.

use super::{super::stack::parse, FUNCTION, endpoints, overrides, refusal, with_resource};
use crate::template::{Alarm, Stack};
use serde_json::json;
use std::collections::BTreeMap;

const TABLE: &str = "  T:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      BillingMode: PAY_PER_REQUEST\n      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]\n      KeySchema: [{ AttributeName: pk, KeyType: HASH }]\n      StreamSpecification: { StreamViewType: NEW_AND_OLD_IMAGES }\n";

/// The table on line 4 and, from line 11 on, a function with a stream event whose `FilterCriteria` is on line 24.
fn with_filters(criteria: &str) -> String {
    let event = "      Events:\n        E:\n          Type: DynamoDB\n          Properties:\n            Stream: !GetAtt T.StreamArn\n            StartingPosition: TRIM_HORIZON\n";
    with_resource(&format!("{TABLE}{FUNCTION}{event}            FilterCriteria: {criteria}\n"))
}

fn read(text: &str) -> Stack {
    parse("template.yaml", text, &BTreeMap::new(), &endpoints()).expect("the template reads")
}

#[test]
fn filters_of_a_stream_are_read_and_match() {
    let criteria = r#"{ Filters: [{ Pattern: '{"eventName": ["REMOVE"]}' }, { Pattern: '{"dynamodb": {"NewImage": {"kind": {"S": ["order"]}}}}' }] }"#;
    let stack = read(&with_filters(criteria));
    let filters = &stack.functions[0].stream_sources[0].filters;
    let record = json!({"eventName": "INSERT", "dynamodb": {"NewImage": {"kind": {"S": "order"}}}});
    let matching: Vec<bool> = filters.iter().map(|filter| filter.matches(&record)).collect();
    assert_eq!(matching, [false, true]);
}

#[test]
fn filters_that_are_not_understood_are_refused_with_their_line() {
    for (criteria, expected) in [
        ("{ Filters: [] }", "template.yaml:24: an event has 1 to 5 filters"),
        ("{}", "template.yaml:24: FilterCriteria needs the property `Filters`"),
        ("{ Filters: [{ Pattern: 'x' }] }", "template.yaml:24: a pattern is JSON: expected value at line 1 column 1"),
        (
            "\n              Filters:\n                - Pattern: '{\"eventname\": [\"INSERT\"]}'",
            "template.yaml:26: the record of a stream has no member `eventname`",
        ),
        (
            "\n              Filters:\n                - Pattern: '{\"eventName\": [{\"suffix\": \"T\"}]}'",
            "template.yaml:26: `eventName` has the condition `{\"suffix\":\"T\"}`, which this stack does not understand",
        ),
    ] {
        assert_eq!(refusal(&with_filters(criteria)), expected);
    }
    let six = ["{ Pattern: '{\"eventName\": [\"INSERT\"]}' }"; 6].join(", ");
    assert_eq!(
        refusal(&with_filters(&format!("{{ Filters: [{six}] }}"))),
        "template.yaml:24: an event has 1 to 5 filters"
    );
}

const LOGS: &str = "  Logs:\n    Type: AWS::Logs::LogGroup\n  Dead:\n    Type: AWS::SQS::Queue\n";
const FILTER: &str = "  Lag:\n    Type: AWS::Logs::MetricFilter\n    Properties:\n      LogGroupName: !Ref Logs\n      FilterPattern: '{ $.fields.oldest_seconds = * }'\n      MetricTransformations:\n        - { MetricName: OldestSeconds, MetricNamespace: Mill, MetricValue: $.fields.oldest_seconds, Unit: Seconds, DefaultValue: 0 }\n";

/// An alarm from line 15 on, after a log group, a queue and a metric filter.
fn with_alarm(properties: &str) -> String {
    let common = "{ Statistic: Maximum, Period: 300, EvaluationPeriods: 2, Threshold: 1.5, ComparisonOperator: GreaterThanThreshold, TreatMissingData: notBreaching, ";
    with_resource(&format!(
        "{LOGS}{FILTER}  A:\n    Type: AWS::CloudWatch::Alarm\n    Properties:\n      {common}{properties} }}\n"
    ))
}

#[test]
fn alarms_watch_a_metric_of_a_log_or_a_queue() {
    let stack = read(&with_alarm("AlarmDescription: late, Namespace: Mill, MetricName: OldestSeconds"));
    let filter = &stack.metric_filters[0];
    assert_eq!((filter.log_group.as_str(), filter.metrics[0].value.as_str()), ("Logs", "$.fields.oldest_seconds"));
    assert_eq!((filter.metrics[0].unit.as_deref(), filter.metrics[0].default), (Some("Seconds"), Some(0.0)));
    let expected = Alarm {
        logical_id: "A".to_owned(),
        description: Some("late".to_owned()),
        namespace: "Mill".to_owned(),
        metric: "OldestSeconds".to_owned(),
        queue: None,
        statistic: "Maximum".to_owned(),
        period_seconds: 300,
        periods: 2,
        threshold: 1.5,
        comparison: "GreaterThanThreshold".to_owned(),
        missing_data: "notBreaching".to_owned(),
    };
    assert_eq!(stack.alarms, [expected]);

    let of_queue = "Namespace: AWS/SQS, MetricName: ApproximateNumberOfMessagesVisible, Dimensions: [{ Name: QueueName, Value: !GetAtt Dead.QueueName }]";
    assert_eq!(read(&with_alarm(of_queue)).alarms[0].queue.as_deref(), Some("Dead"));
}

#[test]
fn an_alarm_on_nothing_is_refused_with_its_line() {
    for (properties, expected) in [
        (
            "Namespace: Mill, MetricName: NewestSeconds",
            "template.yaml:18: no AWS::Logs::MetricFilter of this template yields the metric `NewestSeconds` of `Mill`",
        ),
        (
            "Namespace: AWS/Lambda, MetricName: Errors",
            "template.yaml:18: of AWS's own metrics this stack understands those of `AWS/SQS`, not `AWS/Lambda`",
        ),
        (
            "Namespace: AWS/SQS, MetricName: Errors, Dimensions: [{ Name: QueueName, Value: !GetAtt Dead.QueueName }]",
            "template.yaml:18: SQS has no metric `Errors`",
        ),
        (
            "Namespace: AWS/SQS, MetricName: NumberOfMessagesSent",
            "template.yaml:18: an alarm on a metric of SQS needs the dimension `QueueName`",
        ),
        (
            "Namespace: AWS/SQS, MetricName: NumberOfMessagesSent, Dimensions: [{ Name: QueueName, Value: other }]",
            "template.yaml:18: `other` is not the name of an AWS::SQS::Queue of this template",
        ),
        (
            "Namespace: Mill, MetricName: OldestSeconds, Dimensions: []",
            "template.yaml:18: a metric from a log has no dimensions here",
        ),
        (
            "Namespace: Mill, MetricName: OldestSeconds, AlarmActions: []",
            "template.yaml:18: AWS::CloudWatch::Alarm has no property `AlarmActions` that this stack understands",
        ),
    ] {
        assert_eq!(refusal(&with_alarm(properties)), expected);
    }
    let alarm = with_alarm("Namespace: Mill, MetricName: OldestSeconds");
    for (from, to, expected) in [
        ("Period: 300", "Period: 90", "template.yaml:18: `Period` is a multiple of 60 seconds, not `90`"),
        (
            "EvaluationPeriods: 2",
            "EvaluationPeriods: 289",
            "template.yaml:18: the periods of an alarm span at most a day",
        ),
        ("Threshold: 1.5", "Threshold: high", "template.yaml:18: `Threshold` is a number, not `high`"),
        (
            "!Ref Logs",
            "/aws/lambda/x",
            "template.yaml:11: `/aws/lambda/x` is not the name of an AWS::Logs::LogGroup of this template",
        ),
        (
            "MetricValue: $.fields.oldest_seconds",
            "MetricValue: fields",
            "template.yaml:14: `MetricValue` is a number or a member such as `$.fields.orders`, not `fields`",
        ),
        ("MetricNamespace: Mill", "MetricNamespace: AWS/SQS", "template.yaml:14: the namespace `AWS/SQS` is AWS's own"),
    ] {
        assert_eq!(refusal(&alarm.replace(from, to)), expected);
    }
}

#[test]
fn a_filter_pattern_is_a_comparison_of_members() {
    for (pattern, good) in [
        ("{ $.fields.oldest_seconds = * }", true),
        (r#"{ $.level = "ERROR" && $.fields.orders >= 1 }"#, true),
        (r#"{ $.level = "ERROR" || $.level != "INFO" }"#, true),
        (r#"{ $.a = 1 && $.b = 2 || $.c = 3 }"#, false),
        ("{ $.a >= * }", false),
        ("{ a = * }", false),
        ("{ $.a }", false),
        ("{ $. = * }", false),
        ("ERROR", false),
        ("", false),
    ] {
        let text = with_resource(&format!("{LOGS}{FILTER}")).replace("{ $.fields.oldest_seconds = * }", pattern);
        assert_eq!(parse("t", &text, &BTreeMap::new(), &endpoints()).is_ok(), good, "{pattern}");
    }
}

#[test]
fn a_switch_among_the_parameters_reaches_the_environment_of_a_function() {
    let text = with_resource(&format!("{FUNCTION}      Environment: {{ Variables: {{ SWITCH: !Ref Switch }} }}\n"));
    let parameter =
        "Parameters:\n  Switch:\n    Type: String\n    Default: 'false'\n    AllowedValues: ['true', 'false']\n";
    let text = format!("{parameter}{text}");
    let switch = |set: &[(&str, &str)]| {
        let stack = parse("template.yaml", &text, &overrides(set), &endpoints());
        stack.map(|stack| stack.functions[0].environment["SWITCH"].clone()).map_err(|error| error.to_string())
    };
    assert_eq!(switch(&[]), Ok("false".to_owned()));
    assert_eq!(switch(&[("Switch", "true")]), Ok("true".to_owned()));
    assert_eq!(
        switch(&[("Switch", "yes")]),
        Err("template.yaml:2: the parameter `Switch` can be `true`, `false`, not `yes`".to_owned())
    );
}
