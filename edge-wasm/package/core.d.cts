// The same declarations for `require`.

import type * as core from "./core.js" with { "resolution-mode": "import" };

export type { Edge } from "./core.js" with { "resolution-mode": "import" };

export declare const load: typeof core.load;
