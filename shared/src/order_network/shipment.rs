//! `ShipmentDTO` (docs/apis/order-network-api.md#shipments), built from an order.
//!
//! Members of services that do not exist yet (facilities, costs, vendor mappings) are present and null.
//! `shippingCountryCodeISO` and `languageCodeISO` are ordinals of unpublished lists, so they are null next to the
//! codes. Dates have no zone, as in the source; they are UTC.

use serde::Serialize;

use super::request::{self, CreateOrder};
use crate::ids::{MerchantId, OrderId, ShipmentId};
use crate::money::{Currency, Number};
use crate::order::{LineStatus, OrderState, Package, Shipment, ShipmentStatus};

/// A shipment on the wire.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "Shipment"))]
#[serde(rename_all = "camelCase")]
pub struct ShipmentResponse {
    id: String,
    merchant_id: String,
    merchant_name: Option<String>,
    vendor_id: String,
    vendor_name: Option<String>,
    facility_id: Option<String>,
    facility_name: Option<String>,
    order_id: String,
    short_id: String,
    order_external_id: Option<String>,
    merchant_order_id: Option<String>,
    safe_id: Option<String>,
    customer_id: Option<String>,
    customer_shipping_address_id: Option<u64>,
    merchant_payment_id: Option<String>,
    #[serde(rename = "shippingCountryCodeISO")]
    shipping_country_code_iso: Option<u32>,
    shipping_country_code: Option<String>,
    shipment_status: u8,
    is_rejected_by_vendor: bool,
    shipping_method: Option<String>,
    is_polling_stopped: bool,
    currency_code: Currency,
    #[serde(rename = "languageCodeISO")]
    language_code_iso: Option<u32>,
    language_code: Option<String>,
    transactional_cost_model: &'static str,
    created_date: String,
    order_created_date: String,
    last_modified_date: String,
    merchant_order_total: Option<Number>,
    merchant_package_total: Option<Number>,
    merchant_tax_total: Option<Number>,
    merchant_shipping_total: Option<Number>,
    package_total: Option<Number>,
    tax_total: Option<Number>,
    shipping_total: Option<Number>,
    total: Option<Number>,
    cost_total: Option<Number>,
    cost_tax_total: Option<Number>,
    cost_shipping_total: Option<Number>,
    cost_shipping_tax_total: Option<Number>,
    packages: Vec<PackageResponse>,
    #[serde(rename = "orderItemIDs")]
    order_item_ids: Vec<String>,
    order_items: Vec<Item>,
    selected_shipping_mapping: Option<()>,
}

/// `PackageDTO`.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "ShipmentPackage"))]
#[serde(rename_all = "camelCase")]
struct PackageResponse {
    id: String,
    short_id: String,
    shipment_id: String,
    carrier_name: Option<String>,
    carrier_method_name: Option<String>,
    shipped_date: String,
    fulfilled_date: Option<String>,
    carrier_tracking_number: Option<String>,
    carrier_link: Option<String>,
    carrier_account: bool,
    #[serde(rename = "orderItemIDs")]
    order_item_ids: Vec<String>,
    #[cfg_attr(feature = "openapi", schemars(with = "Vec<serde_json::Value>"))]
    package_order_items: [(); 0],
    packing_slip_id: Option<String>,
}

/// `OrderItemDTO`: the item's status is a number here, and a name in the order service.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "ShipmentItem"))]
#[serde(rename_all = "camelCase")]
struct Item {
    id: String,
    short_id: String,
    sku: String,
    vendor_sku: Option<String>,
    variant_id: Option<String>,
    vendor_product_id: Option<String>,
    quantity: u32,
    status: u8,
    merchant_price: Option<Price>,
    price: Option<Price>,
    images: Vec<request::Image>,
}

#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "ShipmentPrice"))]
struct Price {
    currency: Currency,
    amount: Number,
    tax: Option<Number>,
}

/// The common data of an order's shipments.
#[derive(Clone, Copy, Debug)]
pub struct ShipmentOrder<'o> {
    /// Whose order it is.
    pub merchant: &'o MerchantId,
    /// Its id.
    pub id: &'o OrderId,
    /// Its body.
    pub request: &'o CreateOrder,
    /// Where it stands.
    pub state: &'o OrderState,
}

impl ShipmentOrder<'_> {
    /// The wire form of a shipment; `vendor_name` if its vendor is set up.
    #[must_use]
    pub fn shipment(&self, shipment: &Shipment, vendor_name: Option<String>) -> ShipmentResponse {
        let id = ShipmentId::new(self.id, shipment.number);
        let packages = shipment.packages.iter().enumerate();
        ShipmentResponse {
            merchant_id: self.merchant.to_string(),
            merchant_name: None,
            vendor_id: shipment.vendor.clone(),
            vendor_name,
            facility_id: None,
            facility_name: None,
            order_id: self.id.to_string(),
            short_id: id.short_id(),
            order_external_id: self.request.external_id.clone(),
            merchant_order_id: None,
            safe_id: self.request.safe_id.clone(),
            customer_id: None,
            customer_shipping_address_id: None,
            merchant_payment_id: None,
            shipping_country_code_iso: None,
            shipping_country_code: self.request.shipping_address.country_code.clone(),
            shipment_status: shipment.status.number(),
            is_rejected_by_vendor: shipment.status == ShipmentStatus::Rejected,
            shipping_method: self.request.customer_shipping_method.clone(),
            is_polling_stopped: false,
            currency_code: self.request.currency(),
            language_code_iso: None,
            language_code: self.request.language_code.clone(),
            transactional_cost_model: "transactional",
            created_date: shipment.created_at.to_date_time_seconds(),
            order_created_date: self.state.created_at.to_date_time_seconds(),
            last_modified_date: shipment.updated_at.to_date_time_seconds(),
            merchant_order_total: None,
            merchant_package_total: None,
            merchant_tax_total: None,
            merchant_shipping_total: None,
            package_total: None,
            tax_total: None,
            shipping_total: None,
            total: None,
            cost_total: None,
            cost_tax_total: None,
            cost_shipping_total: None,
            cost_shipping_tax_total: None,
            packages: packages.map(|(index, package)| self.package(&id, index, package)).collect(),
            order_item_ids: self.item_ids(&shipment.lines),
            order_items: shipment.lines.iter().filter_map(|line| self.item(*line)).collect(),
            selected_shipping_mapping: None,
            id: id.to_string(),
        }
    }

    fn item_ids(&self, lines: &[usize]) -> Vec<String> {
        lines.iter().map(|line| self.id.item_id(*line)).collect()
    }

    fn package(&self, shipment: &ShipmentId, index: usize, package: &Package) -> PackageResponse {
        PackageResponse {
            id: shipment.package_id(index),
            short_id: shipment.package_short_id(index),
            shipment_id: shipment.to_string(),
            carrier_name: package.carrier.clone(),
            carrier_method_name: package.method.clone(),
            shipped_date: package.shipped_at.to_date_time_seconds(),
            fulfilled_date: Some(package.shipped_at.to_date_time_seconds()),
            carrier_tracking_number: package.tracking.clone(),
            carrier_link: package.link.clone(),
            carrier_account: false,
            order_item_ids: self.item_ids(&package.lines),
            package_order_items: [],
            packing_slip_id: None,
        }
    }

    fn item(&self, line: usize) -> Option<Item> {
        let item = self.request.items.get(line)?;
        let currency = self.request.currency();
        let price = |amount: Option<Number>| amount.map(|amount| Price { currency, amount, tax: item.customer_taxes });
        Some(Item {
            id: self.id.item_id(line),
            short_id: self.id.item_short_id(line),
            sku: item.sku.clone(),
            vendor_sku: None,
            variant_id: None,
            vendor_product_id: None,
            quantity: self.state.units_left(line, item.quantity),
            status: self.state.lines.get(line).map_or(0, LineStatus::number),
            merchant_price: None,
            price: price(item.customer_price),
            images: item.images.clone().unwrap_or_default(),
        })
    }
}
