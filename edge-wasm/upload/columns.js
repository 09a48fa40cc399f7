/**
 * The members of both APIs as columns: maps dotted names to members, and says which cells become JSON numbers or
 * booleans. The validator decides which values are valid. A test compares this list with `shared/vectors/validation`,
 * so a new member cannot be forgotten.
 */

export const TEXT = "text";
export const NUMBER = "number";
export const BOOLEAN = "boolean";

const list = (entry) => ({ list: entry });
/** Free names with text values. */
const MAP = { map: true };
/** `[{name, value}]`, one column per name. */
const NAMED = { named: true };
/** The rows of an order: each row is one entry, so the column has no index. */
const rows = (entry) => ({ rows: entry });

const members = (names, kind = TEXT) => Object.fromEntries(names.split(" ").map((name) => [name, kind]));

const ADDRESS = members("firstName lastName line1 line2 line3 city state zip countryCode phone email");

const PAYMENT_METHOD = {
  ...members("method subMethod cardFirst4 cardLast4"),
  billingInfo: { fullName: TEXT, address: { ...ADDRESS, location: members("longitude latitude", NUMBER) } },
  customerTransactions: list({
    ...members("currencyCode transactionDate transactionId authorizationCode"),
    total: NUMBER,
  }),
};

const ITEM = {
  ...members("sku externalId"),
  ...members("quantity customerSubtotal customerPrice customerShippingPrice customerTaxes", NUMBER),
  ...members("customerDiscountsOrPromotions", NUMBER),
  ...members("isSample skipImgManip skipSkuValidation skipImageValidation fulfillmentReady", BOOLEAN),
  images: list(members("url thumbnailUrl area printMethod ourPrintFileId ourPrintFileUrl")),
  options: NAMED,
  clientAttributes: MAP,
  meta: MAP,
};

const REPRINT = {
  ...members("originalOrderId reasonId"),
  shipments: list({
    ...members("facilityId shippingMethod"),
    costCoverage: members("item shipping"),
    items: list({ sku: TEXT, quantity: NUMBER }),
  }),
};

export const NETWORK_ORDER = {
  ...members("safeId merchantId externalId languageCode currencyCode customerShippingMethod"),
  ...members("isTest isSample allowExternalOrderIdDuplication automaticProcessing", BOOLEAN),
  ...members("customerTotal customerItemTotal customerTotalShipping customerTotalTaxes", NUMBER),
  ...members("customerTotalDiscountAndPromotions", NUMBER),
  shippingAddress: ADDRESS,
  billingAddress: ADDRESS,
  returnAddress: ADDRESS,
  client: members("source details version ip"),
  meta: MAP,
  customerPaymentMethods: list(PAYMENT_METHOD),
  items: rows(ITEM),
  reprint: REPRINT,
};

export const BULK_ORDER = {
  ...members("clientOrderNumber payWithCurrency"),
  enableClientOrderNumberDupCheck: BOOLEAN,
  products: rows({ sku: TEXT, quantity: NUMBER }),
};

/** Headers are compared without case, spaces, underscores and hyphens: `Shipping_Address.first name` matches. */
const plain = (name) => name.toLowerCase().replace(/[\s_-]/g, "");

const isLeaf = (node) => typeof node === "string";

/**
 * Finds the member that a header names.
 * Finds the member that a header names.
 *
 * Returns `{path, kind}`; in the path a number is an index into a list, and `rows` precedes the part that differs
 * between rows. Returns null if there is no such member.
 */
export function findColumn(tree, header) {
  const segments = header.trim().split(".");
  return descend(tree, segments, []) ?? shortForm(tree, segments);
}

/** `sku` for `products.sku`: the bulk API has short names for the members of a line. */
function shortForm(tree, segments) {
  const lines = tree.products?.rows;
  return lines ? descend(lines, segments, [{ member: "products" }, { rows: true }]) : null;
}

function descend(node, segments, path) {
  if (isLeaf(node)) return segments.length === 0 ? { path, kind: node } : null;
  if (node.map === true || node.named === true) {
    const name = segments.join(".");
    return name === "" ? null : { path: [...path, { [node.map ? "entry" : "named"]: name }], kind: TEXT };
  }
  if (node.rows) return descend(node.rows, segments, [...path, { rows: true }]);
  if (node.list) return descendList(node.list, segments, path);
  const [first, ...rest] = segments;
  const member = Object.keys(node).find((name) => first !== undefined && plain(name) === plain(first));
  return member ? descend(node[member], rest, [...path, { member }]) : null;
}

/** `images.url` is the first image, like `images.0.url`. */
function descendList(entry, segments, path) {
  const hasIndex = /^\d{1,3}$/.test(segments[0] ?? "");
  const index = hasIndex ? Number(segments[0]) : 0;
  return descend(entry, hasIndex ? segments.slice(1) : segments, [...path, { index }]);
}

/** The dotted name of a path, as in a file's header. */
export function columnName(path) {
  const parts = path.map((step) => step.member ?? step.entry ?? step.named ?? step.index ?? null);
  return parts.filter((part) => part !== null).join(".");
}

/** Every column except free names, each list by its first entry: the names to compare a header with. */
export function knownColumns(tree, path = []) {
  if (isLeaf(tree)) return [columnName(path)];
  if (tree.map === true || tree.named === true) return [];
  if (tree.rows) return knownColumns(tree.rows, [...path, { rows: true }]);
  if (tree.list) return knownColumns(tree.list, [...path, { index: 0 }]);
  return Object.keys(tree).flatMap((member) => knownColumns(tree[member], [...path, { member }]));
}

/** The known column closest to a header, if the difference looks like a typo. */
export function nearestColumn(tree, header) {
  const wanted = plain(header);
  let best = null;
  let bestDistance = Math.min(4, Math.ceil(wanted.length / 4) + 1);
  for (const name of knownColumns(tree)) {
    const distance = editDistance(plain(name), wanted);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

function editDistance(left, right) {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const replaced = row[j - 1] + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[right.length];
}
