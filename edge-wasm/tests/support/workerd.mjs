// Workers in workerd, bundled as deployment tools do it: the runtime's conditions select the package's files, and a
// WebAssembly file stays a separate module, compiled when the Worker is deployed.

import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { after } from "node:test";

import { Miniflare } from "miniflare";
import { build } from "vite";

/** Starts a Worker from its source and stops it after the tests of the file. */
export async function startWorker(folder, entry, { compatibilityDate, bindings = {} }) {
  const { code, modules } = await bundle(folder, entry);
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    // Without it, Miniflare fetches the `cf` object from a server.
    cf: false,
    compatibilityDate,
    bindings,
    modulesRoot: "/",
    modules: [
      { type: "ESModule", path: "/index.js", contents: code },
      ...modules.map((path) => ({ type: "CompiledWasm", path: `/${basename(path)}`, contents: readFileSync(path) })),
    ],
  });
  after(() => miniflare.dispose());
  await miniflare.ready;
  return miniflare;
}

async function bundle(folder, entry) {
  const modules = [];
  const keepWasm = {
    name: "keep-wasm",
    enforce: "pre",
    resolveId(name, importer) {
      if (!name.endsWith(".wasm")) {
        return null;
      }
      modules.push(join(dirname(importer), name));
      return { id: `./${basename(name)}`, external: true };
    },
  };
  const [{ output }] = await build({
    root: folder,
    configFile: false,
    logLevel: "warn",
    resolve: { conditions: ["workerd", "worker", "browser"] },
    plugins: [keepWasm],
    build: { write: false, target: "esnext", minify: false, lib: { entry: join(folder, entry), formats: ["es"] } },
  });
  return { code: output[0].code, modules };
}
