// The decisions of an edge function, without a platform around it.

import assert from "node:assert/strict";
import test from "node:test";

import { order, orders, seed } from "./support/bodies.mjs";
import { packageFolder } from "./support/install.mjs";

const edge = await import(`${packageFolder}/node.js`);
const { createGate } = await import(`${packageFolder}/gate.js`);
const gate = createGate(edge);

const HEADERS = { "content-type": "application/json", authorization: "Bearer token", "x-api-key": "key" };

function request(path, body, headers = {}, method = "POST") {
  return { method, path, headers: new Headers({ ...HEADERS, ...headers }), body, requestId: "id" };
}

const checked = { pass: true, headers: { "Ordermill-Rules": edge.rulesVersion() } };
const unchecked = { pass: true, headers: {} };
const refusedHeaders = {
  "Content-Type": "application/json",
  "Ordermill-Refused-By": "edge",
  "Ordermill-Rules": edge.rulesVersion(),
};

test("a request without a body is treated like an empty one", () => {
  for (const body of [null, undefined, ""]) {
    assert.equal(gate.decide(request("/order/v1/orders", body)).status, 400);
  }
});

test("valid bodies pass with the version of the rules", () => {
  for (const [path, body] of [
    ["/v2/orders", seed("create-bulk-order")],
    ["/v2/orders/instant", '{"sku":"mug"}'],
    ["/order/v1/orders", order(() => undefined)],
    ["/order/v1/orders/bulk", seed("create-multiple-orders")],
  ]) {
    assert.deepEqual(gate.decide(request(path, body)), checked, path);
  }
});

test("errors of the bulk order API are flat", () => {
  assert.deepEqual(gate.decide(request("/v2/orders", '{"products":[{"sku":"mug","quantity":0},{"sku":"mug"}]}')), {
    pass: false,
    status: 400,
    headers: refusedHeaders,
    body:
      '{"requestId":"id","error":"VALIDATION_FAILED","message":"the body breaks 2 rules","details":[' +
      '{"error":"OUT_OF_RANGE","message":"must be an integer from 1 to 10000, not `0`","pointer":"/products/0/quantity","value":0},' +
      '{"error":"REQUIRED","message":"is required","pointer":"/products/1/quantity"}]}',
  });
});

test("errors of the order network API name properties", () => {
  const body = order((value) => (value.shippingAddress.countryCode = "ZZ"));
  assert.deepEqual(gate.decide(request("/order/v1/orders", body)), {
    pass: false,
    status: 400,
    headers: refusedHeaders,
    body:
      '{"requestId":"id","code":"VALIDATION_FAILED","message":"the body breaks 1 rule","errors":[' +
      '{"errorCode":"INVALID_FORMAT","errorMessage":"must be an ISO 3166-1 alpha-2 country code, not `\\"ZZ\\"`",' +
      '"propertyName":"CountryCode","attemptedValue":"ZZ","pointer":"/shippingAddress/countryCode"}]}',
  });
});

test("a page of another origin may read an error, which repeats only what was sent", () => {
  const body = order((value) => {
    value.safeId = "a b";
    value.isTest = 1.5;
    value.items[0].quantity = 12345678901234567;
    value.shippingAddress.countryCode = "x".repeat(100);
    value.customerTotal = "\u00e9";
  });
  const refusal = gate.decide(request("/order/v1/orders", body, { Origin: "https://desk.example" }));
  assert.deepEqual(refusal.headers, { ...refusedHeaders, "Access-Control-Allow-Origin": "*" });
  const sent = Object.fromEntries(JSON.parse(refusal.body).errors.map((error) => [error.propertyName, error.attemptedValue]));
  assert.equal(sent.SafeId, "a b");
  assert.equal(sent.Quantity, "12345678901234568");
  assert.equal(sent.CountryCode, "x".repeat(63));
  assert.equal(sent.CustomerTotal, "\u00e9");
});

test("a bulk passes with any orders, and is rejected if it is malformed", () => {
  const someBad = orders((body) => (body.bulk[1].items[0].quantity = 0));
  const allBad = orders((body) => body.bulk.forEach((bulkOrder) => (bulkOrder.items = [])));
  assert.deepEqual(gate.decide(request("/order/v1/orders/bulk", someBad)), checked);
  assert.deepEqual(gate.decide(request("/order/v1/orders/bulk", allBad)), checked);

  const noBulk = gate.decide(request("/order/v1/orders/bulk", '{"bulk":1}'));
  assert.equal(noBulk.status, 400);
  assert.equal(JSON.parse(noBulk.body).code, "VALIDATION_FAILED");

  const tooMany = gate.decide(request("/order/v1/orders/bulk", orders((body) => (body.bulk = Array(501).fill({})))));
  assert.equal(tooMany.status, 413);
  assert.equal(JSON.parse(tooMany.body).code, "TOO_MANY_ORDERS");
});

test("a body above the limit is rejected for its length, wherever it is truncated", () => {
  const limit = new Uint8Array(gate.bodyBytesMax).fill(0x20);
  assert.equal(JSON.parse(gate.decide(request("/v2/orders", limit)).body).details[0].error, "NOT_JSON");

  const tooLong = new Uint8Array(gate.bodyBytesMax + 1).fill(0x20);
  const refusal = gate.decide(request("/v2/orders", tooLong));
  assert.equal(refusal.status, 413);
  assert.equal(
    refusal.body,
    '{"requestId":"id","error":"PAYLOAD_TOO_LARGE","message":"a body has at most 4194304 bytes","details":[]}',
  );
  assert.deepEqual(gate.refuseLength(request("/v2/orders")), refusal);
  assert.deepEqual(gate.decide(request("/v2/orders", "é".repeat(gate.bodyBytesMax / 2 + 1))), refusal);
});

test("a strict client gets warnings too, where the origin would return them", () => {
  const odd = order((body) => (body.shippingAdress = {}));
  for (const prefer of ["handling=strict", 'respond-async, Handling="strict"']) {
    const refusal = JSON.parse(gate.decide(request("/order/v1/orders", odd, { prefer })).body);
    assert.deepEqual(refusal.errors.map((error) => error.errorCode), ["UNKNOWN_MEMBER"], prefer);
  }
  assert.deepEqual(gate.decide(request("/order/v1/orders", odd, { prefer: "handling=lenient" })), checked);
  const bulk = orders((body) => (body.bulk[0].shippingAdress = {}));
  assert.deepEqual(gate.decide(request("/order/v1/orders/bulk", bulk, { prefer: "handling=strict" })), checked);
});

test("unchecked requests pass without the version", () => {
  const cases = {
    "another method": request("/v2/orders", "{", {}, "PUT"),
    "another path": request("/v2/orders/", "{"),
    "another type": request("/v2/orders", "{", { "content-type": "text/plain" }),
    "a type with the same prefix": request("/v2/orders", "{", { "content-type": "application/jsonl" }),
    "a compressed body": request("/v2/orders", "{", { "content-encoding": "gzip" }),
    "no token": request("/order/v1/orders", "{", { authorization: "" }),
    "another scheme": request("/order/v1/orders", "{", { authorization: "Basic dXNlcg==" }),
    "an empty token": request("/order/v1/orders", "{", { authorization: "Bearer " }),
    "no key": request("/v2/orders", "{", { "x-api-key": "" }),
  };
  for (const [name, value] of Object.entries(cases)) {
    assert.equal(gate.checks(value), false, name);
    assert.deepEqual(gate.decide(value), unchecked, name);
  }
});

test("headers are recognised in every notation", () => {
  const cases = {
    "parameters of the type": request("/v2/orders", "{", { "content-type": "Application/JSON; charset=utf-8" }),
    "a type of JSON": request("/v2/orders", "{", { "content-type": "application/vnd.order+json" }),
    "the scheme in lower case": request("/v2/orders", "{", { authorization: "bearer  token" }),
    "no key where none is needed": request("/order/v1/orders", "{", { "x-api-key": "" }),
    "no body": request("/v2/orders", undefined),
  };
  for (const [name, value] of Object.entries(cases)) {
    assert.equal(gate.decide(value).status, 400, name);
  }
});

test("if the validator fails, the origin decides", () => {
  const failed = { valid: false, violations: [{ pointer: "", code: "INTERNAL", message: "" }], orders: [], omitted: 0 };
  const broken = createGate({ ...edge, validateOrder: () => failed });
  assert.deepEqual(broken.decide(request("/order/v1/orders", "{}")), unchecked);
});

test("an error has a random id if none is given", () => {
  const { requestId: _, ...anonymous } = request("/v2/orders", "{");
  const ids = [1, 2].map(() => JSON.parse(gate.decide(anonymous).body).requestId);
  assert.match(ids[0], /^[0-9a-f-]{36}$/);
  assert.notEqual(ids[0], ids[1]);
});

test("details that do not fit into an answer are counted", () => {
  const body = JSON.stringify({ products: Array(100).fill({ sku: "é".repeat(100), quantity: 0 }) });
  const whole = JSON.parse(gate.decide(request("/v2/orders", body)).body);
  assert.equal(whole.details.length, 200);
  for (const answerBytesMax of [5000, 5001, 20_000]) {
    const refusal = createGate(edge, { answerBytesMax }).decide(request("/v2/orders", body));
    const { details, message } = JSON.parse(refusal.body);
    const bytes = Buffer.byteLength(refusal.body);
    assert.ok(bytes <= answerBytesMax && bytes > answerBytesMax - 1000, `${bytes} of ${answerBytesMax} bytes`);
    assert.deepEqual(details, whole.details.slice(0, details.length));
    assert.equal(message, `the body breaks 200 rules, of which ${details.length} are listed`);
  }
});
