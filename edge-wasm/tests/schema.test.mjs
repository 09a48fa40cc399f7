// Compares the generated JSON Schemas with the engine's verdicts: a schema never rejects what the engine accepts, and where
// it accepts more, the list below has the reason.
//
//   ORDERMILL_VERDICTS    JSONL of `cargo run -p shared --example verdicts`, default ../target/edge/verdicts.jsonl:
//                         {"body":"order|orders|bulk_order|instant_order","bytes":"<base64>","verdict":"<JSON text>"}

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

import { Ajv2020 } from "ajv/dist/2020.js";

/** Fewer lines mean a broken generator. */
const LINES_MIN = 1_000;

const here = fileURLToPath(new URL(".", import.meta.url));
const generated = (name) => JSON.parse(readFileSync(resolve(here, "../../shared/generated", name), "utf8"));

const schemas = {
  bulk_order: generated("create-bulk-order.schema.json"),
  instant_order: generated("create-instant-order.schema.json"),
  order: generated("create-order.schema.json"),
  orders: generated("create-orders.schema.json"),
};

/** Why a schema accepts a body with this violation. `whole` reasons hide all other violations of the body. */
const reasons = {
  "JSON.parse accepts an escaped lone surrogate": {
    whole: true,
    holds: ({ code }, text) => code === "NOT_JSON" && /\\u[dD][89a-fA-F]/.test(text),
  },
  "card numbers are not looked for": { holds: ({ code }) => code === "CARD_NUMBER" },
  "depth is not counted": { whole: true, holds: ({ code }) => code === "TOO_DEEP" },
  "JSON.parse keeps the last of duplicate members": { whole: true, holds: ({ code }) => code === "DUPLICATE_MEMBER" },
  "bytes are not counted": { holds: ({ code }) => code === "PAYLOAD_TOO_LARGE" },
  "1.0 and 1e2 are integers": {
    holds: ({ code, limit, value }) =>
      code === "WRONG_TYPE" && limit === "integer" && /[.eE]/.test(value) && Number.isInteger(Number(value)),
  },
  "decimals are not counted in numbers": {
    holds: ({ code, value }) => code === "TOO_MANY_DECIMALS" && !value.startsWith('"'),
  },
  "exponents are not computed in strings": {
    holds: ({ code, value }) =>
      (code === "TOO_MANY_DECIMALS" || code === "OUT_OF_RANGE") && /^".*[eE].*"$/.test(value),
  },
  "a number rounds to the end of its range": {
    holds: ({ code, limit, value }) => code === "OUT_OF_RANGE" && rounds(value, limit),
  },
  "bytes before the @ are counted as characters": {
    holds: ({ code, limit, value }) => code === "INVALID_FORMAT" && limit === "email" && /[^\0-\x7f]/.test(value),
  },
};

/** Whether the nearest binary float is the end of a range like `-180..180` although the digits lie beyond it. */
function rounds(value, limit) {
  const end = limit.split("..")[1];
  return /^-?\d+\.\d+$/.test(value) && /^\d+$/.test(end) && Math.abs(Number(value)) === Number(end);
}

const ajv = new Ajv2020({ strict: true });
const validators = Object.fromEntries(Object.entries(schemas).map(([body, schema]) => [body, ajv.compile(schema)]));

/** The value as JavaScript reads it; undefined if JavaScript rejects it as JSON too. */
function parse(bytes) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function violationsOf(verdict) {
  return [...verdict.violations, ...verdict.orders.flatMap((order) => order.violations)];
}

/** The reasons that explain all violations; throws if one is not explained. */
function explain(violations, text, line) {
  const found = (violation) => Object.keys(reasons).filter((name) => reasons[name].holds(violation, text));
  const names = violations.flatMap(found);
  if (!names.some((name) => reasons[name].whole)) {
    for (const violation of violations) {
      assert.ok(found(violation).length > 0, `the schema accepts ${JSON.stringify(violation)}, line ${line}`);
    }
  }
  return names;
}

test("the schemas and the engine agree except for the listed reasons", () => {
  const path = resolve(process.env.ORDERMILL_VERDICTS ?? resolve(here, "../../target/edge/verdicts.jsonl"));
  assert.ok(existsSync(path), `${path} is missing: cargo run -p shared --example verdicts > ${path}`);
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  assert.ok(lines.length >= LINES_MIN, `only ${lines.length} verdicts, expected at least ${LINES_MIN}`);

  const seen = new Set();
  const counts = { accepted: 0, refused: 0, unlike: 0, unreadable: 0 };
  for (const [index, line] of lines.entries()) {
    const { body, bytes, verdict: text } = JSON.parse(line);
    const verdict = JSON.parse(text);
    const parsed = parse(Buffer.from(bytes, "base64"));
    const validate = validators[body];
    if (parsed === undefined) {
      assert.equal(verdict.valid, false, `the engine accepts invalid JSON, line ${index + 1}`);
      counts.unreadable += 1;
    } else if (!validate(parsed.value)) {
      assert.equal(verdict.valid, false, `the schema rejects line ${index + 1}: ${ajv.errorsText(validate.errors)}`);
      counts.refused += 1;
    } else if (verdict.valid) {
      counts.accepted += 1;
    } else {
      explain(violationsOf(verdict), parsed.text, index + 1).forEach((name) => seen.add(name));
      counts.unlike += 1;
    }
  }
  assert.deepEqual([...seen].sort(), Object.keys(reasons).sort(), "the listed reasons are exactly those that occur");
  assert.ok(counts.accepted > 300 && counts.refused > 300, JSON.stringify(counts));
});

test("the schemas of the OpenAPI document are these models, and all of them are valid schemas", () => {
  const document = generated("openapi.json");
  const components = document.components.schemas;
  // The one body that no route reads yet.
  const unrouted = ["InstantOrderRequest"];
  for (const schema of Object.values(schemas)) {
    const text = JSON.stringify(schema.$defs).replaceAll("#/$defs/", "#/components/schemas/");
    for (const [name, model] of Object.entries(JSON.parse(text))) {
      assert.deepEqual(components[name], unrouted.includes(name) ? undefined : model, name);
    }
  }
  // Formats such as `uint32` say which numbers are meant; nobody validates by them.
  const wholes = new Ajv2020({ strict: true, allowUnionTypes: true, validateFormats: false, keywords: ["components"] });
  wholes.addSchema({ $id: "urn:ordermill:components", components: document.components });
  for (const name of Object.keys(components)) {
    wholes.compile({ $ref: `urn:ordermill:components#/components/schemas/${name}` });
  }
});

test("patterns match long strings quickly", () => {
  const long = ["a", "-", ".", "a-", "a.", "a@", "1", "0", ":", "::", "1.", "a:", " "].map((unit) => unit.repeat(100_000));
  const patterns = JSON.stringify(schemas).match(/"pattern":"(?:[^"\\]|\\.)*"/g);
  assert.ok(patterns.length > 50);
  for (const pattern of new Set(patterns.map((member) => JSON.parse(`{${member}}`).pattern))) {
    const expression = new RegExp(pattern, "u");
    for (const text of ["", "http://", "https://[", "a@"].flatMap((start) => long.map((rest) => `${start}${rest}\n`))) {
      const started = process.hrtime.bigint();
      expression.test(text);
      const milliseconds = Number(process.hrtime.bigint() - started) / 1e6;
      assert.ok(milliseconds < 1_000, `${pattern} takes ${milliseconds} ms`);
    }
  }
});
