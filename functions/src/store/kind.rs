//! The kinds of items: each item names its own in the attribute [`ENTITY`].
//!
//! The kind follows from the key, so the two cannot disagree. It is stored because a stream filter can compare values
//! but cannot parse a key.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::keys::{COUNT, FIRST, Key};

pub(crate) const ENTITY: &str = "entity";

macro_rules! kinds {
    ($($kind:ident = $value:literal,)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Kind {
            $(#[doc = concat!("`", $value, "`")] $kind,)+
        }

        impl Kind {
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $value,)+
                }
            }
        }
    };
}

// The values for orders and idempotency keys are short, because their items aim at one write unit of 1 KB.
kinds! {
    Order = "order",
    BulkOrder = "bulk_order",
    Claim = "claim",
    ExternalId = "external_id",
    ClientOrderNumber = "client_order_number",
    Wallet = "wallet",
    Product = "product",
    Stock = "stock",
    Credential = "credential",
    Vendor = "vendor",
    Note = "note",
    AuditEvent = "audit_event",
    OrderCounts = "order_counts",
    Subscription = "subscription",
    SubscriptionCount = "subscription_count",
    Delivery = "delivery",
    IdempotencyKey = "key",
    AnswerPart = "answer",
    Receipt = "receipt",
    Transformation = "transformation",
}

impl Kind {
    /// The kinds that the relay acts on. The filter of its event source in `template.yaml` lists them.
    pub(crate) const RELAYED: [Self; 5] = [Self::Order, Self::BulkOrder, Self::Claim, Self::Receipt, Self::Note];

    pub(crate) fn relayed(value: &str) -> Option<Self> {
        Self::RELAYED.into_iter().find(|kind| kind.as_str() == value)
    }
}

impl Key {
    /// The kind of the item under this key; `None` for keys that no constructor builds.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let mut parts = self.pk.splitn(3, '#');
        Some(match (parts.next()?, parts.next()?, parts.next()) {
            ("product", ..) => Kind::Product,
            ("stock", ..) => Kind::Stock,
            ("credential", ..) => Kind::Credential,
            (_, "order", Some(_)) => Kind::Order,
            (_, "v2", None) => Kind::BulkOrder,
            (_, "external", Some(_)) if self.sk == FIRST => Kind::Claim,
            (_, "external", Some(_)) => Kind::ExternalId,
            (_, "client", Some(_)) => Kind::ClientOrderNumber,
            (_, "wallet", None) => Kind::Wallet,
            (_, "vendor", None) => Kind::Vendor,
            (_, "note", Some(_)) => Kind::Note,
            (_, "audit", Some(_)) => Kind::AuditEvent,
            (_, "counts", None) => Kind::OrderCounts,
            (_, "webhook", None) if self.sk == COUNT => Kind::SubscriptionCount,
            (_, "webhook", None) => Kind::Subscription,
            (_, "webhook", Some(_)) => Kind::Delivery,
            (_, "key", Some(_)) => Kind::IdempotencyKey,
            (_, "answer", Some(_)) => Kind::AnswerPart,
            (_, "inbound", Some(_)) => Kind::Receipt,
            (_, "transformation", None) => Kind::Transformation,
            _ => return None,
        })
    }

    /// The part of the partition key after the merchant and the kind, such as the external id of a claim or the id of a
    /// receipt.
    pub(crate) fn subject(&self) -> &str {
        self.pk.splitn(3, '#').nth(2).unwrap_or_default()
    }

    /// A new item with the key and its kind.
    #[must_use]
    pub fn item(&self) -> HashMap<String, AttributeValue> {
        let mut item = HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ]);
        item.extend(self.kind().map(|kind| (ENTITY.to_owned(), AttributeValue::S(kind.as_str().to_owned()))));
        item
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use shared::ids::{MerchantId, OrderId, TransactionId};
    use shared::money::Currency;
    use shared::order::Fulfilment;
    use shared::order_network::inbound::{ReceiptId, TransformationId};
    use shared::order_network::note::NoteId;
    use shared::time::Timestamp;
    use shared::webhook::SubscriptionId;

    use super::*;
    use crate::store::keys::audit_of;

    /// SKUs and external ids are free text: they must not be mistaken for another kind.
    #[test]
    fn every_key_has_a_kind_of_its_own() {
        let merchant = MerchantId::parse("b234ee56-7890-4f12-a123-4567890abcde").unwrap();
        let order = OrderId::parse("0898f154eef04ff51bbbc000").unwrap();
        let (at, subscription) = (Timestamp::from_milliseconds(1), SubscriptionId::new([1; 16]));
        let record = Key::idempotency(&merchant, None, "note#1");
        let keys = [
            (Kind::Order, Key::order(&merchant, &order)),
            (Kind::BulkOrder, Key::bulk_order(&merchant, TransactionId::new(at, 1))),
            (Kind::Claim, Key::external_id(&merchant, "a#order#b")),
            (Kind::ExternalId, Key::external_id_pointer(&merchant, "note#1", &order)),
            (Kind::ClientOrderNumber, Key::client_order_number(&merchant, "#v2", FIRST)),
            (Kind::Wallet, Key::wallet(&merchant, Currency::USD)),
            (Kind::Product, Key::product("v2")),
            (Kind::Stock, Key::stock("order#1")),
            (Kind::Credential, Key::credential("secret")),
            (Kind::Vendor, Key::vendor(&merchant, "v2")),
            (Kind::Note, Key::note(&merchant, &NoteId::new([1; 12]))),
            (Kind::AuditEvent, Key::audit(audit_of(merchant.as_str(), order.as_str()), 1)),
            (Kind::OrderCounts, Key::order_counts(merchant.as_str(), Fulfilment::Stock)),
            (Kind::Subscription, Key::subscription(&merchant, &subscription)),
            (Kind::SubscriptionCount, Key::subscription_count(&merchant)),
            (Kind::Delivery, Key::delivery(&merchant, &subscription, at, "msg")),
            (Kind::AnswerPart, Key::answer_part(&record, "attempt", 1)),
            (Kind::IdempotencyKey, record),
            (Kind::Receipt, Key::receipt(&merchant, &ReceiptId::new([1; 16]))),
            (Kind::Transformation, Key::transformation(&merchant, &TransformationId::new([1; 16]))),
        ];
        for (kind, key) in &keys {
            assert_eq!(key.kind(), Some(*kind), "{key:?}");
            assert_eq!(key.item()[ENTITY].as_s().unwrap(), kind.as_str());
        }
        let values: BTreeSet<&str> = keys.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(values.len(), keys.len());
        assert_eq!(keys[2].1.subject(), "a#order#b");
        assert_eq!(Key { pk: format!("{merchant}#other"), sk: FIRST.to_owned() }.kind(), None);
    }

    #[test]
    fn the_streams_filter_passes_what_the_relay_works() {
        let values = Kind::RELAYED.map(|kind| format!("\"{}\"", kind.as_str())).join(", ");
        let pattern = format!(r#"{{"dynamodb": {{"NewImage": {{"{ENTITY}": {{"S": [{values}]}}}}}}}}"#);
        assert!(include_str!("../../../template.yaml").contains(&format!("- Pattern: '{pattern}'\n")), "{pattern}");
        for kind in Kind::RELAYED {
            assert_eq!(Kind::relayed(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::relayed("audit_event"), None);
    }
}
