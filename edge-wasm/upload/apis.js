/**
 * The two APIs side by side: exactly what differs between them.
 */

import { BULK_ORDER, NETWORK_ORDER } from "./columns.js";
import { literals, stringMembers, withStringMember } from "./json-text.js";

/** Limits of the API (`shared/src/limits.rs`). */
export const BULK_ORDERS_MAX = 500;
export const BODY_BYTES_MAX = 4 * 1024 * 1024;

/** Order network API: bulks of orders, each named by its `safeId`. */
const network = {
  name: "network",
  title: "Order network",
  tree: NETWORK_ORDER,
  path: "/order/v1/orders/bulk",
  validate: "validateOrder",
  idMember: "safeId",
  /** The first of these columns that a row fills determines its order. */
  keyColumns: ["safeId", "externalId"],
  requiredColumns: [
    "shippingAddress.line1", "shippingAddress.city", "shippingAddress.countryCode", "items.sku", "items.quantity",
  ],
  requiredObjects: ["shippingAddress"],
  /** One call at a time: if two orders share an externalId, the first one in the file is created. */
  callsAtOnce: 1,
  ordersPerCallMax: BULK_ORDERS_MAX,
  canGiveIds: true,
  headers: ({ bearerToken }) => ({ Authorization: `Bearer ${bearerToken}` }),
  body: (texts) => `{"bulk":[${texts.join(",")}]}`,
  withId: (text, id) => withStringMember(text, "safeId", id),
  idMembers: ["safeId", "externalId"],
  /** Whether a request may be resent after its answer was lost. */
  isRepeatable: (text) => stringMembers(text, ["safeId"]).safeId !== "",
  orderPath: (id) => `/order/v1/orders/${encodeURIComponent(id)}`,
};

/** Bulk order API: one order per call, named by its `clientOrderNumber` if the duplicate check is on. */
const bulk = {
  name: "bulk",
  title: "Bulk orders",
  tree: BULK_ORDER,
  path: "/v2/orders",
  validate: "validateBulkOrder",
  idMember: "clientOrderNumber",
  keyColumns: ["clientOrderNumber"],
  requiredColumns: ["products.sku", "products.quantity"],
  requiredObjects: [],
  callsAtOnce: 4,
  ordersPerCallMax: 1,
  canGiveIds: false,
  headers: ({ apiKey, bearerToken }) => ({ "x-api-key": apiKey, Authorization: `Bearer ${bearerToken}` }),
  body: ([text]) => text,
  withId: (text) => text,
  idMembers: ["clientOrderNumber"],
  isRepeatable: (text) => {
    const { clientOrderNumber, enableClientOrderNumberDupCheck } = literals(text, ["clientOrderNumber", "enableClientOrderNumberDupCheck"]);
    return enableClientOrderNumberDupCheck === "true" && /^".+"$/.test(clientOrderNumber);
  },
  orderPath: (id) => `/v2/orders?transactionId=${encodeURIComponent(id)}`,
};

export const APIS = { network, bulk };

/** The URL of a call: the base is the page's origin unless the user entered another one. */
export function address(base, path) {
  return base.replace(/\/+$/, "") + path;
}
