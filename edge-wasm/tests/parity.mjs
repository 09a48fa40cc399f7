// The module decides like the native code, byte for byte.
//
//   ORDERMILL_EDGE_PKG    folder with the output of wasm-bindgen for Node (edge_wasm.js, edge_wasm_bg.wasm)
//   ORDERMILL_VERDICTS    JSONL of `cargo run -p shared --example verdicts`:
//                         {"body":"order|orders|bulk_order","bytes":"<base64>","verdict":"<JSON text>"}
//
//   node --test edge-wasm/tests/parity.mjs

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import test from "node:test";

/** Fewer lines than this are not evidence but a broken generator. */
const LINES_MIN = 100;

function setting(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return resolve(value);
}

const edge = createRequire(import.meta.url)(join(setting("ORDERMILL_EDGE_PKG"), "edge_wasm.js"));

const functions = {
  bulk_order: edge.validateBulkOrder,
  order: edge.validateOrder,
  orders: edge.validateOrders,
};

test("every native verdict is the verdict of the module", () => {
  const lines = readFileSync(setting("ORDERMILL_VERDICTS"), "utf8").split("\n").filter(Boolean);
  assert.ok(lines.length >= LINES_MIN, `only ${lines.length} verdicts, at least ${LINES_MIN} are expected`);

  for (const [index, line] of lines.entries()) {
    const { body, bytes, verdict } = JSON.parse(line);
    assert.equal(functions[body](Buffer.from(bytes, "base64")), verdict, `line ${index + 1} (${body}): ${bytes}`);
    // What the module answers is JSON for JavaScript too.
    assert.equal(typeof JSON.parse(verdict).valid, "boolean");
  }
});

test("the module names the version of its rules", () => {
  assert.match(edge.rulesVersion(), /^\d+\.\d+\.\d+\+[0-9a-f]{8}$/);
});

test("the module takes an empty body", () => {
  for (const validate of Object.values(functions)) {
    assert.equal(JSON.parse(validate(new Uint8Array())).violations[0].code, "NOT_JSON");
  }
});
