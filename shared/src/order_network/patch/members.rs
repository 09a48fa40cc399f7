//! Which members of an order and of an item an update may change, and the treatment of the others.

/// Members of an order that an update may change.
pub const ORDER_MEMBERS: &[&str] = &[
    "shippingAddress",
    "billingAddress",
    "returnAddress",
    "languageCode",
    "isSample",
    "client",
    "meta",
    "customerShippingMethod",
    "customerTotal",
    "customerItemTotal",
    "customerTotalShipping",
    "customerTotalTaxes",
    "customerTotalDiscountAndPromotions",
    "customerPaymentMethods",
];
/// Members of an order that cannot change: they name it, or determined its processing.
pub const FIXED_MEMBERS: &[&str] = &[
    "safeId",
    "externalId",
    "items",
    "isTest",
    "currencyCode",
    "reprint",
    "automaticProcessing",
    "allowExternalOrderIdDuplication",
];
/// Members of an item that an update may change.
pub const ITEM_MEMBERS: &[&str] = &[
    "sku",
    "quantity",
    "images",
    "options",
    "customerSubtotal",
    "customerPrice",
    "customerShippingPrice",
    "customerTaxes",
    "customerDiscountsOrPromotions",
    "clientAttributes",
    "meta",
    "isSample",
    "externalId",
    "skipImgManip",
    "skipSkuValidation",
    "skipImageValidation",
];
/// Members of an order or an item that only reads show. Sending them back has no effect.
pub const SHOWN_MEMBERS: &[&str] = &[
    "id",
    "shortId",
    "status",
    "statusDesc",
    "createdAt",
    "updatedAt",
    "merchantItemTotal",
    // Of an order alone.
    "facilityNames",
    "shipmentCreatedDates",
    "shipmentIds",
    "merchantTaxTotal",
    "merchantShippingTotal",
    "merchantTotal",
    // Of an item alone.
    "originalSKU",
    "cancelledQuantity",
    "processedAt",
    "cancelledAt",
    "attributes",
    "merchantPrice",
    "merchantShippingPrice",
    "merchantTax",
    "merchantSubTotal",
    "refundData",
];
