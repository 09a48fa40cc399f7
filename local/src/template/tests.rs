//! The model of the deployed template, and what the reader rejects.

use super::{stack::parse, *};
use functions::openapi::Access;
use functions::routes::ROUTES;
use std::{collections::BTreeMap, path::Path, time::Duration};

mod hosting;
mod pipeline;

fn endpoints() -> Endpoints {
    Endpoints { sqs: "http://127.0.0.1:9324".to_owned(), api: "http://127.0.0.1:8080".to_owned() }
}

fn overrides(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn deployed() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml"))
}

fn read_deployed() -> Stack {
    read(deployed(), &BTreeMap::new(), &endpoints()).expect("the template reads")
}

#[test]
fn the_deployed_template_declares_its_functions() {
    let stack = read_deployed();
    let binaries: Vec<&str> = stack.functions.iter().map(|function| function.binary.as_str()).collect();
    assert_eq!(
        binaries,
        [
            "authorizer",
            "orders-create",
            "orders-query",
            "orders-manage",
            "webhooks",
            "relay",
            "fulfil",
            "inbound",
            "notify",
            "sweep"
        ]
    );
}

#[test]
fn the_deployed_template_declares_each_row_and_who_may_call_it() {
    let stack = read_deployed();
    let mut routes = Vec::new();
    for function in &stack.functions {
        for route in &function.routes {
            let method = route.method.as_deref().unwrap_or("$default");
            let path = route.path.as_deref().unwrap_or("");
            let authorizer = route.authorizer.as_deref().unwrap_or("-");
            routes.push(format!("{} {method} {path} {authorizer}", function.binary));
        }
    }
    let mut rows: Vec<String> = vec!["orders-query $default  -".to_owned()];
    for route in ROUTES {
        let authorizer = if route.operation().access == Access::Public { "-" } else { "MerchantAuthorizer" };
        rows.push(format!("{} {} {} {authorizer}", route.function.as_str(), route.method, route.path));
    }
    routes.sort();
    rows.sort();
    assert_eq!(routes, rows);
}

#[test]
fn the_deployed_template_resolves_its_references() {
    let stack = read_deployed();
    let api = stack.api.as_ref().expect("an API");
    assert_eq!(api.authorizers.get("MerchantAuthorizer").map(String::as_str), Some("AuthorizerFunction"));
    assert_eq!(api.throttling, Some(Throttling { rate: 500.0, burst: 1000 }));

    let table = stack.table("OrdersTable").expect("a table");
    assert_eq!(table.name, "ordermill-OrdersTable");
    assert_eq!(table.indexes[0].name, "due");
    assert_eq!(table.stream_view.as_deref(), Some("NEW_AND_OLD_IMAGES"));
    assert!(table.point_in_time_recovery);
    assert_eq!(table.time_to_live.as_deref(), Some("expires_at"));

    let jobs = stack.queue("FulfilmentQueue").expect("a queue");
    assert_eq!(jobs.visibility_timeout, 180);
    let redrive = jobs.redrive.as_ref().expect("a redrive policy");
    assert_eq!(redrive.dead_letter_queue_name, "ordermill-FulfilmentDeadLetterQueue");
    assert_eq!(redrive.max_receive_count, 5);

    let relay = stack.function("RelayFunction").expect("a function");
    let environment: Vec<(&str, &str)> =
        relay.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        environment,
        [
            (
                "CURSOR_KEY",
                "arn:aws:cloudformation:us-east-1:000000000000:stack/ordermill/00000000-0000-4000-8000-000000000000"
            ),
            ("DELIVERY_QUEUE_URL", "http://127.0.0.1:9324/000000000000/ordermill-DeliveryQueue"),
            ("FULFILMENT_QUEUE_URL", "http://127.0.0.1:9324/000000000000/ordermill-FulfilmentQueue"),
            ("INBOUND_QUEUE_URL", "http://127.0.0.1:9324/000000000000/ordermill-InboundQueue"),
            // From Globals, in addition to the function's own.
            ("OVERDUE_SECONDS", "900"),
            ("PARKED_QUEUE_URL", "http://127.0.0.1:9324/000000000000/ordermill-RelayDeadLetterQueue"),
            ("TABLE_NAME", "ordermill-OrdersTable"),
            ("VENDOR_STEP_SECONDS", "2"),
            ("VENDOR_TIMEOUT_SECONDS", "10"),
        ]
    );
    assert_eq!((relay.memory_mb, relay.timeout), (128, Duration::from_secs(29)));
    let stream = &relay.stream_sources[0];
    assert_eq!((stream.table.as_str(), stream.maximum_retries), ("OrdersTable", None));
    assert_eq!(stream.on_failure.as_deref(), Some("RelayDeadLetterQueue"));
    assert!(stream.bisect_on_error && stream.report_item_failures);

    let fulfil = stack.function("FulfilFunction").expect("a function");
    assert_eq!(fulfil.queue_sources[0].queue, "FulfilmentQueue");
    assert_eq!(fulfil.queue_sources[0].maximum_concurrency, Some(10));

    let sweep = stack.function("SweepFunction").expect("a function");
    assert_eq!(sweep.schedules[0].every, Duration::from_secs(60));
    assert_eq!(
        sweep.statements[0].resources,
        ["arn:aws:dynamodb:us-east-1:000000000000:table/ordermill-OrdersTable/index/due"]
    );
    assert_eq!(stack.outputs.get("ApiUrl").map(String::as_str), Some("http://127.0.0.1:8080"));
}

#[test]
fn parameters_are_overridden_within_their_limits() {
    let set = overrides(&[("RetrySeconds", "1"), ("LogLevel", "DEBUG")]);
    let stack = read(deployed(), &set, &endpoints()).expect("the template reads");
    assert_eq!(stack.queue("FulfilmentQueue").expect("a queue").visibility_timeout, 1);
    assert_eq!(stack.functions[0].logging.application_level.as_deref(), Some("DEBUG"));
    let sweep = stack.function("SweepFunction").expect("a function");
    assert_eq!(sweep.logging.application_level.as_deref(), Some("INFO"), "its metric is a line at that level");

    for (name, value, expected) in [
        ("RetrySeconds", "43201", "template.yaml:43: the parameter `RetrySeconds` is at most 43200, not `43201`"),
        ("RetrySeconds", "-1", "template.yaml:43: the parameter `RetrySeconds` is at least 0, not `-1`"),
        ("RetrySeconds", "soon", "template.yaml:43: the parameter `RetrySeconds` is a number, not `soon`"),
        (
            "Architecture",
            "riscv",
            "template.yaml:8: the parameter `Architecture` can be `arm64`, `x86_64`, not `riscv`",
        ),
        ("Colour", "red", "template.yaml:8: there is no parameter `Colour` to set"),
    ] {
        let error = read(deployed(), &overrides(&[(name, value)]), &endpoints()).expect_err("refused");
        assert_eq!(error.to_string(), expected);
    }
}

/// A template of one resource that starts on line 4.
fn with_resource(resource: &str) -> String {
    format!("Transform: AWS::Serverless-2016-10-31\n\nResources:\n{resource}")
}

fn refusal(text: &str) -> String {
    parse("template.yaml", text, &BTreeMap::new(), &endpoints()).expect_err("refused").to_string()
}

/// A resource, from line 4 on, and the expected message.
const REFUSED_RESOURCES: &[(&str, &str)] = &[
    (
        "  Topic:\n    Type: AWS::SNS::Topic\n",
        "template.yaml:5: the resource type `AWS::SNS::Topic` is not one that this stack understands",
    ),
    (
        "  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      Foo: 1\n",
        "template.yaml:7: AWS::SQS::Queue has no property `Foo` that this stack understands",
    ),
    (
        "  Q:\n    Type: AWS::SQS::Queue\n    Condition: Sometimes\n",
        "template.yaml:6: the resource `Q` has no property `Condition` that this stack understands",
    ),
    (
        "  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      DelaySeconds: !Select [0, [1]]\n",
        "template.yaml:7: the intrinsic function `!Select` is not one that this stack understands",
    ),
    (
        "  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      DelaySeconds: { 'Fn::If': [a, b, c] }\n",
        "template.yaml:7: the intrinsic function `Fn::If` is not one that this stack understands; it reads the short forms `!Ref`, `!GetAtt` and `!Sub`",
    ),
    (
        "  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      DelaySeconds: !Ref Nothing\n",
        "template.yaml:7: there is no parameter or resource `Nothing`",
    ),
    (
        "  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      DelaySeconds: 901\n",
        "template.yaml:7: AWS::SQS::Queue `DelaySeconds` is a whole number from 0 to 900, not `901`",
    ),
    (
        "  Q:\n    Type: AWS::SQS::Queue\n  Q:\n    Type: AWS::SQS::Queue\n",
        "template.yaml:6: the key `Q` stands here twice",
    ),
    ("  Q: &anchor\n    Type: AWS::SQS::Queue\n", "template.yaml:4: CloudFormation has no YAML anchors"),
    ("  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      DelaySeconds:\n", "template.yaml:7: a value is missing"),
];

const FUNCTION: &str = "  F:\n    Type: AWS::Serverless::Function\n    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: f } }\n    Properties:\n      CodeUri: f\n      Handler: bootstrap\n      Runtime: provided.al2023\n";

/// A property of the function above, from line 11 on, and the expected message.
const REFUSED_OF_A_FUNCTION: &[(&str, &str)] = &[
    (
        "      Policies: [AmazonSQSFullAccess]\n",
        "template.yaml:11: managed policies are not understood here; write a policy with a `Statement`",
    ),
    (
        "      Policies:\n        - DynamoDBCrudPolicy: { TableName: x }\n",
        "template.yaml:12: a policy has no property `DynamoDBCrudPolicy` that this stack understands",
    ),
    (
        "      Policies:\n        - Statement:\n            - Effect: Allow\n              Action: dynamodb:*\n              Resource: arn:x\n",
        "template.yaml:14: Action `dynamodb:*` has a wildcard; name each one, so that no function may more than it does",
    ),
    (
        "      Policies:\n        - Statement:\n            - Effect: Allow\n              Action: sqs:SendMessage\n              Resource: '*'\n",
        "template.yaml:15: Resource `*` has a wildcard; name each one, so that no function may more than it does",
    ),
    (
        "      Policies:\n        - Statement:\n            - Effect: Allow\n              Action: s3:GetObject\n              Resource: arn:x\n",
        "template.yaml:14: `s3:GetObject` is not an action of a service that runs here (dynamodb, sqs)",
    ),
    (
        "      Events:\n        E:\n          Type: Kinesis\n          Properties: {}\n",
        "template.yaml:13: the event type `Kinesis` is not one that this stack understands",
    ),
    (
        "      Events:\n        E:\n          Type: Schedule\n          Properties: { Schedule: cron(0 8 * * ? *) }\n",
        "template.yaml:14: the schedule is `rate(N minutes)`, with hours or days as well (1 takes the singular), not `cron(0 8 * * ? *)`",
    ),
    (
        "      Tracing: Active\n",
        "template.yaml:11: AWS::Serverless::Function has no property `Tracing` that this stack understands",
    ),
    (
        "      Environment: { Variables: { AWS_REGION: x } }\n",
        "template.yaml:11: the environment variable `AWS_REGION` is Lambda's own",
    ),
];

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (resource, expected) in REFUSED_RESOURCES {
        assert_eq!(refusal(&with_resource(resource)), *expected);
    }
    for (property, expected) in REFUSED_OF_A_FUNCTION {
        assert_eq!(refusal(&with_resource(&format!("{FUNCTION}{property}"))), *expected);
    }
}

#[test]
fn sections_and_documents_are_refused_too() {
    assert_eq!(
        refusal("Transform: AWS::Serverless-2016-10-31\nConditions: {}\nResources: {}\n"),
        "template.yaml:2: the template has no property `Conditions` that this stack understands"
    );
    assert!(refusal("Resources: [\n").starts_with("template.yaml:2: not YAML: "));
    assert_eq!(
        refusal("Transform: AWS::Serverless-2016-10-31\nResources: {}\n---\nResources: {}\n"),
        "template.yaml:3: a template is one YAML document; here starts another"
    );
    let deep = format!("Resources: {}{}", "[".repeat(100), "]".repeat(100));
    assert_eq!(refusal(&deep), "template.yaml:1: nested deeper than 64 levels");
    let missing = read(Path::new("/nowhere/template.yaml"), &BTreeMap::new(), &endpoints()).expect_err("refused");
    assert!(missing.to_string().starts_with("/nowhere/template.yaml: "), "{missing}");
    assert_eq!(missing.line(), None);
}

#[test]
fn substitution_knows_names_attributes_and_literals() {
    let text = "Transform: AWS::Serverless-2016-10-31\nParameters:\n  Tone: { Type: String, Default: blue }\nResources:\n  Q: { Type: AWS::SQS::Queue }\nOutputs:\n  O: { Value: !Sub '${Tone} ${Q.QueueName} ${AWS::Region} ${!Tone}' }\n";
    let stack = parse("t", text, &BTreeMap::new(), &endpoints()).expect("the template reads");
    assert_eq!(stack.outputs.get("O").map(String::as_str), Some("blue ordermill-Q us-east-1 ${Tone}"));
}
