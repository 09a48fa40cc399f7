// A Cloudflare Worker in front of the Ordermill APIs: a bad order is refused here, everything else goes to the origin.

import * as edge from "@ordermill/edge";
import { createGate } from "@ordermill/edge/gate";

import { readAtMost } from "./read.js";

const gate = createGate(edge);

export default {
  async fetch(request, env) {
    const head = { method: request.method, path: new URL(request.url).pathname, headers: request.headers };
    if (!gate.checks(head)) {
      return forward(request, env, request.body, {});
    }
    const body = await bodyOf(request);
    const decision = body === undefined ? gate.refuseLength(head) : gate.decide({ ...head, body });
    return decision.pass ? forward(request, env, body, decision.headers) : new Response(decision.body, decision);
  },
};

/** The body, or nothing where it is longer than the limit: then the rest of it is not read. */
function bodyOf(request) {
  const declared = Number(request.headers.get("Content-Length") ?? 0);
  return declared > gate.bodyBytesMax ? undefined : readAtMost(request.body, gate.bodyBytesMax);
}

/** Sends the request to the origin; a redirection is for the client to follow. */
function forward(request, env, body, added) {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  // The header speaks for this Worker, so nobody else may send it.
  headers.delete("Ordermill-Rules");
  for (const [name, value] of Object.entries(added)) {
    headers.set(name, value);
  }
  const url = env.ORIGIN.replace(/\/$/, "") + pathname + search;
  return fetch(url, { method: request.method, headers, body, redirect: "manual" });
}
