import type { Edge } from "./core.js";
import type { Body } from "./index.js";

/** Anything that looks up headers by their lower-case names: `Headers`, or a `Map`. */
export interface ReadableHeaders {
  get(name: string): string | null | undefined;
}

/** A request before its body is read. */
export interface RequestHead {
  method: string;
  /** The path without host and query. */
  path: string;
  headers: ReadableHeaders;
  /** The request id for a rejection; random if absent. */
  requestId?: string | undefined;
}

/** Send the request on. */
export interface Pass {
  pass: true;
  /** Headers to add to the request: `Ordermill-Rules` if its body was checked. */
  headers: Record<string, string>;
}

/** Send this answer, in the error format of the called API. */
export interface Refusal {
  pass: false;
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface Gate {
  /** Maximum bytes of a body. */
  readonly bodyBytesMax: number;
  /** Whether `decide` looks at the body of this request; if not, the body need not be read. */
  checks(request: RequestHead): boolean;
  /** A body longer than `bodyBytesMax` may be truncated anywhere beyond it: it is rejected for its length. */
  decide(request: RequestHead & { body?: Body | undefined }): Pass | Refusal;
  /** The rejection of a body that is longer than `bodyBytesMax`, if `checks` is true. */
  refuseLength(request: RequestHead): Refusal;
}

export interface GateOptions {
  /** Maximum bytes of a rejection's body: details that do not fit are left out from the end and counted. */
  answerBytesMax?: number;
}

/** A gate on this package's functions: `createGate(edge)` after `import * as edge from "@ordermill/edge"`. */
export function createGate(edge: Edge, options?: GateOptions): Gate;
