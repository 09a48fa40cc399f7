//! The rules: which members each body has and what each must be. One line is one member.
//!
//! Sources: the request model of the order network API (sections 6.2 and 6.4 of its specification) and section 1.4 of
//! the bulk API. Every bound is a named limit with its reason in [`crate::limits`].

use super::field::{Field, field};
use super::format;
use super::table::{Array, Check, Map, Object, Rule, Sign, Slot};
use crate::Code;
use crate::limits as max;

/// Rules of a body as a whole.
pub struct BodyRules {
    pub(super) root: Rule,
    /// Whether unknown members cause warnings; else they are ignored.
    pub(super) warns_of_unknown_members: bool,
    /// Whether texts, even of unknown members, are searched for card numbers. A body without free texts has nothing to
    /// search.
    pub(super) searches_texts: bool,
    /// Whether an empty string in an optional member counts as absent (as in the examples of the order network API).
    pub(super) empty_is_absent: bool,
    /// Whether it contains orders, which have a size limit of their own.
    #[cfg(feature = "domain")]
    pub(super) is_order: bool,
}

impl BodyRules {
    /// The rules of a body that only the functions read: one object with a verdict of its own.
    #[cfg(feature = "domain")]
    pub(crate) const fn of(object: &'static Object) -> Self {
        Self {
            root: Rule::Order(object),
            warns_of_unknown_members: true,
            searches_texts: true,
            empty_is_absent: false,
            is_order: false,
        }
    }

    pub(super) const fn is_order(&self) -> bool {
        #[cfg(feature = "domain")]
        return self.is_order;
        #[cfg(not(feature = "domain"))]
        true
    }
}

/// `POST /v2/orders`.
pub(super) static BULK_ORDER_BODY: BodyRules = BodyRules {
    root: Rule::Order(&BULK_ORDER),
    warns_of_unknown_members: false,
    searches_texts: false,
    empty_is_absent: false,
    #[cfg(feature = "domain")]
    is_order: true,
};
/// `POST /v2/orders/instant`.
pub(super) static INSTANT_ORDER_BODY: BodyRules = BodyRules { root: Rule::Order(&INSTANT_ORDER), ..BULK_ORDER_BODY };
/// `POST /order/v1/orders`.
pub(super) static ORDER_BODY: BodyRules = BodyRules { root: Rule::Order(&ORDER), ..ORDERS_BODY };
/// `POST /order/v1/orders/bulk`.
pub(super) static ORDERS_BODY: BodyRules = BodyRules {
    root: Rule::Object(&ORDERS),
    warns_of_unknown_members: true,
    searches_texts: true,
    empty_is_absent: true,
    #[cfg(feature = "domain")]
    is_order: true,
};

const QUANTITY: Rule = Rule::Integer { min: 1, max: max::QUANTITY_MAX as i32 };
const AMOUNT: Rule = Rule::Amount(Sign::NotNegative);
const NAME: Rule = text(max::NAME_CHARACTERS_MAX);
const ID: Rule = id(max::ID_CHARACTERS_MAX);
const KEYWORD: Rule = text(max::KEYWORD_CHARACTERS_MAX);
const META: Rule = Rule::Map(&STRINGS);

/// A free text of at least one character, without a card number; empty optional members count as absent before this is
/// checked.
const fn text(max: usize) -> Rule {
    Rule::Text { min: 1, max }
}

/// Like [`text`], for the number of an order, a product, a payment or a telephone: many shops number their orders with
/// 13 or more digits, and one in ten of these would pass for a card number. Rejecting a sale for that is worse than
/// accepting a card number where nobody would type one.
const fn id(max: usize) -> Rule {
    Rule::Id { min: 1, max }
}

const fn object(name: &'static str, fields: &'static [Field]) -> Object {
    Object::new(name, fields)
}

const fn list(max: usize, entry: Rule) -> Array {
    Array { min: 0, max, entry, too_many: Code::TooMany }
}

// ------------------------------------------------------------------------------------------------ bulk API, /v2

const CLIENT_ORDER_NUMBER: Field =
    field("clientOrderNumber", id(max::CLIENT_ORDER_NUMBER_CHARACTERS_MAX)).keep(Slot::ClientOrderNumber);
const DUPLICATE_CHECK: Field = field("enableClientOrderNumberDupCheck", Rule::Boolean).keep(Slot::DuplicateCheck);
const SKU: Field = field("sku", id(max::SKU_CHARACTERS_MAX));
const PAY_WITH_CURRENCY: Field = field("payWithCurrency", Rule::Format(&format::CURRENCY_UPPER));

static BULK_ORDER: Object = Object {
    check: Check::DuplicateCheckHasNumber,
    ..object(
        "BulkOrderRequest",
        &[
            CLIENT_ORDER_NUMBER,
            DUPLICATE_CHECK,
            field("products", Rule::Array(&PRODUCTS)).required(),
            PAY_WITH_CURRENCY,
        ],
    )
};

/// Always one unit (section 1.5 of the bulk API): a `quantity` is ignored like any unknown member.
static INSTANT_ORDER: Object = Object {
    check: Check::DuplicateCheckHasNumber,
    ..object("InstantOrderRequest", &[CLIENT_ORDER_NUMBER, DUPLICATE_CHECK, SKU.required(), PAY_WITH_CURRENCY])
};

static PRODUCTS: Array = Array { min: 1, ..list(max::PRODUCTS_MAX, Rule::Object(&PRODUCT)) };

static PRODUCT: Object = object("ProductRequest", &[SKU.required(), field("quantity", QUANTITY).required()]);

// ------------------------------------------------------------------------------------------------ order network API

static ORDERS: Object = object("CreateOrderModelBulkModel", &[field("bulk", Rule::Array(&BULK)).required()]);

static BULK: Array =
    Array { min: 1, max: max::BULK_ORDERS_MAX, entry: Rule::Order(&ORDER), too_many: Code::TooManyOrders };

static ORDER: Object = Object {
    check: Check::OrderTotals,
    ..object(
        "CreateOrderModel",
        &[
            field("safeId", Rule::Format(&format::SAFE_ID)).keep(Slot::SafeId),
            field("merchantId", Rule::Format(&format::UUID)),
            field("shippingAddress", Rule::Object(&SHIPPING_ADDRESS)).required(),
            field("billingAddress", Rule::Object(&ADDRESS)),
            field("returnAddress", Rule::Object(&ADDRESS)),
            field("externalId", id(max::EXTERNAL_ID_CHARACTERS_MAX)),
            field("languageCode", Rule::Format(&format::LANGUAGE)),
            field("isTest", Rule::Boolean),
            field("isSample", Rule::Boolean),
            field("client", Rule::Object(&CLIENT)),
            field("meta", META),
            field("currencyCode", Rule::Format(&format::CURRENCY)).keep(Slot::OrderCurrency),
            field("customerShippingMethod", KEYWORD),
            field("customerTotal", AMOUNT).keep(Slot::OrderTotal),
            field("customerItemTotal", AMOUNT),
            field("customerTotalShipping", AMOUNT),
            field("customerTotalTaxes", AMOUNT),
            field("customerTotalDiscountAndPromotions", AMOUNT),
            field("customerPaymentMethods", Rule::Array(&PAYMENT_METHODS)),
            field("items", Rule::Array(&ITEMS)).required(),
            field("allowExternalOrderIdDuplication", Rule::Boolean),
            field("reprint", Rule::Object(&REPRINT)),
            field("automaticProcessing", Rule::Boolean),
        ],
    )
};

/// The members of every address; shipping addresses have required ones.
const fn address(ship_to: bool) -> [Field; 11] {
    [
        field("firstName", NAME),
        field("lastName", NAME),
        field("line1", NAME).required_if(ship_to),
        field("line2", NAME),
        field("line3", NAME),
        field("city", NAME).required_if(ship_to),
        field("state", NAME),
        field("zip", text(max::ZIP_CHARACTERS_MAX)),
        field("countryCode", Rule::Format(&format::COUNTRY)).required_if(ship_to),
        field("phone", id(max::PHONE_CHARACTERS_MAX)),
        field("email", Rule::Format(&format::EMAIL)),
    ]
}
static ADDRESS: Object = object("BaseAddressModel", &address(false));
static SHIPPING_ADDRESS: Object = object("ShippingAddressModel", &address(true));
static LOCATED_ADDRESS: Object = object("AddressModel", {
    static FIELDS: [Field; 12] = {
        let [a, b, c, d, e, f, g, h, i, j, k] = address(false);
        [field("location", Rule::Object(&COORDINATES)), a, b, c, d, e, f, g, h, i, j, k]
    };
    &FIELDS
});

static COORDINATES: Object = object(
    "CoordinatesModel",
    &[field("longitude", Rule::Degrees { max: 180 }), field("latitude", Rule::Degrees { max: 90 })],
);

static CLIENT: Object = object(
    "APIClientInfoModel",
    &[
        field("source", NAME),
        field("details", Rule::Lines { min: 1, max: max::META_VALUE_CHARACTERS_MAX }),
        field("version", KEYWORD),
        field("ip", Rule::Format(&format::IP)),
    ],
);

static STRINGS: Map = Map {
    entries_max: max::META_ENTRIES_MAX,
    name: text(max::META_NAME_CHARACTERS_MAX),
    value: Rule::Lines { min: 0, max: max::META_VALUE_CHARACTERS_MAX },
};

static PAYMENT_METHODS: Array = list(max::PAYMENT_METHODS_MAX, Rule::Object(&PAYMENT_METHOD));

static PAYMENT_METHOD: Object = object(
    "CreateOrderCustomerPaymentMethodModel",
    &[
        field("method", KEYWORD),
        field("subMethod", KEYWORD),
        field("cardFirst4", Rule::Format(&format::CARD_DIGITS)),
        field("cardLast4", Rule::Format(&format::CARD_DIGITS)),
        field("billingInfo", Rule::Object(&BILLING_INFO)),
        field("customerTransactions", Rule::Array(&TRANSACTIONS)),
    ],
);

static BILLING_INFO: Object =
    object("BillingInfoModel", &[field("fullName", NAME), field("address", Rule::Object(&LOCATED_ADDRESS))]);

static TRANSACTIONS: Array = list(max::TRANSACTIONS_MAX, Rule::Object(&TRANSACTION));

static TRANSACTION: Object = Object {
    check: Check::Transaction,
    ..object(
        "CustomerTransactionModel",
        &[
            // Refunds are negative.
            field("total", Rule::Amount(Sign::Any)).keep(Slot::TransactionTotal),
            field("currencyCode", Rule::Format(&format::CURRENCY)).keep(Slot::TransactionCurrency),
            field("transactionDate", Rule::Format(&format::DATE)),
            field("transactionId", ID),
            field("authorizationCode", ID),
        ],
    )
};

static ITEMS: Array = Array { min: 1, ..list(max::ITEMS_MAX, Rule::Object(&ITEM)) };

static ITEM: Object = Object {
    check: Check::ItemSubtotal,
    ..object(
        "CreateOrderItemModel",
        &[
            SKU.required(),
            field("quantity", QUANTITY).required().keep(Slot::ItemQuantity),
            field("images", Rule::Array(&IMAGES)),
            field("options", Rule::Array(&OPTIONS)),
            field("customerSubtotal", AMOUNT).keep(Slot::ItemSubtotal),
            field("customerPrice", AMOUNT).keep(Slot::ItemPrice),
            field("customerShippingPrice", AMOUNT),
            field("customerTaxes", AMOUNT),
            field("customerDiscountsOrPromotions", AMOUNT),
            field("clientAttributes", META),
            field("meta", META),
            field("isSample", Rule::Boolean),
            field("externalId", id(max::EXTERNAL_ID_CHARACTERS_MAX)),
            field("skipImgManip", Rule::Boolean),
            field("skipSkuValidation", Rule::Boolean),
            field("skipImageValidation", Rule::Boolean),
            field("fulfillmentReady", Rule::Boolean),
        ],
    )
};

static IMAGES: Array = list(max::IMAGES_MAX, Rule::Object(&IMAGE));

static IMAGE: Object = object(
    "CreateOrderItemImageModel",
    &[
        field("url", Rule::Format(&format::URL)),
        field("thumbnailUrl", Rule::Format(&format::URL)),
        field("area", KEYWORD),
        field("printMethod", KEYWORD),
        field("ourPrintFileId", ID),
        field("ourPrintFileUrl", Rule::Format(&format::URL)),
    ],
);

static OPTIONS: Array = list(max::OPTIONS_MAX, Rule::Object(&ITEM_OPTION));

static ITEM_OPTION: Object = object(
    "ItemOptionModel",
    &[field("name", NAME), field("value", Rule::Lines { min: 1, max: max::META_VALUE_CHARACTERS_MAX })],
);

static REPRINT: Object = object(
    "ReprintModel",
    &[
        field("originalOrderId", ID).required(),
        field("reasonId", ID),
        field("shipments", Rule::Array(&REPRINT_SHIPMENTS)),
    ],
);

static REPRINT_SHIPMENTS: Array = list(max::REPRINT_SHIPMENTS_MAX, Rule::Object(&REPRINT_SHIPMENT));

static REPRINT_SHIPMENT: Object = object(
    "ReprintShipmentModel",
    &[
        field("facilityId", ID),
        field("shippingMethod", KEYWORD),
        field("costCoverage", Rule::Object(&COST_COVERAGE)),
        field("items", Rule::Array(&REPRINT_ITEMS)),
    ],
);

static COST_COVERAGE: Object = object("CostCoverageModel", &[field("item", KEYWORD), field("shipping", KEYWORD)]);

static REPRINT_ITEMS: Array = list(max::ITEMS_MAX, Rule::Object(&REPRINT_ITEM));

static REPRINT_ITEM: Object = object("ReprintItemModel", &[SKU, field("quantity", QUANTITY)]);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{BULK_ORDER, INSTANT_ORDER, ORDER, Object, Rule};

    /// Every place in the tables; lists by their first entry.
    fn places(object: &'static Object, at: &str, places: &mut BTreeSet<String>) {
        for field in object.fields {
            place(field.rule, format!("{at}/{}", field.name()), places);
        }
    }

    fn place(rule: Rule, at: String, found: &mut BTreeSet<String>) {
        match rule {
            Rule::Object(object) | Rule::Order(object) => places(object, &at, found),
            Rule::Array(array) => place(array.entry, format!("{at}/0"), found),
            _ => {}
        }
        found.insert(at);
    }

    #[test]
    fn every_member_has_a_vector() {
        let vectors = include_str!("../../vectors/validation/members.jsonl");
        for (body, object) in [("bulk_order", &BULK_ORDER), ("instant_order", &INSTANT_ORDER), ("order", &ORDER)] {
            let mut known = BTreeSet::new();
            places(object, "", &mut known);
            assert!(known.len() >= 4);
            for at in known {
                let start = format!(r#"{{"body":"{body}","at":"{at}","#);
                assert!(vectors.lines().any(|line| line.starts_with(&start)), "no vector for `{at}` of {body}");
            }
        }
    }

    #[test]
    fn names_are_unique_in_their_object() {
        for object in [&BULK_ORDER, &super::PRODUCT, &super::ORDERS, &ORDER, &super::LOCATED_ADDRESS, &super::ITEM] {
            let names: BTreeSet<_> = object.fields.iter().map(|field| field.name()).collect();
            assert_eq!(names.len(), object.fields.len(), "{}", object.name);
        }
    }
}
