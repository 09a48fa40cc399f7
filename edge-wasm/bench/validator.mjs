// Makes `@ordermill/edge` resolve in the work folder as it does when the package is installed.

import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { packageFolder, workFolder } from "./settings.mjs";

/** The path of a module that re-exports the package, under the conditions of whoever imports it. */
export function linkValidator() {
  const link = join(workFolder, "node_modules/@ordermill/edge");
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(packageFolder, link);
  const path = join(workFolder, "validator.mjs");
  writeFileSync(path, 'export * from "@ordermill/edge";\n');
  return path;
}
