// The example Worker, installed and configured as for deployment.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { projectWith, source } from "./install.mjs";
import { startWorker } from "./workerd.mjs";

const EXAMPLE = source("examples/worker");

/** The address of the Worker in front of an origin. */
export async function startExample(origin) {
  const configuration = JSON.parse(readFileSync(join(EXAMPLE, "wrangler.json"), "utf8"));
  const folder = projectWith({}, { from: EXAMPLE });
  const worker = await startWorker(folder, configuration.main, {
    compatibilityDate: configuration.compatibility_date,
    bindings: { ...configuration.vars, ORIGIN: origin },
  });
  return (await worker.ready).origin;
}
