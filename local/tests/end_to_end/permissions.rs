//! A permission that is missing in the template is missing here.

use std::io::Write;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;
use local::commands::project;
use local::demo::Data;
use serde_json::json;

use crate::support::{MERCHANT, Stack, order, seed};

#[tokio::test]
async fn without_put_item_the_create_function_stores_nothing() {
    let template = std::fs::read_to_string(project().join("template.yaml")).unwrap();
    let mut file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    // The first occurrence belongs to the create function.
    file.write_all(template.replacen("                - dynamodb:PutItem\n", "", 1).as_bytes()).unwrap();
    let stack = Stack::of_template(file.path().to_owned(), Data::demo().unwrap(), &[]).await;

    let refused = stack.post("/v2/orders", &seed("create-bulk-order")).await;
    assert_eq!((refused.status, &refused.body["error"]), (500, &json!("INTERNAL")));
    assert_eq!(refused.body["message"], "the service failed", "the reason does not reach the client");
    assert_eq!(stack.balance(MERCHANT, "USD").await, "100000");
    // Network orders are inserted with another action, which is still allowed.
    assert_eq!(stack.post("/order/v1/orders", &order("a")).await.status, 201);

    let denied = put_with_key_of(&stack, "OrdersCreateFunction").await;
    assert_eq!(denied.0, "AccessDeniedException");
    assert!(
        denied.1.contains("is not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:"),
        "{}",
        denied.1
    );
}

/// A charge whose answer was lost is looked up by its order.
#[tokio::test]
async fn the_create_function_may_read_the_order_that_it_wrote() {
    let stack = Stack::start().await;
    let read = client_with_key_of(&stack, "OrdersCreateFunction").get_item().table_name(stack.table());
    let key = |text: &str| AttributeValue::S(text.to_owned());
    assert!(read.key("pk", key("a")).key("sk", key("b")).send().await.unwrap().item.is_none());
}

/// A client with a function's own key.
fn client_with_key_of(stack: &Stack, function: &str) -> aws_sdk_dynamodb::Client {
    let environment = stack.running.environment(function);
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(&environment["AWS_ACCESS_KEY_ID"], "secret", None, None, "test"))
        .endpoint_url(&stack.running.dynamodb_url)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

/// Tries to put an item with a function's own key; returns the code and message of the denial.
async fn put_with_key_of(stack: &Stack, function: &str) -> (String, String) {
    let put = client_with_key_of(stack, function)
        .put_item()
        .table_name(stack.table())
        .item("pk", AttributeValue::S("a".to_owned()))
        .item("sk", AttributeValue::S("b".to_owned()));
    let error = put.send().await.unwrap_err();
    let service = error.as_service_error().unwrap();
    (service.code().unwrap().to_owned(), service.message().unwrap_or_default().to_owned())
}
