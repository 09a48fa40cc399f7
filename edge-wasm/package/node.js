// Node, as an ES module.

import { readFileSync } from "node:fs";

import { load } from "./core.js";

const module = new WebAssembly.Module(readFileSync(new URL("./ordermill.wasm", import.meta.url)));

export const { validateBulkOrder, validateInstantOrder, validateOrder, validateOrders, rulesVersion, errorCatalogue } =
  load(module);
