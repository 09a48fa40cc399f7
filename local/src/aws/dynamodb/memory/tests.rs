//! Compares the in-memory table with the embedded database: same random operations, complete answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use dynoxide::Database;
use dynoxide::storage_backend::ManualClock;
use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::Memory;
use crate::aws::dynamodb::create_table;
use crate::aws::dynamodb::tables::Tables;
use crate::aws::sqs::Clock;
use crate::template::{self, Endpoints};

mod operations;

use operations::operation;

/// A clock that does not move.
struct FrozenClock;

const NOW_SECONDS: u64 = 1_798_761_600;

impl Clock for FrozenClock {
    fn now_ms(&self) -> i64 {
        i64::try_from(NOW_SECONDS).unwrap() * 1000
    }

    fn sleep_until(&self, _: i64) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::pending())
    }
}

/// The template's table.
fn declared() -> template::Table {
    let endpoints = Endpoints { sqs: "http://sqs".to_owned(), api: "http://api".to_owned() };
    let file = crate::commands::project().join("template.yaml");
    let mut stack = template::read(&file, &BTreeMap::new(), &endpoints).unwrap();
    stack.tables.remove(0)
}

/// Both, empty.
fn both() -> (Tables, Memory, template::Table) {
    let table = declared();
    let database = Database::memory_with_clock(Arc::new(ManualClock::new(NOW_SECONDS))).unwrap();
    create_table(&database, &table).unwrap();
    let memory = Memory::new(&table).unwrap().copy(Arc::new(FrozenClock));
    (database.into(), memory, table)
}

/// An answer without the parts that are not compared: capacity, and the order of unordered lists.
fn comparable(answer: (StatusCode, String)) -> (StatusCode, Value) {
    let mut body: Value = serde_json::from_str(&answer.1).unwrap();
    if let Some(members) = body.as_object_mut() {
        members.remove("ConsumedCapacity");
        for items in members.get_mut("Responses").and_then(Value::as_object_mut).into_iter().flatten() {
            items.1.as_array_mut().unwrap().sort_by_key(Value::to_string);
        }
    }
    (answer.0, body)
}

/// A stream record without its sequence numbers.
fn comparable_record(mut record: Value) -> Value {
    for member in ["eventID", "awsRegion", "eventSourceARN"] {
        record.as_object_mut().unwrap().remove(member);
    }
    let change = record["dynamodb"].as_object_mut().unwrap();
    change.remove("SequenceNumber");
    assert!(change.remove("SizeBytes").is_some_and(|size| size.as_u64() > Some(0)));
    let at = change["ApproximateCreationDateTime"].as_f64();
    change.insert("ApproximateCreationDateTime".to_owned(), json!(at));
    record
}

/// A summary of an answer.
fn outcome(operation: &str, (status, body): &(StatusCode, Value)) -> String {
    let kind = body["__type"].as_str().and_then(|kind| kind.rsplit('#').next()).unwrap_or("done");
    let codes = body["CancellationReasons"]
        .as_array()
        .into_iter()
        .flatten()
        .chain(body["Responses"].as_array().into_iter().flatten());
    let has_codes =
        codes.filter(|of| of["Code"].as_str().is_some_and(|code| code != "None") || of["Error"].is_object()).count()
            > 0;
    let is_page = body["LastEvaluatedKey"].is_object();
    let has_item = body["Item"].is_object() || body["Items"].as_array().is_some_and(|items| !items.is_empty());
    format!(
        "{operation} {} {kind}{}{}{}",
        status.as_u16(),
        if has_codes { " with codes" } else { "" },
        if is_page { ", to be continued" } else { "" },
        if has_item { ", with items" } else { "" }
    )
}

#[tokio::test]
async fn answers_match_the_embedded_database() {
    const RUNS: u64 = 40;
    const OPERATIONS: usize = 150;
    let mut outcomes = BTreeMap::<String, usize>::new();
    for seed in 0..RUNS {
        let (embedded, memory, table) = both();
        let mut random = Rng::with_seed(seed);
        let mut last: Option<(&str, Value)> = None;
        for step in 0..OPERATIONS {
            // Sometimes repeats an earlier call, as after a lost answer: a transaction with its token.
            let again = last.take().filter(|_| random.u8(0..10) == 0);
            let (operation, body) = again.unwrap_or_else(|| operation(&mut random, &table.name, step));
            let expected = comparable(embedded.answer(operation, body.clone()));
            let found = comparable(memory.answer(operation, body.clone()));
            assert_eq!(found, expected, "seed {seed}, step {step}: {operation} {body:#}");
            *outcomes.entry(outcome(operation, &found)).or_default() += 1;
            last = Some((operation, body));
        }
        assert_eq!(memory.unknown(), Vec::<String>::new(), "seed {seed}");
        let all = |tables: &Tables, index| {
            let mut items = tables.items(&table.name, index);
            items.sort_by_key(Value::to_string);
            items
        };
        let memory = Tables::from(memory);
        for index in [None, Some("due"), Some("listed")] {
            assert_eq!(all(&memory, index), all(&embedded, index), "seed {seed}, index {index:?}");
        }
        let expected = embedded.stream(&table.name).unwrap().records(None, 1000).await.unwrap();
        let stream = memory.stream(&table.name).unwrap();
        let found = stream.records(None, 1000).await.unwrap();
        assert!(found.len() > 20, "{} writes", found.len());
        // The functions read the stream.
        for record in &found {
            serde_json::from_value::<aws_lambda_events::dynamodb::EventRecord>(record.clone()).unwrap();
        }
        // Reading in pieces gives the same records.
        let mut pieces = Vec::new();
        while pieces.len() < found.len() {
            let place = pieces.last().and_then(crate::aws::dynamodb::SequenceNumber::of);
            pieces.extend(stream.records(place, 7).await.unwrap());
        }
        assert_eq!(pieces, found);
        let comparable_records = |records: Vec<Value>| records.into_iter().map(comparable_record).collect::<Vec<_>>();
        assert_eq!(comparable_records(found), comparable_records(expected), "seed {seed}");
    }
    // Each operation has succeeded and failed at least once.
    for outcome in [
        "BatchExecuteStatement 200 done",
        "BatchExecuteStatement 200 done with codes",
        "BatchGetItem 200 done",
        "DeleteItem 200 done",
        "DeleteItem 400 ConditionalCheckFailedException",
        "GetItem 200 done",
        "GetItem 200 done, with items",
        "PutItem 200 done",
        "PutItem 400 ConditionalCheckFailedException",
        "PutItem 400 ConditionalCheckFailedException, with items",
        "Query 200 done",
        "Query 200 done, to be continued, with items",
        "Query 200 done, with items",
        "TransactWriteItems 200 done",
        "TransactWriteItems 400 TransactionCanceledException with codes",
        "UpdateItem 200 done",
        "UpdateItem 400 ConditionalCheckFailedException",
    ] {
        assert!(outcomes.get(outcome).is_some_and(|count| *count > 10), "{outcome}: {outcomes:#?}");
    }
}

#[test]
fn unsupported_calls_are_rejected_and_recorded() {
    let (_, memory, table) = both();
    let key = json!({"pk": {"S": "p"}, "sk": {"S": "s"}});
    let of_table = |body: Value| {
        let mut members: Map<String, Value> = serde_json::from_value(body).unwrap();
        members.insert("TableName".to_owned(), json!(table.name));
        Value::Object(members)
    };
    let update = |expression: &str, values: Value| {
        of_table(json!({"Key": key, "UpdateExpression": expression, "ExpressionAttributeValues": values}))
    };
    let put = |item: Value| of_table(json!({"Item": item}));
    let unknown = [
        ("Scan", of_table(json!({}))),
        ("GetItem", of_table(json!({"Key": key, "AttributesToGet": ["a"]}))),
        ("GetItem", of_table(json!({"Key": {"pk": {"S": "p"}}}))),
        ("GetItem", json!({"TableName": "another", "Key": key})),
        ("PutItem", put(json!({"pk": {"S": "p"}, "sk": {"S": ""}}))),
        ("PutItem", put(json!({"pk": {"S": "p"}, "sk": {"S": "s"}, "a": {"SS": ["b"]}}))),
        ("PutItem", put(json!({"pk": {"S": "p"}, "sk": {"S": "s"}, "due_at": {"S": "soon"}}))),
        ("PutItem", put(json!({"pk": {"S": "p"}, "sk": {"S": "s"}, "a": {"S": "b".repeat(410_000)}}))),
        ("UpdateItem", update("SET a.b = :a", json!({":a": {"S": "b"}}))),
        ("UpdateItem", update("SET a = :a", json!({":a": {"S": "b"}, ":b": {"S": "b"}}))),
        ("UpdateItem", update("SET a = :b", json!({":a": {"S": "b"}}))),
        ("UpdateItem", update("SET a = a + :a", json!({":a": {"N": "1"}}))),
        ("UpdateItem", update("DELETE a :a", json!({":a": {"N": "1"}}))),
        ("UpdateItem", update("SET sk = :a", json!({":a": {"S": "1"}}))),
        ("DeleteItem", of_table(json!({"Key": key, "ConditionExpression": "size(a) > b"}))),
        ("DeleteItem", of_table(json!({"Key": key, "ConditionExpression": "a <> b"}))),
        ("DeleteItem", of_table(json!({"Key": key, "ConditionExpression": "NOT a = b"}))),
        ("TransactWriteItems", json!({"ClientRequestToken": "t", "TransactItems": [{"ConditionCheck": {}}]})),
        (
            "Query",
            of_table(json!({"KeyConditionExpression": "sk = :s", "ExpressionAttributeValues": {":s": {"S": "s"}}})),
        ),
        ("BatchExecuteStatement", json!({"Statements": [{"Statement": "DELETE FROM a", "Parameters": []}]})),
    ];
    for (count, (operation, body)) in unknown.iter().enumerate() {
        assert_eq!(memory.answer(operation, body.clone()).0, StatusCode::BAD_REQUEST, "{operation} {body}");
        assert_eq!(memory.unknown().len(), count + 1, "{operation} {body}");
    }
    assert_eq!(memory.items(None), Vec::<Value>::new());
}
