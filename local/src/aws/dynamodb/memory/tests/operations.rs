//! Random operations as the functions use them, on few keys so that they collide.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// One operation with its request.
pub(super) fn operation(random: &mut Rng, table: &str, step: usize) -> (&'static str, Value) {
    let mut request = match random.u8(0..20) {
        0..3 => return ("BatchExecuteStatement", statements(random, table)),
        3 => return ("BatchGetItem", keys(random, table)),
        4 => {
            let mut request = json!({"Key": key(random)});
            conditioned(random, &mut request);
            return ("DeleteItem", of(table, request));
        }
        5..7 => return ("GetItem", of(table, json!({"Key": key(random), "ConsistentRead": true}))),
        7..10 => {
            let mut request = json!({"Item": item(random)});
            conditioned(random, &mut request);
            return ("PutItem", of(table, request));
        }
        10..13 => return ("Query", of(table, query(random))),
        13..16 => return ("TransactWriteItems", transaction(random, table, step)),
        _ => update(random),
    };
    request["Key"] = key(random);
    ("UpdateItem", of(table, request))
}

fn of(table: &str, mut request: Value) -> Value {
    request["TableName"] = json!(table);
    request["ReturnConsumedCapacity"] = json!("INDEXES");
    request
}

fn text(random: &mut Rng, of: &[&str]) -> Value {
    json!({"S": of[random.usize(0..of.len())]})
}

fn number(random: &mut Rng, of: &[&str]) -> Value {
    json!({"N": of[random.usize(0..of.len())]})
}

fn key(random: &mut Rng) -> Value {
    json!({"pk": text(random, &["p", "p#", "q"]), "sk": text(random, &["1", "10", "2", "ä", "s"])})
}

const SHARDS: [&str; 2] = ["0", "1"];
const TIMES: [&str; 5] = ["5", "12", "100", "-3", "1798761600"];
const NUMBERS: [&str; 9] = ["0", "1", "7", "12.5", "12.50", "-0.75", "100.00", "007", "123456789012345678.25"];

/// An item with attributes of each type, in each index or not.
fn item(random: &mut Rng) -> Value {
    let mut item = key(random);
    let members = item.as_object_mut().unwrap();
    let mut maybe = |random: &mut Rng, name: &str, value: Value| {
        if random.u8(0..3) > 0 {
            members.insert(name.to_owned(), value);
        }
    };
    let (version, balance) = (number(random, &["1", "2", "3"]), number(random, &NUMBERS));
    maybe(random, "version", version);
    maybe(random, "balance", balance);
    let state = text(random, &["Pending", "Done", ""]);
    maybe(random, "state", state);
    let (shard, at) = (text(random, &SHARDS), number(random, &TIMES));
    maybe(random, "due_shard", shard);
    maybe(random, "due_at", at);
    let (list, place) = (text(random, &["open", "closed"]), text(random, &["a", "ab", "b", "ü"]));
    maybe(random, "list_pk", list);
    maybe(random, "list_sk", place);
    maybe(random, "body", json!({"B": "aGVsbG8="}));
    maybe(random, "flag", json!({"BOOL": true}));
    let nested = json!({"L": [{"M": {"count": number(random, &NUMBERS), "none": {"NULL": true}}}, {"L": []}]});
    maybe(random, "nested", nested);
    item
}

/// Often adds a condition of the kind that the functions use.
fn conditioned(random: &mut Rng, request: &mut Value) {
    let (text, values) = match random.u8(0..10) {
        0 => ("attribute_not_exists(pk)", json!({})),
        1 => ("attribute_exists(pk)", json!({})),
        2 => ("version = :version", json!({":version": number(random, &["1", "2", "3"])})),
        3 => ("attribute_not_exists(pk) OR balance <= :most", json!({":most": number(random, &NUMBERS)})),
        4 => (
            "#state = :pending AND version = :version AND (attribute_not_exists(due_at) OR due_at <= :now)",
            json!({":pending": {"S": "Pending"}, ":version": number(random, &["1", "2"]), ":now": number(random, &TIMES)}),
        ),
        5 => ("balance >= :total", json!({":total": number(random, &NUMBERS)})),
        6 => ("version = :version AND attribute_exists(due_at)", json!({":version": number(random, &["1", "2", "3"])})),
        7 => ("balance > :zero AND balance < :most", json!({":zero": {"N": "0"}, ":most": number(random, &NUMBERS)})),
        _ => return,
    };
    request["ConditionExpression"] = json!(text);
    merge(request, "ExpressionAttributeValues", values);
    if text.contains("#state") {
        merge(request, "ExpressionAttributeNames", json!({"#state": "state"}));
    }
    if random.bool() {
        request["ReturnValuesOnConditionCheckFailure"] = json!("ALL_OLD");
    }
}

fn merge(request: &mut Value, member: &str, more: Value) {
    let more: Map<String, Value> = serde_json::from_value(more).unwrap();
    if more.is_empty() {
        return;
    }
    let members = request.as_object_mut().unwrap().entry(member).or_insert_with(|| json!({}));
    members.as_object_mut().unwrap().extend(more);
}

/// An update of the kind that the functions use.
fn update(random: &mut Rng) -> Value {
    let with_condition = |random: &mut Rng, text: &str, values: Value, names: Value| {
        let mut request = json!({"UpdateExpression": text});
        merge(&mut request, "ExpressionAttributeValues", values);
        merge(&mut request, "ExpressionAttributeNames", names);
        conditioned(random, &mut request);
        request
    };
    match random.u8(0..7) {
        0 => with_condition(
            random,
            "SET #version_ = :version_, #list = :list, due_shard = :shard, due_at = if_not_exists(due_at, :at) REMOVE #flag, nested",
            json!({":version_": {"N": "2"}, ":list": {"S": "open"}, ":shard": {"S": "1"}, ":at": {"N": "77"}}),
            json!({"#version_": "version", "#list": "list_pk", "#flag": "flag"}),
        ),
        1 => with_condition(random, "REMOVE due_shard, due_at, body", json!({}), json!({})),
        // The attribute to subtract from must exist.
        2 => json!({
            "UpdateExpression": "SET balance = balance - :total ADD order_count :one",
            "ConditionExpression": "balance >= :total",
            "ExpressionAttributeValues": {":total": number(random, &["0.25", "1", "12.50"]), ":one": {"N": "1"}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }),
        3 => json!({
            "UpdateExpression": "SET #next = version + :count, version = version - :count",
            "ConditionExpression": "version >= :count",
            "ExpressionAttributeNames": {"#next": "next"},
            "ExpressionAttributeValues": {":count": {"N": "1"}},
        }),
        4 => with_condition(
            random,
            "ADD #Open :Open, #Closed :Closed",
            json!({":Open": {"N": "1"}, ":Closed": {"N": "-1"}}),
            json!({"#Open": "Open", "#Closed": "Closed"}),
        ),
        5 => json!({
            "UpdateExpression": "SET due_at = :due_at, due_since = if_not_exists(due_since, due_at) ADD requeued :one",
            "ConditionExpression": "attribute_exists(due_at)",
            "ExpressionAttributeValues": {":due_at": number(random, &TIMES), ":one": {"N": "1"}},
        }),
        _ => {
            let (place, list) = (text(random, &["a", "c"]), text(random, &["open", "closed"]));
            let values = json!({":place": place, ":list": list});
            with_condition(random, "SET list_sk = :place, list_pk = :list", values, json!({}))
        }
    }
}

fn query(random: &mut Rng) -> Value {
    let (index, text_, values, has_cursor) = match random.u8(0..7) {
        0 => (None, "pk = :pk", json!({}), false),
        1 => (None, "pk = :pk AND sk < :sk", json!({":sk": text(random, &["10", "2", "z"])}), false),
        2 => (None, "pk = :pk AND sk > :sk", json!({":sk": text(random, &["1", "10"])}), false),
        3 => (None, "pk = :pk AND begins_with(sk, :prefix)", json!({":prefix": text(random, &["1", "2"])}), false),
        4 => (None, "pk = :pk", json!({}), true),
        5 => (
            Some("due"),
            "due_shard = :shard AND due_at < :now",
            json!({":shard": text(random, &SHARDS), ":now": number(random, &["6", "150", "1798761601"])}),
            false,
        ),
        _ => (
            Some("listed"),
            "list_pk = :list AND list_sk BETWEEN :low AND :high",
            json!({":list": text(random, &["open", "closed"]), ":low": {"S": "a"}, ":high": text(random, &["b", "z", "zz"])}),
            false,
        ),
    };
    let mut request = json!({"KeyConditionExpression": text_, "ExpressionAttributeValues": values});
    if index.is_none() {
        request["ExpressionAttributeValues"][":pk"] = text(random, &["p", "p#", "q"]);
        if random.bool() {
            request["ConsistentRead"] = json!(true);
        }
        if random.u8(0..4) == 0 {
            request["ProjectionExpression"] = json!("pk, sk");
        }
    }
    if let Some(index) = index {
        request["IndexName"] = json!(index);
    }
    if has_cursor {
        let pk = request["ExpressionAttributeValues"][":pk"].clone();
        request["ExclusiveStartKey"] = json!({"pk": pk, "sk": text(random, &["1", "2"])});
    }
    if random.bool() {
        request["Limit"] = json!(random.u8(1..5));
    }
    if random.bool() {
        request["ScanIndexForward"] = json!(random.bool());
    }
    request
}

fn keys(random: &mut Rng, table: &str) -> Value {
    let mut keys: Vec<Value> = (0..random.usize(1..6)).map(|_| key(random)).collect();
    keys.sort_by_key(Value::to_string);
    keys.dedup();
    json!({"RequestItems": {table: {"Keys": keys, "ConsistentRead": true}}})
}

/// Items with distinct keys.
fn distinct(random: &mut Rng, count: usize) -> Vec<Value> {
    let mut items: Vec<Value> = (0..count).map(|_| item(random)).collect();
    items.sort_by_key(|item| format!("{} {}", item["pk"], item["sk"]));
    items.dedup_by_key(|item| format!("{} {}", item["pk"], item["sk"]));
    items
}

fn statements(random: &mut Rng, table: &str) -> Value {
    let count = random.usize(1..6);
    let statement = |item: Value| {
        let (names, values): (Vec<_>, Vec<_>) = item.as_object().unwrap().clone().into_iter().unzip();
        let members: Vec<String> = names.iter().map(|name| format!("'{name}': ?")).collect();
        json!({"Statement": format!("INSERT INTO \"{table}\" VALUE {{{}}}", members.join(", ")), "Parameters": values})
    };
    let statements: Vec<Value> = distinct(random, count).into_iter().map(statement).collect();
    json!({"Statements": statements, "ReturnConsumedCapacity": "INDEXES"})
}

fn transaction(random: &mut Rng, table: &str, step: usize) -> Value {
    let count = random.usize(1..4);
    let items = distinct(random, count);
    let write = |(place, item): (usize, Value)| {
        let key = json!({"pk": item["pk"], "sk": item["sk"]});
        let (kind, mut request) = match (place + step) % 3 {
            0 => ("Put", json!({"Item": item})),
            1 => ("Delete", json!({"Key": key})),
            _ => ("Update", json!({"Key": key})),
        };
        if kind == "Update" {
            let update = update(random);
            request.as_object_mut().unwrap().extend(update.as_object().unwrap().clone());
        } else {
            conditioned(random, &mut request);
        }
        request["TableName"] = json!(table);
        json!({kind: request})
    };
    let writes: Vec<Value> = items.into_iter().enumerate().map(write).collect();
    json!({"TransactItems": writes, "ClientRequestToken": format!("token-{step}"), "ReturnConsumedCapacity": "INDEXES"})
}
