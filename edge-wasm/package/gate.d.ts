import type { Edge } from "./core.js";
import type { Body } from "./index.js";

/** Anything that knows headers by their lower-case names: `Headers`, or a `Map`. */
export interface ReadableHeaders {
  get(name: string): string | null | undefined;
}

/** What is known of a request before its body is read. */
export interface RequestHead {
  method: string;
  /** The path alone, without host and query. */
  path: string;
  headers: ReadableHeaders;
  /** The id that a refusal carries; a random one where there is none. */
  requestId?: string | undefined;
}

/** Send the request on. */
export interface Pass {
  pass: true;
  /** To be added to the request: `Ordermill-Rules` when its body was checked. */
  headers: Record<string, string>;
}

/** Answer this, in the error shape of the API that was called. */
export interface Refusal {
  pass: false;
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface Gate {
  /** Bytes that a body has at most. */
  readonly bodyBytesMax: number;
  /** Whether `decide` looks at the body of this request; if not, the request need not be read. */
  checks(request: RequestHead): boolean;
  /** A body longer than `bodyBytesMax` may be cut off anywhere beyond it: it is refused for its length. */
  decide(request: RequestHead & { body?: Body | undefined }): Pass | Refusal;
  /** The refusal of a body that is longer than `bodyBytesMax`, where `checks` is true. */
  refuseLength(request: RequestHead): Refusal;
}

export interface GateOptions {
  /** Bytes of a refusal's body at most: of more details than fit, the last are left out and counted. */
  answerBytesMax?: number;
}

/** A gate on the functions of this package: `createGate(edge)` after `import * as edge from "@ordermill/edge"`. */
export function createGate(edge: Edge, options?: GateOptions): Gate;
