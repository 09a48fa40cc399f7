//! The services of both APIs.

/// Services, each a tag: the prefix of their paths, the more specific ones first.
pub(super) const SERVICES: &[(&str, &str, &str)] = &[
    ("/v2", "Bulk order API", "Orders of digital goods, priced from the catalogue and paid from a wallet."),
    (
        "/order/v1/inbound",
        "Inbound orders",
        "Orders in another system's form, and the transformations that make orders of them.",
    ),
    ("/v1/inbound", "Inbound orders", ""),
    ("/order/v1", "Orders", "Orders of the order network API, their items, their state and their log."),
    ("/shipment/v1", "Shipments", "Shipments of orders, and what their vendors report."),
    ("/note/v1", "Notes", "Notes on orders, items, shipments and products."),
    ("/webhook/v1", "Webhooks", "Subscriptions to events, and the log of their deliveries."),
    ("/health", "Service", "The service itself."),
];

/// The service that a path belongs to.
pub(super) fn service(path: &str) -> &'static str {
    SERVICES.iter().find(|(prefix, ..)| path.starts_with(prefix)).map_or("Service", |(_, name, _)| name)
}
