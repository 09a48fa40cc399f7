//! The memory of the whole stack after 10,000 orders. Takes minutes and is only meaningful in a release build: `cargo
//! mill test --heavy`.

use serde_json::{Value, json};

use crate::support::{DEMO, seed};
use crate::up::Program;

#[tokio::test]
#[ignore = "takes minutes and needs a release build: cargo mill test --heavy"]
async fn ten_thousand_orders_take_less_than_200_mb() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &["--set", "VendorStepSeconds=0"]);
    let seed_order = seed("create-multiple-orders")["bulk"][0].clone();
    for bulk in 0..100 {
        let orders = (0..100).map(|index| {
            let mut order = seed_order.clone();
            order["safeId"] = json!(format!("memory-{bulk}-{index}"));
            order["externalId"] = json!(format!("memory-{bulk}-{index}"));
            order
        });
        let body = json!({"bulk": orders.collect::<Vec<Value>>()}).to_string();
        let reply = program.client.send("POST", "/order/v1/orders/bulk", DEMO, body).await;
        assert!(reply.body["bulk"].as_array().unwrap().iter().all(|item| item["status"] == 201));
    }
    for index in 0..100 {
        loop {
            let path = format!("/order/v1/orders/safeId/memory-{index}-99");
            let reply = program.client.send("GET", &path, DEMO, "").await;
            if reply.body["order"]["status"] == "Fulfilled" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }
    let (resident_mb, peak_mb) = (program.memory_mb("VmRSS"), program.memory_mb("VmHWM"));
    println!("resident {resident_mb} MB, at most {peak_mb} MB");
    assert!(peak_mb < 200, "{peak_mb} MB");
}
