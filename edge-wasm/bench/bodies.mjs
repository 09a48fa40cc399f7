// The bodies of all timings. `writeBodies` writes them to files, so that native code reads the same bytes.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const SEED = new URL("../../shared/vectors/seeds/create-multiple-orders.request.json", import.meta.url);
/** Violations in each order of the bad body. */
export const ERRORS_PER_ORDER = 5;

const seed = JSON.parse(readFileSync(SEED, "utf8")).bulk;

/** The orders of the seed in turn, each with its own `safeId`. */
function bulk(count) {
  const order = (_, index) => ({ ...structuredClone(seed[index % seed.length]), safeId: `UniqueSafeID${100_000 + index}` });
  return { bulk: Array.from({ length: count }, order) };
}

/** One mistake of each of five kinds: a string format, two code lists, a range, and a nested format. */
function spoil(order) {
  order.currencyCode = "ZZZ";
  order.shippingAddress.email = "nope";
  order.billingAddress.countryCode = "ZZ";
  order.items[0].quantity = 0;
  order.items[1].images[0].url = "not a url";
}

function spoiled(count) {
  const body = bulk(count);
  body.bulk.forEach(spoil);
  return body;
}

/**
 * Orders with 64 long unknown names and 2,000 short ones each. With an escape in the long names this once took hundreds
 * of times as long, because every name was unescaped for comparison.
 */
function oddNames(start) {
  const body = bulk(2);
  for (const order of body.bulk) {
    for (let name = 0; name < 64; name += 1) order[`${start}${"x".repeat(1_000)}${100 + name}`] = 1;
    for (let name = 0; name < 2_000; name += 1) order[`a${name}`] = 1;
  }
  return body;
}

/** Bodies of `POST /order/v1/orders/bulk` as text, by name; minified unless the name says otherwise. */
export const bodies = {
  "orders-2": JSON.stringify(bulk(2)),
  "orders-10": JSON.stringify(bulk(10)),
  "orders-100": JSON.stringify(bulk(100)),
  "orders-500": JSON.stringify(bulk(500)),
  "orders-100-pretty": JSON.stringify(bulk(100), null, 2),
  "orders-100-errors-500": JSON.stringify(spoiled(100)),
};

/** Bodies for the validator alone, because a peer does not report unknown members. */
export const oddBodies = { plain: JSON.stringify(oddNames("n")), escaped: JSON.stringify(oddNames("\n")) };

/** Writes each body to `<folder>/<name>.json`. */
export function writeBodies(folder) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(bodies)) {
    writeFileSync(join(folder, `${name}.json`), text);
  }
}
