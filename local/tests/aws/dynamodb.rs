//! DynamoDB behind the permission check, and its stream.

use crate::fixture::{DynamoDb, ORDERS};
use aws_lambda_events::dynamodb::EventRecord;
use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    types::{AttributeValue, BatchStatementRequest, Put, PutRequest, ReturnValue, TransactWriteItem, WriteRequest},
};
use local::aws::dynamodb::{SequenceNumber, StreamError, StreamReader};
use std::fmt::Debug;

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn statement(text: &str) -> BatchStatementRequest {
    BatchStatementRequest::builder().statement(text).build().expect("a statement")
}

/// The code and message of an error.
fn refused<T: Debug, E: ProvideErrorMetadata + Debug, R: Debug>(result: Result<T, SdkError<E, R>>) -> (String, String) {
    let error = result.expect_err("refused");
    (error.code().unwrap_or_default().to_owned(), error.message().unwrap_or_default().to_owned())
}

fn denial(function: &str, action: &str, resource: &str) -> (String, String) {
    let user = format!("arn:aws:sts::000000000000:assumed-role/ordermill-{function}Role/ordermill-{function}");
    let resource = format!("arn:aws:dynamodb:us-east-1:000000000000:table/ordermill-{resource}");
    let message = format!(
        "User: {user} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
    );
    ("AccessDeniedException".to_owned(), message)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permitted_call_reaches_the_database() {
    let db = DynamoDb::start().await;
    let (reader, writer) = (db.client("READER"), db.client("WRITER"));
    writer.put_item().table_name(ORDERS).item("pk", s("a")).item("n", s("1")).send().await.expect("put");
    let again = writer
        .put_item()
        .table_name(ORDERS)
        .item("pk", s("a"))
        .condition_expression("attribute_not_exists(pk)")
        .send()
        .await;
    assert_eq!(refused(again).0, "ConditionalCheckFailedException");
    let found = reader.get_item().table_name(ORDERS).key("pk", s("a")).send().await.expect("got");
    assert_eq!(found.item().and_then(|item| item.get("n")), Some(&s("1")));

    // Several inserts in one request; the second insert of the same key fails alone.
    let inserted = writer
        .batch_execute_statement()
        .statements(statement(&format!("INSERT INTO \"{ORDERS}\" VALUE {{'pk': 'b'}}")))
        .statements(statement(&format!("INSERT INTO \"{ORDERS}\" VALUE {{'pk': 'a'}}")))
        .send()
        .await
        .expect("executed");
    assert!(inserted.responses()[0].error().is_none());
    assert!(inserted.responses()[1].error().is_some());
    db.service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_without_a_permission_is_denied_as_on_aws() {
    let db = DynamoDb::start().await;
    let (reader, writer) = (db.client("READER"), db.client("WRITER"));

    let put = reader.put_item().table_name(ORDERS).item("pk", s("a")).send().await;
    assert_eq!(refused(put), denial("Reader", "dynamodb:PutItem", "Orders"));
    let get = writer.get_item().table_name(ORDERS).key("pk", s("a")).send().await;
    assert_eq!(refused(get), denial("Writer", "dynamodb:GetItem", "Orders"));
    let other = reader.get_item().table_name("ordermill-Other").key("pk", s("a")).send().await;
    assert_eq!(refused(other), denial("Reader", "dynamodb:GetItem", "Other"));

    // A permission on the table does not cover its index, nor the other way round.
    let query = |client: &aws_sdk_dynamodb::Client, index: Option<&str>, key: &str| {
        let request = client.query().table_name(ORDERS).set_index_name(index.map(str::to_owned));
        request.key_condition_expression(format!("{key} = :k")).expression_attribute_values(":k", s("x")).send()
    };
    query(&reader, None, "pk").await.expect("queried");
    query(&writer, Some("due"), "due_shard").await.expect("queried");
    assert_eq!(
        refused(query(&reader, Some("due"), "due_shard").await),
        denial("Reader", "dynamodb:Query", "Orders/index/due")
    );
    assert_eq!(refused(query(&writer, None, "pk").await), denial("Writer", "dynamodb:Query", "Orders"));

    // One statement or entry without permission denies the whole request.
    let mixed = writer
        .batch_execute_statement()
        .statements(statement(&format!("INSERT INTO \"{ORDERS}\" VALUE {{'pk': 'c'}}")))
        .statements(statement(&format!("DELETE FROM \"{ORDERS}\" WHERE pk = 'c'")))
        .send()
        .await;
    assert_eq!(refused(mixed), denial("Writer", "dynamodb:PartiQLDelete", "Orders"));
    let put = Put::builder().table_name(ORDERS).item("pk", s("d")).build().expect("a put");
    let transaction = || {
        let item = TransactWriteItem::builder().put(put.clone()).build();
        move |client: aws_sdk_dynamodb::Client| client.transact_write_items().transact_items(item).send()
    };
    transaction()(writer.clone()).await.expect("written");
    assert_eq!(refused(transaction()(reader.clone()).await), denial("Reader", "dynamodb:PutItem", "Orders"));
    let request =
        WriteRequest::builder().put_request(PutRequest::builder().item("pk", s("e")).build().expect("a put")).build();
    let batch = reader.batch_write_item().request_items(ORDERS, vec![request]).send().await;
    assert_eq!(refused(batch), denial("Reader", "dynamodb:BatchWriteItem", "Orders"));
    assert_eq!(refused(reader.list_tables().send().await).0, "AccessDeniedException");

    let nobody = db.client("NOBODY").get_item().table_name(ORDERS).key("pk", s("a")).send().await;
    let expected = ("UnrecognizedClientException", "The security token included in the request is invalid.");
    assert_eq!(refused(nobody), (expected.0.to_owned(), expected.1.to_owned()));
    // None of the denied calls had an effect.
    let left = db.client("ADMIN").scan().table_name(ORDERS).send().await.expect("scanned");
    assert_eq!(left.count(), 1);
    let unknown = db.client("ADMIN").list_backups().send().await;
    assert_eq!(refused(unknown).0, "UnknownOperationException");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stream_is_read_from_a_checkpoint() {
    let db = DynamoDb::start().await;
    let admin = db.client("ADMIN");
    let stream = StreamReader::open(db.database.clone(), ORDERS).expect("a stream");
    assert_eq!(stream.latest().await.expect("read"), None);
    for n in ["1", "2"] {
        admin.put_item().table_name(ORDERS).item("pk", s("a")).item("n", s(n)).send().await.expect("put");
    }
    admin
        .delete_item()
        .table_name(ORDERS)
        .key("pk", s("a"))
        .return_values(ReturnValue::None)
        .send()
        .await
        .expect("deleted");

    let records = stream.records(None, 10).await.expect("read");
    let events: Vec<EventRecord> =
        records.iter().map(|record| serde_json::from_value(record.clone()).expect("an event record")).collect();
    let names: Vec<&str> = events.iter().map(|event| event.event_name.as_str()).collect();
    assert_eq!(names, ["INSERT", "MODIFY", "REMOVE"]);
    assert_eq!(events[0].aws_region, "us-east-1");
    assert_eq!(events[0].event_source_arn.as_deref(), Some(stream.arn()));
    let expected = "arn:aws:dynamodb:us-east-1:000000000000:table/ordermill-Orders/stream/";
    assert!(stream.arn().starts_with(expected), "{}", stream.arn());
    assert_eq!(records[1]["dynamodb"]["OldImage"]["n"]["S"], "1");
    assert_eq!(records[1]["dynamodb"]["NewImage"]["n"]["S"], "2");

    let place = SequenceNumber::of(&records[0]).expect("a place");
    let rest = stream.records(Some(SequenceNumber::new(place.as_str())), 10).await.expect("read");
    assert_eq!(rest, records[1..]);
    assert_eq!(stream.records(Some(place), 1).await.expect("read"), records[1..2]);
    let end = stream.latest().await.expect("read");
    assert_eq!(end, SequenceNumber::of(&records[2]));
    assert!(stream.records(end, 10).await.expect("read").is_empty());
    assert!(matches!(StreamReader::open(db.database.clone(), "absent"), Err(StreamError::Absent(_))));
}
