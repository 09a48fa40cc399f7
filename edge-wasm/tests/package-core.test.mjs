// The code around the module in core.js: accepts bodies of every type, never throws, survives traps, frees memory.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { runInNewContext } from "node:vm";

import binaryen from "binaryen";

import { order, orders, seed } from "./support/bodies.mjs";
import { packageFolder } from "./support/install.mjs";

const { load } = await import(`${packageFolder}/core.js`);
const module = new WebAssembly.Module(readFileSync(join(packageFolder, "ordermill.wasm")));
const edge = load(module);
const VALIDATORS = ["validateBulkOrder", "validateInstantOrder", "validateOrder", "validateOrders"];

/** A fake module: at most three bytes, and the given `validate`. */
function fakeModule(validate) {
  const text = `(module
    (memory (export "memory") 1)
    (data (i32.const 0) "0.0.0")
    (global $calls (mut i32) (i32.const 0))
    (func (export "__wbindgen_malloc") (param i32 i32) (result i32) (i32.const 1024))
    (func (export "__wbindgen_free") (param i32 i32 i32))
    (func (export "rulesVersion") (result i32 i32) (tuple.make 2 (i32.const 0) (i32.const 5)))
    (func (export "bodyBytesMax") (result i32) (i32.const 3))
    (func (export "refuseLength") (param i32) (result i32 i32)
      (i32.store (i32.const 68) (local.get 0))
      (tuple.make 2 (i32.const 64) (i32.const 12)))
    (func (export "validate") (param i32 i32 i32) (result i32 i32)
      ${validate}
      (tuple.make 2 (i32.const 64) (i32.const 12))))`;
  const parsed = binaryen.parseText(text);
  parsed.setFeatures(binaryen.Features.Multivalue);
  return new WebAssembly.Module(parsed.emitBinary());
}

test("the module has no imports", () => {
  assert.deepEqual(WebAssembly.Module.imports(module), []);
});

test("every buffer and view gives the same verdict", () => {
  const text = orders((body) => (body.bulk[1].items[0].quantity = 0));
  const bytes = Buffer.from(text);
  const padded = new Uint8Array(bytes.length + 10);
  padded.set(bytes, 5);
  const shared = new SharedArrayBuffer(padded.length);
  new Uint8Array(shared).set(padded);
  const whole = padded.slice(5, 5 + bytes.length).buffer;
  const bodies = {
    buffer: bytes,
    subarray: padded.subarray(5, 5 + bytes.length),
    dataView: new DataView(padded.buffer, 5, bytes.length),
    signed: new Int8Array(padded.buffer, 5, bytes.length),
    arrayBuffer: whole,
    otherRealm: runInNewContext("Uint8Array.from(bytes).buffer", { bytes: [...bytes] }),
    sharedView: new Uint8Array(shared, 5, bytes.length),
    sharedBuffer: new Uint8Array(shared).slice(5, 5 + bytes.length).buffer,
  };
  const expected = edge.validateOrders(text);
  assert.equal(expected.orders[1].violations[0].pointer, "/bulk/1/items/0/quantity");
  for (const [name, body] of Object.entries(bodies)) {
    assert.deepEqual(edge.validateOrders(body), expected, name);
  }
});

test("a shared buffer is accepted", () => {
  const shared = new SharedArrayBuffer(2);
  new Uint8Array(shared).set(Buffer.from("[]"));
  assert.deepEqual(edge.validateOrders(shared), edge.validateOrders("[]"));
});

test("other types are rejected without throwing", () => {
  const detached = new ArrayBuffer(8);
  const view = new Uint8Array(detached);
  structuredClone(detached, { transfer: [detached] });
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const throwing = new Proxy({}, { get: () => assert.fail("the body must not be touched") });
  const cases = [
    [undefined, "undefined"],
    [null, "null"],
    [12, "a number"],
    [12n, "a bigint"],
    [true, "a boolean"],
    [Symbol("x"), "a symbol"],
    [() => "{}", "a function"],
    [{}, "an object"],
    [{ length: 2, 0: 1, 1: 2 }, "an object"],
    [{ [Symbol.toStringTag]: "ArrayBuffer", byteLength: 1e12 }, "an object"],
    [["{}"], "an object"],
    [new String("{}"), "an object"],
    [proxy, "an object"],
    [throwing, "an object"],
    [detached, "a detached buffer"],
    [view, "a detached buffer"],
  ];
  for (const [body, name] of cases) {
    for (const validator of VALIDATORS) {
      assert.deepEqual(edge[validator](body), {
        valid: false,
        violations: [
          { pointer: "", code: "WRONG_TYPE", message: `the body must be bytes or a string, not ${name}` },
        ],
        orders: [],
        omitted: 0,
      });
    }
  }
});

test("members have a fixed order, and absent ones are left out", () => {
  const verdict = edge.validateOrder(order((body) => delete body.items));
  assert.deepEqual(Object.keys(verdict), ["valid", "violations", "orders", "omitted"]);
  assert.deepEqual(Object.keys(verdict.orders[0]), ["index", "violations", "warnings"]);
  assert.deepEqual(Object.keys(verdict.orders[0].violations[0]), ["pointer", "code", "message"]);
  const [violation] = edge.validateOrder(order((body) => (body.items[0].quantity = 0))).orders[0].violations;
  assert.deepEqual(Object.keys(violation), ["pointer", "code", "message", "limit", "value"]);
});

test("changing a verdict does not affect other verdicts", () => {
  const seedOrders = seed("create-multiple-orders");
  const first = edge.validateOrders(seedOrders);
  first.orders[0].violations.push("changed");
  first.violations.push("changed");
  assert.deepEqual(edge.validateOrders(seedOrders).orders[0].violations, []);
  assert.throws(() => edge.errorCatalogue().push({}), TypeError);
  assert.throws(() => (edge.errorCatalogue()[0].code = "changed"), TypeError);
});

test("a body above the limit is not copied, and its length is in UTF-8", () => {
  const fake = load(fakeModule(""));
  assert.equal(fake.validateOrder("abc").omitted, 0);
  assert.equal(fake.validateOrder("ab\u00e9").omitted, 4);
  assert.equal(fake.validateOrder("x\u00e9\u20ac😀\ud800").omitted, 1 + 2 + 3 + 4 + 3);
  assert.equal(fake.validateOrder(new Uint8Array(70_000_000)).omitted, 70_000_000);
});

test("after a trap, the body is retried on a new instance", () => {
  const trapsOnSecondCall = `
    (if (global.get $calls) (then unreachable))
    (global.set $calls (i32.const 1))`;
  const fake = load(fakeModule(trapsOnSecondCall));
  for (let call = 1; call <= 4; call += 1) {
    assert.equal(fake.validateOrder("{}").valid, true, `call ${call}`);
  }
});

test("a body that traps twice is rejected", () => {
  const fake = load(fakeModule("unreachable"));
  for (let call = 1; call <= 2; call += 1) {
    const verdict = fake.validateOrder("{}");
    assert.deepEqual([verdict.valid, verdict.orders, verdict.omitted], [false, [], 0]);
    assert.deepEqual(
      verdict.violations.map(({ pointer, code, message }) => [pointer, code, message.split(":")[0]]),
      [["", "INTERNAL", "the validator failed on this body"]],
    );
  }
});

/** The functions on the real module, and its memory. */
function watched(t) {
  const instances = [];
  const { Instance } = WebAssembly;
  t.after(() => (WebAssembly.Instance = Instance));
  WebAssembly.Instance = class extends Instance {
    constructor(...parameters) {
      super(...parameters);
      instances.push(this);
    }
  };
  const functions = load(module);
  const [{ exports }] = instances;
  return { functions, bytes: () => exports.memory.buffer.byteLength };
}

test("the module's memory does not grow with the number of calls", (t) => {
  const { functions, bytes } = watched(t);
  const bad = orders((body) => (body.bulk = Array(200).fill({})));
  assert.equal(functions.validateOrders(bad).orders.length, 200);
  const before = bytes();
  for (let call = 0; call < 300; call += 1) {
    functions.validateOrders(bad);
  }
  assert.equal(bytes(), before);
});

test("the module's memory does not grow with a body that is too long", (t) => {
  const { functions, bytes } = watched(t);
  const before = bytes();
  const [violation] = functions.validateOrders(new Uint8Array(64 * 1024 * 1024)).violations;
  assert.equal(violation.code, "PAYLOAD_TOO_LARGE");
  assert.equal(violation.message, "a body has at most 4194304 bytes, but this one has 67108864");
  assert.equal(bytes(), before);
});
