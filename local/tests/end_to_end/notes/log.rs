//! The audit log of a note: every change, once, whatever happens in between.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::{NOTES, about, delete, put};
use crate::support::{DEMO, MERCHANT, Stack};
use crate::up::Program;

#[tokio::test]
async fn the_log_has_every_change_and_outlives_the_note() {
    // With dots, a card number is in no valid card notation, so it is accepted, but still masked in the log.
    let stack = Stack::start().await;
    let created = stack.post(NOTES, &about("Product", "p", "Card 4111.1111.1111.1111, call 555")).await;
    let (id, path) = (created.body["note"]["id"].as_str().unwrap(), created.header("location"));
    put(&stack, path, &[], &json!({"text": "Card 4242.4242.4242.4242, call 555", "isInternal": true})).await;
    // A patch without changes causes no event.
    put(&stack, path, &[], &json!({"text": "Card 4242.4242.4242.4242, call 555", "isInternal": true})).await;
    delete(&stack, path, &[]).await;
    let logs_path = format!("{path}/auditLogs");
    let logs =
        stack.eventually(&logs_path, |logs| logs["auditLogs"].as_array().is_some_and(|all| all.len() == 3)).await;
    let events = logs["auditLogs"].as_array().unwrap();
    let actor = json!({"type": "Merchant", "id": MERCHANT});
    let hidden = ["Card ****.****.****.****, call 555", "Card ****.****.****.****, call 555"];
    let expected = |version: usize, action: &str, changes: Value| {
        let at = 3 - version;
        json!({
            "id": format!("{id}-{version}"), "at": events[at]["at"], "actor": actor, "action": action,
            "resource": {"type": "Note", "id": id}, "changes": changes, "reason": null,
            "requestId": events[at]["requestId"],
        })
    };
    assert_eq!(events[2], expected(1, "Create", json!([])));
    assert_eq!(
        events[1],
        expected(
            2,
            "Update",
            json!([
                {"pointer": "/isInternal", "from": false, "to": true},
                {"pointer": "/text", "from": hidden[0], "to": hidden[1]},
            ])
        )
    );
    assert_eq!(
        events[0],
        expected(
            3,
            "Delete",
            json!([
                {"pointer": "/author", "from": {"id": MERCHANT, "name": "Merchant"}, "to": null},
                {"pointer": "/format", "from": "PlainText", "to": null},
                {"pointer": "/isInternal", "from": true, "to": null},
                {"pointer": "/text", "from": hidden[1], "to": null},
            ])
        )
    );
    assert_eq!(events[2]["at"], created.body["note"]["createdAt"]);
    let requests: std::collections::BTreeSet<_> =
        events.iter().map(|event| event["requestId"].as_str().unwrap()).collect();
    assert!(requests.len() == 3 && !requests.contains(""), "{requests:?}");
    let second = stack.get(&format!("{logs_path}?page=2&pageSize=2")).await.body;
    assert_eq!(second["auditLogs"], json!([events[2]]));
    // The text was deleted with the note: neither the table nor the log contains it any more.
    let items = format!("{:?}", stack.items().await);
    assert!(!items.contains("4111.1111") && !items.contains("4242.4242"));
}

/// The process is killed while notes are written; acknowledged notes exist, and their logs are complete and without
/// duplicates.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_are_complete_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &[]);
    let (client, written) = (program.client.clone(), Arc::new(Semaphore::new(0)));
    let counter = Arc::clone(&written);
    let writing = move |lane: usize| {
        let (client, counter) = (client.clone(), Arc::clone(&counter));
        async move {
            let mut acknowledged: Vec<(String, usize)> = Vec::new();
            for number in 0.. {
                let body = about("Product", &lane.to_string(), &number.to_string()).to_string();
                let Ok(created) = client.try_send("POST", NOTES, DEMO, body).await else { break };
                let path = created.header("location").to_owned();
                acknowledged.push((path.clone(), 1));
                for (method, body) in [("PUT", r#"{"text": "changed"}"#), ("DELETE", "")] {
                    let Ok(_) = client.try_send(method, &path, DEMO, body).await else { return acknowledged };
                    acknowledged.last_mut().unwrap().1 += 1;
                }
                counter.add_permits(1);
            }
            acknowledged
        }
    };
    let lanes = tokio::spawn(join_all((0..4).map(writing)));
    let _ = written.acquire_many(10).await.unwrap();
    program.kill();
    let acknowledged: Vec<(String, usize)> = lanes.await.unwrap().into_iter().flatten().collect();
    assert!(acknowledged.len() >= 10, "{}", acknowledged.len());

    let program = Program::start(folder.path(), &[]);
    let whole = ["Create", "Update", "Delete"];
    for (path, changes) in &acknowledged {
        let mut actions = Vec::new();
        for _ in 0..1200 {
            let logs = program.client.send("GET", &format!("{path}/auditLogs"), DEMO, "").await;
            assert_eq!(logs.status, 200, "{path}");
            actions = logs.body["auditLogs"].as_array().unwrap().iter().map(|event| event["action"].clone()).collect();
            if actions.len() >= *changes {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        actions.reverse();
        // A change that was not acknowledged may still have been applied.
        assert!(
            actions.len() >= *changes && actions.len() <= 3 && actions == whole[..actions.len()],
            "{path} {changes} {actions:?}"
        );
        let read = program.client.send("GET", path, DEMO, "").await.status;
        assert_eq!(read, if actions.len() == 3 { 404 } else { 200 }, "{path}");
    }
    program.kill();
}
