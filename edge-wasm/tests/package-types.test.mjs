// The type declarations, as TypeScript finds them from a project with the package installed.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";

import { projectWith, source } from "./support/install.mjs";

const USE = `
const verdict: Verdict = validateOrders(new Uint8Array());
const more: Verdict[] = [
  validateOrder("{}"),
  validateBulkOrder(Buffer.from("{}")),
  validateInstantOrder(new DataView(new ArrayBuffer(2))),
  validateOrder(new ArrayBuffer(2)),
  validateOrder(new SharedArrayBuffer(2)),
];
for (const violation of verdict.orders.flatMap((order) => [...order.violations, ...order.warnings])) {
  const code: Code = violation.code;
  const isSafeId = code === "DUPLICATE_SAFE_ID";
  // @ts-expect-error: no such code
  const isOther = violation.code === "DUPLICATE_SAFE_IDS";
  // @ts-expect-error: a limit may be absent
  const length: number = violation.limit.length;
}
// @ts-expect-error: an object is not a body
validateOrder({ bulk: [] });
const status: number = errorCatalogue()[0]!.status;
// @ts-expect-error: the catalogue is read-only
errorCatalogue().pop();
const version: string = rulesVersion();

const gate = createGate(load({}), { answerBytesMax: 1000 });
const head = { method: "POST", path: "/v2/orders", headers: new Map<string, string>() };
const decision = gate.checks(head) ? gate.decide({ ...head, body: "{}" }) : gate.refuseLength(head);
if (decision.pass) {
  const added: Record<string, string> = decision.headers;
  // @ts-expect-error: a passing request has no answer
  decision.status;
} else {
  const answer: [number, string] = [decision.status, decision.body];
}
createGate(edge);
`;
const NAMES = "errorCatalogue, rulesVersion, validateBulkOrder, validateInstantOrder, validateOrder, validateOrders";
const ES_MODULE = `
import * as edge from "@ordermill/edge";
import { ${NAMES}, type Code, type Verdict } from "@ordermill/edge";
import { load } from "@ordermill/edge/core";
import { createGate } from "@ordermill/edge/gate";
${USE}`;
const COMMON_JS = `
import edge = require("@ordermill/edge");
import { ${NAMES}, type Code, type Verdict } from "@ordermill/edge";
import core = require("@ordermill/edge/core");
import { createGate } from "@ordermill/edge/gate";
const { load } = core;
${USE}`;

const folder = projectWith({ "use.ts": ES_MODULE, "use.mts": ES_MODULE, "use.cts": COMMON_JS });

function check(file, ...options) {
  const result = spawnSync(
    process.execPath,
    [
      source("node_modules/typescript/bin/tsc"),
      ...["--strict", "--noEmit", "--target", "es2023", "--lib", "es2023"],
      ...["--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"],
      ...["--typeRoots", source("node_modules/@types"), "--types", "node"],
      ...options,
      file,
    ],
    { cwd: folder, encoding: "utf8" },
  );
  assert.equal(result.stdout + result.stderr, "");
  assert.equal(result.status, 0);
}

for (const resolution of ["node16", "nodenext"]) {
  test(`${resolution}: an ES module`, () => check("use.mts", "--module", resolution));
  test(`${resolution}: a CommonJS module`, () => check("use.cts", "--module", resolution));
}

for (const condition of ["browser", "workerd", "edge-light"]) {
  test(`bundler: the condition ${condition}`, () => {
    check("use.ts", "--module", "esnext", "--moduleResolution", "bundler", "--customConditions", condition);
  });
}

test("bundler: no condition", () => check("use.ts", "--module", "esnext", "--moduleResolution", "bundler"));
