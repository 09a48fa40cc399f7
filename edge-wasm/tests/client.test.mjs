// The typed client: its types, which its build derives from the OpenAPI document, hold under `tsc --strict`, and its calls reach a stack.
//
//   ORDERMILL_MILL, ORDERMILL_URL   the stack, as for the other tests

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { fileURLToPath } from "node:url";

import { SETTINGS, stackUrl } from "./support/stack.mjs";

const CLIENT = fileURLToPath(new URL("../client", import.meta.url));
const url = await stackUrl();
const skip = url ? false : `needs ${SETTINGS}`;

/** A folder that is removed when the tests have ended. */
function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "ordermill-client-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

before(() => assert.ok(existsSync(join(CLIENT, "dist/index.js")), "build the client: `npm run build` in edge-wasm/client"));

const USE = `
import { type ApiError, type Schema, createClient, unwrap } from "@ordermill/client";

const client = createClient({ url: "http://127.0.0.1:3000", token: "t", apiKey: "k" });
const order: Schema<"CreateOrderModel"> = {
  shippingAddress: { firstName: "Ada", line1: "1 Main St", city: "Springfield", countryCode: "US" },
  items: [{ sku: "mug", quantity: 1 }],
};
const created = await client.POST("/order/v1/orders", { body: order });
if (created.error) {
  // The gateway answers 429 and 5xx in a shape of its own, without a code.
  const code: string | undefined = "code" in created.error ? created.error.code : undefined;
  // @ts-expect-error: an error has no order
  created.error.order;
} else {
  const id: string = created.data.order.id;
}
// @ts-expect-error: there is no such path
client.GET("/order/v1/order");
// @ts-expect-error: a quantity is a number
client.POST("/order/v1/orders", { body: { ...order, items: [{ sku: "mug", quantity: "1" }] } });
// @ts-expect-error: the path has a parameter
client.GET("/note/v1/notes/{noteId}");
const note = await unwrap(client.GET("/note/v1/notes/{noteId}", { params: { path: { noteId: "n" } } }));
const noteId: string = note.note.id;
const refused = {} as ApiError<Schema<"OrderNetworkError">>;
const errors: readonly unknown[] = refused.body.errors;
`;

test("the declarations hold under tsc --strict", () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "node_modules/@ordermill"), { recursive: true });
  symlinkSync(CLIENT, join(folder, "node_modules/@ordermill/client"));
  writeFileSync(join(folder, "package.json"), '{"private":true,"type":"module"}');
  writeFileSync(join(folder, "use.ts"), USE);
  const options = ["--strict", "--noEmit", "--target", "es2022", "--lib", "es2022,dom", "--module", "nodenext", "--exactOptionalPropertyTypes"];
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(CLIENT, "node_modules/typescript/bin/tsc"), ...options, "use.ts"], { cwd: folder, encoding: "utf8" });
  assert.equal(stdout + stderr, "");
  assert.equal(status, 0);
});

test("an order is created, read and listed; refusals are typed errors", { skip }, async () => {
  const { createClient, unwrap, ApiError } = await import("../client/dist/index.js");
  const client = createClient({ url, token: "demo-bearer-token", apiKey: "demo-api-key" });
  const body = {
    safeId: `client-${process.pid}-${Date.now()}`,
    shippingAddress: { firstName: "Ada", line1: "1 Main St", city: "Springfield", countryCode: "US" },
    items: [{ sku: "mug", quantity: 2 }],
  };
  const created = await client.POST("/order/v1/orders", { body });
  assert.equal(created.response.status, 201, JSON.stringify(created.error));
  const { id } = created.data.order;

  const read = await unwrap(client.GET("/order/v1/orders/{orderId}", { params: { path: { orderId: id } } }));
  assert.equal(read.order.items[0].quantity, 2);
  const query = { safeId: body.safeId };
  const found = await unwrap(client.GET("/order/v1/orders/search", { params: { query } }));
  assert.deepEqual(found.orders.map((order) => order.id), [id]);
  const listed = await unwrap(client.GET("/order/v1/orders", { params: { query: { pageSize: 100 } } }));
  assert.ok(listed.orders.some((order) => order.id === id));

  const bulk = await client.POST("/v2/orders", { body: { products: [{ sku: "8PX-UF-Y5U", quantity: 1 }] } });
  assert.equal(bulk.response.status, 200, JSON.stringify(bulk.error));

  const refused = await client.POST("/order/v1/orders", { body: { ...body, items: [{ sku: "mug", quantity: 0 }] } });
  assert.equal(refused.data, undefined);
  assert.equal(refused.error.code, "VALIDATION_FAILED");
  assert.deepEqual(refused.error.errors.map(({ pointer }) => pointer), ["/items/0/quantity"]);
  const missing = unwrap(client.GET("/order/v1/orders/{orderId}", { params: { path: { orderId: "0".repeat(24) } } }));
  await assert.rejects(missing, (error) => error instanceof ApiError && error.status === 404 && error.body.code === "NOT_FOUND");
  const nobody = createClient({ url, token: "nobody" });
  assert.equal((await nobody.GET("/order/v1/orders")).response.status, 401);
});
