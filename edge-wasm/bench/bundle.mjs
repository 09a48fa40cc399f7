// Bundles a module of the work folder and its imports into one file.

import { createRequire } from "node:module";
import { join } from "node:path";

import { build } from "vite";

import { tools, workFolder } from "./settings.mjs";

const { resolve } = createRequire(import.meta.url);

const imports = {
  name: "imports",
  enforce: "pre",
  resolveId(id) {
    // WebAssembly stays a separate file: workerd imports it as a compiled module.
    if (id.endsWith(".wasm")) return { id: "./ordermill.wasm", external: true };
    // ajv's generated code imports helpers of ajv, which is not installed in the work folder.
    return id.startsWith("ajv/") ? resolve(id) : null;
  },
};

/** Bundles `entry` into `output`, both in the work folder; returns the path. */
export async function bundle(entry, output, conditions = []) {
  await build({
    root: tools,
    configFile: false,
    logLevel: "warn",
    plugins: [imports],
    resolve: { conditions },
    build: {
      outDir: workFolder,
      emptyOutDir: false,
      copyPublicDir: false,
      target: "es2023",
      minify: false,
      lib: { entry: join(workFolder, entry), formats: ["es"], fileName: () => output },
    },
  });
  return join(workFolder, output);
}
