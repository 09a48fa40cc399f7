// The same declarations for `require`.

import type * as gate from "./gate.js" with { "resolution-mode": "import" };

export type {
  Gate,
  GateOptions,
  Pass,
  ReadableHeaders,
  Refusal,
  RequestHead,
} from "./gate.js" with { "resolution-mode": "import" };

export declare const createGate: typeof gate.createGate;
