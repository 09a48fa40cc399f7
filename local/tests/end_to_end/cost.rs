//! The cost budget of every create and read route: exact capacity units as DynamoDB counts them. A change that costs
//! more fails here until its figure is raised on purpose.

use serde_json::{Value, json};

use crate::support::{Stack, order, seed};

#[tokio::test]
async fn what_each_route_consumes() {
    let stack = Stack::start().await;
    let seed_order = seed("create-multiple-orders")["bulk"][0].clone();
    let bulk_of = |count: usize| {
        let orders = (0..count).map(|index| {
            let mut order = seed_order.clone();
            order["safeId"] = json!(format!("bulk-{count}-{index}"));
            order["externalId"] = json!(format!("ORDER-{count}-{index}"));
            order
        });
        json!({"bulk": orders.collect::<Vec<Value>>()})
    };
    let two_lines = json!({"clientOrderNumber": "c", "products": [{"sku": "8PX-UF-Y5U", "quantity": 100}, {"sku": "TTR-WI-YWN", "quantity": 10}]});
    let posts = [
        // External id claim 1, order 1, index of unfinished orders 1, index by status and time 1.
        ("/order/v1/orders", seed_order.clone(), "dynamodb_requests=2, wru=4, rru=0, sqs_requests=0"),
        // The same order again: two inserts that find their key taken, then reads of the claim, its order, and the
        // order itself to compare. (The embedded database reports no capacity for a rejected insert; AWS charges 1
        // each.)
        ("/order/v1/orders", seed_order.clone(), "dynamodb_requests=5, wru=0, rru=3, sqs_requests=0"),
        ("/order/v1/orders", order("plain"), "dynamodb_requests=1, wru=3, rru=0, sqs_requests=0"),
        ("/order/v1/orders/bulk", bulk_of(100), "dynamodb_requests=8, wru=400, rru=0, sqs_requests=0"),
        ("/order/v1/orders/bulk", bulk_of(500), "dynamodb_requests=40, wru=2000, rru=0, sqs_requests=0"),
        // Products 0.5 each in one read; order, wallet and number 2 each in one transaction, index 1.
        ("/v2/orders", two_lines, "dynamodb_requests=2, wru=7, rru=1, sqs_requests=0"),
    ];
    for (path, body, cost) in posts {
        let reply = stack.post(path, &body).await;
        assert!(reply.status < 300, "{path} {}", reply.status);
        assert_eq!(reply.header("x-cost"), cost, "POST {path}");
    }
    let gets = [
        ("/order/v1/orders/safeId/UniqueSafeID123450", "dynamodb_requests=1, wru=0, rru=1, sqs_requests=0"),
        ("/v2/orders", "dynamodb_requests=2, wru=0, rru=2, sqs_requests=0"),
        ("/v2/orders?clientOrderNumber=c", "dynamodb_requests=2, wru=0, rru=2, sqs_requests=0"),
        ("/health", "dynamodb_requests=0, wru=0, rru=0, sqs_requests=0"),
    ];
    for (path, cost) in gets {
        assert_eq!(stack.get(path).await.header("x-cost"), cost, "GET {path}");
    }
}
