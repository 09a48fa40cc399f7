import type { Code } from "./codes.js";

export type { Code } from "./codes.js";

/** The types of a body: its bytes, in any buffer or view, or its text. */
export type Body = ArrayBufferView | ArrayBufferLike | string;

/** A violation at one place in a body. */
export interface Violation {
  /** The place as a JSON pointer (RFC 6901) from the root of the body, for example `/bulk/0/items/1/quantity`. */
  pointer: string;
  /** The violated rule. */
  code: Code;
  /** The rule and the offending value, for people. */
  message: string;
  /** The bound of the rule: a number, a range such as `1..10000`, a JSON type or the name of a format. */
  limit?: string;
  /** The attempted value as JSON text, truncated. */
  value?: string;
}

/** The findings of one order. */
export interface OrderVerdict {
  /** Index of the order in the body. */
  index: number;
  /** The violations for which the order is rejected. */
  violations: Violation[];
  /** Warnings; they never cause a rejection. */
  warnings: Violation[];
}

/** The findings of a body. */
export interface Verdict {
  /** Whether the body and every order in it is valid. */
  valid: boolean;
  /** Violations of the body as a whole. If there is one, the whole body is rejected and `orders` is empty. */
  violations: Violation[];
  /** One entry per order of the body, in the same order. */
  orders: OrderVerdict[];
  /** Number of findings that are not listed. */
  omitted: number;
}

/** A code with the HTTP status of answers that carry it, and the rule as a sentence. */
export interface CatalogueEntry {
  readonly code: Code;
  readonly status: number;
  readonly title: string;
}

/** Checks a body of `POST /v2/orders`. Never throws. */
export function validateBulkOrder(body: Body): Verdict;
/** Checks a body of `POST /v2/orders/instant`. Never throws. */
export function validateInstantOrder(body: Body): Verdict;
/** Checks a body of `POST /order/v1/orders`. Never throws. */
export function validateOrder(body: Body): Verdict;
/** Checks a body of `POST /order/v1/orders/bulk`, which is `{"bulk":[…]}`. Never throws. */
export function validateOrders(body: Body): Verdict;
/** The version of the rules, for example `0.1.0+5f3c9a1e`. Equal to the server's if both decide alike. */
export function rulesVersion(): string;
/** Every code of a verdict or an API answer. Frozen. */
export function errorCatalogue(): readonly CatalogueEntry[];
