//! Resources that hold state: tables, queues, log groups.

use super::{
    error::{Read, Refusal},
    fields::{Fields, items},
    model::{Index, KeyAttribute, KeyType, Projection, Queue, Redrive, ScalarType, Table, queue_arn},
    scope::{Kind, Scope, physical_name},
    yaml::Node,
};
use std::collections::BTreeMap;

/// Reads an `AWS::DynamoDB::Table`.
pub(super) fn table(scope: &Scope, logical_id: &str, properties: &Node) -> Read<Table> {
    let mut fields = Fields::open(scope, "AWS::DynamoDB::Table", properties)?;
    fields.need_one_of("BillingMode", &["PAY_PER_REQUEST"])?;
    let attributes = attributes(scope, fields.need("AttributeDefinitions")?)?;
    let key = key(scope, fields.need("KeySchema")?, &attributes)?;
    let indexes = match fields.take("GlobalSecondaryIndexes") {
        None => Vec::new(),
        Some(node) => items(node)?.iter().map(|item| index(scope, item, &attributes)).collect::<Read<_>>()?,
    };
    let stream_view = fields.take("StreamSpecification").map(|node| stream(scope, node)).transpose()?;
    let point_in_time_recovery = match fields.take("PointInTimeRecoverySpecification") {
        None => false,
        Some(node) => {
            let mut fields = Fields::open(scope, "PointInTimeRecoverySpecification", node)?;
            let enabled = fields.flag("PointInTimeRecoveryEnabled", false)?;
            fields.finish()?;
            enabled
        }
    };
    let time_to_live = match fields.take("TimeToLiveSpecification") {
        None => None,
        Some(node) => {
            let mut fields = Fields::open(scope, "TimeToLiveSpecification", node)?;
            let attribute = fields.need_text("AttributeName")?;
            let enabled = fields.flag("Enabled", false)?;
            fields.finish()?;
            enabled.then_some(attribute)
        }
    };
    fields.finish()?;
    Ok(Table {
        logical_id: logical_id.to_owned(),
        name: physical_name(logical_id),
        attributes,
        key,
        indexes,
        stream_view,
        point_in_time_recovery,
        time_to_live,
    })
}

fn attributes(scope: &Scope, node: &Node) -> Read<BTreeMap<String, ScalarType>> {
    let mut attributes = BTreeMap::new();
    for item in items(node)? {
        let mut fields = Fields::open(scope, "AttributeDefinitions", item)?;
        let name = fields.need_text("AttributeName")?;
        let scalar = match fields.need_one_of("AttributeType", &["S", "N", "B"])?.as_str() {
            "S" => ScalarType::S,
            "N" => ScalarType::N,
            _ => ScalarType::B,
        };
        fields.finish()?;
        if attributes.insert(name.clone(), scalar).is_some() {
            return Err(Refusal::new(item.line, format!("the attribute `{name}` is defined twice")));
        }
    }
    Ok(attributes)
}

fn key(scope: &Scope, node: &Node, attributes: &BTreeMap<String, ScalarType>) -> Read<Vec<KeyAttribute>> {
    let mut key = Vec::new();
    for item in items(node)? {
        let mut fields = Fields::open(scope, "KeySchema", item)?;
        let name = fields.need_text("AttributeName")?;
        let key_type = match fields.need_one_of("KeyType", &["HASH", "RANGE"])?.as_str() {
            "HASH" => KeyType::Hash,
            _ => KeyType::Range,
        };
        fields.finish()?;
        if !attributes.contains_key(&name) {
            return Err(Refusal::new(item.line, format!("the key attribute `{name}` is not defined")));
        }
        key.push(KeyAttribute { name, key_type });
    }
    let types: Vec<KeyType> = key.iter().map(|attribute| attribute.key_type).collect();
    match types.as_slice() {
        [KeyType::Hash] | [KeyType::Hash, KeyType::Range] => Ok(key),
        _ => Err(Refusal::new(node.line, "a key is a HASH attribute and, after it, at most one RANGE attribute")),
    }
}

fn index(scope: &Scope, node: &Node, attributes: &BTreeMap<String, ScalarType>) -> Read<Index> {
    let mut fields = Fields::open(scope, "GlobalSecondaryIndexes", node)?;
    let name = fields.need_text("IndexName")?;
    let key = key(scope, fields.need("KeySchema")?, attributes)?;
    let mut projection = Fields::open(scope, "Projection", fields.need("Projection")?)?;
    fields.finish()?;
    let kind = projection.need_one_of("ProjectionType", &["ALL", "KEYS_ONLY", "INCLUDE"])?;
    let projection_of = match kind.as_str() {
        "ALL" => Projection::All,
        "KEYS_ONLY" => Projection::KeysOnly,
        _ => {
            let names = items(projection.need("NonKeyAttributes")?)?;
            Projection::Include(names.iter().map(|name| scope.text(name)).collect::<Read<_>>()?)
        }
    };
    projection.finish()?;
    Ok(Index { name, key, projection: projection_of })
}

fn stream(scope: &Scope, node: &Node) -> Read<String> {
    let mut fields = Fields::open(scope, "StreamSpecification", node)?;
    let views = ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"];
    let view = fields.need_one_of("StreamViewType", &views)?;
    fields.finish()?;
    Ok(view)
}

/// Reads an `AWS::SQS::Queue`.
pub(super) fn queue(scope: &Scope, logical_id: &str, properties: Option<&Node>) -> Read<Queue> {
    let mut queue = Queue {
        logical_id: logical_id.to_owned(),
        name: physical_name(logical_id),
        visibility_timeout: 30,
        delay_seconds: 0,
        retention_seconds: 345_600,
        wait_seconds: 0,
        managed_encryption: true,
        redrive: None,
    };
    let Some(properties) = properties else { return Ok(queue) };
    let mut fields = Fields::open(scope, "AWS::SQS::Queue", properties)?;
    queue.visibility_timeout = fields.count("VisibilityTimeout", 0..=43_200, queue.visibility_timeout)?;
    queue.delay_seconds = fields.count("DelaySeconds", 0..=900, queue.delay_seconds)?;
    queue.retention_seconds = fields.count("MessageRetentionPeriod", 60..=1_209_600, queue.retention_seconds)?;
    queue.wait_seconds = fields.count("ReceiveMessageWaitTimeSeconds", 0..=20, queue.wait_seconds)?;
    queue.managed_encryption = fields.flag("SqsManagedSseEnabled", queue.managed_encryption)?;
    if let Some(node) = fields.take("RedrivePolicy") {
        let mut fields = Fields::open(scope, "RedrivePolicy", node)?;
        let dead_letter_queue = scope.by_arn(fields.need("deadLetterTargetArn")?, Kind::Queue, queue_arn)?;
        let max_receive_count = fields.need_count("maxReceiveCount", 1..=1000)?;
        fields.finish()?;
        let dead_letter_queue_name = physical_name(&dead_letter_queue);
        queue.redrive = Some(Redrive { dead_letter_queue, dead_letter_queue_name, max_receive_count });
    }
    fields.finish()?;
    Ok(queue)
}

/// Checks an `AWS::Logs::LogGroup`; the stack on this machine logs to the terminal.
pub(super) fn log_group(scope: &Scope, properties: Option<&Node>) -> Read<()> {
    let Some(properties) = properties else { return Ok(()) };
    let mut fields = Fields::open(scope, "AWS::Logs::LogGroup", properties)?;
    fields.integer("RetentionInDays", 1..=3653)?;
    fields.finish()
}
