//! The payload of a webhook: ids only, in PascalCase; the receiver reads the rest through the API
//! (docs/webhooks.md#the-payload).
//!
//! The members depend on the event, as in the samples: events of orders say whether the order succeeded and have no
//! `ResponseCode`; events of shipments have one and name the shipment. Our choices where the samples show nothing:
//!
//! - `OrderUpdate` and `ShipmentUpdate` have the members of the corresponding creation event.
//! - `SubscriberId` is the merchant's id, as in the one sample that shows whose id it is.
//! - `RequestId` is in every event. For a change without a request (by a vendor or the pipeline) it is the webhook's
//!   id, which is also in its log lines.
//! - An inbound order that does not become an order has the failure event of the samples (`OrderCreation`, not
//!   successful). Every inbound order has our own `InboundOrderProcessed`, which names the receipt.

use serde::Serialize;

use super::inbound::ReceiptStatus;
use crate::ids::MerchantId;
use crate::webhook::EventKind;

/// The order or shipment of an event.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The order's id.
    pub order_id: &'a str,
    /// The merchant's name for it.
    pub external_id: Option<&'a str>,
    /// Its safe id.
    pub safe_id: &'a str,
    /// For events of shipments.
    pub shipment_id: Option<&'a str>,
}

/// The result of an inbound order.
#[derive(Clone, Copy, Debug)]
pub struct Processed<'a> {
    /// Its receipt.
    pub receipt_id: &'a str,
    /// Its status.
    pub status: ReceiptStatus,
    /// The status that a direct request would have got.
    pub response_code: u16,
    /// The order that it became.
    pub order_id: Option<&'a str>,
    /// The merchant's name for it.
    pub external_id: Option<&'a str>,
    /// The safe id of the order, or of the order that it would have been; `None` if the given one is invalid.
    pub safe_id: Option<&'a str>,
}

/// The body of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
pub struct Event<'a> {
    event_type: &'a str,
    request_id: &'a str,
    subscriber_id: &'a str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    of_order: Option<OfOrder>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    subject: Option<Ids<'a>>,
    description: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipment_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

/// What only events of orders have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "PascalCase")]
struct OfOrder {
    child_subscriber_id: (),
    is_successful: bool,
    reprint: (),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "EventIds"))]
#[serde(rename_all = "PascalCase")]
struct Ids<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<&'a str>,
    external_order_id: Option<&'a str>,
    safe_id: Option<&'a str>,
}

impl<'a> Event<'a> {
    /// The event of a kind.
    #[must_use]
    pub fn new(kind: EventKind, request_id: &'a str, subscriber: &'a MerchantId, subject: Subject<'a>) -> Self {
        let Subject { order_id, external_id, safe_id, shipment_id } = subject;
        let of_order = OfOrder { child_subscriber_id: (), is_successful: true, reprint: () };
        let is_order = matches!(kind, EventKind::OrderCreation | EventKind::OrderUpdate);
        Self {
            event_type: kind.as_str(),
            of_order: is_order.then_some(of_order),
            subject: Some(Ids { order_id: Some(order_id), external_order_id: external_id, safe_id: Some(safe_id) }),
            description: match kind {
                EventKind::OrderCreation => "Order created",
                EventKind::OrderUpdate => "Order updated",
                EventKind::ShipmentCreated | EventKind::ShipmentUpdate | EventKind::InboundOrderProcessed => "OK",
            },
            response_code: (!is_order).then_some(200),
            shipment_id: shipment_id.filter(|_| !is_order),
            ..Self::test(request_id, subscriber)
        }
    }

    /// The event of an inbound order: about its receipt, or about the order that was not created.
    #[must_use]
    pub fn of_receipt(
        kind: EventKind,
        request_id: &'a str,
        subscriber: &'a MerchantId,
        processed: Processed<'a>,
    ) -> Self {
        let Processed { receipt_id, status, response_code, order_id, external_id, safe_id } = processed;
        let of_order = OfOrder { child_subscriber_id: (), is_successful: order_id.is_some(), reprint: () };
        let is_order = kind == EventKind::OrderCreation;
        Self {
            event_type: kind.as_str(),
            of_order: is_order.then_some(of_order),
            subject: Some(Ids { order_id, external_order_id: external_id, safe_id }),
            description: match order_id {
                Some(_) => "Order created",
                None => "Order could not be created",
            },
            response_code: Some(response_code),
            receipt_id: (!is_order).then_some(receipt_id),
            status: (!is_order).then_some(status.as_str()),
            ..Self::test(request_id, subscriber)
        }
    }

    /// The event of a test request.
    #[must_use]
    pub fn test(request_id: &'a str, subscriber: &'a MerchantId) -> Self {
        Self {
            event_type: TEST,
            request_id,
            subscriber_id: subscriber.as_str(),
            of_order: None,
            subject: None,
            description: "Test",
            response_code: None,
            shipment_id: None,
            receipt_id: None,
            status: None,
        }
    }
}

/// The `EventType` of tests, which no subscription lists.
pub const TEST: &str = "Test";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Event, Processed, Subject};
    use crate::ids::MerchantId;
    use crate::order_network::inbound::ReceiptStatus;
    use crate::webhook::EventKind;

    fn event(kind: EventKind, external_id: Option<&str>, shipment_id: Option<&str>) -> Value {
        let merchant = MerchantId::parse("261c6102-0b72-4506-9a84-98a80a03e7f0").unwrap();
        let subject =
            Subject { order_id: "670e58fe7741035996cf7d20", external_id, safe_id: "WebhooksTest22", shipment_id };
        serde_json::to_value(Event::new(kind, "0HN78H2O036DR:00000004", &merchant, subject)).unwrap()
    }

    #[test]
    fn order_events_have_the_members_of_the_sample() {
        let mut expected = json!({
            "EventType": "OrderCreation",
            "RequestId": "0HN78H2O036DR:00000004",
            "SubscriberId": "261c6102-0b72-4506-9a84-98a80a03e7f0",
            "ChildSubscriberId": null,
            "OrderId": "670e58fe7741035996cf7d20",
            "ExternalOrderId": "WBTEST22",
            "SafeId": "WebhooksTest22",
            "IsSuccessful": true,
            "Reprint": null,
            "Description": "Order created",
        });
        assert_eq!(event(EventKind::OrderCreation, Some("WBTEST22"), None), expected);
        expected["EventType"] = json!("OrderUpdate");
        expected["Description"] = json!("Order updated");
        expected["ExternalOrderId"] = Value::Null;
        assert_eq!(event(EventKind::OrderUpdate, None, Some("of no account")), expected);
    }

    #[test]
    fn shipment_events_have_the_members_of_the_sample() {
        let shipment = "3ed09cf5-80c4-4450-8c64-245f2e2061bc";
        for kind in [EventKind::ShipmentCreated, EventKind::ShipmentUpdate] {
            let expected = json!({
                "EventType": kind.as_str(),
                "RequestId": "0HN78H2O036DR:00000004",
                "SubscriberId": "261c6102-0b72-4506-9a84-98a80a03e7f0",
                "OrderId": "670e58fe7741035996cf7d20",
                "ExternalOrderId": "WBTEST22",
                "SafeId": "WebhooksTest22",
                "Description": "OK",
                "ResponseCode": 200,
                "ShipmentId": shipment,
            });
            assert_eq!(event(kind, Some("WBTEST22"), Some(shipment)), expected);
        }
    }

    #[test]
    fn the_end_of_an_inbound_order_has_an_event_for_the_receipt_and_the_failure_of_the_sample() {
        let merchant = MerchantId::parse("261c6102-0b72-4506-9a84-98a80a03e7f0").unwrap();
        let refused = Processed {
            receipt_id: "3ed09cf5-80c4-4450-8c64-245f2e2061bc",
            status: ReceiptStatus::Refused,
            response_code: 400,
            order_id: None,
            external_id: Some("WBTEST22"),
            safe_id: Some("WebhooksTest22"),
        };
        let payload =
            |kind, processed| serde_json::to_value(Event::of_receipt(kind, "r", &merchant, processed)).unwrap();
        let mut expected = json!({
            "EventType": "OrderCreation", "RequestId": "r", "SubscriberId": merchant.as_str(),
            "ChildSubscriberId": null, "ExternalOrderId": "WBTEST22", "SafeId": "WebhooksTest22",
            "IsSuccessful": false, "Reprint": null, "Description": "Order could not be created", "ResponseCode": 400,
        });
        assert_eq!(payload(EventKind::OrderCreation, refused), expected);
        for name in ["ChildSubscriberId", "IsSuccessful", "Reprint"] {
            expected.as_object_mut().unwrap().remove(name);
        }
        expected["EventType"] = json!("InboundOrderProcessed");
        expected["ReceiptId"] = json!("3ed09cf5-80c4-4450-8c64-245f2e2061bc");
        expected["Status"] = json!("Refused");
        assert_eq!(payload(EventKind::InboundOrderProcessed, refused), expected);
        let order_id = Some("670e58fe7741035996cf7d20");
        let accepted = Processed { status: ReceiptStatus::Accepted, response_code: 201, order_id, ..refused };
        expected["Status"] = json!("Accepted");
        (expected["OrderId"], expected["ResponseCode"]) = (json!(order_id), json!(201));
        expected["Description"] = json!("Order created");
        assert_eq!(payload(EventKind::InboundOrderProcessed, accepted), expected);
    }

    #[test]
    fn a_test_names_no_order() {
        let merchant = MerchantId::parse("261c6102-0b72-4506-9a84-98a80a03e7f0").unwrap();
        let expected =
            json!({"EventType": "Test", "RequestId": "r", "SubscriberId": merchant.as_str(), "Description": "Test"});
        assert_eq!(serde_json::to_value(Event::test("r", &merchant)).unwrap(), expected);
    }
}
