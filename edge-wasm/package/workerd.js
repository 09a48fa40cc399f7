// Cloudflare Workers and other runtimes that import a WebAssembly file as a compiled module and cannot compile at run
// time.

import module from "./ordermill.wasm";

import { load } from "./core.js";

export const { validateBulkOrder, validateInstantOrder, validateOrder, validateOrders, rulesVersion, errorCatalogue } =
  load(module);
