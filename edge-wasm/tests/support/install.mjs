// The built package, packed as npm would publish it and installed in otherwise empty projects.

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

const EDGE_WASM = fileURLToPath(new URL("../..", import.meta.url));

/** The folder of the built package. */
export const packageFolder = resolve(process.env.ORDERMILL_PACKAGE ?? join(EDGE_WASM, "../target/edge/package"));

if (!existsSync(join(packageFolder, "ordermill.wasm"))) {
  throw new Error(`${packageFolder} holds no package: build it, or name its folder in ORDERMILL_PACKAGE`);
}

/** A file of edge-wasm. */
export function source(path) {
  return join(EDGE_WASM, path);
}

/** A folder that is removed after the tests of the file. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "ordermill-edge-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A new project with the package installed and the given files; works offline. */
export function projectWith(files, { from } = {}) {
  const folder = temporaryFolder();
  if (from !== undefined) {
    cpSync(from, folder, { recursive: true });
  }
  for (const [name, text] of Object.entries({ "package.json": '{"private":true}', ...files })) {
    writeFileSync(join(folder, name), text);
  }
  npm(packageFolder, "pack", "--silent", "--pack-destination", folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  npm(folder, "install", "--offline", "--no-audit", "--no-fund", "--silent", `./${tarball}`);
  return folder;
}

function npm(folder, ...parameters) {
  execFileSync("npm", parameters, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
}
