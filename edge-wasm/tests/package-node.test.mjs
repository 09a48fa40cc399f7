// The installed package in Node, as an ES module and as a CommonJS module.
//
//   ORDERMILL_PACKAGE    folder of the built package, ../target/edge/package unless set

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import { bodies, verdictsModule } from "./support/bodies.mjs";
import { packageFolder, projectWith, source } from "./support/install.mjs";

const RUN_MJS = `
import { readFileSync } from "node:fs";
import * as edge from "@ordermill/edge";
import { verdicts } from "./verdicts.mjs";
console.log(JSON.stringify({ names: Object.keys(edge).sort(), version: edge.rulesVersion(),
  verdicts: verdicts(edge, JSON.parse(readFileSync("bodies.json", "utf8"))) }));
`;
const RUN_CJS = `
const { readFileSync } = require("node:fs");
const edge = require("@ordermill/edge");
import("./verdicts.mjs").then(({ verdicts }) =>
  console.log(JSON.stringify({ names: Object.keys(edge).sort(), version: edge.rulesVersion(),
    verdicts: verdicts(edge, JSON.parse(readFileSync("bodies.json", "utf8"))) })));
`;

const folder = projectWith({
  "bodies.json": JSON.stringify(bodies),
  "verdicts.mjs": verdictsModule,
  "run.mjs": RUN_MJS,
  "run.cjs": RUN_CJS,
});

function run(file) {
  return JSON.parse(execFileSync(process.execPath, [file], { cwd: folder, maxBuffer: 1 << 26 }));
}

test("the ES module and the CommonJS module give the same verdicts", () => {
  const [module, commonJs] = [run("run.mjs"), run("run.cjs")];
  assert.deepEqual(commonJs, module);
  assert.match(module.version, /^\d+\.\d+\.\d+\+[0-9a-f]{8}$/);
  assert.deepEqual(module.names, [
    "errorCatalogue",
    "rulesVersion",
    "validateBulkOrder",
    "validateInstantOrder",
    "validateOrder",
    "validateOrders",
  ]);
});

test("the verdicts are correct", () => {
  const verdicts = run("run.mjs").verdicts.map((verdict) => JSON.parse(verdict));
  const found = verdicts.map(({ valid, violations, orders }) => [
    valid,
    [...violations, ...orders.flatMap((order) => [...order.violations, ...order.warnings])].map(
      ({ pointer, code }) => `${pointer} ${code}`,
    ),
  ]);
  assert.deepEqual(found, [
    [true, []],
    [false, ["/products/0/quantity OUT_OF_RANGE"]],
    [true, []],
    [false, ["/sku REQUIRED"]],
    [true, []],
    [true, ["/\ufeffname UNKNOWN_MEMBER", "/e\u0301😀 UNKNOWN_MEMBER"]],
    [false, ["/shippingAddress/countryCode INVALID_FORMAT"]],
    [true, []],
    [false, ["/bulk/1/items/0/quantity OUT_OF_RANGE"]],
    [true, ["/bulk/1/safeId DUPLICATE_SAFE_ID"]],
    [false, ["/bulk WRONG_TYPE"]],
    [false, [" NOT_JSON"]],
    [false, [" NOT_JSON"]],
    [false, [" NOT_JSON"]],
    [false, [" NOT_JSON"]],
    [false, [" INVALID_UTF8"]],
    [false, [" NOT_JSON"]],
    [false, [" PAYLOAD_TOO_LARGE"]],
    [false, [" WRONG_TYPE"]],
    [false, [" WRONG_TYPE"]],
  ]);
  assert.equal(verdicts[6].orders[0].violations[0].value, '"\u00e9😀"');
});

test("the tarball has every file that the manifest names, and no others", () => {
  const installed = join(folder, "node_modules/@ordermill/edge");
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  for (const path of targets(manifest.exports)) {
    assert.ok(existsSync(join(installed, path)), path);
  }
  assert.deepEqual(readdirSync(installed).filter((name) => !/\.(c?js|d\.c?ts)$/.test(name)).sort(), [
    "README.md",
    "ordermill.wasm",
    "package.json",
  ]);
});

test("the package has the version of the workspace", () => {
  const manifest = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8"));
  const [, version] = /\[workspace\.package\]\nversion = "(.*)"/.exec(readFileSync(source("../Cargo.toml"), "utf8"));
  assert.equal(manifest.version, version);
  assert.ok(run("run.mjs").version.startsWith(`${version}+`));
});

test("the module and the manifest can be imported", () => {
  const resolve = 'console.log(require.resolve("@ordermill/edge/ordermill.wasm"), require("@ordermill/edge/package.json").name)';
  const [path, name] = String(execFileSync(process.execPath, ["-e", resolve], { cwd: folder })).trim().split(" ");
  assert.ok(path.endsWith("ordermill.wasm"));
  assert.equal(name, "@ordermill/edge");
});

test("the README's first example prints the documented output", () => {
  const readme = readFileSync(join(packageFolder, "README.md"), "utf8");
  const [, program] = /```js\n([^]*?)```/.exec(readme);
  const [, printed] = /```json\n([^]*?)```/.exec(readme);
  const example = ["--input-type=module", "-e", program];
  assert.equal(String(execFileSync(process.execPath, example, { cwd: folder })), printed);
});

function targets(entry) {
  return typeof entry === "string" ? [entry] : Object.values(entry).flatMap(targets);
}
