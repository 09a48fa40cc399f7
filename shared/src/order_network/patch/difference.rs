//! The parts of an order that an update changes: the state machine allows changes of some parts in states where it
//! forbids others.

use crate::order::{ItemUpdate, Update};
use crate::order_network::request::{CreateOrder, Item};

pub(super) fn update_between(before: &CreateOrder, after: &CreateOrder) -> Update {
    let (before, after) = (&as_read(before), &as_read(after));
    let addresses = before.shipping_address != after.shipping_address
        || before.billing_address != after.billing_address
        || before.return_address != after.return_address;
    let rest = CreateOrder {
        shipping_address: before.shipping_address.clone(),
        billing_address: before.billing_address.clone(),
        return_address: before.return_address.clone(),
        items: before.items.clone(),
        ..after.clone()
    };
    let pairs = before.items.iter().zip(&after.items).enumerate();
    let changed = pairs.filter(|(_, (before, after))| before != after);
    let items = changed.map(|(line, (before, after))| ItemUpdate {
        line,
        body: true,
        amounts: amounts(before) != amounts(after),
        ready: false,
    });
    Update { addresses, order: rest != *before, items: items.collect() }
}

/// The order without members whose value equals their absence: false, and empty collections. Adding such a member
/// changes nothing that readers see.
fn as_read(order: &CreateOrder) -> CreateOrder {
    fn yes(flag: Option<bool>) -> Option<bool> {
        flag.filter(|flag| *flag)
    }
    let item = |item: &Item| {
        let item = item.clone();
        Item {
            meta: item.meta.filter(|meta| !meta.is_empty()),
            client_attributes: item.client_attributes.filter(|attributes| !attributes.is_empty()),
            options: item.options.filter(|options| !options.is_empty()),
            images: item.images.filter(|images| !images.is_empty()),
            is_sample: yes(item.is_sample),
            skip_img_manip: yes(item.skip_img_manip),
            skip_sku_validation: yes(item.skip_sku_validation),
            skip_image_validation: yes(item.skip_image_validation),
            ..item
        }
    };
    let items = order.items.iter().map(item).collect();
    let order = order.clone();
    CreateOrder {
        items,
        meta: order.meta.filter(|meta| !meta.is_empty()),
        customer_payment_methods: order.customer_payment_methods.filter(|methods| !methods.is_empty()),
        is_sample: yes(order.is_sample),
        ..order
    }
}

/// The members that refunds are computed from.
fn amounts(item: &Item) -> impl PartialEq + use<> {
    let shipping = item.customer_shipping_price;
    (item.quantity, item.customer_price, item.customer_subtotal, item.customer_discounts_or_promotions, shipping)
}
