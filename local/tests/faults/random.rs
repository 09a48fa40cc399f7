use std::time::Instant;
use local::simulation::{Ground, Plan, World};
use local::commands::project;
use local::demo::Data;
use std::collections::BTreeMap;
use serde_json::{Value, json};

const HEADERS: &[(&str, &str)] = &[
    ("authorization", "Bearer demo-bearer-token"),
    ("x-api-key", "demo-api-key"),
    ("content-type", "application/json"),
];
fn order(safe_id: &str) -> Value {
    json!({
        "safeId": safe_id,
        "shippingAddress": {"firstName": "Ada", "line1": "1 Main St", "city": "Springfield", "countryCode": "US"},
        "items": [{"sku": "mug", "quantity": 1}],
    })
}

#[test]
fn speed() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("ground.db");
    let ground = Ground::lay(&project().join("template.yaml"), &BTreeMap::new(), &Data::demo().unwrap(), &file).unwrap();
    for seed in 0..4 {
        let started = Instant::now();
        World::run(&ground, seed, |random| if seed < 2 { Plan::Calm } else { Plan::drawn(random) }, async |world: &World| {
            println!("{:?} made", started.elapsed());
            let bulk: Vec<Value> = (0..200).map(|index| order(&format!("order-{index}"))).collect();
            let reply = world.send("POST", "/order/v1/orders/bulk", HEADERS, &json!({"bulk": bulk})).await;
            println!("{:?} created {:?}", started.elapsed(), reply.map(|reply| reply.status));
            world.settle().await.unwrap();
            println!("{:?} settled {} {:?} {:x}", started.elapsed(), world.items().len(), world.tally(), world.trace());
            let mut points = BTreeMap::<String, usize>::new();
            for point in world.points() { *points.entry(point.to_string()).or_default() += 1; }
            println!("{points:?} {}", world.now_ms() - 1_798_761_600_000);
        }).unwrap();
        println!("{:?} ended", started.elapsed());
    }
}
