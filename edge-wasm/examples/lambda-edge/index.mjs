// A Lambda@Edge function for origin requests with "include body": rejects a bad order at the edge and sends everything
// else to the origin.

import { Buffer } from "node:buffer";
import { STATUS_CODES } from "node:http";

import * as edge from "@ordermill/edge";
import { createGate } from "@ordermill/edge/gate";

/** CloudFront accepts 1 MB of a generated response, headers included, and answers 502 for a longer one. */
const RESPONSE_BYTES_MAX = 1_000_000;
const HEADERS_BYTES_MAX = 1_000;

const gate = createGate(edge, { answerBytesMax: RESPONSE_BYTES_MAX - HEADERS_BYTES_MAX });

export async function handler(event) {
  const { config, request } = event.Records[0].cf;
  // Only this function may set the header.
  delete request.headers["ordermill-rules"];
  const body = bodyOf(request.body);
  if (body === undefined) {
    return request;
  }
  const decision = gate.decide({
    method: request.method,
    path: request.uri,
    headers: { get: (name) => request.headers[name]?.map((header) => header.value).join(", ") },
    requestId: config.requestId,
    body,
  });
  if (!decision.pass) {
    return response(decision);
  }
  Object.assign(request.headers, headersOf(decision.headers));
  // The body's action is still "read-only", so CloudFront forwards the client's body.
  return request;
}

/** The whole body, or undefined if it is truncated: a part of a body says nothing about the rest. */
function bodyOf(body) {
  if (body === undefined || body.inputTruncated) {
    return undefined;
  }
  return Buffer.from(body.data ?? "", body.encoding === "text" ? "utf8" : "base64");
}

function response({ status, headers, body }) {
  return {
    status: String(status),
    statusDescription: STATUS_CODES[status],
    headers: headersOf(headers),
    body,
    bodyEncoding: "text",
  };
}

/** Headers in CloudFront's format: lists by lower-case names. */
function headersOf(headers) {
  return Object.fromEntries(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), [{ key, value }]]));
}
