// Builds the peer: ajv's standalone code for the schema of the rules, with the cross-field checks, as one module
// without imports. Node and workerd run the same file; neither needs `eval`.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import Ajv from "ajv/dist/2020.js";
import standaloneCode from "ajv/dist/standalone/index.js";

import { bundle } from "./bundle.mjs";
import { schemaFile, tools, workFolder } from "./settings.mjs";

const entry = (form) => `
import validate from "./ajv-${form}.cjs";
import { crossField } from ${JSON.stringify(join(tools, "bench/cross-field.mjs"))};

/** All problems of a body: the peer's counterpart of \`validateOrders\`. */
export function validateByPeer(text) {
  const body = JSON.parse(text);
  const fits = validate(body);
  return { errors: fits ? [] : validate.errors, findings: crossField(body) };
}
`;

/**
 * The forms of the schema. With references, ajv generates a function per model; without, a single function that is too
 * long for the engine's optimising compiler.
 */
const forms = {
  generated: (schema) => schema,
  inlined: ({ $defs, ...schema }) => inline(schema, $defs),
};

/** Writes the peer's module for a form of the schema and returns its path. */
export async function makePeer(form) {
  mkdirSync(workFolder, { recursive: true });
  const ajv = new Ajv.default({ allErrors: true, allowUnionTypes: true, code: { source: true } });
  const schema = JSON.parse(readFileSync(schemaFile, "utf8"));
  writeFileSync(join(workFolder, `ajv-${form}.cjs`), standaloneCode.default(ajv, ajv.compile(forms[form](schema))));
  writeFileSync(join(workFolder, `peer-${form}-entry.mjs`), entry(form));
  return bundle(`peer-${form}-entry.mjs`, `peer-${form}.mjs`);
}

/** The schema with each reference replaced by its target. */
function inline(schema, definitions) {
  if (typeof schema !== "object" || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map((part) => inline(part, definitions));
  const { $ref, ...rest } = schema;
  const whole = $ref === undefined ? rest : { ...definitions[$ref.replace("#/$defs/", "")], ...rest };
  return Object.fromEntries(Object.entries(whole).map(([key, part]) => [key, inline(part, definitions)]));
}
