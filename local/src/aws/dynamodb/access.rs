//! The permissions that a DynamoDB call needs.

use super::partiql;
use crate::template::{ACCOUNT, REGION, table_arn};
use serde_json::Value;

/// One permission: an action on a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) action: String,
    pub(super) resource: String,
}

/// The permissions for `operation` with `body`; `None` for an unknown operation.
pub(super) fn needed(operation: &str, body: &Value) -> Option<Vec<Access>> {
    let mut needed = match operation {
        "PutItem" | "GetItem" | "UpdateItem" | "DeleteItem" | "CreateTable" | "DeleteTable" | "DescribeTable"
        | "UpdateTable" | "UpdateTimeToLive" | "DescribeTimeToLive" => vec![access(operation, table(body))],
        "Query" | "Scan" => vec![access(operation, table_or_index(body))],
        "BatchGetItem" | "BatchWriteItem" => per_table(operation, body),
        "TransactWriteItems" => transaction(body, &["Put", "Update", "Delete", "ConditionCheck"]),
        "TransactGetItems" => transaction(body, &["Get"]),
        "ExecuteStatement" => vec![statement(body)],
        "BatchExecuteStatement" => list(body, "Statements").iter().map(statement).collect(),
        "ExecuteTransaction" => list(body, "TransactStatements").iter().map(statement).collect(),
        "ListTables" => vec![access(operation, table_arn("*"))],
        "ListStreams" => vec![access(operation, format!("{}/stream/*", table_arn("*")))],
        "DescribeStream" | "GetShardIterator" => vec![access(operation, local(text(body, "StreamArn")))],
        // Iterators are the database's own and name no stream to compare.
        "GetRecords" => vec![access(operation, format!("{}/stream/*", table_arn("*")))],
        "TagResource" | "UntagResource" | "ListTagsOfResource" => {
            vec![access(operation, local(text(body, "ResourceArn")))]
        }
        _ => return None,
    };
    // The database rejects a call that names no resource, but such a call must not count as permitted.
    if needed.is_empty() {
        needed.push(access(operation, table_arn("")));
    }
    needed.sort_by(|one, other| (&one.action, &one.resource).cmp(&(&other.action, &other.resource)));
    needed.dedup();
    Some(needed)
}

fn access(operation: &str, resource: String) -> Access {
    Access { action: format!("dynamodb:{operation}"), resource }
}

fn text<'a>(body: &'a Value, member: &str) -> &'a str {
    body.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(body: &'a Value, member: &str) -> &'a [Value] {
    body.get(member).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The ARN of a table, given by name or by ARN; DynamoDB accepts both.
fn arn_of(table: &str) -> String {
    if table.starts_with("arn:") { local(table) } else { table_arn(table) }
}

/// dynoxide calls its region `dynoxide`; an ARN that it returned means the same resource.
fn local(arn: &str) -> String {
    arn.replace(&format!(":dynoxide:{ACCOUNT}:"), &format!(":{REGION}:{ACCOUNT}:"))
}

fn table(body: &Value) -> String {
    arn_of(text(body, "TableName"))
}

fn table_or_index(body: &Value) -> String {
    match body.get("IndexName").and_then(Value::as_str) {
        Some(index) => format!("{}/index/{index}", table(body)),
        None => table(body),
    }
}

fn per_table(operation: &str, body: &Value) -> Vec<Access> {
    let tables = body.get("RequestItems").and_then(Value::as_object);
    tables.into_iter().flatten().map(|(name, _)| access(operation, arn_of(name))).collect()
}

/// A transaction needs the permissions that its entries would need on their own.
fn transaction(body: &Value, kinds: &[&str]) -> Vec<Access> {
    let mut needed = Vec::new();
    for entry in list(body, "TransactItems") {
        for kind in kinds {
            if let Some(request) = entry.get(*kind) {
                let operation = if *kind == "ConditionCheck" { "ConditionCheckItem" } else { &format!("{kind}Item") };
                needed.push(access(operation, table(request)));
            }
        }
    }
    needed
}

fn statement(body: &Value) -> Access {
    match partiql::target(text(body, "Statement")) {
        Some(target) => {
            let resource = match target.index {
                Some(index) => format!("{}/index/{index}", arn_of(&target.table)),
                None => arn_of(&target.table),
            };
            access(&format!("PartiQL{}", target.verb), resource)
        }
        // Not one of the four statements: the database rejects it, and so does this check for all but an administrator.
        None => access("PartiQLSelect", table_arn("")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operations_need_their_permissions() {
        for (operation, body, expected) in [
            ("PutItem", json!({"TableName": "orders"}), &["PutItem table/orders"][..]),
            (
                "PutItem",
                json!({"TableName": "arn:aws:dynamodb:dynoxide:000000000000:table/orders"}),
                &["PutItem table/orders"],
            ),
            ("Query", json!({"TableName": "orders"}), &["Query table/orders"]),
            ("Query", json!({"TableName": "orders", "IndexName": "due"}), &["Query table/orders/index/due"]),
            (
                "BatchGetItem",
                json!({"RequestItems": {"a": {}, "b": {}}}),
                &["BatchGetItem table/a", "BatchGetItem table/b"],
            ),
            (
                "TransactWriteItems",
                json!({"TransactItems": [
                    {"Put": {"TableName": "a"}}, {"Put": {"TableName": "a"}}, {"ConditionCheck": {"TableName": "b"}},
                    {"Update": {"TableName": "a"}}, {"Delete": {"TableName": "a"}},
                ]}),
                &["ConditionCheckItem table/b", "DeleteItem table/a", "PutItem table/a", "UpdateItem table/a"],
            ),
            ("TransactGetItems", json!({"TransactItems": [{"Get": {"TableName": "a"}}]}), &["GetItem table/a"]),
            (
                "BatchExecuteStatement",
                json!({"Statements": [
                    {"Statement": "INSERT INTO \"a\" VALUE ?"}, {"Statement": "select * from \"a\".\"due\" where x=1"},
                ]}),
                &["PartiQLInsert table/a", "PartiQLSelect table/a/index/due"],
            ),
            ("ExecuteStatement", json!({"Statement": "DROP TABLE a"}), &["PartiQLSelect table/"]),
            ("BatchWriteItem", json!({}), &["BatchWriteItem table/"]),
            ("ListTables", json!({}), &["ListTables table/*"]),
        ] {
            let needed: Vec<String> = needed(operation, &body)
                .expect("known")
                .iter()
                .map(|access| {
                    let action = access.action.strip_prefix("dynamodb:").expect("an action of DynamoDB");
                    let resource = access.resource.strip_prefix("arn:aws:dynamodb:us-east-1:000000000000:");
                    format!("{action} {}", resource.expect("an ARN"))
                })
                .collect();
            assert_eq!(needed, expected, "{operation} {body}");
        }
        assert_eq!(needed("RestoreTableToPointInTime", &json!({"TableName": "a"})), None);
    }
}
