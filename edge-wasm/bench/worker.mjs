// Runs in workerd: stores bodies, and runs a candidate on one of them as often as requested.
//
//   PUT /<body>                               stores the body, as bytes and as text
//   GET /<candidate>?body=<body>&times=<n>    runs the candidate n times, returns its last result
//
// The clock does not advance while a Worker computes, so the sender of the requests takes the time.

import { validateOrders } from "@ordermill/edge";

import { validateByPeer } from "./peer-generated.mjs";
import { validateByPeer as validateByInlinedPeer } from "./peer-inlined.mjs";

const bodies = new Map();

const candidates = {
  json_parse: ({ text }) => JSON.parse(text),
  ajv: ({ text }) => validateByPeer(text),
  ajv_inlined: ({ text }) => validateByInlinedPeer(text),
  validator: ({ bytes }) => validateOrders(bytes),
  validator_string: ({ text }) => validateOrders(text),
};

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const name = pathname.slice(1);
    if (request.method === "PUT") {
      const bytes = new Uint8Array(await request.arrayBuffer());
      bodies.set(name, { bytes, text: new TextDecoder().decode(bytes) });
      return new Response();
    }
    const body = bodies.get(searchParams.get("body"));
    const run = candidates[name];
    let result = null;
    for (let left = Number(searchParams.get("times")); left > 0; left -= 1) {
      result = run(body);
    }
    return searchParams.has("result") ? Response.json(result) : new Response();
  },
};
