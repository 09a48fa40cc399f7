//! Vendor reports on shipments: their errors, their effects, and how much an order can hold.

use serde_json::{Value, json};

use crate::fulfilment::{VendorServer, create, order_of, report, shipments, stack, status};
use crate::support::{DEMO, Reply};

#[tokio::test]
async fn invalid_reports_are_rejected_with_the_reason() {
    let vendor = VendorServer::start().await;
    let stack = stack(&vendor, &[]).await;
    let id = create(&stack, &order_of("bad", &["HAND-1"])).await;
    let one = &shipments(&stack, &id, 1).await[0];
    for (body, status, code, pointer) in [
        (json!({}), 400, "REQUIRED", "/shipmentStatus"),
        (json!({"shipmentStatus": 1}), 400, "INVALID_FORMAT", "/shipmentStatus"),
        (json!({"shipmentStatus": 6}), 400, "REQUIRED", "/reason"),
        (
            json!({"shipmentStatus": 4, "packages": [{"orderItemIDs": ["x"]}]}),
            400,
            "NO_SUCH_ITEM",
            "/packages/0/orderItemIDs/0",
        ),
        (
            json!({"shipmentStatus": 4, "packages": [{"carrierLink": "javascript:1"}]}),
            400,
            "INVALID_FORMAT",
            "/packages/0/carrierLink",
        ),
        (
            json!({"shipmentStatus": 4, "packages": [{"carrierLink": format!("https://t.example/{}", "\u{1F4E6}".repeat(124))}]}),
            400,
            "TOO_LONG",
            "/packages/0/carrierLink",
        ),
        (
            json!({"shipmentStatus": 4, "packages": [{"shippedDate": "0000-01-01T00:00:00Z"}]}),
            400,
            "OUT_OF_RANGE",
            "/packages/0/shippedDate",
        ),
        (
            json!({"shipmentStatus": 4, "packages": [{"shippedDate": "2999-12-31T23:59:59Z"}]}),
            400,
            "OUT_OF_RANGE",
            "/packages/0/shippedDate",
        ),
        (json!({"shipmentStatus": 6, "reason": "a\u{0}b"}), 400, "CONTROL_CHARACTER", "/reason"),
        (json!({"shipmentStatus": 6, "reason": " "}), 400, "TOO_SHORT", "/reason"),
        (json!({"shipmentStatus": 6, "reason": ""}), 400, "TOO_SHORT", "/reason"),
        (
            json!({"shipmentStatus": 4, "packages": [{"shippedDate": "soon"}]}),
            400,
            "INVALID_FORMAT",
            "/packages/0/shippedDate",
        ),
    ] {
        let reply = report(&stack, DEMO, one, body.clone()).await;
        let error = &reply.body["errors"][0];
        assert_eq!(
            (reply.status, &error["errorCode"], &error["pointer"]),
            (status, &json!(code), &json!(pointer)),
            "{body}"
        );
    }
    let early = report(&stack, DEMO, one, json!({"shipmentStatus": 5})).await;
    assert_eq!((early.status, &early.body["code"]), (422, &json!("STATE_NOT_ALLOWED")));
    assert_eq!(early.body["message"], "the shipment is Assigned");
}

#[tokio::test]
async fn unknown_members_of_a_report_are_reported_and_bounded() {
    let vendor = VendorServer::start().await;
    let stack = stack(&vendor, &[]).await;
    let id = create(&stack, &order_of("beside", &["HAND-1"])).await;
    let one = &shipments(&stack, &id, 1).await[0];
    // An unknown member is a warning, or an error on request; a duplicate member is always an error.
    let body = json!({"shipmentStatus": 4, "colour": 1, "packages": [{}, {"trackingNumber": "1Z"}]}).to_string();
    let path = format!("/shipment/v1/{}/progress", one["id"].as_str().unwrap());
    let strict = [("prefer", "handling=strict")];
    let refused = stack.send("POST", &path, &strict, body).await;
    let pointers: Vec<_> = refused.body["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!((refused.status, pointers), (400, vec![&json!("/colour"), &json!("/packages/1/trackingNumber")]));
    let twice = r#"{"shipmentStatus": 4, "packages": [{"carrierName": "a", "carrierName": "b"}]}"#;
    let refused = stack.send("POST", &path, &[], twice).await;
    let error = &refused.body["errors"][0];
    assert_eq!(
        (refused.status, &error["errorCode"], &error["pointer"]),
        (400, &json!("DUPLICATE_MEMBER"), &json!("/packages/0/carrierName"))
    );
    // However much is wrong, the answer is bounded.
    let packages = vec![json!({"orderItemIDs": vec!["x"; 400]}); 100];
    let much = report(&stack, DEMO, one, json!({"shipmentStatus": 4, "packages": packages})).await;
    assert_eq!((much.status, much.body["errors"].as_array().unwrap().len()), (400, 1_000));
    assert_eq!(much.body["message"], "the body breaks 40000 rules, of which 1000 are listed");
    let mut packages = vec![json!({"orderItemIDs": vec!["x"; 400]}); 100];
    packages[99]["carrierLink"] = json!("ftp://x");
    let more = report(&stack, DEMO, one, json!({"shipmentStatus": 4, "packages": packages})).await;
    assert_eq!(more.body["message"], "the body breaks 40001 rules, of which 1000 are listed");
    let errors = more.body["errors"].as_array().unwrap();
    assert!(errors.iter().any(|error| error["pointer"] == "/packages/99/carrierLink"));
    let packages = json!([{"orderItemIDs": vec!["x"; 501]}]);
    let many = report(&stack, DEMO, one, json!({"shipmentStatus": 4, "packages": packages})).await;
    assert_eq!((many.status, &many.body["errors"][0]["errorCode"]), (400, &json!("TOO_MANY")));
    assert_eq!(many.body["errors"].as_array().unwrap().len(), 1);
    // Items are checked whatever the status.
    let delivered = json!({"shipmentStatus": 5, "packages": [{"orderItemIDs": ["x"]}]});
    let foreign = report(&stack, DEMO, one, delivered).await;
    assert_eq!((foreign.status, &foreign.body["errors"][0]["errorCode"]), (400, &json!("NO_SUCH_ITEM")));
    let unusual = json!({"shipmentStatus": 3, "colour": 1, "packages": [{"trackingNumber": "1Z"}]});
    let warned = report(&stack, DEMO, one, unusual).await;
    let pointers: Vec<_> =
        warned.body["warnings"].as_array().unwrap().iter().map(|warning| &warning["pointer"]).collect();
    assert_eq!((warned.status, &warned.body["shipmentStatus"]), (200, &json!(3)));
    assert_eq!(pointers, [&json!("/colour"), &json!("/packages"), &json!("/packages/0/trackingNumber")]);
    assert_eq!(warned.body["warnings"][1]["errorMessage"], "belongs to shipmentStatus 4");
}

#[tokio::test]
async fn a_report_of_several_packages_counts_entirely_or_not_at_all() {
    let vendor = VendorServer::start().await;
    let stack = stack(&vendor, &[]).await;
    let id = create(&stack, &order_of("whole", &["HAND-1", "HAND-2", "PRESS-1"])).await;
    let all = shipments(&stack, &id, 2).await;
    let package = |item: &Value| json!({"orderItemIDs": [item], "carrierTrackingNumber": item});
    let report_of = |items: &[&Value]| json!({"shipmentStatus": 4, "packages": items.iter().map(|item| package(item)).collect::<Vec<_>>()});
    let (own, foreign) = (&all[0]["orderItemIDs"], &all[1]["orderItemIDs"][0]);
    let before = stack.get(&format!("/order/v1/orders/{id}")).await;
    let refused = report(&stack, DEMO, &all[0], report_of(&[&own[0], foreign])).await;
    assert_eq!((refused.status, &refused.body["code"]), (422, &json!("STATE_NOT_ALLOWED")), "{}", refused.body);
    assert_eq!(shipments(&stack, &id, 2).await[0]["packages"], json!([]), "none of it counts");

    let version = |reply: &Reply| reply.header("etag").trim_matches('"').parse::<u64>().unwrap();
    let reported = report(&stack, DEMO, &all[0], report_of(&[&own[0], &own[1]])).await;
    assert_eq!((reported.status, &reported.body["shipmentStatus"]), (200, &json!(4)), "{}", reported.body);
    // One write; the other vendor may have accepted its shipment in the meantime.
    assert!(version(&reported) <= version(&before) + 2, "{} {}", version(&before), version(&reported));
    let again = report(&stack, DEMO, &all[0], report_of(&[&own[0], &own[1]])).await;
    assert_eq!((again.status, again.body["packages"].as_array().unwrap().len()), (200, 2));
}

/// An order is one item of at most 400 KB: excess data is rejected by name, and what ends the order still fits.
#[tokio::test]
async fn a_full_order_rejects_more_data_but_can_still_end() {
    let vendor = VendorServer::start().await;
    let stack = stack(&vendor, &[]).await;
    let skus: Vec<String> = (0..300).map(|index| format!("HAND-{index}")).collect();
    let id = create(&stack, &order_of("big", &skus.iter().map(String::as_str).collect::<Vec<_>>())).await;
    let one = shipments(&stack, &id, 1).await.remove(0);
    let link = format!("https://t.example/{}", "a".repeat(494));
    let report_of = |items: &[Value]| {
        let package =
            |item: &Value| json!({"orderItemIDs": [item], "carrierLink": link, "carrierName": "x".repeat(64)});
        json!({"shipmentStatus": 4, "packages": items.iter().map(package).collect::<Vec<_>>()})
    };
    let path = |what: &str| format!("/order/v1/orders/{id}/{what}");
    // A person holds it all the while, with a long reason.
    let reason = |text: &str| json!({"reason": text.repeat(1000)});
    assert_eq!(stack.post(&path("customerCareHold"), &reason("x")).await.status, 200);
    let mut replies = Vec::new();
    for items in one["orderItemIDs"].as_array().unwrap().chunks(100) {
        replies.push(report(&stack, DEMO, &one, report_of(items)).await);
    }
    let codes: Vec<_> = replies.iter().map(|reply| (reply.status, reply.body["message"].clone())).collect();
    let full = (422, json!("the order holds as much as one order may"));
    assert_eq!(codes, [(200, Value::Null), full.clone(), full]);
    assert_eq!(stack.post(&path("customerCareHold"), &reason("\u{1F4E6}")).await.status, 200);
    assert_eq!(stack.post(&path("customerCareHold/release"), &json!({})).await.status, 200);
    // The rest in one package.
    let rest = report(&stack, DEMO, &one, json!({"shipmentStatus": 4})).await;
    assert_eq!((rest.status, &rest.body["shipmentStatus"]), (200, &json!(4)), "{}", rest.body["message"]);
    status(&stack, &id, "Fulfilled").await;
}

/// Every item of a large order repeats the failure reason. That must not produce an event that is too large to write,
/// or the table's stream would be blocked behind it.
#[tokio::test]
async fn the_longest_reason_of_the_largest_order_is_logged() {
    let vendor = VendorServer::start().await;
    let stack = stack(&vendor, &[]).await;
    let skus: Vec<String> = (0..500).map(|index| format!("HAND-{index}")).collect();
    let id = create(&stack, &order_of("largest", &skus.iter().map(String::as_str).collect::<Vec<_>>())).await;
    let one = shipments(&stack, &id, 1).await.remove(0);
    let reason = "\u{1F4E6}".repeat(1000);
    assert_eq!(report(&stack, DEMO, &one, json!({"shipmentStatus": 6, "reason": reason})).await.status, 200);
    let behind = create(&stack, &order_of("behind", &["MUG"])).await;
    status(&stack, &behind, "Fulfilled").await;
    let log = stack
        .eventually(&format!("/order/v1/orders/{id}/auditLogs"), |body| body["auditLogs"][0]["action"] == "Report")
        .await;
    let event = &log["auditLogs"][0];
    let is_status = |change: &&Value| change["pointer"].as_str().unwrap().ends_with("/status");
    assert_eq!(event["changes"].as_array().unwrap().iter().filter(is_status).count(), 501);
    // The order's own description is listed, those of its items are counted.
    assert_eq!(event["omittedChanges"], 500);
    assert!(event["reason"] == reason);
}
