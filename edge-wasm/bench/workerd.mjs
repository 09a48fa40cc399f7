// Times the validator and its peers in workerd, the runtime of Cloudflare Workers, through Miniflare: from outside, as
// the difference between a request for many runs and a request for none.

import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { Miniflare } from "miniflare";

import { bodies } from "./bodies.mjs";
import { bundle } from "./bundle.mjs";
import { say } from "./measure.mjs";
import { makePeer } from "./peer.mjs";
import { edgeModule, workFolder } from "./settings.mjs";
import { linkValidator } from "./validator.mjs";

const CANDIDATES = ["json_parse", "ajv", "ajv_inlined", "validator", "validator_string"];
const BODY = "orders-100";
const BAD_BODY = "orders-100-errors-500";
const ROUNDS = 60;
const WARM_UP_RUNS = 60;
/** Runs per request: long compared with the request itself, short compared with a pause of the machine. */
const REQUEST_MS = 25;

const miniflare = new Miniflare({
  host: "127.0.0.1",
  cf: false,
  compatibilityDate: "2026-04-01",
  modulesRoot: workFolder,
  modules: await modules(),
});
try {
  await main();
} finally {
  await miniflare.dispose();
}

async function modules() {
  linkValidator();
  await makePeer("generated");
  await makePeer("inlined");
  copyFileSync(new URL("worker.mjs", import.meta.url), join(workFolder, "worker-entry.mjs"));
  const worker = await bundle("worker-entry.mjs", "worker.mjs", ["workerd"]);
  return [
    { type: "ESModule", path: worker },
    { type: "CompiledWasm", path: join(workFolder, "ordermill.wasm"), contents: readFileSync(edgeModule) },
  ];
}

async function main() {
  for (const name of [BODY, BAD_BODY]) {
    await miniflare.dispatchFetch(`http://localhost/${name}`, { method: "PUT", body: bodies[name] });
  }
  await checkResults();
  const us = await fastest();
  for (const name of CANDIDATES) {
    say(`workerd_${name}_us`, us[name]);
  }
  say("workerd_validator_over_json_parse", us.validator / us.json_parse);
  say("workerd_ajv_over_validator", us.ajv / us.validator);
  say("workerd_ajv_inlined_over_validator", us.ajv_inlined / us.validator);
}

/** Checks the decisions in workerd; `node.mjs` compares the full results. */
async function checkResults() {
  const result = async (candidate, body) => (await request(candidate, body, 1, "&result")).json();
  const [good, bad] = [await result("validator", BODY), await result("validator", BAD_BODY)];
  const [fits, misfits] = [await result("ajv", BODY), await result("ajv", BAD_BODY)];
  const found = bad.orders.flatMap(({ violations }) => violations).length;
  if (!good.valid || fits.errors.length > 0 || found !== 500 || misfits.errors.length < found) {
    throw new Error(`workerd decides differently: ${good.valid}, ${fits.errors.length}, ${found}, ${misfits.errors.length}`);
  }
}

/** The fastest run of each candidate, all in turn. */
async function fastest() {
  const least = Object.fromEntries(CANDIDATES.map((name) => [name, { none: Infinity, many: Infinity }]));
  const runs = {};
  for (const name of CANDIDATES) {
    await time(name, WARM_UP_RUNS);
    runs[name] = Math.ceil(REQUEST_MS / ((await time(name, WARM_UP_RUNS)) / WARM_UP_RUNS));
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of CANDIDATES) {
      least[name].none = Math.min(least[name].none, await time(name, 0));
      least[name].many = Math.min(least[name].many, await time(name, runs[name]));
    }
  }
  const us = ([name, { none, many }]) => [name, ((many - none) / runs[name]) * 1_000];
  return Object.fromEntries(Object.entries(least).map(us));
}

/** Milliseconds of one request. */
async function time(candidate, times) {
  const start = performance.now();
  await (await request(candidate, BODY, times)).arrayBuffer();
  return performance.now() - start;
}

function request(candidate, body, times, more = "") {
  return miniflare.dispatchFetch(`http://localhost/${candidate}?body=${body}&times=${times}${more}`);
}
