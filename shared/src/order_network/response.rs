//! `GetOrderModel` and its parts (docs/apis/order-network-api.md#read-orders), built from what is stored.
//!
//! Writes use bare amounts in the order's currency; reads use `{currency, amount}`. Members of services that do not
//! exist yet (merchant prices) are present and empty.

mod find;

use std::collections::BTreeMap;

use serde::Serialize;

use super::refund::RefundData;
use super::request::{self, CreateOrder};
use crate::ids::{MerchantId, OrderId, SafeId, ShipmentId};
use crate::money::{Currency, Number};
use crate::order::{LineStatus, OrderState, OrderStatus};
use crate::time::Timestamp;

/// `PriceModel`.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Price {
    /// ISO 4217.
    pub currency: Currency,
    /// The exact decimal.
    pub amount: Number,
}

/// `GetOrderModel`.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// What its `ETag` is made of.
    #[serde(skip)]
    version: u64,
    items: Vec<Item>,
    merchant_item_total: Option<Price>,
    merchant_tax_total: Option<Price>,
    merchant_shipping_total: Option<Price>,
    merchant_total: Option<Price>,
    reprint: Option<request::Reprint>,
    #[cfg_attr(feature = "openapi", schemars(with = "Vec<String>"))]
    facility_names: [String; 0],
    shipment_created_dates: Vec<String>,
    shipment_ids: Vec<String>,
    id: String,
    short_id: String,
    safe_id: String,
    merchant_id: String,
    external_id: Option<String>,
    status: OrderStatus,
    status_desc: Option<String>,
    created_at: String,
    updated_at: String,
    shipping_address: Address,
    billing_address: Option<Address>,
    return_address: Option<Address>,
    language_code: Option<String>,
    is_test: bool,
    is_sample: bool,
    client: Option<request::Client>,
    meta: BTreeMap<String, String>,
    currency_code: Currency,
    customer_shipping_method: Option<String>,
    customer_total: Option<Price>,
    customer_item_total: Option<Price>,
    customer_total_shipping: Option<Price>,
    customer_total_taxes: Option<Price>,
    customer_total_discount_and_promotions: Option<Price>,
    customer_payment_methods: Vec<request::PaymentMethod>,
    allow_external_order_id_duplication: bool,
    automatic_processing: bool,
}

/// The answer to a read of one item.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "OrderItemAnswer"))]
#[serde(rename_all = "camelCase")]
pub struct ItemEnvelope {
    /// Whose item it is.
    pub order_id: String,
    /// The item.
    pub order_item: Item,
}

/// An order in short: what a client needs to read the whole of it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OrderSummary {
    id: String,
    short_id: String,
    safe_id: String,
    merchant_id: String,
    external_id: Option<String>,
    status: OrderStatus,
    created_at: String,
    updated_at: String,
}

impl From<&Order> for OrderSummary {
    fn from(order: &Order) -> Self {
        Self {
            id: order.id.clone(),
            short_id: order.short_id.clone(),
            safe_id: order.safe_id.clone(),
            merchant_id: order.merchant_id.clone(),
            external_id: order.external_id.clone(),
            status: order.status,
            created_at: order.created_at.clone(),
            updated_at: order.updated_at.clone(),
        }
    }
}

/// `AddressModel` with every member, null where none was sent.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct Address {
    location: Option<request::Location>,
    first_name: Option<String>,
    last_name: Option<String>,
    line1: Option<String>,
    line2: Option<String>,
    line3: Option<String>,
    city: Option<String>,
    state: Option<String>,
    zip: Option<String>,
    country_code: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

/// `GetOrderItemModel`.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "OrderItem"))]
#[serde(rename_all = "camelCase")]
pub struct Item {
    id: String,
    short_id: String,
    external_id: Option<String>,
    sku: String,
    #[serde(rename = "originalSKU")]
    original_sku: Option<String>,
    quantity: u32,
    cancelled_quantity: u32,
    status: LineStatus,
    status_desc: Option<String>,
    created_at: String,
    updated_at: Option<String>,
    processed_at: Option<String>,
    cancelled_at: Option<String>,
    images: Vec<Image>,
    options: Vec<request::NameValue>,
    attributes: Vec<request::NameValue>,
    customer_subtotal: Option<Price>,
    customer_price: Option<Price>,
    customer_shipping_price: Option<Price>,
    customer_taxes: Option<Price>,
    customer_discounts_or_promotions: Option<Price>,
    merchant_price: Option<Price>,
    merchant_shipping_price: Option<Price>,
    merchant_tax: Option<Price>,
    merchant_sub_total: Option<Price>,
    merchant_item_total: Option<Price>,
    client_attributes: BTreeMap<String, String>,
    meta: BTreeMap<String, String>,
    is_sample: bool,
    skip_img_manip: bool,
    skip_image_validation: bool,
    skip_sku_validation: bool,
    fulfillment_ready: Option<bool>,
    refund_data: Option<RefundData>,
}

/// `GetOrderItemImageModel`.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "OrderItemImage"))]
#[serde(rename_all = "camelCase")]
struct Image {
    url: Option<String>,
    thumbnail_url: Option<String>,
    area: Option<String>,
    print_method: Option<String>,
    our_print_file_id: Option<String>,
    our_print_file_url: Option<String>,
    our_url: Option<String>,
    our_file_id: Option<String>,
    our_thumbnail_url: Option<String>,
    our_thumbnail_file_id: Option<String>,
    vendor_ready_file_id: Option<String>,
}

impl Order {
    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The version, for the `ETag`.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The wire form of a stored order.
    #[must_use]
    pub fn new(merchant: &MerchantId, id: &OrderId, safe_id: &SafeId, order: CreateOrder, state: &OrderState) -> Self {
        let currency = order.currency();
        let price = |amount: Option<Number>| amount.map(|amount| Price { currency, amount });
        let lines = order.items.into_iter().zip(state.lines.iter()).enumerate();
        let (is_test, shipments) = (order.is_test == Some(true), state.shipments.iter());
        let shown = |(index, (item, line)): (usize, (request::Item, LineStatus))| {
            let sent = item.fulfillment_ready;
            let item = Item::new(id, index, item, line, state, currency);
            // Test orders do not wait for artwork: their value stays as sent.
            if is_test { Item { fulfillment_ready: sent, ..item } } else { item }
        };
        Self {
            version: state.version,
            items: lines.map(shown).collect(),
            merchant_item_total: None,
            merchant_tax_total: None,
            merchant_shipping_total: None,
            merchant_total: None,
            reprint: order.reprint,
            facility_names: [],
            shipment_created_dates: shipments.clone().map(|it| it.created_at.to_rfc3339_milliseconds()).collect(),
            shipment_ids: shipments.map(|shipment| ShipmentId::new(id, shipment.number).to_string()).collect(),
            id: id.to_string(),
            short_id: id.short_id(),
            safe_id: safe_id.as_str().to_owned(),
            merchant_id: merchant.to_string(),
            external_id: order.external_id,
            status: state.status(),
            status_desc: state.hold.clone().or_else(|| {
                let failure = state.failure.as_ref().or(state.recall_failure.as_ref());
                failure.map(|failure| failure.reason.clone())
            }),
            created_at: state.created_at.to_rfc3339_milliseconds(),
            updated_at: state.updated_at.to_rfc3339_milliseconds(),
            shipping_address: order.shipping_address.into(),
            billing_address: order.billing_address.map(Into::into),
            return_address: order.return_address.map(Into::into),
            language_code: order.language_code,
            is_test: order.is_test.unwrap_or(false),
            is_sample: order.is_sample.unwrap_or(false),
            client: order.client,
            meta: order.meta.unwrap_or_default(),
            currency_code: currency,
            customer_shipping_method: order.customer_shipping_method,
            customer_total: price(order.customer_total),
            customer_item_total: price(order.customer_item_total),
            customer_total_shipping: price(order.customer_total_shipping),
            customer_total_taxes: price(order.customer_total_taxes),
            customer_total_discount_and_promotions: price(order.customer_total_discount_and_promotions),
            customer_payment_methods: order.customer_payment_methods.unwrap_or_default(),
            allow_external_order_id_duplication: order.allow_external_order_id_duplication.unwrap_or(false),
            automatic_processing: state.automatic,
        }
    }
}

impl From<request::Address> for Address {
    fn from(address: request::Address) -> Self {
        Self {
            location: None,
            first_name: address.first_name,
            last_name: address.last_name,
            line1: address.line1,
            line2: address.line2,
            line3: address.line3,
            city: address.city,
            state: address.state,
            zip: address.zip,
            country_code: address.country_code,
            phone: address.phone,
            email: address.email,
        }
    }
}

impl Item {
    fn new(
        order: &OrderId,
        index: usize,
        item: request::Item,
        line: LineStatus,
        state: &OrderState,
        currency: Currency,
    ) -> Self {
        let price = |amount: Option<Number>| amount.map(|amount| Price { currency, amount });
        let time = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339_milliseconds);
        let refund_data = RefundData::of(&item, index, state);
        // The ordered quantity stays; `quantity` less `cancelledQuantity` is made.
        let cancelled_quantity = match line {
            LineStatus::Cancelled => item.quantity,
            _ => state.units_cancelled(index),
        };
        Self {
            id: order.item_id(index),
            short_id: order.item_short_id(index),
            external_id: item.external_id,
            original_sku: Some(item.sku.clone()),
            sku: item.sku,
            quantity: item.quantity,
            cancelled_quantity,
            status: line,
            status_desc: state
                .failure
                .as_ref()
                .filter(|_| line == LineStatus::Failed)
                .map(|failure| failure.reason.clone()),
            created_at: state.created_at.to_rfc3339_milliseconds(),
            updated_at: time(state.line_changed_at(index)),
            processed_at: time(state.line_processed_at(index)),
            cancelled_at: time(state.line_cancelled_at(index)),
            images: item.images.unwrap_or_default().into_iter().map(Image::new).collect(),
            options: item.options.unwrap_or_default(),
            attributes: Vec::new(),
            customer_subtotal: price(item.customer_subtotal),
            customer_price: price(item.customer_price),
            customer_shipping_price: price(item.customer_shipping_price),
            customer_taxes: price(item.customer_taxes),
            customer_discounts_or_promotions: price(item.customer_discounts_or_promotions),
            merchant_price: None,
            merchant_shipping_price: None,
            merchant_tax: None,
            merchant_sub_total: None,
            merchant_item_total: None,
            client_attributes: item.client_attributes.unwrap_or_default(),
            meta: item.meta.unwrap_or_default(),
            is_sample: item.is_sample.unwrap_or(false),
            skip_img_manip: item.skip_img_manip.unwrap_or(false),
            skip_image_validation: item.skip_image_validation.unwrap_or(false),
            skip_sku_validation: item.skip_sku_validation.unwrap_or(false),
            fulfillment_ready: item.fulfillment_ready.map(|_| !state.unready.contains(&index)),
            refund_data,
        }
    }
}

impl Image {
    fn new(image: request::Image) -> Self {
        Self {
            url: image.url,
            thumbnail_url: image.thumbnail_url,
            area: image.area,
            print_method: image.print_method,
            our_print_file_id: image.our_print_file_id,
            our_print_file_url: image.our_print_file_url,
            our_url: None,
            our_file_id: None,
            our_thumbnail_url: None,
            our_thumbnail_file_id: None,
            vendor_ready_file_id: None,
        }
    }
}
