import type * as edge from "./index.js";

/** The functions of the package. */
export type Edge = Pick<
  typeof edge,
  "validateBulkOrder" | "validateInstantOrder" | "validateOrder" | "validateOrders" | "rulesVersion" | "errorCatalogue"
>;

/** The package's functions on `ordermill.wasm`, which the caller has compiled (a `WebAssembly.Module`). */
export function load(module: object): Edge;
