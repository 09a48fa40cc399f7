//! `CreateOrderModel` and its parts (docs/apis/order-network-api.md#create-an-order).
//!
//! Types only: [`crate::validation`] decides which members are required and what they may hold, before a body is read
//! into these. An order is stored as the JSON of [`CreateOrder`], without absent and unknown members, so equal orders
//! have equal bytes.

#![expect(missing_docs, reason = "most members are named as the API documents them")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::member::{Member, optional};
use crate::money::{Currency, Number};

/// Declares a wire type: required members, and `optional` ones, which are omitted when absent.
macro_rules! model {
    (
        $(#[doc = $doc:literal])+
        $name:ident $({ $($(#[doc = $required_doc:literal])* $required:ident: $required_type:ty,)* })? optional {
            $($(#[doc = $member_doc:literal])* $member:ident: $type:ty,)+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($($(#[doc = $required_doc])* pub $required: $required_type,)*)?
            $($(#[doc = $member_doc])* #[serde(default, deserialize_with = "optional", skip_serializing_if = "Option::is_none")] pub $member: Option<$type>,)+
        }

        impl<'de> Member<'de> for $name {}
    };
}

model! {
    /// One order of the order network API.
    CreateOrder {
        shipping_address: Address,
        items: Vec<Item>,
    } optional {
        /// The merchant's name for the order; generated when absent.
        safe_id: String,
        merchant_id: String,
        billing_address: Address,
        return_address: Address,
        external_id: String,
        language_code: String,
        /// Goes through everything, but no vendor is called.
        is_test: bool,
        is_sample: bool,
        client: Client,
        meta: BTreeMap<String, String>,
        /// Currency of every amount; USD when absent.
        currency_code: Currency,
        customer_shipping_method: String,
        customer_total: Number,
        /// Of it for the items.
        customer_item_total: Number,
        /// Of it for shipping.
        customer_total_shipping: Number,
        /// Of it for taxes.
        customer_total_taxes: Number,
        /// Taken off it.
        customer_total_discount_and_promotions: Number,
        customer_payment_methods: Vec<PaymentMethod>,
        /// Whether another order may have the same external id.
        allow_external_order_id_duplication: bool,
        reprint: Reprint,
        /// Whether processing starts by itself; it does when absent.
        automatic_processing: bool,
    }
}

/// Declares a type with the members of an address after its own.
macro_rules! address {
    ($(#[doc = $doc:literal])+ $name:ident { $($own:tt)* }) => {
        model! {
            $(#[doc = $doc])+
            $name optional {
                $($own)*
                /// Given name.
                first_name: String,
                /// Family name.
                last_name: String,
                /// Street and number.
                line1: String,
                /// Second line.
                line2: String,
                /// Third line.
                line3: String,
                /// City.
                city: String,
                /// State or province.
                state: String,
                /// Postal code.
                zip: String,
                /// ISO 3166 alpha-2.
                country_code: String,
                /// Telephone.
                phone: String,
                /// E-mail.
                email: String,
            }
        }
    };
}

address! {
    /// `BaseAddressModel`.
    Address {}
}

address! {
    /// `AddressModel`: the same with a location.
    LocatedAddress {
        /// Longitude and latitude.
        location: Location,
    }
}

model! {
    /// `CoordinatesModel`: exact decimal degrees.
    Location optional {
        /// -180 to 180.
        longitude: Number,
        /// -90 to 90.
        latitude: Number,
    }
}

model! {
    /// `APIClientInfoModel`.
    Client optional {
        /// Name of the program.
        source: String,
        /// More about it.
        details: String,
        /// Its version.
        version: String,
        /// Address of the customer.
        ip: String,
    }
}

model! {
    /// `CreateOrderCustomerPaymentMethodModel`.
    PaymentMethod optional {
        /// For example `CreditCard`.
        method: String,
        /// For example `Visa`.
        sub_method: String,
        /// First four digits of the card.
        card_first4: String,
        /// Last four digits of the card.
        card_last4: String,
        /// Who is billed.
        billing_info: BillingInfo,
        /// What was paid with it.
        customer_transactions: Vec<Transaction>,
    }
}

model! {
    /// `BillingInfoModel`.
    BillingInfo optional {
        /// Name of the payer.
        full_name: String,
        /// Address of the payer.
        address: LocatedAddress,
    }
}

model! {
    /// `CreateOrderCustomerTransactionModel`.
    Transaction optional {
        /// How much.
        total: Number,
        /// Of what; the order's currency when absent.
        currency_code: Currency,
        /// Date or date and time, as it was sent.
        transaction_date: String,
        /// The payment provider's id.
        transaction_id: String,
        /// The payment provider's authorization.
        authorization_code: String,
    }
}

model! {
    /// `CreateOrderItemModel`.
    Item {
        sku: String,
        /// Units, at least 1.
        quantity: u32,
    } optional {
        images: Vec<Image>,
        options: Vec<NameValue>,
        /// Price of all units.
        customer_subtotal: Number,
        /// Price of one unit.
        customer_price: Number,
        customer_shipping_price: Number,
        customer_taxes: Number,
        /// Taken off the subtotal.
        customer_discounts_or_promotions: Number,
        client_attributes: BTreeMap<String, String>,
        meta: BTreeMap<String, String>,
        is_sample: bool,
        external_id: String,
        /// Whether the artwork is left as it is.
        skip_img_manip: bool,
        /// Whether the SKU is left unchecked.
        skip_sku_validation: bool,
        /// Whether the artwork is left unchecked.
        skip_image_validation: bool,
        /// Whether the item can be made as it is.
        fulfillment_ready: bool,
    }
}

model! {
    /// `CreateOrderItemImageModel`.
    Image optional {
        /// Where the artwork is.
        url: String,
        /// Where its thumbnail is.
        thumbnail_url: String,
        /// Part of the product, for example `Front`.
        area: String,
        /// For example `DirectToGarment`.
        print_method: String,
        /// A print file that the platform holds already.
        our_print_file_id: String,
        /// Where that file is.
        our_print_file_url: String,
    }
}

model! {
    /// `OptionModel` and `AttributeModel`.
    NameValue optional {
        /// For example `Size`.
        name: String,
        /// For example `11 oz`.
        value: String,
    }
}

model! {
    /// `ReprintModel`.
    Reprint optional {
        /// The order that is repeated.
        original_order_id: String,
        /// Why.
        reason_id: String,
        /// What is sent again, by facility.
        shipments: Vec<ReprintShipment>,
    }
}

model! {
    /// `ReprintShipmentModel`.
    ReprintShipment optional {
        /// Which facility makes it.
        facility_id: String,
        /// How it is sent.
        shipping_method: String,
        /// Who pays.
        cost_coverage: ReprintCostCoverage,
        /// What is made again.
        items: Vec<ReprintItem>,
    }
}

model! {
    /// `ReprintCostCoverageModel`.
    ReprintCostCoverage optional {
        /// For the items, for example `Merchant`.
        item: String,
        /// For shipping, for example `Customer`.
        shipping: String,
    }
}

model! {
    /// `ReprintShipmentItemModel`.
    ReprintItem optional {
        /// The merchant's SKU.
        sku: String,
        /// Units.
        quantity: u32,
    }
}

impl CreateOrder {
    /// The currency of every amount.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency_code.unwrap_or(Currency::USD)
    }
}
