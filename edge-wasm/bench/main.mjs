// Runs every bench and prints the figures: a table, or with `--json` one {"name","value"} object per line. `cargo mill
// bench edge` builds the prerequisites and calls this.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { bodies, writeBodies } from "./bodies.mjs";
import { figures } from "./figures.mjs";
import { say } from "./measure.mjs";
import { bodiesFolder, nativeProgram, schemaFile, versionOf } from "./settings.mjs";

const values = measure();
if (process.argv.includes("--json")) {
  for (const [name, value] of values) {
    say(name, value);
  }
} else {
  printTable();
}

/** Runs each part in its own process, one after the other, so that none leaves garbage for the next. */
function measure() {
  writeBodies(bodiesFolder);
  const script = (name) => run(process.execPath, [fileURLToPath(new URL(name, import.meta.url))]);
  const measured = new Map([
    ...script("sizes.mjs"),
    ...script("node.mjs"),
    ...run(nativeProgram, [bodiesFolder, schemaFile]),
    ...script("workerd.mjs"),
  ]);
  measured.set("wasm_over_native", measured.get("node_validator_us") / measured.get("native_validator_us"));
  return inOrder(measured);
}

/** The names and values that a program prints. */
function run(program, args) {
  const output = execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  return output.split("\n").filter(Boolean).map((line) => JSON.parse(line)).map(({ name, value }) => [name, value]);
}

/** The values in listed order; throws if a figure is missing or not listed. */
function inOrder(measured) {
  const listed = figures.filter(({ name }) => name).map(({ name }) => name);
  const wrong = [
    ...listed.filter((name) => !Number.isFinite(measured.get(name))).map((name) => `${name} was not measured`),
    ...[...measured.keys()].filter((name) => !listed.includes(name)).map((name) => `${name} is not listed`),
  ];
  if (wrong.length > 0) {
    throw new Error(wrong.join("; "));
  }
  return new Map(listed.map((name) => [name, Number(measured.get(name).toPrecision(6))]));
}

function printTable() {
  const kilobytes = (bodies["orders-100"].length / 1_000).toFixed(0);
  console.log(`Edge validator: 100 orders, ${kilobytes} KB, unless said otherwise; the fastest of many runs, in turn`);
  console.log(`Peers: ${peers().join(", ")}`);
  for (const figure of figures) {
    console.log(figure.group ? `\n${figure.group}` : row(figure));
  }
}

function peers() {
  const cargo = readFileSync(new URL("native/Cargo.toml", import.meta.url), "utf8");
  const jsonschema = /^jsonschema = .*"=([\d.]+)"/m.exec(cargo)[1];
  const npm = ["ajv", "miniflare", "workerd"].map((name) => `${name} ${versionOf(name)}`);
  return [`Node ${process.versions.node} (V8 ${process.versions.v8})`, ...npm, `jsonschema ${jsonschema}`];
}

function row({ name, is, unit, atMost, atLeast }) {
  const value = values.get(name);
  const left = `  ${is.padEnd(56)}${shown(value, unit).padStart(14)}`;
  if (atMost === undefined && atLeast === undefined) return left;
  const bound = atMost === undefined ? `≥ ${shown(atLeast, unit)}` : `≤ ${shown(atMost, unit)}`;
  const holds = atMost === undefined ? value >= atLeast : value <= atMost;
  return `${left}  ${bound.padEnd(16)}${holds ? "holds" : "MISSED"}`;
}

function shown(value, unit) {
  const digits = { bytes: 0, µs: 0 }[unit] ?? 2;
  const number = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit === undefined ? number : `${number} ${unit}`;
}
