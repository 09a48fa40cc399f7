//! Audit logs, through the stream.

use serde_json::{Value, json};

use crate::fulfilment::{self, VendorServer, create, order_of, status};
use crate::support::MERCHANT;

fn actions(logs: &Value) -> Vec<String> {
    let line = |event: &Value| {
        format!("{} by {}", event["action"].as_str().unwrap(), event["actor"]["type"].as_str().unwrap())
    };
    logs["auditLogs"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test]
async fn every_change_is_logged_with_its_actor_request_and_pointers() {
    let vendor = VendorServer::start().await;
    let stack = fulfilment::stack(&vendor, &[]).await;
    let mut body = order_of("logged", &["MUG", "CUP"]);
    body["automaticProcessing"] = json!(false);
    let id = create(&stack, &body).await;
    let path = format!("/order/v1/orders/{id}");
    let item = stack.get(&path).await.body["order"]["items"][1]["id"].as_str().unwrap().to_owned();
    stack.post(&format!("{path}/customerCareHold"), &json!({"reason": "Is the address right?"})).await;
    stack.post(&format!("{path}/customerCareHold/release"), &json!({})).await;
    stack.post(&format!("{path}/cancel"), &json!({"reason": "one is enough", "items": [{"itemId": item}]})).await;
    stack.post(&format!("{path}/startProcessing"), &json!({})).await;
    let done = status(&stack, &id, "Fulfilled").await;

    let logs_path = format!("{path}/auditLogs");
    let logs =
        stack.eventually(&logs_path, |logs| logs["auditLogs"].as_array().is_some_and(|all| all.len() == 7)).await;
    let expected = [
        "Report by System",
        "Assign by System",
        "Start by Merchant",
        "Cancel by Merchant",
        "Release by Merchant",
        "Hold by Merchant",
        "Create by Merchant",
    ];
    assert_eq!(actions(&logs), expected);
    let hold = &logs["auditLogs"][5];
    let request_id = hold["requestId"].as_str().unwrap();
    assert!(!request_id.is_empty());
    assert_eq!(
        hold,
        &json!({
            "id": format!("{id}-2"), "at": hold["at"], "actor": {"type": "Merchant", "id": MERCHANT}, "action": "Hold",
            "resource": {"type": "Order", "id": id}, "reason": "Is the address right?", "requestId": request_id,
            "changes": [
                {"pointer": "/status", "from": "Open", "to": "CustomerCareHold"},
                {"pointer": "/statusDesc", "from": null, "to": "Is the address right?"},
            ],
        })
    );
    assert_eq!(logs["auditLogs"][0]["actor"], json!({"type": "System", "id": "fulfil"}));
    let shipped: Vec<&Value> =
        logs["auditLogs"][0]["changes"].as_array().unwrap().iter().map(|change| &change["pointer"]).collect();
    assert_eq!(shipped, ["/items/0/status", "/status"]);
    // The last change led to the current state.
    assert_eq!(logs["auditLogs"][0]["at"], done["updatedAt"]);

    let of_item = stack.get(&format!("/order/v1/orders/items/{item}/auditLogs")).await.body;
    assert_eq!(actions(&of_item), ["Cancel by Merchant", "Create by Merchant"]);
    assert_eq!(
        of_item["auditLogs"][0]["changes"],
        json!([{"pointer": "/cancelledQuantity", "from": 0, "to": 2}, {"pointer": "/status", "from": "Open", "to": "Cancelled"}])
    );
    assert_eq!(of_item["auditLogs"][0]["resource"], json!({"type": "OrderItem", "id": item}));

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page =
            stack.get(&format!("/order/v1/orders/safeId/logged/auditLogs?pageSize=3&cursor={cursor}")).await.body;
        seen.extend(actions(&page));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = next.to_owned();
    }
    assert_eq!(seen, expected);
    let second = stack.get(&format!("{logs_path}?page=2&pageSize=5")).await.body;
    assert_eq!(actions(&second), expected[5..]);
    for path in [
        format!("/order/v1/orders/{}/auditLogs", "0".repeat(24)),
        "/order/v1/orders/safeId/nobody/auditLogs".to_owned(),
        format!("/order/v1/orders/items/{}/auditLogs", id.replace("000", "009")),
        "/order/v1/orders/items/x/auditLogs".to_owned(),
    ] {
        assert_eq!(stack.get(&path).await.status, 404, "{path}");
    }
}
