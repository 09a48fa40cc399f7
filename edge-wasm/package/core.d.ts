import type * as edge from "./index.js";

/** The functions of the package. */
export type Edge = Pick<
  typeof edge,
  "validateBulkOrder" | "validateInstantOrder" | "validateOrder" | "validateOrders" | "rulesVersion" | "errorCatalogue"
>;

/** The functions of the package, on `ordermill.wasm` compiled (a `WebAssembly.Module`) by whoever calls this. */
export function load(module: object): Edge;
