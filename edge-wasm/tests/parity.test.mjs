// The native code and the module in Node and in workerd give the same verdicts, byte for byte, built for speed and for size:
// on the vectors, on more than 20,000 mutated seeds and on near misses.
//
//   ORDERMILL_VERDICTS    JSONL of `cargo run -p shared --example verdicts`, default ../target/edge/verdicts.jsonl:
//                         {"body":"order|orders|bulk_order|instant_order","bytes":"<base64>","verdict":"<JSON text>"}
//   ORDERMILL_SMALL       folder of the package built for size, default ../target/edge/small

import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import test from "node:test";
import { fileURLToPath } from "node:url";

import { packageFolder, projectWith } from "./support/install.mjs";
import { startWorker } from "./support/workerd.mjs";

/** With fewer lines the test would not prove what it claims. */
const LINES_MIN = 24_000;
/** Bytes of bodies per request to workerd. */
const BATCH_BYTES = 8_000_000;

const built = fileURLToPath(new URL("../../target/edge/", import.meta.url));
const verdictsFile = process.env.ORDERMILL_VERDICTS ?? resolve(built, "verdicts.jsonl");
const smallFolder = process.env.ORDERMILL_SMALL ?? resolve(built, "small");

const functions = {
  bulk_order: "validateBulkOrder",
  instant_order: "validateInstantOrder",
  order: "validateOrder",
  orders: "validateOrders",
};

/** The lines of the file, one at a time: the whole file is longer than a string can be. */
async function* lines() {
  for await (const line of createInterface({ input: createReadStream(verdictsFile), crlfDelay: Infinity })) {
    yield JSON.parse(line);
  }
}

async function compareInNode(edge) {
  let count = 0;
  for await (const { body, bytes, verdict } of lines()) {
    count += 1;
    const found = JSON.stringify(edge[functions[body]](Buffer.from(bytes, "base64")));
    assert.ok(found === verdict, `line ${count}: ${found}\n  is not ${verdict}`);
  }
  assert.ok(count >= LINES_MIN, `only ${count} verdicts`);
  return count;
}

for (const [name, folder] of [["speed", packageFolder], ["size", smallFolder]]) {
  test(`Node agrees with the native code, built for ${name}`, async (t) => {
    t.diagnostic(`${await compareInNode(await import(resolve(folder, "node.js")))} verdicts`);
  });
}

// A request is a sequence of (function, length, body); the answer has one line per verdict.
const WORKER = `
import * as edge from "@ordermill/edge";
const functions = ${JSON.stringify(Object.values(functions))}.map((name) => edge[name]);
export default {
  async fetch(request) {
    const buffer = await request.arrayBuffer();
    const words = new DataView(buffer);
    const verdicts = [];
    for (let at = 0; at < buffer.byteLength; ) {
      const length = words.getUint32(at + 1);
      verdicts.push(JSON.stringify(functions[words.getUint8(at)](new Uint8Array(buffer, at + 5, length))));
      at += 5 + length;
    }
    return new Response(verdicts.join("\\n"));
  },
};
`;

test("workerd agrees with the native code", async (t) => {
  const worker = await startWorker(projectWith({ "worker.mjs": WORKER }), "worker.mjs", {
    compatibilityDate: "2026-04-01",
  });
  let [count, bytes, parts, expected] = [0, 0, [], []];
  async function compareBatch() {
    const response = await worker.dispatchFetch("http://worker/", { method: "POST", body: Buffer.concat(parts) });
    const found = (await response.text()).split("\n");
    assert.equal(found.length, expected.length);
    found.forEach((verdict, index) => assert.ok(verdict === expected[index], `${verdict}\n  is not ${expected[index]}`));
    count += found.length;
    [bytes, parts, expected] = [0, [], []];
  }
  for await (const { body, bytes: base64, verdict } of lines()) {
    const content = Buffer.from(base64, "base64");
    const head = Buffer.alloc(5);
    head.writeUInt8(Object.keys(functions).indexOf(body));
    head.writeUInt32BE(content.length, 1);
    parts.push(head, content);
    expected.push(verdict);
    bytes += content.length;
    if (bytes > BATCH_BYTES) {
      await compareBatch();
    }
  }
  await compareBatch();
  assert.ok(count >= LINES_MIN, `only ${count} verdicts`);
  t.diagnostic(`${count} verdicts`);
});
