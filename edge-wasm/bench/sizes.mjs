// The sizes of both modules, raw and compressed.

import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import { say } from "./measure.mjs";
import { edgeModule, smallModule } from "./settings.mjs";

for (const [name, path] of Object.entries({ edge: edgeModule, small: smallModule })) {
  const bytes = readFileSync(path);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  say(`${name}_bytes`, bytes.length);
  say(`${name}_gzip_bytes`, gzipSync(bytes, { level: 9 }).length);
  say(`${name}_brotli_bytes`, brotliCompressSync(bytes, { params }).length);
}
