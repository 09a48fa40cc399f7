// Vercel's Edge runtime, which imports a WebAssembly file as a compiled module under this name.

import module from "./ordermill.wasm?module";

import { load } from "./core.js";

export const { validateBulkOrder, validateInstantOrder, validateOrder, validateOrders, rulesVersion, errorCatalogue } =
  load(module);
