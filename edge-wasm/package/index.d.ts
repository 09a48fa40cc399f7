import type { Code } from "./codes.js";

export type { Code } from "./codes.js";

/** What a body may be: its bytes, in any buffer or view, or its text. */
export type Body = ArrayBufferView | ArrayBufferLike | string;

/** One place in a body that breaks a rule. */
export interface Violation {
  /** The place as a JSON pointer (RFC 6901) from the root of the body, for example `/bulk/0/items/1/quantity`. */
  pointer: string;
  /** Which rule. */
  code: Code;
  /** The rule in words and the value, for people. */
  message: string;
  /** The bound of the rule: a number, a range such as `1..10000`, a JSON type or the name of a form. */
  limit?: string;
  /** The attempted value as JSON text, cut short. */
  value?: string;
}

/** What one order breaks. */
export interface OrderVerdict {
  /** Place of the order in the body. */
  index: number;
  /** Why the order is refused. */
  violations: Violation[];
  /** What is odd about it; never a reason to refuse it. */
  warnings: Violation[];
}

/** What a body breaks. */
export interface Verdict {
  /** Whether the body and every order in it may be accepted. */
  valid: boolean;
  /** Of the body as a whole. If there is one, the body is refused whole and `orders` is empty. */
  violations: Violation[];
  /** One for each order of the body, in its order. */
  orders: OrderVerdict[];
  /** Findings beyond those that are listed. */
  omitted: number;
}

/** One code with the HTTP status of an answer that carries it, and the rule as a sentence. */
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
/** The version of the rules, for example `0.1.0+5f3c9a1e`. Equal to the server's when both decide alike. */
export function rulesVersion(): string;
/** Every code that a verdict or an answer of the APIs may have. Frozen. */
export function errorCatalogue(): readonly CatalogueEntry[];
