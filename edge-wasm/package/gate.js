// What an edge function answers: which requests it checks, and the refusal that the API itself would send.
//
// It knows no platform. Whatever it is not sure of it passes, because the origin checks everything once more.

/** Bytes of a body at most, as the APIs have it. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

/** The routes that take orders. `flat` is the error body of the bulk order API, the other that of the order network API. */
const ROUTES = [
  { path: "/v2/orders", validate: "validateBulkOrder", flat: true, needsKey: true },
  { path: "/v2/orders/instant", validate: "validateInstantOrder", flat: true, needsKey: true },
  { path: "/order/v1/orders", validate: "validateOrder", flat: false, needsKey: false },
  { path: "/order/v1/orders/bulk", validate: "validateOrders", flat: false, needsKey: false, perOrder: true },
];

/** A gate on the functions of this package. */
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

/** JSON that is not compressed: anything else is for the origin to read or to refuse (415). */
function isPlainJson(headers) {
  const [essence] = text(headers, "content-type").split(";");
  const type = essence.trim().toLowerCase();
  const isJson = type === "application/json" || (type.startsWith("application/") && type.endsWith("+json"));
  return isJson && text(headers, "content-encoding") === "";
}

/** Whether there are credentials at all. Where there are none the origin answers 401, which says more than 400. */
function hasCredentials(route, headers) {
  const hasToken = /^bearer +\S/i.test(text(headers, "authorization"));
  return hasToken && (!route.needsKey || text(headers, "x-api-key") !== "");
}

/** `Prefer: handling=strict` (RFC 7240) makes every warning an error. */
function isStrict(headers) {
  const preferences = text(headers, "prefer").split(/[,;]/);
  return preferences.some((preference) => preference.replaceAll('"', "").trim().toLowerCase() === "handling=strict");
}

/** A page of another origin may read a refusal, as it may read the origin's: it tells nothing that the page has not sent. */
function forPages(headers) {
  return text(headers, "origin") === "" ? {} : { "Access-Control-Allow-Origin": "*" };
}

/** A header, or nothing where the origin could not read it as text. */
function text(headers, name) {
  const value = headers.get(name) ?? "";
  return /^[\t\x20-\x7e]*$/.test(value) ? value : "";
}

// ------------------------------------------------------------------------------------------------ which answer

/** Violations that are listed at most, and as many warnings. */
const LISTED_MAX = 1000;
/** The origin refuses the body, in words that the verdict does not say all of. */
const UNSURE = undefined;

/** For which violations the body is refused whole, as the origin lists and counts them. */
function refused(route, verdict, strict) {
  const { violations, orders, omitted } = verdict;
  // The origin answers a bulk order by order, so a bulk is not refused for the orders in it.
  if (violations.length > 0 || route.perOrder) {
    return { violations, omitted };
  }
  const broken = orders.flatMap((order) => order.violations);
  if (route.flat) {
    return { violations: broken, omitted };
  }
  const warnings = orders.flatMap((order) => order.warnings);
  if (broken.length > 0 && warnings.length > 0) {
    // To a strict client the two are told as they stand in the body, which lists apart do not say; and where both may go on
    // it is not known of which are those that are omitted.
    return strict || (omitted > 0 && warnings.length >= LISTED_MAX) ? UNSURE : { violations: broken, omitted };
  }
  return strict || broken.length > 0 ? { violations: [...broken, ...warnings], omitted } : { violations: [], omitted };
}

/** What says that the body is too large in any way, if it is: that is not a mistake in one place. */
function tooLarge(violations, statuses) {
  return violations.find(({ code }) => statuses.get(code) === 413);
}

function codeOf(violations, statuses) {
  return tooLarge(violations, statuses)?.code ?? "VALIDATION_FAILED";
}

/** What else a body breaks that is too large does not matter. */
function withPlace({ pointer, message }) {
  if (!message.startsWith("must ")) {
    return message; // It says itself what has a limit.
  }
  return `${pointer === "" ? "the body" : `\`${pointer}\``} ${message}`;
}

function messageOf(listed, omitted) {
  if (omitted > 0) {
    return `the body breaks ${listed + omitted} rules, of which ${listed} are listed`;
  }
  return listed === 1 ? "the body breaks 1 rule" : `the body breaks ${listed} rules`;
}

/** The answer's body, with the first of the details where there is no room for all. */
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

/** Longer by this at most is a message that says how many details are listed. */
const MESSAGE_GROWTH_BYTES = 64;

/** Details without as many of the last as have the excess of bytes. */
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
 * What was sent, from its JSON or the beginning of that: a string, a boolean or a plain number of up to 15 digits as it is,
 * of any other number its text.
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
