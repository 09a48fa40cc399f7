// Two linters that know nothing of each other find nothing to complain about in the OpenAPI document.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { fileURLToPath } from "node:url";

import { createConfig, lintFromString } from "@redocly/openapi-core";
import spectral from "@stoplight/spectral-core";
import rulesets from "@stoplight/spectral-rulesets";

const FILE = fileURLToPath(new URL("../../shared/generated/openapi.json", import.meta.url));
const text = readFileSync(FILE, "utf8");

/** Redocly's rules that are not as strict as its strictest set has them. */
const REDOCLY = {
  // Members that a schema does not name are allowed and warned about, and some examples show that.
  "no-invalid-media-type-examples": { severity: "error", allowAdditionalProperties: true },
  // The paths are those of existing APIs; the router takes a fixed segment before a parameter.
  "no-ambiguous-paths": "off",
};

/** Spectral's rules that are off. */
const SPECTRAL = {
  // There is nobody to write to about a system that one runs oneself.
  "info-contact": "off",
  "contact-properties": "off",
  // The license has an SPDX expression, beside which OpenAPI 3.1 forbids a URL.
  "license-url": "off",
  // Tags are in the order in which one reads them.
  "openapi-tags-alphabetical": "off",
  // Where the summary says everything there is no description.
  "operation-description": "off",
};

test("Redocly, with its strictest rules", async () => {
  const config = await createConfig({ extends: ["recommended-strict"], rules: REDOCLY });
  const problems = await lintFromString({ source: text, absoluteRef: FILE, config });
  const found = problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`);
  assert.deepEqual(found, []);
});

test("Spectral, with all its rules for OpenAPI", async () => {
  const linter = new spectral.Spectral();
  linter.setRuleset({ extends: [[rulesets.oas, "all"]], rules: SPECTRAL });
  const found = await linter.run(text);
  assert.deepEqual(found.map(({ code, path, message }) => `${code} ${path.join("/")}: ${message}`), []);
});
