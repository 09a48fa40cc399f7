/**
 * The module worker: loads the validator and serves the calls of `rpc.js` with the methods of a session. Reading,
 * validating and sending happen here, so the page stays responsive.
 */

import * as edge from "./edge/browser.js";
import { Session } from "./session.js";

/** 96 random bits. `crypto.randomUUID` is missing where the page is not served over HTTPS. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `up-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

const session = new Session({
  edge,
  newId,
  notify: (event) => postMessage({ event }),
  fetch: (...request) => fetch(...request),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});

/** The methods that the page may call. */
const METHODS = new Set([
  "rulesVersion", "load", "clear", "setFilter", "setGivesIds", "rows", "nextProblem", "editCell", "editText", "text",
  "tryText", "send", "pause", "stop", "file",
]);

addEventListener("message", async ({ data: { id, method, args } }) => {
  try {
    if (!METHODS.has(method)) throw new Error(`there is no method ${method}`);
    postMessage({ id, value: await session[method](...args) });
  } catch (error) {
    postMessage({ id, error: String(error?.message ?? error) });
  }
});

postMessage({ event: { phase: "ready", rulesVersion: session.rulesVersion() } });
