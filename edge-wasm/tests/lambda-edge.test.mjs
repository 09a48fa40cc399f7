// The Lambda@Edge example, on CloudFront events.

import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";

import { order, orders, seed } from "./support/bodies.mjs";
import { includedBody, originRequest } from "./support/cloudfront.mjs";
import { packageFolder, projectWith, source } from "./support/install.mjs";

const folder = projectWith({}, { from: source("examples/lambda-edge") });
const { handler } = await import(join(folder, "index.mjs"));
const { rulesVersion } = await import(`${packageFolder}/node.js`);

const RULES = { "ordermill-rules": [{ key: "Ordermill-Rules", value: rulesVersion() }] };

/** The event's request, as CloudFront would forward it unchanged. */
function requestOf(event) {
  return structuredClone(event.Records[0].cf.request);
}

test("a valid order is forwarded unchanged, with the version of the rules", async () => {
  for (const [uri, body] of [
    ["/v2/orders", seed("create-bulk-order")],
    ["/v2/orders/instant", '{"sku":"mug"}'],
    ["/order/v1/orders", order(() => undefined)],
    ["/order/v1/orders/bulk", seed("create-multiple-orders")],
    ["/order/v1/orders/bulk", orders((bulk) => (bulk.bulk[1].items = []))],
  ]) {
    const event = originRequest({ uri, body: includedBody(body) });
    const expected = requestOf(event);
    Object.assign(expected.headers, RULES);
    assert.deepEqual(await handler(event), expected, uri);
  }
});

test("a bad order gets its API's error format, with CloudFront's request id", async () => {
  const event = originRequest({ uri: "/v2/orders", body: includedBody('{"products":[{"sku":"mug","quantity":0}]}') });
  assert.deepEqual(await handler(event), {
    status: "400",
    statusDescription: "Bad Request",
    headers: {
      "content-type": [{ key: "Content-Type", value: "application/json" }],
      "ordermill-refused-by": [{ key: "Ordermill-Refused-By", value: "edge" }],
      ...RULES,
    },
    body: JSON.stringify({
      requestId: event.Records[0].cf.config.requestId,
      error: "VALIDATION_FAILED",
      message: "the body breaks 1 rule",
      details: [
        {
          error: "OUT_OF_RANGE",
          message: "must be an integer from 1 to 10000, not `0`",
          pointer: "/products/0/quantity",
          value: 0,
        },
      ],
    }),
    bodyEncoding: "text",
  });
});

test("a body given as text is read as text", async () => {
  const body = { inputTruncated: false, action: "read-only", encoding: "text", data: '{"sku":"é"}' };
  const event = originRequest({ uri: "/v2/orders/instant", body });
  assert.deepEqual((await handler(event)).headers["ordermill-rules"], RULES["ordermill-rules"]);
  body.data = "{";
  assert.equal((await handler(originRequest({ uri: "/v2/orders/instant", body }))).status, "400");
});

test("a malformed bulk, and one with too many orders", async () => {
  const none = await handler(originRequest({ uri: "/order/v1/orders/bulk", body: includedBody('{"bulk":{}}') }));
  assert.equal(none.status, "400");
  assert.deepEqual(Object.keys(JSON.parse(none.body)), ["requestId", "code", "message", "errors"]);
  const many = orders((body) => (body.bulk = Array(501).fill({})));
  const tooMany = await handler(originRequest({ uri: "/order/v1/orders/bulk", body: includedBody(many) }));
  assert.equal(tooMany.status, "413");
});

test("unchecked requests are forwarded without a version header from the client", async () => {
  for (const event of [
    // The first part of a body says nothing about the rest.
    originRequest({ uri: "/v2/orders", body: includedBody('{"products":[', { inputTruncated: true }) }),
    originRequest({ uri: "/v2/orders", body: includedBody("{}", { inputTruncated: true }) }),
    // "Include body" is off.
    originRequest({ uri: "/v2/orders" }),
    originRequest({ uri: "/v2/orders", method: "GET" }),
    originRequest({ uri: "/v2/orders", headers: { "Content-Type": "text/csv" }, body: includedBody("{") }),
    originRequest({ uri: "/v2/orders", headers: { "X-Api-Key": "" }, body: includedBody("{") }),
    originRequest({ uri: "/files", body: includedBody("{") }),
  ]) {
    const expected = requestOf(event);
    event.Records[0].cf.request.headers["ordermill-rules"] = [{ key: "Ordermill-Rules", value: "9.9.9" }];
    assert.deepEqual(await handler(event), expected);
  }
});

test("an answer stays within CloudFront's limit", async () => {
  // Duplicate members, with the longest names that are shown.
  const repeated = `"${"x".repeat(500)}":1,`.repeat(1200);
  const sent = order(() => {}).replace("{", `{${repeated}`);
  const event = originRequest({ uri: "/order/v1/orders", body: includedBody(sent) });
  const { body } = await handler(event);
  const { errors, message } = JSON.parse(body);
  assert.ok(Buffer.byteLength(body) <= 999_000 && Buffer.byteLength(body) > 990_000, `${Buffer.byteLength(body)} bytes`);
  assert.match(message, new RegExp(`of which ${errors.length} are listed$`));
});
