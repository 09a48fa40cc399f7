// The tour of docs/tour.http: every request of it is answered as it says.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import test from "node:test";
import { fileURLToPath } from "node:url";

import { SETTINGS, stackUrl } from "./support/stack.mjs";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const url = await stackUrl();
const skip = url ? false : `needs ${SETTINGS}`;

test("the tour runs to its end", { skip }, () => {
  const runner = createRequire(import.meta.url).resolve("httpyac/bin/httpyac.js");
  const { stdout, stderr } = spawnSync(process.execPath, [runner, "send", "docs/tour.http", "--all", "--json", "--output", "none", "--var", `url=${url}`], { cwd: PROJECT, encoding: "utf8" });
  assert.equal(stderr, "");
  const { requests, summary } = JSON.parse(stdout);
  const failed = requests.flatMap(({ title, testResults = [] }) =>
    testResults.filter(({ status }) => status !== "SUCCESS").map(({ message }) => `${title}: ${message}`));
  assert.deepEqual(failed, []);
  const unchecked = requests.filter(({ testResults }) => !testResults?.length).map(({ title }) => title);
  assert.deepEqual(unchecked, []);
  assert.ok(summary.totalRequests >= 20 && summary.successRequests === summary.totalRequests, JSON.stringify(summary));
});
