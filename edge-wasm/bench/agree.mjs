// Runs before any timing: checks that validator and peer agree on the bodies, because a candidate that misses mistakes
// is fast.

import assert from "node:assert/strict";

import { ERRORS_PER_ORDER, bodies } from "./bodies.mjs";

/** Throws unless both accept the valid bodies and find the same places in the bad one. */
export function agree(validateOrders, validateByPeer) {
  const { "orders-100-errors-500": bad, ...good } = bodies;
  for (const [name, text] of Object.entries(good)) {
    const verdict = validateOrders(new TextEncoder().encode(text));
    assert.ok(verdict.valid, `the validator rejects ${name}`);
    assert.deepEqual(verdict.orders.flatMap(({ warnings }) => warnings), [], `the validator warns about ${name}`);
    assert.deepEqual(validateOrders(text), verdict, `the validator gives another verdict on ${name} as a string`);
    assert.deepEqual(validateByPeer(text), { errors: [], findings: [] }, `the peer rejects ${name}`);
  }

  const { orders } = validateOrders(new TextEncoder().encode(bad));
  const ours = new Set(orders.flatMap(({ violations }) => violations.map(({ pointer }) => pointer)));
  const theirs = new Set(validateByPeer(bad).errors.map(({ instancePath }) => instancePath));
  assert.equal(ours.size, orders.length * ERRORS_PER_ORDER);
  assert.deepEqual([...ours].filter((pointer) => !theirs.has(pointer)), [], "the peer misses these");
  // ajv also reports a failing branch at the start of the branching, above the mistake.
  const isAbove = (place) => [...ours].some((pointer) => pointer.startsWith(`${place}/`));
  assert.deepEqual([...theirs].filter((place) => !ours.has(place) && !isAbove(place)), [], "the validator misses these");
}

/** Throws unless the peer's cross-field checks find what the validator finds. */
export function agreeAcrossFields(validateOrders, validateByPeer) {
  const body = JSON.parse(bodies["orders-2"]);
  body.bulk[1].safeId = body.bulk[0].safeId;
  body.bulk[0].items[0].customerSubtotal += 0.01;
  body.bulk[0].customerTotal += 1;
  const text = JSON.stringify(body);
  const ours = validateOrders(text).orders.flatMap(({ violations, warnings }) => [...violations, ...warnings]);
  const pointers = (findings) => findings.map(({ pointer }) => pointer).sort();
  assert.equal(ours.length, 3);
  assert.deepEqual(pointers(validateByPeer(text).findings), pointers(ours));
}
