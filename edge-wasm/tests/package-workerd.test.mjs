// The installed package in workerd, bundled as for deployment.

import assert from "node:assert/strict";
import test from "node:test";

import { bodies, expectedVerdicts, verdictsModule } from "./support/bodies.mjs";
import { packageFolder, projectWith } from "./support/install.mjs";
import { startWorker } from "./support/workerd.mjs";

const WORKER = `
import * as edge from "@ordermill/edge";
import { verdicts } from "./verdicts.mjs";
export default {
  async fetch(request) {
    return Response.json({ version: edge.rulesVersion(), verdicts: verdicts(edge, await request.json()) });
  },
};
`;

const folder = projectWith({ "worker.mjs": WORKER, "verdicts.mjs": verdictsModule });
const worker = await startWorker(folder, "worker.mjs", { compatibilityDate: "2026-04-01" });

test("workerd gives the same verdicts as Node", async () => {
  const edge = await import(`${packageFolder}/node.js`);
  const response = await worker.dispatchFetch("http://worker/", { method: "POST", body: JSON.stringify(bodies) });
  const { version, verdicts } = await response.json();
  assert.equal(version, edge.rulesVersion());
  assert.deepEqual(verdicts, await expectedVerdicts(edge));
});
