// A Cloudflare Worker in front of the Ordermill APIs: rejects bad orders and sends everything else to the origin.

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

/** The body, or undefined if it is longer than the limit; the rest of it is then not read. */
function bodyOf(request) {
  const declared = Number(request.headers.get("Content-Length") ?? 0);
  return declared > gate.bodyBytesMax ? undefined : readAtMost(request.body, gate.bodyBytesMax);
}

/** Sends the request to the origin; redirects are left to the client. */
function forward(request, env, body, added) {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  // Only this Worker may set the header.
  headers.delete("Ordermill-Rules");
  for (const [name, value] of Object.entries(added)) {
    headers.set(name, value);
  }
  const url = env.ORIGIN.replace(/\/$/, "") + pathname + search;
  return fetch(url, { method: request.method, headers, body, redirect: "manual" });
}
