// Cloudflare Workers and other runtimes that import a WebAssembly file as a compiled module, and compile nothing else.

import module from "./ordermill.wasm";

import { load } from "./core.js";

export const { validateBulkOrder, validateInstantOrder, validateOrder, validateOrders, rulesVersion, errorCatalogue } =
  load(module);
