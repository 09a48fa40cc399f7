//! Transformations: created, read, changed, tested and deleted.

use serde_json::{Value, json};

use super::{TRANSFORMATIONS, foreign, rules, stack, transformation};
use crate::support::{OTHER, Reply, Stack};

async fn put(stack: &Stack, path: &str, tag: Option<&str>, body: &Value) -> Reply {
    let headers: Vec<(&str, &str)> = tag.map(|tag| ("if-match", tag)).into_iter().collect();
    stack.send("PUT", path, &headers, body.to_string()).await
}

#[tokio::test]
async fn a_transformation_is_created_read_replaced_and_deleted() {
    let stack = stack().await;
    let created = stack.post(TRANSFORMATIONS, &json!({"name": "shop", "rules": rules(), "note": 1})).await;
    assert_eq!((created.status, created.header("etag")), (201, "\"1\""), "{}", created.body);
    assert_eq!(created.body["warnings"][0]["pointer"], "/note");
    let made = &created.body["transformation"];
    let path = format!("{TRANSFORMATIONS}/{}", made["id"].as_str().unwrap());
    assert_eq!(created.header("location"), path);
    assert_eq!((&made["rules"], &made["name"]), (&rules(), &json!("shop")));
    assert_eq!(stack.get(&path).await.body["transformation"], *made);

    let same = put(&stack, &path, None, &json!({"name": "shop", "rules": rules()})).await;
    assert_eq!((same.status, same.header("etag")), (200, "\"1\""), "an identical replacement is not a change");
    let next = json!({"name": "shop 2", "rules": [{"to": "", "from": "/order"}]});
    let stale = put(&stack, &path, Some("\"7\""), &next).await;
    assert_eq!((stale.status, &stale.body["code"]), (412, &json!("PRECONDITION_FAILED")));
    let replaced = put(&stack, &path, Some("\"1\""), &next).await;
    assert_eq!((replaced.status, replaced.header("etag")), (200, "\"2\""), "{}", replaced.body);
    assert_eq!(stack.get(&path).await.body["transformation"]["rules"], next["rules"]);
    let broken = put(&stack, &path, None, &json!({"name": "n", "rules": [{"to": "x"}]})).await;
    let places: Vec<_> = broken.body["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!((broken.status, places), (400, vec![&json!("/rules/0"), &json!("/rules/0/to")]));

    for method in ["GET", "PUT", "DELETE"] {
        assert_eq!(stack.client.send(method, &path, OTHER, next.to_string()).await.status, 404, "{method}");
    }
    let theirs = stack.client.send("GET", TRANSFORMATIONS, OTHER, "").await;
    assert_eq!(theirs.body["transformations"], json!([]));
    assert_eq!(stack.send("DELETE", &path, &[("if-match", "\"1\"")], "").await.status, 412);
    assert_eq!(stack.send("DELETE", &path, &[], "").await.status, 204);
    assert_eq!(stack.send("DELETE", &path, &[], "").await.status, 404);
    assert_eq!(stack.get(&path).await.status, 404);
    assert_eq!(put(&stack, &path, None, &next).await.status, 404);
}

#[tokio::test]
async fn the_list_has_pages_without_rules() {
    let stack = stack().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(transformation(&stack, &rules()).await);
    }
    made.sort_unstable();
    let mut shown = Vec::new();
    let mut path = format!("{TRANSFORMATIONS}?pageSize=2");
    loop {
        let page = stack.get(&path).await.body;
        for row in page["transformations"].as_array().unwrap() {
            assert_eq!((&row["ruleCount"], &row["rules"]), (&json!(16), &Value::Null));
            shown.push(row["id"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("{TRANSFORMATIONS}?pageSize=2&cursor={cursor}");
    }
    assert_eq!(shown, made);
    let second = stack.get(&format!("{TRANSFORMATIONS}?pageSize=2&page=2")).await.body;
    assert_eq!(second["transformations"][0]["id"], made[2]);
}

#[tokio::test]
async fn a_trial_shows_the_order_and_the_verdict_and_stores_nothing() {
    let stack = stack().await;
    let path = format!("{TRANSFORMATIONS}/{}/test", transformation(&stack, &rules()).await);
    let before = stack.items().await.len();
    let mut body = foreign(9_007_199_254_740_993);
    let tried = stack.post(&path, &json!({"body": body})).await;
    assert_eq!((tried.status, &tried.body["valid"], &tried.body["errors"]), (200, &json!(true), &json!([])));
    let made = &tried.body["body"];
    assert_eq!((&made["externalId"], &made["items"][1]["quantity"]), (&json!("9007199254740993"), &json!(1)));

    body["line_items"] = json!({"sku": "one, not a list"});
    body["shipping_address"]["city"] = Value::Null;
    let tried = stack.post(&path, &json!({"body": body})).await;
    assert_eq!((tried.status, &tried.body["valid"]), (200, &json!(false)));
    let places: Vec<Value> = tried.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| json!([error["errorCode"], error["pointer"], error["sourcePointer"]]))
        .collect();
    let expected = [
        json!(["WRONG_TYPE", "/items", "/line_items"]),
        json!(["REQUIRED", "/shippingAddress/city", "/shipping_address/city"]),
    ];
    assert_eq!(places, expected);
    assert_eq!(stack.items().await.len(), before);
    assert_eq!(stack.client.send("POST", &path, OTHER, json!({"body": {}}).to_string()).await.status, 404);
    assert_eq!(stack.post(&path, &json!({})).await.body["errors"][0]["pointer"], "/body");
}
