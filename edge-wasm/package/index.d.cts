// The same declarations for `require`.

import type * as edge from "./index.js" with { "resolution-mode": "import" };

export type {
  Body,
  CatalogueEntry,
  Code,
  OrderVerdict,
  Verdict,
  Violation,
} from "./index.js" with { "resolution-mode": "import" };

export declare const validateBulkOrder: typeof edge.validateBulkOrder;
export declare const validateInstantOrder: typeof edge.validateInstantOrder;
export declare const validateOrder: typeof edge.validateOrder;
export declare const validateOrders: typeof edge.validateOrders;
export declare const rulesVersion: typeof edge.rulesVersion;
export declare const errorCatalogue: typeof edge.errorCatalogue;
