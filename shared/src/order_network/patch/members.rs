//! Which members of an order and of an item an update may bring, and what becomes of the others.

/// Members of an order that an update may bring.
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
/// Members of an order that stay as they were created: they name it, or decided what became of it.
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
/// Members of an item that an update may bring.
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
/// Members of an order, or of an item, that reads show and nobody sends: who sends back what was read changes nothing by them.
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
