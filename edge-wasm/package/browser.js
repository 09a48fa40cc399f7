// Browsers, with or without a bundler: the module's URL is written so that bundlers find the file and include it.

import { load } from "./core.js";

export const { validateBulkOrder, validateInstantOrder, validateOrder, validateOrders, rulesVersion, errorCatalogue } =
  load(await compile(new URL("./ordermill.wasm", import.meta.url)));

async function compile(url) {
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`${url} was answered with status ${response.status}`);
  }
  // Streaming compilation requires the exact MIME type, which some servers do not send.
  return response.headers.get("Content-Type") === "application/wasm"
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}
