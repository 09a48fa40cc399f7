// Decides for an edge function: which requests to check, and the error that the API itself would send.
//
// Independent of the platform. When in doubt it passes a request, because the origin checks everything again.

/** Maximum bytes of a body, as in the APIs. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

/**
 * The routes that take orders. `flat` marks the error body of the bulk order API; the other is that of the order
 * network API.
 */
const ROUTES = [
  { path: "/v2/orders", validate: "validateBulkOrder", flat: true, needsKey: true },
  { path: "/v2/orders/instant", validate: "validateInstantOrder", flat: true, needsKey: true },
  { path: "/order/v1/orders", validate: "validateOrder", flat: false, needsKey: false },
  { path: "/order/v1/orders/bulk", validate: "validateOrders", flat: false, needsKey: false, perOrder: true },
];

/** A gate on this package's functions. */
export function createGate(edge, { answerBytesMax = Infinity } = {}) {
  const statuses = new Map(edge.errorCatalogue().map((entry) => [entry.code, entry.status]));
  const rules = edge.rulesVersion();

  function checks(request) {
    const route = routeOf(request);
    return route !== undefined && isPlainJson(request.headers) && hasCredentials(route, request.headers);
  }

  function decide(request) {
    if (!checks(request)) {
      return { pass: true, headers: {} };
    }
    // A request without a body has `null` there.
    const body = request.body ?? "";
    if (bytesOf(body) > BODY_BYTES_MAX) {
      return refuseLength(request);
    }
    const route = routeOf(request);
    const verdict = edge[route.validate](body);
    if (verdict.violations.some((violation) => violation.code === "INTERNAL")) {
      return { pass: true, headers: {} };
    }
    const refusal = refused(route, verdict, isStrict(request.headers));
    if (refusal === UNSURE) {
      return { pass: true, headers: {} };
    }
    const { violations, omitted } = refusal;
    if (violations.length === 0) {
      return { pass: true, headers: { "Ordermill-Rules": rules } };
    }
    const code = codeOf(violations, statuses);
    const message =
      code === "VALIDATION_FAILED" ? messageOf(violations.length, omitted) : withPlace(tooLarge(violations, statuses));
    return answer(request, { code, message, violations, omitted });
  }

  function refuseLength(request) {
    const message = `a body has at most ${BODY_BYTES_MAX} bytes`;
    return answer(request, { code: "PAYLOAD_TOO_LARGE", message, violations: [], omitted: 0 });
  }

  function answer(request, refusal) {
    return {
      pass: false,
      status: statuses.get(refusal.code),
      headers: {
        "Content-Type": "application/json",
        "Ordermill-Refused-By": "edge",
        "Ordermill-Rules": rules,
        ...forPages(request.headers),
      },
      body: bodyOf(refusal, routeOf(request), request.requestId ?? crypto.randomUUID(), answerBytesMax),
    };
  }

  return { bodyBytesMax: BODY_BYTES_MAX, checks, decide, refuseLength };
}

// ------------------------------------------------------------------------------------------------ which requests

function routeOf({ method, path }) {
  return method === "POST" ? ROUTES.find((route) => route.path === path) : undefined;
}

/** Whether the body is uncompressed JSON: anything else is left to the origin to read or to reject (415). */
function isPlainJson(headers) {
  const [essence] = text(headers, "content-type").split(";");
  const type = essence.trim().toLowerCase();
  const isJson = type === "application/json" || (type.startsWith("application/") && type.endsWith("+json"));
  return isJson && text(headers, "content-encoding") === "";
}

/** Whether there are credentials at all. Without any, the origin answers 401, which says more than 400. */
function hasCredentials(route, headers) {
  const hasToken = /^bearer +\S/i.test(text(headers, "authorization"));
  return hasToken && (!route.needsKey || text(headers, "x-api-key") !== "");
}

/** `Prefer: handling=strict` (RFC 7240) makes every warning an error. */
function isStrict(headers) {
  const preferences = text(headers, "prefer").split(/[,;]/);
  return preferences.some((preference) => preference.replaceAll('"', "").trim().toLowerCase() === "handling=strict");
}

/**
 * Lets a page of another origin read a rejection, as it can read the origin's: it contains nothing that the page did
 * not send.
 */
function forPages(headers) {
  return text(headers, "origin") === "" ? {} : { "Access-Control-Allow-Origin": "*" };
}

/** A header, or "" if the origin could not read it as text. */
function text(headers, name) {
  const value = headers.get(name) ?? "";
  return /^[\t\x20-\x7e]*$/.test(value) ? value : "";
}

// ------------------------------------------------------------------------------------------------ which answer

/** Maximum violations listed, and maximum warnings. */
const LISTED_MAX = 1000;
/** The origin rejects the body with a message that the verdict does not fully determine. */
const UNSURE = undefined;

/** The violations for which the whole body is rejected, as the origin lists and counts them. */
function refused(route, verdict, strict) {
  const { violations, orders, omitted } = verdict;
  // The origin answers a bulk order by order, so a bulk is not rejected for its orders.
  if (violations.length > 0 || route.perOrder) {
    return { violations, omitted };
  }
  const broken = orders.flatMap((order) => order.violations);
  if (route.flat) {
    return { violations: broken, omitted };
  }
  const warnings = orders.flatMap((order) => order.warnings);
  if (broken.length > 0 && warnings.length > 0) {
    // A strict client gets both in document order, which separate lists do not have; and if both were truncated, it is
    // unknown which kind the omitted ones are.
    return strict || (omitted > 0 && warnings.length >= LISTED_MAX) ? UNSURE : { violations: broken, omitted };
  }
  return strict || broken.length > 0 ? { violations: [...broken, ...warnings], omitted } : { violations: [], omitted };
}

/** The violation that says that the body is too large in some way, if there is one: it has no single place. */
function tooLarge(violations, statuses) {
  return violations.find(({ code }) => statuses.get(code) === 413);
}

function codeOf(violations, statuses) {
  return tooLarge(violations, statuses)?.code ?? "VALIDATION_FAILED";
}

/** If a body is too large, its other violations do not matter. */
function withPlace({ pointer, message }) {
  if (!message.startsWith("must ")) {
    return message; // The message already names what is limited.
  }
  return `${pointer === "" ? "the body" : `\`${pointer}\``} ${message}`;
}

function messageOf(listed, omitted) {
  if (omitted > 0) {
    return `the body breaks ${listed + omitted} rules, of which ${listed} are listed`;
  }
  return listed === 1 ? "the body breaks 1 rule" : `the body breaks ${listed} rules`;
}

/** The answer's body, with as many details as fit. */
function bodyOf(refusal, route, requestId, bytesMax) {
  const { code, message, violations, omitted } = refusal;
  const details = violations.map(route.flat ? flatDetail : networkError);
  const body = writeBody(code, message, details, route, requestId);
  const excess = utf8Bytes(body) - bytesMax;
  if (excess <= 0) {
    return body;
  }
  const kept = withoutLast(details, excess);
  const counted = messageOf(kept.length, omitted + details.length - kept.length);
  return writeBody(code, code === "VALIDATION_FAILED" ? counted : message, kept, route, requestId);
}

function writeBody(code, message, details, route, requestId) {
  return JSON.stringify(
    route.flat ? { requestId, error: code, message, details } : { requestId, code, message, errors: details },
  );
}

/** Maximum bytes by which a message grows when it says how many details are listed. */
const MESSAGE_GROWTH_BYTES = 64;

/** The details without as many of the last ones as exceed the limit. */
function withoutLast(details, excess) {
  let [bytes, count] = [-MESSAGE_GROWTH_BYTES, details.length];
  while (bytes < excess && count > 0) {
    count -= 1;
    bytes += utf8Bytes(JSON.stringify(details[count]));
  }
  return details.slice(0, count);
}

function flatDetail({ code, message, pointer, value }) {
  return { error: code, message, pointer, value: value === undefined ? undefined : attempted(value) };
}

function networkError({ code, message, pointer, value }) {
  return {
    errorCode: code,
    errorMessage: message,
    propertyName: propertyName(pointer),
    attemptedValue: value === undefined ? null : attempted(value),
    pointer,
  };
}

/**
 * The attempted value, from its JSON or the beginning of it: a string, a boolean or a plain number of up to 15 digits
 * as it is, and the text of any other number.
 */
function attempted(json) {
  const isPlain = /^-?(0|[1-9][0-9]*)(\.[0-9]{0,5}[1-9])?$/.test(json) && json.match(/[0-9]/g).length <= 15;
  if ((isPlain && json !== "-0") || /^(true|false|null)$/.test(json)) {
    return JSON.parse(json);
  }
  if (!json.startsWith('"')) {
    return json;
  }
  try {
    return JSON.parse(json);
  } catch {
    return json.slice(1);
  }
}

/** `/bulk/0/items/1/quantity` is about `Quantity`, `/bulk/0` about `Bulk`. */
function propertyName(pointer) {
  const parts = pointer.split("/").reverse();
  const [first = "", ...rest] = parts.find((part) => !/^[0-9]*$/.test(part)) ?? "";
  return first.toUpperCase() + rest.join("");
}

function bytesOf(body) {
  return typeof body === "string" ? utf8Bytes(body) : body.byteLength;
}

function utf8Bytes(value) {
  return new TextEncoder().encode(value).length;
}
