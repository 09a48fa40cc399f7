//! Every key of the table; nothing builds a key string elsewhere.
//!
//! Keys of orders and wallets start with the tenant, so no merchant can address another's data. A merchant id is a UUID
//! of fixed length, followed by the name of the kind, so client text cannot reach into another kind.

use std::fmt::Display;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::ids::{MerchantId, OrderId, TransactionId};
use shared::money::Currency;
use shared::order::{Fulfilment, OrderStatus};
use shared::order_network::inbound::{ReceiptId, TransformationId};
use shared::order_network::note::{NoteId, NoteResource, Resource};
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

/// Sort key of the pointer that guards a name: the first order with that name.
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

    /// The guard of a merchant's external id; it points to the order with that id.
    pub(crate) fn external_id(merchant: &MerchantId, external_id: &str) -> Self {
        Self::new(external_ids(merchant, external_id), FIRST)
    }

    /// A bulk API order. A merchant's orders share a partition, newest last, so a list is one query.
    pub(crate) fn bulk_order(merchant: &MerchantId, transaction: TransactionId) -> Self {
        Self::new(bulk_orders(merchant), transaction.padded())
    }

    /// A pointer to an order with a client order number: the first under [`FIRST`], later ones under their own ids.
    pub(crate) fn client_order_number(merchant: &MerchantId, number: &str, sk: &str) -> Self {
        Self::new(client_order_number(merchant, number), sk)
    }

    /// A wallet.
    #[must_use]
    pub fn wallet(merchant: &MerchantId, currency: Currency) -> Self {
        Self::new(wallets(merchant), currency.as_str())
    }

    pub(crate) fn subscription(merchant: &MerchantId, subscription: &SubscriptionId) -> Self {
        Self::new(subscriptions(merchant), format!("{SUBSCRIPTION}{subscription}"))
    }

    pub(crate) fn subscription_count(merchant: &MerchantId) -> Self {
        Self::new(subscriptions(merchant), COUNT)
    }

    /// A delivery to a subscription. Deliveries sort by time; the webhook id separates those of the same millisecond.
    pub(crate) fn delivery(
        merchant: &MerchantId,
        subscription: &SubscriptionId,
        at: Timestamp,
        webhook_id: &str,
    ) -> Self {
        Self::new(deliveries(merchant, subscription), listed_at(at, webhook_id))
    }

    pub(crate) fn receipt(merchant: &MerchantId, receipt: &ReceiptId) -> Self {
        Self::new(format!("{merchant}#inbound#{receipt}"), "receipt")
    }

    pub(crate) fn transformation(merchant: &MerchantId, transformation: &TransformationId) -> Self {
        Self::new(transformations(merchant), transformation.as_str())
    }

    /// A product of the catalogue.
    #[must_use]
    pub fn product(sku: &str) -> Self {
        Self::new(format!("product#{sku}"), "product")
    }

    /// The audit event of one version, in a log ([`audit_of`], [`audit_of_entity`]). It is written once, which keeps
    /// the counts that are written with it exact.
    pub(crate) fn audit(log: String, version: u64) -> Self {
        Self::new(log, format!("{version:010}"))
    }

    pub(crate) fn note(merchant: &MerchantId, note: &NoteId) -> Self {
        Self::new(format!("{merchant}#note#{note}"), note.as_str())
    }

    /// The record of an idempotency key, which belongs to the merchant or to one of its vendors.
    #[must_use]
    pub fn idempotency(merchant: &MerchantId, vendor: Option<&str>, key: &str) -> Self {
        let owner = vendor.map_or_else(|| "merchant".to_owned(), |vendor| format!("vendor:{vendor}"));
        Self::new(format!("{merchant}#key#{key}"), owner)
    }

    /// A part of an answer that is too long for its record; `attempt` separates the parts of two attempts. The text
    /// after the owner has a fixed length, so two records never share a part.
    pub(crate) fn answer_part(record: &Self, attempt: &str, part: usize) -> Self {
        let (merchant, key) = record.pk.split_once("#key#").unwrap_or_default();
        Self::new(format!("{merchant}#answer#{key}"), format!("{}#{attempt}#{part:03}", record.sk))
    }

    /// The merchant's order counts by status, for one API.
    pub(crate) fn order_counts(merchant: &str, fulfilment: Fulfilment) -> Self {
        let api = match fulfilment {
            Fulfilment::Vendors => "network",
            Fulfilment::Stock => "bulk",
        };
        Self::new(format!("{merchant}#counts"), api)
    }

    /// Pointer to an order whose external id another order has claimed.
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

    pub(crate) fn merchant(&self) -> Option<MerchantId> {
        MerchantId::parse(self.pk.split('#').next()?).ok()
    }

    /// A credential, under the hash of its secret. Secrets are long and random, so a plain hash cannot be reversed.
    #[must_use]
    pub fn credential(secret: &str) -> Self {
        Self::new(format!("credential#{}", shared::ids::hex(&Sha256::digest(secret))), "credential")
    }
}

pub(crate) fn bulk_orders(merchant: &MerchantId) -> String {
    format!("{merchant}#v2")
}

/// Partition of an external id: its guard, and pointers to further orders that have it.
pub(crate) fn external_ids(merchant: &MerchantId, external_id: &str) -> String {
    format!("{merchant}#external#{external_id}")
}

/// Partition of the index `listed` for a merchant's network orders of one status.
pub(crate) fn listed(merchant: &str, status: OrderStatus) -> String {
    format!("{merchant}#{}", status.as_str())
}

/// Sort key by time of creation: of orders and notes in the index `listed`, and of deliveries.
pub(crate) fn listed_at(created_at: Timestamp, id: &str) -> String {
    format!("{:013}#{id}", created_at.milliseconds().max(0))
}

/// Partition of the network orders with a short id. The short id follows from the order's id, so either finds an order
/// without an index.
pub(crate) fn orders_of_short_id(merchant: &MerchantId, short_id: &str) -> String {
    format!("{merchant}#order#{short_id}")
}

/// Partition of an order's audit events; `order` is its sort key.
pub(crate) fn audit_of(merchant: &str, order: &str) -> String {
    format!("{merchant}#audit#{order}")
}

/// Partition of an entity's audit events, by its name ([`super::entity::Entity::NAME`]) and id.
pub(crate) fn audit_of_entity(merchant: &MerchantId, name: &str, id: &impl Display) -> String {
    format!("{merchant}#audit#{name}#{id}")
}

/// Partition of the index `listed` for the notes of one resource. No order status is called `note`.
pub(crate) fn notes_of(merchant: &MerchantId, resource: &Resource) -> String {
    let NoteResource { kind, id } = resource.clone().into();
    format!("{merchant}#note#{}#{id}", kind.as_str())
}

pub(crate) fn client_order_number(merchant: &MerchantId, number: &str) -> String {
    format!("{merchant}#client#{number}")
}

pub(crate) fn vendors(merchant: &str) -> String {
    format!("{merchant}#vendor")
}

pub(crate) fn wallets(merchant: &MerchantId) -> String {
    format!("{merchant}#wallet")
}

pub(crate) fn transformations(merchant: &MerchantId) -> String {
    format!("{merchant}#transformation")
}

pub(super) const COUNT: &str = "count";

/// Prefix of the sort keys of subscriptions.
pub(crate) const SUBSCRIPTION: &str = "subscription#";

pub(crate) fn subscriptions(merchant: &MerchantId) -> String {
    format!("{merchant}#webhook")
}

pub(crate) fn deliveries(merchant: &MerchantId, subscription: &SubscriptionId) -> String {
    format!("{merchant}#webhook#{subscription}")
}

/// Partitions of the index of unfinished orders. One partition takes 1,000 writes a second, and an order with a claim
/// makes four: eight take 2,000 orders a second. The sweep queries each of them once a minute.
pub(crate) const DUE_SHARDS: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];

/// Deliveries have partitions of their own, so that many due deliveries do not hide orders and claims.
pub(crate) const DELIVERY_SHARDS: [&str; 8] = ["w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7"];

/// The index partition of an order, a claim or a delivery: by kind, and evenly by key.
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
