// A client whose paths, bodies, answers and errors are those of the OpenAPI document.

import createFetchClient, { type Client as FetchClient, type ClientOptions } from "openapi-fetch";

import type { components, paths } from "./schema.js";

export type { components, operations, paths, webhooks } from "./schema.js";

/** A schema of the document by its name, as in `Schema<"OrderNetworkError">`. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

export type Client = FetchClient<paths>;

export interface Settings {
  /** Base URL of the API. */
  readonly url: string;
  /** Bearer token of a merchant, of one of its vendors, or of an account of the bulk order API. */
  readonly token: string;
  /** Key of the same account; the bulk order API asks for both. */
  readonly apiKey?: string;
  /** Sends the requests in place of the global `fetch`. */
  readonly fetch?: NonNullable<ClientOptions["fetch"]>;
}

/** A client with credentials. Each call resolves to `data` or `error`, typed by the operation, and the `response`. */
export function createClient({ url, token, apiKey, fetch }: Settings): Client {
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (apiKey !== undefined) headers["x-api-key"] = apiKey;
  return createFetchClient<paths>({ baseUrl: url, headers, ...(fetch && { fetch }) });
}

/** A refused request, for those who would rather catch than test. */
export class ApiError<Body> extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly body: Body,
  ) {
    super(`the API answered ${status}: ${JSON.stringify(body)}`);
  }
}

/** The data of a successful call; a refusal is thrown as an `ApiError`. */
export async function unwrap<Data, Body>(
  call: Promise<{ data?: Data; error?: Body; response: Response }>,
): Promise<Exclude<Data, undefined>> {
  const { data, error, response } = await call;
  if (!response.ok) throw new ApiError(response.status, error);
  return data as Exclude<Data, undefined>;
}
