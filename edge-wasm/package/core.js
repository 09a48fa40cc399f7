// The validation around one WebAssembly module: bodies go in as bytes, verdicts come out as plain objects.
//
// Loaders beside this file find the module where they run. A CommonJS twin is made of this file and of catalogue.js by
// replacing words, so imports and exports keep to one line and to names.

import { catalogue } from "./catalogue.js";

/** Which body; places in `Body::ALL` of the rules. */
const BULK_ORDER = 0;
const INSTANT_ORDER = 1;
const ORDER = 2;
const ORDERS = 3;

/** Words of a record: its head, each finding and each rule. */
const HEAD_WORDS = 4;
const FINDING_WORDS = 4;
const RULE_WORDS = 3;
const WORD_BYTES = 4;
/** The order of a finding on the body as a whole, and the length of a text that is not there: the largest word, read with a sign. */
const NONE = -1;
/** The largest word. */
const WORD_MAX = 0xffffffff;
/** Set in the first word of the rule of a warning, and of one whose messages end with the value; the code stands below. */
const WARNING = 0x10000;
const SHOWS_VALUE = 0x20000;
const CODE_MASK = 0xffff;

const encoder = new TextEncoder();
// A byte order mark is text like any other, also where it comes first.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

const entries = Object.freeze(catalogue.map((entry) => Object.freeze({ ...entry })));

/** The functions of the package, on a compiled module. */
export function load(module) {
  const engine = createEngine(module);
  const version = engine.rulesVersion();
  return {
    validateBulkOrder: (body) => validate(engine, BULK_ORDER, body),
    validateInstantOrder: (body) => validate(engine, INSTANT_ORDER, body),
    validateOrder: (body) => validate(engine, ORDER, body),
    validateOrders: (body) => validate(engine, ORDERS, body),
    rulesVersion: () => version,
    errorCatalogue: () => entries,
  };
}

/** The verdict on a body of any type; a trap costs the instance, and the body is tried once more on a new one. */
function validate(engine, kind, body) {
  const bytes = bytesOf(body, engine.bodyBytesMax);
  if (bytes === undefined) {
    return refusal("WRONG_TYPE", `the body must be bytes or a string, not ${nameOf(body)}`);
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      return engine.verdict(kind, bytes);
    } catch (error) {
      engine.restart();
      if (attempt === 2) {
        return refusal("INTERNAL", `the validator failed on this body: ${error.message}`);
      }
    }
  }
}

function refusal(code, message) {
  return { valid: false, violations: [{ pointer: "", code, message }], orders: [], omitted: 0 };
}

// ------------------------------------------------------------------------------------------------ bodies

const bufferBytes = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength").get;
// Browsers have shared buffers only on pages that are isolated from other origins.
const sharedBytes =
  typeof SharedArrayBuffer === "undefined"
    ? bufferBytes
    : Object.getOwnPropertyDescriptor(SharedArrayBuffer.prototype, "byteLength").get;

/** The bytes of a body without a copy, or nothing where it has none. Buffers of other realms are buffers too. */
function bytesOf(body, bytesMax) {
  if (typeof body === "string") {
    // Of a string that is too long only the length matters, and not every one can be encoded.
    return body.length > bytesMax ? { length: utf8Bytes(body) } : encoder.encode(body);
  }
  try {
    if (ArrayBuffer.isView(body)) {
      return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    }
    return new Uint8Array(body, 0, lengthOf(body));
  } catch {
    return undefined;
  }
}

/** Throws where there is no buffer. */
function lengthOf(body) {
  try {
    return bufferBytes.call(body);
  } catch {
    return sharedBytes.call(body);
  }
}

/** Bytes of a string in UTF-8, with three for a lone surrogate, as an encoder writes U+FFFD for it. */
function utf8Bytes(text) {
  let bytes = 0;
  for (let at = 0; at < text.length; at += 1) {
    const point = text.codePointAt(at);
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    at += point < 0x10000 ? 0 : 1;
  }
  return bytes;
}

function nameOf(body) {
  if (body === null || body === undefined) {
    return String(body);
  }
  if (typeof body !== "object") {
    return `a ${typeof body}`;
  }
  return ArrayBuffer.isView(body) || isBuffer(body) ? "a detached buffer" : "an object";
}

function isBuffer(body) {
  try {
    return lengthOf(body) >= 0;
  } catch {
    return false;
  }
}

// ------------------------------------------------------------------------------------------------ the module

/** One instance of the module at a time; what it returns is read and freed here. */
function createEngine(module) {
  let instance = new WebAssembly.Instance(module);
  const bodyBytesMax = instance.exports.bodyBytesMax();

  /** Runs an export that returns a block of bytes, and reads the block before it is freed. */
  function block(call, read) {
    const { memory, __wbindgen_free: free } = instance.exports;
    const [address, length] = call(instance.exports);
    const result = read(new Uint8Array(memory.buffer, address >>> 0, length >>> 0));
    free(address, length, 1);
    return result;
  }

  function verdict(kind, bytes) {
    instance ??= new WebAssembly.Instance(module);
    // Memory that a module has once taken it keeps: a body that is too long is refused without a copy of it.
    if (bytes.length > bodyBytesMax) {
      return block((exports) => exports.refuseLength(Math.min(bytes.length, WORD_MAX)), readVerdict);
    }
    return block((exports) => exports.validate(kind, copyIn(exports, bytes), bytes.length), readVerdict);
  }

  return {
    bodyBytesMax,
    verdict,
    rulesVersion: () => block((exports) => exports.rulesVersion(), (bytes) => decoder.decode(bytes)),
    restart: () => {
      instance = undefined;
    },
  };
}

/** The address of a copy; the callee frees it. */
function copyIn(exports, bytes) {
  const address = exports.__wbindgen_malloc(bytes.length, 1) >>> 0;
  new Uint8Array(exports.memory.buffer, address, bytes.length).set(bytes);
  return address;
}

// ------------------------------------------------------------------------------------------------ records

/** A verdict from its record; the form stands in src/record.rs. */
function readVerdict(bytes) {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [orderCount, omitted, findingCount] = [0, WORD_BYTES, 2 * WORD_BYTES].map((at) => word(words, at));
  const verdict = { valid: true, violations: [], orders: [], omitted };
  for (let index = 0; index < orderCount; index += 1) {
    verdict.orders.push({ index, violations: [], warnings: [] });
  }
  if (findingCount > 0) {
    readFindings(verdict, words, findingCount, bytes);
  }
  return verdict;
}

function readFindings(verdict, words, findingCount, bytes) {
  const firstText = (HEAD_WORDS + findingCount * FINDING_WORDS) * WORD_BYTES;
  const firstRule = bytes.length - word(words, 3 * WORD_BYTES) * RULE_WORDS * WORD_BYTES;
  const take = texts(bytes.subarray(firstText, firstRule));
  const rules = [];
  for (let at = HEAD_WORDS * WORD_BYTES; at < firstText; at += FINDING_WORDS * WORD_BYTES) {
    const order = word(words, at);
    const place = word(words, at + WORD_BYTES);
    if (place === rules.length) {
      rules.push(readRule(words, firstRule + place * RULE_WORDS * WORD_BYTES, take));
    }
    const rule = rules[place];
    const pointer = take(word(words, at + 2 * WORD_BYTES));
    const length = word(words, at + 3 * WORD_BYTES);
    const violation = makeViolation(rule, pointer, length === NONE ? undefined : take(length));
    const subject = order === NONE ? verdict : verdict.orders[order];
    if (rule.isWarning) {
      subject.warnings.push(violation);
    } else {
      subject.violations.push(violation);
      verdict.valid = false;
    }
  }
}

/** A function that gives the next text of so many bytes. */
function texts(bytes) {
  const whole = decoder.decode(bytes);
  let end = 0;
  if (whole.length === bytes.length) {
    // All of it is ASCII: bytes are characters, and cutting one string is faster than decoding many.
    return (length) => whole.slice(end, (end += length));
  }
  return (length) => decoder.decode(bytes.subarray(end, (end += length)));
}

/** A rule, whose words begin at byte `at`; `take` gives the next of the texts. */
function readRule(words, at, take) {
  const kind = word(words, at);
  const message = take(word(words, at + WORD_BYTES));
  const limit = word(words, at + 2 * WORD_BYTES);
  return {
    code: entries[kind & CODE_MASK].code,
    isWarning: (kind & WARNING) !== 0,
    message,
    beforeValue: (kind & SHOWS_VALUE) === 0 ? undefined : `${message}, not \``,
    limit: limit === NONE ? undefined : take(limit),
  };
}

/** One violation. Each form is written at once: members that are added cost more. */
function makeViolation({ code, message, beforeValue, limit }, pointer, value) {
  if (value === undefined) {
    return limit === undefined ? { pointer, code, message } : { pointer, code, message, limit };
  }
  const whole = beforeValue === undefined ? message : `${beforeValue}${value}\``;
  return limit === undefined
    ? { pointer, code, message: whole, value }
    : { pointer, code, message: whole, limit, value };
}

/** The word at a byte, with a sign: then every one is a small integer, which costs nothing to hand on. */
function word(words, at) {
  return words.getInt32(at, true);
}
