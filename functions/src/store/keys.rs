//! Every key of the table; nothing builds a key string elsewhere.
//!
//! The tenant stands first in every key of an order or wallet, so another merchant's thing cannot be addressed. A
//! merchant is a UUID of fixed length and the kind's name follows it, so no client text can reach into another kind.

use std::fmt::Display;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::ids::{MerchantId, OrderId, TransactionId};
use shared::money::Currency;
use shared::order::{Fulfilment, OrderStatus};
use shared::order_network::inbound::{ReceiptId, TransformationId};
use shared::order_network::note::{NoteId, Resource};
use shared::time::Timestamp;
use shared::webhook::SubscriptionId;

use super::kind::Kind;

/// Partition and sort key of an item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

/// Sort key of the pointer that guards a name: the first order that bears it.
pub(crate) const FIRST: &str = "first";

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// A network order.
    #[must_use]
    pub fn order(merchant: &MerchantId, order: &OrderId) -> Self {
        Self::new(orders_of_short_id(merchant, &order.short_id()), order.as_str())
    }

    /// The guard of a merchant's external id; it points to the order that bears it.
    pub(crate) fn external_id(merchant: &MerchantId, external_id: &str) -> Self {
        Self::new(external_ids(merchant, external_id), FIRST)
    }

    /// A bulk API order. A merchant's orders stand side by side, newest last, so a list is one query.
    pub(crate) fn bulk_order(merchant: &MerchantId, transaction: TransactionId) -> Self {
        Self::new(bulk_orders(merchant), transaction.padded())
    }

    /// An order that bears a client order number: the first under [`FIRST`], a later one under its own id.
    pub(crate) fn client_order_number(merchant: &MerchantId, number: &str, sk: &str) -> Self {
        Self::new(client_order_number(merchant, number), sk)
    }

    /// A wallet.
    #[must_use]
    pub fn wallet(merchant: &MerchantId, currency: Currency) -> Self {
        Self::new(wallets(merchant), currency.as_str())
    }

    /// A subscription to webhooks.
    pub(crate) fn subscription(merchant: &MerchantId, subscription: &SubscriptionId) -> Self {
        Self::new(subscriptions(merchant), format!("{SUBSCRIPTION}{subscription}"))
    }

    /// How many subscriptions a merchant has.
    pub(crate) fn subscription_count(merchant: &MerchantId) -> Self {
        Self::new(subscriptions(merchant), COUNT)
    }

    /// One delivery of a subscription. Deliveries stand side by side, newest last; the webhook id tells apart those of one
    /// millisecond.
    pub(crate) fn delivery(
        merchant: &MerchantId,
        subscription: &SubscriptionId,
        at: Timestamp,
        webhook_id: &str,
    ) -> Self {
        let sk = format!("{:013}#{webhook_id}", at.milliseconds().max(0));
        Self::new(deliveries(merchant, subscription), sk)
    }

    /// The receipt of an inbound order.
    pub(crate) fn receipt(merchant: &MerchantId, receipt: &ReceiptId) -> Self {
        Self::new(format!("{merchant}#inbound#{receipt}"), RECEIPT)
    }

    /// A transformation of inbound orders.
    pub(crate) fn transformation(merchant: &MerchantId, transformation: &TransformationId) -> Self {
        Self::new(transformations(merchant), transformation.as_str())
    }

    /// A product of the catalogue.
    #[must_use]
    pub fn product(sku: &str) -> Self {
        Self::new(format!("product#{sku}"), "product")
    }

    /// The audit event of a change to a version, in a log ([`audit_of`], [`audit_of_entity`]). It is written once, and
    /// guards what is counted with it.
    pub(crate) fn audit(log: String, version: u64) -> Self {
        Self::new(log, format!("{version:010}"))
    }

    /// A note.
    pub(crate) fn note(merchant: &MerchantId, note: &NoteId) -> Self {
        Self::new(format!("{merchant}#note#{note}"), note.as_str())
    }

    /// The record of an idempotency key; its owner is the merchant or one of its vendors.
    #[must_use]
    pub fn idempotency(merchant: &MerchantId, vendor: Option<&str>, key: &str) -> Self {
        let owner = vendor.map_or_else(|| "merchant".to_owned(), |vendor| format!("vendor:{vendor}"));
        Self::new(format!("{merchant}#key#{key}"), owner)
    }

    /// A part of an answer that is too long for its record; `attempt` tells apart those of two attempts. What follows the
    /// owner has a fixed length, so no two records share a part.
    pub(crate) fn answer_part(record: &Self, attempt: &str, part: usize) -> Self {
        let (merchant, key) = record.pk.split_once("#key#").unwrap_or_default();
        Self::new(format!("{merchant}#answer#{key}"), format!("{}#{attempt}#{part:03}", record.sk))
    }

    /// How many orders of a merchant stand at each status, per API.
    pub(crate) fn order_counts(merchant: &str, fulfilment: Fulfilment) -> Self {
        let api = match fulfilment {
            Fulfilment::Vendors => "network",
            Fulfilment::Stock => "bulk",
        };
        Self::new(format!("{merchant}#counts"), api)
    }

    /// Says that an order bears an external id that another order has claimed.
    pub(crate) fn external_id_pointer(merchant: &MerchantId, external_id: &str, order: &OrderId) -> Self {
        Self::new(external_ids(merchant, external_id), order.as_str())
    }

    /// A vendor of a merchant.
    #[must_use]
    pub fn vendor(merchant: &MerchantId, vendor: &str) -> Self {
        Self::new(vendors(merchant.as_str()), vendor)
    }

    /// The stock of a SKU: how many codes are left, and the next one.
    #[must_use]
    pub fn stock(sku: &str) -> Self {
        Self::new(format!("stock#{sku}"), "cursor")
    }

    /// The merchant whose thing it is.
    pub(crate) fn merchant(&self) -> Option<MerchantId> {
        MerchantId::parse(self.pk.split('#').next()?).ok()
    }

    /// A credential, under the hash of its secret. Secrets are long and random, so a plain hash cannot be guessed back.
    #[must_use]
    pub fn credential(secret: &str) -> Self {
        Self::new(format!("credential#{}", shared::ids::hex(&Sha256::digest(secret))), "credential")
    }
}

/// Partition of a merchant's bulk API orders.
pub(crate) fn bulk_orders(merchant: &MerchantId) -> String {
    format!("{merchant}#v2")
}

/// Partition of what is known of an external id: its guard, and pointers to further orders that bear it.
pub(crate) fn external_ids(merchant: &MerchantId, external_id: &str) -> String {
    format!("{merchant}#external#{external_id}")
}

/// Partition of the index `listed` in which a merchant's network orders of one status stand.
pub(crate) fn listed(merchant: &str, status: OrderStatus) -> String {
    format!("{merchant}#{}", status.as_str())
}

/// Place of an order or a note in its partition of the index `listed`: by the time of its creation.
pub(crate) fn listed_at(created_at: Timestamp, id: &str) -> String {
    format!("{:013}#{id}", created_at.milliseconds().max(0))
}

/// Partition of a merchant's network orders that have a short id. It follows from an order's id, so an order is found by
/// either without an index.
pub(crate) fn orders_of_short_id(merchant: &MerchantId, short_id: &str) -> String {
    format!("{merchant}#order#{short_id}")
}

/// Partition of the audit events of an order, by its sort key.
pub(crate) fn audit_of(merchant: &str, order: &str) -> String {
    format!("{merchant}#audit#{order}")
}

/// Partition of the audit events of an entity, by its name ([`super::entity::Entity::NAME`]) and id.
pub(crate) fn audit_of_entity(merchant: &MerchantId, name: &str, id: &impl Display) -> String {
    format!("{merchant}#audit#{name}#{id}")
}

/// Partition of the index `listed` in which the notes of one thing stand. No order's status is `note`.
pub(crate) fn notes_of(merchant: &MerchantId, resource: &Resource) -> String {
    format!("{merchant}#note#{}#{}", resource.kind().as_str(), resource.id())
}

/// Partition of the orders that bear a client order number.
pub(crate) fn client_order_number(merchant: &MerchantId, number: &str) -> String {
    format!("{merchant}#client#{number}")
}

/// Partition of a merchant's vendors.
pub(crate) fn vendors(merchant: &str) -> String {
    format!("{merchant}#vendor")
}

/// Partition of a merchant's wallets.
pub(crate) fn wallets(merchant: &MerchantId) -> String {
    format!("{merchant}#wallet")
}

/// Sort key of a receipt.
const RECEIPT: &str = "receipt";

/// Partition of a merchant's transformations.
pub(crate) fn transformations(merchant: &MerchantId) -> String {
    format!("{merchant}#transformation")
}

/// Sort key of a merchant's count of subscriptions.
pub(super) const COUNT: &str = "count";

/// Start of the sort keys of subscriptions.
pub(crate) const SUBSCRIPTION: &str = "subscription#";

/// Partition of a merchant's subscriptions.
pub(crate) fn subscriptions(merchant: &MerchantId) -> String {
    format!("{merchant}#webhook")
}

/// Partition of the deliveries of one subscription.
pub(crate) fn deliveries(merchant: &MerchantId, subscription: &SubscriptionId) -> String {
    format!("{merchant}#webhook#{subscription}")
}

/// Partitions of the index of unfinished orders. One partition of an index takes 1,000 writes a second, and an order with a
/// claim makes four: eight take 2,000 orders a second, and the sweep asks each of them once a minute, also where nothing is
/// due.
pub(crate) const DUE_SHARDS: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];

/// The partitions of webhooks in the same index: where many of them are due, orders and claims are still found.
pub(crate) const DELIVERY_SHARDS: [&str; 8] = ["w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7"];

/// The partition of the index in which an order, a claim or a webhook stands: by its kind, and evenly by its key.
pub(crate) fn due_shard(key: &Key) -> &'static str {
    let shards = if key.kind() == Some(Kind::Delivery) { DELIVERY_SHARDS } else { DUE_SHARDS };
    let hash = key
        .pk
        .bytes()
        .chain(key.sk.bytes())
        .fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let hash = usize::try_from(hash ^ (hash >> 16)).unwrap_or(0);
    shards.get(hash % shards.len()).copied().unwrap_or("0")
}
