// The time to compile and instantiate a module, in milliseconds: `node instantiate.mjs <file>`. Runs in a fresh
// process, because a second time would be faster.

import { readFileSync } from "node:fs";

const bytes = readFileSync(process.argv[2]);

const start = performance.now();
const module = new WebAssembly.Module(bytes);
const imports = {};
for (const entry of WebAssembly.Module.imports(module)) {
  (imports[entry.module] ??= {})[entry.name] = () => {};
}
new WebAssembly.Instance(module, imports);
console.log(performance.now() - start);
