// The example Worker in workerd, in front of an origin that echoes requests.

import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import test from "node:test";
import { gzipSync } from "node:zlib";

import { orders, seed } from "./support/bodies.mjs";
import { listen } from "./support/browser.mjs";
import { startExample } from "./support/example-worker.mjs";
import { packageFolder } from "./support/install.mjs";

const { rulesVersion } = await import(`${packageFolder}/node.js`);

/** Requests that reached the origin, each with the part of its body that has arrived. */
const arrived = [];
const origin = createServer((message, response) => {
  const seen = { method: message.method, url: message.url, headers: message.headers, bytes: Buffer.alloc(0) };
  arrived.push(seen);
  message.on("data", (chunk) => (seen.bytes = Buffer.concat([seen.bytes, chunk])));
  message.on("end", () => {
    if (message.url === "/moved") {
      response.writeHead(302, { Location: "/v2/orders" }).end();
    } else {
      response.writeHead(201, { "Content-Type": "application/json", "X-Origin": "yes" }).end(seen.bytes);
    }
  });
});
await listen(origin);
const url = await startExample(`http://127.0.0.1:${origin.address().port}/`);

const HEADERS = { "content-type": "application/json", authorization: "Bearer token", "x-api-key": "key" };

async function send(path, { method = "POST", headers = {}, body } = {}) {
  arrived.length = 0;
  const response = await fetch(url + path, {
    method,
    headers: { ...HEADERS, ...headers },
    body,
    redirect: "manual",
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes };
}

function assertPassed(response, body) {
  assert.equal(response.status, 201);
  assert.equal(response.headers.get("x-origin"), "yes");
  assert.equal(arrived.length, 1);
  assert.ok(arrived[0].bytes.equals(Buffer.from(body)));
  assert.ok(response.bytes.equals(Buffer.from(body)));
}

test("valid orders reach the origin byte for byte, with the version of the rules", async () => {
  for (const [path, body] of [
    ["/v2/orders", seed("create-bulk-order")],
    ["/v2/orders/instant", '{ "sku" : "mug" }'],
    ["/order/v1/orders/bulk?trace=1", seed("create-multiple-orders")],
    ["/order/v1/orders/bulk", orders((bulk) => (bulk.bulk[1].items = []))],
  ]) {
    const headers = { "x-trace": "a,b", prefer: "handling=lenient" };
    assertPassed(await send(path, { body, headers }), body);
    assert.equal(arrived[0].url, path);
    assert.equal(arrived[0].headers["ordermill-rules"], rulesVersion());
    assert.equal(arrived[0].headers["content-length"], String(Buffer.byteLength(body)));
    for (const [name, value] of Object.entries({ ...HEADERS, ...headers })) {
      assert.equal(arrived[0].headers[name], value);
    }
  }
});

test("a bad order gets its API's error format and does not reach the origin", async () => {
  const flat = await send("/v2/orders", { body: '{"products":[]}' });
  assert.equal(flat.status, 400);
  assert.equal(flat.headers.get("content-type"), "application/json");
  assert.equal(flat.headers.get("ordermill-refused-by"), "edge");
  assert.equal(flat.headers.get("ordermill-rules"), rulesVersion());
  const { requestId, ...rest } = JSON.parse(flat.bytes);
  assert.match(requestId, /^[0-9a-f-]{36}$/);
  assert.deepEqual(rest, {
    error: "VALIDATION_FAILED",
    message: "the body breaks 1 rule",
    details: [{ error: "TOO_FEW", message: "must have at least 1 entry, but has 0", pointer: "/products" }],
  });

  const network = await send("/order/v1/orders", { body: "{" });
  assert.equal(network.status, 400);
  assert.deepEqual(Object.keys(JSON.parse(network.bytes)), ["requestId", "code", "message", "errors"]);
  assert.equal(arrived.length, 0);
});

test("unchecked requests pass unchanged", async () => {
  const compressed = gzipSync("{");
  for (const [path, options] of [
    ["/v2/orders", { headers: { "content-type": "text/csv" }, body: "{" }],
    ["/v2/orders", { headers: { "content-encoding": "gzip" }, body: compressed }],
    ["/v2/orders", { headers: { "x-api-key": "" }, body: "{" }],
    ["/order/v1/orders/65ad", { method: "PUT", body: "{" }],
    ["//example.com/v2/orders", { body: "{" }],
  ]) {
    const forged = { "ordermill-rules": "9.9.9" };
    assertPassed(await send(path, { ...options, headers: { ...options.headers, ...forged } }), options.body);
    assert.equal(arrived[0].url, path);
    assert.equal(arrived[0].headers["ordermill-rules"], undefined);
  }
});

test("a request without a body passes, and redirects are left to the client", async () => {
  assertPassed(await send("/v2/orders?page=2", { method: "GET" }), "");
  const moved = await send("/moved", { method: "GET" });
  assert.equal(moved.status, 302);
  assert.equal(moved.headers.get("location"), "/v2/orders");
});

/** Starts a request whose body is sent in pieces. */
function begin(path, headers) {
  arrived.length = 0;
  const outgoing = request(url + path, { method: "POST", headers: { ...HEADERS, ...headers } });
  const response = new Promise((resolve, reject) => {
    outgoing.on("response", resolve).on("error", reject);
  });
  return { outgoing, response };
}

async function assertTooLarge(response) {
  const chunks = [];
  for await (const chunk of response) {
    chunks.push(chunk);
  }
  const { requestId: _, ...rest } = JSON.parse(Buffer.concat(chunks));
  assert.equal(response.statusCode, 413);
  assert.deepEqual(rest, { error: "PAYLOAD_TOO_LARGE", message: "a body has at most 4194304 bytes", details: [] });
  assert.equal(arrived.length, 0);
}

test("a body above the limit is rejected before it has ended", async () => {
  const { outgoing, response } = begin("/v2/orders", { "transfer-encoding": "chunked" });
  outgoing.write(Buffer.alloc(4 * 1024 * 1024 + 1, " "));
  await assertTooLarge(await response);
  outgoing.destroy();
});

test("a body with a Content-Length above the limit is rejected before it is read", async () => {
  const { outgoing, response } = begin("/v2/orders", { "content-length": 5 * 1024 * 1024 });
  outgoing.write(" ");
  await assertTooLarge(await response);
  outgoing.destroy();
});

test("an unchecked body is streamed to the origin", async () => {
  const { outgoing, response } = begin("/files", { "transfer-encoding": "chunked" });
  outgoing.write("first");
  while (arrived.length === 0 || arrived[0].bytes.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(String(arrived[0].bytes), "first");
  outgoing.end(" last");
  const { statusCode } = (await response).resume();
  assert.equal(statusCode, 201);
  assert.equal(String(arrived[0].bytes), "first last");
});
