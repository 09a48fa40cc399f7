// Browsers, with a bundler or without: the address of the module is written so that bundlers find it and move it along.

import { load } from "./core.js";

export const { validateBulkOrder, validateInstantOrder, validateOrder, validateOrders, rulesVersion, errorCatalogue } =
  load(await compile(new URL("./ordermill.wasm", import.meta.url)));

async function compile(url) {
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`${url} was answered with status ${response.status}`);
  }
  // Compiling while the file arrives is only done for the exact type; some servers do not know it.
  return response.headers.get("Content-Type") === "application/wasm"
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}
