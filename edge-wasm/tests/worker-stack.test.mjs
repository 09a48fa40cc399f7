// The example Worker in front of the local stack: its errors are the ones that the stack would return.
//
//   ORDERMILL_URL    address of a running stack, or
//   ORDERMILL_MILL   path of the built `mill`, which then runs on a free port with everything in memory

import assert from "node:assert/strict";
import test from "node:test";

import { order, orders, seed } from "./support/bodies.mjs";
import { startExample } from "./support/example-worker.mjs";
import { SETTINGS, stackUrl } from "./support/stack.mjs";

const origin = await stackUrl();
const skip = origin ? false : `needs ${SETTINGS}`;
const edge = origin ? await startExample(origin) : undefined;

const CREDENTIALS = { authorization: "Bearer demo-bearer-token", "x-api-key": "demo-api-key" };

async function send(base, path, body, headers = {}) {
  const response = await fetch(base + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...CREDENTIALS, ...headers },
    body: typeof body === "function" ? body() : body,
    // Only needed for a stream body, but allowed for all.
    duplex: "half",
  });
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    refusedBy: response.headers.get("ordermill-refused-by"),
    text: (await response.text()).replace(/"requestId":"[^"]*"/g, '"requestId":""'),
  };
}

/** Sent without a length, so that the Worker has read everything before it can reject the body. */
const tooLong = () => new Blob([Buffer.alloc(4 * 1024 * 1024 + 1, " ")]).stream();
const manyProducts = JSON.stringify({ products: Array(100).fill({ sku: "\u0007".repeat(65), quantity: 0.5, x: 1 }) });
const manyErrors = order((body) => (body.items = Array(400).fill({ sku: "", quantity: "\u0007\u007f\u2028", images: 1 })));

/** Values that every JSON parser reads the same way. */
const SHOWN = [
  ...["12345678901234567", "-123456789012345", "1.5", "1.50", "-0", "-0.000001", "0.0000001", "1e400", "true"],
  ...['"\\u0041\\ud800"', '"\\u0041"', JSON.stringify("\\".repeat(99))],
];
const withValue = (value) =>
  `{"shippingAddress":{"line1":"a","city":"a","countryCode":${value}},"items":[{"sku":"a","quantity":${value}}]}`;

/** Rejected as a whole. */
const REFUSED = [
  ["/v2/orders", ""],
  ["/v2/orders", "{"],
  ["/v2/orders", "[]"],
  ["/v2/orders", Buffer.from([0x22, 0xff, 0x22])],
  ["/v2/orders", '{"products":[],"payWithCurrency":"usd"}'],
  ["/v2/orders", '{"enableClientOrderNumberDupCheck":true,"products":[{"sku":"😀\\u0000","quantity":1e1}]}'],
  ["/v2/orders", manyProducts],
  ["/v2/orders", tooLong],
  ["/order/v1/orders", '"\\ud800"'],
  ["/order/v1/orders", "[".repeat(40)],
  ["/order/v1/orders", "{}"],
  ["/order/v1/orders", order((body) => (body.shippingAddress.countryCode = "\u00e9\u2028"))],
  ["/order/v1/orders", manyErrors],
  ["/order/v1/orders", JSON.stringify({ x: "x".repeat(256 * 1024) })],
  ["/order/v1/orders", tooLong],
  ["/order/v1/orders", order((body) => (body["ßx/~"] = 1)), { prefer: "handling=strict" }],
  ["/order/v1/orders", order((body) => (body.items = [])), { prefer: 'a, handling="strict"' }],
  ...SHOWN.map((value) => ["/order/v1/orders", withValue(value)]),
  ["/order/v1/orders/bulk", "{}"],
  ["/order/v1/orders/bulk", '{"bulk":[]}'],
  ["/order/v1/orders/bulk", '{"bulk":[{}],"bulk":[{}]}'],
  ["/order/v1/orders/bulk", orders((body) => (body.bulk = Array(501).fill({})))],
];

test("the edge returns the origin's errors", { skip }, async () => {
  for (const [path, body, headers] of REFUSED) {
    const name = `${path} ${String(body).slice(0, 60)}`;
    const [refused, expected] = [await send(edge, path, body, headers), await send(origin, path, body, headers)];
    assert.ok(expected.status >= 400, name);
    assert.deepEqual(refused, { ...expected, refusedBy: "edge" }, name);
  }
});

/** Forwarded: valid, or answered order by order, or without credentials. */
const PASSED = [
  [200, "/order/v1/orders/bulk", orders((body) => body.bulk.forEach((each) => (each.items = [])))],
  [200, "/order/v1/orders/bulk", orders((body) => (body.bulk[1].items = []))],
  [201, "/order/v1/orders", order((body) => Object.assign(body, { safeId: "edge-1", externalId: "edge-1" }))],
  [200, "/v2/orders", seed("create-bulk-order")],
  [400, "/v2/orders", '{"products":[{"sku":"no such product","quantity":1}]}'],
  [401, "/v2/orders", "{", { "x-api-key": "" }],
  [401, "/order/v1/orders", "{", { authorization: "" }],
  [415, "/v2/orders", "{", { "content-type": "text/plain" }],
  [404, "/v2/order", "{"],
  // A strict client gets violations and warnings in one list, in an order that the edge does not know.
  [400, "/order/v1/orders", order((body) => Object.assign(body, { y: 1, items: [] })), { prefer: "handling=strict" }],
];

test("the origin answers everything that the edge passes", { skip }, async () => {
  for (const [status, path, body, headers] of PASSED) {
    const answer = await send(edge, path, body, headers);
    assert.deepEqual([answer.status, answer.refusedBy], [status, null], `${path}: ${answer.text}`);
  }
});
