// The bodies that every runtime checks. They travel as JSON, because a runtime may be another process.

import { readFileSync } from "node:fs";

/** A seed of the vectors. */
export function seed(name) {
  return readFileSync(new URL(`../../../shared/vectors/seeds/${name}.request.json`, import.meta.url));
}

const ORDERS = JSON.parse(seed("create-multiple-orders"));
const [ORDER] = ORDERS.bulk;

/** A copy of the seed's bulk, modified by `change`. */
export function orders(change) {
  const body = structuredClone(ORDERS);
  change(body);
  return JSON.stringify(body);
}

/** A copy of the seed's first order, modified by `change`. */
export function order(change) {
  const body = structuredClone(ORDER);
  change(body);
  return JSON.stringify(body);
}

/** `check` is the function; the body is given as text, base64, a number of spaces, or a value that is not a body. */
export const bodies = [
  { check: "validateBulkOrder", base64: seed("create-bulk-order").toString("base64") },
  { check: "validateBulkOrder", text: '{"products":[{"sku":"8PX-UF-Y5U","quantity":0}]}' },
  { check: "validateInstantOrder", text: '{"sku":"8PX-UF-Y5U"}' },
  { check: "validateInstantOrder", text: '{"clientOrderNumber":"😀"}' },
  { check: "validateOrder", text: order(() => undefined) },
  { check: "validateOrder", text: order((body) => Object.assign(body, { "\ufeffname": 1, "e\u0301😀": 2 })) },
  { check: "validateOrder", text: order((body) => (body.shippingAddress.countryCode = "\u00e9😀")) },
  { check: "validateOrders", base64: seed("create-multiple-orders").toString("base64") },
  { check: "validateOrders", text: orders((body) => (body.bulk[1].items[0].quantity = 0)) },
  { check: "validateOrders", text: orders((body) => (body.bulk[1].safeId = body.bulk[0].safeId)) },
  { check: "validateOrders", text: '{"bulk":{}}' },
  { check: "validateOrders", text: '\ufeff{"bulk":[]}' },
  { check: "validateOrders", text: '{"bulk":[}' },
  { check: "validateOrders", text: "\ud800" },
  { check: "validateOrders", text: "" },
  { check: "validateOrders", base64: Buffer.from([0x7b, 0xff, 0x7d]).toString("base64") },
  { check: "validateOrders", spaces: 4 * 1024 * 1024 },
  { check: "validateOrders", spaces: 4 * 1024 * 1024 + 1 },
  { check: "validateOrders", value: null },
  { check: "validateOrders", value: { bulk: [] } },
];

/** Source of a module that any runtime can load: the verdicts on the bodies, as JSON text. */
export const verdictsModule = `
export function verdicts(edge, bodies) {
  return bodies.map((body) => JSON.stringify(edge[body.check](bodyOf(body))));
}

function bodyOf({ text, base64, spaces, value }) {
  if (base64 !== undefined) {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  }
  if (spaces !== undefined) {
    return new Uint8Array(spaces).fill(0x20);
  }
  return text ?? value;
}
`;

/** The same verdicts in this process. */
export async function expectedVerdicts(edge) {
  const { verdicts } = await import(`data:text/javascript,${encodeURIComponent(verdictsModule)}`);
  return verdicts(edge, JSON.parse(JSON.stringify(bodies)));
}
