//! Concurrent writers of one order: nothing is lost, and nobody overwrites what they have not seen.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::fulfilment::create;
use crate::support::{Reply, Stack};
use crate::updates::{patch, path, waiting};

const WRITERS: usize = 32;

/// Patches the version with that tag. A busy service does nothing, so the patch is retried.
async fn patch_version(stack: &Stack, path: &str, tag: &str, body: &Value) -> Reply {
    let headers = [("if-match", tag)];
    loop {
        let reply = stack.send("PATCH", path, &headers, body.to_string()).await;
        if reply.status != 503 {
            return reply;
        }
    }
}

#[tokio::test]
async fn thirty_two_concurrent_patches_lose_nothing() {
    let stack = Stack::start().await;
    let id = create(&stack, &waiting("many", &["MUG"])).await;
    let path = path(&id);
    let patches = (0..WRITERS).map(|index| {
        let (stack, path) = (&stack, &path);
        async move {
            loop {
                let reply = patch(stack, path, json!({"meta": {format!("n{index}"): "x"}})).await;
                if reply.status != 503 {
                    assert_eq!(reply.status, 200, "{}", reply.body);
                    return;
                }
            }
        }
    });
    join_all(patches).await;
    let order = stack.get(&path).await;
    assert_eq!(order.header("etag"), "\"33\"");
    assert_eq!(order.body["order"]["meta"].as_object().unwrap().len(), 32);
}

/// All have read one version: one of them writes the next, and the others get a version conflict.
#[tokio::test]
async fn one_of_thirty_two_patches_of_one_version_succeeds() {
    let stack = Stack::start().await;
    let path = path(&create(&stack, &waiting("one", &["MUG"])).await);
    let writers =
        (0..WRITERS).map(|writer| {
            let (stack, path) = (&stack, &path);
            async move {
                (writer, patch_version(stack, path, "\"1\"", &json!({"meta": {"writer": writer.to_string()}})).await)
            }
        });
    let replies = join_all(writers).await;
    let (made, late): (Vec<_>, Vec<_>) = replies.iter().partition(|(_, reply)| reply.status == 200);
    assert_eq!((made.len(), late.len()), (1, WRITERS - 1));
    for (_, reply) in late {
        assert_eq!((reply.status, &reply.body["code"]), (412, &json!("PRECONDITION_FAILED")));
    }
    let order = stack.get(&path).await;
    assert_eq!(order.header("etag"), "\"2\"");
    assert_eq!(order.body["order"]["meta"], json!({"writer": made[0].0.to_string()}));
}

/// Each increments what it has read; on a conflict it reads again. An overwrite would lose a count.
#[tokio::test]
async fn thirty_two_writers_count_to_thirty_two() {
    let stack = Stack::start().await;
    let mut body = waiting("count", &["MUG"]);
    body["meta"] = json!({"count": "0"});
    let path = path(&create(&stack, &body).await);
    let writers = (0..WRITERS).map(|_| {
        let (stack, path) = (&stack, &path);
        async move {
            let mut late = 0;
            loop {
                let read = stack.get(path).await;
                let count: usize = read.body["order"]["meta"]["count"].as_str().unwrap().parse().unwrap();
                let raised = json!({"meta": {"count": (count + 1).to_string()}});
                match patch_version(stack, path, read.header("etag"), &raised).await.status {
                    200 => return late,
                    412 => late += 1,
                    other => panic!("{other}"),
                }
            }
        }
    });
    let late: usize = join_all(writers).await.into_iter().sum();
    assert!(late > 0, "the writers did not collide");
    let order = stack.get(&path).await;
    assert_eq!((order.header("etag"), &order.body["order"]["meta"]["count"]), ("\"33\"", &json!("32")));
}
